// Lengths and angles of vectors.
#include "ops/distance.h"

#include "ops/loss.h"

namespace tg::ops {
namespace {

// The p-norms along one dim, kept.
Tensor length(const char* op, const Tensor& x, double p, int64_t dim) {
  return linalg_vector_norm(x, p, {normalize_dim(op, dim, x.ndim())}, true);
}

}  // namespace

Tensor Normalize::forward(const Tensor& x, double p, int64_t dim, double eps) {
  require_floating(info.name, "input", x);
  return x / at_least(length(info.name, x, p, dim), eps);
}

Tensor CosineSimilarity::forward(const Tensor& a, const Tensor& b, int64_t dim, double eps) {
  const DType common = promote(a.dtype(), b.dtype());  // of 0-d tensors too, as in PyTorch: they are expanded first
  if (!is_floating(common)) fail<RuntimeError>("cosine_similarity(): x1 and x2 must be floating tensors, got dtype ", common);
  const Shape shape = broadcast_shapes(info.name, a.shape(), b.shape());
  const int64_t at = normalize_dim(info.name, dim, shape.size());
  Tensor x = expand(to(a, common), shape), y = expand(to(b, common), shape);
  const auto unit = [&](const Tensor& t) { return t / at_least(length(info.name, t, 2, at), eps); };
  return sum(unit(x) * unit(y), {at});
}

Tensor PairwiseDistance::forward(const Tensor& a, const Tensor& b, double p, double eps, bool keepdim) {
  Tensor y = length(info.name, a - b + eps, p, -1);
  return keepdim || y.ndim() == 0 ? y : squeeze(y, -1);
}

Tensor Bilinear::forward(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias) {
  const auto misfit = [&] {
    fail<RuntimeError>("bilinear(): input1 of shape ", Show{a.shape()}, ", input2 of shape ", Show{b.shape()},
                       " and weight of shape ", Show{weight.shape()}, " ([out, in1, in2]) do not fit each other");
  };
  if (a.ndim() == 0 || a.ndim() != b.ndim() || weight.ndim() != 3) misfit();
  const Span batch = a.shape().first(size_t(a.ndim()) - 1);
  if (!same(batch, b.shape().first(batch.size()))) misfit();
  const int64_t out = weight.size(0), in1 = weight.size(1), in2 = weight.size(2), rows = product(batch);
  if (a.size(a.ndim() - 1) != in1 || b.size(b.ndim() - 1) != in2) misfit();
  if (bias && (bias.ndim() != 1 || bias.size(0) != out))
    fail<RuntimeError>("bilinear(): bias of shape ", Show{bias.shape()}, " for ", out, " outputs; expected [", out, "]");
  require_same_dtype(info.name, a, b);
  require_same_dtype(info.name, a, weight);
  // x1 [1, rows, I] W [O, I, J] = [O, rows, J]; then with x2 over J.
  Tensor half = matmul(reshape(a, {rows, in1}), weight);
  Tensor y = transpose(to(sum(half * reshape(b, {rows, in2}), {2}), a.dtype()), 0, 1);
  if (bias) y = y + bias;
  Shape shape(batch);
  shape.push_back(out);
  return reshape(y, shape);
}

}  // namespace tg::ops
