// The matrix product of bfloat16 matrices on one thread, by the instruction that multiplies and adds pairs (AVX512_BF16).
// An element is one chain over pairs along k, summed in float32 and rounded once, whatever m, n and the strides are; the
// instruction takes denormals for zero. Where the processor has no such instruction, the table has no such kernel.
#include "kernels/bfloat16.h"
#include "kernels/gemm_short.h"

namespace tg::kernels {
namespace {

#if defined(__AVX512F__)

constexpr int kRows = 14;                 // 28 sums, two vectors of B and one pair of A fill the registers
constexpr int64_t kWidth = 32;            // columns of a strip
constexpr int64_t kBlockBytes = 1 << 19;  // of A, which stay in the second-level cache
constexpr int64_t kFewestRows = 4 * kRows;

inline int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Rows of A that are packed together.
inline int64_t block_rows(int64_t m, int64_t pairs) {
  const int64_t fit = kBlockBytes / (4 * pairs + 1), most = fit < kFewestRows ? kFewestRows : fit;
  return ceil_div(m, ceil_div(m, most));
}

int64_t scratch_size(int64_t m, int64_t n, int64_t k) {
  const int64_t pairs = (k + 1) / 2;
  return m <= 0 || n <= 0 ? 0 : 2 * pairs * (kWidth + block_rows(m, pairs));
}

inline uint32_t pair(const uint16_t* low, const uint16_t* high) { return *low | uint32_t(*high) << 16; }
inline uint32_t load_pair(const uint16_t* p) {
  uint32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// Rows of x next to each other: two of them, interleaved.
inline void interleave(int64_t k, int64_t cols, const uint16_t* x, int64_t k_step, int64_t width, uint32_t* out) {
  for (int64_t p = 0; p < k; p += 2, x += 2 * k_step, out += width) {
    const uint16_t* next = x + k_step;
    if (p + 1 == k)
      for (int64_t j = 0; j < cols; ++j) out[j] = x[j];
    else if (cols == kWidth)
      for (int64_t j = 0; j < kWidth; ++j) out[j] = pair(x + j, next + j);
    else
      for (int64_t j = 0; j < cols; ++j) out[j] = pair(x + j, next + j);
  }
}

// Columns of x next to each other: pairs are words as they stand, which 4x4 transposes put in order.
inline void transpose_pairs(int64_t k, int64_t cols, const uint16_t* x, int64_t col_step, int64_t width, uint32_t* out) {
  using Quad = Short<uint32_t, 4>;
  const auto quad = [](const uint16_t* p) {
    Quad v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  };
  const int64_t whole = k / 2;
  int64_t j = 0;
  for (; j + 4 <= cols; j += 4) {
    const uint16_t* from = x + j * col_step;
    uint32_t* to = out + j;
    int64_t q = 0;
    for (; q + 4 <= whole; q += 4, from += 8, to += 4 * width) {
      Quad a = quad(from), b = quad(from + col_step), c = quad(from + 2 * col_step), d = quad(from + 3 * col_step);
      transpose(a, b, c, d);
      store_as(to, a), store_as(to + width, b), store_as(to + 2 * width, c), store_as(to + 3 * width, d);
    }
    for (; q < whole; ++q, from += 2, to += width)
      for (int i = 0; i < 4; ++i) to[i] = load_pair(from + i * col_step);
  }
  for (; j < cols; ++j)
    for (int64_t q = 0; q < whole; ++q) out[q * width + j] = load_pair(x + j * col_step + 2 * q);
  for (int64_t i = 0; k % 2 && i < cols; ++i) out[whole * width + i] = x[i * col_step + k - 1];
}

// out[q * width + j] = the pair of x[2 q * k_step + j * col_step] and the element after it along k, which is 0 beyond k.
void pack_pairs(int64_t k, int64_t cols, const uint16_t* x, int64_t k_step, int64_t col_step, int64_t width, uint32_t* out) {
  constexpr int64_t kDeep = 32;  // a cache line of every column at a time
  if (col_step == 1) return interleave(k, cols, x, k_step, width, out);
  if (k_step == 1) {
    for (int64_t p = 0; p < k; p += kDeep) transpose_pairs(min(kDeep, k - p), cols, x + p, col_step, width, out + p / 2 * width);
    return;
  }
  constexpr uint16_t kZero = 0;
  for (int64_t p = 0; p < k; p += 2)
    for (int64_t j = 0; j < cols; ++j) {
      const uint16_t* at = x + p * k_step + j * col_step;
      out[p / 2 * width + j] = pair(at, p + 1 < k ? at + k_step : &kZero);
    }
}

// c[rows, kWidth] = a b, of packed pairs: a[pairs, rows], b[pairs, kWidth].
struct Tile {
  int64_t pairs;
  const uint32_t *a, *b;
  float* c;
};

template <int kCount, int kVecs>
[[gnu::noinline, gnu::target("avx512bf16")]] void multiply_tile(const Tile& t) {
  using Words = Short<uint32_t, 16>;
  __m512 sum[kCount][kVecs] = {};
  const uint32_t *a = t.a, *b = t.b;
  for (int64_t q = t.pairs; q > 0; --q, a += kCount, b += kWidth) {
    __m512bh b_vec[kVecs];
#pragma GCC unroll 2
    for (int v = 0; v < kVecs; ++v) b_vec[v] = (__m512bh)load_as<Words>(b + 16 * v);
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) {
      const __m512bh factor = (__m512bh)(a[i] - Words{});
#pragma GCC unroll 2
      for (int v = 0; v < kVecs; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], b_vec[v], factor);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kCount; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < kVecs; ++v) store_as(t.c + i * kWidth + 16 * v, sum[i][v]);
}

template <int kVecs, int kCount = kRows>
inline void multiply_rows(int64_t rows, const Tile& t) {
  if constexpr (kCount > 1)
    if (rows < kCount) return multiply_rows<kVecs, kCount - 1>(rows, t);
  multiply_tile<kCount, kVecs>(t);
}

inline float widen(uint16_t x) { return __builtin_bit_cast(float, uint32_t(x) << 16); }
// To the nearest, ties to even, as the table's cast does it.
inline uint16_t narrow(float x) {
  const uint32_t u = __builtin_bit_cast(uint32_t, x), rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
  return uint16_t(x != x ? u >> 16 | 0x40 : rounded);
}

[[gnu::noinline]] void store_tile(int64_t rows, int64_t cols, const float* sums, const float* bias, uint16_t* c, int64_t c_row) {
  for (int64_t i = 0; i < rows; ++i, sums += kWidth, c += c_row)
    for (int64_t j = 0; j < cols; ++j) c[j] = narrow(sums[j] + bias[j]);
}

void gemm(const Gemm<uint16_t>& g) {
  if (g.m <= 0 || g.n <= 0) return;
  const int64_t pairs = (g.k + 1) / 2, block = block_rows(g.m, pairs);
  uint32_t* b_packed = reinterpret_cast<uint32_t*>(g.scratch);
  uint32_t* a_packed = b_packed + pairs * kWidth;
  for (int64_t i0 = 0; i0 < g.m; i0 += block) {
    const int64_t rows = min(block, g.m - i0), panels = ceil_div(rows, kRows);
    for (int64_t j = 0; j < g.n; j += kWidth) {
      const int64_t cols = min(kWidth, g.n - j);
      pack_pairs(g.k, cols, g.b + j * g.b_col, g.b_row, g.b_col, kWidth, b_packed);
      for (int64_t q = 0; cols < kWidth && q < pairs; ++q)  // leftovers past the edge could be slow to compute with
        for (int64_t c = cols; c < kWidth; ++c) b_packed[q * kWidth + c] = 0;
      float sums[kRows * kWidth], bias[kWidth] = {};
      for (int64_t c = 0; g.bias && c < cols; ++c) bias[c] = widen(g.bias[j + c]);
      int64_t i = 0;
      for (int64_t panel = 0, height; panel < panels; ++panel, i += height) {  // balanced, as in gemm.cpp
        height = rows / panels + (panel < rows % panels);
        uint32_t* a = a_packed + i * pairs;
        if (j == 0) pack_pairs(g.k, height, g.a + (i0 + i) * g.a_row, g.a_col, g.a_row, height, a);
        const Tile t{pairs, a, b_packed, sums};
        if (cols > 16)
          multiply_rows<2>(height, t);
        else
          multiply_rows<1>(height, t);
        store_tile(height, cols, sums, bias, g.c + (i0 + i) * g.c_row + j, g.c_row);
      }
    }
  }
}

#endif

}  // namespace

namespace TG_ISA {

void fill_bfloat16_gemm([[maybe_unused]] Bfloat16Table& t) {
#if defined(__AVX512F__)
  if (!__builtin_cpu_supports("avx512bf16")) return;
  t.gemm = gemm;
  t.gemm_scratch = scratch_size;
#endif
}

}  // namespace TG_ISA
}  // namespace tg::kernels
