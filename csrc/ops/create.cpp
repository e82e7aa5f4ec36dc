// Filling new tensors with constants, ranges and windows.
#include "ops/create.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace tg::ops {

Tensor checked_empty(const char* op, Span size, DType dtype) {
  checked_numel(op, size);
  return empty(size, dtype);
}

Tensor with_grad(const char* op, Tensor t, bool requires_grad) {
  if (requires_grad) {
    require_floating(op, "a tensor with requires_grad=True", t);
    t->requires_grad = true;
  }
  return t;
}

Ints memory_order(const Tensor& t) {
  Ints order;
  for (int d = 0; d < t.ndim(); ++d) order.push_back(d);
  // Stable insertion from the fastest dim on; a stride of 0 says nothing about the order.
  const auto slower = [&](int64_t a, int64_t b) {  // 1: a goes before b; 0: as it is
    const int64_t sa = t.stride(int(a)), sb = t.stride(int(b));
    if (sa == 0 || sb == 0) return 0;
    if (sa != sb) return sa > sb ? 1 : -1;
    return t.size(int(a)) > t.size(int(b)) ? 1 : 0;
  };
  for (int i = t.ndim() - 2; i >= 0; --i) {
    int at = i;
    for (int j = i + 1; j < t.ndim(); ++j) {
      const int order_now = slower(order[j], order[at]);
      if (order_now < 0) break;
      if (order_now > 0) {
        std::swap(order[at], order[j]);
        at = j;
      }
    }
  }
  return order;
}

Tensor empty_preserving(const Tensor& t, DType dtype) {
  if (t.contiguous()) return empty_like(t, dtype);
  const Ints order = memory_order(t);
  Ints strides = t.shape();
  int64_t step = 1;
  for (int i = t.ndim() - 1; i >= 0; --i) {
    strides[int(order[i])] = step;
    step *= std::max<int64_t>(t.size(int(order[i])), 1);
  }
  return alias(empty(t.shape(), dtype), t.shape(), strides, 0);
}

namespace {

[[noreturn]] void does_not_fit(const char* op, const Number& value, DType dtype) {
  if (value.kind == Category::floating) {
    fail<RuntimeError>(op, "(): the value ", value.real, " does not fit into dtype ", dtype);
  }
  fail<RuntimeError>(op, "(): the value ", value.whole, " does not fit into dtype ", dtype);
}

// The number as a T; refuses what T cannot hold, but lets negative ones wrap in uint8, as PyTorch does.
template <class T>
T converted(const char* op, const Number& value, DType dtype) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.real != 0;
  } else if constexpr (std::is_floating_point_v<T>) {
    if (std::isfinite(value.real) && std::fabs(value.real) > std::numeric_limits<T>::max()) does_not_fit(op, value, dtype);
    return T(value.real);
  } else {
    constexpr double kMost = double(std::numeric_limits<T>::max()), kEnd = sizeof(T) == 8 ? 0x1p63 : kMost + 1;
    const double least = std::is_signed_v<T> ? -kEnd : -kMost;
    if (!(value.real >= least && value.real < kEnd)) {
      if (value.kind == Category::floating || sizeof(T) < 8) does_not_fit(op, value, dtype);
    }
    return value.kind == Category::floating ? T(int64_t(value.real)) : T(value.whole);
  }
}

// f(k) for every element.
template <class F>
Tensor computed(const char* op, int64_t n, DType dtype, bool grad, F f) {
  Tensor out = checked_empty(op, Shape{n}, dtype);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = out.data<T>();
    for (int64_t k = 0; k < n; ++k) p[k] = f(zero, k);
  });
  return with_grad(op, out, grad);
}

}  // namespace

void fill_with(const char* op, const Tensor& t, const Number& value) {
  if (t.dtype() == DType::bfloat16) return copy_values(t, scalar(value.real, DType::bfloat16));
  visit(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T v = converted<T>(op, value, t.dtype());
    if (t.contiguous() && t.numel() < 1 << 15) {
      std::fill_n(t.data<T>(), t.numel(), v);
      return;
    }
    const Tensor one = empty({}, t.dtype());
    *one.data<T>() = v;
    copy_values(t, one);
  });
}

Tensor Zeros::forward(const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  checked_numel(info.name, size);
  return with_grad(info.name, zeros(size, dtype.value_or(default_float())), grad);
}

Tensor Ones::forward(const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  Tensor out = checked_empty(info.name, size, dtype.value_or(default_float()));
  fill_with(info.name, out, {Category::integer, 1, 1});
  return with_grad(info.name, out, grad);
}

Tensor Empty::forward(const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral) {
  return with_grad(info.name, checked_empty(info.name, size, dtype.value_or(default_float())), grad);
}

Tensor Full::forward(const Ints& size, const Number& value, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  Tensor out = checked_empty(info.name, size, dtype.value_or(default_dtype(value.kind)));
  fill_with(info.name, out, value);
  return with_grad(info.name, out, grad);
}

Tensor FullLike::forward(const Tensor& x, const Number& value, OptDType dtype, Neutral, Neutral, Neutral, bool grad,
                         Neutral format) {
  Tensor out = empty_in_format(x, dtype.value_or(x.dtype()), format);
  fill_with(info.name, out, value);
  return with_grad(info.name, out, grad);
}

Tensor ZerosLike::forward(const Tensor& x, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format) {
  Tensor out = empty_in_format(x, dtype.value_or(x.dtype()), format);
  fill_with(info.name, out, {});
  return with_grad(info.name, out, grad);
}

Tensor OnesLike::forward(const Tensor& x, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format) {
  Tensor out = empty_in_format(x, dtype.value_or(x.dtype()), format);
  fill_with(info.name, out, {Category::integer, 1, 1});
  return with_grad(info.name, out, grad);
}

Tensor EmptyLike::forward(const Tensor& x, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format) {
  return with_grad(info.name, empty_in_format(x, dtype.value_or(x.dtype()), format), grad);
}

Tensor NewZeros::forward(const Tensor& x, const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  checked_numel(info.name, size);
  return with_grad(info.name, zeros(size, dtype.value_or(x.dtype())), grad);
}

Tensor NewOnes::forward(const Tensor& x, const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  Tensor out = checked_empty(info.name, size, dtype.value_or(x.dtype()));
  fill_with(info.name, out, {Category::integer, 1, 1});
  return with_grad(info.name, out, grad);
}

Tensor NewEmpty::forward(const Tensor& x, const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  return with_grad(info.name, checked_empty(info.name, size, dtype.value_or(x.dtype())), grad);
}

Tensor NewFull::forward(const Tensor& x, const Ints& size, const Number& value, OptDType dtype, Neutral, Neutral, Neutral,
                        bool grad) {
  Tensor out = checked_empty(info.name, size, dtype.value_or(x.dtype()));
  fill_with(info.name, out, value);
  return with_grad(info.name, out, grad);
}

Tensor ScalarTensor::forward(const Number& s, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  Tensor out = empty({}, dtype.value_or(default_float()));
  fill_with(info.name, out, s);
  return with_grad(info.name, out, grad);
}

Tensor Arange::forward(const std::optional<Number>& first, const std::optional<Number>& last, const Number& step, OptDType dtype,
                       Neutral, Neutral, Neutral, bool grad) {
  if (!first && !last) fail<TypeError>("arange(): argument 'end' is missing");
  const Number start = first && last ? *first : Number{}, end = last ? *last : *first;
  const bool whole = std::max({start.kind, end.kind, step.kind}) != Category::floating;
  const DType type = dtype.value_or(whole ? DType::int64 : default_float());
  if (type == DType::bool_) fail<RuntimeError>("arange(): dtype bool has no ranges; use an integer dtype");
  if (!std::isfinite(start.real) || !std::isfinite(end.real)) {
    fail<RuntimeError>("arange(): start ", start.real, " and end ", end.real, " must be finite");
  }
  if (step.real == 0 || std::isnan(step.real)) fail<RuntimeError>("arange(): step must not be ", step.real);
  if ((end.real - start.real) * step.real < 0) {
    fail<RuntimeError>("arange(): step ", step.real, " does not lead from ", start.real, " to ", end.real);
  }
  if (type == DType::int64) {  // in integers throughout: neither the count nor the values fit into a double
    const int64_t s = converted<int64_t>(info.name, start, type), e = converted<int64_t>(info.name, end, type);
    const int64_t d = converted<int64_t>(info.name, step, type);
    if (d == 0) fail<RuntimeError>("arange(): step ", step.real, " becomes 0 in dtype int64");
    const uint64_t distance = d > 0 ? uint64_t(e) - uint64_t(s) : uint64_t(s) - uint64_t(e);
    const uint64_t stride = d > 0 ? uint64_t(d) : 0 - uint64_t(d);
    const uint64_t n = distance == 0 ? 0 : (distance - 1) / stride + 1;
    if (n > uint64_t(1) << 59) fail<RuntimeError>("arange(): ", n, " elements are more than can be addressed");
    return computed(info.name, int64_t(n), type, grad,
                    [&](auto zero, int64_t k) { return static_cast<decltype(zero)>(uint64_t(s) + uint64_t(k) * uint64_t(d)); });
  }
  const double count = std::ceil((end.real - start.real) / step.real);
  if (!(count < 0x1p59)) fail<RuntimeError>("arange(): ", count, " elements are more than can be addressed");
  if (!is_floating(type)) {
    const int64_t s = converted<int64_t>(info.name, start, type), d = converted<int64_t>(info.name, step, type);
    return computed(info.name, int64_t(count), type, grad,
                    [&](auto zero, int64_t k) { return static_cast<decltype(zero)>(s + k * d); });
  }
  return computed(info.name, int64_t(count), type, grad,
                  [&](auto zero, int64_t k) { return static_cast<decltype(zero)>(start.real + double(k) * step.real); });
}

namespace {

// f(T zero, exponent) of `steps` numbers evenly spaced; taken from both ends, so that the last one is exactly `end`.
template <class F>
Tensor spaced(const char* op, const Number& start, const Number& end, int64_t steps, DType dtype, bool grad, F f) {
  if (steps < 0) fail<RuntimeError>(op, "(): steps must not be negative, got ", steps);
  if (dtype == DType::bool_) fail<RuntimeError>(op, "(): dtype bool has no ranges; use another dtype");
  return visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    using Real = std::conditional_t<std::is_same_v<T, float>, float, double>;
    const Real a = Real(converted<T>(op, start, dtype)), b = Real(converted<T>(op, end, dtype));
    const Real step = steps > 1 ? (b - a) / Real(steps - 1) : Real(0);
    return computed(op, steps, dtype, grad, [&](auto element, int64_t k) {
      return static_cast<decltype(element)>(f(k < steps / 2 || steps == 1 ? a + step * Real(k) : b - step * Real(steps - 1 - k)));
    });
  });
}

}  // namespace

Tensor Linspace::forward(const Number& start, const Number& end, int64_t steps, OptDType dtype, Neutral, Neutral, Neutral,
                         bool grad) {
  return spaced(info.name, start, end, steps, dtype.value_or(default_float()), grad, [](auto x) { return x; });
}

Tensor Logspace::forward(const Number& start, const Number& end, int64_t steps, double base, OptDType dtype, Neutral, Neutral,
                         Neutral, bool grad) {
  return spaced(info.name, start, end, steps, dtype.value_or(default_float()), grad,
                [&](auto x) { return std::pow(base, double(x)); });
}

Tensor Eye::forward(int64_t n, std::optional<int64_t> m, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  const Shape shape{n, m.value_or(n)};
  if (shape[0] < 0 || shape[1] < 0) fail<RuntimeError>("eye(): n and m must not be negative, got ", shape[0], " and ", shape[1]);
  checked_numel(info.name, shape);
  Tensor out = zeros(shape, dtype.value_or(default_float()));
  fill_with(info.name, alias(out, Shape{std::min(shape[0], shape[1])}, Ints{shape[1] + 1}, 0), {Category::integer, 1, 1});
  return with_grad(info.name, out, grad);
}

namespace {

// The columns [from(r), to(r)) of every row r.
template <class From, class To>
Tensor triangle(const char* op, int64_t rows, int64_t columns, OptDType dtype, From from, To to) {
  if (rows < 0 || columns < 0) fail<RuntimeError>(op, "(): row and col must not be negative, got ", rows, " and ", columns);
  const DType type = dtype.value_or(DType::int64);
  if (type != DType::int64 && type != DType::int32) fail<RuntimeError>(op, "(): dtype must be int64 or int32, got ", type);
  checked_numel(op, Shape{2, rows, columns});
  int64_t n = 0;
  for (int64_t r = 0; r < rows; ++r) n += std::max<int64_t>(0, to(r) - from(r));
  Tensor out = checked_empty(op, Shape{2, n}, type);
  const auto write = [&](auto* row) {
    auto* column = row + n;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = from(r); c < to(r); ++c) {
        *row++ = std::remove_reference_t<decltype(*row)>(r);
        *column++ = std::remove_reference_t<decltype(*row)>(c);
      }
  };
  type == DType::int64 ? write(out.data<int64_t>()) : write(out.data<int32_t>());
  return out;
}

// Within [0, columns], where an offset may be anything.
int64_t column(int64_t row, int64_t offset, int64_t columns) {
  int64_t c;
  if (__builtin_add_overflow(row, offset, &c)) return columns;  // rows are not negative, so it is beyond the last
  return std::clamp<int64_t>(c, 0, columns);
}

}  // namespace

Tensor TrilIndices::forward(int64_t row, int64_t col, int64_t offset, OptDType dtype, Neutral, Neutral, Neutral) {
  return triangle(info.name, row, col, dtype, [](int64_t) { return 0; }, [&](int64_t r) { return column(r + 1, offset, col); });
}

Tensor TriuIndices::forward(int64_t row, int64_t col, int64_t offset, OptDType dtype, Neutral, Neutral, Neutral) {
  return triangle(info.name, row, col, dtype, [&](int64_t r) { return column(r, offset, col); }, [&](int64_t) { return col; });
}

namespace {

template <class F>
Tensor window(const char* op, int64_t n, bool periodic, OptDType dtype, bool grad, F f) {
  const DType type = dtype.value_or(default_float());
  if (!is_floating(type)) fail<RuntimeError>(op, "(): dtype must be float32 or float64, got ", type);
  if (n < 0) fail<RuntimeError>(op, "(): window_length must not be negative, got ", n);
  const double turns = n == 1 ? 1 : double(periodic ? n : n - 1);
  return computed(op, n, type, grad,
                  [&](auto zero, int64_t k) { return static_cast<decltype(zero)>(n == 1 ? 1 : f(double(k) / turns)); });
}

// The modified Bessel function of order 0, divided by e^|x|: its series up to 20, beyond that its expansion at infinity
// (Abramowitz and Stegun 9.6.12 and 9.7.1).
double scaled_i0(double x) {
  const double a = std::fabs(x), step = a <= 20 ? a * a / 4 : 1 / (8 * a);
  double term = 1, total = 1;
  for (double k = 1; k < 100 && term > 1e-18 * total; ++k) {
    const double odd = 2 * k - 1;
    const double next = term * step * (a <= 20 ? 1 / (k * k) : odd * odd / k);
    if (a > 20 && next >= term) break;  // the expansion is asymptotic
    total += term = next;
  }
  return a <= 20 ? total * std::exp(-a) : total / std::sqrt(2 * std::numbers::pi * a);
}

double cosine(double turn) { return std::cos(2 * std::numbers::pi * turn); }

}  // namespace

Tensor HannWindow::forward(int64_t n, bool periodic, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  return window(info.name, n, periodic, dtype, grad, [](double t) { return 0.5 - 0.5 * cosine(t); });
}

Tensor HammingWindow::forward(int64_t n, bool periodic, double alpha, double beta, OptDType dtype, Neutral, Neutral, Neutral,
                              bool grad) {
  return window(info.name, n, periodic, dtype, grad, [&](double t) { return alpha - beta * cosine(t); });
}

Tensor BlackmanWindow::forward(int64_t n, bool periodic, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  return window(info.name, n, periodic, dtype, grad, [](double t) { return 0.42 - 0.5 * cosine(t) + 0.08 * cosine(2 * t); });
}

Tensor BartlettWindow::forward(int64_t n, bool periodic, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  return window(info.name, n, periodic, dtype, grad, [](double t) { return 1 - std::fabs(2 * t - 1); });
}

Tensor KaiserWindow::forward(int64_t n, bool periodic, double beta, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  return window(info.name, n, periodic, dtype, grad, [&](double t) {
    const double x = std::fabs(beta) * std::sqrt(std::max(0.0, 1 - (2 * t - 1) * (2 * t - 1)));
    return scaled_i0(x) / scaled_i0(beta) * std::exp(x - std::fabs(beta));
  });
}

}  // namespace tg::ops
