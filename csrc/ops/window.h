// The geometry that convolution and pooling share.
#pragma once
#include "ops/common.h"

namespace tg::ops {

// One or two values for height and width.
struct Pair {
  int64_t h, w;
  Pair(const char* op, const char* argument, const Ints& values, int64_t lowest) {
    if (values.size() != 1 && values.size() != 2) {
      fail<RuntimeError>(op, "(): ", argument, " must be an int or a pair, got ", Show{values});
    }
    h = values[0];
    w = values.back();
    if (h < lowest || w < lowest) fail<RuntimeError>(op, "(): ", argument, " must be at least ", lowest, ", got ", Show{values});
  }
};

// How often a window fits; ceil_mode lets the last one run over the end, if it starts inside.
inline int64_t window_count(const char* op, int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                            bool ceil_mode) {
  const int64_t reach = dilation * (kernel - 1) + 1;
  const int64_t room = size + 2 * pad - reach;
  if (room < 0) {
    fail<RuntimeError>(op, "(): a window of ", kernel, " (dilation ", dilation, ") does not fit into ", size, " with padding ",
                       pad);
  }
  int64_t n = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  if (ceil_mode && (n - 1) * stride >= size + pad) --n;
  return n;
}

// A sane bound for user-given window parameters, so that products of a few of them cannot overflow.
inline void check_window_range(const char* op, std::initializer_list<int64_t> values) {
  for (int64_t v : values)
    if (v > (int64_t(1) << 31)) fail<RuntimeError>(op, "(): ", v, " is out of range");
}

}  // namespace tg::ops
