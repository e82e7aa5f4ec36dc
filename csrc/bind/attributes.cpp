// Tensor's attributes and the methods that are no operations: its gradient, its place in the graph.
#include "bind/cold.h"
#include "bind/interop.h"
#include "bind/module.h"
#include "bind/slots.h"
#include "ops/functions.h"
#include "ops/place.h"
#include "tape/engine.h"
#include "tape/life.h"

namespace tg::bind {
namespace {

const Tensor& handle(PyObject* const& o) { return Tensor::view_handle(reinterpret_cast<TensorImpl* const&>(o)); }

PyObject* none_or(Tensor t) { return t ? static_cast<PyObject*>(t.release()) : Py_NewRef(Py_None); }

template <PyObject* (*F)(const Tensor&)>
PyObject* getter(PyObject* self, void*) {
  return guarded([&] {
    tape::refresh(handle(self));
    return F(handle(self));
  });
}

PyObject* get_data(const Tensor& t) { return alias(t).release(); }
PyObject* get_grad(const Tensor& t) { return none_or(t.grad()); }
PyObject* get_requires_grad(const Tensor& t) { return PyBool_FromLong(t.requires_grad()); }
PyObject* get_is_leaf(const Tensor& t) { return PyBool_FromLong(t.is_leaf()); }
PyObject* get_version(const Tensor& t) { return PyLong_FromLong(t->storage ? long(t->storage->version()) : 0); }
PyObject* get_retains_grad(const Tensor& t) { return PyBool_FromLong(!t.is_leaf() && t->meta && t->meta->retains_grad); }
PyObject* get_base(const Tensor& t) { return none_or(Tensor::borrow(t->base)); }
PyObject* get_label(const Tensor& t) { return t->meta && t->meta->label ? Py_NewRef(t->meta->label) : PyUnicode_FromString(""); }
PyObject* get_op(const Tensor& t) { return PyUnicode_FromString(t->grad_fn ? t->grad_fn->info->shown() : ""); }

// The tensors this one was computed from, in argument order.
PyObject* get_prev(const Tensor& t) {
  TensorList inputs;
  if (t->grad_fn) {
    const tape::Node& n = t->grad_fn->inputs();
    for (uint32_t i = 0; i < n.num_edges; ++i) {
      const tape::Edge& e = n.edges[i];
      if (e.node && e.node->output) inputs.push_back(tape::output_of(*e.node));
      if (e.leaf) inputs.push_back(Tensor::borrow(e.leaf));
    }
  }
  return to_python(std::move(inputs));
}

template <int (*F)(const Tensor&, PyObject*)>
int setter(PyObject* self, PyObject* value, void*) {
  return guarded_int([&] { return F(handle(self), value); });
}

int set_grad(const Tensor& t, PyObject* value) {
  if (value && value != Py_None) {
    if (!is_tensor(value)) fail<TypeError>("grad: must be a Tensor or None, got ", Py_TYPE(value)->tp_name);
    const Tensor g = as_tensor(value);
    if (!same(g.shape(), t.shape()) || g.dtype() != t.dtype()) {
      fail<RuntimeError>("grad: a gradient of shape ", Show{g.shape()}, " and dtype ", g.dtype(), " for a tensor of shape ",
                         Show{t.shape()}, " and dtype ", t.dtype());
    }
    if (g.is(t)) fail<RuntimeError>("grad: a tensor cannot be its own gradient");
    Tensor held = g;
    PyObject* old = std::exchange(t.meta().grad, held.release());
    Py_XDECREF(old);
  } else if (t->meta) {
    Py_CLEAR(t->meta->grad);
  }
  return 0;
}

int set_requires_grad(const Tensor& t, PyObject* value) {
  const int on = value ? PyObject_IsTrue(value) : 0;
  if (on < 0) throw PythonError{};
  if (!t.is_leaf()) {
    if (on) return 0;
    fail<RuntimeError>("requires_grad: only a leaf can stop requiring grad; use detach()");
  }
  if (on) {
    if (!is_floating(t.dtype()))
      fail<RuntimeError>("requires_grad: only floating tensors can require grad, this one has dtype ", t.dtype());
    if (t->inference) fail<RuntimeError>("requires_grad: a tensor made under inference_mode cannot require grad; clone it first");
  }
  t->requires_grad = on;
  return 0;
}

// Takes over another tensor's values: x.data = y.
int set_data(const Tensor& t, PyObject* value) {
  if (!value || !is_tensor(value)) fail<TypeError>("data: must be a Tensor");
  if (!t.is_leaf()) fail<RuntimeError>("data: can only be replaced on a leaf");
  const Tensor y = as_tensor(value);
  y.bytes();
  if (t->requires_grad && !is_floating(y.dtype()))
    fail<RuntimeError>("data: a tensor that requires grad cannot become ", y.dtype());
  Py_CLEAR(t->base);  // on other memory it is no view any more
  adopt(t.get(), y);
  return 0;
}

int set_label(const Tensor& t, PyObject* value) {
  if (!value || !PyUnicode_Check(value)) fail<TypeError>("label: must be a str");
  PyObject* old = std::exchange(t.meta().label, Py_NewRef(value));
  Py_XDECREF(old);
  return 0;
}

// --- methods

PyObject* item(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = handle(self);
    if (t.numel() != 1) fail<RuntimeError>("item(): only a one-element tensor has an item, this one has shape ", Show{t.shape()});
    if (is_floating(t.dtype())) return PyFloat_FromDouble(t.scalar<double>());
    if (t.dtype() == DType::bool_) return PyBool_FromLong(t.scalar<bool>());
    return PyLong_FromLongLong(t.scalar<int64_t>());
  });
}

PyObject* numpy(PyObject* self, PyObject*) {
  return guarded([&] {
    const Tensor& t = handle(self);
    tape::refresh(t);
    if (t.requires_grad())
      fail<RuntimeError>("numpy(): the array would not be recorded, but this tensor requires grad; call .detach() first");
    return py::object(array_on(t)).release().ptr();
  });
}

// Also functions: tg.detach_(x), tg.zero_(x).
struct DetachInplace {
  static constexpr OpInfo info{.name = "detach_",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "Forgets the history of a tensor, in place.",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& t) {
    if (t->base) fail<RuntimeError>("detach_(): a view cannot be detached in place; use detach()");
    t.bytes();
    if (tape::Node* n = std::exchange(t->grad_fn, nullptr)) {
      if (n->output == t.get()) {
        Tensor rest = alias(t);
        rest->grad_fn = n;
        n->replace_output(rest.get());
      } else {
        tape::release(n);
      }
    }
    t->requires_grad = false;
    return t;
  }
};

struct ZeroInplace {
  static constexpr OpInfo info{.name = "zero_",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "Sets every element to zero, in place.",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& t) {
    ops::copy_inplace(t, number(0));
    return t;
  }
};

PyObject* requires_grad_(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
  return guarded([&] {
    set_requires_grad(handle(self), nargs ? args[0] : Py_True);
    return Py_NewRef(self);
  });
}

PyObject* retain_grad(PyObject* self, PyObject*) {
  return guarded([&] {
    const Tensor& t = handle(self);
    tape::refresh(t);
    if (!t.requires_grad()) fail<RuntimeError>("retain_grad(): this tensor does not require grad");
    if (!t.is_leaf()) t.meta().retains_grad = true;
    return Py_NewRef(Py_None);
  });
}

// backward(gradient=None, retain_graph=None, create_graph=False, inputs=None)
PyObject* backward(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  static const OpInfo info{
      "backward",
      "(input: Tensor, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False, "
      "inputs: list[Tensor] | None = None) -> None",
      ""};
  static const Signature signature(info);
  return guarded([&] {
    PyObject* slots[5] = {self, Py_None, Py_None, Py_False, Py_None};
    PyObject* const* rest;
    Py_ssize_t rest_count;
    if (nargs || kwnames) signature.bind(self, args, nargs, kwnames, slots, rest, rest_count);
    Arg<Tensor> gradient;
    gradient.set(info.name, signature.params[1], slots[1]);
    Arg<bool> retain, create;
    create.set(info.name, signature.params[3], slots[3]);
    if (slots[2] == Py_None) {
      retain.v = create.v;
    } else {
      retain.set(info.name, signature.params[2], slots[2]);
    }
    Arg<TensorList> inputs;
    if (is_tensor(slots[4])) {
      inputs.list.push_back(as_tensor(slots[4]));
    } else if (slots[4] != Py_None) {
      inputs.set(info.name, signature.params[4], slots[4]);
      if (inputs.list.empty()) fail<RuntimeError>("backward(): inputs is empty; leave it out to reach every leaf");
    }
    tape::backward({handle(self)}, {gradient.value()}, inputs.list, {retain.v, create.v});
    return Py_NewRef(Py_None);
  });
}

PyObject* copy_(PyObject* self, PyObject* source) {
  return guarded([&] {
    const Tensor s = as_operand(source);
    if (!s) fail<TypeError>("copy_(): source must be a tensor, an array or a number, got ", Py_TYPE(source)->tp_name);
    ops::copy_inplace(handle(self), s);
    return Py_NewRef(self);
  });
}

template <class F>
PyCFunction method(F* f) {
  return as_pycfunction(f);
}

}  // namespace

std::vector<PyGetSetDef> tensor_attributes() {
  std::vector<PyGetSetDef> all = layout_attributes();
  all.insert(all.end(),
             {
                 {"data", getter<get_data>, setter<set_data>, "A tensor on the same memory, without history.", nullptr},
                 {"grad", getter<get_grad>, setter<set_grad>, "The gradient that backward has added up, or None.", nullptr},
                 {"requires_grad", getter<get_requires_grad>, setter<set_requires_grad>,
                  "Whether operations on this tensor are recorded.", nullptr},
                 {"is_leaf", getter<get_is_leaf>, nullptr, "True unless a recorded operation made this tensor.", nullptr},
                 {"retains_grad", getter<get_retains_grad>, nullptr,
                  "True when retain_grad() was called on this interior tensor.", nullptr},
                 {"label", getter<get_label>, setter<set_label>, "A name for graphs, '' unless set.", nullptr},
                 {"_op", getter<get_op>, nullptr, "The name of the operation that made this tensor, '' for a leaf.", nullptr},
                 {"_prev", getter<get_prev>, nullptr, "The tensors that operation was applied to, in argument order.", nullptr},
                 {"_base", getter<get_base>, nullptr, "For a view, the tensor it looks at; else None.", nullptr},
                 {"_version", getter<get_version>, nullptr, "How often this tensor's memory was written to in place.", nullptr},
             });
  return all;
}

std::vector<PyMethodDef> tensor_methods() {
  constexpr int fast = METH_FASTCALL, fast_kw = METH_FASTCALL | METH_KEYWORDS;
  std::vector<PyMethodDef> all = layout_methods();
  for (const PyMethodDef& m : conversion_methods()) all.push_back(m);
  all.insert(all.end(),
             {
                 {"item", item, METH_NOARGS, "The value of a one-element tensor as a Python number."},
                 {"numpy", numpy, METH_NOARGS, "A NumPy array on the same memory."},
                 {"detach_", Call<DetachInplace>::plain_method, METH_NOARGS, DetachInplace::info.doc},
                 {"requires_grad_", method(requires_grad_), fast,
                  "requires_grad_(requires_grad=True): sets the attribute; returns self."},
                 {"retain_grad", retain_grad, METH_NOARGS, "Makes backward keep the gradient of this interior tensor in .grad."},
                 {"backward", method(backward), fast_kw,
                  "backward(gradient=None, retain_graph=None, create_graph=False, inputs=None)\n\n"
                  "Adds the gradient of this tensor to .grad of the leaves it was computed from."},
                 {"fill_", method(Call<ops::Fill>::inplace_method), fast_kw, "fill_(value): sets every element to it, in place."},
                 {"zero_", Call<ZeroInplace>::plain_method, METH_NOARGS, ZeroInplace::info.doc},
                 {"copy_", copy_, METH_O, "Copies another tensor's values here, in place, with broadcasting and conversion."},
             });
  return all;
}

void init_attributes(pybind11::module_& m) {
  def_function<DetachInplace>(m);
  def_function<ZeroInplace>(m);
}

}  // namespace tg::bind
