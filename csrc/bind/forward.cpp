// The base of nn.Module: calling an instance calls its `forward`, looked up as any attribute is; or, once hooks
// are registered on it, `_call_with_hooks`. A module without hooks pays one test of a flag for them.
#include <Python.h>
#include <structmember.h>

#include <cstddef>

#include "bind/errors.h"
#include "bind/module.h"
#include "bind/profile.h"
#include "tape/profile.h"

namespace py = pybind11;

namespace tg::bind {
namespace {

struct Forward {
  PyObject head;
  char hooked;
};

PyObject* run_forward(PyObject* self, PyObject* args, PyObject* kwargs) {
  static PyObject* forward_name = PyUnicode_InternFromString("forward");
  static PyObject* hooked_name = PyUnicode_InternFromString("_call_with_hooks");
  PyObject* name = reinterpret_cast<Forward*>(self)->hooked ? hooked_name : forward_name;
  constexpr Py_ssize_t kFew = 8;
  const Py_ssize_t count = PyTuple_GET_SIZE(args);
  if (!kwargs && count < kFew) {  // without making a bound method
    PyObject* stack[kFew + 1] = {self};
    for (Py_ssize_t i = 0; i < count; ++i) stack[i + 1] = PyTuple_GET_ITEM(args, i);
    return PyObject_VectorcallMethod(name, stack, size_t(count) + 1, nullptr);
  }
  PyObject* forward = PyObject_GetAttr(self, name);
  if (!forward) return nullptr;
  PyObject* result = PyObject_Call(forward, args, kwargs);
  Py_DECREF(forward);
  return result;
}

PyObject* call_forward(PyObject* self, PyObject* args, PyObject* kwargs) {
  if (tape::g_profiling) [[unlikely]] {
    return guarded([&] {
      const tape::profile::Scope scope(profiled_module(self));
      return run_forward(self, args, kwargs);
    });
  }
  return run_forward(self, args, kwargs);
}

}  // namespace

void init_forward(py::module_& m) {
  static PyMemberDef members[] = {{"_hooked", T_BOOL, offsetof(Forward, hooked), 0, nullptr}, {nullptr, 0, 0, 0, nullptr}};
  static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(call_forward)}, {Py_tp_members, members}, {0, nullptr}};
  static PyType_Spec spec = {"tinygrad_ext._core._Forward", sizeof(Forward), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  PyObject* type = PyType_FromSpec(&spec);
  if (!type) throw py::error_already_set();
  m.attr("_Forward") = py::reinterpret_steal<py::object>(type);
}

}  // namespace tg::bind
