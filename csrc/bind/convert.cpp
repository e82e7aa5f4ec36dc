// Python objects to argument types.
#include "bind/convert.h"

#include <structseq.h>

#include <string>

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

bool looks_like_list(PyObject* o) { return PyTuple_Check(o) || PyList_Check(o); }

Ints to_ints(const char* op, const Param& p, PyObject* o) {
  if (!looks_like_list(o)) return {to_int(op, p, o)};
  Ints out;
  PyObject** items = PySequence_Fast_ITEMS(o);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) out.push_back(to_int(op, p, items[i]));
  return out;
}

void Arg<TensorList>::set(const char* op, const Param& param, PyObject* o) {
  if (!looks_like_list(o)) wrong_type(op, param, o);
  PyObject** items = PySequence_Fast_ITEMS(o);
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  list.reserve(size_t(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (!is_tensor(items[i]))
      fail<TypeError>(op, "(): element ", i, " of '", param.name, "' must be a Tensor, got ", show(items[i]));
    list.push_back(Tensor::borrow(static_cast<TensorImpl*>(items[i])));
  }
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
  PyObject* pair = PyStructSequence_New(g_pair_type);
  if (!pair) throw PythonError{};
  PyStructSequence_SetItem(pair, 0, values.release());
  PyStructSequence_SetItem(pair, 1, indices.release());
  return pair;
}

DType to_dtype(const char* op, PyObject* o) {
  if (std::optional<DType> t = dtype_from(o)) return *t;
  fail<TypeError>(op, "(): ", show(o), " is not a dtype; use one of float32, float64, int64, int32, uint8, bool");
}

}  // namespace tg::bind
