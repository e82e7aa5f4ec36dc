// Softmax and log-softmax of contiguous rows, and their gradients.
// y may be x: every row is read before the element that replaces it is written.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"
#include "kernels/rows.h"

namespace tg::kernels {
namespace {

// y[i] = f(i, count), a vector at a time.
template <class T, class F>
inline void each_vector(T* y, int64_t n, F f) {
  for (int64_t i = 0; i < n; i += kLanes<T>) store_some(y + i, n - i, f(i));
}

// The sum of f over a row without storing the row.
template <class T, class F>
inline T sum_of(int64_t n, F f) {
  T piece[512], sum = 0;
  for (int64_t start = 0; start < n; start += 512) {
    const int64_t count = n - start < 512 ? n - start : 512;
    each_vector(piece, count, [&](int64_t i) { return f(start + i); });
    sum += reduce_row<Sum>(piece, count);
  }
  return sum;
}

template <class T>
void softmax(const void* from, void* to, int64_t rows, int64_t n) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const T top = reduce_row<Max>(x, n);
    each_vector(y, n, [&](int64_t i) { return exp(load_some(x + i, n - i, T(0)) - top); });
    const T sum = reduce_row<Sum>(y, n);
    each_vector(y, n, [&](int64_t i) { return load_some(y + i, n - i, T(0)) / sum; });
  }
}

template <class T>
void log_softmax(const void* from, void* to, int64_t rows, int64_t n) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    const T top = reduce_row<Max>(x, n);
    const T sum = sum_of<T>(n, [&](int64_t i) { return exp(load_some(x + i, n - i, T(0)) - top); });
    const T log_sum = log(splat(sum))[0];
    each_vector(y, n, [&](int64_t i) { return load_some(x + i, n - i, T(0)) - top - log_sum; });
  }
}

template <class T>
void softmax_grad(const void* grad, const void* out, void* to, int64_t rows, int64_t n) {
  const T *dy = static_cast<const T*>(grad), *y = static_cast<const T*>(out);
  T* dx = static_cast<T*>(to);
  for (int64_t r = 0; r < rows; ++r, dy += n, y += n, dx += n) {
    const T dot = sum_of<T>(n, [&](int64_t i) { return load_some(dy + i, n - i, T(0)) * load_some(y + i, n - i, T(0)); });
    each_vector(dx, n, [&](int64_t i) { return load_some(y + i, n - i, T(0)) * (load_some(dy + i, n - i, T(0)) - dot); });
  }
}

template <class T>
void log_softmax_grad(const void* grad, const void* out, void* to, int64_t rows, int64_t n) {
  const T *dy = static_cast<const T*>(grad), *y = static_cast<const T*>(out);
  T* dx = static_cast<T*>(to);
  for (int64_t r = 0; r < rows; ++r, dy += n, y += n, dx += n) {
    const T sum = reduce_row<Sum>(dy, n);
    each_vector(dx, n, [&](int64_t i) { return load_some(dy + i, n - i, T(0)) - exp(load_some(y + i, n - i, T(0))) * sum; });
  }
}

template <class T>
void fill_type(SoftmaxTable& t, int type) {
  t.softmax[type] = softmax<T>;
  t.log_softmax[type] = log_softmax<T>;
  t.softmax_grad[type] = softmax_grad<T>;
  t.log_softmax_grad[type] = log_softmax_grad<T>;
}

}  // namespace

namespace TG_ISA {
void fill_softmax(SoftmaxTable& t) {
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
