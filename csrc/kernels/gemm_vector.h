// The product of one row and a block of a matrix, for the two ways in which the matrix can lie in memory.
// Every sum is the same chain of multiply-adds in ascending k as in the micro-kernel. Knows nothing of blocking.
#pragma once
#include "kernels/gemm_short.h"

namespace tg::kernels {
namespace {

// sums[j] = sum over p < k of x[p * x_step] b[p * b_row + j], for j < n. Rows are read in long runs, and eight at a
// time so that the sums are read and written less often than they.
template <class T>
inline void combine_rows(int64_t n, int64_t k, const T* x, int64_t x_step, const T* b, int64_t b_row, T* __restrict sums) {
  for (int64_t j = 0; j < n; ++j) sums[j] = 0;
  int64_t p = 0;
  for (; p + 8 <= k; p += 8, b += 8 * b_row) {
    T w[8];
    for (int i = 0; i < 8; ++i) w[i] = x[(p + i) * x_step];
    const T *b0 = b, *b1 = b0 + b_row, *b2 = b1 + b_row, *b3 = b2 + b_row;
    const T *b4 = b3 + b_row, *b5 = b4 + b_row, *b6 = b5 + b_row, *b7 = b6 + b_row;
    for (int64_t j = 0; j < n; ++j) {
      T sum = sums[j];
      sum += w[0] * b0[j], sum += w[1] * b1[j], sum += w[2] * b2[j], sum += w[3] * b3[j];
      sum += w[4] * b4[j], sum += w[5] * b5[j], sum += w[6] * b6[j], sum += w[7] * b7[j];
      sums[j] = sum;
    }
  }
  for (; p < k; ++p, b += b_row)
    for (int64_t j = 0; j < n; ++j) sums[j] += x[p * x_step] * b[j];
}

// sums[i] = sum over p of a[i * a_row + p] x[p * x_step], for i < rows <= 4 * kQuads. Each lane is one row, so that an
// element is the same chain of multiply-adds as in the micro-kernel.
template <class T, int kQuads>
inline void dot_rows(int64_t rows, int64_t k, const T* a, int64_t a_row, const T* x, int64_t x_step, T* sums) {
  using Quad = Short<T, 4>;
  const T* row[4 * kQuads];
  for (int i = 0; i < 4 * kQuads; ++i) row[i] = a + (i < rows ? i : rows - 1) * a_row;
  Quad sum[kQuads] = {};
  int64_t p = 0;
  for (; p + 4 <= k; p += 4) {
    T x_now[4];
    for (int i = 0; i < 4; ++i) x_now[i] = x[(p + i) * x_step];
#pragma GCC unroll 4
    for (int q = 0; q < kQuads; ++q) {
      Quad r0 = load_as<Quad>(row[4 * q] + p), r1 = load_as<Quad>(row[4 * q + 1] + p);
      Quad r2 = load_as<Quad>(row[4 * q + 2] + p), r3 = load_as<Quad>(row[4 * q + 3] + p);
      transpose(r0, r1, r2, r3);
      sum[q] += r0 * x_now[0];
      sum[q] += r1 * x_now[1];
      sum[q] += r2 * x_now[2];
      sum[q] += r3 * x_now[3];
    }
  }
  for (; p < k; ++p)
    for (int q = 0; q < kQuads; ++q) {
      const Quad column = {row[4 * q][p], row[4 * q + 1][p], row[4 * q + 2][p], row[4 * q + 3][p]};
      sum[q] += column * x[p * x_step];
    }
  for (int i = 0; i < rows; ++i) sums[i] = sum[i / 4][i % 4];
}

}  // namespace
}  // namespace tg::kernels
