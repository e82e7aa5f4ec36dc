// Linear systems on values, and their rules.
#include "ops/linalg_solve.h"

#include "ops/factor.h"
#include "ops/linalg_values.h"

namespace tg::ops {

Lapack lapack = nullptr;

namespace {

int64_t last(const Tensor& x) { return columns(x); }

[[noreturn, gnu::cold]] void singular(const char* op, const Tensor& a, int64_t i, int64_t zero) {
  fail<LinAlgError>(op, "(): ", which(a, i), "the matrix is singular: the diagonal element ", zero, " of its factor U is zero");
}

// The pivots that stopped each matrix, as int32 [batch].
void check_info(const char* op, const Tensor& a, const Tensor& info) {
  const int32_t* p = info.data<int32_t>();
  for (int64_t i = 0; i < info.numel(); ++i)
    if (p[i]) singular(op, a, i, p[i]);
}

// The factors of every matrix in `lu` (a contiguous copy), for f(matrix, pivots, i).
template <class F>
void each_lu(const Tensor& lu, int32_t* info, F&& f) {
  const int64_t n = last(lu), count = product(batch_of(lu));
  std::vector<int32_t> pivots(static_cast<size_t>(n));
  visit_float(lu.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < count; ++i) {
      T* matrix = lu.data<T>() + i * n * n;
      const int64_t stop = factor::lu(n, n, matrix, pivots.data());
      if (info) info[i] = int32_t(stop);
      f(matrix, pivots.data(), i);
    }
  });
}

// X with A X = B; a and x (which begins as B) are contiguous and have the same batch dims. info [batch] tells of zero pivots.
Tensor solve_values(const Tensor& a, const Tensor& x) {
  Tensor info = zeros(batch_of(x), DType::int32);
  const int64_t n = last(a), columns = last(x);
  if (n > kOwnSystem) {
    const TensorList found = lapack("solve", {a, x}, false);
    if (!found.empty()) {
      copy_values(x, found[0]);
      return info;
    }
  }
  each_lu(clone_values(a), info.data<int32_t>(), [&](auto* lu, const int32_t* pivots, int64_t i) {
    using T = std::remove_pointer_t<decltype(lu)>;
    factor::lu_solve(n, lu, pivots, columns, x.data<T>() + i * n * columns);
  });
  return info;
}

Tensor inverse_values(const char* op, const Tensor& a, Tensor& info) {
  require_matrix(op, a);
  require_square(op, a);
  if (last(a) > kOwnSystem) {
    const TensorList found = lapack("inv", {a}, false);
    if (!found.empty()) {
      info = zeros(batch_of(a), DType::int32);
      return found[0];
    }
  }
  Tensor y = identity(a);
  info = solve_values(a.contiguous() ? a : clone_values(a), y);
  return y;
}

// sign and log |det| of every matrix.
struct Determinant {
  Tensor sign, log;
};
Determinant determinants(const Tensor& a) {
  if (last(a) > kOwnSystem) {
    TensorList found = lapack("slogdet", {a}, false);
    if (!found.empty()) return {found[0], found[1]};
  }
  Determinant d{empty(batch_of(a), a.dtype()), empty(batch_of(a), a.dtype())};
  const int64_t n = last(a);
  each_lu(clone_values(a), nullptr, [&](auto* lu, const int32_t* pivots, int64_t i) {
    using T = std::remove_pointer_t<decltype(lu)>;
    T sign = 1, log = 0;
    for (int64_t k = 0; k < n; ++k) {
      const T u = lu[k * (n + 1)];
      if ((pivots[k] != k) != (u < 0)) sign = -sign;
      if (u == 0) sign = 0;
      log += std::log(std::abs(u));
    }
    d.sign.data<T>()[i] = sign;
    d.log.data<T>()[i] = log;
  });
  return d;
}

}  // namespace

void require_matrix(const char* op, const Tensor& x) {
  if (x.ndim() < 2) fail<RuntimeError>(op, "(): the input must have at least two dims, got shape ", Show{x.shape()});
  require_floating(op, "the input", x);
}

Tensor linalg_inv(const Tensor& a) { return tape::apply<Inverse>(a); }

Tensor Inverse::forward(Saved& s, const Tensor& a) {
  Tensor info;
  Tensor y = inverse_values("linalg.inv", a, info);
  check_info("linalg.inv", a, info);
  return s.y.keep(y);
}

InverseInfo InvEx::forward(const Tensor& a, bool check_errors) {
  try {
    Tensor y = linalg_inv(a);
    return {y, zeros(batch_of(a), DType::int32)};
  } catch (const LinAlgError&) {
    if (check_errors) throw;
  }
  Tensor info;
  Tensor y = inverse_values("linalg.inv_ex", a, info);
  return {y, info};
}

Tensor Det::forward(Saved& s, const Tensor& a) {
  require_matrix("linalg.det", a);
  require_square("linalg.det", a);
  s.a = a;
  const int64_t n = last(a);
  if (n > kOwnSystem) {
    const TensorList found = lapack("det", {a}, false);
    if (!found.empty()) return found[0];
  }
  Tensor y = empty(batch_of(a), a.dtype());
  each_lu(clone_values(a), nullptr, [&](auto* lu, const int32_t* pivots, int64_t i) {
    using T = std::remove_pointer_t<decltype(lu)>;
    T det = 1;
    for (int64_t k = 0; k < n; ++k) det *= pivots[k] != k ? -lu[k * (n + 1)] : lu[k * (n + 1)];
    y.data<T>()[i] = det;
  });
  return y;
}

Grads<1> Det::backward(const Saved& s, Needs, const Tensor& dy) {
  return {unsqueeze(unsqueeze(dy, -1), -1) * tape::apply<Cofactors>(s.a.unpack())};
}

// A zero pivot is replaced by one too small to matter: det times inverse of what comes of it is the limit.
Tensor Cofactors::forward(Saved& s, const Tensor& a) {
  s.a = a;
  Tensor y = identity(a);
  const int64_t n = last(a);
  each_lu(transposed_values(a), nullptr, [&](auto* lu, const int32_t* pivots, int64_t i) {
    using T = std::remove_pointer_t<decltype(lu)>;
    T* x = y.data<T>() + i * n * n;
    T det = 1, largest = 0;
    for (int64_t k = 0; k < n * n; ++k) largest = std::max(largest, std::abs(lu[k]));
    for (int64_t k = 0; k < n; ++k) {
      T& pivot = lu[k * (n + 1)];
      if (pivot == 0) pivot = std::max(largest, T(1)) * std::numeric_limits<T>::epsilon();
      det *= pivots[k] != k ? -pivot : pivot;
    }
    factor::lu_solve(n, lu, pivots, n, x);
    for (int64_t k = 0; k < n * n; ++k) x[k] *= det;
  });
  return s.y.keep(y);
}

Grads<1> Cofactors::backward(const Saved& s, Needs, const Tensor& dy) {
  const Tensor c = s.y.unpack();
  const Tensor det = tape::apply<Det>(s.a.unpack());
  const Tensor along = sum(dy * c, {-2, -1}, true);
  return {(c * along - matmul(c, matmul(swap_last(dy), c))) / unsqueeze(unsqueeze(det, -1), -1)};
}

Grads<1> LogAbsDet::backward(const Saved& s, Needs, const Tensor& dy) {
  return {unsqueeze(unsqueeze(dy, -1), -1) * swap_last(linalg_inv(s.a.unpack()))};
}

SignLogAbsDet Slogdet::forward(const Tensor& a) {
  require_matrix("linalg.slogdet", a);
  require_square("linalg.slogdet", a);
  const Determinant d = determinants(a);
  return {tape::apply<DetSign>(a, Made{d.sign}), tape::apply<LogAbsDet>(a, Made{d.log})};
}

Tensor Logdet::forward(const Tensor& a) {
  const SignLogAbsDet d = tape::apply<Slogdet>(a);
  return where(eq(d.sign, number(-1)), number(__builtin_nan("")), d.logabsdet);
}

Tensor SolveMatrix::forward(Saved& s, const Tensor& a, const Tensor& b) {
  s.a = a;
  const Shape batch = broadcast_shapes(info.label, batch_of(a), batch_of(b));
  const int64_t n = last(a), columns = last(b);
  const Tensor full_a = contiguous_values(expand_values(a, matrices(batch, n, n)));
  Tensor x = clone_values(expand_values(b, matrices(batch, n, columns)));
  check_info(info.label, x, solve_values(full_a, x));
  return s.y.keep(x);
}

Grads<2> SolveMatrix::backward(const Saved& s, Needs needs, const Tensor& dx) {
  Tensor db = tape::apply<SolveMatrix>(swap_last(s.a.unpack()), dx);
  return {needs[0] ? -matmul(db, swap_last(s.y.unpack())) : Tensor(), db};
}

Tensor Solve::forward(const Tensor& a, const Tensor& b, bool left) {
  const char* op = "linalg.solve";
  require_matrix(op, a);
  require_square(op, a);
  require_same_dtype(op, a, b);
  const bool vector = b.ndim() == 1 || (b.ndim() + 1 == a.ndim() && same(b.shape(), a.shape().first(size_t(a.ndim()) - 1)));
  if (b.ndim() == 0) fail<RuntimeError>(op, "(): B must have at least one dim");
  if (vector && !left) fail<RuntimeError>(op, "(): left=False needs a matrix B, got the vectors of shape ", Show{b.shape()});
  Tensor y = vector ? unsqueeze(b, -1) : b;
  const int64_t rows = y.size(y.ndim() - (left ? 2 : 1));
  if (rows != last(a)) {
    fail<RuntimeError>(op, "(): A of shape ", Show{a.shape()}, " and B of shape ", Show{b.shape()}, " do not fit",
                       left ? "" : " with left=False");
  }
  if (!left) return swap_last(tape::apply<SolveMatrix>(swap_last(a), swap_last(y)));
  Tensor x = tape::apply<SolveMatrix>(a, y);
  return vector ? squeeze(x, -1) : x;
}

SolveInfo SolveEx::forward(const Tensor& a, const Tensor& b, bool left, bool check_errors) {
  try {
    Tensor x = tape::apply<Solve>(a, b, left);
    return {x, zeros(batch_of(a), DType::int32)};
  } catch (const LinAlgError&) {
    if (check_errors) throw;
  }
  Tensor info;
  inverse_values("linalg.solve_ex", a, info);
  return {full(b.shape(), __builtin_nan(""), b.dtype()), info};
}

Tensor Tensorinv::forward(const Tensor& a, int64_t ind) {
  if (ind <= 0) fail<RuntimeError>("linalg.tensorinv(): ind must be positive, got ", ind);
  if (ind > a.ndim()) fail<RuntimeError>("linalg.tensorinv(): ind ", ind, " is more than the dims of shape ", Show{a.shape()});
  const int first = int(ind);
  const Span shape = a.shape();
  const int64_t rows = product(shape.first(size_t(first))), columns = product(shape.subspan(size_t(first)));
  if (rows != columns) {
    fail<RuntimeError>("linalg.tensorinv(): the sizes of the first ", ind, " dims of shape ", Show{shape}, " multiply to ", rows,
                       ", those of the others to ", columns, "; they must agree");
  }
  Shape result(shape.subspan(size_t(first)));
  for (int d = 0; d < first; ++d) result.push_back(a.size(d));
  return reshape(linalg_inv(reshape(a, {rows, columns})), result);
}

Tensor Tensorsolve::forward(const Tensor& a, const Tensor& b, const std::optional<Ints>& dims) {
  Tensor moved = a;
  if (dims) {
    bool last_dims[kMaxDims] = {};
    for (int64_t d : *dims) last_dims[normalize_dim("linalg.tensorsolve", d, a.ndim())] = true;
    Ints order;
    for (int d = 0; d < a.ndim(); ++d)
      if (!last_dims[d]) order.push_back(d);
    for (int64_t d : *dims) order.push_back(normalize_dim("linalg.tensorsolve", d, a.ndim()));
    moved = permute(a, order);
  }
  const Shape result(moved.shape().subspan(size_t(std::min(b.ndim(), moved.ndim()))));
  const int64_t n = product(result);
  if (n != b.numel() || n * n != a.numel()) {
    fail<RuntimeError>("linalg.tensorsolve(): A of shape ", Show{moved.shape()}, " does not map a tensor of shape ", Show{result},
                       " onto B's shape ", Show{b.shape()});
  }
  return reshape(tape::apply<Solve>(reshape(moved, {n, n}), reshape(b, {n}), true), result);
}

}  // namespace tg::ops
