// Sum, product, maximum and minimum of one row: the reduction that reduce.cpp and softmax.cpp share.
// Order depends on the row's length alone, not on the register width, so every instruction-set level agrees.
#pragma once
#include "kernels/simd.h"

namespace tg::kernels {
namespace {

template <class T>
constexpr T lowest() {
  if constexpr (T(0.5) != T(0))
    return -T(__builtin_inf());
  else
    return T(-1) < T(0) ? T(T(1) << (8 * sizeof(T) - 1)) : T(0);
}
template <class T>
constexpr T highest() {
  if constexpr (T(0.5) != T(0))
    return T(__builtin_inf());
  else
    return T(~lowest<T>());
}

// Operators on elements and on vectors alike. NaN wins in both Max and Min.
struct Sum {
  template <class T>
  static constexpr T kStart = T(0);
  template <class V>
  V operator()(V a, V b) const {
    return a + b;
  }
};
struct Prod {
  template <class T>
  static constexpr T kStart = T(1);
  template <class V>
  V operator()(V a, V b) const {
    return a * b;
  }
};
struct Max {
  template <class T>
  static constexpr T kStart = lowest<T>();
  template <class V>
  V operator()(V a, V b) const {
    return (a > b) | (a != a) ? a : b;
  }
};
struct Min {
  template <class T>
  static constexpr T kStart = highest<T>();
  template <class V>
  V operator()(V a, V b) const {
    return (a < b) | (a != a) ? a : b;
  }
};

// An element as the operation takes it: x itself, or what Op::map makes of it.
template <class Op, class V>
inline V mapped(V v) {
  if constexpr (requires { Op::map(v); })
    return Op::map(v);
  else
    return v;
}

// At most kBlock contiguous elements, dealt out to 256 bytes of lanes whatever the register width; then the
// lanes are folded in half until one is left.
constexpr int64_t kBlock = 2048;
template <class Op, class T>
inline T reduce_block(const T* x, int64_t n) {
  constexpr int kLane = kLanes<T>, kRegisters = 256 / TG_VEC_BYTES;
  const Op op;
  Vec<T> acc[kRegisters];
#pragma GCC unroll 16
  for (int r = 0; r < kRegisters; ++r) acc[r] = splat(Op::template kStart<T>);
  int64_t i = 0;
  for (; i + kRegisters * kLane <= n; i += kRegisters * kLane) {
#pragma GCC unroll 16
    for (int r = 0; r < kRegisters; ++r) acc[r] = op(acc[r], mapped<Op>(load(x + i + r * kLane)));
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRegisters; ++r)
    if (i + r * kLane < n)
      acc[r] = op(acc[r], mapped<Op>(load_some(x + i + r * kLane, n - i - r * kLane, Op::template kStart<T>)));
#pragma GCC unroll 16
  for (int half = kRegisters / 2; half > 0; half /= 2) {
#pragma GCC unroll 16
    for (int r = 0; r < half; ++r) acc[r] = op(acc[r], acc[r + half]);
  }
  T lanes[kLane];
  store(lanes, acc[0]);
#pragma GCC unroll 8
  for (int half = kLane / 2; half > 0; half /= 2) {
#pragma GCC unroll 16
    for (int l = 0; l < half; ++l) lanes[l] = op(lanes[l], lanes[l + half]);
  }
  return lanes[0];
}

template <class Op, class T>
T reduce_row(const T* x, int64_t n) {
  if (n < 16) {
    T result = Op::template kStart<T>;
    for (int64_t i = 0; i < n; ++i) result = Op{}(result, mapped<Op>(x[i]));
    return result;
  }
  if (n <= kBlock) return reduce_block<Op>(x, n);
  const int64_t half = (n / 2 + kBlock - 1) / kBlock * kBlock;
  const T first = reduce_row<Op>(x, half);  // memory in order: as arguments, the second would come first
  return Op{}(first, reduce_row<Op>(x + half, n - half));
}

}  // namespace
}  // namespace tg::kernels
