// What the normalisations share: parameter checks, and the gradient in recorded operations.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"

namespace tg::ops {

// t, where given, must have this shape and x's dtype.
void require_parameter(const char* op, const char* name, const Tensor& t, const Tensor& x, Span shape);

// x brought to mean 0 (where centred) and variance 1 over dims.
struct Standardised {
  Tensor xhat, rstd;
};
Standardised standardised(const Tensor& x, const Ints& dims, double eps, bool centred);
// dx = rstd (v - mean(v) - xhat mean(v xhat))
Tensor standardised_grad(const Standardised& s, const Tensor& v, const Ints& dims, bool centred);

}  // namespace tg::ops
