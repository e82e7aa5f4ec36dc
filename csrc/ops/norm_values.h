// The p-norm over dims: values only, for the operations of linalg_norm.h.
#pragma once
#include "ops/reduce_values.h"

namespace tg::ops {

Tensor norm_values(const char* op, const Tensor& x, double p, Dims dims, bool keepdim);

}  // namespace tg::ops
