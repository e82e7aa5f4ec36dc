// The profiler's Python face: on and off, labels, and what modules are called.
#include "bind/profile.h"

#include <pybind11/stl.h>

#include <memory>
#include <unordered_map>

#include "bind/module.h"
#include "core/errors.h"
#include "tape/profile.h"

namespace py = pybind11;

namespace tg::bind {
namespace {

namespace profile = tape::profile;

// The modules that ran, or stand below one that did. Their numbers go on from one profile to the next: nodes keep them.
class Modules {
 public:
  ~Modules() {
    for (auto& [module, number] : numbers_) Py_DECREF(module);
  }

  uint32_t number(PyObject* module) {
    if (const auto found = numbers_.find(module); found != numbers_.end()) return found->second;
    std::string name = kind_of(module);
    if (const int count = ++roots_[name]; count > 1) name += "#" + std::to_string(count);
    add(module, name, known(tape::t_mode.module));
    return numbers_.at(module);
  }
  // As an index, from 1; 0 outside of modules and for those of earlier profiles.
  uint32_t known(uint32_t number) const { return number >= first_ && number < next_ ? number - first_ + 1 : 0; }
  py::list list() const {
    py::list out;
    for (const Named& m : named_) out.append(py::make_tuple(m.path, m.kind, m.parent));
    return out;
  }

 private:
  struct Named {
    std::string path, kind;
    uint32_t parent;
  };

  static std::string kind_of(PyObject* o) {
    const std::string full = Py_TYPE(o)->tp_name;
    return full.substr(full.rfind('.') + 1);
  }
  void add(PyObject* module, const std::string& path, uint32_t parent) {
    if (!numbers_.try_emplace(module, next_).second) return;
    Py_INCREF(module);
    ++next_;
    named_.push_back({path, kind_of(module), parent});
    const auto own = uint32_t(named_.size());
    const py::object children = py::getattr(module, "_modules", py::none());
    if (!py::isinstance<py::dict>(children)) return;
    for (const auto& [name, child] : py::reinterpret_borrow<py::dict>(children))
      if (!child.is_none()) add(child.ptr(), path + "." + py::str(name).cast<std::string>(), own);
  }

  inline static uint32_t next_ = 1;
  const uint32_t first_ = next_;
  std::unordered_map<PyObject*, uint32_t> numbers_;  // the modules are owned
  std::unordered_map<std::string, int> roots_;       // how many of each class
  std::vector<Named> named_;
};

std::shared_ptr<Modules> g_modules;

py::list operands_of(const std::vector<profile::Site::Operand>& operands) {
  py::list out;
  for (const auto& o : operands) {
    if (!o.present) {
      out.append(py::none());
      continue;
    }
    py::tuple shape(o.shape.size());
    for (int d = 0; d < o.shape.size(); ++d) shape[size_t(d)] = o.shape[d];
    out.append(py::make_tuple(shape, name(o.dtype)));
  }
  return out;
}

constexpr const char* kKinds[] = {"op", "op", "rule", "engine", "module", "label"};

void start(int64_t limit) {
  profile::start(limit);
  g_modules = std::make_shared<Modules>();
}

// (duration, missed, threads, sites, modules); see tinygrad_ext/profiler/recording.py.
py::tuple stop() {
  profile::Recording r = profile::stop();
  const std::shared_ptr<Modules> modules = std::move(g_modules);
  py::list threads, sites;
  for (auto& thread : r.threads) {
    for (profile::Event& e : thread.events) e.module = modules->known(e.module);
    threads.append(py::make_tuple(thread.id, py::bytes(reinterpret_cast<const char*>(thread.events.data()),
                                                       thread.events.size() * sizeof(profile::Event))));
    thread.events = {};
  }
  for (const profile::Site& s : r.sites) {
    const std::string name = std::string(s.name) + (s.kind == profile::Kind::inplace ? "_" : "");
    sites.append(py::make_tuple(name, kKinds[int(s.kind)], s.bytes, operands_of(s.inputs), operands_of(s.outputs)));
  }
  return py::make_tuple(r.duration, r.missed, threads, sites, modules->list());
}

}  // namespace

uint32_t profiled_module(PyObject* module) {
  const std::shared_ptr<Modules> modules = g_modules;  // the profile may end while a module is asked for those below it
  return modules ? modules->number(module) : 0;
}

void init_profile(py::module_& m) {
  m.def("_profile_start", &start, py::arg("limit"));
  m.def("_profile_stop", &stop);
  m.def("_profiling", [] { return tape::g_profiling; });
  m.attr("_watched") = false;  // whether each module's call has to be seen by itself; kept by tinygrad_ext.profiler
  py::class_<profile::Scope>(m, "_ProfileLabel").def(py::init([](const std::string& name) {
    return std::make_unique<profile::Scope>(profile::Kind::label, profile::keep(name));
  }));
}

}  // namespace tg::bind
