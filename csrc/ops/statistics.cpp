// Covariances.
#include "ops/statistics.h"

#include "ops/order.h"

namespace tg::ops {
namespace {

void check_weights(const char* name, const Tensor& w, int64_t observations) {
  if (w.ndim() > 1) fail<RuntimeError>("cov(): ", name, " must be 1-d or 0-d, got shape ", Show{w.shape()});
  if (w.numel() != observations) {
    fail<RuntimeError>("cov(): ", name, " must have one element for each of the ", observations, " observations, got ",
                       w.numel());
  }
  const Tensor values = contiguous_values(cast(w, DType::float64));
  for (int64_t i = 0; i < w.numel(); ++i)
    if (values.data<double>()[i] < 0) fail<RuntimeError>("cov(): ", name, " must not be negative");
}

}  // namespace

Tensor Cov::forward(const Tensor& input, int64_t correction, const Tensor& fweights, const Tensor& aweights) {
  if (input.ndim() > 2) fail<RuntimeError>("cov(): input must have at most two dims, got shape ", Show{input.shape()});
  if (input.dtype() == DType::bool_) fail<RuntimeError>("cov(): not defined for dtype bool");
  Tensor x = input.ndim() < 2 ? reshape(input, {1, input.numel()}) : input;
  x = to(x, floating(x.dtype()));
  const int64_t n = x.size(1);
  Tensor w;
  if (fweights) {
    if (is_floating(fweights.dtype()) || fweights.dtype() == DType::bool_)
      fail<RuntimeError>("cov(): fweights must be integers, got dtype ", fweights.dtype());
    check_weights("fweights", fweights, n);
    w = fweights;
  }
  if (aweights) {
    if (!is_floating(aweights.dtype())) fail<RuntimeError>("cov(): aweights must be floating, got dtype ", aweights.dtype());
    check_weights("aweights", aweights, n);
    w = w ? w * aweights : aweights;
  }
  if (w) {
    if (n && sum(w).scalar<double>() == 0) fail<RuntimeError>("cov(): the weights sum to zero");
  }
  Tensor total, factor, average;
  if (w) {
    total = sum(w);
    average = sum(x * w, {1}, true) / total;
    factor = total - double(correction);
    if (aweights && correction) factor = total - sum(w * aweights) * double(correction) / total;
    factor = maximum(to(factor, x.dtype()), number(0));
  } else {
    average = mean(x, {1}, true);
    factor = number(std::max(0.0, double(n - correction)));
  }
  Tensor around = x - average;
  Tensor c = matmul(around, transpose(w ? around * to(w, x.dtype()) : around, 0, 1)) / factor;
  return c.numel() == 1 && input.ndim() < 2 ? reshape(c, {}) : c.size(0) == 1 ? reshape(c, {}) : c;
}

Tensor Corrcoef::forward(const Tensor& x) {
  if (x.ndim() > 2) fail<RuntimeError>("corrcoef(): input must have at most two dims, got shape ", Show{x.shape()});
  Tensor c = Cov::forward(x, 1, Tensor(), Tensor());
  if (c.ndim() == 0) return c / c;
  const int64_t n = c.size(0);
  Tensor deviation = sqrt(as_strided(contiguous(c), {n}, {n + 1}, 0));
  return tape::apply<Clamp>(c / unsqueeze(deviation, 1) / unsqueeze(deviation, 0), number(-1), number(1));
}

}  // namespace tg::ops
