// Running over a contiguous row a vector at a time, and sums of what is computed on the way.
#pragma once
#include <utility>

#include "kernels/rows.h"

namespace tg::kernels {
namespace {

// y[i...] = f(i, count), a vector at a time: count is kLanes, which the compiler then knows, or what is left at the end.
template <class T, class F>
inline void each_vector(T* y, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) store(y + i, f(i, int64_t(kLanes<T>)));
  if (i < n) store_some(y + i, n - i, f(i, n - i));
}

// Op over all lanes, in every lane.
template <int kHalf, class T, int... I>
inline Vec<T> swapped(Vec<T> v, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(v, v, (I ^ kHalf)...);
}
template <class Op, class T, int kHalf = kLanes<T> / 2>
inline Vec<T> across(Vec<T> v) {
  if constexpr (kHalf == 0)
    return v;
  else
    return across<Op, T, kHalf / 2>(Op{}(v, swapped<kHalf, T>(v, std::make_integer_sequence<int, kLanes<T>>())));
}

// The first `count` lanes of v, and 0.
template <class T>
inline Vec<T> first_lanes(Vec<T> v, int64_t count) {
  return count >= kLanes<T> ? v : lanes_within<T>(0, count) ? v : Vec<T>{};
}

// The sum over a row of what f(i, count) computes, in blocks, so that the rounding does not grow with n.
template <class T, class F>
inline T sum_of(int64_t n, F f) {
  constexpr int64_t kLane = kLanes<T>;
  if (n <= kLane) return across<Sum, T>(first_lanes<T>(f(0, n), n))[0];
  Vec<T> total{};
  for (int64_t start = 0; start < n; start += kBlock) {
    const int64_t end = n - start < kBlock ? n : start + kBlock;
    Vec<T> part[4] = {};
    int64_t i = start;
    for (; i + 4 * kLane <= end; i += 4 * kLane)
      for (int r = 0; r < 4; ++r) part[r] += f(i + r * kLane, kLane);
    for (; i < end; i += kLane) part[0] += first_lanes<T>(f(i, end - i), end - i);
    total += (part[0] + part[1]) + (part[2] + part[3]);
  }
  return across<Sum, T>(total)[0];
}

}  // namespace
}  // namespace tg::kernels
