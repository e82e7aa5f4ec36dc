// Factorisations of small matrices on values: for them a call of LAPACK costs more than its arithmetic. Row-major, in place;
// Golub & Van Loan, Matrix Computations, 4th edition, by number. Knows no tensors.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace tg::ops::factor {

// P A = L U of an [m, n] matrix, with partial pivoting (3.4.1). pivots[i]: the row that row i was swapped with. Returns 0, or
// the place (from 1) of the first zero on U's diagonal.
template <class T>
int64_t lu(int64_t m, int64_t n, T* a, int32_t* pivots, bool pivoting = true) {
  int64_t zero = 0;
  for (int64_t k = 0; k < std::min(m, n); ++k) {
    int64_t best = k;
    for (int64_t i = k + 1; pivoting && i < m; ++i)
      if (std::abs(a[i * n + k]) > std::abs(a[best * n + k])) best = i;
    pivots[k] = int32_t(best);
    T* top = a + k * n;
    if (best != k) std::swap_ranges(top, top + n, a + best * n);
    if (top[k] == 0) {
      if (!zero) zero = k + 1;
      continue;
    }
    for (int64_t i = k + 1; i < m; ++i) {
      T* row = a + i * n;
      const T l = row[k] /= top[k];
      for (int64_t j = k + 1; j < n; ++j) row[j] -= l * top[j];
    }
  }
  return zero;
}

// T X = B in B [n, columns]: T's element (i, j) stands at t[i * row + j * col] (3.1.2).
template <class T>
void solve_triangular(int64_t n, const T* t, int64_t row, int64_t col, bool upper, bool unit, int64_t columns, T* b) {
  for (int64_t step = 0; step < n; ++step) {
    const int64_t i = upper ? n - 1 - step : step;
    T* x = b + i * columns;
    for (int64_t j = upper ? i + 1 : 0, end = upper ? n : i; j < end; ++j) {
      const T l = t[i * row + j * col];
      const T* known = b + j * columns;
      for (int64_t c = 0; c < columns; ++c) x[c] -= l * known[c];
    }
    if (unit) continue;
    for (int64_t c = 0; c < columns; ++c) x[c] /= t[i * (row + col)];
  }
}

template <class T>
void lu_solve(int64_t n, const T* lu, const int32_t* pivots, int64_t columns, T* b) {
  for (int64_t i = 0; i < n; ++i)
    if (pivots[i] != i) std::swap_ranges(b + i * columns, b + (i + 1) * columns, b + int64_t(pivots[i]) * columns);
  solve_triangular(n, lu, n, 1, false, true, columns, b);
  solve_triangular(n, lu, n, 1, true, false, columns, b);
}

// A = L L^T from A's lower triangle (4.2.1), zeros above. Returns 0, or the order of the first minor that is not positive.
template <class T>
int64_t cholesky(int64_t n, T* a) {
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = j; i < n; ++i) {
      T sum = a[i * n + j];
      for (int64_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j) {
        if (!(sum > 0)) return j + 1;
        a[i * n + j] = std::sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
    for (int64_t k = j + 1; k < n; ++k) a[j * n + k] = 0;
  }
  return 0;
}

// The Euclidean norm of n elements `step` apart, without overflow.
inline double norm(int64_t n, const double* x, int64_t step = 1) {
  double largest = 0, sum = 0;
  for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(x[i * step]));
  if (largest == 0 || !std::isfinite(largest)) return largest;
  for (int64_t i = 0; i < n; ++i) sum += (x[i * step] / largest) * (x[i * step] / largest);
  return largest * std::sqrt(sum);
}

// A = Q R of an [m, n] matrix by Householder's reflections (5.2.1), with LAPACK's signs: a becomes R, q [m, columns] the first
// columns of Q.
inline void qr(int64_t m, int64_t n, double* a, int64_t columns, double* q) {
  const int64_t steps = std::min(m, n);
  std::vector<double> v(static_cast<size_t>(m * steps)), tau(static_cast<size_t>(steps));
  const auto reflect = [&](int64_t k, double* x, int64_t width, int64_t from) {
    const double* vk = v.data() + k * m;
    for (int64_t j = from; j < width; ++j) {
      double sum = 0;
      for (int64_t i = k; i < m; ++i) sum += vk[i] * x[i * width + j];
      for (int64_t i = k; i < m; ++i) x[i * width + j] -= tau[size_t(k)] * vk[i] * sum;
    }
  };
  for (int64_t k = 0; k < steps; ++k) {
    const double head = a[k * (n + 1)], rest = k + 1 < m ? norm(m - k - 1, a + (k + 1) * n + k, n) : 0;
    if (rest == 0) continue;  // nothing to annul: tau is 0
    const double beta = -std::copysign(std::hypot(head, rest), head);
    tau[size_t(k)] = (beta - head) / beta;
    v[size_t(k * m + k)] = 1;
    for (int64_t i = k + 1; i < m; ++i) v[size_t(k * m + i)] = a[i * n + k] / (head - beta);
    reflect(k, a, n, k + 1);
    a[k * (n + 1)] = beta;
    for (int64_t i = k + 1; i < m; ++i) a[i * n + k] = 0;
  }
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < columns; ++j) q[i * columns + j] = i == j;
  for (int64_t k = steps - 1; k >= 0; --k) reflect(k, q, columns, 0);
}

struct Rotation {
  double c, s;
  void apply(int64_t n, double* x, double* y, int64_t step = 1) const {
    for (int64_t i = 0; i < n; ++i, x += step, y += step) {
      const double xi = *x;
      *x = c * xi - s * *y;
      *y = s * xi + c * *y;
    }
  }
  // The rotation that makes [[p, off], [off, q]] diagonal, by the smaller angle (8.5.2).
  static Rotation diagonalizing(double p, double off, double q) {
    const double z = (q - p) / (2 * off), size = std::abs(z);
    const double t = std::copysign(1 / (size + (size < 1e150 ? std::sqrt(1 + z * z) : size)), z);
    const double c = 1 / std::sqrt(1 + t * t);
    return {c, t * c};
  }
};

constexpr double kEpsilon = 1.1102230246251565e-16;
constexpr int kSweeps = 60;

// The eigenvalues, ascending, of the symmetric matrix a (both triangles), which is destroyed, and the eigenvectors as rows of v,
// by Jacobi's cyclic rotations (8.5.3). False where they do not converge.
inline bool eigh(int64_t n, double* a, double* w, double* v) {
  const double size = norm(n * n, a);
  if (!std::isfinite(size) || std::any_of(a, a + n * n, [](double x) { return std::isnan(x); })) return false;
  for (int64_t i = 0; i < n * n; ++i) v[i] = i % (n + 1) == 0;
  bool moved = true;
  for (int sweep = 0; moved; ++sweep) {
    if (sweep == kSweeps) return false;
    moved = false;
    for (int64_t p = 0; p < n; ++p)
      for (int64_t q = p + 1; q < n; ++q) {
        const double off = a[p * n + q], app = a[p * (n + 1)], aqq = a[q * (n + 1)];
        if (std::abs(off) <= kEpsilon * size) continue;  // less than the rounding of the rotations themselves
        const Rotation r = Rotation::diagonalizing(app, off, aqq);
        r.apply(n, a + p * n, a + q * n);
        r.apply(n, a + p, a + q, n);
        a[p * n + q] = a[q * n + p] = 0;
        r.apply(n, v + p * n, v + q * n);
        moved = true;
      }
  }
  for (int64_t i = 0; i < n; ++i) w[i] = a[i * (n + 1)];
  for (int64_t i = 0; i < n; ++i) {
    const int64_t least = std::min_element(w + i, w + n) - w;
    if (least == i) continue;
    std::swap(w[i], w[least]);
    std::swap_ranges(v + i * n, v + (i + 1) * n, v + least * n);
  }
  return true;
}

// Rows [from, to) of q, of length m, made orthonormal to all before them and each other: the axis that sticks out most each time.
inline void complete(int64_t m, double* q, int64_t from, int64_t to) {
  for (int64_t r = from; r < to; ++r) {
    int64_t axis = 0;
    double best = 2;
    for (int64_t j = 0; j < m; ++j) {
      double covered = 0;
      for (int64_t i = 0; i < r; ++i) covered += q[i * m + j] * q[i * m + j];
      if (covered < best) best = covered, axis = j;
    }
    double* row = q + r * m;
    std::fill(row, row + m, 0.0);
    row[axis] = 1;
    for (int again = 0; again < 2; ++again)  // Gram-Schmidt is exact enough when done twice
      for (int64_t i = 0; i < r; ++i) {
        double along = 0;
        for (int64_t j = 0; j < m; ++j) along += row[j] * q[i * m + j];
        for (int64_t j = 0; j < m; ++j) row[j] -= along * q[i * m + j];
      }
    const double length = norm(m, row);
    for (int64_t j = 0; j < m; ++j) row[j] /= length;
  }
}

// The singular values, descending, of a matrix with m >= n rows, given by its n columns as the rows of u [m, m]. These become the
// left singular vectors, as far as row `wanted`; the rows of v [n, n] the right ones. Hestenes' rotations (8.6.3).
inline bool svd(int64_t m, int64_t n, double* u, int64_t wanted, double* s, double* v) {
  double largest = 0;
  for (int64_t i = 0; i < n * m; ++i) {
    if (!std::isfinite(u[i])) return false;
    largest = std::max(largest, std::abs(u[i]));
  }
  const int exponent = largest > 0 ? std::ilogb(largest) : 0;  // squares must neither overflow nor vanish
  for (int64_t i = 0; i < n * m; ++i) u[i] = std::ldexp(u[i], -exponent);
  const double rounding = double(std::max<int64_t>(m, 4)) * kEpsilon;  // of a product of two columns
  for (int64_t i = 0; i < n * n; ++i) v[i] = i % (n + 1) == 0;
  bool moved = true;
  for (int sweep = 0; moved; ++sweep) {
    if (sweep == kSweeps) return false;
    moved = false;
    for (int64_t p = 0; p < n; ++p)
      for (int64_t q = p + 1; q < n; ++q) {
        double *x = u + p * m, *y = u + q * m, xx = 0, xy = 0, yy = 0;
        for (int64_t i = 0; i < m; ++i) xx += x[i] * x[i], xy += x[i] * y[i], yy += y[i] * y[i];
        if (std::abs(xy) <= rounding * std::sqrt(xx) * std::sqrt(yy) || std::abs(xy) < 1e-290) continue;
        const Rotation r = Rotation::diagonalizing(xx, xy, yy);
        r.apply(m, x, y);
        r.apply(n, v + p * n, v + q * n);
        moved = true;
      }
  }
  for (int64_t i = 0; i < n; ++i) s[i] = norm(m, u + i * m);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t most = std::max_element(s + i, s + n) - s;
    if (most == i) continue;
    std::swap(s[i], s[most]);
    std::swap_ranges(u + i * m, u + (i + 1) * m, u + most * m);
    std::swap_ranges(v + i * n, v + (i + 1) * n, v + most * n);
  }
  int64_t rank = 0;
  for (; rank < n && s[rank] > 1e-150; ++rank)
    for (int64_t j = 0; j < m; ++j) u[rank * m + j] /= s[rank];
  complete(m, u, rank, wanted);
  for (int64_t i = 0; i < n; ++i) s[i] = std::ldexp(s[i], exponent);
  return true;
}

}  // namespace tg::ops::factor
