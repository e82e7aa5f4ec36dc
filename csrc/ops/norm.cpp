// Normalisation row by row: layer, group, instance and root-mean-square.
// Where a gradient is itself recorded it is written in recorded operations (standardised), else it is one kernel.
#include "ops/norm.h"

#include "ops/norm_shared.h"

namespace tg::ops {
namespace {

constexpr int64_t kGrain = 1 << 13;  // elements

// x as the kernels see it: [samples, groups, weights per group, run].
Shape four(const kernels::RowNorm& r) { return {r.rows / r.groups, r.groups, r.n / r.run, r.run}; }

kernels::RowNorm part_of(kernels::RowNorm r, int64_t rows) {
  r.rows = rows;
  return r;
}
// A whole number of groups per piece, so that a row finds its weights.
int64_t grain_of(const kernels::RowNorm& r) {
  const int64_t rows = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, r.n));
  return r.rows * r.n < 4 * kGrain ? std::max<int64_t>(1, r.rows) : (rows + r.groups - 1) / r.groups * r.groups;
}

}  // namespace

void require_parameter_shape(const char* op, const char* name, const Tensor& t, const Tensor& x, Span shape) {
  if (t && !same(t.shape(), shape)) {
    fail<RuntimeError>(op, "(): ", name, " of shape ", Show{t.shape()}, " does not fit input of shape ", Show{x.shape()},
                       "; expected ", Show{shape});
  }
}
void require_parameter(const char* op, const char* name, const Tensor& t, const Tensor& x, Span shape) {
  require_parameter_shape(op, name, t, x, shape);
  if (t && t.dtype() != x.dtype()) fail<RuntimeError>(op, "(): ", name, " has dtype ", t.dtype(), ", input ", x.dtype());
}

Standardised standardised(const Tensor& x, const Ints& dims, double eps, bool centred) {
  Tensor d = centred ? x - mean(x, dims, true) : x;
  Tensor rstd = pow(mean(d * d, dims, true) + eps, number(-0.5));
  return {d * rstd, rstd};
}
Tensor standardised_grad(const Standardised& s, const Tensor& v, const Ints& dims, bool centred) {
  Tensor rest = v - s.xhat * mean(v * s.xhat, dims, true);
  return s.rstd * (centred ? rest - mean(v, dims, true) : rest);
}

Tensor RowNorms::run(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias, const kernels::RowNorm& rows) {
  const Tensor in = contiguous_values(x), w = weight ? contiguous_values(cast(weight, x.dtype())) : weight,
               b = bias ? contiguous_values(bias) : bias;
  s.x = x;
  s.weight = weight;
  s.bias = bool(bias);
  s.rows = rows;
  s.stats = empty({2, rows.rows}, x.dtype());
  Tensor y = empty_like(x);
  if (y.numel() == 0) return y;
  kernels::RowNorm call = rows;
  call.weight = w ? w.bytes() : nullptr;
  call.bias = b ? b.bytes() : nullptr;
  const auto kernel = table().norm.rows[int(x.dtype())];
  const int64_t size = int64_t(itemsize(x.dtype()));
  const char* from = in.bytes();
  char *to = y.bytes(), *mean = s.stats.bytes(), *rstd = mean + rows.rows * size;
  Unlocked unlocked(x.numel() * 4, {&in, &w, &b, &y, &s.stats});
  parallel_ranges(rows.rows, grain_of(rows), [&](int64_t a, int64_t z) {
    kernel(part_of(call, z - a), from + a * rows.n * size, to + a * rows.n * size, mean + a * size, rstd + a * size);
  });
  return y;
}

Grads<3> RowNorms::grads(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor &x = s.x.unpack(), &weight = s.weight.unpack();
  const kernels::RowNorm& rows = s.rows;
  Grads<3> g;
  if (tape::grad_enabled()) {
    const Shape shape = four(rows), per_weight{1, shape[1], shape[2], 1};
    const Standardised xs = standardised(reshape(x, shape), {2, 3}, rows.eps, rows.centred);
    Tensor up = reshape(dy, shape);
    if (needs[0]) {
      Tensor v = weight ? up * reshape(weight, per_weight) : up;
      g[0] = reshape(standardised_grad(xs, v, {2, 3}, rows.centred), x.shape());
    }
    if (weight && needs[1]) g[1] = reshape(sum_to(up * xs.xhat, per_weight), weight.shape());
    if (s.bias && needs[2]) g[2] = reshape(sum_to(up, per_weight), weight ? Shape(weight.shape()) : s.bias_shape);
    return g;
  }
  const Tensor in = contiguous_values(x), up = contiguous_values(dy),
               w = weight ? contiguous_values(cast(weight, x.dtype())) : weight;
  kernels::RowNorm call = rows;
  call.weight = w ? w.bytes() : nullptr;
  const int64_t size = int64_t(itemsize(x.dtype()));
  const int type = int(x.dtype());
  const char *from = in.bytes(), *grad = up.bytes(), *mean = s.stats.bytes(), *rstd = mean + rows.rows * size;
  if (needs[0]) {
    g[0] = empty_like(in);
    char* to = g[0].bytes();
    Unlocked unlocked(x.numel() * 4, {&in, &up, &w, &g[0], &s.stats});
    if (x.numel())
      parallel_ranges(rows.rows, grain_of(rows), [&](int64_t a, int64_t z) {
        const int64_t at = a * rows.n * size;
        table().norm.rows_grad[type](part_of(call, z - a), grad + at, from + at, mean + a * size, rstd + a * size, to + at);
      });
  }
  const Shape shape = weight ? Shape(weight.shape()) : s.bias_shape;
  if (weight && needs[1]) g[1] = zeros(shape, x.dtype());
  if (s.bias && needs[2]) g[2] = zeros(shape, x.dtype());
  if ((g[1] || g[2]) && x.numel()) {
    char *dw = g[1] ? g[1].bytes() : nullptr, *db = g[2] ? g[2].bytes() : nullptr;
    Unlocked unlocked(x.numel() * 2, {&in, &up, &g[1], &g[2], &s.stats});
    table().norm.rows_weight_grad[type](call, grad, from, mean, rstd, dw, db);
  }
  return g;
}

namespace {

// The rows over the last dims of x, which must be `shape`.
kernels::RowNorm last_dims(const char* op, const Tensor& x, const Ints& shape, bool centred, double eps) {
  if (shape.empty()) fail<RuntimeError>(op, "(): normalized_shape must have at least one dim");
  const int lead = x.ndim() - shape.size();
  if (lead < 0 || !same(x.shape().subspan(size_t(std::max(lead, 0))), shape)) {
    fail<RuntimeError>(op, "(): input of shape ", Show{x.shape()}, " does not end in normalized_shape ", Show{shape});
  }
  const int64_t n = product(shape);
  return {n ? x.numel() / n : 0, n, 1, 1, centred, eps, nullptr, nullptr};
}

}  // namespace

Tensor LayerNorm::forward(Saved& s, const Tensor& x, const Ints& shape, const Tensor& weight, const Tensor& bias, double eps) {
  require_floating(info.name, "input", x);
  const kernels::RowNorm rows = last_dims(info.name, x, shape, true, eps);
  require_parameter(info.name, "weight", weight, x, shape);
  require_parameter(info.name, "bias", bias, x, shape);
  s.bias_shape = shape;
  return run(s, x, weight, bias, rows);
}

Tensor RmsNorm::forward(Saved& s, const Tensor& x, const Ints& shape, const Tensor& weight, std::optional<double> eps) {
  require_floating(info.name, "input", x);
  const double least = x.dtype() == DType::float64 ? 0x1p-52 : 0x1p-23;
  const kernels::RowNorm rows = last_dims(info.name, x, shape, false, eps.value_or(least));
  require_parameter_shape(info.name, "weight", weight, x, shape);
  return run(s, x, weight, Tensor(), rows);
}

Tensor GroupNorm::forward(Saved& s, const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  require_floating(info.name, "input", x);
  if (x.ndim() < 2) fail<RuntimeError>("group_norm(): input must be [N, C, ...], got shape ", Show{x.shape()});
  const int64_t channels = x.size(1);
  if (groups < 1) fail<RuntimeError>("group_norm(): num_groups must be at least 1, got ", groups);
  if (channels % groups) fail<RuntimeError>("group_norm(): ", channels, " channels do not divide into ", groups, " groups");
  require_parameter(info.name, "weight", weight, x, Shape{channels});
  require_parameter(info.name, "bias", bias, x, Shape{channels});
  const int64_t run_length = product(x.shape().subspan(2)), n = channels / groups * run_length;
  s.bias_shape = {channels};
  return run(s, x, weight, bias, {x.size(0) * groups, n, groups, std::max<int64_t>(1, run_length), true, eps, nullptr, nullptr});
}

// The squares of `size` neighbours as a sum of shifted windows.
Tensor LocalResponseNorm::forward(const Tensor& x, int64_t size, double alpha, double beta, double k) {
  if (x.ndim() < 3) fail<ValueError>("local_response_norm(): input must be [N, C, ...], got shape ", Show{x.shape()});
  if (!is_floating(x.dtype()) && x.dtype() != DType::int64)
    fail<RuntimeError>("local_response_norm(): not defined for dtype ", x.dtype());
  if (size < 1) fail<RuntimeError>("local_response_norm(): size must be at least 1, got ", size);
  if (x.numel() == 0) return x;
  const int64_t channels = x.size(1);
  Tensor square = x * x, total;
  for (int64_t shift = -(size / 2); shift <= (size - 1) / 2; ++shift) {
    const int64_t distance = std::abs(shift), length = channels - distance;
    if (length <= 0) continue;
    Tensor part = distance ? narrow(square, 1, shift > 0 ? distance : 0, length) : square;
    if (distance) {
      Shape gap = x.shape();
      gap[1] = distance;
      Tensor none = zeros(gap, x.dtype());
      part = shift > 0 ? cat({part, none}, 1) : cat({none, part}, 1);
    }
    total = total ? total + part : part;
  }
  return x / pow(total * (alpha / double(size)) + k, number(beta));
}

}  // namespace tg::ops
