// Copies a block of a matrix into scratch in the order in which the micro-kernel reads it, by runs or by 4x4
// transposes. Knows nothing of blocking.
#pragma once
#include "kernels/gemm_short.h"

namespace tg::kernels {
namespace {

// Runs are a few vectors long at most, so that a call of memcpy would cost more than the copy.
template <class T, int kWidth = kLanes<T>>
inline void copy_run(const T* from, T* to, int64_t n) {
  for (; n >= kWidth; n -= kWidth, from += kWidth, to += kWidth) __builtin_memcpy(to, from, kWidth * sizeof(T));
  if constexpr (kWidth > 1) copy_run<T, kWidth / 2>(from, to, n);
}

// out[p * width + j] = x[p + j * col_step] for p < k, j < cols.
template <class T>
inline void transpose_block(int64_t k, int64_t cols, const T* x, int64_t col_step, int64_t width, T* out) {
  using Quad = Short<T, 4>;
  int64_t j = 0;
  for (; j + 4 <= cols; j += 4) {
    const T* from = x + j * col_step;
    T* to = out + j;
    int64_t p = 0;
    for (; p + 4 <= k; p += 4, from += 4, to += 4 * width) {
      Quad r0 = load_as<Quad>(from), r1 = load_as<Quad>(from + col_step);
      Quad r2 = load_as<Quad>(from + 2 * col_step), r3 = load_as<Quad>(from + 3 * col_step);
      transpose(r0, r1, r2, r3);
      store_as(to, r0), store_as(to + width, r1), store_as(to + 2 * width, r2), store_as(to + 3 * width, r3);
    }
    for (; p < k; ++p, ++from, to += width)
      for (int i = 0; i < 4; ++i) to[i] = from[i * col_step];
  }
  for (; j < cols; ++j)
    for (int64_t p = 0; p < k; ++p) out[p * width + j] = x[p + j * col_step];
}

// out[p * width + j] = x[p * k_step + j * col_step] for p < k, j < cols, and 0 for cols <= j < width.
template <class T>
inline void pack(int64_t k, int64_t cols, const T* x, int64_t k_step, int64_t col_step, int64_t width, T* out) {
  constexpr int64_t kDeep = 64 / sizeof(T);  // a cache line of every column at a time, so that each line is touched once
  if (col_step == 1)
    for (int64_t p = 0; p < k; ++p) copy_run(x + p * k_step, out + p * width, cols);
  else if (k_step == 1)
    for (int64_t p = 0; p < k; p += kDeep)
      transpose_block(k - p < kDeep ? k - p : kDeep, cols, x + p, col_step, width, out + p * width);
  else
    for (int64_t p = 0; p < k; ++p)
      for (int64_t j = 0; j < cols; ++j) out[p * width + j] = x[p * k_step + j * col_step];
  // Lanes past the edge are thrown away, but leftovers there could be denormal, and slow.
  for (int64_t p = 0; cols < width && p < k; ++p)
    for (int64_t j = cols; j < width; ++j) out[p * width + j] = 0;
}

}  // namespace
}  // namespace tg::kernels
