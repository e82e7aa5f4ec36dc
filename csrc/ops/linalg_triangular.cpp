// Triangular systems and the Cholesky factorisation.
#include "ops/factor.h"
#include "ops/linalg_values.h"

namespace tg::ops {
namespace {

int64_t last(const Tensor& x) { return columns(x); }

Tensor cholesky_values(const char* op, const Tensor& a, bool upper, Tensor& info) {
  require_matrix(op, a);
  require_square(op, a);
  info = zeros(batch_of(a), DType::int32);
  const int64_t n = last(a);
  const Tensor source = upper ? alias(
                                    a, a.shape(),
                                    [&] {
                                      Ints strides = a.strides();
                                      std::swap(strides[a.ndim() - 1], strides[a.ndim() - 2]);
                                      return strides;
                                    }(),
                                    0)
                              : a;
  if (n > kOwnSystem) {
    const TensorList found = lapack("cholesky", {source}, false);
    if (!found.empty()) return found[0];
  }
  Tensor l = clone_values(source);
  visit_float(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < info.numel(); ++i) info.data<int32_t>()[i] = int32_t(factor::cholesky(n, l.data<T>() + i * n * n));
  });
  return l;
}

}  // namespace

Tensor TriangularSolve::forward(Saved& s, const Tensor& a, const Tensor& b, bool upper, bool unit) {
  s.a = a;
  s.upper = upper;
  s.unit = unit;
  const Shape batch = broadcast_shapes(info.label, batch_of(a), batch_of(b));
  const int64_t n = last(a), columns = last(b);
  const Tensor full_a = expand_values(a, matrices(batch, n, n));
  const bool plain = full_a.ndim() == 2;  // its strides are read as they are
  const Tensor t = plain ? full_a : contiguous_values(full_a);
  Tensor x = clone_values(expand_values(b, matrices(batch, n, columns)));
  const int64_t row = t.stride(t.ndim() - 2), col = t.stride(t.ndim() - 1);
  visit_float(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0, count = product(batch); i < count; ++i)
      factor::solve_triangular(n, t.data<T>() + i * n * n, row, col, upper, unit, columns, x.data<T>() + i * n * columns);
  });
  return s.y.keep(x);
}

Grads<2> TriangularSolve::backward(const Saved& s, Needs needs, const Tensor& dx) {
  Tensor db = tape::apply<TriangularSolve>(swap_last(s.a.unpack()), dx, !s.upper, s.unit), da;
  if (needs[0]) {
    da = -matmul(db, swap_last(s.y.unpack()));
    da = s.upper ? ops::upper(da, s.unit) : lower(da, -int64_t(s.unit));
  }
  return {da, db};
}

Tensor SolveTriangular::forward(const Tensor& a, const Tensor& right, bool upper, bool left, bool unitriangular) {
  const char* op = "linalg.solve_triangular";
  require_matrix(op, a);
  require_square(op, a);
  const Tensor b = to(right, a.dtype());
  if (b.ndim() < 2 || b.size(b.ndim() - (left ? 2 : 1)) != last(a)) {
    fail<RuntimeError>(op, "(): A of shape ", Show{a.shape()}, " and B of shape ", Show{b.shape()}, " do not fit",
                       left ? "" : " with left=False");
  }
  if (left) return tape::apply<TriangularSolve>(a, b, upper, unitriangular);
  return swap_last(tape::apply<TriangularSolve>(swap_last(a), swap_last(b), !upper, unitriangular));
}

Tensor Cholesky::forward(Saved& s, const Tensor& a, bool upper) {
  Tensor info;
  Tensor l = cholesky_values("linalg.cholesky", a, upper, info);
  for (int64_t i = 0; i < info.numel(); ++i)
    if (const int32_t order = info.data<int32_t>()[i]) {
      fail<LinAlgError>("linalg.cholesky(): ", which(a, i), "the matrix is not positive-definite: its leading minor of order ",
                        order, " is not positive");
    }
  s.upper = upper;
  return s.y.keep(upper ? transposed_values(l) : l);
}

Grads<1> Cholesky::backward(const Saved& s, Needs, const Tensor& dy) {
  const Tensor l = s.upper ? swap_last(s.y.unpack()) : s.y.unpack();
  const Tensor p = matmul(swap_last(l), s.upper ? swap_last(dy) : dy);
  const Tensor strict = lower(p, -1);
  const Tensor symmetric = (lower(p) + swap_last(strict)) * 0.5;
  const Tensor half = tape::apply<TriangularSolve>(swap_last(l), symmetric, true, false);        // L^-T S
  return {swap_last(tape::apply<TriangularSolve>(swap_last(l), swap_last(half), true, false))};  // (L^-T (L^-T S)^T)^T
}

CholeskyInfo CholeskyEx::forward(const Tensor& a, bool upper, bool check_errors) {
  try {
    Tensor l = tape::apply<Cholesky>(a, upper);
    return {l, zeros(batch_of(a), DType::int32)};
  } catch (const LinAlgError&) {
    if (check_errors) throw;
  }
  Tensor info;
  Tensor l = cholesky_values("linalg.cholesky_ex", a, upper, info);
  return {upper ? transposed_values(l) : l, info};
}

Tensor CholeskySolve::forward(const Tensor& b, const Tensor& l, bool upper) {
  require_matrix(info.name, b);
  require_matrix(info.name, l);
  require_square(info.name, l);
  require_same_dtype(info.name, b, l);
  if (b.size(b.ndim() - 2) != last(l)) {
    fail<RuntimeError>(info.name, "(): B of shape ", Show{b.shape()}, " does not fit the factor's shape ", Show{l.shape()});
  }
  const Tensor factor = upper ? swap_last(l) : l;
  return tape::apply<TriangularSolve>(swap_last(factor), tape::apply<TriangularSolve>(factor, b, false, false), true, false);
}

Tensor CholeskyInverse::forward(const Tensor& l, bool upper) {
  require_matrix(info.name, l);
  require_square(info.name, l);
  return tape::apply<CholeskySolve>(identity(l), l, upper);
}

}  // namespace tg::ops
