// Losses, composed of other operations.
#include "ops/loss.h"

#include "ops/index.h"

namespace tg::ops {

Tensor reduce_loss(const char* op, const Tensor& each, std::string_view reduction) {
  if (reduction == "mean") return mean(each);
  if (reduction == "sum") return sum(each);
  if (reduction == "none") return each;
  fail<ValueError>(op, "(): reduction must be 'none', 'mean' or 'sum', got '", reduction, "'");
}

void require_same_shape(const char* op, const Tensor& input, const Tensor& target) {
  if (!same(input.shape(), target.shape())) {
    fail<ValueError>(op, "(): target of shape ", Show{target.shape()}, " against input of shape ", Show{input.shape()},
                     "; both must be equal, reshape one of them");
  }
}

Tensor BceWithLogits::forward(const Tensor& x, const Tensor& t, const Tensor& weight, std::string_view reduction,
                              const Tensor& pos_weight) {
  require_floating(info.name, "input", x);
  require_same_shape(info.name, x, t);
  // softplus(-x) = max(-x, 0) + log(1 + e^-|x|), written with one exp whose argument is never positive
  Tensor magnitude = maximum(x, -x);
  Tensor softplus = relu(-x) + log(exp(-magnitude) + 1.0);
  Tensor positive = pos_weight ? t * (pos_weight - 1.0) + 1.0 : Tensor();
  Tensor each = (1.0 - t) * x + (positive ? positive * softplus : softplus);
  if (weight) each = each * weight;
  return reduce_loss(info.name, each, reduction);
}

namespace {

// input [N, C, d...] or [C] as rows [M, C].
Tensor class_rows(const Tensor& x) {
  if (x.ndim() <= 2) return x.ndim() == 1 ? unsqueeze(x, 0) : x;
  Ints order{0};
  for (int d = 2; d < x.ndim(); ++d) order.push_back(d);
  order.push_back(1);
  const int64_t c = x.size(1);
  return reshape(permute(x, order), {c ? x.numel() / c : 0, c});
}

struct Targets {
  Tensor index;    // int64 [M, 1], ignored ones replaced by 0
  Tensor weights;  // [M]: the weight of each row, 0 where ignored; empty when all are 1
  Tensor ignored;  // bool [M]; empty when none is
};

Targets check_targets(const char* op, const Tensor& x, const Tensor& target, const Tensor& weight, int64_t ignore_index) {
  const int c_dim = x.ndim() == 1 ? 0 : 1;
  const int64_t classes = x.size(c_dim);
  Shape expected = x.shape();
  expected.erase(c_dim);
  if (!same(target.shape(), expected)) {
    fail<ValueError>(op, "(): target of shape ", Show{target.shape()}, " does not fit input of shape ", Show{x.shape()},
                     "; expected ", Show{expected});
  }
  if (is_floating(target.dtype()) || target.dtype() == DType::bool_) {
    fail<RuntimeError>(op, "(): class numbers must be integers, got dtype ", target.dtype());
  }
  if (weight && (weight.ndim() != 1 || weight.size(0) != classes)) {
    fail<RuntimeError>(op, "(): weight of shape ", Show{weight.shape()}, " for ", classes, " classes");
  }
  Tensor index = contiguous_values(cast(target, DType::int64));
  const int64_t* p = index.data<int64_t>();
  const int64_t rows = index.numel();
  bool ignores = false;
  for (int64_t i = 0; i < rows; ++i) {
    if (p[i] == ignore_index) {
      ignores = true;
    } else if (p[i] < 0 || p[i] >= classes) {
      fail<IndexError>(op, "(): target ", p[i], " at position ", i, " is not one of ", classes, " classes");
    }
  }
  Targets t{alias(index, Shape{rows, 1}, Ints{1, 1}, 0), Tensor(), Tensor()};
  if (!ignores && !weight) return t;
  t.weights = full(Shape{rows}, 1, x.dtype());
  if (ignores) {
    Tensor kept = clone_values(t.index);
    int64_t* q = kept.data<int64_t>();
    for (int64_t i = 0; i < rows; ++i)
      if (q[i] == ignore_index) q[i] = 0;
    t.ignored = eq(alias(index, Shape{rows}, Ints{1}, 0), number(double(ignore_index)));
    t.weights = cast(logical_not(t.ignored), x.dtype());
    t.index = kept;
  }
  if (weight) {
    const Tensor per_class = contiguous_values(cast(weight, x.dtype()));
    t.weights = t.weights * reshape(take_rows(reshape(per_class, {classes, 1}), reshape(t.index, {rows})), {rows});
  }
  return t;
}

Tensor nll(const char* op, const Tensor& log_p, const Tensor& target, const Targets& t, std::string_view reduction) {
  Tensor picked = -reshape(gather(class_rows(log_p), 1, t.index), {target.numel()});
  if (!t.weights) return reduction == "none" ? reshape(picked, target.shape()) : reduce_loss(op, picked, reduction);
  // An ignored row may hold an infinity, and 0 times that is NaN.
  Tensor weighted = picked * t.weights;
  if (t.ignored) weighted = where(t.ignored, number(0), weighted);
  if (reduction == "none") return reshape(weighted, target.shape());
  if (reduction == "mean") return sum(weighted) / sum(t.weights);
  return reduce_loss(op, weighted, reduction);
}

}  // namespace

Tensor NllLoss::forward(const Tensor& x, const Tensor& target, const Tensor& weight, int64_t ignore_index,
                        std::string_view reduction) {
  require_floating(info.name, "input", x);
  if (x.ndim() == 0) fail<ValueError>("nll_loss(): input must be [C] or [N, C, ...], got a 0-d tensor");
  return nll(info.name, x, target, check_targets(info.name, x, target, weight, ignore_index), reduction);
}

Tensor CrossEntropy::forward(const Tensor& x, const Tensor& target, const Tensor& weight, int64_t ignore_index,
                             std::string_view reduction, double label_smoothing) {
  require_floating(info.name, "input", x);
  if (x.ndim() == 0) fail<ValueError>("cross_entropy(): input must be [C] or [N, C, ...], got a 0-d tensor");
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    fail<ValueError>("cross_entropy(): label_smoothing must be between 0 and 1, got ", label_smoothing);
  }
  const int dim = x.ndim() == 1 ? 0 : 1;
  const double classes = double(x.size(dim));
  if (is_floating(target.dtype())) {  // probabilities
    if (target.ndim() + 1 == x.ndim())
      fail<RuntimeError>("cross_entropy(): class numbers must be integers, got dtype ", target.dtype(), "; use .long()");
    require_same_shape(info.name, x, target);
    Tensor t = label_smoothing > 0 ? target * (1 - label_smoothing) + label_smoothing / classes : target;
    Tensor each = t * log_softmax(x, dim);
    if (weight) {
      Shape along = Ints::filled(x.ndim(), 1);
      along[dim] = x.size(dim);
      each = each * reshape(weight, along);
    }
    Tensor loss = -sum(each, {dim});
    if (reduction == "mean" && x.ndim() > 1) return sum(loss) / double(loss.numel());
    return reduce_loss(info.name, loss, reduction);
  }
  const Targets t = check_targets(info.name, x, target, weight, ignore_index);
  Tensor log_p = log_softmax(x, dim);
  Tensor loss = nll(info.name, log_p, target, t, reduction);
  if (label_smoothing == 0) return loss;
  // The smoothed part is the mean over all classes in place of the one that is right.
  Tensor rows = class_rows(log_p);
  Tensor each = -sum(weight ? rows * weight : rows, {1});
  if (t.ignored) each = where(t.ignored, number(0), each);
  Tensor smooth = reduction == "none"   ? reshape(each, target.shape())
                  : reduction == "mean" ? (t.weights ? sum(each) / sum(t.weights) : mean(each))
                                        : sum(each);
  return loss * (1 - label_smoothing) + smooth * (label_smoothing / classes);
}

}  // namespace tg::ops
