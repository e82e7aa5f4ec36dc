// dtype objects: tinygrad_ext.float32 and its siblings.
#pragma once
#include <pybind11/numpy.h>

#include <optional>

#include "core/dtype.h"

namespace tg::bind {

std::optional<DType> dtype_of_array(const pybind11::array& array);
pybind11::dtype numpy_dtype(DType t);
void init_dtypes(pybind11::module_& m);

}  // namespace tg::bind
