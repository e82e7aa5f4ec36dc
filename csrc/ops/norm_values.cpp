// Norms in one pass over the values, case by case as p asks for.
#include "ops/norm_values.h"

#include <cmath>

#include "ops/functions.h"

namespace tg::ops {

constexpr double kInf = __builtin_inf();

Tensor norm_values(const char* op, const Tensor& x, double p, Dims dims, bool keepdim) {
  const auto& t = table().reduce;
  const DType type = x.dtype();
  if (x.numel() == 0 && p >= 0 && p != kInf) return zeros(result_shape(x.shape(), dims, keepdim), type);
  if (p == kInf) return reduce_values(op, {t.max_abs, t.max}, x, dims, keepdim, type);
  if (p == -kInf) return reduce_values(op, {t.min_abs, t.min}, x, dims, keepdim, type);
  if (p == 0) return cast(reduce_values(op, {t.count, t.sum}, x, dims, keepdim, DType::int64), type);
  if (p == 1) return reduce_values(op, {t.sum_abs, t.sum}, x, dims, keepdim, type);
  if (p == 2) {
    Tensor y = reduce_values(op, {t.sum_squares, t.sum}, x, dims, keepdim, type);
    each_value(y, [](auto v) { return std::sqrt(v); });
    return y;
  }
  const auto& e = table().elementwise;
  Tensor y = sum_values(binary_float(op, e.pow, unary(op, e.abs, x), number(p)), dims, keepdim);
  each_value(y, [p](auto v) { return std::pow(double(v), 1 / p); });
  return y;
}

}  // namespace tg::ops
