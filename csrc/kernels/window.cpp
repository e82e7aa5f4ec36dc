// Two-dimensional windows over planes: the columns of a convolution and their adjoint, max and average pooling.
// Knows planes and geometry only: no batches, no gradients' bookkeeping.
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

inline int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }  // for a >= 0

// One axis of a window walk.
struct Axis {
  int64_t size, kernel, stride, pad, dilation, out;
};
inline Axis rows_of(const Window2d& w) { return {w.height, w.kernel_h, w.stride_h, w.pad_h, w.dilation_h, w.out_h}; }
inline Axis cols_of(const Window2d& w) { return {w.width, w.kernel_w, w.stride_w, w.pad_w, w.dilation_w, w.out_w}; }

// The outputs o in [begin, end) for which tap `tap` reads a real element, at position first + o * stride.
struct Run {
  int64_t begin, end, first;
};
template <class Stride>
inline Run run_of(const Axis& a, int64_t tap, Stride stride) {
  const int64_t first = tap * a.dilation - a.pad;
  const int64_t begin = first >= 0 ? 0 : min(ceil_div(-first, stride), a.out);
  const int64_t end = first >= a.size ? 0 : min((a.size - 1 - first) / stride + 1, a.out);
  return {begin, max(begin, end), first};
}

// The two common strides are compile-time constants, without which the loops would not become vector code.
// Padding is cut off beforehand, as runs, so that they have no branches either.
template <class Body>
inline void with_stride(int64_t stride, Body body) {
  struct One {
    constexpr operator int64_t() const { return 1; }
  };
  struct Two {
    constexpr operator int64_t() const { return 2; }
  };
  if (stride == 1)
    body(One{});
  else if (stride == 2)
    body(Two{});
  else
    body(stride);
}

template <class T>
void im2col(const Window2d& w, const void* x_void, void* columns_void) {
  const T* x = static_cast<const T*>(x_void);
  T* columns = static_cast<T*>(columns_void);
  const Axis rows = rows_of(w), cols = cols_of(w);
  with_stride(w.stride_w, [&](auto stride) {
    for (int64_t c = 0; c < w.channels; ++c, x += w.height * w.width)
      for (int64_t tap_h = 0; tap_h < w.kernel_h; ++tap_h)
        for (int64_t tap_w = 0; tap_w < w.kernel_w; ++tap_w) {
          const Run run = run_of(cols, tap_w, stride);
          for (int64_t out_row = 0; out_row < w.out_h; ++out_row, columns += w.out_w) {
            const int64_t in_row = out_row * rows.stride - rows.pad + tap_h * rows.dilation;
            T* __restrict to = columns;
            if (in_row < 0 || in_row >= w.height) {
              for (int64_t o = 0; o < w.out_w; ++o) to[o] = 0;
              continue;
            }
            const T* __restrict from = x + in_row * w.width + run.first;
            for (int64_t o = 0; o < run.begin; ++o) to[o] = 0;
            for (int64_t o = run.begin; o < run.end; ++o) to[o] = from[o * stride];
            for (int64_t o = run.end; o < w.out_w; ++o) to[o] = 0;
          }
        }
  });
}

template <class T>
void col2im(const Window2d& w, const void* columns_void, void* x_void) {
  const T* columns = static_cast<const T*>(columns_void);
  T* x = static_cast<T*>(x_void);
  const Axis rows = rows_of(w), cols = cols_of(w);
  with_stride(w.stride_w, [&](auto stride) {
    for (int64_t c = 0; c < w.channels; ++c, x += w.height * w.width)
      for (int64_t tap_h = 0; tap_h < w.kernel_h; ++tap_h)
        for (int64_t tap_w = 0; tap_w < w.kernel_w; ++tap_w) {
          const Run run = run_of(cols, tap_w, stride);
          for (int64_t out_row = 0; out_row < w.out_h; ++out_row, columns += w.out_w) {
            const int64_t in_row = out_row * rows.stride - rows.pad + tap_h * rows.dilation;
            if (in_row < 0 || in_row >= w.height) continue;
            const T* __restrict from = columns;
            T* __restrict to = x + in_row * w.width + run.first;
            for (int64_t o = run.begin; o < run.end; ++o) to[o * stride] += from[o];
          }
        }
  });
}

// Calls body(tap_h, tap_w, base, begin, end) for each tap of the windows of outputs [low, high) in row out_row that reads
// real elements, in order; output o in [begin, end) reads the element at base + o * stride of its plane.
template <class Stride, class Body>
inline void for_each_tap(const Window2d& w, Stride stride, int64_t out_row, int64_t low, int64_t high, Body body) {
  const Axis rows = rows_of(w), cols = cols_of(w);
  for (int64_t tap_h = 0; tap_h < w.kernel_h; ++tap_h) {
    const int64_t in_row = out_row * rows.stride - rows.pad + tap_h * rows.dilation;
    if (in_row < 0 || in_row >= w.height) continue;
    for (int64_t tap_w = 0; tap_w < w.kernel_w; ++tap_w) {
      const Run run = run_of(cols, tap_w, stride);
      body(tap_h, tap_w, in_row * w.width + run.first, max(run.begin, low), min(run.end, high));
    }
  }
}

// Pooling works on stretches of one row of outputs, whose state then stays in the first-level cache.
constexpr int64_t kStretch = 128;

// Calls body(stride, channel, out_row, low, high) for every stretch [low, high) of every row of outputs.
template <class Body>
inline void for_each_stretch(const Window2d& w, Body body) {
  with_stride(w.stride_w, [&](auto stride) {
    for (int64_t c = 0; c < w.channels; ++c)
      for (int64_t out_row = 0; out_row < w.out_h; ++out_row)
        for (int64_t low = 0; low < w.out_w; low += kStretch) body(stride, c, out_row, low, min(w.out_w, low + kStretch));
  });
}

// Distances within a window, as wide as T so that both fill equally many lanes.
template <class T>
struct OffsetOf {
  typedef int64_t type;
};
template <>
struct OffsetOf<float> {
  typedef int32_t type;
};

template <class T>
void max_pool(const Window2d& w, const void* x_void, void* y_void, int64_t* index) {
  using Offset = typename OffsetOf<T>::type;
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  for_each_stretch(w, [&](auto stride, int64_t c, int64_t out_row, int64_t low, int64_t high) {
    T best[kStretch];
    Offset at[kStretch];
    for (int64_t o = low; o < high; ++o) {
      best[o - low] = T(-__builtin_inf());
      at[o - low] = -1;
    }
    for_each_tap(w, stride, out_row, low, high, [&](int64_t tap_h, int64_t tap_w, int64_t base, int64_t begin, int64_t end) {
      const T* from = x + c * w.height * w.width + base;
      const Offset here = Offset(tap_h * w.dilation_h * w.width + tap_w * w.dilation_w);
      for (int64_t o = begin; o < end; ++o) {
        const T value = from[o * stride], old = best[o - low];
        // The first element wins whatever it is: a window of nothing but -inf points at an element of its own.
        const bool wins = value > old || at[o - low] < 0 || (value != value && old == old);
        best[o - low] = wins ? value : old;
        at[o - low] = wins ? here : at[o - low];
      }
    });
    const int64_t out = (c * w.out_h + out_row) * w.out_w, start = (out_row * w.stride_h - w.pad_h) * w.width - w.pad_w;
    for (int64_t o = low; o < high; ++o) {
      y[out + o] = best[o - low];
      index[out + o] = at[o - low] < 0 ? 0 : start + o * stride + at[o - low];  // 0: no real element, but readable
    }
  });
}

// How many taps of the window at output o count in the divisor, along one axis whose counted positions are [low, high).
inline int64_t taps(const Axis& a, int64_t o, int64_t low, int64_t high) {
  const int64_t start = o * a.stride - a.pad;
  const int64_t begin = start >= low ? 0 : ceil_div(low - start, a.dilation);
  const int64_t end = start >= high ? 0 : min(a.kernel, ceil_div(high - start, a.dilation));
  return max(0, end - begin);
}

// Calls body(o, divisor) for the outputs [low, high) of row out_row. All but those at the border have the same divisor.
// A window without a single counted element sums to nothing, and so is 0 rather than 0 / 0.
template <class T, class Body>
inline void for_each_divisor(const Window2d& w, int64_t out_row, int64_t low, int64_t high, bool count_pad, Body body) {
  const Axis rows = rows_of(w), cols = cols_of(w);
  const int64_t pad_h = count_pad ? rows.pad : 0, pad_w = count_pad ? cols.pad : 0, end = cols.size + pad_w;
  const int64_t row_taps = taps(rows, out_row, -pad_h, rows.size + pad_h);
  const int64_t room = end + cols.pad - (cols.kernel - 1) * cols.dilation;  // a whole window starts before here
  const int64_t first_whole = min(high, max(low, ceil_div(cols.pad - pad_w, cols.stride)));
  const int64_t last_whole = max(first_whole, min(high, room > 0 ? ceil_div(room, cols.stride) : 0));
  const T whole = T(max(1, row_taps * cols.kernel));
  for (int64_t o = low; o < first_whole; ++o) body(o, T(max(1, row_taps * taps(cols, o, -pad_w, end))));
  for (int64_t o = first_whole; o < last_whole; ++o) body(o, whole);
  for (int64_t o = last_whole; o < high; ++o) body(o, T(max(1, row_taps * taps(cols, o, -pad_w, end))));
}

template <class T>
void avg_pool(const Window2d& w, const void* x_void, void* y_void, bool count_pad) {
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  for_each_stretch(w, [&](auto stride, int64_t c, int64_t out_row, int64_t low, int64_t high) {
    T sum[kStretch];
    for (int64_t o = low; o < high; ++o) sum[o - low] = 0;
    for_each_tap(w, stride, out_row, low, high, [&](int64_t, int64_t, int64_t base, int64_t begin, int64_t end) {
      const T* from = x + c * w.height * w.width + base;
      for (int64_t o = begin; o < end; ++o) sum[o - low] += from[o * stride];
    });
    const int64_t out = (c * w.out_h + out_row) * w.out_w;
    for_each_divisor<T>(w, out_row, low, high, count_pad, [&](int64_t o, T divisor) { y[out + o] = sum[o - low] / divisor; });
  });
}

template <class T>
void avg_pool_grad(const Window2d& w, const void* dy_void, void* dx_void, bool count_pad) {
  const T* dy = static_cast<const T*>(dy_void);
  T* dx = static_cast<T*>(dx_void);
  for_each_stretch(w, [&](auto stride, int64_t c, int64_t out_row, int64_t low, int64_t high) {
    T share[kStretch];  // what each element of these windows receives
    const int64_t out = (c * w.out_h + out_row) * w.out_w;
    for_each_divisor<T>(w, out_row, low, high, count_pad, [&](int64_t o, T divisor) { share[o - low] = dy[out + o] / divisor; });
    for_each_tap(w, stride, out_row, low, high, [&](int64_t, int64_t, int64_t base, int64_t begin, int64_t end) {
      T* to = dx + c * w.height * w.width + base;
      for (int64_t o = begin; o < end; ++o) to[o * stride] += share[o - low];
    });
  });
}

template <class T>
void fill_type(WindowTable& t, int type) {
  t.im2col[type] = im2col<T>;
  t.col2im[type] = col2im<T>;
  t.max_pool[type] = max_pool<T>;
  t.avg_pool[type] = avg_pool<T>;
  t.avg_pool_grad[type] = avg_pool_grad<T>;
}

}  // namespace

namespace TG_ISA {

void fill_window(WindowTable& t) {
  fill_type<float>(t, 0);
  fill_type<double>(t, 1);
}

}  // namespace TG_ISA
}  // namespace tg::kernels
