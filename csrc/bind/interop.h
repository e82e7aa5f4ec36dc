// Tensors from and to Python data and NumPy arrays.
#pragma once
#include <pybind11/numpy.h>

#include <optional>

#include "core/tensor.h"

namespace tg::bind {

namespace py = pybind11;

inline Tensor as_tensor(PyObject* o) { return Tensor::borrow(static_cast<TensorImpl*>(o)); }
inline py::object as_object(Tensor t) {
  return py::reinterpret_steal<py::object>(t ? static_cast<PyObject*>(t.release()) : Py_NewRef(Py_None));
}

// A copy of numbers, nested lists, arrays or a tensor. Python floats become float32, ints int64.
Tensor tensor_from_data(const char* op, PyObject* data, std::optional<DType> dtype);

// An array as a tensor; shares memory where `share` asks for it, and then throws where the layout does not allow it.
Tensor tensor_from_array(const char* op, const py::array& array, bool share);
// Whether an array's layout is one that a tensor can have: positive strides of whole, aligned elements.
bool shareable(const py::array& array);
// The array on the tensor's memory.
py::array array_on(const Tensor& t);

}  // namespace tg::bind
