// Python numbers as doubles that remember whether they were ints.
#include "micrograd/number.h"

#include <cmath>

namespace tg::micrograd {
namespace {

constexpr double kExact = 9007199254740992;  // 2^53

bool shown_as_int(Number n) { return n.is_int && std::fabs(n.value) <= kExact; }

int from_long(PyObject* o, Number& n) {
  n = {PyLong_AsDouble(o), true};
  return n.value == -1 && PyErr_Occurred() ? -1 : 1;
}

// Attribute of o, or null without an error.
PyObject* attribute(PyObject* o, const char* name) {
  PyObject* found = PyObject_GetAttrString(o, name);
  if (!found) PyErr_Clear();
  return found;
}

// Whether o is an array or tensor of several elements (or of none): no number, though it may know how to multiply.
bool has_several_elements(PyObject* o) {
  PyObject* size = attribute(o, "shape");
  bool several = false;
  if (size && PyTuple_Check(size)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(size); ++i) {
      if (PyLong_AsLong(PyTuple_GET_ITEM(size, i)) != 1) several = true;
      PyErr_Clear();
    }
  }
  Py_XDECREF(size);
  return several;
}

// An array or tensor of one element is asked for it.
int from_item(PyObject* o, PyObject* item, Number& n) {
  PyObject* wants = attribute(o, "requires_grad");
  const int lost = wants ? PyObject_IsTrue(wants) : 0;
  Py_XDECREF(wants);
  if (lost) {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError,
                 "Value: a %s that requires grad is no constant, its gradient would be lost; use .item() if that is meant",
                 Py_TYPE(o)->tp_name);
    return -1;
  }
  PyObject* element = PyObject_CallNoArgs(item);
  if (!element) return -1;
  const int found = PyFloat_Check(element) || PyLong_Check(element) ? to_number(element, n) : 0;
  Py_DECREF(element);
  return found;
}

}  // namespace

int to_number(PyObject* o, Number& n) {
  if (PyFloat_Check(o)) {
    n = {PyFloat_AS_DOUBLE(o), false};
    return 1;
  }
  if (PyLong_Check(o)) return from_long(o, n);
  const PyNumberMethods* methods = Py_TYPE(o)->tp_as_number;
  if (!methods || !(methods->nb_float || methods->nb_index)) return 0;
  if (methods->nb_index) {
    if (PyObject* whole = PyNumber_Index(o)) {
      const int found = from_long(whole, n);
      Py_DECREF(whole);
      return found;
    }
    PyErr_Clear();  // arrays refuse where they have several elements, or floats
  }
  if (!methods->nb_float || has_several_elements(o)) return 0;
  if (PyObject* item = attribute(o, "item")) {
    const int found = from_item(o, item, n);
    Py_DECREF(item);
    return found;
  }
  n = {PyFloat_AsDouble(o), false};
  return n.value == -1 && PyErr_Occurred() ? -1 : 1;
}

std::string text(Number n) {
  if (shown_as_int(n)) return std::to_string(static_cast<long long>(n.value));
  char* digits = PyOS_double_to_string(n.value, 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
  std::string shown = digits ? digits : "?";
  PyMem_Free(digits);
  return shown;
}

PyObject* to_object(Number n) {
  return shown_as_int(n) ? PyLong_FromLongLong(static_cast<long long>(n.value)) : PyFloat_FromDouble(n.value);
}

}  // namespace tg::micrograd
