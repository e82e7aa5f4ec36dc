// What a tensor is, asked as methods, attributes and functions: its shape, its memory, its element type.
#include "bind/module.h"
#include "bind/size.h"
#include "bind/slots.h"
#include "ops/functions.h"

namespace tg::bind {
namespace {

const Tensor& handle(PyObject* const& o) { return Tensor::view_handle(reinterpret_cast<TensorImpl* const&>(o)); }

template <PyObject* (*F)(const Tensor&)>
PyObject* getter(PyObject* self, void*) {
  return guarded([&] { return F(handle(self)); });
}
template <PyObject* (*F)(const Tensor&)>
PyObject* method(PyObject* self, PyObject*) {
  return guarded([&] { return F(handle(self)); });
}
template <bool Answer>
PyObject* always(PyObject*, PyObject*) {
  return PyBool_FromLong(Answer);
}
template <bool Answer>
PyObject* always_attribute(PyObject*, void*) {
  return PyBool_FromLong(Answer);
}

PyObject* get_shape(const Tensor& t) { return size_object(t.shape()); }
PyObject* get_ndim(const Tensor& t) { return PyLong_FromLong(t.ndim()); }
PyObject* get_dtype(const Tensor& t) { return Py_NewRef(dtype_object(t.dtype())); }
PyObject* get_itemsize(const Tensor& t) { return PyLong_FromSize_t(itemsize(t.dtype())); }
PyObject* get_nbytes(const Tensor& t) { return PyLong_FromSize_t(size_t(t.numel()) * itemsize(t.dtype())); }
PyObject* get_numel(const Tensor& t) { return PyLong_FromLongLong(t.numel()); }
PyObject* get_data_ptr(const Tensor& t) { return PyLong_FromVoidPtr(t.bytes()); }
PyObject* get_storage_offset(const Tensor& t) {
  return PyLong_FromLongLong((t.bytes() - t->storage->data()) / int64_t(itemsize(t.dtype())));
}
PyObject* get_device(const Tensor&) {
  static PyObject* cpu = PyUnicode_InternFromString("cpu");
  return Py_NewRef(cpu);
}
PyObject* get_device_number(const Tensor&) { return PyLong_FromLong(-1); }
PyObject* get_is_floating(const Tensor& t) { return PyBool_FromLong(is_floating(t.dtype())); }
PyObject* get_is_signed(const Tensor& t) { return PyBool_FromLong(t.dtype() != DType::uint8 && t.dtype() != DType::bool_); }
PyObject* get_is_inference(const Tensor& t) { return PyBool_FromLong(t->inference); }
PyObject* get_is_nonzero(const Tensor& t) {
  if (t.numel() != 1)
    fail<RuntimeError>("is_nonzero(): only a one-element tensor is zero or not, this one has shape ", Show{t.shape()});
  return PyBool_FromLong(is_floating(t.dtype()) ? t.scalar<double>() != 0 : t.scalar<int64_t>() != 0);
}
PyObject* get_T(const Tensor& t) {
  Ints dims;
  for (int d = t.ndim(); d-- > 0;) dims.push_back(d);
  return ops::permute(t, dims).release();
}
PyObject* get_mT(const Tensor& t) {
  if (t.ndim() < 2) fail<RuntimeError>("mT: at least 2 dims are needed, the shape is ", Show{t.shape()});
  return ops::transpose(t, -2, -1).release();
}
PyObject* get_H(const Tensor& t) {
  if (t.ndim() != 2) fail<RuntimeError>("H: a matrix is needed, the shape is ", Show{t.shape()}, "; use mH");
  return ops::transpose(t, 0, 1).release();
}

[[noreturn]] void per_element(const char* name) {
  fail<RuntimeError>(name, "(): calling Python for every element is not supported; use operations, or x.numpy()");
}
PyObject* refuse_apply(const Tensor&) { per_element("apply_"); }
PyObject* refuse_map(PyObject*, PyObject* const*, Py_ssize_t) {
  return guarded([]() -> PyObject* { per_element("map_"); });
}

// The one argument of a method that takes at most one, or null.
PyObject* lone_argument(const char* op, const char* name, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  if (nargs + keywords > 1) fail<TypeError>(op, "(): takes at most 1 argument, got ", nargs + keywords);
  if (keywords && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), name) != 0) {
    const char* given = PyUnicode_AsUTF8(PyTuple_GET_ITEM(kwnames, 0));
    PyErr_Clear();
    fail<TypeError>(op, "(): unknown argument '", given ? given : "?", "'; it has: ", name);
  }
  return nargs + keywords && args[0] != Py_None ? args[0] : nullptr;
}

// One of a property's values per dim.
PyObject* of_dim(const char* op, Span values, PyObject* dim) {
  const Py_ssize_t wanted = PyNumber_AsSsize_t(dim, PyExc_IndexError);
  if (wanted == -1 && PyErr_Occurred()) throw PythonError{};
  if (values.empty()) fail<IndexError>(op, "(): a 0-d tensor has no dims, got dim ", wanted);
  return PyLong_FromLongLong(values[size_t(normalize_dim(op, wanted, int(values.size())))]);
}

PyObject* size(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&] {
    const Span shape = handle(self).shape();
    PyObject* dim = lone_argument("size", "dim", args, nargs, kwnames);
    return dim ? of_dim("size", shape, dim) : size_object(shape);
  });
}

PyObject* stride(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&] {
    const Span strides = handle(self).strides();
    if (PyObject* dim = lone_argument("stride", "dim", args, nargs, kwnames)) return of_dim("stride", strides, dim);
    PyObject* all = PyTuple_New(Py_ssize_t(strides.size()));
    if (!all) throw PythonError{};
    for (size_t i = 0; i < strides.size(); ++i) PyTuple_SET_ITEM(all, Py_ssize_t(i), PyLong_FromLongLong(strides[i]));
    return all;
  });
}

PyObject* is_contiguous(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&] {
    static const Param param = [] {
      Param p;
      p.name = "memory_format";
      return p;
    }();
    if (PyObject* format = lone_argument("is_contiguous", "memory_format", args, nargs, kwnames))
      Arg<ops::MemoryFormat>().set("is_contiguous", param, format);
    return PyBool_FromLong(handle(self).contiguous());
  });
}

const Tensor& checked(const char* op, PyObject* const& o) {
  if (!is_tensor(o)) fail<TypeError>(op, "(): expected a Tensor, got ", Py_TYPE(o)->tp_name);
  return handle(o);
}

PyObject* is_same_size(PyObject* self, PyObject* other) {
  return guarded([&] { return PyBool_FromLong(same(handle(self).shape(), checked("is_same_size", other).shape())); });
}

// --- functions

PyObject* is_tensor_function(PyObject*, PyObject* o) { return PyBool_FromLong(is_tensor(o)); }
PyObject* numel_function(PyObject*, PyObject* o) {
  return guarded([&] { return get_numel(checked("numel", o)); });
}
PyObject* is_floating_function(PyObject*, PyObject* o) {
  return guarded([&] { return get_is_floating(checked("is_floating_point", o)); });
}
PyObject* is_signed_function(PyObject*, PyObject* o) {
  return guarded([&] { return get_is_signed(checked("is_signed", o)); });
}
PyObject* is_inference_function(PyObject*, PyObject* o) {
  return guarded([&] { return get_is_inference(checked("is_inference", o)); });
}
PyObject* is_complex_function(PyObject*, PyObject* o) {
  return guarded([&] { return checked("is_complex", o), Py_NewRef(Py_False); });
}
PyObject* is_nonzero_function(PyObject*, PyObject* o) {
  return guarded([&] { return get_is_nonzero(checked("is_nonzero", o)); });
}
PyObject* is_same_size_function(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return guarded([&] {
    if (nargs != 2) fail<TypeError>("is_same_size(): takes 2 tensors, got ", nargs, " arguments");
    return PyBool_FromLong(same(checked("is_same_size", args[0]).shape(), checked("is_same_size", args[1]).shape()));
  });
}

}  // namespace

std::vector<PyGetSetDef> layout_attributes() {
  return {
      {"shape", getter<get_shape>, nullptr, "The size of each dim, a tuple of ints.", nullptr},
      {"dtype", getter<get_dtype>, nullptr, "The element type.", nullptr},
      {"ndim", getter<get_ndim>, nullptr, "The number of dims.", nullptr},
      {"itemsize", getter<get_itemsize>, nullptr, "Bytes per element.", nullptr},
      {"nbytes", getter<get_nbytes>, nullptr, "Bytes of all elements.", nullptr},
      {"device", getter<get_device>, nullptr, "Always 'cpu'.", nullptr},
      {"is_cpu", always_attribute<true>, nullptr, "Always True.", nullptr},
      {"is_cuda", always_attribute<false>, nullptr, "Always False.", nullptr},
      {"T", getter<get_T>, nullptr, "The dims in reverse order.", nullptr},
      {"mT", getter<get_mT>, nullptr, "The last two dims swapped.", nullptr},
      {"H", getter<get_H>, nullptr, "The transpose of a matrix; all numbers are real.", nullptr},
      {"mH", getter<get_mT>, nullptr, "The last two dims swapped; all numbers are real.", nullptr},
  };
}

std::vector<PyMethodDef> layout_methods() {
  constexpr int plain = METH_NOARGS, fast = METH_FASTCALL, fast_kw = METH_FASTCALL | METH_KEYWORDS;
  return {
      {"size", as_pycfunction(size), fast_kw, "size(dim=None): the shape, or the size of one dim."},
      {"stride", as_pycfunction(stride), fast_kw, "stride(dim=None): the step of each dim in elements, or of one dim."},
      {"dim", method<get_ndim>, plain, "The number of dims."},
      {"ndimension", method<get_ndim>, plain, "The number of dims."},
      {"numel", method<get_numel>, plain, "The number of elements."},
      {"nelement", method<get_numel>, plain, "The number of elements."},
      {"is_contiguous", as_pycfunction(is_contiguous), fast_kw,
       "is_contiguous(memory_format=None): whether the elements stand in row-major order without gaps."},
      {"element_size", method<get_itemsize>, plain, "Bytes per element."},
      {"storage_offset", method<get_storage_offset>, plain, "Where the first element stands in the memory, in elements."},
      {"data_ptr", method<get_data_ptr>, plain, "The address of the first element."},
      {"get_device", method<get_device_number>, plain, "-1: the only device is the CPU."},
      {"is_floating_point", method<get_is_floating>, plain, "Whether the dtype is float32, float64 or bfloat16."},
      {"is_complex", always<false>, plain, "False: there are no complex dtypes."},
      {"is_signed", method<get_is_signed>, plain, "Whether the dtype has negative numbers."},
      {"is_inference", method<get_is_inference>, plain, "Whether an operation made this tensor under inference_mode."},
      {"is_nonzero", method<get_is_nonzero>, plain, "Whether the one element is not zero."},
      {"is_same_size", is_same_size, METH_O, "Whether another tensor has the same shape."},
      {"apply_", method<refuse_apply>, METH_O, "Not supported: use operations."},
      {"map_", as_pycfunction(refuse_map), fast, "Not supported: use operations."},
  };
}

void init_layout(pybind11::module_& m) {
  static PyMethodDef functions[] = {
      {"is_tensor", is_tensor_function, METH_O, "Whether an object is a Tensor."},
      {"numel", numel_function, METH_O, "The number of elements."},
      {"is_floating_point", is_floating_function, METH_O, "Whether a tensor's dtype is float32, float64 or bfloat16."},
      {"is_signed", is_signed_function, METH_O, "Whether a tensor's dtype has negative numbers."},
      {"is_inference", is_inference_function, METH_O, "Whether an operation made a tensor under inference_mode."},
      {"is_complex", is_complex_function, METH_O, "False for every tensor: there are no complex dtypes."},
      {"is_nonzero", is_nonzero_function, METH_O, "Whether the one element of a tensor is not zero."},
      {"is_same_size", as_pycfunction(is_same_size_function), METH_FASTCALL, "Whether two tensors have the same shape."},
      {nullptr, nullptr, 0, nullptr}};
  if (PyModule_AddFunctions(m.ptr(), functions) < 0) throw PythonError{};
  // Strings: row-major order is the one there is, and these are only checked.
  m.attr("contiguous_format") = "contiguous_format";
  m.attr("preserve_format") = "preserve_format";
}

}  // namespace tg::bind
