// The Tensor type: number, mapping and comparison slots, attributes.
#pragma once
#include <Python.h>

#include <vector>

#include "bind/call.h"

namespace tg::bind {

// Creates the heap type with a method for every entry that has one. Called once.
void make_tensor_type(const std::vector<Entry>& entries);

// Attributes and hand-written methods, by file.
std::vector<PyGetSetDef> tensor_attributes();
std::vector<PyMethodDef> tensor_methods();
std::vector<PyGetSetDef> layout_attributes();
std::vector<PyMethodDef> layout_methods();
std::vector<PyMethodDef> conversion_methods();

// The buffer protocol (buffer.cpp).
int get_buffer(PyObject* self, Py_buffer* view, int flags);
void release_buffer(PyObject* self, Py_buffer* view);

// The vectorcall signature of hand-written methods.
using FastMethod = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);

}  // namespace tg::bind
