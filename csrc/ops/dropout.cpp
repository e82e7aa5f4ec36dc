// The masks of dropout.
#include "ops/dropout.h"

#include <cmath>

#include "ops/extreme.h"
#include "ops/functions.h"
#include "ops/inplace.h"
#include "ops/random.h"
#include "ops/reduce.h"

namespace tg::ops {
namespace {

// Whether anything is dropped.
bool drops(const char* op, const Tensor& x, double p, bool training) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>(op, "(): p must be between 0 and 1, got ", p);
  if (!training || p == 0) return false;
  require_floating(op, "input", x);
  return true;
}

// A mask's memory: x's own shape, or one entry for each of its channels.
Tensor empty_mask(const char* op, const Tensor& x, bool channels) {
  if (!channels) return empty_preserving(x, x.dtype());
  if (x.ndim() < 2) fail<RuntimeError>(op, "(): input must have at least 2 dims, got shape ", Show{x.shape()});
  Shape shape = Ints::filled(x.ndim(), 1);
  shape[0] = x.size(0);
  shape[1] = x.size(1);
  return empty(shape, x.dtype());
}

Tensor dropped(const char* op, const Tensor& x, double p, bool channels) {
  if (channels) empty_mask(op, x, channels);
  if (p == 1) return x * 0.0;
  const Tensor mask = empty_mask(op, x, channels);
  const double scale = x.dtype() == DType::float32 ? double(1.0F / float(1 - p)) : 1 / (1 - p);
  draw_choice(default_generator(), mask, 1 - p, scale, 0);
  return x * mask;
}

// Dropped units are worth -alpha', SELU's lowest value; a and b restore mean 0 and variance 1 (Klambauer et al., 2017).
Tensor alpha_dropped(const char* op, const Tensor& x, double p, bool channels) {
  if (channels) empty_mask(op, x, channels);
  if (p == 1) return x * 0.0;
  constexpr double kAlpha = 1.7580993408473766;
  const double a = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  const Tensor kept = empty_mask(op, x, channels);
  draw_choice(default_generator(), kept, 1 - p, 1, 0);
  const Tensor shift = (kept + -1.0) * (kAlpha * a) + kAlpha * a * p;
  return x * (kept * a) + shift;
}

template <class Op, class F>
Tensor run(const Tensor& x, double p, bool training, bool inplace, F drop) {
  if (!drops(Op::info.name, x, p, training)) return x;
  if (inplace) {
    apply_inplace<Op>(x, p, training, false);
    return x;
  }
  return drop();
}

void require_channels(const char* op, const Tensor& x, int batched_dims) {
  if (x.ndim() != batched_dims && x.ndim() != batched_dims - 1)
    fail<RuntimeError>(op, "(): input must have ", batched_dims - 1, " or ", batched_dims, " dims, got shape ", Show{x.shape()});
}

// Without a batch, one is put in front.
Tensor dropped_channels(const char* op, const Tensor& x, double p, int batched_dims) {
  require_channels(op, x, batched_dims);
  if (x.ndim() == batched_dims) return dropped(op, x, p, true);
  return squeeze(dropped(op, unsqueeze(x, 0), p, true), 0);
}

}  // namespace

Tensor Dropout::forward(const Tensor& x, double p, bool training, bool inplace) {
  return run<Dropout>(x, p, training, inplace, [&] { return dropped(info.name, x, p, false); });
}

Tensor AlphaDropout::forward(const Tensor& x, double p, bool training, bool inplace) {
  return run<AlphaDropout>(x, p, training, inplace, [&] { return alpha_dropped(info.name, x, p, false); });
}

Tensor FeatureDropout::forward(const Tensor& x, double p, bool training) {
  return drops(info.name, x, p, training) ? dropped(info.name, x, p, true) : x;
}

Tensor FeatureAlphaDropout::forward(const Tensor& x, double p, bool training, bool inplace) {
  return run<FeatureAlphaDropout>(x, p, training, inplace, [&] { return alpha_dropped(info.name, x, p, true); });
}

Tensor Dropout1d::forward(const Tensor& x, double p, bool training, bool inplace) {
  require_channels(info.name, x, 3);  // outside training, too
  return run<Dropout1d>(x, p, training, inplace, [&] { return dropped_channels(info.name, x, p, 3); });
}

Tensor Dropout2d::forward(const Tensor& x, double p, bool training, bool inplace) {
  return run<Dropout2d>(x, p, training, inplace, [&] { return dropped(info.name, x, p, true); });
}

Tensor Dropout3d::forward(const Tensor& x, double p, bool training, bool inplace) {
  return run<Dropout3d>(x, p, training, inplace, [&] { return dropped_channels(info.name, x, p, 5); });
}

Tensor GumbelSoftmax::forward(const Tensor& logits, double tau, bool hard, double, int64_t dim) {
  require_floating(info.name, "logits", logits);
  const int d = normalize_dim(info.name, dim, logits.ndim());
  const Tensor waits = empty_preserving(logits, logits.dtype());
  draw_exponential(default_generator(), waits, 1);
  const Tensor soft = softmax((logits + -log(waits)) / tau, d);
  if (!hard) return soft;
  const Tensor best = tape::apply<Argmax>(soft, std::optional<int64_t>(d), true);
  const Tensor one = full(best.shape(), 1, soft.dtype());
  const Tensor chosen = scatter_add(zeros(soft.shape(), soft.dtype()), d, best, one);
  return chosen - alias(soft) + soft;
}

}  // namespace tg::ops
