// Two-dimensional windows over planes: the columns of a convolution and their adjoint, max and average pooling.
// Knows planes and geometry only: no batches, no gradients' bookkeeping.
#include "kernels/fill.h"
#include "kernels/simd.h"

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

// One tap's part of the columns, [out_h, out_w], and the plane it comes from, walked in rows of whole vectors: rows are
// short, and a loop with a tail costs more than the row. `from` and `to` may reach into the neighbouring rows, so that
// the lanes outside the run are blanked; fits() says whether they stay inside the memory.
template <class T>
struct TapWalk {
  Run down, across;
  int64_t first;  // the plane's element under output (down.begin, 0); may lie outside the plane
  int64_t step;   // between the elements under two rows of outputs
  int64_t reach;  // a row of outputs in whole vectors

  TapWalk(const Window2d& w, int64_t tap_h, int64_t tap_w)
      : down(run_of(rows_of(w), tap_h, w.stride_h)), across(run_of(cols_of(w), tap_w, w.stride_w)) {
    first = (down.first + down.begin * w.stride_h) * w.width + across.first;
    step = w.stride_h * w.width;
    reach = ceil_div(w.out_w, kLanes<T>) * kLanes<T>;
  }
  // Elements of the plane before and behind which whole rows touch, against what there is; the same for the columns.
  bool fits(const Window2d& w, int64_t plane_begin, int64_t plane_end, int64_t columns_end) const {
    const int64_t last = first + (down.end - down.begin - 1) * step;
    return w.stride_w == 1 && first >= plane_begin && last + reach <= plane_end &&
           (down.end - 1) * w.out_w + reach <= columns_end;
  }
};

template <class T>
void im2col(const Window2d& w, const void* x_void, void* columns_void) {
  const T* x = static_cast<const T*>(x_void);
  T* columns = static_cast<T*>(columns_void);
  const int64_t plane = w.height * w.width, block = w.out_h * w.out_w, taps = w.kernel_h * w.kernel_w;
  for (int64_t c = 0; c < w.channels; ++c)
    for (int64_t tap = 0; tap < taps; ++tap, columns += block) {
      const TapWalk<T> walk(w, tap / w.kernel_w, tap % w.kernel_w);
      const Run down = walk.down, across = walk.across;
      for (int64_t i = 0; i < down.begin * w.out_w; ++i) columns[i] = 0;
      const int64_t columns_left = (w.channels * taps - c * taps - tap) * block;
      if (walk.fits(w, -c * plane, (w.channels - c) * plane, columns_left)) {
        // From the right, so that what a row spills into the next one is written over.
        for (int64_t o = walk.reach - kLanes<T>; o >= 0; o -= kLanes<T>) {
          const auto inside = lanes_within<T>(across.begin - o, across.end - o);
          const T* from = x + c * plane + walk.first + o;
          T* to = columns + down.begin * w.out_w + o;
          for (int64_t row = down.begin; row < down.end; ++row, from += walk.step, to += w.out_w) {
            store(to, inside ? load(from) : Vec<T>{});
          }
        }
      } else {
        for (int64_t row = down.begin; row < down.end; ++row) {
          const T* from = x + c * plane + walk.first + (row - down.begin) * walk.step;
          T* to = columns + row * w.out_w;
          for (int64_t o = 0; o < w.out_w; ++o) to[o] = o >= across.begin && o < across.end ? from[o * w.stride_w] : T(0);
        }
      }
      for (int64_t i = down.end * w.out_w; i < block; ++i) columns[i] = 0;
    }
}

template <class T>
void col2im(const Window2d& w, const void* columns_void, void* x_void) {
  const T* columns = static_cast<const T*>(columns_void);
  T* x = static_cast<T*>(x_void);
  const int64_t plane = w.height * w.width, block = w.out_h * w.out_w, taps = w.kernel_h * w.kernel_w;
  for (int64_t c = 0; c < w.channels; ++c)
    for (int64_t tap = 0; tap < taps; ++tap, columns += block) {
      const TapWalk<T> walk(w, tap / w.kernel_w, tap % w.kernel_w);
      const Run down = walk.down, across = walk.across;
      const int64_t columns_left = (w.channels * taps - c * taps - tap) * block;
      if (walk.fits(w, -c * plane, (w.channels - c) * plane, columns_left)) {
        for (int64_t o = 0; o < walk.reach; o += kLanes<T>) {
          const auto inside = lanes_within<T>(across.begin - o, across.end - o);
          T* to = x + c * plane + walk.first + o;
          const T* from = columns + down.begin * w.out_w + o;
          for (int64_t row = down.begin; row < down.end; ++row, to += walk.step, from += w.out_w) {
            store(to, load(to) + (inside ? load(from) : Vec<T>{}));
          }
        }
      } else {
        for (int64_t row = down.begin; row < down.end; ++row) {
          T* to = x + c * plane + walk.first + (row - down.begin) * walk.step;
          const T* from = columns + row * w.out_w;
          for (int64_t o = across.begin; o < across.end; ++o) to[o * w.stride_w] += from[o];
        }
      }
    }
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
