// Lets cold functions, bound with plain m.def, take and return tensors.
#pragma once
#include <pybind11/pybind11.h>

#include "bind/convert.h"

namespace tg::bind {
struct Cpu {};
}  // namespace tg::bind

namespace pybind11::detail {

template <>
struct type_caster<tg::Tensor> {
  PYBIND11_TYPE_CASTER(tg::Tensor, const_name("Tensor"));
  bool load(handle source, bool) {
    if (source.is_none()) return true;
    if (!tg::bind::is_tensor(source.ptr())) return false;
    value = tg::Tensor::borrow(static_cast<tg::TensorImpl*>(source.ptr()));
    return true;
  }
  static handle cast(tg::Tensor t, return_value_policy, handle) {
    return t ? static_cast<PyObject*>(t.release()) : none().release().ptr();
  }
};

// A dtype argument: None where not given.
template <>
struct type_caster<std::optional<tg::DType>> {
  PYBIND11_TYPE_CASTER(std::optional<tg::DType>, const_name("dtype"));
  bool load(handle source, bool) {
    if (source.is_none()) return true;
    value = tg::bind::to_dtype("dtype", source.ptr());  // throws, where a false would only say that arguments do not fit
    return true;
  }
  static handle cast(std::optional<tg::DType> t, return_value_policy, handle) {
    return t ? handle(tg::bind::dtype_object(*t)).inc_ref() : none().release();
  }
};

// A device argument, accepted for the sake of scripts that pass one: there is only the CPU.
template <>
struct type_caster<tg::bind::Cpu> {
  PYBIND11_TYPE_CASTER(tg::bind::Cpu, const_name("str"));
  bool load(handle source, bool) {
    if (source.is_none()) return true;
    const std::string text = str(source);
    if (text.substr(0, 3) != "cpu") tg::fail<tg::RuntimeError>("the only device is 'cpu', got '", text, "'");
    return true;
  }
  static handle cast(tg::bind::Cpu, return_value_policy, handle) { return str("cpu").release(); }
};

}  // namespace pybind11::detail
