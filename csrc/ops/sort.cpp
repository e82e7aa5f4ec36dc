// Quantiles, different elements and places in sorted sequences.
#include "ops/sort.h"

#include <cmath>

namespace tg::ops {

namespace {

void check_quantiles(const char* op, const Tensor& x, const Tensor& q) {
  require_floating(op, "input", x);
  if (q.ndim() > 1) fail<RuntimeError>(op, "(): q must be a number or a 1-d tensor, got shape ", Show{q.shape()});
  if (!q->weak && q.dtype() != x.dtype())
    fail<RuntimeError>(op, "(): q must have input's dtype ", x.dtype(), ", got ", q.dtype());
  const Tensor values = contiguous_values(cast(q, DType::float64));
  for (int64_t i = 0; i < q.numel(); ++i) {
    const double v = values.data<double>()[i];
    if (!(v >= 0 && v <= 1)) fail<RuntimeError>(op, "(): q must be between 0 and 1, got ", v);
  }
}

}  // namespace

Tensor Quantile::values(const char* op, const Tensor& input, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                        std::string_view interpolation, bool skip_nan) {
  check_quantiles(op, input, q);
  const char* const known[] = {"linear", "lower", "higher", "midpoint", "nearest"};
  if (std::find(std::begin(known), std::end(known), interpolation) == std::end(known)) {
    fail<RuntimeError>(op, "(): interpolation must be linear, lower, higher, midpoint or nearest, got '", interpolation, "'");
  }
  // Rows: the dim goes last, everything else becomes one dim.
  const int d = normalize_dim(op, dim.value_or(0), input.ndim());
  Shape kept = dim && input.ndim() ? Shape(input.shape()) : Shape::filled(input.ndim(), 1);
  if (dim && input.ndim()) kept[d] = 1;
  Tensor x = dim && input.ndim() ? transpose(input, d, input.ndim() - 1) : reshape(input, {input.numel()});
  const int64_t n = x.size(x.ndim() - 1), rows = n ? x.numel() / n : 0;
  if (n == 0) fail<RuntimeError>(op, "(): input has no elements along dim ", d);
  Shape outside = x.shape();
  outside[x.ndim() - 1] = 1;
  x = reshape(x, {rows, n});
  Tensor sorted = Sort::forward(x, -1, false, false).values;
  const int64_t count = q.numel();
  const bool records = tape::recording(q);

  // Places between elements, in input's precision.
  Tensor low = empty({rows, count}, DType::int64), high = empty_like(low), weight = empty({rows, count}, x.dtype());
  const Tensor fractions = contiguous_values(cast(q, x.dtype()));
  Tensor sizes = empty({rows}, DType::int64);
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = sorted.data<T>();
    for (int64_t r = 0; r < rows; ++r) {
      int64_t numbers = n;
      while (numbers && p[r * n + numbers - 1] != p[r * n + numbers - 1]) --numbers;
      for (int64_t k = 0; k < count; ++k) {
        const int64_t last = skip_nan ? std::max<int64_t>(numbers - 1, 0) : n - 1;
        T rank = fractions.data<T>()[k] * T(last);
        if (!skip_nan && numbers < n) rank = T(last);  // a NaN, which stands last, is every quantile
        if (interpolation == "lower") rank = std::floor(rank);
        if (interpolation == "higher") rank = std::ceil(rank);
        if (interpolation == "nearest") rank = std::nearbyint(rank);
        const int64_t at = std::min<int64_t>(int64_t(rank), last), i = r * count + k;
        low.data<int64_t>()[i] = at;
        high.data<int64_t>()[i] = std::min<int64_t>(int64_t(std::ceil(rank)), last);
        weight.data<T>()[i] = interpolation == "midpoint" ? T(0.5) : rank - T(at);
      }
    }
  });
  Tensor y = gather(sorted, 1, low);
  if (interpolation == "linear" || interpolation == "midpoint") {
    Tensor above = gather(sorted, 1, high);
    Tensor w = weight;
    if (records && interpolation == "linear") {  // the weight moves with q
      Tensor scaled = reshape(q, {1, count}) * number(double(n - 1));
      w = weight + (scaled - alias(scaled));
    }
    Tensor step = above - y;
    y = y + where(eq(low, high), number(0), w * step);
  }
  // [rows, Q] to [Q, ...]
  Tensor front = reshape(transpose(y, 0, 1), [&] {
    Shape s = outside;
    s.insert(0, count);
    return s;
  }());
  if (dim && input.ndim() && d != input.ndim() - 1) front = transpose(front, d + 1, input.ndim());
  Shape shape;
  if (q.ndim()) shape.push_back(count);
  for (int i = 0; i < input.ndim(); ++i)
    if (keepdim || (dim && i != d)) shape.push_back(kept[i]);
  return reshape(front, shape);
}

OneOrMany UniqueElements::of(const char* op, const Tensor& x, bool inverse, bool counts, std::optional<int64_t> dim,
                             bool consecutive) {
  Unique u;
  if (dim && x.ndim()) {
    const int d = normalize_dim(op, *dim, x.ndim());
    if (x.numel() == 0 && x.size(d) != 0)
      fail<RuntimeError>(op, "(): slices of a tensor of shape ", Show{x.shape()}, " along dim ", d, " have no elements");
    u = unique_slices(x, d, consecutive);
  } else {
    if (dim) normalize_dim(op, *dim, 0);
    u = unique_values(x, consecutive);
  }
  if (!inverse && !counts) return {u.values, {}};
  TensorList all{u.values};
  if (inverse) all.push_back(u.inverse);
  if (counts) all.push_back(u.counts);
  return {{}, std::move(all)};
}

Tensor SearchSorted::forward(const Tensor& sorted, const Tensor& x, bool int32, bool right, std::optional<std::string_view> side,
                             const Tensor& sorter) {
  const char* op = info.name;
  if (side && *side != "left" && *side != "right")
    fail<RuntimeError>(op, "(): side must be 'left' or 'right', got '", *side, "'");
  if (side && *side == "left" && right) fail<RuntimeError>(op, "(): side='left' and right=True contradict each other");
  if (sorted.ndim() == 0) fail<RuntimeError>(op, "(): the sorted sequence must have at least one dim");
  if (x.ndim() == 0 && sorted.ndim() != 1)
    fail<RuntimeError>(op, "(): a lone value is looked up in a 1-d sequence, got shape ", Show{sorted.shape()});
  if (sorted.ndim() != 1) {
    bool fits = sorted.ndim() == x.ndim();
    for (int d = 0; fits && d < x.ndim() - 1; ++d) fits = sorted.size(d) == x.size(d);
    if (!fits)
      fail<RuntimeError>(op, "(): shapes ", Show{sorted.shape()}, " and ", Show{x.shape()},
                         " must agree outside the last dim, or the sequence must be 1-d");
  }
  Tensor by;
  if (sorter) {
    if (sorter.dtype() != DType::int64) fail<RuntimeError>(op, "(): sorter must be int64, got dtype ", sorter.dtype());
    if (!same(sorter.shape(), sorted.shape()))
      fail<RuntimeError>(op, "(): sorter of shape ", Show{sorter.shape()}, " does not fit a sequence of shape ",
                         Show{sorted.shape()});
    by = sorter->contiguous ? clone_values(sorter) : contiguous_values(sorter);  // what is checked stays as it is
    for (int64_t i = 0; i < by.numel(); ++i)
      if (const int64_t v = by.data<int64_t>()[i]; v < 0 || v >= sorted.size(sorted.ndim() - 1))
        fail<IndexError>(op, "(): sorter holds ", v, ", which is no position in a sequence of ", sorted.size(sorted.ndim() - 1));
  }
  if (int32 && sorted.size(sorted.ndim() - 1) > INT32_MAX) fail<RuntimeError>(op, "(): positions do not fit into int32");
  const DType t = result_type(sorted, x);
  if (t == DType::bool_) fail<RuntimeError>(op, "(): not defined for bool");
  const Tensor edges = contiguous_values(cast(sorted, t)), values = contiguous_values(cast(x, t));
  if (values.numel() == 0) return empty(x.shape(), int32 ? DType::int32 : DType::int64);
  return search_values(edges, values, by, right || (side && *side == "right"), int32 ? DType::int32 : DType::int64);
}

}  // namespace tg::ops
