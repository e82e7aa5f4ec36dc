// What one parameter's slot becomes where operations take types of their own (ops/arguments.h).
#pragma once
#include "bind/convert.h"

namespace tg::bind {

template <>
struct Arg<ops::IntOrInts> {
  ops::IntOrInts v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None && param.none) return;
    v.listed = looks_like_list(o);
    v.values = to_ints(op, param, o);
  }
  const ops::IntOrInts& value() const { return v; }
};

template <>
struct Arg<ops::IntsOrTensor> {
  ops::IntsOrTensor v;
  void set(const char* op, const Param& param, PyObject* o);
  const ops::IntsOrTensor& value() const { return v; }
};

template <>
struct Arg<ops::ShapeOrDType> {
  ops::ShapeOrDType v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (!PyLong_Check(o) && !looks_like_list(o)) v.dtype = dtype_from(o);
    if (!v.dtype) v.shape = to_ints(op, param, o);
  }
  void push(const char* op, const Param& param, PyObject* o) { v.shape.push_back(to_int(op, param, o)); }
  const ops::ShapeOrDType& value() const { return v; }
};

template <>
struct Arg<ops::TensorArgs> {
  ops::TensorArgs v;
  void set(const char* op, const Param& param, PyObject* o);
  void push(const char* op, const Param& param, PyObject* o);
  const ops::TensorArgs& value() const { return v; }
};

template <>
struct Arg<ops::MemoryFormat> {
  void set(const char* op, const Param& param, PyObject* o);
  ops::MemoryFormat value() const { return {}; }
};

template <>
struct Arg<ops::SizesOrNone> {
  ops::SizesOrNone v;
  void set(const char* op, const Param& param, PyObject* o);
  const ops::SizesOrNone& value() const { return v; }
};

template <>
struct Arg<ops::IntOrTensor> {
  ops::IntOrTensor v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None) return;
    if (is_tensor(o))
      v.tensor = Tensor::borrow(static_cast<TensorImpl*>(o));
    else
      v.number = to_int(op, param, o);
  }
  const ops::IntOrTensor& value() const { return v; }
};

template <>
struct Arg<ops::DimsOrFlag> {
  ops::DimsOrFlag v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (PyBool_Check(o))
      v.flag = o == Py_True;
    else if (o != Py_None)
      v.dims = to_ints(op, param, o);
  }
  const ops::DimsOrFlag& value() const { return v; }
};

template <>
struct Arg<ops::DimPairs> {
  ops::DimPairs v;
  void set(const char* op, const Param& param, PyObject* o);
  const ops::DimPairs& value() const { return v; }
};

template <>
struct Arg<ops::NormOrder> {
  ops::NormOrder v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None) return;
    if (PyUnicode_Check(o)) {
      v.name = PyUnicode_AsUTF8(o);
    } else {
      v.number = to_double(op, param, o);
    }
  }
  const ops::NormOrder& value() const { return v; }
};

template <>
struct Arg<ops::Padding> {
  ops::Padding v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (PyUnicode_Check(o)) {
      const char* name = PyUnicode_AsUTF8(o);
      if (!name) throw PythonError{};
      v.name = name;
    } else {
      v.values = to_ints(op, param, o);
    }
  }
  const ops::Padding& value() const { return v; }
};

template <>
struct Arg<ops::PairFunction> {
  ops::PairFunction f;
  void set(const char* op, const Param& param, PyObject* o);
  const ops::PairFunction& value() const { return f; }
};

template <>
struct Arg<ops::Inplace> {
  Arg<bool> given;
  void set(const char* op, const Param& param, PyObject* o) { given.set(op, param, o); }
  ops::Inplace value() const { return {given.value()}; }
};

template <>
struct Arg<ops::Number> {
  ops::Number v;
  void set(const char* op, const Param& param, PyObject* o) { v = to_number(op, param, o); }
  const ops::Number& value() const { return v; }
};

template <>
struct Arg<std::optional<ops::Number>> {
  std::optional<ops::Number> v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o != Py_None) v = to_number(op, param, o);
  }
  const std::optional<ops::Number>& value() const { return v; }
};

template <>
struct Arg<ops::Neutral> {
  ops::Neutral v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o != Py_None && o != Py_False) v = to_neutral(op, param, o);
  }
  ops::Neutral value() const { return v; }
};

}  // namespace tg::bind
