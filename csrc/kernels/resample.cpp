// Mixing the elements along one extent by a table of taps, and the adjoint. Knows nothing of what the taps are for.
#include "kernels/fill.h"
#include "kernels/simd.h"

namespace tg::kernels {
namespace {

// One row, its elements side by side.
template <class T>
inline void row(const Resample& r, const T* x, const T* weight, T* y) {
  const int64_t* index = r.index;
  if (!weight) {
    for (int64_t o = 0; o < r.outputs; ++o) y[o] = x[index[o]];
    return;
  }
  for (int64_t o = 0; o < r.outputs; ++o, index += r.taps, weight += r.taps) {
    T sum = T(weight[0] * x[index[0]]);
    for (int64_t k = 1; k < r.taps; ++k) sum = T(sum + weight[k] * x[index[k]]);
    y[o] = sum;
  }
}

template <class T>
void resample(const Resample& r, int64_t outer, const void* x_void, void* y_void) {
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  const T* weight = static_cast<const T*>(r.weight);
  for (int64_t u = 0; u < outer; ++u, x += r.n * r.inner, y += r.outputs * r.inner) {
    if (r.inner == 1) {
      row(r, x, weight, y);
      continue;
    }
    for (int64_t o = 0; o < r.outputs; ++o) {
      const int64_t* index = r.index + o * r.taps;
      T* to = y + o * r.inner;
      const T* from = x + index[0] * r.inner;
      if (!weight) {
        for (int64_t i = 0; i < r.inner; ++i) to[i] = from[i];
        continue;
      }
      const T* w = weight + o * r.taps;
      for (int64_t i = 0; i < r.inner; ++i) to[i] = T(w[0] * from[i]);
      for (int64_t k = 1; k < r.taps; ++k) {
        from = x + index[k] * r.inner;
        for (int64_t i = 0; i < r.inner; ++i) to[i] = T(to[i] + w[k] * from[i]);
      }
    }
  }
}

template <class T>
void adjoint(const Resample& r, int64_t outer, const void* dy_void, void* dx_void) {
  const T* dy = static_cast<const T*>(dy_void);
  T* dx = static_cast<T*>(dx_void);
  const T* weight = static_cast<const T*>(r.weight);
  for (int64_t u = 0; u < outer; ++u, dx += r.n * r.inner, dy += r.outputs * r.inner)
    for (int64_t o = 0; o < r.outputs; ++o)
      for (int64_t k = 0; k < r.taps; ++k) {
        const T* from = dy + o * r.inner;
        T* to = dx + r.index[o * r.taps + k] * r.inner;
        const T w = weight ? weight[o * r.taps + k] : T(1);
        for (int64_t i = 0; i < r.inner; ++i) to[i] += w * from[i];
      }
}

}  // namespace

namespace TG_ISA {

void fill_resample(ResampleTable& t) {
  t.forward[0] = resample<float>;
  t.forward[1] = resample<double>;
  t.forward[2] = resample<int64_t>;
  t.forward[3] = resample<int32_t>;
  t.forward[4] = t.forward[5] = resample<uint8_t>;
  t.adjoint[0] = adjoint<float>;
  t.adjoint[1] = adjoint<double>;
}

}  // namespace TG_ISA
}  // namespace tg::kernels
