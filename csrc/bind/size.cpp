// tinygrad_ext.Size: a tuple that stays one when it is sliced, joined or repeated.
#include "bind/size.h"

#include <string>

#include "bind/convert.h"

namespace py = pybind11;

namespace tg::bind {
namespace {

PyTypeObject* g_size_type = nullptr;

bool is_size(PyObject* o) { return Py_TYPE(o) == g_size_type; }

// A plain tuple of ints as a Size; takes the reference, passes errors and other results on.
PyObject* as_size(PyObject* tuple) {
  if (!tuple || !PyTuple_CheckExact(tuple)) return tuple;
  const Py_ssize_t n = PyTuple_GET_SIZE(tuple);
  PyObject* size = g_size_type->tp_alloc(g_size_type, n);
  for (Py_ssize_t i = 0; size && i < n; ++i) PyTuple_SET_ITEM(size, i, Py_NewRef(PyTuple_GET_ITEM(tuple, i)));
  Py_DECREF(tuple);
  return size;
}

PyObject* new_size(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  PyObject* size = PyTuple_Type.tp_new(type, args, kwargs);
  if (!size) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(size); ++i) {
    PyObject* item = PyTuple_GET_ITEM(size, i);
    if (PyLong_CheckExact(item)) continue;
    PyObject* number = PyIndex_Check(item) ? PyNumber_Index(item) : nullptr;
    if (!number) {
      PyErr_Clear();
      PyErr_Format(PyExc_TypeError, "Size(): takes ints, got %s at position %zd", Py_TYPE(item)->tp_name, i);
      Py_DECREF(size);
      return nullptr;
    }
    PyTuple_SET_ITEM(size, i, number);
    Py_DECREF(item);
  }
  return size;
}

PyObject* show(PyObject* self) {
  std::string text = "tinygrad_ext.Size([";
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self); ++i) {
    PyObject* digits = PyObject_Str(PyTuple_GET_ITEM(self, i));
    if (!digits) return nullptr;
    text += std::string(i ? ", " : "") + PyUnicode_AsUTF8(digits);
    Py_DECREF(digits);
  }
  return PyUnicode_FromString((text + "])").c_str());
}

PyObject* item(PyObject* self, PyObject* key) { return as_size(PyTuple_Type.tp_as_mapping->mp_subscript(self, key)); }
PyObject* times(PyObject* self, Py_ssize_t n) {
  PyObject* result = PyTuple_Type.tp_as_sequence->sq_repeat(self, n);
  return result == self ? result : as_size(result);
}
// As nb_add rather than sq_concat, so that (1,) + size gives a Size too.
PyObject* join(PyObject* a, PyObject* b) {
  if (!PyTuple_Check(a) || !PyTuple_Check(b)) return Py_NewRef(Py_NotImplemented);
  PyObject* joined = PyTuple_Type.tp_as_sequence->sq_concat(a, b);
  if (joined && (joined == a || joined == b) && !is_size(joined)) {  // the other one is empty
    PyObject* size = PyTuple_GetSlice(joined, 0, PyTuple_GET_SIZE(joined));
    Py_DECREF(joined);
    return as_size(size);
  }
  return as_size(joined);
}

PyObject* numel(PyObject* self, PyObject*) {
  PyObject* n = PyLong_FromLong(1);
  for (Py_ssize_t i = 0; n && i < PyTuple_GET_SIZE(self); ++i) {
    PyObject* next = PyNumber_Multiply(n, PyTuple_GET_ITEM(self, i));
    Py_DECREF(n);
    n = next;
  }
  return n;
}

py::object broadcast_shapes_of(const py::args& shapes) {
  static const Param param = [] {
    Param p;
    p.name = "shapes";
    p.annotation = "int | tuple";
    return p;
  }();
  Shape common;
  for (py::handle shape : shapes) {
    const Shape each = to_ints("broadcast_shapes", param, shape.ptr());
    for (int64_t n : each)
      if (n < 0) fail<RuntimeError>("broadcast_shapes(): negative size ", n, " in shape ", Show{each});
    common = broadcast_shapes("broadcast_shapes", common, each);
  }
  return py::reinterpret_steal<py::object>(size_object(common));
}

}  // namespace

PyObject* size_object(Span values) {
  PyObject* size = g_size_type->tp_alloc(g_size_type, Py_ssize_t(values.size()));
  if (!size) throw PythonError{};
  for (size_t i = 0; i < values.size(); ++i) PyTuple_SET_ITEM(size, Py_ssize_t(i), PyLong_FromLongLong(values[i]));
  PyObject_GC_UnTrack(size);  // ints make no cycles
  return size;
}

void init_size(py::module_& m) {
  static PyMethodDef methods[] = {{"numel", numel, METH_NOARGS, "The number of elements of a tensor of this shape."},
                                  {nullptr, nullptr, 0, nullptr}};
  static const char* doc = "Size(sizes)\n\nThe size of each dim of a tensor: a tuple of ints.";
  static PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(doc)},
                                {Py_tp_new, reinterpret_cast<void*>(new_size)},
                                {Py_tp_repr, reinterpret_cast<void*>(show)},
                                {Py_tp_methods, methods},
                                {Py_mp_subscript, reinterpret_cast<void*>(item)},
                                {Py_sq_repeat, reinterpret_cast<void*>(times)},
                                {Py_nb_add, reinterpret_cast<void*>(join)},
                                {0, nullptr}};
  // No items of its own to size: the tuple's.
  static PyType_Spec spec = {"tinygrad_ext.Size", 0, 0, Py_TPFLAGS_DEFAULT, slots};
  PyObject* bases = PyTuple_Pack(1, &PyTuple_Type);
  g_size_type = reinterpret_cast<PyTypeObject*>(bases ? PyType_FromSpecWithBases(&spec, bases) : nullptr);
  Py_XDECREF(bases);
  if (!g_size_type) throw py::error_already_set();
  m.attr("Size") = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(g_size_type));
  m.def("broadcast_shapes", &broadcast_shapes_of, "The shape to which tensors of the given shapes broadcast.");
}

}  // namespace tg::bind
