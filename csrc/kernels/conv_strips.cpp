// Convolution at stride 1 as a matrix product without columns: under a tap, the windows of neighbouring outputs are
// neighbours in the padded image, over the ends of rows too. So strips of that image are the product's right operand as
// they lie, and what falls between two rows of outputs is thrown away. Knows planes and geometry only.
#include "kernels/conv_layout.h"
#include "kernels/fill.h"
#include "kernels/gemm_micro.h"

namespace tg::kernels {
namespace {

constexpr int64_t kDepth = 256;  // products in one chain: sums are taken up again so often

template <class T>
constexpr int64_t kStrip = kTileVecs * kLanes<T>;

// sum[rows, strip] of weight [k, rows], packed, times the strip under each tap of `channels` channels; adds to `to`.
template <class T, int kRows>
[[gnu::noinline]] void strip_tile(const Layout<T>& l, int64_t channels, int64_t taps, const T* weight, const T* x, T* to) {
  Vec<T> sum[kRows][kTileVecs] = {};
  for (int64_t c = 0; c < channels; ++c, x += l.plane)
    for (int64_t t = 0; t < taps; ++t, weight += kRows) {
      const T* from = x + l.offset[t];
      Vec<T> at[kTileVecs];
#pragma GCC unroll 8
      for (int v = 0; v < kTileVecs; ++v) at[v] = load(from + v * kLanes<T>);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const T factor = weight[i];
#pragma GCC unroll 8
        for (int v = 0; v < kTileVecs; ++v) sum[i][v] += factor * at[v];
      }
    }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kTileVecs; ++v, to += kLanes<T>) store(to, load(to) + sum[i][v]);
  }
}

template <class T, int kRows = kTileRows>
inline void multiply_strip(int64_t rows, const Layout<T>& l, int64_t channels, int64_t taps, const T* weight, const T* x, T* to) {
  if constexpr (kRows > 1)
    if (rows < kRows) return multiply_strip<T, kRows - 1>(rows, l, channels, taps, weight, x, to);
  strip_tile<T, kRows>(l, channels, taps, weight, x, to);
}

// Balanced: 16 rows run as 8 + 8.
struct Panels {
  int64_t count, height, taller;
  explicit Panels(int64_t rows) : count(ceil_div(rows, kTileRows)), height(rows / count), taller(rows % count) {}
  int64_t rows(int64_t panel) const { return height + (panel < taller); }
};

// Where the outputs of one strip go: pieces of rows, from place `at` of the strip to place `to` of the plane.
struct Pieces {
  struct Piece {
    int64_t at, to, count;
  } piece[64];
  int64_t count = 0;
  Pieces(const Window2d& w, int64_t pitch, int64_t begin, int64_t end) {
    for (int64_t q = begin; q < end;) {
      const int64_t row = q / pitch, column = q - row * pitch, n = min(end - q, w.out_w - column);
      if (n > 0) piece[count++] = {q - begin, row * w.out_w + column, n};
      q += pitch - column;
    }
  }
};

// weight as the tiles read it: panel after panel, [depth, rows] each.
template <class T>
void pack_strips(const Window2d& w, int64_t outputs, const WindowWeights& given, void* packed) {
  const Panels panels(outputs);
  const T* weight = static_cast<const T*>(given.data);
  T* to = static_cast<T*>(packed);
  for (int64_t panel = 0, first = 0, rows; panel < panels.count; ++panel, first += rows) {
    rows = panels.rows(panel);
    for (int64_t c = 0; c < w.channels; ++c)
      for (int64_t t = 0; t < w.kernel_h * w.kernel_w; ++t)
        for (int64_t i = first; i < first + rows; ++i) *to++ = weight[i * given.output + c * given.channel + t * given.tap];
  }
}

template <class T>
void conv_strips(const Window2d& w, int64_t outputs, const void* x, const void* packed, const void* bias_void, void* y_void,
                 void* scratch) {
  Layout<T> l(w, 0);
  l.find_offsets(w);
  const int64_t taps = w.kernel_h * w.kernel_w, depth = w.channels * taps, places = w.out_h * w.out_w;
  T* laid = static_cast<T*>(scratch);
  l.fill(w, static_cast<const T*>(x), laid);
  T* behind = laid + w.channels * l.plane;  // what the last strip reads there is thrown away, but could be denormal, and slow
  for (int64_t i = 0; i < kStrip<T>; i += kLanes<T>) store(behind + i, Vec<T>{});
  const T *factors = static_cast<const T*>(packed), *bias = static_cast<const T*>(bias_void);
  T* y = static_cast<T*>(y_void);
  const int64_t end = (w.out_h - 1) * l.pitch + w.out_w, block = max(1, kDepth / taps);
  const Panels panels(outputs);
  const auto tile = [&](int64_t q, int64_t panel) {
    const Pieces pieces(w, l.pitch, q, min(end, q + kStrip<T>));
    const int64_t rows = panels.rows(panel), first = panel * panels.height + min(panel, panels.taller);
    T sums[(kTileRows + 1) * kStrip<T>];
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t v = 0; v < kStrip<T>; v += kLanes<T>) store(sums + i * kStrip<T> + v, splat(bias ? bias[first + i] : T(0)));
    for (int64_t c = 0; c < w.channels; c += block) {
      const T* weight = factors + first * depth + c * taps * rows;
      multiply_strip(rows, l, min(block, w.channels - c), taps, weight, laid + c * l.plane + q, sums);
    }
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t p = 0; p < pieces.count; ++p) {
        const auto& piece = pieces.piece[p];
        const T* from = sums + i * kStrip<T> + piece.at;
        T* out = y + (first + i) * places + piece.to;
        for (int64_t n = piece.count; n > 0; n -= kLanes<T>, from += kLanes<T>, out += kLanes<T>) store_some(out, n, load(from));
      }
  };
  // What is read again and again is the smaller of the two, weights or image.
  if (outputs * depth > w.channels * l.plane) {
    for (int64_t panel = 0; panel < panels.count; ++panel)
      for (int64_t q = 0; q < end; q += kStrip<T>) tile(q, panel);
  } else {
    for (int64_t q = 0; q < end; q += kStrip<T>)
      for (int64_t panel = 0; panel < panels.count; ++panel) tile(q, panel);
  }
}

template <class T>
int64_t strips_scratch(const Window2d& w) {
  return w.channels * Layout<T>(w, 0).plane + kStrip<T>;
}

int64_t packed_size(const Window2d& w, int64_t outputs) { return outputs * w.channels * w.kernel_h * w.kernel_w; }

template <class T>
void fill_type(ImageProduct& t, int type) {
  t.packed_size[type] = packed_size;
  t.pack[type] = pack_strips<T>;
  t.scratch_size[type] = strips_scratch<T>;
  t.run[type] = conv_strips<T>;
}

}  // namespace

namespace TG_ISA {

void fill_conv_strips(WindowTable& t) {
  fill_type<float>(t.strips, 0);
  fill_type<double>(t.strips, 1);
}

}  // namespace TG_ISA
}  // namespace tg::kernels
