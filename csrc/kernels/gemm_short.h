// Short<T, n>: a vector of n elements, for the edges and transposes of the matrix product, where a register of the full
// width would be mostly empty. Same rules of linkage as simd.h.
#pragma once
#include "kernels/simd.h"

namespace tg::kernels {
namespace {

template <class T, int kCount>
struct ShortOf {
  typedef T type __attribute__((vector_size(kCount * sizeof(T))));
};
template <class T, int kCount>
using Short = typename ShortOf<T, kCount>::type;

template <class V, class T>
inline V load_as(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
inline void store_as(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// The transpose of the 4x4 block whose rows are a, b, c, d.
template <class Quad>
inline void transpose(Quad& a, Quad& b, Quad& c, Quad& d) {
  const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  b = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  c = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  d = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

}  // namespace
}  // namespace tg::kernels
