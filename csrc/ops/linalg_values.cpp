// Orthogonal and spectral factors on values.
#include "ops/linalg_values.h"

#include "ops/factor.h"

namespace tg::ops {
namespace {

// Small matrices are factored here, in double precision, larger ones by LAPACK.
constexpr int64_t kOwn = 16;
constexpr int64_t kOwnRotations = 5;  // Jacobi's work grows faster than the call of LAPACK costs

// A copy of every matrix (or of its transpose) in double precision for f(matrix, i).
template <class F>
bool each_matrix(const Tensor& a, bool transposed, F&& f) {
  const int64_t m = rows(a), n = columns(a), count = product(batch_of(a));
  const Tensor flat = contiguous_values(a);
  std::vector<double> copy(static_cast<size_t>(m * n));
  return visit_float(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* x = flat.data<T>();
    for (int64_t i = 0; i < count; ++i, x += m * n) {
      for (int64_t r = 0; r < m; ++r)
        for (int64_t c = 0; c < n; ++c) copy[size_t(transposed ? c * m + r : r * n + c)] = double(x[r * n + c]);
      if (!f(copy.data(), i)) return false;
    }
    return true;
  });
}

// Matrix i of `to` from rows in double precision, or from columns.
void put(const Tensor& to, int64_t i, int64_t m, int64_t n, const double* from, int64_t row, int64_t col) {
  visit_float(to.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* out = to.data<T>() + i * m * n;
    for (int64_t r = 0; r < m; ++r)
      for (int64_t c = 0; c < n; ++c) *out++ = T(from[r * row + c * col]);
  });
}

Tensor make(const Tensor& a, int64_t m, int64_t n) {
  Shape shape = batch_of(a);
  shape.push_back(m);
  shape.push_back(n);
  return empty(shape, a.dtype());
}
Tensor make(const Tensor& a, int64_t n) {
  Shape shape = batch_of(a);
  shape.push_back(n);
  return empty(shape, a.dtype());
}

TensorList own_qr(const Tensor& a, bool full) {
  const int64_t m = rows(a), n = columns(a), k = full ? m : std::min(m, n);
  TensorList found{make(a, m, k), make(a, k, n)};
  std::vector<double> q(static_cast<size_t>(m * k));
  each_matrix(a, false, [&](double* x, int64_t i) {
    factor::qr(m, n, x, k, q.data());
    put(found[0], i, m, k, q.data(), k, 1);
    put(found[1], i, k, n, x, n, 1);
    return true;
  });
  return found;
}

TensorList own_eigh(const Tensor& a) {
  const int64_t n = rows(a);
  TensorList found{make(a, n), make(a, n, n)};
  std::vector<double> w(static_cast<size_t>(n)), v(static_cast<size_t>(n * n));
  const bool done = each_matrix(a, false, [&](double* x, int64_t i) {
    for (int64_t r = 0; r < n; ++r)
      for (int64_t c = r + 1; c < n; ++c) x[r * n + c] = x[c * n + r];
    if (!factor::eigh(n, x, w.data(), v.data())) return false;
    put(found[0], i, 1, n, w.data(), n, 1);
    put(found[1], i, n, n, v.data(), 1, n);
    return true;
  });
  return done ? found : TensorList();
}

TensorList own_svd(const Tensor& a, bool full) {
  const int64_t m = rows(a), n = columns(a), k = std::min(m, n), large = std::max(m, n);
  const int64_t ku = full ? m : k, kv = full ? n : k, wanted = full ? large : k;
  TensorList found{make(a, m, ku), make(a, k), make(a, kv, n)};
  std::vector<double> u(static_cast<size_t>(large * large)), s(static_cast<size_t>(k)), v(static_cast<size_t>(k * k));
  const bool done = each_matrix(a, m >= n, [&](double* x, int64_t i) {  // the columns of the taller of A and A^T
    std::copy(x, x + m * n, u.data());
    if (!factor::svd(large, k, u.data(), wanted, s.data(), v.data())) return false;
    const double *left = m >= n ? u.data() : v.data(), *right = m >= n ? v.data() : u.data();
    put(found[0], i, m, ku, left, 1, m);
    put(found[1], i, 1, k, s.data(), k, 1);
    put(found[2], i, kv, n, right, n, 1);
    return true;
  });
  return done ? found : TensorList();
}

// The signs of vectors are free: the first element of at least half the greatest size is made positive, in the columns of `x`;
// the rows of `with`, where there are any, change along.
void fix_signs(const Tensor& x, const Tensor& with) {
  const int64_t m = rows(x), n = columns(x), count = product(batch_of(x));
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t b = 0; b < count; ++b) {
      T* p = x.data<T>() + b * m * n;
      for (int64_t j = 0; j < n; ++j) {
        T largest = 0, first = 0;
        for (int64_t i = 0; i < m; ++i) largest = std::max(largest, std::abs(p[i * n + j]));
        for (int64_t i = 0; i < m && first == 0; ++i)
          if (std::abs(p[i * n + j]) >= largest / 2) first = p[i * n + j];
        if (!(first < 0)) continue;
        for (int64_t i = 0; i < m; ++i) p[i * n + j] = -p[i * n + j];
        if (!with || j >= rows(with)) continue;
        T* row = with.data<T>() + (b * rows(with) + j) * columns(with);
        for (int64_t i = 0; i < columns(with); ++i) row[i] = -row[i];
      }
    }
  });
}

TensorList found_factors(std::string_view routine, const Tensor& a, bool full) {
  const int64_t small = std::min(rows(a), columns(a)), large = std::max(rows(a), columns(a));
  TensorList found;
  if (a.numel() > 0 && large <= kOwn) {
    if (routine == "qr") {
      found = own_qr(a, full);
    } else if (small <= kOwnRotations) {
      found = routine.starts_with("eig") ? own_eigh(a) : own_svd(a, full);
      if (!found.empty() && routine == "eigvalsh") found = {found[0]};
      if (!found.empty() && routine == "svdvals") found = {found[1]};
    }
  }
  return found.empty() ? lapack(routine, {a}, full) : found;
}

// LAPACK answers NaN with NaN or with an error, as it happens.
bool settled(const TensorList& found) {
  const Tensor& values = found[found.size() == 3];  // of U S V the second, of the others the first
  return visit_float(values.dtype(), [&](auto zero) {
    const auto* p = values.data<decltype(zero)>();
    return std::none_of(p, p + values.numel(), [](auto v) { return std::isnan(v); });
  });
}

}  // namespace

TensorList factors(const char* op, const char* routine, const Tensor& a, bool full) {
  TensorList found = found_factors(routine, a, full);
  if (found.empty() || (std::string_view(routine) != "qr" && !settled(found)))
    fail<LinAlgError>(op, "(): the algorithm did not converge; the input of shape ", Show{a.shape()},
                      " may hold NaN or be ill-conditioned");
  if (found.size() == 3) fix_signs(found[0], found[2]);
  if (std::string_view(routine) == "eigh") fix_signs(found[1], Tensor());
  return found;
}

Tensor transposed_values(const Tensor& x) {
  Ints strides = x.strides();
  Shape shape = x.shape();
  std::swap(strides[x.ndim() - 1], strides[x.ndim() - 2]);
  std::swap(shape[x.ndim() - 1], shape[x.ndim() - 2]);
  return clone_values(alias(x, shape, strides, 0));
}

std::string which(const Tensor& x, int64_t i) { return x.ndim() > 2 ? "batch element " + std::to_string(i) + ": " : ""; }

}  // namespace tg::ops
