// x[...] and x[...] = v.
#pragma once
#include <Python.h>

namespace tg::bind {

PyObject* get_item(PyObject* self, PyObject* key);
int set_item(PyObject* self, PyObject* key, PyObject* value);  // deletion is refused

}  // namespace tg::bind
