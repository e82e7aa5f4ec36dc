// Gamma and Bessel functions, one double at a time: they are rare. Floats are computed in double.
#pragma once
#include "kernels/simd.h"

extern "C" double lgamma_r(double, int*) noexcept;  // lgamma itself writes a global variable

namespace tg::kernels {
namespace {

constexpr double kInfinity = __builtin_inf();

inline double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

// The reflection psi(1 - x) - pi / tan(pi x), the recurrence psi(x + 1) = psi(x) + 1 / x up to 10, and the asymptotic series.
inline double digamma(double x) {
  if (x == 0) return __builtin_copysign(kInfinity, -x);
  double y = 0;
  if (x < 0) {
    const double fraction = x - __builtin_trunc(x);
    if (fraction == 0) return __builtin_nan("");
    y = -3.14159265358979324 / __builtin_tan(3.14159265358979324 * fraction);
    x = 1 - x;
  }
  while (x < 10) {
    y -= 1 / x;
    x += 1;
  }
  static constexpr double c[] = {1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12};
  const double z = 1 / (x * x);
  double series = 0;
  for (int k = 6; k >= 0; --k) series = series * z + c[k];
  return x == kInfinity ? x : y + (__builtin_log(x) - 0.5 / x - (x < 1e17 ? series * z : 0));
}

// The sum of (q + k)^-s over k >= 0, for q > 0: ten terms and the Euler-Maclaurin formula.
inline double hurwitz_zeta(double s, double q) {
  static constexpr double c[] = {12.0,
                                 -720.0,
                                 30240.0,
                                 -1209600.0,
                                 47900160.0,
                                 -1.8924375803183791606e9,
                                 7.47242496e10,
                                 -2.950130727918164224e12,
                                 1.1646782814350067249e14,
                                 -4.5979787224074726105e15,
                                 1.8152105401943546773e17,
                                 -7.1661652561756670113e18};  // (2k)! / B_2k
  double sum = 0, a = q, b = 0;
  for (int i = 0; i < 10 || a <= 9; ++i, a += 1) {
    b = __builtin_pow(a, -s);
    sum += b;
    if (b < 1e-17 * sum) return sum;
  }
  a -= 1;
  sum += b * a / (s - 1) - 0.5 * b;
  double factor = 1, k = 0;
  for (int i = 0; i < 12; ++i) {
    factor *= s + k;
    b /= a;
    const double t = factor * b / c[i];
    sum += t;
    if (__builtin_fabs(t) < 1e-17 * sum) break;
    k += 1;
    factor *= s + k;
    b /= a;
    k += 1;
  }
  return sum;
}

// The n-th derivative of psi: (-1)^(n+1) n! zeta(n + 1, x); left of zero the terms are summed from both sides.
inline double polygamma(double n, double x) {
  if (n == 0) return digamma(x);
  const double s = n + 1, sign = __builtin_fmod(n, 2) == 1 ? 1 : -1;
  double zeta;
  if (x != x || s != s) return x + s;
  if (x > 0) {
    zeta = hurwitz_zeta(s, x);
  } else {
    const double f = x - __builtin_floor(x);
    zeta = f == 0 ? kInfinity : hurwitz_zeta(s, f) + sign * (hurwitz_zeta(s, 1 - f) - hurwitz_zeta(s, 1 - x));
  }
  return sign * __builtin_exp(log_gamma(s)) * zeta;
}

// The sum of (x/2)^(2k + order) / (k! (k + order)!): every term is positive; beyond 30 the asymptotic series.
template <int kOrder>
inline double bessel_i(double x) {
  const double a = __builtin_fabs(x);
  double y;
  if (a < 30) {
    const double z = 0.25 * a * a;
    double term = kOrder ? 0.5 * a : 1;
    y = term;
    for (double k = 1; term > 1e-17 * y; k += 1) {
      term *= z / (k * (k + kOrder));
      y += term;
    }
  } else {
    double term = 1, sum = 1;
    for (double k = 1; k < 30; k += 1) {
      const double odd = 2 * k - 1, next = term * (odd * odd - 4 * kOrder) / (8 * a * k);
      sum += term = next;
      if (__builtin_fabs(term) < 1e-17) break;
    }
    const double root = __builtin_exp(0.5 * a);  // twice, so that it does not overflow too soon
    y = a == kInfinity ? a : root * (sum / __builtin_sqrt(6.28318530717958648 * a)) * root;
  }
  return kOrder && x < 0 ? -y : x != x ? x : y;
}

}  // namespace
}  // namespace tg::kernels
