// What losses share.
#include "ops/loss.h"

namespace tg::ops {

Reduction reduction_of(const char* op, std::string_view word, std::optional<bool> size_average, std::optional<bool> reduce) {
  if (size_average || reduce) {
    if (!reduce.value_or(true)) return Reduction::none;
    return size_average.value_or(true) ? Reduction::mean : Reduction::sum;
  }
  if (word == "mean") return Reduction::mean;
  if (word == "sum") return Reduction::sum;
  if (word == "none") return Reduction::none;
  fail<ValueError>(op, "(): reduction must be 'none', 'mean' or 'sum', got '", word, "'");
}

Tensor reduced(const Tensor& each, Reduction reduction) {
  return reduction == Reduction::mean ? mean(each) : reduction == Reduction::sum ? sum(each) : each;
}
Tensor reduced(const Tensor& each, Reduction reduction, const Tensor& weight) {
  return reduction == Reduction::mean ? sum(each) / sum(weight) : reduced(each, reduction);
}

void require_same_shape(const char* op, const char* argument, const Tensor& input, const Tensor& target) {
  if (!same(input.shape(), target.shape())) {
    fail<ValueError>(op, "(): ", argument, " of shape ", Show{target.shape()}, " against input of shape ", Show{input.shape()},
                     "; both must be equal, reshape one of them");
  }
}

namespace {

constexpr int64_t kPiece = 1 << 15;  // what one thread sums at a time

double total_of(const PairCurve& pair, const Tensor& x, const Tensor& t) {
  const auto run = pair.kernel->total[int(x.dtype())];
  const char *p = x.bytes(), *q = t.bytes();
  const int64_t n = x.numel(), size = int64_t(itemsize(x.dtype()));
  if (n <= kPiece) return run(p, q, n, pair.p);
  std::vector<double> parts(size_t((n + kPiece - 1) / kPiece));
  {
    Unlocked unlocked(n * 4, {&x, &t});
    parallel_ranges(n, kPiece,
                    [&](int64_t a, int64_t b) { parts[size_t(a / kPiece)] = run(p + a * size, q + a * size, b - a, pair.p); });
  }
  double total = 0;
  for (double part : parts) total += part;
  return total;
}

// x and t in their common dtype, without history.
struct Both {
  Tensor x, t;
  Both(const Tensor& a, const Tensor& b) {
    const DType common = result_type(a, b);
    x = contiguous_values(cast(a, common));
    t = contiguous_values(cast(b, common));
  }
};

// dy spread over all elements: divided by their number for a mean.
double share(const PairSaved& s, const Tensor& x) { return s.reduction == Reduction::mean ? 1 / double(x.numel()) : 1; }

Tensor fused_grad(const PairSaved& s, const Tensor& x, const Tensor& t, const Tensor& dy) {
  const Both both(x, t);
  const Tensor up = contiguous_values(cast(dy, both.x.dtype()));
  Tensor dx = empty_like(both.x);
  const int64_t step = up.ndim() == 0 || s.reduction != Reduction::none ? 0 : 1, size = int64_t(itemsize(dx.dtype()));
  const auto run = s.pair.kernel->grad[int(dx.dtype())];
  const char *g = up.bytes(), *p = both.x.bytes(), *q = both.t.bytes();
  char* out = dx.bytes();
  const double scale = share(s, x);
  Unlocked unlocked(dx.numel() * 4, {&up, &both.x, &both.t, &dx});
  parallel_ranges(dx.numel(), kPiece, [&](int64_t a, int64_t b) {
    run(g + a * step * size, step, scale, p + a * size, q + a * size, out + a * size, b - a, s.pair.p);
  });
  return dx;
}

}  // namespace

Tensor pair_loss(const char* op, PairSaved& s, const Tensor& x, const Tensor& t, const PairCurve& pair, Reduction reduction) {
  require_same_shape(op, x, t);
  s.x = x;
  s.t = t;
  s.pair = pair;
  s.reduction = reduction;
  const Both both(x, t);
  require_floating(op, "input", both.x);
  const DType dtype = both.x.dtype();
  const int64_t n = x.numel();
  if (reduction != Reduction::none) {
    const double total = total_of(pair, both.x, both.t);
    return scalar(reduction == Reduction::mean ? total / double(n) : total, dtype);
  }
  Tensor y = empty_like(both.x);
  const int64_t size = int64_t(itemsize(dtype));
  const auto run = pair.kernel->value[int(dtype)];
  const char *p = both.x.bytes(), *q = both.t.bytes();
  char* out = y.bytes();
  Unlocked unlocked(n * 4, {&both.x, &both.t, &y});
  parallel_ranges(n, kPiece, [&](int64_t a, int64_t b) { run(p + a * size, q + a * size, out + a * size, b - a, pair.p); });
  return y;
}

Grads<2> pair_grad(const PairSaved& s, Needs needs, const Tensor& dy) {
  const Tensor &x = s.x.unpack(), &t = s.t.unpack();
  Grads<2> g;
  const bool of_target = needs[1] && s.pair.target_slope;
  // Where the gradient is itself recorded it is written in recorded operations.
  Tensor up = of_target || tape::grad_enabled() ? dy * share(s, x) : Tensor();
  if (needs[0] || !of_target) g[0] = tape::grad_enabled() ? up * s.pair.slope(x, t, s.pair.p) : fused_grad(s, x, t, dy);
  if (needs[1]) g[1] = of_target ? up * s.pair.target_slope(x, t, s.pair.p) : -g[0];
  if (!needs[0]) g[0] = Tensor();
  return g;
}

}  // namespace tg::ops
