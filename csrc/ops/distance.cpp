// Lengths and angles of vectors.
#include "ops/distance.h"

#include <cmath>

#include "ops/loss.h"

namespace tg::ops {
namespace {

Tensor absolute(const Tensor& x) { return x * sign(x); }

// 2-norms: y = sqrt(sum x^2);  dx = x dy / y, zero where y is
struct Length {
  static constexpr OpInfo info{.name = "length", .signature = "", .doc = "", .face = Face::internal};
  struct Saved {
    SavedInput x;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim) {
    s.x = x;
    tape::GradMode off(false);
    return s.y.keep(sqrt(sum(x * x, {dim}, true)));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack(), zero = eq(y, number(0));
    return {s.x.unpack() * where(zero, number(0), dy / where(zero, number(1), y))};
  }
};

}  // namespace

Tensor vector_length(const char* op, const Tensor& x, double p, int64_t dim) {
  const int64_t at = normalize_dim(op, dim, x.ndim());
  if (p == 2) return tape::apply<Length>(x, at);
  if (p == 0) return sum(to(ne(x, number(0)), x.dtype()), {at}, true);
  Tensor a = absolute(x);
  if (p == 1) return sum(a, {at}, true);
  if (std::isinf(p)) return p > 0 ? amax(a, {at}, true) : -amax(-a, {at}, true);
  // A power of zero has no derivative below 1: neither zero elements nor zero norms take part in the gradient.
  const Tensor zero = eq(a, number(0));
  Tensor powers = pow(where(zero, number(1), a), number(p));
  Tensor total = sum(where(zero, number(p > 0 ? 0 : INFINITY), powers), {at}, true);
  const Tensor none = eq(total, number(0));
  return where(none, number(0), pow(where(none, number(1), total), number(1 / p)));
}

Tensor Normalize::forward(const Tensor& x, double p, int64_t dim, double eps) {
  require_floating(info.name, "input", x);
  return x / at_least(vector_length(info.name, x, p, dim), eps);
}

Tensor CosineSimilarity::forward(const Tensor& a, const Tensor& b, int64_t dim, double eps) {
  const DType common = promote(a.dtype(), b.dtype());  // of 0-d tensors too, as in PyTorch: they are expanded first
  if (!is_floating(common)) fail<RuntimeError>("cosine_similarity(): x1 and x2 must be floating tensors, got dtype ", common);
  const Shape shape = broadcast_shapes(info.name, a.shape(), b.shape());
  const int64_t at = normalize_dim(info.name, dim, shape.size());
  Tensor x = expand(to(a, common), shape), y = expand(to(b, common), shape);
  const auto unit = [&](const Tensor& t) { return t / at_least(vector_length(info.name, t, 2, at), eps); };
  return sum(unit(x) * unit(y), {at});
}

Tensor PairwiseDistance::forward(const Tensor& a, const Tensor& b, double p, double eps, bool keepdim) {
  Tensor y = vector_length(info.name, a - b + eps, p, -1);
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
