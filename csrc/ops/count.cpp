// Counting into bins.
#include "ops/count.h"

#include <cmath>

#include "ops/reduce_values.h"

namespace tg::ops {
namespace {

// The bin of v between equal steps from low to high, corrected by the edges themselves where there are any; -1 outside.
template <class T>
int64_t equal_bin(T v, T low, T high, int64_t bins, const T* edges) {
  if (!(v >= low && v <= high)) return -1;
  int64_t at = int64_t((v - low) * T(bins) / (high - low));
  if (edges) {
    const int64_t from = std::max<int64_t>(0, at - 1), to = std::min<int64_t>(at + 2, bins + 1);
    at = std::upper_bound(edges + from, edges + to, v) - edges - 1;
  }
  return std::min(at, bins - 1);
}

// The range of the data where none is given; never empty.
struct Range {
  double low, high;
  Range(const char* op, const Tensor& x, double lowest, double highest, bool given, double widen) : low(lowest), high(highest) {
    if (!given && x.numel()) {
      const Dims all = Dims::all(x.ndim());
      low = reduce_values(op, {table().reduce.min, table().reduce.min}, x, all, false, x.dtype()).scalar<double>();
      high = reduce_values(op, {table().reduce.max, table().reduce.max}, x, all, false, x.dtype()).scalar<double>();
    }
    if (!std::isfinite(low) || !std::isfinite(high))
      fail<RuntimeError>(op, "(): the range from ", low, " to ", high, " is not finite");
    if (low > high) fail<RuntimeError>(op, "(): max must be larger than min, got ", low, " and ", high);
    if (low == high) {
      low -= widen;
      high += widen;
    }
  }
};

void check_bins(const char* op, int64_t bins) {
  if (bins <= 0) fail<RuntimeError>(op, "(): bins must be positive, got ", bins);
  checked_numel(op, Shape{bins});
}

}  // namespace

Tensor Bincount::forward(const Tensor& input, const Tensor& weights, int64_t minlength) {
  const DType t = input.dtype();
  if (is_floating(t) || t == DType::bool_) fail<RuntimeError>("bincount(): input must be integers, got dtype ", t);
  if (minlength < 0) fail<RuntimeError>("bincount(): minlength must not be negative, got ", minlength);
  if (input.ndim() != 1 && !(input.numel() == 0))
    fail<RuntimeError>("bincount(): input must be 1-d, got shape ", Show{input.shape()});
  if (weights && !same(weights.shape(), input.shape()))
    fail<RuntimeError>("bincount(): weights of shape ", Show{weights.shape()}, " do not fit input of shape ",
                       Show{input.shape()});
  const Tensor x = contiguous_values(cast(input, DType::int64));
  const int64_t n = x.numel();
  int64_t most = -1;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t v = x.data<int64_t>()[i];
    if (v < 0) fail<RuntimeError>("bincount(): input must not be negative, got ", v);
    most = std::max(most, v);
  }
  if (most == INT64_MAX) fail<RuntimeError>("bincount(): ", most, " is too large to count up to");
  const Shape shape{std::max(most + 1, minlength)};
  checked_numel(info.name, shape);
  if (!weights) {
    Tensor out = zeros(shape, DType::int64);
    for (int64_t i = 0; i < n; ++i) ++out.data<int64_t>()[x.data<int64_t>()[i]];
    return out;
  }
  const Tensor w = contiguous_values(cast(weights, weights.dtype() == DType::float32 ? DType::float32 : DType::float64));
  Tensor out = zeros(shape, w.dtype());
  visit_float(w.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < n; ++i) out.data<T>()[x.data<int64_t>()[i]] += w.data<T>()[i];
  });
  return out;
}

Tensor Histc::forward(const Tensor& input, int64_t bins, double low, double high) {
  require_floating(info.name, "input", input);
  check_bins(info.name, bins);
  const Tensor x = contiguous_values(input);
  const Range range(info.name, x, low, high, low != high, 1);
  Tensor out = zeros(Shape{bins}, x.dtype());
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < x.numel(); ++i) {
      const int64_t at = equal_bin<T>(x.data<T>()[i], T(range.low), T(range.high), bins, nullptr);
      if (at >= 0) out.data<T>()[at] += 1;
    }
  });
  return out;
}

Bins Histogram::forward(const Tensor& input, const IntOrTensor& given, const std::vector<double>& range, const Tensor& weight,
                        bool density) {
  const char* op = info.name;
  require_floating(op, "input", input);
  const Tensor x = contiguous_values(input);
  Tensor w, edges;
  if (weight) {
    if (weight.dtype() != x.dtype())
      fail<RuntimeError>(op, "(): weight must have input's dtype ", x.dtype(), ", got ", weight.dtype());
    if (!same(weight.shape(), x.shape()))
      fail<RuntimeError>(op, "(): weight of shape ", Show{weight.shape()}, " does not fit input of shape ", Show{x.shape()});
    w = contiguous_values(weight);
  }
  const bool equal = bool(given.number);
  if (!equal) {
    if (!given.tensor || given.tensor.ndim() != 1 || given.tensor.numel() == 0 || given.tensor.dtype() != x.dtype())
      fail<RuntimeError>(op, "(): bins must be a number or a 1-d tensor of edges of dtype ", x.dtype());
    if (!range.empty()) fail<TypeError>(op, "(): range goes with a number of bins, not with their edges");
    edges = clone_values(given.tensor);
  } else {
    check_bins(op, *given.number);
    if (!range.empty() && range.size() != 2)
      fail<RuntimeError>(op, "(): range must be (min, max), got ", range.size(), " numbers");
    const bool ranged = !range.empty();
    const Range r(op, x, ranged ? range[0] : 0, ranged ? range[1] : 0, ranged, 0.5);
    const int64_t n = *given.number;
    edges = empty({n + 1}, x.dtype());
    visit_float(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T low = T(r.low), high = T(r.high), step = (high - low) / T(n);
      for (int64_t i = 0; i <= n; ++i) edges.data<T>()[i] = i < (n + 1) / 2 ? low + step * T(i) : high - step * T(n - i);
    });
  }
  const int64_t bins = edges.numel() - 1;
  Tensor out = zeros(Shape{bins}, x.dtype());
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* e = edges.data<T>();
    T *count = out.data<T>(), total = 0;
    for (int64_t i = 1; i <= bins; ++i)
      if (e[i] < e[i - 1]) fail<RuntimeError>(op, "(): the edges of bins must rise, got ", e[i - 1], " before ", e[i]);
    for (int64_t i = 0; i < x.numel() && bins > 0; ++i) {
      const T v = x.data<T>()[i];
      if (!(v >= e[0] && v <= e[bins])) continue;
      const int64_t at = equal ? equal_bin<T>(v, e[0], e[bins], bins, e)
                               : std::min<int64_t>(std::upper_bound(e, e + bins + 1, v) - e - 1, bins - 1);
      count[at] += w ? w.data<T>()[i] : T(1);
    }
    if (!density) return;
    for (int64_t i = 0; i < bins; ++i) total += count[i];
    for (int64_t i = 0; i < bins; ++i) count[i] /= total * (e[i + 1] - e[i]);
  });
  return {out, edges};
}

}  // namespace tg::ops
