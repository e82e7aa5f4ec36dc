// The Tensor type: slots straight to the operations, no Python and no pybind11 in between.
#include <Python.h>
#include <structmember.h>

#include <cmath>
#include <cstring>

#include "bind/indexing.h"
#include "bind/interop.h"
#include "bind/places.h"
#include "bind/slots.h"
#include "ops/arithmetic.h"
#include "ops/compare.h"
#include "ops/exponential.h"
#include "ops/logic.h"
#include "ops/matmul.h"
#include "ops/rounding.h"
#include "ops/split.h"
#include "ops/views.h"
#include "tape/life.h"

namespace tg::bind {
namespace {

const Tensor& handle(PyObject* const& o) { return Tensor::view_handle(reinterpret_cast<TensorImpl* const&>(o)); }

// a op b, where one of them is a tensor; anything that cannot stand beside a tensor is left to the other operand.
template <class F>
PyObject* with_operands(PyObject* a, PyObject* b, F&& f) {
  return guarded([&]() -> PyObject* {
    Tensor ta, tb;
    if (!is_tensor(a)) {
      ta = as_operand(a);
      if (!ta) return Py_NewRef(Py_NotImplemented);
    }
    if (!is_tensor(b)) {
      tb = as_operand(b);
      if (!tb) return Py_NewRef(Py_NotImplemented);
    }
    return to_python(f(ta ? ta : handle(a), tb ? tb : handle(b)));
  });
}

template <class Op>
bool needs_float32(const Tensor& x, const Tensor& y) {
  return !Op::info.bfloat16 && (x.dtype() == DType::bfloat16 || y.dtype() == DType::bfloat16);
}

template <class Op, class... Attrs>
PyObject* binary_slot(PyObject* a, PyObject* b) {
  return with_operands(a, b, [&](const Tensor& x, const Tensor& y) {
    if (needs_float32<Op>(x, y)) [[unlikely]]
      return through_float32(binary_slot<Op, Attrs...>, a, b);
    return to_python(tape::apply<Op>(x, y, Attrs::value...));
  });
}
struct One {
  static constexpr ops::Number value = ops::kOne;
};
struct Unrounded {
  static constexpr std::optional<std::string_view> value{};
};

// What an operator gave, stored in x.
PyObject* stored(const char* op, const Tensor& x, PyObject* given) {
  if (!given) return nullptr;
  const Tensor result = Tensor::steal(static_cast<TensorImpl*>(given));
  ops::check_writable(op, x, false);
  ops::check_storable(op, x, result);
  ops::copy_inplace(x, result);
  return Tensor(x).release();
}

// x op= y: in place where nothing is being recorded for x, else x is rebound to x op y, so that a saved value survives.
template <class Op, class... Attrs>
PyObject* inplace_slot(PyObject* a, PyObject* b) {
  if (!is_tensor(a)) return Py_NewRef(Py_NotImplemented);
  return guarded([&]() -> PyObject* {
    Tensor other;
    if (!is_tensor(b)) {
      other = as_operand(b);
      if (!other) return Py_NewRef(Py_NotImplemented);
    }
    const Tensor& x = handle(a);
    const Tensor& y = other ? other : handle(b);
    tape::refresh(x);
    tape::refresh(y);
    const bool rebinds = tape::recording(x) || tape::recording(y);
    if (needs_float32<Op>(x, y)) [[unlikely]]
      return rebinds ? binary_slot<Op, Attrs...>(a, b) : stored(Op::info.name, x, binary_slot<Op, Attrs...>(a, b));
    if (rebinds) return to_python(tape::apply<Op>(x, y, Attrs::value...));
    ops::apply_inplace<Op>(x, y, Attrs::value...);
    return Py_NewRef(a);
  });
}

template <class Op>
PyObject* unary_slot(PyObject* a) {
  return guarded([&] {
    if (!Op::info.bfloat16 && handle(a).dtype() == DType::bfloat16) [[unlikely]]
      return through_float32(unary_slot<Op>, a);
    return to_python(tape::apply<Op>(handle(a)));
  });
}

PyObject* power_slot(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) {
    PyErr_SetString(PyExc_TypeError, "pow(): a third argument is not supported");
    return nullptr;
  }
  return binary_slot<ops::Pow>(a, b);
}
PyObject* inplace_power_slot(PyObject* a, PyObject* b, PyObject*) { return inplace_slot<ops::Pow>(a, b); }

PyObject* divmod_slot(PyObject* a, PyObject* b) {
  PyObject* quotient = binary_slot<ops::FloorDivide>(a, b);
  if (!quotient || quotient == Py_NotImplemented) return quotient;
  PyObject* rest = binary_slot<ops::Remainder>(a, b);
  PyObject* pair = rest ? PyTuple_Pack(2, quotient, rest) : nullptr;
  Py_DECREF(quotient);
  Py_XDECREF(rest);
  return pair;
}

PyObject* compare_slot(PyObject* a, PyObject* b, int op) {
  switch (op) {
    case Py_EQ:
      return binary_slot<ops::Eq>(a, b);
    case Py_NE:
      return binary_slot<ops::Ne>(a, b);
    case Py_LT:
      return binary_slot<ops::Lt>(a, b);
    case Py_LE:
      return binary_slot<ops::Le>(a, b);
    case Py_GT:
      return binary_slot<ops::Gt>(a, b);
    default:
      return binary_slot<ops::Ge>(a, b);
  }
}

Py_hash_t hash_slot(PyObject* a) { return Py_hash_t(reinterpret_cast<uintptr_t>(a) >> 4); }

void require_one(const char* what, const Tensor& t) {
  if (t.numel() != 1)
    fail<RuntimeError>(what, ": only a one-element tensor converts to a Python scalar, this one has shape ", Show{t.shape()});
}

int bool_slot(PyObject* a) {
  return guarded_int([&] {
    const Tensor& t = handle(a);
    require_one("bool()", t);
    return int(is_floating(t.dtype()) ? t.scalar<double>() != 0 : t.scalar<int64_t>() != 0);
  });
}

PyObject* float_slot(PyObject* a) {
  return guarded([&] {
    require_one("float()", handle(a));
    return PyFloat_FromDouble(handle(a).scalar<double>());
  });
}

PyObject* int_slot(PyObject* a) {
  return guarded([&] {
    const Tensor& t = handle(a);
    require_one("int()", t);
    return is_floating(t.dtype()) ? PyLong_FromDouble(t.scalar<double>()) : PyLong_FromLongLong(t.scalar<int64_t>());
  });
}

PyObject* index_slot(PyObject* a) {
  return guarded([&] {
    const Tensor& t = handle(a);
    if (is_floating(t.dtype()) || t.numel() != 1) {
      fail<TypeError>("only an integer tensor of one element is an index, this one has shape ", Show{t.shape()}, " and dtype ",
                      t.dtype());
    }
    return PyLong_FromLongLong(t.scalar<int64_t>());
  });
}

Py_ssize_t length_slot(PyObject* a) {
  const Tensor& t = handle(a);
  if (t.ndim() == 0) {
    PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
    return -1;
  }
  return t.size(0);
}

PyObject* iter_slot(PyObject* a) {
  return guarded([&] {
    const Tensor& t = handle(a);
    if (t.ndim() == 0) fail<TypeError>("iteration over a 0-d tensor");
    PyObject* tuple = to_python(ops::Unbind::forward(t, 0));
    PyObject* it = PyObject_GetIter(tuple);
    Py_DECREF(tuple);
    return it;
  });
}

PyObject* new_slot(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    static const char* names[] = {"data", "requires_grad", "dtype", "label", nullptr};
    PyObject *data = nullptr, *dtype = Py_None, *label = nullptr;
    int requires_grad = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|pOU:Tensor", const_cast<char**>(names), &data, &requires_grad, &dtype,
                                     &label)) {
      throw PythonError{};
    }
    std::optional<DType> wanted;
    if (dtype != Py_None) wanted = to_dtype("Tensor", dtype);
    // A tensor is taken as it is, on the same memory; anything else is copied.
    Tensor t = is_tensor(data) && (!wanted || *wanted == as_tensor(data).dtype()) ? alias(as_tensor(data))
                                                                                  : tensor_from_data("Tensor", data, wanted);
    if (requires_grad) ops::require_floating("Tensor", "data with requires_grad=True", t);
    if (type != g_tensor_type) {
      auto* fresh = reinterpret_cast<TensorImpl*>(type->tp_alloc(type, 0));
      if (!fresh) throw PythonError{};
      adopt(fresh, t);
      t = Tensor::steal(fresh);
    }
    t->requires_grad = requires_grad;
    if (label && PyUnicode_GET_LENGTH(label)) t.meta().label = Py_NewRef(label);
    return t.release();
  });
}

// Only tensors that hold Python objects are tracked by the collector: from the first attribute or hook on.
int set_attribute(PyObject* self, PyObject* name, PyObject* value) {
  const int result = PyObject_GenericSetAttr(self, name, value);
  if (static_cast<TensorImpl*>(self)->dict) track(static_cast<TensorImpl*>(self));
  return result;
}

PyObject* get_dict(PyObject* self, void* context) {
  PyObject* dict = PyObject_GenericGetDict(self, context);
  track(static_cast<TensorImpl*>(self));
  return dict;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  auto* t = static_cast<TensorImpl*>(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(t->dict);
  if (t->meta) {
    Py_VISIT(t->meta->grad);
    for (const TensorMeta::Hook& hook : t->meta->hooks) Py_VISIT(hook.function);
  }
  return 0;
}

int clear(PyObject* self) {
  auto* t = static_cast<TensorImpl*>(self);
  Py_CLEAR(t->dict);
  if (t->meta) {
    Py_CLEAR(t->meta->grad);
    const std::vector<TensorMeta::Hook> hooks = std::exchange(t->meta->hooks, {});
    for (const TensorMeta::Hook& hook : hooks) Py_DECREF(hook.function);
  }
  return 0;
}

// round(x) and round(x, decimals)
PyObject* round_method(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
  return guarded([&] {
    Param decimals;
    decimals.name = "decimals";
    decimals.annotation = "int";
    return to_python(tape::apply<ops::Round>(handle(self), nargs ? to_int("round", decimals, args[0]) : int64_t(0)));
  });
}

// Documentation that Python shows: "name(signature)\n--\n\ntext".
std::string doc_of(const OpInfo& info, const Place& p) {
  const std::string signature = info.signature;
  return p.name + "(self" + signature.substr(signature.find_first_of(",)")) + "\n\n" + info.doc + (p.inplace ? " In place." : "");
}

}  // namespace

void make_tensor_type(const std::vector<Entry>& entries) {
  // These live as long as the type, that is as long as the process.
  auto& methods = *new std::vector<PyMethodDef>(tensor_methods());
  auto& attributes = *new std::vector<PyGetSetDef>(tensor_attributes());
  const auto keep = [](std::string text) { return (new std::string(std::move(text)))->c_str(); };
  for (const Entry& e : entries) {
    for (const Place& p : places(*e.info)) {
      if (p.face != Face::method || !e.method) continue;
      const char *name = keep(p.name), *doc = keep(doc_of(*e.info, p));
      if (p.inplace) {
        methods.push_back({name, e.inplace_method, METH_FASTCALL | METH_KEYWORDS, doc});
      } else if (e.plain_method) {
        methods.push_back({name, e.plain_method, METH_NOARGS, doc});
      } else {
        methods.push_back({name, e.method, METH_FASTCALL | METH_KEYWORDS, doc});
      }
    }
  }
  for (const Entry& e : entries) {  // round(x), math.floor(x) and so on
    for (const char* name : {"round", "floor", "ceil", "trunc"}) {
      if (std::strcmp(e.info->name, name) != 0) continue;
      const char* special = keep(std::string("__") + name + "__");
      if (e.plain_method)
        methods.push_back({special, e.plain_method, METH_NOARGS, e.info->doc});
      else
        methods.push_back({special, as_pycfunction(round_method), METH_FASTCALL, e.info->doc});
    }
  }
  methods.push_back({nullptr, nullptr, 0, nullptr});
  attributes.push_back({"__dict__", get_dict, PyObject_GenericSetDict, nullptr, nullptr});
  attributes.push_back({nullptr, nullptr, nullptr, nullptr, nullptr});
  static TensorImpl sample{};
  const auto offset = [](PyObject** field) { return reinterpret_cast<char*>(field) - reinterpret_cast<char*>(&sample); };
  static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offset(&sample.weakrefs), READONLY, nullptr},
                                  {"__dictoffset__", T_PYSSIZET, offset(&sample.dict), READONLY, nullptr},
                                  {nullptr, 0, 0, 0, nullptr}};
  static const char* doc =
      "Tensor(data, requires_grad=False, dtype=None, label='')\n\n"
      "An n-dimensional array that records what is done with it and differentiates it.";
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>(doc)},
      {Py_tp_new, reinterpret_cast<void*>(new_slot)},
      {Py_tp_dealloc, reinterpret_cast<void*>(tape::dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(clear)},
      {Py_tp_setattro, reinterpret_cast<void*>(set_attribute)},
      {Py_tp_methods, methods.data()},
      {Py_tp_getset, attributes.data()},
      {Py_tp_members, members},
      {Py_tp_hash, reinterpret_cast<void*>(hash_slot)},
      {Py_tp_richcompare, reinterpret_cast<void*>(compare_slot)},
      {Py_tp_iter, reinterpret_cast<void*>(iter_slot)},
      {Py_nb_add, reinterpret_cast<void*>(binary_slot<ops::Add, One>)},
      {Py_nb_subtract, reinterpret_cast<void*>(binary_slot<ops::Sub, One>)},
      {Py_nb_multiply, reinterpret_cast<void*>(binary_slot<ops::Mul>)},
      {Py_nb_true_divide, reinterpret_cast<void*>(binary_slot<ops::Div, Unrounded>)},
      {Py_nb_floor_divide, reinterpret_cast<void*>(binary_slot<ops::FloorDivide>)},
      {Py_nb_remainder, reinterpret_cast<void*>(binary_slot<ops::Remainder>)},
      {Py_nb_matrix_multiply, reinterpret_cast<void*>(binary_slot<ops::MatMul>)},
      {Py_nb_power, reinterpret_cast<void*>(power_slot)},
      {Py_nb_and, reinterpret_cast<void*>(binary_slot<ops::BitwiseAnd>)},
      {Py_nb_or, reinterpret_cast<void*>(binary_slot<ops::BitwiseOr>)},
      {Py_nb_xor, reinterpret_cast<void*>(binary_slot<ops::BitwiseXor>)},
      {Py_nb_inplace_add, reinterpret_cast<void*>(inplace_slot<ops::Add, One>)},
      {Py_nb_inplace_subtract, reinterpret_cast<void*>(inplace_slot<ops::Sub, One>)},
      {Py_nb_inplace_multiply, reinterpret_cast<void*>(inplace_slot<ops::Mul>)},
      {Py_nb_inplace_true_divide, reinterpret_cast<void*>(inplace_slot<ops::Div, Unrounded>)},
      {Py_nb_lshift, reinterpret_cast<void*>(binary_slot<ops::LeftShift>)},
      {Py_nb_rshift, reinterpret_cast<void*>(binary_slot<ops::RightShift>)},
      {Py_nb_divmod, reinterpret_cast<void*>(divmod_slot)},
      {Py_nb_positive, reinterpret_cast<void*>(unary_slot<ops::Positive>)},
      {Py_nb_inplace_floor_divide, reinterpret_cast<void*>(inplace_slot<ops::FloorDivide>)},
      {Py_nb_inplace_remainder, reinterpret_cast<void*>(inplace_slot<ops::Remainder>)},
      {Py_nb_inplace_and, reinterpret_cast<void*>(inplace_slot<ops::BitwiseAnd>)},
      {Py_nb_inplace_or, reinterpret_cast<void*>(inplace_slot<ops::BitwiseOr>)},
      {Py_nb_inplace_xor, reinterpret_cast<void*>(inplace_slot<ops::BitwiseXor>)},
      {Py_nb_inplace_lshift, reinterpret_cast<void*>(inplace_slot<ops::LeftShift>)},
      {Py_nb_inplace_rshift, reinterpret_cast<void*>(inplace_slot<ops::RightShift>)},
      {Py_nb_inplace_power, reinterpret_cast<void*>(inplace_power_slot)},
      {Py_nb_negative, reinterpret_cast<void*>(unary_slot<ops::Neg>)},
      {Py_nb_absolute, reinterpret_cast<void*>(unary_slot<ops::Abs>)},
      {Py_nb_invert, reinterpret_cast<void*>(unary_slot<ops::BitwiseNot>)},
      {Py_nb_bool, reinterpret_cast<void*>(bool_slot)},
      {Py_nb_float, reinterpret_cast<void*>(float_slot)},
      {Py_nb_int, reinterpret_cast<void*>(int_slot)},
      {Py_nb_index, reinterpret_cast<void*>(index_slot)},
      {Py_mp_length, reinterpret_cast<void*>(length_slot)},
      {Py_mp_subscript, reinterpret_cast<void*>(get_item)},
      {Py_mp_ass_subscript, reinterpret_cast<void*>(set_item)},
      {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
      {Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)},
      {0, nullptr},
  };
  PyType_Spec spec = {"tinygrad_ext.Tensor", sizeof(TensorImpl), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                      slots};
  g_tensor_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!g_tensor_type) throw PythonError{};
}

}  // namespace tg::bind
