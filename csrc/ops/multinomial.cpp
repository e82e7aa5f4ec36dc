// Drawing indices by their weights.
#include <cmath>

#include "core/distributions.h"
#include "ops/random.h"

namespace tg::ops {
namespace {

constexpr int64_t kMostCategories = int64_t(1) << 24;  // as in PyTorch, which draws the same numbers only below

// The largest `count` of n scores w / Exp(1), in descending order, are `count` indices drawn one after the other. Sorted by
// the algorithms PyTorch uses, as they decide the order of equal scores.
template <class T>
void without_replacement(const T* weights, const T* waits, int64_t n, int64_t* out, int64_t count) {
  using Scored = std::pair<T, int64_t>;
  std::vector<Scored> scores(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) scores[size_t(i)] = {weights[i] / waits[i], i};
  const auto better = [](const Scored& a, const Scored& b) {
    return (std::isnan(a.first) && !std::isnan(b.first)) || a.first > b.first;
  };
  const auto begin = scores.begin(), end = scores.end();
  if (count == 1) {
    out[0] = std::min_element(begin, end, better)->second;
    return;
  }
  if (count * 64 <= n) {
    std::partial_sort(begin, begin + count, end, better);
  } else {
    std::nth_element(begin, begin + count - 1, end, better);
    std::sort(begin, begin + count - 1, better);
  }
  for (int64_t i = 0; i < count; ++i) out[i] = scores[size_t(i)].second;
}

template <class T>
void with_replacement(Generator& g, const T* weights, int64_t n, int64_t* out, int64_t count) {
  std::vector<T> below(static_cast<size_t>(n));  // cumulative probabilities
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) below[size_t(i)] = sum += weights[i];
  for (T& b : below) b /= sum;
  below.back() = 1;
  draws::for_each_uniform<double>(g, count, [&](int64_t i, double u) {
    out[i] = std::partition_point(below.begin(), below.end(), [u](T b) { return b < u; }) - below.begin();
  });
}

template <class T>
void check_weights(const T* weights, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r) {
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const T w = weights[r * n + i];
      if (!(w >= 0 && w < std::numeric_limits<T>::infinity())) {
        fail<RuntimeError>("multinomial(): weights must be finite and not negative, got ", w);
      }
      sum += w;
    }
    if (!(sum > 0)) fail<RuntimeError>("multinomial(): the weights of row ", r, " add up to 0");
  }
}

}  // namespace

Tensor Multinomial::forward(const Tensor& weights, int64_t count, bool replacement, Generator* g) {
  require_floating(info.name, "input", weights);
  if (weights.ndim() != 1 && weights.ndim() != 2) {
    fail<RuntimeError>("multinomial(): input must have 1 or 2 dims, got shape ", Show{weights.shape()});
  }
  const int64_t n = weights.size(weights.ndim() - 1), rows = weights.ndim() == 2 ? weights.size(0) : 1;
  if (count <= 0) fail<RuntimeError>("multinomial(): num_samples must be positive, got ", count);
  if (!replacement && count > n) {
    fail<RuntimeError>("multinomial(): ", count, " samples cannot be drawn from ", n, " categories without replacement");
  }
  if (n > kMostCategories) fail<RuntimeError>("multinomial(): ", n, " categories are more than 2^24");
  if (n == 0 && rows > 0) fail<RuntimeError>("multinomial(): there are no categories in shape ", Show{weights.shape()});
  Tensor out = checked_empty(info.name, weights.ndim() == 2 ? Shape{rows, count} : Shape{count}, DType::int64);
  if (out.numel() == 0) return out;
  const Tensor plain = contiguous_values(weights);
  visit_float(weights.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* w = plain.data<T>();
    int64_t* chosen = out.data<int64_t>();
    check_weights(w, rows, n);
    if (replacement && count > 1) {
      for (int64_t r = 0; r < rows; ++r) with_replacement(*g, w + r * n, n, chosen + r * count, count);
      return;
    }
    Tensor waits = empty_preserving(weights, weights.dtype());
    draw_exponential(*g, waits, 1);
    waits = contiguous_values(waits);
    for (int64_t r = 0; r < rows; ++r) without_replacement(w + r * n, waits.data<T>() + r * n, n, chosen + r * count, count);
  });
  return out;
}

}  // namespace tg::ops
