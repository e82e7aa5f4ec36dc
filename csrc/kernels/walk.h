// The axes of a window walk, as the kernels over planes see them.
#pragma once
#include "kernels/table.h"

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

// A range of outputs, or of the taps of one output.
struct Range {
  int64_t begin, end;
  int64_t count() const { return max(0, end - begin); }
};

// The taps of output o that read real elements.
inline Range real_taps(const Axis& a, int64_t o) {
  const int64_t start = o * a.stride - a.pad, left = a.size - start, step = a.dilation;
  return {start >= 0  ? 0
          : step == 1 ? -start
                      : ceil_div(-start, step),
          left <= 0 ? 0 : min(a.kernel, step == 1 ? left : ceil_div(left, step))};
}

// The outputs all of whose taps read real elements.
inline Range whole_windows(const Axis& a) {
  const int64_t room = a.size - 1 - (a.kernel - 1) * a.dilation + a.pad;
  const int64_t end = room < 0 ? 0 : min(a.out, room / a.stride + 1);
  return {min(end, ceil_div(a.pad, a.stride)), end};
}

// One range for each output along an axis, found once where there are few outputs.
template <class Find>
class Ranges {
 public:
  Ranges(int64_t out, Find find) : find_(find), few_(out <= kFew) {
    for (int64_t o = 0; few_ && o < out; ++o) found_[o] = find(o);
  }
  Range operator[](int64_t o) const { return few_ ? found_[o] : find_(o); }

 private:
  static constexpr int64_t kFew = 32;
  Find find_;
  bool few_;
  Range found_[kFew];
};

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

}  // namespace
}  // namespace tg::kernels
