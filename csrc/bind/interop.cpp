// Tensors from and to Python data and NumPy arrays.
#include "bind/interop.h"

#include <cstring>

#include "bind/convert.h"
#include "bind/dtype.h"
#include "ops/common.h"

namespace tg::bind {
namespace {

// Nested lists of numbers, read in two passes: shape and category first, then the values.
struct Nested {
  explicit Nested(const char* o) : op(o) {}
  const char* op;
  Shape shape;
  Category kind = Category::boolean;
  bool foreign = false;  // something NumPy has to look at

  void scan(PyObject* o, int depth) {
    if (!looks_like_list(o)) {
      if (depth != shape.size()) ragged("a number where a list was expected");
      if (PyFloat_CheckExact(o)) {
        kind = Category::floating;
      } else if (PyBool_Check(o)) {
      } else if (PyLong_CheckExact(o)) {
        kind = std::max(kind, Category::integer);
      } else if (o == Py_None || PyUnicode_Check(o) || PyBytes_Check(o)) {
        fail<TypeError>(op, "(): cannot make a tensor of ", Py_TYPE(o)->tp_name,
                        "; give numbers, nested lists, an array or a tensor");
      } else {
        foreign = true;
      }
      return;
    }
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    if (depth == shape.size()) {
      if (sealed) ragged("a list where a number was expected");
      shape.push_back(n);
    } else if (shape[depth] != n) {
      fail<ValueError>(op, "(): the nested lists are ragged: lists of ", shape[depth], " and of ", n, " elements side by side");
    }
    PyObject** items = PySequence_Fast_ITEMS(o);
    for (Py_ssize_t i = 0; i < n && !foreign; ++i) {
      scan(items[i], depth + 1);
      sealed = true;
    }
  }

  template <class T>
  static void read(PyObject* o, T*& out) {
    if (looks_like_list(o)) {
      PyObject** items = PySequence_Fast_ITEMS(o);
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) read(items[i], out);
    } else if constexpr (std::is_floating_point_v<T>) {
      const double v = PyFloat_AsDouble(o);
      if (v == -1 && PyErr_Occurred()) throw PythonError{};
      *out++ = T(v);
    } else {
      const int64_t v = PyFloat_Check(o) ? int64_t(PyFloat_AS_DOUBLE(o)) : PyLong_AsLongLong(o);
      if (v == -1 && PyErr_Occurred()) throw PythonError{};
      *out++ = static_cast<T>(v);
    }
  }

 private:
  bool sealed = false;  // the depth is known
  [[noreturn]] void ragged(const char* what) const { fail<ValueError>(op, "(): the nested lists are ragged: ", what); }
};

Tensor through_numpy(const char* op, PyObject* data, std::optional<DType> dtype) {
  py::array array;
  try {
    array = py::module_::import("numpy").attr("asarray")(py::handle(data)).cast<py::array>();
  } catch (py::error_already_set& e) {
    if (e.matches(PyExc_ValueError)) fail<ValueError>(op, "(): cannot make a tensor of this: ", e.what());
    throw;
  }
  if (!dtype_of_array(array)) {
    fail<TypeError>(op, "(): cannot make a tensor of an array of dtype ", std::string(py::str(array.dtype())),
                    "; the dtypes are float32, float64, int64, int32, uint8, bool");
  }
  Tensor t = tensor_from_array(op, array, false);
  return dtype ? ops::cast(t, *dtype) : t;
}

}  // namespace

Tensor tensor_from_data(const char* op, PyObject* data, std::optional<DType> dtype) {
  if (is_tensor(data)) {
    Tensor source = as_tensor(data);
    return dtype && *dtype != source.dtype() ? ops::cast(source, *dtype) : ops::clone_values(source);
  }
  Nested nested(op);
  nested.scan(data, 0);
  if (nested.foreign) return through_numpy(op, data, dtype);
  // An empty list is a float32 tensor of no elements, as in PyTorch.
  const int64_t numel = checked_numel(op, nested.shape);
  const DType t = dtype ? *dtype : numel == 0 ? default_float() : default_dtype(nested.kind);
  Tensor out = empty(nested.shape, t);
  if (t == DType::bfloat16) return ops::cast(tensor_from_data(op, data, DType::float32), t);
  visit(t, [&](auto zero) {
    auto* p = out.data<decltype(zero)>();
    Nested::read(data, p);
  });
  return out;
}

bool shareable(const py::array& array) {
  const py::ssize_t size = array.itemsize();
  bool fits = reinterpret_cast<uintptr_t>(array.data()) % uintptr_t(size) == 0;
  for (py::ssize_t d = 0; d < array.ndim(); ++d) fits &= array.strides(d) >= 0 && array.strides(d) % size == 0;
  return fits;
}

Tensor tensor_from_array(const char* op, const py::array& array, bool share) {
  const std::optional<DType> dtype = dtype_of_array(array);
  if (!dtype) {
    fail<TypeError>(op, "(): an array of dtype ", std::string(py::str(array.dtype())),
                    " has no counterpart; the dtypes are float32, float64, int64, int32, uint8, bool");
  }
  Shape shape;
  Ints strides;
  const int64_t size = int64_t(itemsize(*dtype));
  for (py::ssize_t d = 0; d < array.ndim(); ++d) {
    shape.push_back(array.shape(d));
    strides.push_back(array.strides(d) / size);
  }
  if (share) {
    if (!shareable(array))
      fail<ValueError>(op, "(): an array with negative or uneven strides, or misaligned, cannot be shared; pass array.copy()");
    if (!array.writeable())
      fail<ValueError>(op, "(): the array is read-only, and a tensor on it could write to it; pass array.copy()");
    PyObject* owner = Py_NewRef(array.ptr());
    Storage* storage = Storage::borrow(const_cast<void*>(array.data()), size_t(array.nbytes()), owner,
                                       [](void* o) { Py_DECREF(static_cast<PyObject*>(o)); });
    Tensor t = on_storage(storage, storage->data(), shape, strides, *dtype);
    storage->drop();
    return t;
  }
  Tensor out = empty(shape, *dtype);
  if (out.numel() == 0) return out;
  const bool plain = (array.flags() & py::array::c_style) != 0;
  const py::array source = plain ? array : py::array::ensure(array, py::array::c_style);
  std::memcpy(out.bytes(), source.data(), size_t(out.numel() * size));
  return out;
}

py::array array_on(const Tensor& t) {
  std::vector<py::ssize_t> shape, strides;
  const py::ssize_t size = py::ssize_t(itemsize(t.dtype()));
  for (int d = 0; d < t.ndim(); ++d) {
    shape.push_back(t.size(d));
    strides.push_back(t.stride(d) * size);
  }
  char* data = t.bytes();
  t->storage->retain();
  py::capsule owner(t->storage, [](void* s) { static_cast<Storage*>(s)->drop(); });
  return py::array(numpy_dtype(t.dtype()), shape, strides, data, owner);
}

Tensor from_array_like(PyObject* o) {
  py::handle h(o);
  if (py::isinstance<py::array>(h)) return tensor_from_array("tensor", py::reinterpret_borrow<py::array>(h), false);
  static PyObject* generic = py::object(py::module_::import("numpy").attr("generic")).release().ptr();
  if (PyObject_IsInstance(o, generic) == 1) {
    // A NumPy scalar acts as the Python number it holds.
    PyObject* plain = PyObject_CallMethod(o, "item", nullptr);
    if (!plain) throw PythonError{};
    Tensor t = from_number(plain);
    Py_DECREF(plain);
    return t;
  }
  return Tensor();
}

}  // namespace tg::bind
