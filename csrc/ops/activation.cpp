// Activations: how a curve is run, and the second derivatives.
#include "ops/activation.h"

#include "ops/gated.h"

namespace tg::ops {
namespace {

constexpr int64_t kParallel = 1 << 15, kGrain = 1 << 13;  // elements

template <class F>
void in_pieces(int64_t n, std::initializer_list<const Tensor*> operands, const F& f) {
  Unlocked unlocked(n * 8, operands);
  parallel_ranges(n, n < kParallel ? n : kGrain, f);
}

// A bound as PyTorch takes it for integers: its whole part, which x's dtype must hold.
Tensor whole(const char* op, const char* name, double value, const Tensor& x) {
  const bool fits = x.dtype() == DType::uint8   ? value > -1 && value < 0x1p8
                    : x.dtype() == DType::int32 ? value > -0x1p31 - 1 && value < 0x1p31
                                                : value >= -0x1p63 && value < 0x1p63;
  if (!fits) fail<RuntimeError>(op, "(): ", name, " ", value, " is outside what the input's dtype ", x.dtype(), " can hold");
  return scalar(int64_t(value), x.dtype());
}

// The density of the normal distribution.
Tensor bell(const Tensor& x) { return exp(x * x * -0.5) * 0.39894228040143268; }

Tensor elu_second(const Tensor& x, const double* p) {
  return where(le(x, number(0)), exp(x * p[2]) * (p[0] * p[2] * p[2]), number(0));
}
Tensor gelu_second(const Tensor& x, const double*) { return bell(x) * (2.0 - x * x); }
Tensor gelu_tanh_second(const Tensor& x, const double*) {
  constexpr double kTwice = 1.5957691216057308, kCubic = 0.044715;
  Tensor z = x * x;
  Tensor s = sigmoid((x + x * z * kCubic) * kTwice);
  Tensor slope = s * (1.0 - s);                      // of the sigmoid
  Tensor inner = (z * (3 * kCubic) + 1.0) * kTwice;  // of its argument
  return slope * (inner * 2.0 + x * ((1.0 - s * 2.0) * inner * inner + x * (6 * kCubic * kTwice)));
}
Tensor silu_second(const Tensor& x, const double*) {
  Tensor s = sigmoid(x);
  return s * (1.0 - s) * (x * (1.0 - s * 2.0) + 2.0);
}
Tensor mish_second(const Tensor& x, const double*) {
  Tensor t = tanh(tape::apply<Softplus>(x, 1.0, 1e30)), s = sigmoid(x);
  return (1.0 - t * t) * s * (x * (1.0 - s - t * s * 2.0) + 2.0);
}
Tensor softplus_second(const Tensor& x, const double* p) {
  Tensor z = x * p[0], s = sigmoid(z);
  return where(gt(z, number(p[1])), number(0), s * (1.0 - s) * p[0]);
}
Tensor logsigmoid_second(const Tensor& x, const double*) {
  Tensor s = sigmoid(x);
  return s * (s - number(1));
}
Tensor hardswish_second(const Tensor& x, const double*) {
  return to(bitwise_and(gt(x, number(-3)), lt(x, number(3))), x.dtype()) / 3.0;
}
Tensor softsign_second(const Tensor& x, const double*) {
  Tensor below = x * sign(x) + 1.0;
  return sign(x) * -2.0 / (below * below * below);
}
Tensor tanhshrink_second(const Tensor& x, const double*) {
  Tensor t = tanh(x);
  return t * (1.0 - t * t) * 2.0;
}

}  // namespace

Tensor curve_values(const char* op, const Curve& curve, const Tensor& x) {
  require_floating(op, "input", x);
  const Tensor in = contiguous_values(x);
  Tensor y = empty_like(in);
  const int64_t size = int64_t(itemsize(x.dtype()));
  const auto run = curve.kernel->value[int(x.dtype())];
  const char* from = in.bytes();
  char* to = y.bytes();
  in_pieces(in.numel(), {&in, &y}, [&](int64_t a, int64_t b) { run(from + a * size, to + a * size, b - a, curve.p); });
  return y;
}

Tensor curve_grad(const Tensor& dy, const Tensor& x, const Curve& curve) { return tape::apply<CurveGrad>(dy, x, curve); }

Tensor CurveGrad::forward(Saved& s, const Tensor& dy, const Tensor& x, const Curve& curve) {
  s.dy = dy;
  s.x = x;
  s.curve = curve;
  const Tensor g = contiguous_values(cast(dy, x.dtype())), in = contiguous_values(x);
  Tensor dx = empty_like(in);
  const int64_t size = int64_t(itemsize(x.dtype()));
  const auto run = curve.kernel->grad[int(x.dtype())];
  const char *up = g.bytes(), *from = in.bytes();
  char* to = dx.bytes();
  in_pieces(in.numel(), {&g, &in, &dx},
            [&](int64_t a, int64_t b) { run(up + a * size, from + a * size, to + a * size, b - a, curve.p); });
  return dx;
}

Grads<2> CurveGrad::backward(const Saved& s, Needs needs, const Tensor& g) {
  const Tensor& x = s.x.unpack();
  Grads<2> grads;
  if (needs[0]) grads[0] = curve_grad(g, x, s.curve);
  if (needs[1] && s.curve.second) grads[1] = g * s.dy.unpack() * s.curve.second(x, s.curve.p);
  return grads;
}

Curve Elu::curve(double alpha, double scale, double input_scale) {
  return {&table().activation.elu, {alpha * scale, scale, input_scale}, elu_second};
}

Tensor Gelu::forward(Saved& s, const Tensor& x, std::string_view approximate) {
  if (approximate == "none") return run(info.name, s, x, {&table().activation.gelu, {}, gelu_second});
  if (approximate == "tanh") return run(info.name, s, x, {&table().activation.gelu_tanh, {}, gelu_tanh_second});
  fail<RuntimeError>("gelu(): approximate must be 'none' or 'tanh', got '", approximate, "'");
}

Tensor Silu::forward(Saved& s, const Tensor& x, Inplace) {
  return run(info.name, s, x, {&table().activation.silu, {}, silu_second});
}
Tensor Mish::forward(Saved& s, const Tensor& x, Inplace) {
  return run(info.name, s, x, {&table().activation.mish, {}, mish_second});
}
Tensor Softplus::forward(Saved& s, const Tensor& x, double beta, double threshold) {
  return run(info.name, s, x, {&table().activation.softplus, {beta, threshold, 1 / beta}, softplus_second});
}
Tensor LogSigmoid::forward(Saved& s, const Tensor& x) {
  return run(info.name, s, x, {&table().activation.logsigmoid, {}, logsigmoid_second});
}
Tensor Hardswish::forward(Saved& s, const Tensor& x, Inplace) {
  return run(info.name, s, x, {&table().activation.hardswish, {}, hardswish_second});
}
Tensor Softsign::forward(Saved& s, const Tensor& x) {
  if (x.dtype() == DType::bool_) fail<RuntimeError>("softsign(): not defined for bool tensors");
  return run(info.name, s, cast(x, floating(x.dtype())), {&table().activation.softsign, {}, softsign_second});
}
Tensor Tanhshrink::forward(Saved& s, const Tensor& x) {
  if (x.dtype() == DType::bool_) fail<RuntimeError>("tanhshrink(): not defined for bool tensors");
  return run(info.name, s, cast(x, floating(x.dtype())), {&table().activation.tanhshrink, {}, tanhshrink_second});
}

Tensor Hardtanh::run(const char* op, Saved& s, const Tensor& x, double low, double high) {
  if (low > high) fail<ValueError>(op, "(): min_val ", low, " is above max_val ", high);
  if (x.dtype() == DType::bool_) fail<RuntimeError>(op, "(): not defined for bool tensors");
  if (is_floating(x.dtype())) return CurveNode::run(op, s, x, {&table().activation.hardtanh, {low, high}});
  const Tensor raised = binary(op, table().elementwise.maximum, x, whole(op, "min_val", low, x));
  return binary(op, table().elementwise.minimum, raised, whole(op, "max_val", high, x));
}

Tensor Threshold::forward(Saved& s, const Tensor& x, double threshold, double value, Inplace) {
  if (x.dtype() == DType::bool_) fail<RuntimeError>("threshold(): not defined for bool tensors");
  if (is_floating(x.dtype())) return run(info.name, s, x, {&table().activation.threshold, {threshold, value}});
  return where(gt(x, whole(info.name, "threshold", threshold, x)), x, whole(info.name, "value", value, x));
}

}  // namespace tg::ops
