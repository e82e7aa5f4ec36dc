// The rows of attention's score matrix: from scores to weights, and from the weights' gradient to the scores'.
// The products around them are the matrix kernels'; knows nothing of heads and batches.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"
#include "kernels/pieces.h"

namespace tg::kernels {
namespace {

// Score j of a row that sees `seen` keys, from the raw product; -inf beyond.
template <class T>
struct Scores {
  const T *raw, *mask;
  T scale;
  int64_t seen;
  Vec<T> at(int64_t j) const {
    const Vec<T> s = load_some(raw + j, seen - j, T(0)) * scale;
    const Vec<T> v = mask ? s + load_some(mask + j, seen - j, T(0)) : s;
    return seen - j >= kLanes<T> ? v : lanes_within<T>(0, seen - j) ? v : splat(lowest<T>());
  }
};

// Calls row(scores, row number, keys seen).
template <class T, class Row>
inline void for_rows(const AttentionRows& a, const void* scores, Row row) {
  for (int64_t r = 0; r < a.rows; ++r) {
    const int64_t below = a.first + r + 1, seen = a.causal && below < a.keys ? below : a.keys;
    const T* mask = a.mask ? static_cast<const T*>(a.mask) + r * a.mask_step : nullptr;
    row(Scores<T>{static_cast<const T*>(scores) + r * a.step, mask, T(a.scale), seen}, r, seen);
  }
}

template <class T>
void weights(const AttentionRows& a, void* scores, void* lse) {
  for_rows<T>(a, scores, [&](const Scores<T>& s, int64_t r, int64_t seen) {
    T* p = static_cast<T*>(scores) + r * a.step;
    Vec<T> tops = splat(lowest<T>());
    for (int64_t j = 0; j < seen; j += kLanes<T>) tops = Max{}(s.at(j), tops);
    const T top = across<Max, T>(tops)[0];
    const bool blind = top == lowest<T>();  // sees no key: zeros
    Vec<T> sums{};
    for (int64_t j = 0; j < seen; j += kLanes<T>) {
      const Vec<T> e = blind ? Vec<T>{} : exp(s.at(j) - top);
      sums += e;
      store_some(p + j, a.keys - j, e);
    }
    const T sum = across<Sum, T>(sums)[0];
    for (int64_t j = 0; j < seen && !blind; j += kLanes<T>) {
      store_some(p + j, a.keys - j, load_some(p + j, a.keys - j, T(0)) / sum);
    }
    for (int64_t j = (seen + kLanes<T> - 1) / kLanes<T> * kLanes<T>; j < a.keys; ++j) p[j] = 0;
    static_cast<T*>(lse)[r] = blind ? highest<T>() : top + log(splat(sum))[0];
  });
}

template <class T>
void weights_grad(const AttentionRows& a, void* scores, void* slopes, const void* lses, const void* dots) {
  for_rows<T>(a, scores, [&](const Scores<T>& s, int64_t r, int64_t) {
    T *p = static_cast<T*>(scores) + r * a.step, *d = static_cast<T*>(slopes) + r * a.step;
    const T lse = static_cast<const T*>(lses)[r], dot = static_cast<const T*>(dots)[r], scale = T(a.scale);
    for (int64_t j = 0; j < a.keys; j += kLanes<T>) {
      const Vec<T> w = exp(s.at(j) - lse);
      store_some(d + j, a.keys - j, w * (load_some(d + j, a.keys - j, T(0)) - dot) * scale);
      store_some(p + j, a.keys - j, w);
    }
  });
}

// y[r] = sum over j of a[r, j] b[r, j]
template <class T>
void row_dots(int64_t rows, int64_t n, const void* a_void, const void* b_void, void* y) {
  const T *a = static_cast<const T*>(a_void), *b = static_cast<const T*>(b_void);
  for (int64_t r = 0; r < rows; ++r, a += n, b += n) {
    static_cast<T*>(y)[r] =
        sum_of<T>(n, [&](int64_t j, int64_t count) { return load_some(a + j, count, T(0)) * load_some(b + j, count, T(0)); });
  }
}

template <class T>
void fill_type(AttentionTable& t, int type) {
  t.weights[type] = weights<T>;
  t.weights_grad[type] = weights_grad<T>;
  t.row_dots[type] = row_dots<T>;
}

}  // namespace

namespace TG_ISA {
void fill_attention(AttentionTable& t) {
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
