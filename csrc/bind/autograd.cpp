// The tape's Python face: gradients of anything with respect to anything, hooks, modes, a look at nodes.
#include "bind/caster.h"
#include "bind/cold.h"
#include "bind/interop.h"
#include "bind/module.h"
#include "tape/apply.h"
#include "tape/engine.h"
#include "tape/life.h"
#include "tape/mode.h"

namespace tg::bind {
namespace {

TensorList list_of(const char* op, const char* what, const py::object& o, bool none_allowed) {
  TensorList list;
  if (o.is_none()) return list;
  if (is_tensor(o.ptr())) return {as_tensor(o.ptr())};
  if (!looks_like_list(o.ptr()))
    fail<TypeError>(op, "(): ", what, " must be a Tensor or a list of them, got ", Py_TYPE(o.ptr())->tp_name);
  for (py::handle item : o) {
    if (none_allowed && item.is_none()) {
      list.push_back(Tensor());
    } else if (is_tensor(item.ptr())) {
      list.push_back(as_tensor(item.ptr()));
    } else {
      fail<TypeError>(op, "(): every element of ", what, " must be a Tensor, got ", Py_TYPE(item.ptr())->tp_name);
    }
  }
  return list;
}

PyObject* grad(const py::object& outputs, const py::object& inputs, const py::object& grad_outputs, bool retain,
               bool create_graph, bool allow_unused) {
  const TensorList roots = list_of("grad", "outputs", outputs, false), ins = list_of("grad", "inputs", inputs, false);
  const TensorList seeds = list_of("grad", "grad_outputs", grad_outputs, true);
  if (roots.empty()) fail<RuntimeError>("grad(): outputs is empty");
  if (ins.empty()) fail<RuntimeError>("grad(): inputs is empty");
  if (!seeds.empty() && seeds.size() != roots.size()) {
    fail<RuntimeError>("grad(): ", seeds.size(), " grad_outputs for ", roots.size(), " outputs");
  }
  TensorList grads = tape::grad(roots, seeds, ins, {retain, create_graph});
  for (size_t i = 0; i < grads.size() && !allow_unused; ++i) {
    if (!grads[i])
      fail<RuntimeError>("grad(): input ", i,
                         " was not used in computing the outputs; pass allow_unused=True to get None for it");
  }
  return to_python(std::move(grads));
}

struct Grad {
  static constexpr OpInfo info{.name = "grad",
                               .signature =
                                   "(outputs: object, inputs: object, grad_outputs: object = None, retain_graph: bool = False, "
                                   "create_graph: bool = False, allow_unused: bool = False) -> tuple",
                               .doc = "The gradients of outputs with respect to inputs."};
  static PyObject* forward(Object outputs, Object inputs, Object seeds, bool retain, bool create_graph, bool allow_unused) {
    const auto held = [](Object o) { return py::reinterpret_borrow<py::object>(o.o); };
    return grad(held(outputs), held(inputs), held(seeds), retain, create_graph, allow_unused);
  }
};

struct Backward {
  static constexpr OpInfo info{.name = "backward",
                               .signature =
                                   "(tensors: object, grad_tensors: object, retain_graph: bool, create_graph: bool, inputs: "
                                   "object) -> None",
                               .doc = "Adds the gradient of the sum of tensors to .grad of the leaves."};
  static PyObject* forward(Object tensors, Object seeds, bool retain, bool create_graph, Object inputs) {
    const auto listed = [](const char* what, Object o, bool none_allowed) {
      return list_of(info.name, what, py::reinterpret_borrow<py::object>(o.o), none_allowed);
    };
    const TensorList roots = listed("tensors", tensors, false), weights = listed("grad_tensors", seeds, true);
    const TensorList wanted = listed("inputs", inputs, false);
    if (!weights.empty() && weights.size() != roots.size())
      fail<RuntimeError>("backward(): ", weights.size(), " grad_tensors for ", roots.size(), " tensors");
    if (inputs.o != Py_None && wanted.empty())
      fail<RuntimeError>("backward(): inputs is empty; leave it out to reach every leaf");
    tape::backward(roots, weights, wanted, {retain, create_graph});
    return Py_NewRef(Py_None);
  }
};

struct IsGradEnabled {
  static constexpr OpInfo info{
      .name = "is_grad_enabled", .signature = "() -> bool", .doc = "Whether this thread records operations."};
  static PyObject* forward() { return PyBool_FromLong(tape::t_mode.grad); }
};

struct IsInference {
  static constexpr OpInfo info{
      .name = "is_inference_mode_enabled", .signature = "() -> bool", .doc = "Whether this thread is in inference_mode."};
  static PyObject* forward() { return PyBool_FromLong(tape::t_mode.inference); }
};

int64_t add_hook(const Tensor& t, py::object hook) {
  static int64_t count = 0;
  tape::refresh(t);
  if (!t.requires_grad()) fail<RuntimeError>("register_hook(): this tensor does not require grad");
  if (!PyCallable_Check(hook.ptr()))
    fail<TypeError>("register_hook(): the hook must be callable, got ", Py_TYPE(hook.ptr())->tp_name);
  t.meta().hooks.push_back({++count, hook.inc_ref().ptr()});
  track(t.get());  // a hook may refer back to its tensor
  return count;
}

void call_hook(PyObject* function, Tensor& g) {
  const py::object result = py::reinterpret_borrow<py::object>(function)(as_object(g));
  if (result.is_none()) return;
  if (!is_tensor(result.ptr())) fail<TypeError>("hook: must return a Tensor or None, got ", Py_TYPE(result.ptr())->tp_name);
  const Tensor replacement = as_tensor(result.ptr());
  replacement.bytes();
  if (!same(replacement.shape(), g.shape()) || replacement.dtype() != g.dtype()) {
    fail<RuntimeError>("hook: returned shape ", Show{replacement.shape()}, " and dtype ", replacement.dtype(),
                       " for a gradient of shape ", Show{g.shape()}, " and dtype ", g.dtype());
  }
  g = replacement;
}

void remove_hook(const Tensor& t, int64_t id) {
  if (!t->meta) return;
  auto& hooks = t->meta->hooks;
  const auto found = std::find_if(hooks.begin(), hooks.end(), [&](const auto& h) { return h.id == id; });
  if (found == hooks.end()) return;
  const auto function = py::reinterpret_steal<py::object>(found->function);
  hooks.erase(found);
}

// A recorded operation, to be looked at.
class PyNode {
 public:
  explicit PyNode(tape::Node* n) : n_(n) { tape::retain(n); }
  PyNode(const PyNode& o) : PyNode(o.n_) {}
  PyNode& operator=(const PyNode&) = delete;
  ~PyNode() { tape::release(n_); }

  std::string name() const { return n_->info->shown(); }
  uint64_t sequence() const { return n_->sequence; }
  py::tuple next_functions() const {
    const tape::Node& in = n_->inputs();
    py::list out;
    for (uint32_t i = 0; i < in.num_edges; ++i) {
      if (tape::Node* n = in.edges[i].node) {
        out.append(py::make_tuple(PyNode(n), 0));
      } else {
        out.append(py::make_tuple(py::none(), 0));
      }
    }
    return py::tuple(out);
  }
  bool operator==(const PyNode& o) const { return n_ == o.n_; }
  size_t hash() const { return reinterpret_cast<size_t>(n_) >> 4; }

 private:
  tape::Node* n_;
};

}  // namespace

void init_autograd(py::module_& m) {
  tape::run_hook = call_hook;
  def_function<Grad>(m);
  def_function<Backward>(m);
  def_function<IsGradEnabled>(m);
  def_function<IsInference>(m);
  m.def("_add_hook", &add_hook, py::arg("tensor").none(false), py::arg("hook"));
  m.def("_remove_hook", &remove_hook, py::arg("tensor").none(false), py::arg("id"));
  m.def("_set_grad_enabled", [](bool on) { tape::t_mode.grad = on; }, py::arg("mode"));
  m.def("_set_inference_mode", [](bool on) { tape::t_mode.inference = on; }, py::arg("mode"));
  py::class_<PyNode>(m, "Node", "A recorded operation.")
      .def("name", &PyNode::name, "The operation's name.")
      .def_property_readonly("sequence", &PyNode::sequence, "Its place in the order of recording.")
      .def_property_readonly("next_functions", &PyNode::next_functions,
                             "For each input, (the node that made it or None for a leaf, 0), as in PyTorch.")
      .def("__eq__", &PyNode::operator==)
      .def("__hash__", &PyNode::hash)
      .def("__repr__", [](const PyNode& n) { return "<" + n.name() + " node>"; });
  m.def(
      "_grad_fn", [](const Tensor& t) -> py::object { return t->grad_fn ? py::cast(PyNode(t->grad_fn)) : py::none(); },
      py::arg("tensor").none(false));
}

}  // namespace tg::bind
