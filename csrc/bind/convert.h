// Python objects to the argument types of operations, and results back.
#pragma once
#include <Python.h>

#include <optional>
#include <string_view>
#include <vector>

#include "bind/errors.h"
#include "bind/signature.h"
#include "core/errors.h"
#include "core/random.h"
#include "ops/arguments.h"
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
ops::Number to_number(const char* op, const Param& p, PyObject* o);
Ints to_ints(const char* op, const Param& p, PyObject* o);
bool looks_like_list(PyObject* o);

// dtypes: tinygrad_ext's, NumPy's, or a name.
PyObject* dtype_object(DType t);
std::optional<DType> dtype_from(PyObject* o);
DType to_dtype(const char* op, PyObject* o);

ops::Number to_number(const char* op, const Param& p, PyObject* o);
// device, layout, memory_format or pin_memory, by the parameter's name; throws where it asks for what does not exist here.
ops::Neutral to_neutral(const char* op, const Param& p, PyObject* o);
Generator* to_generator(const char* op, const Param& p, PyObject* o);

// Any object, for functions that look into it themselves.
struct Object {
  PyObject* o = Py_None;
};

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
  void push(const char* op, const Param& param, PyObject* o) { ints.push_back(to_int(op, param, o)); }
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
struct Arg<std::vector<int64_t>> {
  std::vector<int64_t> v;
  void set(const char* op, const Param& param, PyObject* o);
  const std::vector<int64_t>& value() const { return v; }
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
struct Arg<std::optional<bool>> {
  std::optional<bool> v;
  void set(const char* op, const Param& param, PyObject* o);
  std::optional<bool> value() const { return v; }
};
template <>
struct Arg<std::vector<double>> {
  std::vector<double> v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None) return;
    if (!looks_like_list(o)) wrong_type(op, param, o);
    PyObject** items = PySequence_Fast_ITEMS(o);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) v.push_back(to_double(op, param, items[i]));
  }
  const std::vector<double>& value() const { return v; }
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
inline void Arg<std::optional<bool>>::set(const char* op, const Param& param, PyObject* o) {
  if (o == Py_None) return;
  Arg<bool> given;
  given.set(op, param, o);
  v = given.v;
}
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
struct Arg<std::optional<std::string_view>> {
  std::optional<std::string_view> v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None) return;
    if (!PyUnicode_Check(o)) wrong_type(op, param, o);
    const char* text = PyUnicode_AsUTF8(o);
    if (!text) throw PythonError{};
    v = text;
  }
  std::optional<std::string_view> value() const { return v; }
};
template <>
struct Arg<std::string_view> {
  std::string_view v;
  void set(const char* op, const Param& param, PyObject* o) {
    if (o == Py_None && param.none) return;
    if (!PyUnicode_Check(o)) wrong_type(op, param, o);
    const char* text = PyUnicode_AsUTF8(o);
    if (!text) throw PythonError{};
    v = text;
  }
  std::string_view value() const { return v; }
};

template <>
struct Arg<Generator*> {
  Generator* v = nullptr;
  void set(const char* op, const Param& param, PyObject* o) {
    v = o == Py_None ? &default_generator() : to_generator(op, param, o);
  }
  Generator* value() const { return v; }
};
template <>
struct Arg<Object> {
  Object v;
  void set(const char*, const Param&, PyObject* o) { v.o = o; }
  Object value() const { return v; }
};

// Results.
inline PyObject* to_python(PyObject* o) { return o; }
inline PyObject* to_python(Tensor t) { return t.release(); }
template <class R>
  requires std::is_same_v<R, bool>
PyObject* to_python(R truth) {
  return Py_NewRef(truth ? Py_True : Py_False);
}
PyObject* to_python(TensorList list);  // a tuple
inline PyObject* to_python(ops::TensorArgs t) { return t.lone ? to_python(std::move(t.list[0])) : to_python(std::move(t.list)); }
PyObject* pair_to_python(Tensor values, Tensor indices);  // (values, indices), with those names
template <class R>
  requires requires(R r) { r.values, r.indices; }
PyObject* to_python(R r) {
  return r.indices ? pair_to_python(std::move(r.values), std::move(r.indices)) : r.values.release();
}
template <class R>
  requires requires(R r) { r.one, r.many; }
PyObject* to_python(R r) {
  return r.one ? r.one.release() : to_python(std::move(r.many));
}

// A result of several tensors whose struct names them becomes a tuple with those names, as PyTorch's do.
PyTypeObject* named_tuple_type(const char* const* names, int count);
PyObject* named_tuple(PyTypeObject* type, Tensor* tensors, int count);
template <class R>
  requires requires { R::fields; }
PyObject* to_python(R r) {
  constexpr int count = int(std::size(R::fields));
  static_assert(sizeof(R) == size_t(count) * sizeof(Tensor), "nothing but one tensor a name");
  static PyTypeObject* const type = named_tuple_type(R::fields, count);
  return named_tuple(type, reinterpret_cast<Tensor*>(&r), count);
}

void init_results();  // makes the type of named pairs

}  // namespace tg::bind
