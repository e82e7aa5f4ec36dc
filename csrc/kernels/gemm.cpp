// The matrix product C (+)= A B + bias on one thread: which kernel, what is packed, how the blocks are cut.
// An element of C is the same sequence of operations whatever m, n, the strides and the path are, so that callers may
// cut C into panels freely: blocks of kBlockK in ascending order, one chain of multiply-adds in each. Knows no threads.
#include "kernels/fill.h"
#include "kernels/gemm_micro.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_vector.h"

namespace tg::kernels {
namespace {

constexpr int64_t kBlockK = 192;     // a strip of B this deep stays in a first-level cache of 32 KB, beside what passes through
constexpr int64_t kBlockM = 700;     // rows of A that deep stay in half of the second, of 1 MB
constexpr int64_t kManyPanels = 16;  // read this often, a strip of B is worth copying even if it could be read in place
constexpr int64_t kTiny = 64;        // multiply-adds of a product that nobody cuts: its order may be its own
constexpr int64_t kSmallN = 512;     // narrower products read A in place: copies would not be used often enough

inline int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Balanced: a k of 512 is cut into three blocks of 171 at most, not into two of 192 and one of 128.
inline int64_t block_depth(int64_t k) { return k <= kBlockK ? (k > 0 ? k : 1) : ceil_div(k, ceil_div(k, kBlockK)); }

template <class T>
constexpr int64_t kStripWidth = kTileVecs * kLanes<T>;

inline bool packs_a(int64_t m, int64_t n) { return m > 1 && n >= kSmallN; }

template <class T>
int64_t scratch_size(int64_t m, int64_t n, int64_t k) {
  const int64_t depth = min(k, kBlockK);
  return depth * kStripWidth<T> + (packs_a(m, n) ? depth * min(m, kBlockM) : 0);
}

// A product whose C has any steps: the transposed view of a column vector needs them.
template <class T>
struct Product : Gemm<T> {
  int64_t c_col, bias_step;
};

// A tile of C that the micro-kernel cannot write: narrower than its strip, or of columns that are not adjacent.
template <class T>
void multiply_ragged(int64_t rows, int64_t width, Tile<T> t, int64_t cols, int64_t c_col) {
  T buffer[kTileRows * kStripWidth<T>];
  T* c = t.c;
  const int64_t c_row = t.c_row;
  if (t.add) pack(rows, cols, c, c_row, c_col, width, buffer);
  t.c = buffer;
  t.c_row = width;
  multiply(rows, width, t);
  if (c_col == 1)
    for (int64_t i = 0; i < rows; ++i) copy_run(buffer + i * width, c + i * c_row, cols);
  else
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < cols; ++j) c[i * c_row + j * c_col] = buffer[i * width + j];
}

// One block of k, `rows` rows of C from row i0, all columns.
template <class T>
void multiply_block(const Product<T>& g, int64_t i0, int64_t rows, int64_t p0, int64_t depth) {
  T* b_packed = g.scratch;
  T* a_packed = g.scratch + depth * kStripWidth<T>;
  const int panels = int(ceil_div(rows, kTileRows)), panel_rows = int(rows) / panels, taller = int(rows) % panels;
  const bool pack_a = packs_a(g.m, g.n);
  const T* a_block = g.a + i0 * g.a_row + p0 * g.a_col;
  const T* b_block = g.b + p0 * g.b_row;
  for (int64_t j = 0, width; j < g.n; j += width) {
    width = strip_width<T>(g.n - j);
    const int64_t cols = min(g.n - j, width);

    Tile<T> t;
    t.k = depth;
    t.add = g.accumulate || p0 > 0;
    t.c_row = g.c_row;
    if (g.b_col == 1 && cols == width && panels < kManyPanels) {
      t.b = b_block + j;
      t.b_row = g.b_row;
    } else {
      pack(depth, cols, b_block + j * g.b_col, g.b_row, g.b_col, width, b_packed);
      t.b = b_packed;
      t.b_row = width;
    }
    const bool ragged = cols < width || g.c_col != 1;
    T bias[kStripWidth<T>];
    t.bias = nullptr;
    if (g.bias && p0 == 0) {
      t.bias = g.bias + j * g.bias_step;
      if (ragged || g.bias_step != 1) {
        for (int64_t c = 0; c < width; ++c) bias[c] = c < cols ? t.bias[c * g.bias_step] : 0;
        t.bias = bias;
      }
    }
    // Panels are balanced: 32 rows run as 11 + 11 + 10, not as 14 + 14 + 4.
    int64_t i = 0;
    for (int panel = 0, height; panel < panels; ++panel, i += height) {
      height = panel_rows + (panel < taller);
      t.c = g.c + (i0 + i) * g.c_row + j * g.c_col;
      t.a = a_block + i * g.a_row;
      t.a_row = g.a_row;
      t.a_col = g.a_col;
      if (pack_a) {
        if (j == 0) pack(depth, height, t.a, g.a_col, g.a_row, height, a_packed + i * depth);
        t.a = a_packed + i * depth;
        t.a_row = 1;
        t.a_col = height;
      }
      if (ragged)
        multiply_ragged(height, width, t, cols, g.c_col);
      else
        multiply(height, width, t);
    }
  }
}

// C has one row, and B has unit steps along one axis: nothing is read twice, so nothing is worth packing.
template <class T>
void multiply_row(const Product<T>& g) {
  constexpr int64_t kWide = 1024, kDots = 16;
  // Rows a multiple of 4 KB apart share one set of the first-level cache, which holds eight of them at the least.
  const int64_t dots = g.b_col * int64_t(sizeof(T)) % 4096 ? kDots : kDots / 2;
  const int64_t whole = block_depth(g.k);
  T sums[kWide];
  for (int64_t j = 0, cols; j < g.n; j += cols) {
    cols = min(g.n - j, g.b_col == 1 ? kWide : g.n - j >= dots ? dots : 4);
    for (int64_t p = 0; p == 0 || p < g.k; p += whole) {
      const int64_t depth = min(g.k - p, whole);
      const T* a = g.a + p * g.a_col;
      const T* b = g.b + p * g.b_row + j * g.b_col;
      if (g.b_col == 1)
        combine_rows(cols, depth, a, g.a_col, b, g.b_row, sums);
      else if (cols == kDots)
        dot_rows<T, kDots / 4>(cols, depth, b, g.b_col, a, g.a_col, sums);
      else if (cols == kDots / 2)
        dot_rows<T, kDots / 8>(cols, depth, b, g.b_col, a, g.a_col, sums);
      else
        dot_rows<T, 1>(cols, depth, b, g.b_col, a, g.a_col, sums);
      for (int64_t i = 0; i < cols; ++i) {
        T* c = g.c + (j + i) * g.c_col;
        T total = sums[i];
        if (g.accumulate || p > 0) total += *c;
        if (g.bias && p == 0) total += g.bias[(j + i) * g.bias_step];
        *c = total;
      }
    }
  }
}

// So few multiply-adds that any preparation costs more than they do.
template <class T>
void multiply_tiny(const Gemm<T>& g) {
  for (int64_t i = 0; i < g.m; ++i)
    for (int64_t j = 0; j < g.n; ++j) {
      const T *a = g.a + i * g.a_row, *b = g.b + j * g.b_col;
      T sum = 0;
      for (int64_t p = 0; p < g.k; ++p) sum += a[p * g.a_col] * b[p * g.b_row];
      g.c[i * g.c_row + j] = sum;
    }
}

template <class T>
void gemm(const Gemm<T>& call) {
  if (call.m * call.n * call.k <= kTiny && !call.bias && !call.accumulate) return multiply_tiny(call);
  if (call.m <= 0 || call.n <= 0 || (call.k <= 0 && call.accumulate && !call.bias)) return;
  Product<T> g{call, 1, 1};
  if (g.n == 1 && g.m > 1)  // a column of C is a row of its transpose, and rows are what the kernels are good at
    g = {{1, g.m, g.k, g.b, 0, g.b_row, g.a, g.a_col, g.a_row, g.c, 0, g.bias, g.accumulate, g.scratch}, g.c_row, 0};
  if (g.m == 1 && (g.b_row == 1 || g.b_col == 1)) return multiply_row(g);
  const int64_t block_rows = g.m <= kBlockM ? g.m : ceil_div(g.m, ceil_div(g.m, kBlockM));
  const int64_t depth = block_depth(g.k);
  for (int64_t p = 0; p == 0 || p < g.k; p += depth)
    for (int64_t i = 0; i < g.m; i += block_rows) multiply_block(g, i, min(block_rows, g.m - i), p, min(g.k - p, depth));
}

// A product of two vectors is never cut into panels, so its sums may run side by side.
template <class T>
T dot(int64_t n, const T* a, const T* b) {
  using Quad = Short<T, 4>;
  Quad sum[4] = {};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int q = 0; q < 4; ++q) sum[q] += load_as<Quad>(a + i + 4 * q) * load_as<Quad>(b + i + 4 * q);
  for (; i + 4 <= n; i += 4) sum[0] += load_as<Quad>(a + i) * load_as<Quad>(b + i);
  T tail = 0;
  for (; i < n; ++i) tail += a[i] * b[i];
  const Quad all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  return ((all[0] + all[1]) + (all[2] + all[3])) + tail;
}

}  // namespace

namespace TG_ISA {

void fill_gemm(GemmTable& t) {
  t.f32 = gemm<float>;
  t.f64 = gemm<double>;
  t.scratch_f32 = scratch_size<float>;
  t.scratch_f64 = scratch_size<double>;
  t.dot_f32 = dot<float>;
  t.dot_f64 = dot<double>;
}

}  // namespace TG_ISA
}  // namespace tg::kernels
