// What the functions that make tensors share.
#pragma once
#include "bind/interop.h"

namespace tg::bind {

// A shape given as separate ints, as one tuple, or as size=; throws on negative sizes and overflow.
Shape shape_from(const char* op, const py::args& sizes, const py::object& keyword = py::none());
// t with requires_grad set; throws for integer tensors.
Tensor with_grad(const char* op, Tensor t, bool requires_grad);

}  // namespace tg::bind
