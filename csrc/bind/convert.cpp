// Python objects to argument types.
#include "bind/convert.h"

#include <structseq.h>

#include <map>
#include <string>

#include "bind/arguments.h"
#include "bind/interop.h"

namespace tg::bind {
namespace {

std::string show(PyObject* o) {
  std::string text = Py_TYPE(o)->tp_name;
  if (PyObject* r = PyObject_Repr(o)) {
    const char* s = PyUnicode_AsUTF8(r);
    if (s) text += std::string(" ") + std::string(s).substr(0, 60);
    Py_DECREF(r);
  }
  PyErr_Clear();
  return text;
}

}  // namespace

void wrong_type(const char* op, const Param& p, PyObject* got) {
  fail<TypeError>(op, "(): argument '", p.name, "' must be ", p.annotation, ", got ", is_tensor(got) ? "a Tensor" : show(got));
}

Tensor from_number(PyObject* o) {
  Tensor t;
  if (PyFloat_Check(o)) {
    t = empty({}, DType::float64);
    *reinterpret_cast<double*>(t->data) = PyFloat_AS_DOUBLE(o);
  } else if (PyBool_Check(o)) {
    t = scalar(int64_t(o == Py_True), DType::bool_);
  } else if (PyLong_Check(o)) {
    const int64_t v = PyLong_AsLongLong(o);
    if (v == -1 && PyErr_Occurred()) throw PythonError{};
    t = scalar(v, DType::int64);
  } else {
    return t;
  }
  t->weak = true;
  return t;
}

Tensor as_operand(PyObject* o) {
  if (is_tensor(o)) return Tensor::borrow(static_cast<TensorImpl*>(o));
  Tensor t = from_number(o);
  return t ? t : from_array_like(o);
}

int64_t to_int(const char* op, const Param& p, PyObject* o) {
  if (PyLong_Check(o)) [[likely]] {
    const int64_t v = PyLong_AsLongLong(o);
    if (v == -1 && PyErr_Occurred()) {
      PyErr_Clear();
      fail<ValueError>(op, "(): argument '", p.name, "' is out of the range of 64-bit integers");
    }
    return v;
  }
  if (PyIndex_Check(o)) {
    PyObject* i = PyNumber_Index(o);
    if (i) {
      const int64_t v = PyLong_AsLongLong(i);
      Py_DECREF(i);
      if (v != -1 || !PyErr_Occurred()) return v;
    }
    PyErr_Clear();
  }
  wrong_type(op, p, o);
}

double to_double(const char* op, const Param& p, PyObject* o) {
  if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
  if (PyNumber_Check(o) && !PyUnicode_Check(o)) {
    const double v = PyFloat_AsDouble(o);
    if (v != -1 || !PyErr_Occurred()) return v;
    PyErr_Clear();
  }
  wrong_type(op, p, o);
}

ops::Number to_number(const char* op, const Param& p, PyObject* o) {
  if (PyFloat_Check(o)) return {Category::floating, 0, PyFloat_AS_DOUBLE(o)};
  if (PyLong_Check(o)) {
    const int64_t v = to_int(op, p, o);
    return {PyBool_Check(o) ? Category::boolean : Category::integer, v, double(v)};
  }
  const Tensor t = as_operand(o);
  if (!t || t.ndim() != 0) wrong_type(op, p, o);
  if (is_floating(t.dtype())) return {Category::floating, 0, t.scalar<double>()};
  return {category(t.dtype()), t.scalar<int64_t>(), t.scalar<double>()};
}

ops::Neutral to_neutral(const char* op, const Param& p, PyObject* o) {
  const char* raw = nullptr;
  PyObject* shown = PyUnicode_Check(o) ? Py_NewRef(o) : PyObject_Str(o);
  if (shown) raw = PyUnicode_AsUTF8(shown);
  std::string text = raw ? raw : "?";
  Py_XDECREF(shown);
  PyErr_Clear();
  if (p.name == "device") {
    if (text != "cpu" && text != "cpu:0") fail<RuntimeError>(op, "(): the only device is 'cpu', got '", text, "'");
    return {};
  }
  text = text.substr(text.rfind('.') + 1);  // torch.strided
  if (p.name == "layout" && text == "strided") return {};
  if (p.name == "memory_format" && text == "preserve_format") return {};
  if (p.name == "memory_format" && text == "contiguous_format") return {.contiguous = true};
  fail<RuntimeError>(op, "(): ", p.name, "=", text, " is not supported");
}

bool looks_like_list(PyObject* o) { return PyTuple_Check(o) || PyList_Check(o); }

Ints to_ints(const char* op, const Param& p, PyObject* o) {
  if (!looks_like_list(o)) return {to_int(op, p, o)};
  Ints out;
  PyObject** items = PySequence_Fast_ITEMS(o);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) out.push_back(to_int(op, p, items[i]));
  return out;
}

void Arg<ops::SizesOrNone>::set(const char* op, const Param& param, PyObject* o) {
  const auto size = [&](PyObject* item) { return item == Py_None ? ops::SizesOrNone::kNone : to_int(op, param, item); };
  if (!looks_like_list(o)) {
    v.values = {size(o)};
    return;
  }
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) v.values.push_back(size(PySequence_Fast_GET_ITEM(o, i)));
}

void Arg<std::vector<int64_t>>::set(const char* op, const Param& param, PyObject* o) {
  if (!looks_like_list(o)) wrong_type(op, param, o);
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  v.reserve(size_t(n));
  for (Py_ssize_t i = 0; i < n; ++i) v.push_back(to_int(op, param, PySequence_Fast_GET_ITEM(o, i)));
}

void Arg<TensorList>::set(const char* op, const Param& param, PyObject* o) {
  if (!looks_like_list(o)) wrong_type(op, param, o);
  PyObject** items = PySequence_Fast_ITEMS(o);
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  list.reserve(size_t(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (items[i] == Py_None && param.none) {
      list.emplace_back();
      continue;
    }
    if (!is_tensor(items[i]))
      fail<TypeError>(op, "(): element ", i, " of '", param.name, "' must be a Tensor, got ", show(items[i]));
    list.push_back(Tensor::borrow(static_cast<TensorImpl*>(items[i])));
  }
}

void Arg<ops::IntsOrTensor>::set(const char* op, const Param& param, PyObject* o) {
  if (is_tensor(o) && param.annotation.find("Tensor") != std::string::npos) {
    v.tensor = Tensor::borrow(static_cast<TensorImpl*>(o));
  } else if (looks_like_list(o) && param.annotation.find("tuple") != std::string::npos) {
    v.listed = true;
    PyObject** items = PySequence_Fast_ITEMS(o);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) v.ints.push_back(to_int(op, param, items[i]));
  } else if (o != Py_None || !param.none) {
    v.ints.push_back(to_int(op, param, o));
  }
}

void Arg<ops::TensorArgs>::set(const char* op, const Param& param, PyObject* o) {
  if (is_tensor(o)) {
    v.lone = true;
    return push(op, param, o);
  }
  Arg<TensorList> listed;
  listed.set(op, param, o);
  v.list = std::move(listed.list);
}

void Arg<ops::TensorArgs>::push(const char* op, const Param& param, PyObject* o) {
  if (!is_tensor(o)) wrong_type(op, param, o);
  v.list.push_back(Tensor::borrow(static_cast<TensorImpl*>(o)));
}

void Arg<ops::MemoryFormat>::set(const char* op, const Param& param, PyObject* o) {
  if (o == param.value || o == Py_None) return;
  if (PyUnicode_Check(o))
    for (const char* format : {"contiguous_format", "preserve_format"})
      if (PyUnicode_CompareWithASCIIString(o, format) == 0) return;
  fail<ValueError>(op, "(): ", param.name, " must be contiguous_format or preserve_format, got ", show(o));
}

void Arg<ops::DimPairs>::set(const char* op, const Param& param, PyObject* o) {
  v.listed = looks_like_list(o);
  if (!v.listed) {
    v.count = to_int(op, param, o);
    return;
  }
  if (PySequence_Fast_GET_SIZE(o) != 2) wrong_type(op, param, o);
  v.a = to_ints(op, param, PySequence_Fast_GET_ITEM(o, 0));
  v.b = to_ints(op, param, PySequence_Fast_GET_ITEM(o, 1));
}

void Arg<ops::PairFunction>::set(const char* op, const Param& param, PyObject* o) {
  if (o == Py_None) return;
  if (!PyCallable_Check(o)) fail<TypeError>(op, "(): argument '", param.name, "' must be a function or None, got ", show(o));
  f.call = [op, o](const Tensor& a, const Tensor& b) {  // o lives as long as the call's arguments
    PyObject* result = PyObject_CallFunctionObjArgs(o, static_cast<PyObject*>(a.get()), static_cast<PyObject*>(b.get()), nullptr);
    if (!result) throw PythonError{};
    if (!is_tensor(result)) {
      const std::string got = show(result);
      Py_DECREF(result);
      fail<TypeError>(op, "(): the function must return a Tensor, got ", got);
    }
    return Tensor::steal(static_cast<TensorImpl*>(result));
  };
}

PyObject* to_python(TensorList list) {
  PyObject* tuple = PyTuple_New(Py_ssize_t(list.size()));
  if (!tuple) throw PythonError{};
  for (size_t i = 0; i < list.size(); ++i) {
    PyObject* item = list[i] ? list[i].release() : Py_NewRef(Py_None);
    PyTuple_SET_ITEM(tuple, Py_ssize_t(i), item);
  }
  return tuple;
}

namespace {
PyTypeObject* g_pair_type = nullptr;
}

void init_results() {
  static PyStructSequence_Field fields[] = {
      {"values", "the extreme values"}, {"indices", "where they stand"}, {nullptr, nullptr}};
  static PyStructSequence_Desc desc = {"tinygrad_ext.ValuesIndices", "A pair (values, indices).", fields, 2};
  g_pair_type = PyStructSequence_NewType(&desc);
  if (!g_pair_type) throw PythonError{};
}

PyObject* pair_to_python(Tensor values, Tensor indices) {
  Tensor pair[] = {std::move(values), std::move(indices)};
  return named_tuple(g_pair_type, pair, 2);
}

PyTypeObject* named_tuple_type(const char* const* names, int count) {
  std::vector<PyStructSequence_Field> fields;
  for (int i = 0; i < count; ++i) fields.push_back({names[i], nullptr});
  fields.push_back({nullptr, nullptr});
  PyStructSequence_Desc desc = {"tinygrad_ext.Results", "Several results, by position or by name.", fields.data(), count};
  PyTypeObject* type = PyStructSequence_NewType(&desc);
  if (!type) throw PythonError{};
  return type;
}

PyObject* named_tuple(PyTypeObject* type, Tensor* tensors, int count) {
  PyObject* tuple = PyStructSequence_New(type);
  if (!tuple) throw PythonError{};
  for (int i = 0; i < count; ++i) PyStructSequence_SetItem(tuple, i, tensors[i].release());
  return tuple;
}

DType to_dtype(const char* op, PyObject* o) {
  if (std::optional<DType> t = dtype_from(o)) return *t;
  fail<TypeError>(op, "(): ", show(o), " is not a dtype; use one of float32, float64, bfloat16, int64, int32, uint8, bool");
}

}  // namespace tg::bind
