// Running over a contiguous row a vector at a time, and sums of what is computed on the way.
#pragma once
#include "kernels/rows.h"

namespace tg::kernels {
namespace {

// y[i] = f(i, count), a vector at a time.
template <class T, class F>
inline void each_vector(T* y, int64_t n, F f) {
  for (int64_t i = 0; i < n; i += kLanes<T>) store_some(y + i, n - i, f(i));
}

// The sum of f over a row without storing the row.
template <class T, class F>
inline T sum_of(int64_t n, F f) {
  T piece[512], sum = 0;
  for (int64_t start = 0; start < n; start += 512) {
    const int64_t count = n - start < 512 ? n - start : 512;
    each_vector(piece, count, [&](int64_t i) { return f(start + i); });
    sum += reduce_row<Sum>(piece, count);
  }
  return sum;
}

}  // namespace
}  // namespace tg::kernels
