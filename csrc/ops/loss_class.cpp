// Losses of class numbers. Kernels check the targets as they read them.
#include "ops/loss_class.h"

#include "ops/activation.h"
#include "ops/softmax.h"

namespace tg::ops {
namespace {

void require_classes(const char* op, const Tensor& x, const Tensor& target, const Tensor& weight) {
  require_floating(op, "input", x);
  if (x.ndim() == 0) fail<ValueError>(op, "(): input must be [C] or [N, C, ...], got a 0-d tensor");
  const int dim = x.ndim() == 1 ? 0 : 1;
  Shape expected = x.shape();
  expected.erase(dim);
  if (!same(target.shape(), expected)) {
    fail<ValueError>(op, "(): target of shape ", Show{target.shape()}, " does not fit input of shape ", Show{x.shape()},
                     "; expected ", Show{expected});
  }
  if (is_floating(target.dtype()) || target.dtype() == DType::bool_) {
    fail<RuntimeError>(op, "(): class numbers must be integers, got dtype ", target.dtype());
  }
  if (weight && (weight.ndim() != 1 || weight.size(0) != x.size(dim))) {
    fail<RuntimeError>(op, "(): weight of shape ", Show{weight.shape()}, " for ", x.size(dim), " classes; expected [",
                       x.size(dim), "]");
  }
  if (weight && weight.dtype() != x.dtype())
    fail<RuntimeError>(op, "(): weight has dtype ", weight.dtype(), ", input ", x.dtype());
}

// Targets and weights as the kernels take them.
struct Targets {
  Tensor index, weight;  // int64, and the input's dtype or empty; contiguous
  int64_t ignored = -100;
  kernels::Classes classes(const Tensor& x) const {
    const int dim = x.ndim() == 1 ? 0 : 1;
    kernels::Classes c{1, x.size(dim), 1, ignored, index.data<int64_t>(), weight ? weight.bytes() : nullptr};
    for (int d = 0; d < x.ndim(); ++d) (d < dim ? c.outer : d > dim ? c.inner : c.classes) *= d == dim ? 1 : x.size(d);
    return c;
  }
};
Targets targets_of(const Tensor& target, const Tensor& weight, int64_t ignored) {
  return {contiguous_values(cast(target, DType::int64)), weight ? contiguous_values(weight) : Tensor(), ignored};
}

[[noreturn]] void bad_target(const char* op, const Targets& t, int64_t at, int64_t classes) {
  fail<IndexError>(op, "(): target ", t.index.data<int64_t>()[at], " at position ", at, " is not one of ", classes, " classes");
}

struct ClassSaved {
  SavedInput x;
  Targets targets;
  Tensor lse;  // log sum e^x of each row
  Reduction reduction;
  double share;  // what a mean divides by, inverted
};

// The loss of each target, and what mean and sum make of them.
template <class Run>
Tensor class_loss(const char* op, ClassSaved& s, const Tensor& x, Reduction reduction, Run run) {
  s.x = x;
  s.reduction = reduction;
  const Tensor in = contiguous_values(x);
  const kernels::Classes c = s.targets.classes(x);
  Tensor each = reduction == Reduction::none ? empty_like(s.targets.index, x.dtype()) : Tensor();
  double total = 0, weights = 0;
  int64_t bad;
  {
    const char* from = in.bytes();
    char* to = each ? each.bytes() : nullptr;
    Unlocked unlocked(x.numel() * 4, {&in, &each, &s.lse, &s.targets.index, &s.targets.weight});
    bad = run(c, from, to, &total, &weights);
  }
  if (bad >= 0) bad_target(op, s.targets, bad, c.classes);
  s.share = reduction == Reduction::mean ? 1 / weights : 1;
  if (each) return each;
  return scalar(reduction == Reduction::mean ? total / weights : total, x.dtype());
}

// -w[t] at the target of each row, as a constant in x's shape.
Tensor picks(const ClassSaved& s, const Tensor& x) {
  Tensor w = zeros(x.shape(), x.dtype());
  const Tensor one = scalar(1.0, x.dtype());
  table().loss.nll_grad[int(x.dtype())](s.targets.classes(x), one.bytes(), 0, 1, w.bytes());
  return w;
}
// dy, one for all or one per target, against x [N, C, ...].
Tensor up_of(const ClassSaved& s, const Tensor& x, const Tensor& dy) {
  Tensor up = dy.ndim() ? unsqueeze(dy, x.ndim() == 1 ? 0 : 1) : dy;
  return s.reduction == Reduction::mean ? up * s.share : up;
}

struct Nll {
  static constexpr OpInfo info{.name = "nll_loss", .signature = "", .doc = "", .face = Face::internal};
  using Saved = ClassSaved;
  static Tensor forward(Saved& s, const Tensor& x, const Targets& targets, Reduction reduction) {
    s.targets = targets;
    return class_loss(info.name, s, x, reduction, table().loss.nll[int(x.dtype())]);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    if (tape::grad_enabled()) return {picks(s, x) * up_of(s, x, dy)};
    const Tensor up = contiguous_values(dy);
    Tensor dx = zeros(x.shape(), x.dtype());
    table().loss.nll_grad[int(x.dtype())](s.targets.classes(x), up.bytes(), s.reduction == Reduction::none, s.share, dx.bytes());
    return {dx};
  }
};

// log_softmax and nll_loss of rows in one step.
struct CrossEntropyRows {
  static constexpr OpInfo info{.name = "cross_entropy", .signature = "", .doc = "", .face = Face::internal};
  using Saved = ClassSaved;
  static Tensor forward(Saved& s, const Tensor& x, const Targets& targets, Reduction reduction) {
    s.targets = targets;
    s.lse = empty({targets.index.numel()}, x.dtype());
    const auto kernel = table().loss.cross_entropy[int(x.dtype())];
    return class_loss(info.name, s, x, reduction,
                      [kernel, lse = s.lse.bytes()](const kernels::Classes& c, const void* in, void* y, double* total,
                                                    double* weights) { return kernel(c, in, lse, y, total, weights); });
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    if (tape::grad_enabled()) {
      const int dim = x.ndim() == 1 ? 0 : 1;
      const Tensor w = picks(s, x);
      return {(w - softmax(x, dim) * sum(w, {dim}, true)) * up_of(s, x, dy)};
    }
    const Tensor up = contiguous_values(dy), in = contiguous_values(x);
    Tensor dx = empty_like(in);
    const kernels::Classes c = s.targets.classes(x);
    const auto run = table().loss.cross_entropy_grad[int(x.dtype())];
    const int64_t step = s.reduction == Reduction::none, size = int64_t(itemsize(x.dtype()));
    const char *g = up.bytes(), *p = in.bytes(), *lse = s.lse.bytes();
    char* out = dx.bytes();
    const int64_t grain = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, c.classes));
    Unlocked unlocked(x.numel() * 4, {&up, &in, &dx, &s.lse, &s.targets.index});
    parallel_ranges(c.outer, grain, [&](int64_t a, int64_t b) {
      kernels::Classes part = c;
      part.outer = b - a;
      part.target += a;
      const int64_t at = a * c.classes * size;
      run(part, g + a * step * size, step, s.share, p + at, lse + a * size, out + at);
    });
    return {dx};
  }
};

Tensor nll(const Tensor& x, const Targets& targets, Reduction reduction) { return tape::apply<Nll>(x, targets, reduction); }

// What a mean divides by: the weights of the targets that count.
double total_weight(const Targets& targets, const Tensor& x) {
  double total = 0, weights = 0;
  const Tensor any = zeros(x.shape(), x.dtype());
  table().loss.nll[int(x.dtype())](targets.classes(x), any.bytes(), nullptr, &total, &weights);
  return weights;
}

// weight [C] against x [N, C, ...]
Tensor per_class(const Tensor& weight, const Tensor& x) {
  Shape along = Ints::filled(x.ndim(), 1);
  along[x.ndim() == 1 ? 0 : 1] = weight.numel();
  return reshape(weight, along);
}

Tensor of_probabilities(const Tensor& x, const Tensor& target, const Tensor& weight, Reduction reduction, double smoothing) {
  constexpr const char* op = CrossEntropy::info.name;
  require_same_shape(op, x, target);
  const int dim = x.ndim() == 1 ? 0 : 1;
  const double classes = double(x.size(dim));
  if (weight && (weight.ndim() != 1 || weight.size(0) != x.size(dim)))
    fail<RuntimeError>(op, "(): weight of shape ", Show{weight.shape()}, " for ", x.size(dim), " classes");
  Tensor t = smoothing > 0 ? target * (1 - smoothing) + smoothing / classes : target;
  if (weight) t = t * per_class(weight, x);
  Tensor loss = -sum(t * log_softmax(x, dim), {dim});
  return reduced(loss, reduction);
}

}  // namespace

Tensor NllLoss::forward(const Tensor& x, const Tensor& target, const Tensor& weight, std::optional<bool> size_average,
                        int64_t ignore_index, std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  require_classes(info.name, x, target, weight);
  return nll(x, targets_of(target, weight, ignore_index), reduction);
}

Tensor CrossEntropy::forward(const Tensor& x, const Tensor& target, const Tensor& weight, std::optional<bool> size_average,
                             int64_t ignore_index, std::optional<bool> reduce, std::string_view word, double label_smoothing) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    fail<RuntimeError>("cross_entropy(): label_smoothing must be between 0 and 1, got ", label_smoothing);
  }
  if (is_floating(target.dtype()) && x.ndim() > 0 && target.ndim() == x.ndim()) {
    require_floating(info.name, "input", x);
    if (ignore_index >= 0) fail<RuntimeError>("cross_entropy(): ignore_index does not apply to targets that are probabilities");
    return of_probabilities(x, target, weight, reduction, label_smoothing);
  }
  require_classes(info.name, x, target, weight);
  const Targets targets = targets_of(target, weight, ignore_index);
  if (label_smoothing == 0 && x.ndim() <= 2) return tape::apply<CrossEntropyRows>(x, targets, reduction);
  const int dim = x.ndim() == 1 ? 0 : 1;
  Tensor log_p = log_softmax(x, dim);
  Tensor loss = nll(log_p, targets, reduction);
  if (label_smoothing == 0) return loss;
  // The smoothed part is the sum over all classes in place of the one that is right, divided as the loss is.
  Tensor smooth = -sum(weight ? log_p * per_class(targets.weight, x) : log_p, {dim});
  const Tensor ignored = eq(targets.index, number(double(ignore_index)));
  smooth = where(ignored, number(0), smooth);
  if (reduction != Reduction::none) smooth = sum(smooth);
  if (reduction == Reduction::mean) smooth = smooth / total_weight(targets, x);
  return loss * (1 - label_smoothing) + smooth * (label_smoothing / double(x.size(dim)));
}

// The classes of x [M, C] that are not the target get max(0, margin - x[t] + x[i])^p.
Tensor MultiMarginLoss::forward(const Tensor& x, const Tensor& target, int64_t p, double margin, const Tensor& weight,
                                std::optional<bool> size_average, std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  if (p != 1 && p != 2) fail<ValueError>("multi_margin_loss(): p must be 1 or 2, got ", p);
  if (weight && weight.ndim() != 1) fail<ValueError>("multi_margin_loss(): weight must be [C], got shape ", Show{weight.shape()});
  require_floating(info.name, "input", x);
  if (x.ndim() > 2 || (x.ndim() && x.size(x.ndim() - 1) == 0)) {
    fail<RuntimeError>("multi_margin_loss(): input must be [N, C] or [C] with C > 0, got shape ", Show{x.shape()});
  }
  Tensor rows = x.ndim() < 2 ? reshape(x, {1, x.numel()}) : x;
  const int64_t n = rows.size(0), classes = rows.size(1);
  if (target.ndim() > 1 || target.numel() != n)
    fail<RuntimeError>("multi_margin_loss(): target of shape ", Show{target.shape()}, " does not fit input of shape ",
                       Show{x.shape()}, "; expected [", n, "]");
  require_classes(info.name, rows, alias(contiguous_values(target), Shape{n}, Ints{1}, 0), weight);
  const Targets targets = targets_of(alias(contiguous_values(target), Shape{n}, Ints{1}, 0), weight, INT64_MIN);
  Tensor own = unsqueeze(-nll(rows, targets_of(targets.index, Tensor(), INT64_MIN), Reduction::none), 1);  // x[t]
  Tensor lack = at_least(rows - own + margin, 0);
  if (p == 2) lack = lack * lack;
  const Tensor w = [&] {  // w[t] / C everywhere but at t
    tape::GradMode off(false);
    const Tensor minus = scalar(-1.0, x.dtype()), at = zeros(rows.shape(), x.dtype());
    Targets plain = targets;
    plain.weight = Tensor();
    table().loss.nll_grad[int(x.dtype())](plain.classes(rows), minus.bytes(), 0, 1, at.bytes());
    Tensor others = (1.0 - at) / double(classes);
    return targets.weight ? others * unsqueeze(-nll(expand_values(targets.weight, rows.shape()), plain, Reduction::none), 1)
                          : others;
  }();
  Tensor each = sum(lack * w, {1});
  if (reduction == Reduction::none) return x.ndim() < 2 ? reshape(each, target.shape()) : each;
  return reduced(each, reduction);
}

Tensor MultilabelMarginLoss::forward(const Tensor& x, const Tensor& target, std::optional<bool> size_average,
                                     std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  require_floating(info.name, "input", x);
  if (x.ndim() > 2 || !same(x.shape(), target.shape()) || (x.ndim() && x.size(x.ndim() - 1) == 0)) {
    fail<RuntimeError>("multilabel_margin_loss(): input and target must both be [N, C] or [C] with C > 0, got shapes ",
                       Show{x.shape()}, " and ", Show{target.shape()});
  }
  if (target.dtype() != DType::int64)
    fail<RuntimeError>("multilabel_margin_loss(): target must be int64, got dtype ", target.dtype());
  const int64_t classes = x.ndim() ? x.size(x.ndim() - 1) : 1, n = x.numel() / classes;
  const Tensor index = contiguous_values(target);
  // Which classes are targets, how often, and which are not.
  const Tensor counts = zeros(Shape{n, classes}, x.dtype()), others = full(Shape{n, classes}, 1, x.dtype());
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < n; ++r)
      for (int64_t k = 0; k < classes; ++k) {
        const int64_t t = index.data<int64_t>()[r * classes + k];
        if (t == -1) break;
        if (t < 0 || t >= classes)
          fail<RuntimeError>("multilabel_margin_loss(): target ", t, " is not one of ", classes, " classes");
        counts.data<T>()[r * classes + t] += 1;
        others.data<T>()[r * classes + t] = 0;
      }
  });
  Tensor rows = reshape(x, {n, classes});
  // [n, target, other]
  Tensor lack = at_least(unsqueeze(rows, 1) - unsqueeze(rows, 2) + 1.0, 0);
  Tensor each = sum(lack * unsqueeze(counts, 2) * unsqueeze(others, 1), {1, 2}) / double(classes);
  if (reduction == Reduction::none) return x.ndim() < 2 ? reshape(each, Shape()) : each;
  return reduced(each, reduction);
}

Tensor MultilabelSoftMarginLoss::forward(const Tensor& x, const Tensor& target, const Tensor& weight,
                                         std::optional<bool> size_average, std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  require_floating(info.name, "input", x);
  require_same_shape(info.name, x, target);
  if (x.ndim() == 0) fail<IndexError>("multilabel_soft_margin_loss(): input must be [..., C], got a 0-d tensor");
  Tensor each = (1.0 - target) * x - tape::apply<LogSigmoid>(x);
  if (weight) each = each * weight;
  return reduced(mean(each, {x.ndim() - 1}), reduction);
}

}  // namespace tg::ops
