// Normalisation of channels over a batch, and the running statistics.
#include <cmath>

#include "ops/norm.h"
#include "ops/norm_shared.h"

namespace tg::ops {
namespace {

constexpr const char* kName = BatchNorm::info.name;

kernels::ChannelNorm channels_of(const Tensor& x) {
  return {x.size(0), x.size(1), std::max<int64_t>(1, product(x.shape().subspan(2)))};
}

// What a channel's gradient kernel takes: the statistics in use, and whether they come from the batch.
struct Statistics {
  Tensor mean, rstd;
  bool batch;
};

struct ChannelNorms {
  static constexpr OpInfo info{.name = kName, .signature = "", .doc = "", .face = Face::internal};
  struct Saved {
    SavedInput x, weight;
    bool bias;
    Statistics stats;
    double eps;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias, const Statistics& stats,
                        double eps) {
    s.x = x;
    s.weight = weight;
    s.bias = bool(bias);
    s.stats = stats;
    s.eps = eps;
    const Tensor in = contiguous_values(x), scale = scale_of(s, weight), shift = bias ? contiguous_values(bias) : bias;
    Tensor y = empty_like(in);
    const auto kernel = table().norm.apply[int(x.dtype())];
    const kernels::ChannelNorm c = channels_of(x);
    const char *from = in.bytes(), *mean = stats.mean.bytes(), *by = scale.bytes(), *plus = shift ? shift.bytes() : nullptr;
    char* to = y.bytes();
    if (y.numel() == 0) return y;
    each_sample(c, x, {&in, &y, &scale, &shift, &stats.mean},
                [&](const kernels::ChannelNorm& part, int64_t at) { kernel(part, from + at, mean, by, plus, to + at); });
    return y;
  }

  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &x = s.x.unpack(), &weight = s.weight.unpack();
    const kernels::ChannelNorm c = channels_of(x);
    Grads<3> g;
    if (tape::grad_enabled()) {
      const Shape shape{c.outer, c.channels, c.run}, per_channel{1, c.channels, 1};
      Tensor rows = reshape(x, shape), up = reshape(dy, shape);
      const Standardised xs = s.stats.batch
                                  ? standardised(rows, {0, 2}, s.eps, true)
                                  : Standardised{(rows - reshape(s.stats.mean, per_channel)) * reshape(s.stats.rstd, per_channel),
                                                 reshape(s.stats.rstd, per_channel)};
      if (needs[0]) {
        Tensor v = weight ? up * reshape(weight, per_channel) : up;
        g[0] = reshape(s.stats.batch ? standardised_grad(xs, v, {0, 2}, true) : v * xs.rstd, x.shape());
      }
      if (weight && needs[1]) g[1] = sum(up * xs.xhat, {0, 2});
      if (s.bias && needs[2]) g[2] = sum(up, {0, 2});
      return g;
    }
    const Tensor in = contiguous_values(x), up = contiguous_values(dy), scale = scale_of(s, weight);
    Tensor total = zeros(Shape{c.channels}, x.dtype()), dot = zeros(Shape{c.channels}, x.dtype());
    const char *from = in.bytes(), *grad = up.bytes(), *mean = s.stats.mean.bytes(), *by = scale.bytes();
    const bool reduces = s.stats.batch || (weight && needs[1]) || (s.bias && needs[2]);
    if (reduces && x.numel()) {
      char *sums = total.bytes(), *dots = dot.bytes();
      Unlocked unlocked(x.numel() * 4, {&in, &up, &total, &dot, &s.stats.mean});
      table().norm.sums[int(x.dtype())](c, grad, from, mean, sums, dots);
    }
    if (needs[0]) {
      // dx = scale (dy - mean dy - xhat mean(dy xhat)); constant statistics leave out both means
      Tensor a = zeros(Shape{c.channels}, x.dtype()), b = a;
      if (s.stats.batch) {
        const double n = double(c.outer) * double(c.run);
        a = total / n;
        b = dot * s.stats.rstd * s.stats.rstd / n;
      }
      g[0] = empty_like(in);
      const auto kernel = table().norm.grad[int(x.dtype())];
      const char *pa = a.bytes(), *pb = b.bytes();
      char* to = g[0].bytes();
      if (x.numel())
        each_sample(c, x, {&in, &up, &g[0], &scale, &a, &b}, [&](const kernels::ChannelNorm& part, int64_t at) {
          kernel(part, grad + at, from + at, mean, by, pa, pb, to + at);
        });
    }
    if (weight && needs[1]) g[1] = dot * s.stats.rstd;
    if (s.bias && needs[2]) g[2] = total;
    return g;
  }

 private:
  static Tensor scale_of(const Saved& s, const Tensor& weight) {
    if (!weight) return s.stats.rstd;
    return binary(kName, table().elementwise.mul, s.stats.rstd, weight);
  }
  // f(some samples, their offset in bytes)
  template <class F>
  static void each_sample(const kernels::ChannelNorm& c, const Tensor& x, std::initializer_list<const Tensor*> operands,
                          const F& f) {
    const int64_t sample = c.channels * c.run, bytes = sample * int64_t(itemsize(x.dtype()));
    const int64_t grain = x.numel() < (1 << 15) ? c.outer : std::max<int64_t>(1, (1 << 13) / sample);
    Unlocked unlocked(x.numel() * 2, operands);
    parallel_ranges(c.outer, grain, [&](int64_t a, int64_t b) { f({b - a, c.channels, c.run}, a * bytes); });
  }
};

// 1 / sqrt(var + eps)
Tensor inverse_root(const Tensor& var, double eps) {
  Tensor y = empty_like(var);
  visit_float(var.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < var.numel(); ++i) y.data<T>()[i] = T(1 / std::sqrt(double(var.data<T>()[i]) + eps));
  });
  return y;
}

// running = (1 - momentum) running + momentum value
void blend(const Tensor& running, const Tensor& value, double momentum) {
  tape::GradMode off(false);
  copy_values(running, running * (1 - momentum) + value * momentum);
}

void require_running(const char* op, const char* name, const Tensor& t, const Tensor& x, int64_t channels) {
  if (!t) return;
  if (t.ndim() != 1 || t.size(0) != channels) {
    fail<RuntimeError>(op, "(): ", name, " of shape ", Show{t.shape()}, " for ", channels, " channels; expected [", channels,
                       "]");
  }
  require_floating(op, name, t);
  require_same_dtype(op, t, x);
}

void require_channels(const char* op, const Tensor& x) {
  require_floating(op, "input", x);
  if (x.ndim() < 2) fail<RuntimeError>(op, "(): input must be [N, C, ...], got shape ", Show{x.shape()});
}

struct Moments {
  Tensor mean, var;
};
Moments moments_of(const Tensor& x, const kernels::ChannelNorm& c) {
  const Tensor in = contiguous_values(x);
  Moments m{empty({c.channels}, x.dtype()), empty({c.channels}, x.dtype())};
  const char* from = in.bytes();
  char *mean = m.mean.bytes(), *var = m.var.bytes();
  Unlocked unlocked(x.numel() * 2, {&in, &m.mean, &m.var});
  table().norm.moments[int(x.dtype())](c, from, mean, var);
  return m;
}

}  // namespace

Tensor BatchNorm::forward(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                          const Tensor& bias, bool training, double momentum, double eps) {
  require_channels(kName, x);
  const kernels::ChannelNorm c = channels_of(x);
  require_running(kName, "running_mean", running_mean, x, c.channels);
  require_running(kName, "running_var", running_var, x, c.channels);
  require_parameter(kName, "weight", weight, x, Shape{c.channels});
  require_parameter(kName, "bias", bias, x, Shape{c.channels});
  if (!(eps >= 0) || (training && eps == 0)) fail<ValueError>("batch_norm(): eps must be positive, got ", eps);
  if (!training) {
    if (!running_mean || !running_var)
      fail<RuntimeError>("batch_norm(): running_mean and running_var must be given when training is False");
    const Tensor mean = clone_values(running_mean);
    return tape::apply<ChannelNorms>(x, weight, bias, Statistics{mean, inverse_root(contiguous_values(running_var), eps), false},
                                     eps);
  }
  const double n = double(c.outer) * double(product(x.shape().subspan(2)));
  if (n == 1)
    fail<ValueError>("batch_norm(): training needs more than one value per channel, got input of shape ", Show{x.shape()});
  const Moments m =
      x.numel() ? moments_of(x, c) : Moments{zeros(Shape{c.channels}, x.dtype()), zeros(Shape{c.channels}, x.dtype())};
  Tensor y = tape::apply<ChannelNorms>(x, weight, bias, Statistics{m.mean, inverse_root(m.var, eps), true}, eps);
  if (x.numel()) {
    if (running_mean) blend(running_mean, m.mean, momentum);
    if (running_var) blend(running_var, m.var * (n / (n - 1)), momentum);
  }
  return y;
}

Tensor InstanceNorm::forward(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                             const Tensor& bias, bool use_input_stats, double momentum, double eps) {
  require_channels(info.name, x);
  if (!use_input_stats) {
    if (!running_mean || !running_var)
      fail<RuntimeError>("instance_norm(): running_mean and running_var must be given when use_input_stats is False");
    return BatchNorm::forward(x, running_mean, running_var, weight, bias, false, momentum, eps);
  }
  if (bool(running_mean) != bool(running_var))
    fail<RuntimeError>("instance_norm(): running_mean and running_var must be given together");
  const int64_t channels = x.size(1), run = product(x.shape().subspan(2));
  if (run == 1 || x.ndim() == 2)
    fail<ValueError>("instance_norm(): more than one value per channel is needed, got input of shape ", Show{x.shape()});
  require_running(info.name, "running_mean", running_mean, x, channels);
  require_running(info.name, "running_var", running_var, x, channels);
  require_parameter(info.name, "weight", weight, x, Shape{channels});
  require_parameter(info.name, "bias", bias, x, Shape{channels});
  Tensor y = channels ? tape::apply<GroupNorm>(x, channels, weight, bias, eps) : x;
  if (running_mean && x.numel()) {
    const int64_t rows = x.size(0) * channels;
    tape::GradMode off(false);
    const Tensor flat = reshape(contiguous_values(x), {1, rows, run});
    const Moments m = moments_of(flat, channels_of(flat));
    const auto average = [&](const Tensor& t) { return mean(reshape(t, {x.size(0), channels}), {0}); };
    blend(running_mean, average(m.mean), momentum);
    blend(running_var, average(m.var) * (double(run) / double(run - 1)), momentum);
  }
  return y;
}

}  // namespace tg::ops
