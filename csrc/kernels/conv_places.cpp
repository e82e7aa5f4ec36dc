// Convolution as a matrix product without columns, its vectors along the outputs: under a tap, neighbouring
// places of a row are neighbours in the padded image, and each meets a vector of weights. Unlike strips it computes nothing
// between the rows, but turns every tile round in the end. Knows planes and geometry only.
#include "kernels/conv_layout.h"
#include "kernels/fill.h"
#include "kernels/gemm_micro.h"
#include "kernels/gemm_pack.h"

namespace tg::kernels {
namespace {

constexpr int64_t kDepth = 256;  // products in one chain

template <class T>
constexpr int64_t kStrip = kTileVecs * kLanes<T>;

// Adds to sums[kPlaces, strip] the products of neighbouring places with weight [channels, taps, strip].
template <class T, int kPlaces, int kVecs>
[[gnu::noinline]] void place_tile(const Layout<T>& l, int64_t channels, int64_t taps, const T* weight, const T* x, T* sums) {
  Vec<T> sum[kPlaces][kVecs] = {};
  for (int64_t c = 0; c < channels; ++c, x += l.plane)
    for (int64_t t = 0; t < taps; ++t, weight += kVecs * kLanes<T>) {
      const T* from = x + l.offset[t];
      Vec<T> at[kVecs];
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) at[v] = load(weight + v * kLanes<T>);
#pragma GCC unroll 16
      for (int i = 0; i < kPlaces; ++i) {
        const T factor = from[i];
#pragma GCC unroll 8
        for (int v = 0; v < kVecs; ++v) sum[i][v] += factor * at[v];
      }
    }
#pragma GCC unroll 16
  for (int i = 0; i < kPlaces; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v, sums += kLanes<T>) store(sums, load(sums) + sum[i][v]);
  }
}

// There is a tile for every other number of places; what lies behind the row is thrown away.
template <class T, int kVecs, int kPlaces = kTileRows>
inline void multiply_places(int64_t places, const Layout<T>& l, int64_t channels, int64_t taps, const T* weight, const T* x,
                            T* sums) {
  if constexpr (kPlaces > 2)
    if (places <= kPlaces - 2) return multiply_places<T, kVecs, kPlaces - 2>(places, l, channels, taps, weight, x, sums);
  place_tile<T, kPlaces, kVecs>(l, channels, taps, weight, x, sums);
}
template <class T, int kVecs = kTileVecs>
inline void multiply_vecs(int64_t vecs, int64_t places, const Layout<T>& l, int64_t channels, int64_t taps, const T* weight,
                          const T* x, T* sums) {
  if constexpr (kVecs > 1)
    if (vecs < kVecs) return multiply_vecs<T, kVecs - 1>(vecs, places, l, channels, taps, weight, x, sums);
  multiply_places<T, kVecs>(places, l, channels, taps, weight, x, sums);
}

template <class T>
int64_t vecs_of(int64_t outputs) {
  return min(kTileVecs, ceil_div(outputs, kLanes<T>));
}

// [strip][channels, taps, strip's width], zeros behind the last output.
template <class T>
void pack_places(const Window2d& w, int64_t outputs, const WindowWeights& given, void* packed) {
  const T* weight = static_cast<const T*>(given.data);
  T* to = static_cast<T*>(packed);
  for (int64_t first = 0; first < outputs; first += kStrip<T>) {
    const int64_t count = min(kStrip<T>, outputs - first), width = vecs_of<T>(count) * kLanes<T>;
    for (int64_t c = 0; c < w.channels; ++c)
      for (int64_t t = 0; t < w.kernel_h * w.kernel_w; ++t)
        for (int64_t i = 0; i < width; ++i)
          *to++ = i < count ? weight[(first + i) * given.output + c * given.channel + t * given.tap] : T(0);
  }
}

template <class T>
void conv_places(const Window2d& w, int64_t outputs, const void* x, const void* packed, const void* bias_void, void* y_void,
                 void* scratch) {
  Layout<T> l(w, 0);
  l.find_offsets(w);
  const int64_t taps = w.kernel_h * w.kernel_w, depth = w.channels * taps, plane = w.out_h * w.out_w;
  const int64_t block = max(int64_t(1), kDepth / taps), tiles = ceil_div(w.out_w, kTileRows);
  T* laid = static_cast<T*>(scratch);
  l.fill(w, static_cast<const T*>(x), laid);
  T* behind = laid + w.channels * l.plane;  // read by the last tile, and thrown away, but could be denormal, and slow
  for (int64_t i = 0; i < kTileRows; ++i) behind[i] = 0;
  const T *weight = static_cast<const T*>(packed), *bias = static_cast<const T*>(bias_void);
  T* y = static_cast<T*>(y_void);
  for (int64_t first = 0; first < outputs; first += kStrip<T>) {
    const int64_t count = min(kStrip<T>, outputs - first), vecs = vecs_of<T>(count), width = vecs * kLanes<T>;
    T start[kStrip<T>];
    for (int64_t i = 0; i < width; ++i) start[i] = bias && i < count ? bias[first + i] : T(0);
    for (int64_t r = 0; r < w.out_h; ++r)
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t begin = w.out_w * tile / tiles, places = w.out_w * (tile + 1) / tiles - begin;
        alignas(64) T sums[(kTileRows + 1) * kStrip<T>];
        for (int64_t i = 0; i <= places; ++i)
          for (int64_t v = 0; v < width; v += kLanes<T>) store(sums + i * width + v, load(start + v));
        const T* from = laid + r * w.stride_h * l.row + begin;
        for (int64_t c = 0; c < w.channels; c += block)
          multiply_vecs<T>(vecs, places, l, min(block, w.channels - c), taps, weight + c * taps * width, from + c * l.plane,
                           sums);
        T* to = y + first * plane + r * w.out_w + begin;
        transpose_block(count, places, sums, width, plane, to);
      }
    weight += depth * width;
  }
}

template <class T>
int64_t packed_size(const Window2d& w, int64_t outputs) {
  return ceil_div(outputs, kLanes<T>) * kLanes<T> * w.channels * w.kernel_h * w.kernel_w;
}
template <class T>
int64_t scratch_size(const Window2d& w) {
  return w.channels * Layout<T>(w, 0).plane + kTileRows;
}

template <class T>
void fill_type(ImageProduct& t, int type) {
  t.packed_size[type] = packed_size<T>;
  t.pack[type] = pack_places<T>;
  t.scratch_size[type] = scratch_size<T>;
  t.run[type] = conv_places<T>;
}

}  // namespace

namespace TG_ISA {
void fill_conv_places(WindowTable& t) {
  fill_type<float>(t.places, 0);
  fill_type<double>(t.places, 1);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
