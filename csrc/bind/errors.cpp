// C++ exceptions to Python exceptions.
#include "bind/errors.h"

#include <pybind11/pybind11.h>

#include <new>

#include "core/errors.h"
#include "ops/lapack.h"

namespace tg::bind {

void set_python_error() {
  try {
    throw;
  } catch (const PythonError&) {
  } catch (pybind11::error_already_set& e) {
    e.restore();
  } catch (const TypeError& e) {
    PyErr_SetString(PyExc_TypeError, e.what());
  } catch (const ValueError& e) {
    PyErr_SetString(PyExc_ValueError, e.what());
  } catch (const IndexError& e) {
    PyErr_SetString(PyExc_IndexError, e.what());
  } catch (const MemoryError& e) {
    PyErr_SetString(PyExc_MemoryError, e.what());
  } catch (const ops::LinAlgError& e) {
    PyErr_SetString(g_linalg_error, e.what());
  } catch (const std::bad_alloc&) {
    PyErr_SetString(PyExc_MemoryError, "tinygrad_ext: not enough memory for this tensor");
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  }
}

}  // namespace tg::bind
