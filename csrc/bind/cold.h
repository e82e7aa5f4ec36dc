// Functions and methods that are no operations, with the operations' way of reading arguments and of refusing them.
#pragma once
#include <pybind11/pybind11.h>

#include "bind/call.h"

namespace tg::bind {

// What follows is never freed, like the module itself.
template <class F>
PyMethodDef* definition(PyCFunction function) {
  Call<F>::parsed = &Call<F>::signature();
  auto* doc = new std::string(std::string(F::info.name) + F::info.signature + "\n\n" + F::info.doc);
  return new PyMethodDef{F::info.name, function, METH_FASTCALL | METH_KEYWORDS, doc->c_str()};
}

template <class F>
void def_function(pybind11::module_& m) {
  PyMethodDef* d = definition<F>(as_pycfunction(&Call<F>::function));
  PyObject* f = PyCFunction_NewEx(d, nullptr, pybind11::str("tinygrad_ext").release().ptr());
  if (!f) throw pybind11::error_already_set();
  m.attr(F::info.name) = pybind11::reinterpret_steal<pybind11::object>(f);
}

template <class F>
void def_method(pybind11::handle type) {
  PyMethodDef* d = definition<F>(as_pycfunction(&Call<F>::method));
  PyObject* f = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), d);
  if (!f) throw pybind11::error_already_set();
  type.attr(F::info.name) = pybind11::reinterpret_steal<pybind11::object>(f);
}

}  // namespace tg::bind
