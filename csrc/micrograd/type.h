// The Value type: constructor, operators, attributes.
#pragma once
#include <Python.h>

#include <vector>

#include "micrograd/node.h"

namespace tg::micrograd {

// Creates the heap type, once; a borrowed reference, null with Python's error set.
PyObject* make_value_type();

// What stands beside the type in the module.
PyMethodDef* module_functions();

inline bool is_value(PyObject* o) { return Py_TYPE(o) == g_value_type || PyType_IsSubtype(Py_TYPE(o), g_value_type); }

// By file.
std::vector<PyType_Slot> value_operators();
std::vector<PyMethodDef> value_functions();
std::vector<PyGetSetDef> value_attributes();
std::vector<PyMethodDef> value_methods();

// `what` must be a number: sets the TypeError that says what it was.
void refuse_number(const char* what, PyObject* got);
// The values of an iterable, new references; false with Python's error set where one of them is none.
bool to_values(const char* what, PyObject* iterable, std::vector<Value*>& values);

}  // namespace tg::micrograd
