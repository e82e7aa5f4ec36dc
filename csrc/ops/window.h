// The geometry that convolution, pooling and the layouts of windows share: what users give, checked, as one walk over
// planes. A one-dimensional window has height 1.
#pragma once
#include "ops/common.h"

namespace tg::ops {

// One value for every axis or one for each, as height and width.
struct Pair {
  int64_t h, w;
  Pair(const char* op, const char* argument, const Ints& values, int dims, int64_t lowest, int64_t other = 1) {
    if (values.size() != 1 && values.size() != dims) {
      fail<RuntimeError>(op, "(): ", argument, " must be an int or ", dims, " ints, got ", Show{values});
    }
    h = dims == 1 ? other : values[0];
    w = values.back();
    // The bound is sane, and keeps products of a few of them from overflowing.
    for (int64_t v : values)
      if (v < lowest || v > (int64_t(1) << 31)) {
        fail<RuntimeError>(op, "(): ", argument, " must be at least ", lowest, v < lowest ? "" : " and below 2^31", ", got ",
                           Show{values});
      }
  }
};

// How often a window fits; ceil_mode lets the last one run over the end, if it starts inside.
inline int64_t window_count(const char* op, int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                            bool ceil_mode) {
  const int64_t reach = dilation * (kernel - 1) + 1;
  const int64_t room = size + 2 * pad - reach;
  const int64_t n = room < 0 && !(ceil_mode && room > -stride) ? 0 : (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  const int64_t count = ceil_mode && (n - 1) * stride >= size + pad ? n - 1 : n;
  if (count < 1) {
    fail<RuntimeError>(op, "(): a window of ", kernel, " (dilation ", dilation, ") does not fit into ", size, " with padding ",
                       pad);
  }
  return count;
}

// Planes whose last `dims` dims are walked, as [channels, height, width]; the outputs are counted.
inline kernels::Window2d walk_over(const char* op, Span shape, int dims, const Pair& k, const Pair& s, const Pair& p,
                                   const Pair& d, bool ceil_mode = false) {
  const size_t n = shape.size();
  const int64_t height = dims == 2 ? shape[n - 2] : 1, width = shape[n - 1];
  return {product(shape.first(n - size_t(dims))),
          height,
          width,
          k.h,
          k.w,
          s.h,
          s.w,
          p.h,
          p.w,
          d.h,
          d.w,
          window_count(op, height, k.h, s.h, p.h, d.h, ceil_mode),
          window_count(op, width, k.w, s.w, p.w, d.w, ceil_mode)};
}

}  // namespace tg::ops
