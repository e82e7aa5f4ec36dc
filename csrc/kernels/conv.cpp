// Convolution without columns, for windows of few elements: x is laid out with its padding and, under a stride, with
// every stride-th element side by side, so that all taps of a row of outputs are whole vectors.
#include "kernels/conv_layout.h"
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

// y's rows [row, row + kRows) of outputs [o, o + kOuts), from the right: what a last vector writes behind its row is written
// over, unless the plane ends there.
template <int kOuts, int kRows, class T>
inline void outputs_of(const Window2d& w, const Layout<T>& l, const T* x, const T* weight, const T* bias, T* y, int64_t row) {
  const int64_t taps = w.kernel_h * w.kernel_w, all = w.channels * taps, places = w.out_h * w.out_w;
  for (int64_t v = (w.out_w - 1) / kLanes<T> * kLanes<T>; v >= 0; v -= kLanes<T>) {
    Vec<T> acc[kOuts][kRows];
    for (int o = 0; o < kOuts; ++o)
      for (int r = 0; r < kRows; ++r) acc[o][r] = bias ? splat(bias[o]) : Vec<T>{};
    for (int64_t c = 0; c < w.channels; ++c) {
      const T* from = x + c * l.plane + row * w.stride_h * l.row + v;
      const T* factor = weight + c * taps;
      for (int64_t t = 0; t < taps; ++t) {
        Vec<T> at[kRows];
        for (int r = 0; r < kRows; ++r) at[r] = load(from + l.offset[t] + r * w.stride_h * l.row);
        for (int o = 0; o < kOuts; ++o)
          for (int r = 0; r < kRows; ++r) acc[o][r] += splat(factor[o * all + t]) * at[r];
      }
    }
    for (int r = 0; r < kRows; ++r) {
      const int64_t place = (row + r) * w.out_w + v;
      const bool fits = place + kLanes<T> <= places;
      for (int o = 0; o < kOuts; ++o) {
        if (fits)
          store(y + o * places + place, acc[o][r]);
        else
          store_some(y + o * places + place, min(kLanes<T>, w.out_w - v), acc[o][r]);
      }
    }
  }
}

template <int kOuts, class T>
inline void planes_of(const Window2d& w, const Layout<T>& l, const T* x, const T* weight, const T* bias, T* y) {
  int64_t row = 0;
  for (; row + 2 <= w.out_h; row += 2) outputs_of<kOuts, 2>(w, l, x, weight, bias, y, row);
  for (; row < w.out_h; ++row) outputs_of<kOuts, 1>(w, l, x, weight, bias, y, row);
}

template <class T>
void conv(const Window2d& w, int64_t outputs, const void* x, const void* weight, const void* bias, void* y, void* scratch) {
  Layout<T> l(w, kLanes<T>);
  l.find_offsets(w);
  T* laid = static_cast<T*>(scratch);
  l.fill(w, static_cast<const T*>(x), laid);
  const int64_t all = w.channels * w.kernel_h * w.kernel_w, places = w.out_h * w.out_w;
  const T* factors = static_cast<const T*>(weight);
  const T* b = static_cast<const T*>(bias);
  T* to = static_cast<T*>(y);
  int64_t o = 0;
  for (; o + 4 <= outputs; o += 4) planes_of<4>(w, l, laid, factors + o * all, b ? b + o : nullptr, to + o * places);
  for (; o + 2 <= outputs; o += 2) planes_of<2>(w, l, laid, factors + o * all, b ? b + o : nullptr, to + o * places);
  for (; o < outputs; ++o) planes_of<1>(w, l, laid, factors + o * all, b ? b + o : nullptr, to + o * places);
}

// dw[o, c, tap] += the products of dy's rows and those that the tap reads.
template <class T>
void conv_weight_grad(const Window2d& w, int64_t outputs, const void* dy_void, const void* x, void* dw_void, void* scratch) {
  Layout<T> l(w, kLanes<T>);
  l.find_offsets(w);
  T* laid = static_cast<T*>(scratch);
  l.fill(w, static_cast<const T*>(x), laid);
  const int64_t taps = w.kernel_h * w.kernel_w, places = w.out_h * w.out_w, whole = w.out_w / kLanes<T> * kLanes<T>;
  const auto inside = lanes_within<T>(0, w.out_w - whole);
  const T* dy = static_cast<const T*>(dy_void);
  T* dw = static_cast<T*>(dw_void);
  for (int64_t o = 0; o < outputs; ++o, dy += places)
    for (int64_t c = 0; c < w.channels; ++c)
      for (int64_t t = 0; t < taps; ++t, ++dw) {
        Vec<T> sum{}, rest{};
        const T* from = laid + c * l.plane + l.offset[t];
        for (int64_t row = 0; row < w.out_h; ++row, from += w.stride_h * l.row) {
          const T* g = dy + row * w.out_w;
          for (int64_t v = 0; v < whole; v += kLanes<T>) sum += load(g + v) * load(from + v);
          // What lies behind the row may be anything, and 0 times infinity is not 0.
          if (whole == w.out_w) continue;
          const bool fits = row * w.out_w + whole + kLanes<T> <= places;
          rest += inside ? (fits ? load(g + whole) : load_some(g + whole, w.out_w - whole, T(0))) * load(from + whole) : Vec<T>{};
        }
        sum += rest;
        T total = 0;
        for (int lane = 0; lane < kLanes<T>; ++lane) total += sum[lane];
        *dw += total;
      }
}

// y laid out with zeros on both sides of each row, as far as a tap reaches.
template <class T>
struct Margins {
  int64_t reach, pitch;
  explicit Margins(const Window2d& w) : reach((w.kernel_w - 1) * w.dilation_w / w.stride_w) {
    pitch = 2 * reach + w.out_w + w.pad_w / w.stride_w + kLanes<T> + 1;
    const int64_t last = (w.pad_w + w.width - 1) / w.stride_w + 1;  // columns of the padded plane under one phase
    pitch = max(pitch, reach + last + kLanes<T>);
  }
};

// Adds into x[c, h, i] the products of all taps that reach it: under a stride only those of its own phase do.
template <class T>
void conv_transposed(const Window2d& w, int64_t outputs, const void* y_void, const void* weight_void, void* x_void,
                     void* scratch) {
  const T* y = static_cast<const T*>(y_void);
  const T* weight = static_cast<const T*>(weight_void);
  T* x = static_cast<T*>(x_void);
  T* laid = static_cast<T*>(scratch);
  const Margins<T> m(w);
  for (int64_t row = 0; row < outputs * w.out_h; ++row) {
    T* to = laid + row * m.pitch;
    for (int64_t j = 0; j < m.pitch; ++j) to[j] = 0;
    for (int64_t j = 0; j < w.out_w; ++j) to[m.reach + j] = y[row * w.out_w + j];
  }
  const int64_t taps = w.kernel_h * w.kernel_w;
  int64_t phase[kDirectTaps], back[kDirectTaps];  // of each column of taps
  for (int64_t v = 0; v < w.kernel_w; ++v) {
    const int64_t at = v * w.dilation_w;
    phase[v] = w.stride_w == 1 ? 0 : at % w.stride_w;
    back[v] = w.stride_w == 1 ? at : at / w.stride_w;
  }
  for (int64_t h = 0; h < w.height; ++h) {
    int64_t tap[kDirectTaps], row[kDirectTaps], rows = 0;  // the rows of taps that reach this row, and what they read
    for (int64_t u = 0; u < w.kernel_h; ++u) {
      const int64_t at = h + w.pad_h - u * w.dilation_h;
      if (at < 0 || (w.stride_h > 1 && at % w.stride_h)) continue;
      row[rows] = w.stride_h > 1 ? at / w.stride_h : at;
      tap[rows] = u * w.kernel_w;
      if (row[rows] < w.out_h) ++rows;
    }
    for (int64_t c = 0; c < w.channels; ++c)
      for (int64_t f = 0; f < w.stride_w; ++f) {
        // The columns of this phase: i = j * stride_w + f - pad_w.
        const int64_t first = f >= w.pad_w ? 0 : w.stride_w == 1 ? w.pad_w : ceil_div(w.pad_w - f, w.stride_w);
        const int64_t room = w.width - 1 + w.pad_w - f, end = room < 0 ? 0 : (w.stride_w == 1 ? room : room / w.stride_w) + 1;
        for (int64_t j = first; j < end; j += kLanes<T>) {
          Vec<T> sum{};
          for (int64_t u = 0; u < rows; ++u)
            for (int64_t v = 0; v < w.kernel_w; ++v) {
              if (phase[v] != f) continue;
              const T* from = laid + row[u] * m.pitch + m.reach + j - back[v];
              const T* factor = weight + c * taps + tap[u] + v;
              for (int64_t o = 0; o < outputs; ++o, from += w.out_h * m.pitch, factor += w.channels * taps)
                sum += splat(*factor) * load(from);
            }
          const int64_t count = min(kLanes<T>, end - j);
          T* to = x + (c * w.height + h) * w.width + j * w.stride_w + f - w.pad_w;
          if (w.stride_w == 1 && to + kLanes<T> <= x + w.channels * w.height * w.width)
            store(to, load(to) + (lanes_within<T>(0, count) ? sum : Vec<T>{}));
          else
            for (int64_t lane = 0; lane < count; ++lane) to[lane * w.stride_w] += sum[lane];
        }
      }
  }
}

template <class T>
int64_t conv_scratch(const Window2d& w, int64_t outputs) {
  return max(w.channels * Layout<T>(w, kLanes<T>).plane, outputs * w.out_h * Margins<T>(w).pitch) + kLanes<T>;
}

template <class T>
void fill_type(WindowTable& t, int type) {
  t.conv[type] = conv<T>;
  t.conv_transposed[type] = conv_transposed<T>;
  t.conv_weight_grad[type] = conv_weight_grad<T>;
  t.conv_scratch[type] = conv_scratch<T>;
}

}  // namespace

namespace TG_ISA {

void fill_conv(WindowTable& t) {
  fill_type<float>(t, 0);
  fill_type<double>(t, 1);
}

}  // namespace TG_ISA
}  // namespace tg::kernels
