// Vec<T>: a register of this instruction set's width, on GCC/Clang vector extensions.
// Compiled once per instruction set; everything here has internal linkage so that no copy is shared between levels.
#pragma once
#include <cstdint>

#ifndef TG_ISA
#error "kernels are compiled once per instruction set: define TG_ISA and TG_VEC_BYTES"
#endif

namespace tg::kernels {
namespace {  // internal linkage: a weak copy built for AVX-512 must never serve a baseline CPU

template <class T>
struct VecOf {
  typedef T type __attribute__((vector_size(TG_VEC_BYTES)));
  typedef T unaligned __attribute__((vector_size(TG_VEC_BYTES), aligned(alignof(T)), may_alias));
};
template <class T>
using Vec = typename VecOf<T>::type;

template <class T>
constexpr int kLanes = TG_VEC_BYTES / int(sizeof(T));

template <class T>
inline Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename VecOf<T>::unaligned*>(p);
}
template <class T>
inline void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename VecOf<T>::unaligned*>(p) = v;
}
template <class T>
inline Vec<T> splat(T x) {
  return x - Vec<T>{};
}

// The first `count` lanes; the others are `fill`, or are not written. The loops are kept short: unrolled once per lane
// they cost more registers and code than time they save.
template <class T>
inline Vec<T> load_some(const T* p, int64_t count, T fill) {
  if (count >= kLanes<T>) return load(p);
  T lanes[kLanes<T>];
  store(lanes, splat(fill));
#pragma GCC unroll 1
  for (int64_t l = 0; l < count; ++l) lanes[l] = p[l];
  return load(lanes);
}
template <class T>
inline void store_some(T* p, int64_t count, Vec<T> v) {
  if (count >= kLanes<T>) return store(p, v);
  T lanes[kLanes<T>];
  store(lanes, v);
#pragma GCC unroll 1
  for (int64_t l = 0; l < count; ++l) p[l] = lanes[l];
}

// The integer as wide as T: what comparisons of vectors give.
template <int Bytes>
struct IntegerOf {
  typedef int64_t type;
};
template <>
struct IntegerOf<4> {
  typedef int32_t type;
};

// True in the lanes [low, high), which may lie outside the lanes there are: a mask for ?:.
template <class T>
inline auto lanes_within(int64_t low, int64_t high) {
  typedef typename IntegerOf<sizeof(T)>::type Index;
  Vec<Index> lane;
  for (int l = 0; l < kLanes<T>; ++l) lane[l] = Index(l);
  const auto clamp = [](int64_t n) { return Index(n < 0 ? 0 : n > kLanes<T> ? kLanes<T> : n); };
  return (lane >= splat(clamp(low))) & (lane < splat(clamp(high)));
}

}  // namespace
}  // namespace tg::kernels
