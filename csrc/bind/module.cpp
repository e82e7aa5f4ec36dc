// The module: makes the type, exposes every operation where its OpInfo says, and adds the cold functions.
#include "bind/module.h"

#include <pybind11/stl.h>

#include <cstdlib>
#include <map>

#include "bind/caster.h"
#include "bind/cold.h"
#include "bind/dtype.h"
#include "bind/interop.h"
#include "bind/places.h"
#include "bind/size.h"
#include "bind/slots.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"

namespace tg::bind {
namespace {

// What _core.OPS shows of an operation.
struct OpDescription {
  const OpInfo* info;
  const char* family;
  bool differentiable;
  std::string returns;
  py::list params;  // (name, annotation, default or None, keyword_only, variadic); empty where Python cannot call it
  py::list places;  // (namespace, name, in place)
};

OpDescription describe(const Entry& e) {
  OpDescription d{e.info, e.family, e.differentiable, e.signature ? e.signature->returns : "Tensor", py::list(), py::list()};
  if (!e.signature) return d;
  for (const Param& p : e.signature->params) {
    d.params.append(py::make_tuple(p.name, p.annotation,
                                   p.default_text.empty() ? py::object(py::none()) : py::object(py::str(p.default_text)),
                                   p.keyword_only, p.variadic));
  }
  for (const Place& p : places(*e.info)) {
    if (p.face != Face::method || e.method) d.places.append(py::make_tuple(namespace_of(p.face), p.name, p.inplace));
  }
  return d;
}

void add_function(py::module_& m, const OpInfo& info, const std::string& name, PyCFunction function) {
  const auto keep = [](const std::string& text) { return (new std::string(text))->c_str(); };  // as long as the module
  auto* def =
      new PyMethodDef{keep(name), function, METH_FASTCALL | METH_KEYWORDS, keep(name + info.signature + "\n\n" + info.doc)};
  PyObject* f = PyCFunction_NewEx(def, nullptr, py::str("tinygrad_ext").release().ptr());
  if (!f) throw py::error_already_set();
  m.attr(def->ml_name) = py::reinterpret_steal<py::object>(f);
}

struct GetNumThreads {
  static constexpr OpInfo info{.name = "get_num_threads", .signature = "() -> int", .doc = "How many threads kernels may use."};
  static PyObject* forward() { return PyLong_FromLong(num_threads()); }
};

struct SetNumThreads {
  static constexpr OpInfo info{
      .name = "set_num_threads", .signature = "(n: int) -> None", .doc = "Lets kernels use n threads, n >= 1."};
  static PyObject* forward(int64_t n) {
    set_num_threads(int(std::clamp<int64_t>(n, 0, 1 << 20)));
    return Py_NewRef(Py_None);
  }
};

struct Stats {
  static constexpr OpInfo info{.name = "memory_stats",
                               .signature = "() -> dict",
                               .doc = "Bytes in_use by tensors, cached for reuse, and the peak of in_use."};
  static PyObject* forward() {
    const MemoryStats s = memory_stats();
    py::dict d;
    d["in_use"] = s.in_use;
    d["cached"] = s.cached;
    d["peak"] = s.peak;
    return d.release().ptr();
  }
};

struct ResetPeak {
  static constexpr OpInfo info{.name = "reset_peak_memory",
                               .signature = "() -> None",
                               .doc = "Starts the peak of memory_stats() again from what is in use."};
  static PyObject* forward() {
    reset_peak_memory();
    return Py_NewRef(Py_None);
  }
};

struct EmptyCache {
  static constexpr OpInfo info{.name = "empty_cache",
                               .signature = "() -> int",
                               .doc = "Returns cached blocks to the system; gives the number of bytes returned."};
  static PyObject* forward() { return PyLong_FromSize_t(empty_cache()); }
};

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The C++ core of tinygrad_ext.";
  py::register_exception_translator([](std::exception_ptr p) {
    if (!p) return;
    try {
      std::rethrow_exception(p);
    } catch (const PythonError&) {
    } catch (const TypeError&) {
      set_python_error();
    } catch (const ValueError&) {
      set_python_error();
    } catch (const IndexError&) {
      set_python_error();
    } catch (const MemoryError&) {
      set_python_error();
    }
  });

  const char* level = std::getenv("TINYGRAD_EXT_ISA");
  try {
    kernels::choose_level(level && *level ? level : nullptr);
    parallel::init_from_environment();
  } catch (const std::exception& e) {
    throw py::import_error(e.what());
  }
  ops::install_view_refresh();
  init_dtypes(m);
  init_size(m);
  init_results();

  static std::vector<Entry> entries;
  for (auto add_family : {add_arithmetic, add_math, add_activation, add_nn, add_conv, add_views, add_join, add_index, add_reduce,
                          add_linalg, add_create})
    add_family(entries);
  make_tensor_type(entries);
  m.attr("Tensor") = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(g_tensor_type));
  py::class_<OpDescription>(m, "OpInfo", "What an operation says of itself.")
      .def_property_readonly("name", [](const OpDescription& d) { return d.info->name; })
      .def_property_readonly("signature", [](const OpDescription& d) { return d.info->signature; })
      .def_property_readonly("doc", [](const OpDescription& d) { return d.info->doc; })
      .def_property_readonly("formula", [](const OpDescription& d) { return d.info->formula; })
      .def_property_readonly("gradient", [](const OpDescription& d) { return d.info->gradient; })
      .def_property_readonly("shapes", [](const OpDescription& d) { return d.info->shapes; })
      .def_property_readonly("example", [](const OpDescription& d) { return d.info->example; })
      .def_readonly("family", &OpDescription::family)
      .def_readonly("places", &OpDescription::places)
      .def_property_readonly("inplace", [](const OpDescription& d) { return d.info->inplace; })
      .def_property_readonly("differentiable", [](const OpDescription& d) { return d.differentiable; })
      .def_readonly("returns", &OpDescription::returns)
      .def_readonly("params", &OpDescription::params)
      .def("__repr__", [](const OpDescription& d) { return std::string("<op ") + d.info->name + d.info->signature + ">"; });
  py::list ops;
  for (const Entry& e : entries) {
    if (e.function) add_function(m, *e.info, e.info->name, e.function);
    if (e.inplace_function) add_function(m, *e.info, std::string(e.info->name) + "_", e.inplace_function);
    ops.append(describe(e));
  }
  m.attr("OPS") = py::tuple(ops);

  init_layout(m);
  init_create(m);
  init_random(m);
  init_autograd(m);
  init_function(m);
  init_forward(m);
  init_optim(m);
  init_dlpack(m);
  init_lapack(m);

  m.def("isa", [] { return kernels::table().isa; }, "The instruction-set level in use.");
  m.def("levels", &kernels::supported_levels, "The instruction-set levels this machine has.");
  def_function<GetNumThreads>(m);
  def_function<SetNumThreads>(m);
  def_function<Stats>(m);
  def_function<ResetPeak>(m);
  def_function<EmptyCache>(m);
  m.attr("__version__") = TG_VERSION;
  m.attr("build") = std::string(TG_BUILD_TYPE) + ", " + TG_COMPILER;
}

}  // namespace tg::bind
