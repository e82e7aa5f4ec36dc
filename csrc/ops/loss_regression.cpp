// Losses between numbers and numbers.
#include "ops/loss_regression.h"

#include "ops/activation.h"
#include "ops/reduce_values.h"

namespace tg::ops {
namespace {

// The nodes: what graphs show where no weight makes a loss of several operations.
template <class Op>
struct Plain : PairNode {
  static constexpr OpInfo info{.name = Op::info.name, .signature = "", .doc = "", .face = Face::internal};
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& t, const PairCurve& pair, Reduction reduction) {
    return pair_loss(info.name, s, x, t, pair, reduction);
  }
};
template <class Op>
Tensor plain(const Tensor& x, const Tensor& t, const PairCurve& pair, Reduction reduction) {
  return tape::apply<Plain<Op>>(x, t, pair, reduction);
}

Tensor mse_slope(const Tensor& x, const Tensor& t, const double*) { return (x - t) * 2.0; }
Tensor l1_slope(const Tensor& x, const Tensor& t, const double*) { return sign(x - t); }
// d / scale inside, limit * sign(d) outside
Tensor bent_slope(const Tensor& d, double edge, double scale, double limit) {
  const Tensor inside = lt(d * sign(d), number(edge));
  return where(inside, d / scale, sign(d) * limit);
}
Tensor smooth_l1_slope(const Tensor& x, const Tensor& t, const double* p) { return bent_slope(x - t, p[0], p[0], 1); }
Tensor huber_slope(const Tensor& x, const Tensor& t, const double* p) { return bent_slope(x - t, p[0], 1, p[0]); }
Tensor bce_slope(const Tensor& x, const Tensor& t, const double*) { return (x - t) / at_least(x * (1.0 - x), 1e-12); }
Tensor bce_target_slope(const Tensor& x, const Tensor&, const double*) {
  return at_least(log(1.0 - x), -100) - at_least(log(x), -100);
}
Tensor logits_slope(const Tensor& x, const Tensor& t, const double*) { return sigmoid(x) - t; }
Tensor logits_target_slope(const Tensor& x, const Tensor&, const double*) { return -x; }
Tensor soft_margin_slope(const Tensor& x, const Tensor& t, const double*) { return -(t * sigmoid(-(x * t))); }
Tensor soft_margin_target_slope(const Tensor& x, const Tensor& t, const double*) { return -(x * sigmoid(-(x * t))); }
Tensor hinge_slope(const Tensor& x, const Tensor& t, const double* p) { return where(lt(x * t, number(p[0])), -t, number(0)); }
Tensor hinge_target_slope(const Tensor& x, const Tensor& t, const double* p) {
  return where(lt(x * t, number(p[0])), -x, number(0));
}

// A difference with bool is not defined.
void require_numbers(const char* op, const Tensor& x, const Tensor& t) {
  if (x.dtype() == DType::bool_ || t.dtype() == DType::bool_)
    fail<RuntimeError>(op, "(): not defined for bool tensors, got dtypes ", x.dtype(), " and ", t.dtype());
}
void require_broadcast(const char* op, const char* name, const Tensor& weight, const Tensor& t) {
  if (weight && !broadcastable_to(weight.shape(), t.shape())) {
    fail<RuntimeError>(op, "(): ", name, " of shape ", Show{weight.shape()}, " does not broadcast to target of shape ",
                       Show{t.shape()});
  }
}
void require_weight_shape(const char* op, const Tensor& x, const Tensor& weight) { require_same_shape(op, "weight", x, weight); }

}  // namespace

Tensor MseLoss::forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                        std::string_view word, const Tensor& weight) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  const PairCurve pair{&table().loss.mse, {}, mse_slope};
  if (!weight) return plain<MseLoss>(x, t, pair, reduction);
  require_numbers(info.name, x, t);
  require_weight_shape(info.name, x, weight);
  return reduced(plain<MseLoss>(x, t, pair, Reduction::none) * weight, reduction, weight);
}

Tensor L1Loss::forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                       std::string_view word, const Tensor& weight) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  const PairCurve pair{&table().loss.l1, {}, l1_slope};
  require_numbers(info.name, x, t);
  if (!weight) return plain<L1Loss>(x, t, pair, reduction);
  require_weight_shape(info.name, x, weight);
  return reduced(plain<L1Loss>(x, t, pair, Reduction::none) * weight, reduction, weight);
}

Tensor SmoothL1Loss::forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                             std::string_view word, double beta) {
  if (!(beta >= 0)) fail<RuntimeError>("smooth_l1_loss(): beta must be at least 0, got ", beta);
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  if (beta == 0) return plain<SmoothL1Loss>(x, t, {&table().loss.l1, {}, l1_slope}, reduction);
  return plain<SmoothL1Loss>(x, t, {&table().loss.smooth_l1, {beta}, smooth_l1_slope}, reduction);
}

Tensor HuberLoss::forward(const Tensor& x, const Tensor& t, std::string_view word, double delta, const Tensor& weight) {
  if (!(delta > 0)) fail<RuntimeError>("huber_loss(): delta must be greater than 0, got ", delta);
  const Reduction reduction = reduction_of(info.name, word);
  const PairCurve pair{&table().loss.huber, {delta}, huber_slope};
  require_floating(info.name, "input", x);
  if (!weight) return to(plain<HuberLoss>(x, t, pair, reduction), x.dtype());
  require_weight_shape(info.name, x, weight);
  const Tensor each = to(plain<HuberLoss>(x, t, pair, Reduction::none), x.dtype());
  return reduced(each * weight, reduction);  // PyTorch's mean, over elements
}

Tensor BinaryCrossEntropy::forward(const Tensor& x, const Tensor& t, const Tensor& weight, std::optional<bool> size_average,
                                   std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  require_floating(info.name, "input", x);
  require_same_dtype(info.name, x, t);
  require_same_shape(info.name, x, t);
  if (x.numel()) {
    const Dims all = Dims::all(x.ndim());
    const double low = reduce_values(info.name, {table().reduce.min}, x, all, false, x.dtype()).scalar<double>();
    const double high = reduce_values(info.name, {table().reduce.max}, x, all, false, x.dtype()).scalar<double>();
    if (!(low >= 0 && high <= 1)) {
      fail<RuntimeError>("binary_cross_entropy(): input must hold probabilities in [0, 1], got values from ", low, " to ", high,
                         "; for scores use binary_cross_entropy_with_logits");
    }
  }
  const PairCurve pair{&table().loss.bce, {}, bce_slope, bce_target_slope};
  if (!weight) return plain<BinaryCrossEntropy>(x, t, pair, reduction);
  require_broadcast(info.name, "weight", weight, t);
  return reduced(plain<BinaryCrossEntropy>(x, t, pair, Reduction::none) * weight, reduction);
}

Tensor BceWithLogits::forward(const Tensor& x, const Tensor& t, const Tensor& weight, std::optional<bool> size_average,
                              std::optional<bool> reduce, std::string_view word, const Tensor& pos_weight) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  require_floating(info.name, "input", x);
  require_floating(info.name, "target", t);
  require_same_shape(info.name, x, t);
  if (!weight && !pos_weight) {
    return to(plain<BceWithLogits>(x, t, {&table().loss.bce_logits, {}, logits_slope, logits_target_slope}, reduction),
              t.dtype());
  }
  require_broadcast(info.name, "weight", weight, t);
  require_broadcast(info.name, "pos_weight", pos_weight, t);
  Tensor each = -tape::apply<LogSigmoid>(x);  // log(1 + e^-x)
  if (pos_weight) each = (t * (pos_weight - 1.0) + 1.0) * each;
  each = (1.0 - t) * x + each;
  if (weight) each = each * weight;
  return reduced(to(each, t.dtype()), reduction);  // PyTorch computes in the target's memory
}

Tensor KlDiv::forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                      std::string_view word, bool log_target) {
  const bool batch = word == "batchmean" && !size_average && !reduce;
  const Reduction reduction = reduction_of(info.name, batch ? "sum" : word, size_average, reduce);
  require_floating(info.name, "input", x);
  require_floating(info.name, "target", t);
  require_same_shape(info.name, x, t);
  Tensor each;
  if (log_target) {
    each = exp(t) * (t - x);
  } else {  // 0 log 0 is 0
    const Tensor zero = eq(t, number(0));
    each = t * log(where(zero, number(1), t)) - t * x;
  }
  Tensor total = reduced(each, reduction);
  return batch && x.ndim() ? total / double(x.size(0)) : total;
}

Tensor SoftMarginLoss::forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                               std::string_view word) {
  const PairCurve pair{&table().loss.soft_margin, {}, soft_margin_slope, soft_margin_target_slope};
  require_floating(info.name, "input", x);
  return to(plain<SoftMarginLoss>(x, t, pair, reduction_of(info.name, word, size_average, reduce)), x.dtype());
}

Tensor HingeLoss::forward(const Tensor& x, const Tensor& t, double margin, std::string_view word) {
  return plain<HingeLoss>(x, t, {&table().loss.hinge, {margin}, hinge_slope, hinge_target_slope}, reduction_of(info.name, word));
}

Tensor GaussianNllLoss::forward(const Tensor& x, const Tensor& t, const Tensor& given, bool full, double eps,
                                std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word);
  require_same_shape(info.name, x, t);
  if (!(eps > 0)) fail<ValueError>("gaussian_nll_loss(): eps must be greater than 0, got ", eps);
  Tensor var = given->weak ? ops::full(x.shape(), given.scalar<double>(), floating(x.dtype())) : given;
  if (!same(var.shape(), x.shape())) {
    int mismatches = 0;
    bool ones = true;
    for (int d = 0; d < x.ndim() && var.ndim() == x.ndim(); ++d) {
      mismatches += var.size(d) != x.size(d);
      ones = ones && (var.size(d) == x.size(d) || var.size(d) == 1);
    }
    if (x.ndim() && same(var.shape(), x.shape().first(size_t(x.ndim()) - 1))) {
      var = unsqueeze(var, -1);
    } else if (var.ndim() != x.ndim() || mismatches != 1 || !ones) {
      fail<ValueError>("gaussian_nll_loss(): var of shape ", Show{var.shape()}, " does not fit input of shape ", Show{x.shape()},
                       "; it may be equal, lack the last dim, or have size 1 in one dim");
    }
  }
  if (var.numel()) {
    const Dims all = Dims::all(var.ndim());
    const double low = reduce_values(info.name, {table().reduce.min}, var, all, false, var.dtype()).scalar<double>();
    if (low < 0) fail<ValueError>("gaussian_nll_loss(): var has a negative entry, ", low);
  }
  // Cut off at eps with the gradient passing, as in PyTorch.
  const Tensor values = alias(var), missing = where(lt(values, number(eps)), number(eps) - values, number(0));
  var = var + missing;
  Tensor d = x - t;
  Tensor each = (log(var) + d * d / var) * 0.5;
  if (full) each = each + 0.91893853320467274;
  return reduced(each, reduction);
}

Tensor PoissonNllLoss::forward(const Tensor& x, const Tensor& t, bool log_input, bool full, std::optional<bool> size_average,
                               double eps, std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  require_same_shape(info.name, x, t);
  Tensor each = log_input ? exp(x) - t * x : x - t * log(x + eps);
  if (full) {
    const Tensor large = gt(t, number(1)), safe = where(large, t, number(1));
    Tensor stirling = safe * log(safe) - safe + log(safe * 6.2831853071795862) * 0.5;
    each = each + where(large, stirling, number(0));
  }
  return reduced(each, reduction);
}

}  // namespace tg::ops
