// What the engine needs from the operations: adding gradients up and fitting them to their inputs.
#include "ops/common.h"
#include "ops/functions.h"
#include "tape/engine.h"

namespace tg::tape {

Tensor accumulate(const Tensor& a, const Tensor& b) { return ops::add(a, b); }

void accumulate_into(const Tensor& sum, const Tensor& b) {
  ops::binary_into("backward", kernels::table().elementwise.add, sum, b, false);
}

Tensor fit_gradient(const char* op, const Tensor& grad, const TensorImpl& input) {
  const Span shape(input.shape, input.ndim);
  if (grad.dtype() == input.dtype && same(grad.shape(), shape)) return grad;
  if (!is_floating(grad.dtype()) || !broadcastable_to(shape, grad.shape())) {
    fail<RuntimeError>("backward(): ", op, " gave a gradient of shape ", Show{grad.shape()}, " and dtype ", grad.dtype(),
                       " for a tensor of shape ", Show{shape}, " and dtype ", input.dtype);
  }
  Tensor fitted = ops::sum_to(grad, shape);
  return fitted.dtype() == input.dtype ? fitted : ops::to(fitted, input.dtype);
}

Tensor own_gradient(const Tensor& grad) {
  const bool sole = Py_REFCNT(grad.get()) == 1 && !grad->base && grad->storage->unique() && grad.contiguous();
  return sole ? grad : ops::clone(grad);  // recorded where the gradient is
}

Tensor ones_like(const TensorImpl& t) { return ops::full({t.shape, t.ndim}, 1, t.dtype); }

}  // namespace tg::tape
