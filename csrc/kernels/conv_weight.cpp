// The weight gradient of a convolution without columns: with the channels last, what the taps of a row of the window read is
// one run of numbers, so a row of outputs is a matrix product [outputs, out_w] x [out_w, taps * channels] with the padded
// image as it lies. Knows planes and geometry only.
#include "kernels/fill.h"
#include "kernels/gemm_micro.h"
#include "kernels/gemm_pack.h"
#include "kernels/walk.h"

namespace tg::kernels {
namespace {

template <class T>
constexpr int64_t kStrip = kTileVecs * kLanes<T>;

// The padded image [rows, pitch, channels], and how its runs are cut into strips.
struct Places {
  int64_t rows, pitch;
  int64_t runs, run;  // of a row of taps: one of all its columns, or under dilation one for each tap
  int64_t strips;     // of a run

  Places(const Window2d& w, int64_t strip)
      : rows((w.out_h - 1) * w.stride_h + (w.kernel_h - 1) * w.dilation_h + 1),
        pitch((w.out_w - 1) * w.stride_w + (w.kernel_w - 1) * w.dilation_w + 1),
        runs(w.dilation_w == 1 ? 1 : w.kernel_w),
        run(w.kernel_w / runs * w.channels),
        strips(ceil_div(run, strip)) {}
};

template <class T>
void fill_places(const Window2d& w, const Places& p, const T* x, T* to) {
  const int64_t size = p.rows * p.pitch * w.channels + kStrip<T>;
  for (int64_t i = 0; i < size; i += kLanes<T>) store_some(to + i, size - i, Vec<T>{});
  const int64_t rows = min(w.height, p.rows - w.pad_h), columns = min(w.width, p.pitch - w.pad_w);
  for (int64_t r = 0; r < rows; ++r) {
    T* line = to + ((w.pad_h + r) * p.pitch + w.pad_w) * w.channels;
    pack(columns, w.channels, x + r * w.width, int64_t(1), w.height * w.width, w.channels, line);
  }
}

// Adds to dw, packed: for each row of taps, run and strip [outputs, strip].
template <class T>
void weight_strips(const Window2d& w, int64_t outputs, const void* dy_void, const void* x, void* dw_void, void* scratch) {
  constexpr int64_t kBlockBytes = 1 << 14;  // of a strip of the image, read by all panels of outputs from the first-level cache
  const Places p(w, kStrip<T>);
  T* image = static_cast<T*>(scratch);
  fill_places(w, p, static_cast<const T*>(x), image);
  const T* dy = static_cast<const T*>(dy_void);
  T* dw = static_cast<T*>(dw_void);
  const int64_t places = w.out_h * w.out_w, line = p.pitch * w.channels;
  const int64_t block = max(int64_t(1), kBlockBytes / (w.out_w * kStrip<T> * int64_t(sizeof(T))));
  const int64_t panels = ceil_div(outputs, kTileRows), height = outputs / panels, taller = outputs % panels;
  for (int64_t u = 0; u < w.kernel_h; ++u)
    for (int64_t v = 0; v < p.runs; ++v)
      for (int64_t s = 0; s < p.strips; ++s, dw += outputs * kStrip<T>) {
        const int64_t width = strip_width<T>(min(kStrip<T>, p.run - s * kStrip<T>));
        const T* from = image + u * w.dilation_h * line + v * w.dilation_w * w.channels + s * kStrip<T>;
        for (int64_t begin = 0; begin < w.out_h; begin += block)
          for (int64_t panel = 0, first = 0, rows; panel < panels; ++panel, first += rows) {
            rows = height + (panel < taller);
            for (int64_t r = begin; r < min(w.out_h, begin + block); ++r)
              multiply<T>(rows, width,
                          {w.out_w, dy + first * places + r * w.out_w, places, 1, from + r * w.stride_h * line,
                           w.stride_w * w.channels, dw + first * kStrip<T>, kStrip<T>, nullptr, true});
          }
      }
}

// dw [outputs, channels, kernel_h, kernel_w] from the packed sums.
template <class T>
void unpack_weight_strips(const Window2d& w, int64_t outputs, const void* packed, void* dw_void) {
  const Places p(w, kStrip<T>);
  const T* from = static_cast<const T*>(packed);
  T* dw = static_cast<T*>(dw_void);
  const int64_t taps = w.kernel_h * w.kernel_w;
  for (int64_t u = 0; u < w.kernel_h; ++u)
    for (int64_t v = 0; v < p.runs; ++v)
      for (int64_t s = 0; s < p.strips; ++s)
        for (int64_t o = 0; o < outputs; ++o, from += kStrip<T>)
          for (int64_t i = 0; i < min(kStrip<T>, p.run - s * kStrip<T>); ++i) {
            const int64_t at = s * kStrip<T> + i, tap = u * w.kernel_w + v + at / w.channels;
            dw[(o * w.channels + at % w.channels) * taps + tap] = from[i];
          }
}

template <class T>
WeightStrips weight_strips_size(const Window2d& w, int64_t outputs) {
  const Places p(w, kStrip<T>);
  return {p.rows * p.pitch * w.channels + kStrip<T>, w.kernel_h * p.runs * p.strips * outputs * kStrip<T>};
}

template <class T>
void fill_type(WindowTable& t, int type) {
  t.weight_strips[type] = weight_strips<T>;
  t.unpack_weight_strips[type] = unpack_weight_strips<T>;
  t.weight_strips_size[type] = weight_strips_size<T>;
}

}  // namespace

namespace TG_ISA {
void fill_conv_weight(WindowTable& t) {
  fill_type<float>(t, 0);
  fill_type<double>(t, 1);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
