// Activations of more than one input.
#include "ops/gated.h"

#include "core/random.h"

namespace tg::ops {
namespace {

// weight as it broadcasts against x: one number, or one for each of dim 1.
Tensor along_channels(const Tensor& weight, const Tensor& x) {
  if (weight.ndim() == 0) return weight;
  Shape shape = Ints::filled(std::max(x.ndim(), 1), 1);
  if (x.ndim() > 1) shape[1] = weight.numel();
  return reshape(weight, x.ndim() == 0 ? Shape() : shape);
}

}  // namespace

Tensor Glu::forward(Saved& s, const Tensor& x, int64_t dim) {
  require_floating(info.name, "input", x);
  if (x.ndim() == 0) fail<RuntimeError>("glu(): a 0-d tensor cannot be halved");
  s.x = x;
  s.dim = normalize_dim(info.name, dim, x.ndim());
  const int64_t n = x.size(s.dim);
  if (n % 2) fail<RuntimeError>("glu(): dim ", dim, " has odd size ", n, "; two halves are needed");
  Shape half = x.shape();
  half[s.dim] = n / 2;
  const Tensor a = alias(x, half, x.strides(), 0), b = alias(x, half, x.strides(), n / 2 * x.stride(s.dim));
  return binary(info.name, table().elementwise.gate, a, b);
}
Grads<1> Glu::backward(const Saved& s, Needs, const Tensor& dy) {
  const Tensor& x = s.x.unpack();
  const int64_t n = x.size(s.dim) / 2;
  Tensor a = narrow(x, s.dim, 0, n), gate = sigmoid(narrow(x, s.dim, n, n));
  Tensor da = dy * gate;
  return {cat({da, sigmoid_grad(dy * a, gate)}, s.dim)};
}

Tensor Prelu::forward(Saved& s, const Tensor& x, const Tensor& weight) {
  require_floating(info.name, "input", x);
  require_same_dtype(info.name, x, weight);
  if (weight.ndim() > 1) fail<RuntimeError>("prelu(): weight must be [1] or [C], got shape ", Show{weight.shape()});
  if (weight.numel() != 1) {
    const int64_t channels = x.ndim() > 1 ? x.size(1) : 1;
    if (x.ndim() == 0) fail<RuntimeError>("prelu(): a 0-d input takes one weight, got ", weight.numel());
    if (weight.numel() != channels)
      fail<RuntimeError>("prelu(): ", weight.numel(), " weights for ", channels, " channels of input ", Show{x.shape()});
  }
  s.x = x;
  s.weight = weight;
  tape::GradMode off(false);
  return binary(info.name, table().elementwise.prelu, x, along_channels(weight, x));
}
Grads<2> Prelu::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor& x = s.x.unpack();
  const Tensor positive = gt(x, number(0));
  Grads<2> g;
  if (needs[0]) g[0] = where(positive, dy, dy * along_channels(s.weight.unpack(), x));
  if (needs[1]) {
    const Tensor& weight = s.weight.unpack();
    Tensor each = where(positive, number(0), dy * x);
    Shape shape = Ints::filled(x.ndim(), 1);
    if (x.ndim() > 1) shape[1] = weight.numel();
    g[1] = reshape(sum_to(each, shape), weight.shape());
  }
  return g;
}

Tensor Rrelu::forward(const Tensor& x, double lower, double upper, bool training, Inplace) {
  require_floating(info.name, "input", x);
  if (!(lower <= upper)) fail<RuntimeError>("rrelu(): lower ", lower, " is above upper ", upper);
  if (!training) return tape::apply<LeakyRelu>(x, (lower + upper) / 2, Inplace{});
  const Tensor in = contiguous_values(x), slopes = full(x.shape(), 1, x.dtype());
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Generator& g = default_generator();
    for (int64_t i = 0; i < in.numel(); ++i)
      if (in.data<T>()[i] <= 0) slopes.data<T>()[i] = T(g.uniform_double() * (upper - lower) + lower);
  });
  return x * slopes;
}

}  // namespace tg::ops
