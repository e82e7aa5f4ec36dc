// Max and average pooling over planes. Windows that hang over the border are walked one by one, the others in stretches
// of one row of outputs that become vector code. Knows planes and geometry only.
#include <utility>

#include "kernels/fill.h"
#include "kernels/rows.h"
#include "kernels/walk.h"

namespace tg::kernels {
namespace {

// The state of a stretch stays in the first-level cache; shorter rows than kShort are not worth a loop per tap.
constexpr int64_t kStretch = 128, kShort = 5;

// One window: the taps that read real elements, and where its first tap stands in its plane.
struct Window {
  Range down, across;
  int64_t at;
};

// Calls one(channel, row, o, window) for the windows at the border, many(stride, channel, row, low, high, first window) for
// stretches of the others; rows with fewer than `shortest` of those are walked one by one.
template <class One, class Many>
inline void for_each_window(const Window2d& w, int64_t shortest, One one, Many many) {
  const Axis down = rows_of(w), across = cols_of(w);
  const Range rows = whole_windows(down);
  Range whole = whole_windows(across);
  if (whole.count() < shortest) whole = {w.out_w, w.out_w};
  const Ranges taps(w.out_w, [&](int64_t o) { return real_taps(across, o); });
  with_stride(w.stride_w, [&](auto stride) {
    for (int64_t c = 0; c < w.channels; ++c)
      for (int64_t row = 0; row < w.out_h; ++row) {
        const Range inner = row >= rows.begin && row < rows.end ? whole : Range{w.out_w, w.out_w};
        const Range read = real_taps(down, row);
        const int64_t start = (row * w.stride_h - w.pad_h) * w.width - w.pad_w;
        for (int64_t o = 0; o < inner.begin; ++o) one(c, row, o, Window{read, taps[o], start + o * stride});
        for (int64_t low = inner.begin; low < inner.end; low += kStretch)
          many(stride, c, row, low, min(inner.end, low + kStretch), Window{read, {0, w.kernel_w}, start + low * stride});
        for (int64_t o = inner.end; o < w.out_w; ++o) one(c, row, o, Window{read, taps[o], start + o * stride});
      }
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

// The maximum over the elements x[h * step_h + v * step_w] for h in down, v in across. The first one wins whatever it is: a
// window of nothing but -inf points at an element of its own.
template <class T>
inline void max_window(const T* x, Range down, Range across, int64_t step_h, int64_t step_w, T* y, int64_t* index, int64_t at) {
  T best = lowest<T>();
  int64_t place = -at;  // without a real element the index is 0, which is readable
  bool none = true;
  for (int64_t h = down.begin; h < down.end; ++h)
    for (int64_t v = across.begin; v < across.end; ++v) {
      const int64_t here = h * step_h + v * step_w;
      const bool wins = none | (x[here] > best) | (x[here] != x[here]);
      best = wins ? x[here] : best;
      place = wins ? here : place;
      none = false;
    }
  *y = best;
  if (index) *index = at + place;
}

// NaN wins.
template <class T>
inline T larger(T a, T b) {
  return (a > b) | (a != a) ? a : b;
}

// Every other element of a row, from the first and from the second on.
template <class T>
struct Halves {
  Vec<T> even, odd;
  Halves(const T* x, int64_t count)
      : Halves(load_some(x, 2 * count, T(0)), load_some(x + kLanes<T>, 2 * count - kLanes<T>, T(0))) {}

 private:
  Halves(Vec<T> low, Vec<T> high) : Halves(low, high, std::make_integer_sequence<int, kLanes<T>>()) {}
  template <int... I>
  Halves(Vec<T> low, Vec<T> high, std::integer_sequence<int, I...>)
      : even(__builtin_shufflevector(low, high, (2 * I)...)), odd(__builtin_shufflevector(low, high, (2 * I + 1)...)) {}
};

// A stretch of windows of 2 x 2 that stand side by side, the most common of all: maxima, and where they are from `start` on.
template <class T>
inline void max_of_squares(const T* from, int64_t step_h, int64_t n, T* y, int64_t* places, int64_t start) {
  using Offset = typename OffsetOf<T>::type;
  for (int64_t o = 0; o < n; o += kLanes<T>) {
    const int64_t count = min(kLanes<T>, n - o);
    const Halves<T> upper(from + 2 * o, count), lower(from + step_h + 2 * o, count);
    Vec<T> best = upper.even;
    Vec<Offset> place{};
    const auto meet = [&](Vec<T> next, int64_t here) {
      const auto wins = (next > best) | (next != next);
      best = wins ? next : best;
      place = wins ? splat(Offset(here)) : place;
    };
    meet(upper.odd, 1);
    meet(lower.even, step_h);
    meet(lower.odd, step_h + 1);
    store_some(y + o, count, best);
    if (!places) continue;
    Offset found[kLanes<T>];
    store(found, place);
    for (int64_t l = 0; l < count; ++l) places[o + l] = start + 2 * (o + l) + found[l];
  }
}

template <class T>
void max_pool(const Window2d& w, const void* x_void, void* y_void, int64_t* index) {
  using Offset = typename OffsetOf<T>::type;
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  const int64_t plane = w.height * w.width, step_h = w.dilation_h * w.width, step_w = w.dilation_w;
  const auto out = [&](int64_t c, int64_t row, int64_t o) { return (c * w.out_h + row) * w.out_w + o; };
  const auto one = [&](int64_t c, int64_t row, int64_t o, const Window& k) {
    const int64_t to = out(c, row, o);
    max_window(x + c * plane + k.at, k.down, k.across, step_h, step_w, y + to, index ? index + to : nullptr, k.at);
  };
  const bool squares = w.kernel_h == 2 && w.kernel_w == 2 && w.stride_w == 2 && w.dilation_w == 1;
  const auto many = [&](auto stride, int64_t c, int64_t row, int64_t low, int64_t high, const Window& k) {
    const int64_t n = high - low;
    const T* from = x + c * plane + k.at;
    T* to = y + out(c, row, low);
    if constexpr (T(0.5) != T(0)) {
      if (squares) return max_of_squares(from, step_h, n, to, index ? index + out(c, row, low) : nullptr, k.at);
    }
    if (!index) {
      for (int64_t o = 0; o < n; ++o) to[o] = from[o * stride];
      for (int64_t h = 0; h < w.kernel_h; ++h)
        for (int64_t v = 0; v < w.kernel_w; ++v) {
          const T* tap = from + h * step_h + v * step_w;
          for (int64_t o = 0; o < n; ++o) to[o] = larger(tap[o * stride], to[o]);
        }
      return;
    }
    T value[kStretch];
    Offset place[kStretch];
    for (int64_t o = 0; o < n; ++o) {
      value[o] = from[o * stride];
      place[o] = 0;
    }
    for (int64_t h = 0; h < w.kernel_h; ++h)
      for (int64_t v = h == 0; v < w.kernel_w; ++v) {
        const Offset here = Offset(h * step_h + v * step_w);
        const T* tap = from + here;
        for (int64_t o = 0; o < n; ++o) {
          const T next = tap[o * stride];
          const bool wins = (next > value[o]) | (next != next);
          value[o] = wins ? next : value[o];
          place[o] = wins ? here : place[o];
        }
      }
    int64_t* places = index + out(c, row, low);
    for (int64_t o = 0; o < n; ++o) {
      to[o] = value[o];
      places[o] = k.at + o * stride + place[o];
    }
  };
  for_each_window(w, squares && T(0.5) != T(0) ? 2 : kShort, one, many);
}

// What the sum over a window is divided by. Padding counts up to the padded end, which a last window may hang over.
struct Divisors {
  const Window2d& w;
  bool count_pad;
  int64_t fixed;
  int64_t operator()(int64_t row, int64_t o, const Window& k) const {
    if (fixed) return fixed;
    if (!count_pad) return max(1, k.down.count() * k.across.count());
    return min(w.kernel_h, w.height + 2 * w.pad_h - row * w.stride_h) * min(w.kernel_w, w.width + 2 * w.pad_w - o * w.stride_w);
  }
};

// A window by itself may be a whole plane, whose sum needs more digits than its elements.
template <class T>
struct SumOf {
  typedef T type;
};
template <>
struct SumOf<float> {
  typedef double type;
};

template <class T>
void avg_pool(const Window2d& w, const void* x_void, void* y_void, bool count_pad, int64_t fixed) {
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  const Divisors divisors{w, count_pad, fixed};
  const int64_t plane = w.height * w.width;
  const auto one = [&](int64_t c, int64_t row, int64_t o, const Window& k) {
    const T* from = x + c * plane + k.at;
    typename SumOf<T>::type sum = 0;
    for (int64_t h = k.down.begin; h < k.down.end; ++h)
      for (int64_t v = k.across.begin; v < k.across.end; ++v) sum += from[h * w.width + v];
    y[(c * w.out_h + row) * w.out_w + o] = T(sum / typename SumOf<T>::type(divisors(row, o, k)));
  };
  for_each_window(w, kShort, one, [&](auto stride, int64_t c, int64_t row, int64_t low, int64_t high, const Window& k) {
    const T divisor = T(divisors(row, low, k));
    const T* from = x + c * plane + k.at;
    T* to = y + (c * w.out_h + row) * w.out_w + low;
    const int64_t n = high - low;
    if (w.kernel_h == 2 && w.kernel_w == 2 && w.stride_w == 2) {
      const T* below = from + w.width;
      for (int64_t o = 0; o < n; ++o) to[o] = (from[2 * o] + from[2 * o + 1] + below[2 * o] + below[2 * o + 1]) / divisor;
      return;
    }
    T sum[kStretch];
    for (int64_t o = 0; o < n; ++o) sum[o] = 0;
    for (int64_t h = 0; h < w.kernel_h; ++h)
      for (int64_t v = 0; v < w.kernel_w; ++v) {
        const T* tap = from + h * w.width + v;
        for (int64_t o = 0; o < n; ++o) sum[o] += tap[o * stride];
      }
    for (int64_t o = 0; o < n; ++o) to[o] = sum[o] / divisor;
  });
}

template <class T>
void avg_pool_grad(const Window2d& w, const void* dy_void, void* dx_void, bool count_pad, int64_t fixed) {
  const T* dy = static_cast<const T*>(dy_void);
  T* dx = static_cast<T*>(dx_void);
  const Divisors divisors{w, count_pad, fixed};
  const int64_t plane = w.height * w.width;
  const auto one = [&](int64_t c, int64_t row, int64_t o, const Window& k) {
    T* to = dx + c * plane + k.at;
    const T share = dy[(c * w.out_h + row) * w.out_w + o] / T(divisors(row, o, k));
    for (int64_t h = k.down.begin; h < k.down.end; ++h)
      for (int64_t v = k.across.begin; v < k.across.end; ++v) to[h * w.width + v] += share;
  };
  for_each_window(w, kShort, one, [&](auto stride, int64_t c, int64_t row, int64_t low, int64_t high, const Window& k) {
    const T divisor = T(divisors(row, low, k));
    T* to = dx + c * plane + k.at;
    const T* from = dy + (c * w.out_h + row) * w.out_w + low;
    const int64_t n = high - low;
    T share[kStretch];
    for (int64_t o = 0; o < n; ++o) share[o] = from[o] / divisor;
    for (int64_t h = 0; h < w.kernel_h; ++h)
      for (int64_t v = 0; v < w.kernel_w; ++v) {
        T* tap = to + h * w.width + v;
        for (int64_t o = 0; o < n; ++o) tap[o * stride] += share[o];
      }
  });
}

// The window of output o of an adaptive pooling.
inline Range adaptive(int64_t size, int64_t out, int64_t o) { return {o * size / out, ceil_div((o + 1) * size, out)}; }

// Calls body(channel, place, rows, columns) for each output.
template <class Body>
inline void for_each_adaptive(const Window2d& w, Body body) {
  const Ranges down(w.out_h, [&](int64_t row) { return adaptive(w.height, w.out_h, row); });
  const Ranges across(w.out_w, [&](int64_t o) { return adaptive(w.width, w.out_w, o); });
  for (int64_t c = 0, place = 0; c < w.channels; ++c)
    for (int64_t row = 0; row < w.out_h; ++row) {
      const Range rows = down[row];
      for (int64_t o = 0; o < w.out_w; ++o) body(c * w.height * w.width, place++, rows, across[o]);
    }
}

template <class T>
void adaptive_max_pool(const Window2d& w, const void* x_void, void* y_void, int64_t* index) {
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  for_each_adaptive(w, [&](int64_t plane, int64_t place, Range down, Range across) {
    max_window(x + plane, down, across, w.width, 1, y + place, index ? index + place : nullptr, 0);
  });
}

template <class T>
void adaptive_avg_pool(const Window2d& w, const void* x_void, void* y_void) {
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  for_each_adaptive(w, [&](int64_t plane, int64_t place, Range down, Range across) {
    double sum = 0;
    for (int64_t h = down.begin; h < down.end; ++h)
      for (int64_t v = across.begin; v < across.end; ++v) sum += x[plane + h * w.width + v];
    y[place] = T(sum / double(down.count() * across.count()));
  });
}

template <class T>
void adaptive_avg_pool_grad(const Window2d& w, const void* dy_void, void* dx_void) {
  const T* dy = static_cast<const T*>(dy_void);
  T* dx = static_cast<T*>(dx_void);
  for_each_adaptive(w, [&](int64_t plane, int64_t place, Range down, Range across) {
    const T share = dy[place] / T(down.count() * across.count());
    for (int64_t h = down.begin; h < down.end; ++h)
      for (int64_t v = across.begin; v < across.end; ++v) dx[plane + h * w.width + v] += share;
  });
}

template <class T>
void fill_float(WindowTable& t, int type) {
  t.avg_pool_grad[type] = avg_pool_grad<T>;
  t.adaptive_max_pool[type] = adaptive_max_pool<T>;
  t.adaptive_avg_pool[type] = adaptive_avg_pool<T>;
  t.adaptive_avg_pool_grad[type] = adaptive_avg_pool_grad<T>;
}

}  // namespace

namespace TG_ISA {

void fill_pool(WindowTable& t) {
  fill_float<float>(t, 0);
  fill_float<double>(t, 1);
  t.avg_pool[0] = avg_pool<float>;
  t.avg_pool[1] = avg_pool<double>;
  t.avg_pool[2] = avg_pool<int64_t>;
  t.max_pool[0] = max_pool<float>;
  t.max_pool[1] = max_pool<double>;
  t.max_pool[2] = max_pool<int64_t>;
  t.max_pool[3] = max_pool<int32_t>;
  t.max_pool[4] = max_pool<uint8_t>;
}

}  // namespace TG_ISA
}  // namespace tg::kernels
