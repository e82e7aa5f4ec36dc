// The register-blocked heart of the matrix product: a few rows of C, a few vectors wide, over one block of k.
// Knows nothing of blocking, packing or ragged edges: every tile it is given is whole vectors wide.
#pragma once
#include "kernels/gemm_short.h"

namespace tg::kernels {
namespace {

// 32 registers hold 28 sums, two vectors of B and one element of A; 16 registers hold 12, three and one.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kTileRows = 14, kTileVecs = 2;
#else
constexpr int kTileRows = 4, kTileVecs = 3;
#endif

constexpr int64_t kFarK = 64;

// c[rows, width] (+)= a[rows, k] b[k, width] + bias. B and C have unit column step.
template <class T>
struct Tile {
  int64_t k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row;
  T* c;
  int64_t c_row;
  const T* bias;  // may be null
  bool add;
};

// Every element of C is one chain of multiply-adds in ascending k, whatever the number of rows, vectors and lanes.
// Never inlined: a kernel wants all registers to itself.
template <class T, int kRows, int kVecs, int kLane>
[[gnu::noinline]] void multiply_tile(const Tile<T>& t) {
  using V = Short<T, kLane>;
  const int64_t a_row = t.a_row, a_col = t.a_col, b_row = t.b_row;
  const T* a = t.a;
  const T* b = t.b;
  if (t.k >= kFarK) {  // C may be far away; by the time of its sums it is near
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) __builtin_prefetch(t.c + i * t.c_row + v * kLane, 1);
    }
  }
  V sum[kRows][kVecs] = {};
  for (int64_t p = t.k; p > 0; --p) {
    V b_vec[kVecs];
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) b_vec[v] = load_as<V>(b + v * kLane);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const T factor = a[i * a_row];
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) sum[i][v] += factor * b_vec[v];
    }
    a += a_col;
    b += b_row;
  }
  T* c = t.c;
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i, c += t.c_row) {
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      V total = sum[i][v];
      if (t.add) total += load_as<V>(c + v * kLane);
      if (t.bias) total += load_as<V>(t.bias + v * kLane);
      store_as(c + v * kLane, total);
    }
  }
}

// Chooses the kernel made for this number of rows.
template <class T, int kVecs, int kLane, int kRows = kTileRows>
inline void multiply_rows(int64_t rows, const Tile<T>& t) {
  if constexpr (kRows > 1)
    if (rows < kRows) return multiply_rows<T, kVecs, kLane, kRows - 1>(rows, t);
  multiply_tile<T, kRows, kVecs, kLane>(t);
}

// The widths that there are kernels for: whole vectors, or one half or a quarter as long but at least four elements.
template <class T>
inline int64_t strip_width(int64_t cols) {
  constexpr int64_t kLane = kLanes<T>;
  if (cols > kLane) return cols >= kTileVecs * kLane ? kTileVecs * kLane : (cols + kLane - 1) / kLane * kLane;
  int64_t width = kLane;
  while (width > 4 && cols <= width / 2) width /= 2;
  return width;
}

// `width` is one that strip_width gives.
template <class T, int kVecs = kTileVecs, int kLane = kLanes<T>>
inline void multiply(int64_t rows, int64_t width, const Tile<T>& t) {
  if constexpr (kVecs > 1) {
    if (width < kVecs * kLane) return multiply<T, kVecs - 1, kLane>(rows, width, t);
  } else if constexpr (kLane > 4) {
    if (width < kLane) return multiply<T, 1, kLane / 2>(rows, width, t);
  }
  multiply_rows<T, kVecs, kLane>(rows, t);
}

}  // namespace
}  // namespace tg::kernels
