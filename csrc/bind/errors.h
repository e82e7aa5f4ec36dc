// C++ exceptions to Python exceptions, in one place.
#pragma once
#include <Python.h>

namespace tg::bind {

// Thrown where Python's error indicator is set already.
struct PythonError {};

// tg.linalg.LinAlgError, a RuntimeError; null until the module is made.
extern PyObject* g_linalg_error;

// Sets the Python error for the exception being handled; call inside catch (...).
void set_python_error();

// Runs f, which returns a PyObject* (or int); turns what it throws into a Python error.
template <class F>
PyObject* guarded(F&& f) {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return nullptr;
  }
}
template <class F>
int guarded_int(F&& f) {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return -1;
  }
}

}  // namespace tg::bind
