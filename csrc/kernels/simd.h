// Vec<T>: a register of this instruction set's width, on GCC/Clang vector extensions.
// Compiled once per instruction set; everything here has internal linkage so that no copy is shared between levels.
#pragma once
#if defined(__AVX2__)
#include <immintrin.h>
#endif
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

// Elements that this instruction set loads and stores under a mask.
#if defined(__AVX512F__) || defined(__AVX2__)
template <class T>
constexpr bool kMasked = sizeof(T) >= 4;
#else
template <class T>
constexpr bool kMasked = false;
#endif

// The first `count` lanes; the others are `fill`, or are not written. A vector put together from single elements in memory
// waits for each of them, hence the masks. The loops are kept short: unrolled once per lane they cost more than they save.
template <class T>
inline Vec<T> load_some(const T* p, int64_t count, T fill) {
  if (count >= kLanes<T>) return load(p);
  if constexpr (kMasked<T>) {
#if defined(__AVX512F__)
    const unsigned mask = (1u << (count < 0 ? 0 : count)) - 1;
    if constexpr (sizeof(T) == 4)
      return Vec<T>(_mm512_mask_loadu_epi32(__m512i(splat(fill)), __mmask16(mask), p));
    else
      return Vec<T>(_mm512_mask_loadu_epi64(__m512i(splat(fill)), __mmask8(mask), p));
#elif defined(__AVX2__)
    const auto mask = lanes_within<T>(0, count);
    Vec<T> v;
    if constexpr (sizeof(T) == 4)
      v = Vec<T>(_mm256_maskload_epi32(reinterpret_cast<const int*>(p), __m256i(mask)));
    else
      v = Vec<T>(_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), __m256i(mask)));
    return mask ? v : splat(fill);
#endif
  } else {
    T lanes[kLanes<T>];
    store(lanes, splat(fill));
#pragma GCC unroll 1
    for (int64_t l = 0; l < count; ++l) lanes[l] = p[l];
    return load(lanes);
  }
}
template <class T>
inline void store_some(T* p, int64_t count, Vec<T> v) {
  if (count >= kLanes<T>) return store(p, v);
  if constexpr (kMasked<T>) {
#if defined(__AVX512F__)
    const unsigned mask = (1u << (count < 0 ? 0 : count)) - 1;
    if constexpr (sizeof(T) == 4)
      _mm512_mask_storeu_epi32(p, __mmask16(mask), __m512i(v));
    else
      _mm512_mask_storeu_epi64(p, __mmask8(mask), __m512i(v));
#elif defined(__AVX2__)
    const auto mask = lanes_within<T>(0, count);
    if constexpr (sizeof(T) == 4)
      _mm256_maskstore_epi32(reinterpret_cast<int*>(p), __m256i(mask), __m256i(v));
    else
      _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), __m256i(mask), __m256i(v));
#endif
  } else {
    T lanes[kLanes<T>];
    store(lanes, v);
#pragma GCC unroll 1
    for (int64_t l = 0; l < count; ++l) p[l] = lanes[l];
  }
}

}  // namespace
}  // namespace tg::kernels
