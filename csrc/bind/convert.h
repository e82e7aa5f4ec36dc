// Python objects to the argument types of operations, and results back.
#pragma once
#include <Python.h>

#include <optional>
#include <string_view>

#include "bind/errors.h"
#include "bind/signature.h"
#include "core/errors.h"
#include "ops/common.h"

namespace tg::bind {

inline bool is_tensor(PyObject* o) { return Py_TYPE(o) == g_tensor_type || PyType_IsSubtype(Py_TYPE(o), g_tensor_type); }

// A Python float, int or bool as a tensor without a dtype of its own; empty for anything else.
Tensor from_number(PyObject* o);
// NumPy arrays and scalars as tensors; empty for anything else.
Tensor from_array_like(PyObject* o);
// Whatever can stand beside a tensor in an operator: tensor, number, array. Empty for anything else.
Tensor as_operand(PyObject* o);

[[noreturn]] void wrong_type(const char* op, const Param& p, PyObject* got);

// An index-like integer (int, NumPy integer, one-element integer tensor); throws naming the argument.
int64_t to_int(const char* op, const Param& p, PyObject* o);
double to_double(const char* op, const Param& p, PyObject* o);
Ints to_ints(const char* op, const Param& p, PyObject* o);
bool looks_like_list(PyObject* o);

// dtypes: tinygrad_ext's, NumPy's, or a name.
PyObject* dtype_object(DType t);
std::optional<DType> dtype_from(PyObject* o);
DType to_dtype(const char* op, PyObject* o);

// What one parameter's slot becomes. value() gives what forward takes.
template <class T>
struct Arg;

template <>
struct Arg<Tensor> {
  TensorImpl* p = nullptr;
  Tensor owner;
  void set(const char* op, const Param& param, PyObject* o) {
    if (is_tensor(o)) [[likely]] {
      p = static_cast<TensorImpl*>(o);
      return;
    }
    if (o == Py_None && param.none) return;
    if (param.number) owner = as_operand(o);
    if (!owner) wrong_type(op, param, o);
    p = owner.get();
  }
  const Tensor& value() const { return Tensor::view_handle(p); }
};

template <>
struct Arg<TensorList> {
  TensorList list;
  void set(const char* op, const Param& param, PyObject* o);
  const TensorList& value() const { return list; }
};

template <>
struct Arg<Ints> {
  Ints ints;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None && param.none) return;
    ints = to_ints(op, param, o);
  }
  const Ints& value() const { return ints; }
};

template <>
struct Arg<std::optional<Ints>> {
  std::optional<Ints> ints;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o != Py_None) ints = to_ints(op, param, o);
  }
  const std::optional<Ints>& value() const { return ints; }
};

template <>
struct Arg<ops::IntOrInts> {
  ops::IntOrInts v;
  void set(const char* op, const Param& param, PyObject* o) {
    v.listed = looks_like_list(o);
    v.values = to_ints(op, param, o);
  }
  const ops::IntOrInts& value() const { return v; }
};

template <>
struct Arg<ops::Padding> {
  ops::Padding v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (PyUnicode_Check(o)) {
      v.name = PyUnicode_AsUTF8(o);
    } else {
      v.values = to_ints(op, param, o);
    }
  }
  const ops::Padding& value() const { return v; }
};

template <>
struct Arg<int64_t> {
  int64_t v = 0;
  void set(const char* op, const Param& param, PyObject* o) { v = to_int(op, param, o); }
  int64_t value() const { return v; }
};
template <>
struct Arg<std::optional<int64_t>> {
  std::optional<int64_t> v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o != Py_None) v = to_int(op, param, o);
  }
  std::optional<int64_t> value() const { return v; }
};
template <>
struct Arg<double> {
  double v = 0;
  void set(const char* op, const Param& param, PyObject* o) { v = to_double(op, param, o); }
  double value() const { return v; }
};
template <>
struct Arg<std::optional<double>> {
  std::optional<double> v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o != Py_None) v = to_double(op, param, o);
  }
  std::optional<double> value() const { return v; }
};
template <>
struct Arg<bool> {
  bool v = false;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_True || o == Py_False) {
      v = o == Py_True;
    } else {
      const int truth = PyLong_Check(o) ? PyObject_IsTrue(o) : -1;
      if (truth < 0) wrong_type(op, param, o);
      v = truth;
    }
  }
  bool value() const { return v; }
};
template <>
struct Arg<DType> {
  DType v = DType::float32;
  void set(const char* op, const Param&, PyObject* o) { v = to_dtype(op, o); }
  DType value() const { return v; }
};
template <>
struct Arg<std::optional<DType>> {
  std::optional<DType> v;
  void set(const char* op, const Param&, PyObject* o) {
    if (o != Py_None) v = to_dtype(op, o);
  }
  std::optional<DType> value() const { return v; }
};
template <>
struct Arg<std::string_view> {
  std::string_view v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (!PyUnicode_Check(o)) wrong_type(op, param, o);
    const char* text = PyUnicode_AsUTF8(o);
    if (!text) throw PythonError{};
    v = text;
  }
  std::string_view value() const { return v; }
};

// Results.
inline PyObject* to_python(Tensor t) { return t.release(); }
PyObject* to_python(TensorList list);                     // a tuple
PyObject* pair_to_python(Tensor values, Tensor indices);  // (values, indices), with those names
template <class R>
  requires requires(R r) { r.values, r.indices; }
PyObject* to_python(R r) {
  return r.indices ? pair_to_python(std::move(r.values), std::move(r.indices)) : r.values.release();
}

void init_results();  // makes the type of named pairs

}  // namespace tg::bind
