// tinygrad_ext.Size: what x.shape is, a tuple of ints that knows its number of elements.
#pragma once
#include <pybind11/pybind11.h>

#include "core/layout.h"

namespace tg::bind {

PyObject* size_object(Span values);  // a new reference
void init_size(pybind11::module_& m);

}  // namespace tg::bind
