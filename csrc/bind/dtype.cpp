// dtype objects: tinygrad_ext.float32 and its siblings.
#include "bind/dtype.h"

#include <string>

#include "bind/convert.h"

namespace py = pybind11;

namespace tg::bind {
namespace {

struct PyDType {
  DType value;
};
PyObject* g_objects[kNumDTypes];

constexpr DType kAll[] = {DType::float32, DType::float64, DType::int64, DType::int32, DType::uint8, DType::bool_};

}  // namespace

PyObject* dtype_object(DType t) { return g_objects[int(t)]; }

std::optional<DType> dtype_of_array(const py::array& array) {
  const py::dtype d = array.dtype();
  if (d.byteorder() == '>') return {};
  for (DType t : kAll)
    if (d.kind() == numpy_dtype(t).kind() && d.itemsize() == py::ssize_t(itemsize(t))) return t;
  return {};
}

py::dtype numpy_dtype(DType t) {
  if (t == DType::bfloat16) fail<TypeError>("numpy(): NumPy has no bfloat16; convert the tensor with .float() first");
  return visit(t, [](auto zero) { return py::dtype::of<decltype(zero)>(); });
}

std::optional<DType> dtype_from(PyObject* o) {
  for (int t = 0; t < kNumDTypes; ++t)
    if (g_objects[t] == o) return DType(t);
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return DType::float32;
  if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::int64;
  if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::bool_;
  if (o == Py_None) return {};
  if (!PyUnicode_Check(o) && !PyType_Check(o) && !py::isinstance<py::dtype>(py::handle(o))) return {};
  if (PyUnicode_Check(o) && PyUnicode_CompareWithASCIIString(o, name(DType::bfloat16)) == 0) return DType::bfloat16;
  try {
    const std::string text = py::str(py::module_::import("numpy").attr("dtype")(py::handle(o)));
    for (DType t : kAll)
      if (text == name(t)) return t;
  } catch (py::error_already_set&) {
  }
  return {};
}

void init_dtypes(py::module_& m) {
  py::class_<PyDType>(m, "dtype", "An element type: float32, float64, bfloat16, int64, int32, uint8 or bool.")
      .def("__repr__", [](const PyDType& d) { return std::string("tinygrad_ext.") + name(d.value); })
      .def_property_readonly("name", [](const PyDType& d) { return name(d.value); })
      .def_property_readonly(
          "itemsize", [](const PyDType& d) { return itemsize(d.value); }, "Bytes per element.")
      .def_property_readonly("is_floating_point", [](const PyDType& d) { return is_floating(d.value); })
      .def_property_readonly(
          "numpy", [](const PyDType& d) { return numpy_dtype(d.value); }, "NumPy's dtype of the same elements.")
      .def("__eq__", [](const PyDType& d, const py::object& other) { return dtype_from(other.ptr()) == d.value; })
      .def("__hash__", [](const PyDType& d) { return int(d.value); })
      .def("__reduce__", [](const PyDType& d) { return std::string(name(d.value)); });
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType t = DType(i);
    py::object o = py::cast(PyDType{t});
    g_objects[i] = o.inc_ref().ptr();
    m.attr(name(t)) = o;
  }
}

}  // namespace tg::bind
