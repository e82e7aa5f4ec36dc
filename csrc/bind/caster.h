// Lets cold functions, bound with plain m.def, take and return tensors.
#pragma once
#include <pybind11/pybind11.h>

#include "bind/convert.h"

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
    value = tg::bind::dtype_from(source.ptr());
    return value.has_value();
  }
  static handle cast(std::optional<tg::DType> t, return_value_policy, handle) {
    return t ? handle(tg::bind::dtype_object(*t)).inc_ref() : none().release();
  }
};

}  // namespace pybind11::detail
