// Functions and methods that are no operations, with the operations' way of reading arguments and of refusing them.
#pragma once
#include <pybind11/pybind11.h>

#include "bind/call.h"

namespace tg::bind {

// Never freed, like the module itself.
inline PyMethodDef* definition(const OpInfo& info, const std::string& name, PyCFunction function) {
  const auto keep = [](const std::string& text) { return (new std::string(text))->c_str(); };
  return new PyMethodDef{keep(name), function, METH_FASTCALL | METH_KEYWORDS, keep(name + info.signature + "\n\n" + info.doc)};
}

inline void def_function(pybind11::module_& m, const OpInfo& info, const std::string& name, PyCFunction function) {
  PyMethodDef* d = definition(info, name, function);
  PyObject* f = PyCFunction_NewEx(d, nullptr, pybind11::str("tinygrad_ext").release().ptr());
  if (!f) throw pybind11::error_already_set();
  m.attr(d->ml_name) = pybind11::reinterpret_steal<pybind11::object>(f);
}

template <class F>
void def_function(pybind11::module_& m) {
  Call<F>::parsed = &Call<F>::signature();
  def_function(m, F::info, F::info.name, as_pycfunction(&Call<F>::function));
}

template <class F>
void def_method(pybind11::handle type) {
  Call<F>::parsed = &Call<F>::signature();
  PyMethodDef* d = definition(F::info, F::info.name, as_pycfunction(&Call<F>::method));
  PyObject* f = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), d);
  if (!f) throw pybind11::error_already_set();
  type.attr(d->ml_name) = pybind11::reinterpret_steal<pybind11::object>(f);
}

}  // namespace tg::bind
