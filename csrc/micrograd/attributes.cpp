// Value's attributes: its number and gradient, its place in the graph, its rule; and the methods that are no functions.
#include <new>
#include <type_traits>
#include <utility>

#include "micrograd/engine.h"
#include "micrograd/rules.h"
#include "micrograd/type.h"

namespace tg::micrograd {
namespace {

Value* self_of(PyObject* o) { return static_cast<Value*>(o); }

// Runs f, which returns a PyObject* or an int, with C++'s want of memory as Python's.
template <class F>
auto guarded(F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    if constexpr (std::is_same_v<decltype(f()), int>)
      return -1;
    else
      return nullptr;
  }
}

PyObject* as_str(const std::string& text) { return PyUnicode_FromStringAndSize(text.data(), Py_ssize_t(text.size())); }

// Sets a number of v; del v.data comes as null.
int set_number(PyObject* given, const char* what, Value* v, double Value::* field, uint32_t int_flag) {
  Number n;
  const int found = given ? to_number(given, n) : 0;
  if (found == 0) refuse_number(what, given);
  if (found <= 0) return -1;
  v->*field = n.value;
  v->ints = n.is_int ? v->ints | int_flag : v->ints & ~int_flag;
  return 0;
}

PyObject* get_data(PyObject* self, void*) { return PyFloat_FromDouble(self_of(self)->data); }
PyObject* get_grad(PyObject* self, void*) { return PyFloat_FromDouble(self_of(self)->grad); }
int set_data(PyObject* self, PyObject* given, void*) {
  return set_number(given, "Value.data", self_of(self), &Value::data, kIntData);
}
int set_grad(PyObject* self, PyObject* given, void*) {
  return set_number(given, "Value.grad", self_of(self), &Value::grad, kIntGrad);
}

// A str kept in extras.
template <PyObject* Extras::* field>
int set_text(PyObject* self, PyObject* given, const char* what) {
  if (!given || !PyUnicode_Check(given)) {
    PyErr_Format(PyExc_TypeError, "%s must be a str, got %s", what,
                 given ? Py_TYPE(given)->tp_name : "nothing (it cannot be deleted)");
    return -1;
  }
  return guarded([&] {
    PyObject*& text = extras(self_of(self)).*field;
    PyObject* old = std::exchange(text, Py_NewRef(given));
    Py_XDECREF(old);
    return 0;
  });
}

PyObject* get_label(PyObject* self, void*) {
  const Extras* e = self_of(self)->extras;
  return e && e->label ? Py_NewRef(e->label) : PyUnicode_FromString("");
}
int set_label(PyObject* self, PyObject* given, void*) { return set_text<&Extras::label>(self, given, "Value.label"); }

PyObject* get_op(PyObject* self, void*) {
  const Extras* e = self_of(self)->extras;
  return e && e->op ? Py_NewRef(e->op) : as_str(name_of(*self_of(self)));
}
int set_op(PyObject* self, PyObject* given, void*) { return set_text<&Extras::op>(self, given, "Value._op"); }

// The operands as they are now, held: making Python objects may run a user's code, which may change them.
class Operands {
 public:
  explicit Operands(const Value& v) {
    for_each_operand(v, [this](Value* operand) {
      values_.push_back(operand);
      Py_INCREF(operand);
    });
  }
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;
  ~Operands() {
    for (Value* v : values_) Py_DECREF(v);
  }
  const std::vector<Value*>& values() const { return values_; }

 private:
  std::vector<Value*> values_;
};

PyObject* get_prev(PyObject* self, void*) {
  return guarded([&] {
    const Operands operands(*self_of(self));
    PyObject* set = PySet_New(nullptr);
    for (Value* operand : operands.values())
      if (set && PySet_Add(set, operand) < 0) Py_CLEAR(set);
    return set;
  });
}

PyObject* get_children(PyObject* self, void*) {
  return guarded([&] {
    const Operands operands(*self_of(self));
    PyObject* tuple = PyTuple_New(Py_ssize_t(operands.values().size()));
    Py_ssize_t i = 0;
    for (Value* operand : operands.values())
      if (tuple) PyTuple_SET_ITEM(tuple, i++, Py_NewRef(operand));
    return tuple;
  });
}

int set_prev(PyObject* self, PyObject* given, void*) {
  if (!given) {
    PyErr_SetString(PyExc_TypeError, "Value._prev cannot be deleted");
    return -1;
  }
  return guarded([&] {
    std::vector<Value*> operands;
    if (!to_values("Value._prev", given, operands)) return -1;
    replace_operands(self_of(self), std::move(operands));
    return 0;
  });
}

// The built-in rule as a callable: the lecture calls o._backward() by hand, value by value.
PyObject* call_rule(PyObject* self, PyObject*) { return run_built_in_rule(self_of(self)) ? Py_NewRef(Py_None) : nullptr; }
PyMethodDef g_rule = {"_backward", call_rule, METH_NOARGS, "Adds this value's gradient to those it was computed from."};

PyObject* get_backward(PyObject* self, void*) {
  const Extras* e = self_of(self)->extras;
  return e && e->backward ? Py_NewRef(e->backward) : PyCFunction_New(&g_rule, self);
}
int set_backward(PyObject* self, PyObject* given, void*) {
  if (!given || !PyCallable_Check(given)) {
    PyErr_Format(PyExc_TypeError, "Value._backward must be a function of no arguments, got %s",
                 given ? Py_TYPE(given)->tp_name : "nothing (it cannot be deleted)");
    return -1;
  }
  return guarded([&] {
    Value* v = self_of(self);
    PyObject*& rule = extras(v).backward;
    PyObject* old = std::exchange(rule, Py_NewRef(given));
    track(v);
    Py_XDECREF(old);
    return 0;
  });
}

PyObject* get_dict(PyObject* self, void* context) {
  track(self_of(self));
  return PyObject_GenericGetDict(self, context);
}

PyObject* backward_method(PyObject* self, PyObject*) { return backward(self_of(self)) ? Py_NewRef(Py_None) : nullptr; }

PyObject* count_method(PyObject* self, PyObject*) {
  return guarded([&] { return PyLong_FromSize_t(count_values(self_of(self))); });
}

// What a copy of a leaf is made of: data and gradient as micrograd would hold them, label, the user's attributes.
PyObject* get_state(PyObject* self, PyObject*) {
  Value* v = self_of(self);
  PyObject* state = PyTuple_New(4);
  if (!state) return nullptr;
  PyObject* parts[] = {to_object(data_of(*v)), to_object(grad_of(*v)), get_label(self, nullptr),
                       Py_NewRef(v->dict ? v->dict : Py_None)};
  for (Py_ssize_t i = 0; i < 4; ++i) PyTuple_SET_ITEM(state, i, parts[i]);
  return PyErr_Occurred() ? (Py_DECREF(state), nullptr) : state;
}

}  // namespace

std::vector<PyGetSetDef> value_attributes() {
  return {
      {"data", get_data, set_data, "The number.", nullptr},
      {"grad", get_grad, set_grad, "The gradient that backward has added up: of the value it was called on, by this one.",
       nullptr},
      {"label", get_label, set_label, "A name for graphs, '' unless set.", nullptr},
      {"_op", get_op, set_op, "The operation that made this value, '' for a leaf.", nullptr},
      {"_prev", get_prev, set_prev, "The set of values that this one was computed from.", nullptr},
      {"_children", get_children, nullptr, "The same as a tuple, in the order they were written.", nullptr},
      {"_backward", get_backward, set_backward, "The rule: adds this value's gradient to those it was computed from.", nullptr},
      {"__dict__", get_dict, PyObject_GenericSetDict, nullptr, nullptr},
  };
}

std::vector<PyMethodDef> value_methods() {
  return {
      {"backward", backward_method, METH_NOARGS,
       "backward($self)\n--\n\nSets this value's gradient to 1 and adds the gradient by every value it was computed from to that "
       "one's."},
      {"_count", count_method, METH_NOARGS, "How many values this one's graph has."},
      {"_state", get_state, METH_NOARGS, "(data, grad, label, attributes), for copies."},
  };
}

}  // namespace tg::micrograd
