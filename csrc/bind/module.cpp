// The module: makes the type, exposes every operation where its OpInfo says, and adds the cold functions.
#include "bind/module.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>

#include "bind/caster.h"
#include "bind/cold.h"
#include "bind/dtype.h"
#include "bind/interop.h"
#include "bind/places.h"
#include "bind/size.h"
#include "bind/slots.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"

namespace tg::bind {
namespace {

// (name, annotation, default or None, keyword_only, variadic) of each; empty where Python cannot call the operation.
py::list params_of(const Entry& e) {
  py::list params;
  if (!e.signature) return params;
  for (const Param& p : e.signature->params) {
    params.append(py::make_tuple(p.name, p.annotation,
                                 p.default_text.empty() ? py::object(py::none()) : py::object(py::str(p.default_text)),
                                 p.keyword_only, p.variadic));
  }
  return params;
}

// (namespace, name, in place) of each.
py::list places_of(const Entry& e) {
  py::list found;
  if (!e.signature) return found;
  for (const Place& p : places(*e.info))
    if (p.face != Face::method || e.method) found.append(py::make_tuple(namespace_of(p.face), p.name, p.inplace));
  return found;
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
  static constexpr OpInfo info{
      .name = "memory_stats",
      .signature = "() -> dict",
      .doc =
          "What the allocator of tensors has, in bytes: in_use by tensors, cached for reuse, the peak of in_use and the limit "
          "(None: none). How often memory was asked for: allocations, of which from_system were not served from the cache."};
  static PyObject* forward() {
    const MemoryStats s = memory_stats();
    py::dict d;
    d["in_use"] = s.in_use;
    d["cached"] = s.cached;
    d["peak"] = s.peak;
    d["limit"] = s.limit < 0 ? py::object(py::none()) : py::int_(s.limit);
    d["allocations"] = s.allocations;
    d["from_system"] = s.from_system;
    return d.release().ptr();
  }
};

struct ResetPeak {
  static constexpr OpInfo info{.name = "reset_peak_memory_stats",
                               .signature = "() -> None",
                               .doc = "Starts the peak of memory_stats() again from what is in use."};
  static PyObject* forward() {
    reset_peak_memory_stats();
    return Py_NewRef(Py_None);
  }
};

struct EmptyCache {
  static constexpr OpInfo info{.name = "empty_cache",
                               .signature = "() -> int",
                               .doc = "Returns to the system what no tensor uses; gives the number of bytes returned."};
  static PyObject* forward() {
    const int64_t objects = drop_free_objects();
    return PyLong_FromLongLong(objects + empty_cache());
  }
};

struct SetMemoryLimit {
  static constexpr OpInfo info{
      .name = "set_memory_limit",
      .signature = "(bytes: Optional[int]) -> None",
      .doc =
          "Limits what tensors use and what is cached, together; None lifts the limit. An operation that needs more gives "
          "back what is cached, and if that is not enough raises MemoryError and changes nothing. "
          "TINYGRAD_EXT_MEMORY_LIMIT in the environment sets it at import. NumPy's arrays do not count."};
  static PyObject* forward(std::optional<int64_t> bytes) {
    if (bytes && *bytes < 0) fail<ValueError>("set_memory_limit(): the limit must be at least 0 bytes or None, got ", *bytes);
    set_memory_limit(bytes.value_or(-1));
    return Py_NewRef(Py_None);
  }
};

// In chunks, so that a thread that starts late takes fewer of them.
struct PeakFlops {
  static constexpr OpInfo info{.name = "_peak_flops",
                               .signature = "(double: bool = False, rounds: int = 200000) -> float",
                               .doc =
                                   "Floating-point operations per second in chains of multiply-adds on all threads: what no "
                                   "matrix product exceeds."};
  static PyObject* forward(bool type, int64_t rounds) {
    const auto& probe = kernels::table().probe;
    const int64_t chunks = 16 * num_threads(), each = std::max<int64_t>(1, rounds / 16);
    std::atomic<double> result = 0;
    const auto run = [&](int64_t) { result.store(probe.multiply_adds[type](each, 1e-3), std::memory_order_relaxed); };
    parallel_for(chunks, run);  // wakes the workers
    const auto start = std::chrono::steady_clock::now();
    parallel_for(chunks, run);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    return PyFloat_FromDouble(2.0 * double(chunks * each * probe.per_round[type]) / spent.count());
  }
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
    memory::init_from_environment();
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
  py::class_<Entry>(m, "OpInfo", "What an operation says of itself.")
      .def_property_readonly("name", [](const Entry& e) { return e.info->name; })
      .def_property_readonly("signature", [](const Entry& e) { return e.info->signature; })
      .def_property_readonly("doc", [](const Entry& e) { return e.info->doc; })
      .def_property_readonly("formula", [](const Entry& e) { return e.info->formula; })
      .def_property_readonly("gradient", [](const Entry& e) { return e.info->gradient; })
      .def_property_readonly("shapes", [](const Entry& e) { return e.info->shapes; })
      .def_property_readonly("example", [](const Entry& e) { return e.info->example; })
      .def_property_readonly("family", [](const Entry& e) { return e.family; })
      .def_property_readonly("places", &places_of)
      .def_property_readonly("inplace", [](const Entry& e) { return e.info->inplace; })
      .def_property_readonly("differentiable", [](const Entry& e) { return e.differentiable; })
      .def_property_readonly("returns", [](const Entry& e) { return e.signature ? e.signature->returns : "Tensor"; })
      .def_property_readonly("params", &params_of)
      .def("__repr__", [](const Entry& e) { return std::string("<op ") + e.info->name + e.info->signature + ">"; });
  py::tuple ops(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& e = entries[i];
    if (e.function) def_function(m, *e.info, e.info->name, e.function);
    if (e.inplace_function) def_function(m, *e.info, std::string(e.info->name) + "_", e.inplace_function);
    ops[i] = py::cast(&e, py::return_value_policy::reference);  // entries live as long as the process
  }
  m.attr("OPS") = ops;

  init_layout(m);
  init_attributes(m);
  init_create(m);
  init_random(m);
  init_autograd(m);
  init_function(m);
  init_forward(m);
  init_optim(m);
  init_profile(m);
  init_dlpack(m);
  init_lapack(m);
  init_micrograd(m);

  m.def("isa", [] { return kernels::table().isa; }, "The instruction-set level in use.");
  m.def("levels", &kernels::supported_levels, "The instruction-set levels this machine has.");
  def_function<GetNumThreads>(m);
  def_function<SetNumThreads>(m);
  def_function<Stats>(m);
  def_function<ResetPeak>(m);
  def_function<EmptyCache>(m);
  def_function<PeakFlops>(m);
  def_function<SetMemoryLimit>(m);
  m.attr("__version__") = TG_VERSION;
  m.attr("build") = std::string(TG_BUILD_TYPE) + ", " + TG_COMPILER;
}

}  // namespace tg::bind
