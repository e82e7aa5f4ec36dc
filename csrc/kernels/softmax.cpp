// Softmax and log-softmax along lines, and their gradients: contiguous rows, or neighbouring columns side by side.
// y may be x: every line is read before the element that replaces it is written.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"
#include "kernels/pieces.h"

namespace tg::kernels {
namespace {

// The functions on one contiguous row. One that fits a register never goes through memory, where a masked load would wait
// for the masked store before it.
template <class T>
void softmax_row(const T* x, T* y, int64_t n) {
  if (n <= kLanes<T>) {
    const Vec<T> v = load_some(x, n, lowest<T>());
    const Vec<T> e = exp(v - across<Max, T>(v));
    return store_some(y, n, e / across<Sum, T>(e));
  }
  const T top = reduce_row<Max>(x, n);
  const T sum = sum_of<T>(n, [&](int64_t i, int64_t count) {
    const Vec<T> e = exp(load_some(x + i, count, T(0)) - top);
    store_some(y + i, count, e);
    return e;
  });
  const T share = T(1) / sum;
  each_vector(y, n, [&](int64_t i, int64_t count) { return load_some(y + i, count, T(0)) * share; });
}
template <class T>
void log_softmax_row(const T* x, T* y, int64_t n) {
  const T top = reduce_row<Max>(x, n);
  const T sum = sum_of<T>(n, [&](int64_t i, int64_t count) { return exp(load_some(x + i, count, T(0)) - top); });
  const T log_sum = log(splat(sum))[0];
  each_vector(y, n, [&](int64_t i, int64_t count) { return load_some(x + i, count, T(0)) - top - log_sum; });
}
// Rows that fit a register, many to one logarithm.
template <class T>
void log_softmax_short(const T* x, T* y, int64_t rows, int64_t n) {
  constexpr int kHeld = kLanes<T>;
  for (; rows > 0; rows -= kHeld, x += kHeld * n, y += kHeld * n) {
    const int count = rows < kHeld ? int(rows) : kHeld;
    Vec<T> held[kHeld], sums = splat(T(1));
    for (int r = 0; r < count; ++r) {
      const Vec<T> v = load_some(x + r * n, n, lowest<T>());
      held[r] = v - across<Max, T>(v);
      sums[r] = across<Sum, T>(exp(held[r]))[0];
    }
    const Vec<T> logs = log(sums);
    for (int r = 0; r < count; ++r) store_some(y + r * n, n, held[r] - logs[r]);
  }
}
template <class T>
void softmax_grad_row(const T* dy, const T* y, T* dx, int64_t n) {
  const auto at = [](const T* p, int64_t count) { return load_some(p, count, T(0)); };
  const T dot = sum_of<T>(n, [&](int64_t i, int64_t count) { return at(dy + i, count) * at(y + i, count); });
  each_vector(dx, n, [&](int64_t i, int64_t count) { return at(y + i, count) * (at(dy + i, count) - dot); });
}
template <class T>
void log_softmax_grad_row(const T* dy, const T* y, T* dx, int64_t n) {
  const auto at = [](const T* p, int64_t count) { return load_some(p, count, T(0)); };
  const T sum = reduce_row<Sum>(dy, n);
  each_vector(dx, n, [&](int64_t i, int64_t count) { return at(dy + i, count) - exp(at(y + i, count)) * sum; });
}

// As many columns as a register has lanes, or what is left of them; element j of each is a vector.
template <class T>
struct Columns {
  int64_t n, step, count;
  Vec<T> get(const T* p, int64_t j) const { return load_some(p + j * step, count, T(0)); }
  void set(T* p, int64_t j, Vec<T> v) const { store_some(p + j * step, count, v); }

  Vec<T> top(const T* x) const {
    Vec<T> top = splat(lowest<T>());
    for (int64_t j = 0; j < n; ++j) top = Max{}(top, get(x, j));
    return top;
  }
  template <class F>
  Vec<T> sum(F f) const {  // in blocks, so that the rounding does not grow with n
    Vec<T> total{};
    for (int64_t start = 0; start < n; start += 128) {
      Vec<T> part{};
      for (int64_t j = start; j < n && j < start + 128; ++j) part += f(j);
      total += part;
    }
    return total;
  }
};

template <class T>
void softmax_columns(const Columns<T>& c, const T* x, T* y) {
  const Vec<T> top = c.top(x);
  constexpr int64_t kHeld = 16;
  if (c.n <= kHeld) {  // as with short rows
    Vec<T> held[kHeld], sum{};
    for (int64_t j = 0; j < c.n; ++j) sum += held[j] = exp(c.get(x, j) - top);
    for (int64_t j = 0; j < c.n; ++j) c.set(y, j, held[j] / sum);
    return;
  }
  const Vec<T> sum = c.sum([&](int64_t j) {
    const Vec<T> e = exp(c.get(x, j) - top);
    c.set(y, j, e);
    return e;
  });
  for (int64_t j = 0; j < c.n; ++j) c.set(y, j, c.get(y, j) / sum);
}
template <class T>
void log_softmax_columns(const Columns<T>& c, const T* x, T* y) {
  const Vec<T> top = c.top(x);
  const Vec<T> log_sum = log(c.sum([&](int64_t j) { return exp(c.get(x, j) - top); }));
  for (int64_t j = 0; j < c.n; ++j) c.set(y, j, c.get(x, j) - top - log_sum);
}
template <class T>
void softmax_grad_columns(const Columns<T>& c, const T* dy, const T* y, T* dx) {
  const Vec<T> dot = c.sum([&](int64_t j) { return c.get(dy, j) * c.get(y, j); });
  for (int64_t j = 0; j < c.n; ++j) c.set(dx, j, c.get(y, j) * (c.get(dy, j) - dot));
}
template <class T>
void log_softmax_grad_columns(const Columns<T>& c, const T* dy, const T* y, T* dx) {
  const Vec<T> sum = c.sum([&](int64_t j) { return c.get(dy, j); });
  for (int64_t j = 0; j < c.n; ++j) c.set(dx, j, c.get(dy, j) - exp(c.get(y, j)) * sum);
}

// Calls row(pointers...) for each row, or columns(columns, pointers...) for each group of columns.
template <class T, class Row, class Column, class... P>
inline void for_lines(const Lines& l, Row row, Column columns, P*... p) {
  for (int64_t o = 0; o < l.outer; ++o, ((p += l.n * l.step), ...)) {
    if (l.step == 1) {
      row(p..., l.n);
      continue;
    }
    for (int64_t i = 0; i < l.inner; i += kLanes<T>) columns(Columns<T>{l.n, l.step, l.inner - i}, (p + i)...);
  }
}

template <class T>
void softmax(const Lines& l, const void* x, void* y) {
  for_lines<T>(l, softmax_row<T>, softmax_columns<T>, static_cast<const T*>(x), static_cast<T*>(y));
}
template <class T>
void log_softmax(const Lines& l, const void* x, void* y) {
  if (l.step == 1 && l.n <= kLanes<T>) return log_softmax_short(static_cast<const T*>(x), static_cast<T*>(y), l.outer, l.n);
  for_lines<T>(l, log_softmax_row<T>, log_softmax_columns<T>, static_cast<const T*>(x), static_cast<T*>(y));
}
template <class T>
void softmax_grad(const Lines& l, const void* dy, const void* y, void* dx) {
  for_lines<T>(l, softmax_grad_row<T>, softmax_grad_columns<T>, static_cast<const T*>(dy), static_cast<const T*>(y),
               static_cast<T*>(dx));
}
template <class T>
void log_softmax_grad(const Lines& l, const void* dy, const void* y, void* dx) {
  for_lines<T>(l, log_softmax_grad_row<T>, log_softmax_grad_columns<T>, static_cast<const T*>(dy), static_cast<const T*>(y),
               static_cast<T*>(dx));
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
