// Running results on values, and the gradients that take more than a line.
#include "ops/scan.h"

#include <cmath>

namespace tg::ops {

Tensor scan_values(const char* op, const kernels::ScanFn* fn, const Tensor& given, int dim, bool reverse, Tensor* indices) {
  const kernels::ScanFn run = fn[int(given.dtype())];
  if (!run) fail<RuntimeError>(op, "(): not defined for dtype ", given.dtype());
  const Tensor x = contiguous_values(given);
  Tensor y = empty_like(x);
  if (indices) *indices = empty_like(x, DType::int64);
  if (x.numel() == 0) return y;
  const Around a(x, dim);
  const int64_t size = int64_t(itemsize(x.dtype())), slab = a.n * a.inner;
  const char* from = x.bytes();
  char* to = y.bytes();
  int64_t* at = indices ? indices->data<int64_t>() : nullptr;
  Unlocked unlocked(x.numel(), {&x, &y, indices ? indices : &y});
  parallel_ranges(a.outer, std::max<int64_t>(1, (1 << 15) / slab), [&](int64_t begin, int64_t end) {
    run({from + begin * slab * size, to + begin * slab * size, at ? at + begin * slab : nullptr, end - begin, a.n, a.inner,
         reverse});
  });
  return y;
}

Grads<1> CumProd::backward(const Saved& s, Needs, const Tensor& dy) {
  const Tensor& x = s.x.unpack();
  if (x.numel() == 0) return {dy * x};
  const Tensor zero = eq(x, number(0));
  const auto reversed = [&](const Tensor& t) { return tape::apply<CumSumReverse>(t, int64_t(s.dim)); };
  const auto products = [&](const Tensor& t, int64_t dim) { return tape::apply<CumProd>(t, dim, std::optional<DType>()); };
  Tensor zeros_so_far = tape::apply<CumSum>(zero, int64_t(s.dim), std::optional<DType>());
  const int64_t last = x.ndim() ? x.size(s.dim) - 1 : 0;
  Tensor total = x.ndim() ? narrow(zeros_so_far, s.dim, last, 1) : zeros_so_far;
  Tensor some = amax(total);
  if (some.scalar<int64_t>() == 0) return {reversed(dy * s.y.unpack()) / x};
  if (x.ndim() == 0) return {dy};
  if (!tape::grad_enabled()) {
    // Before the first zero nothing changes; at it the products go on as if it were 1; behind it all are zero.
    const Tensor first = eq(zeros_so_far, number(1));
    const Tensor at_first = bitwise_and(first, zero);
    Tensor safe = where(zero, number(1), x);
    Tensor before = where(eq(zeros_so_far, number(0)), reversed(dy * s.y.unpack()) / safe, number(0));
    Tensor without = products(where(at_first, number(1), x), s.dim);  // zero again from a second zero on
    return {before + where(at_first, reversed(where(first, dy * without, number(0))), number(0))};
  }
  // The products as they stand, each without one factor, so that they can be differentiated at zeros too:
  // rows[..., i, k] is x_k, and 1 where i = k.
  const int end = x.ndim() - 1;
  Tensor rows = transpose(x, s.dim, end), up = transpose(dy, s.dim, end);
  const int64_t n = last + 1;
  Shape square = rows.shape();
  square.push_back(n);
  Tensor diagonal = zeros(Shape{n, n}, DType::bool_), counted = zeros(Shape{n, n}, DType::bool_);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = i; k < n; ++k) {
      diagonal.data<bool>()[i * n + k] = k == i;
      counted.data<bool>()[i * n + k] = true;
    }
  Tensor each = where(diagonal, number(1), expand(unsqueeze(rows, -2), square));
  Tensor slopes = where(counted, products(each, -1) * unsqueeze(up, -2), number(0));
  return {transpose(sum(slopes, {-1}), s.dim, end)};
}

Grads<1> LogCumSumExp::backward(const Saved& s, Needs, const Tensor& dy) {
  Tensor y = s.y.unpack();
  Tensor finite = where(eq(y, number(-__builtin_inf())), number(0), y);
  return {tape::apply<DecayedSum>(dy, y, int64_t(s.dim), true) * exp(s.x.unpack() - finite)};
}

Tensor DecayedSum::forward(Saved& s, const Tensor& input, const Tensor& levels, int64_t dim, bool reverse) {
  s.x = input;
  s.level = levels;
  s.dim = int(dim);
  s.reverse = reverse;
  const Tensor x = contiguous_values(input), level = contiguous_values(levels);
  Tensor out = empty_like(x);
  const Around a(x, s.dim);
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const int64_t step = reverse ? -a.inner : a.inner;
    for (int64_t row = 0; row < a.outer * a.inner; ++row) {
      const int64_t o = row / a.inner, i = row % a.inner;
      int64_t at = (o * a.n + (reverse ? a.n - 1 : 0)) * a.inner + i;
      double sum = 0, before = 0;
      for (int64_t j = 0; j < a.n; ++j, at += step) {
        const double here = level.data<T>()[at];
        const double fall = reverse ? here - before : before - here;
        sum = double(x.data<T>()[at]) + (j == 0 || here == before ? sum : sum * std::exp(fall));
        before = here;
        out.data<T>()[at] = T(sum);
      }
    }
  });
  return s.y.keep(out);
}

}  // namespace tg::ops
