// Powers, logarithms of other bases and hyperbolic functions. Bounds are the worst seen in doubles; floats: 0.51 ulp.
#pragma once
#include "kernels/math_wide.h"

namespace tg::kernels {
namespace {

// At most 1.6 ulp.
template <class C>
inline Doubles log2_of(Doubles x) {
  const Power2 p = split_power<C>(x);
  return log_special(x, p.k + log_parts<C>(Doubles{}, p.f) * 1.4426950408889634);
}
// At most 1.7 ulp. log10(2) in two parts, the first short enough for exact products.
template <class C>
inline Doubles log10_of(Doubles x) {
  const Power2 p = split_power<C>(x);
  const Doubles y = log_parts<C>(Doubles{}, p.f) * 0.43429448190325182 + p.k * 0x1.9dc1da994fd21p-59;
  return log_special(x, p.k * 0x1.34413509f79fep-2 + y);
}

// 2^n e^(r ln 2). At most 1 ulp, for either type.
template <class V>
inline V exp2(V x) {
  using F = Float<V>;
  using T = typename F::T;
  constexpr T kLimit = F::kBias + F::kMantissa + 2;
  x = x > kLimit ? splat(kLimit) : x;
  x = x < -kLimit ? splat(-kLimit) : x;
  const Rounded<V> n = round_to_nearest(x);
  const V d = x - n.value, r = d * T(0.69314718055994531);
  const V m = horner(r, F::kExp) * (r * r) + r;
  const IntOf<V> half = n.integer >> 1;
  return (m + T(1)) * power_of_two<V>(half) * power_of_two<V>(n.integer - half);
}

// (E + E / (E + 1)) / 2 with E = e^|x| - 1. At most 2.5 ulp.
template <class C>
inline Doubles sinh_of(Doubles x) {
  const Doubles a = magnitude(x), e = expm1_of<C>(a);
  const Doubles near = 0.5 * (e + e / (e + 1.0)), far = exp_join(exp_split<C>(exp_range(a)), -1);
  return with_sign(a > 40.0 ? far : near, x);
}
// h + 1 / (4h) with h = e^|x| / 2. At most 1.5 ulp.
template <class C>
inline Doubles cosh_of(Doubles x) {
  const Doubles a = magnitude(x), h = exp_join(exp_split<C>(exp_range(a)), -1);
  return h + 0.25 / h;
}
// log1p(a + a^2 / (1 + sqrt(1 + a^2))); log(2a) where a^2 would overflow. At most 2.5 ulp.
template <class C>
inline Doubles asinh_of(Doubles x) {
  const Doubles a = magnitude(x), square = a * a;
  const Longs huge = a > 0x1p28;
  const Doubles y = log1p_of<C>(if_else(huge, a, a + square / (1.0 + sqrt(1.0 + square))));
  return with_sign(huge ? y + 0.69314718055994531 : y, x);
}
// log1p(t + sqrt(2t + t^2)), t = x - 1. At most 2.5 ulp.
template <class C>
inline Doubles acosh_of(Doubles x) {
  const Doubles t = x - 1.0;
  const Longs huge = x > 0x1p28;
  const Doubles y = log1p_of<C>(if_else(huge, x, t + sqrt(t + t + t * t)));
  return x < 1.0 ? splat(Float<Doubles>::kNan) : huge ? y + 0.69314718055994531 : y;
}
// log1p(2a / (1 - a)) / 2. At most 2.5 ulp.
template <class C>
inline Doubles atanh_of(Doubles x) {
  const Doubles a = magnitude(x);
  return with_sign(0.5 * log1p_of<C>((a + a) / (1.0 - a)), x);
}

// log(e^a + e^b) and the same to the base 2: the larger one, and what the smaller one adds.
template <class C>
inline Doubles logaddexp_of(Doubles a, Doubles b) {
  const Doubles high = (a < b) | (b != b) ? b : a, apart = magnitude(a - b);
  return a == b ? a + 0.69314718055994531 : high + log1p_of<C>(exp_of<C>(-apart));
}
template <class C>
inline Doubles logaddexp2_of(Doubles a, Doubles b) {
  const Doubles high = (a < b) | (b != b) ? b : a, apart = magnitude(a - b);
  return a == b ? a + 1.0 : high + log1p_of<C>(exp2(-apart)) * 1.4426950408889634;
}

// x log y and x log(1 + y), 0 where x is 0 and y is no NaN.
template <class C>
inline Doubles xlogy_of(Doubles x, Doubles y) {
  return (x == 0.0) & (y == y) ? Doubles{} : x * log_of<C>(y);
}
template <class C>
inline Doubles xlog1py_of(Doubles x, Doubles y) {
  return (x == 0.0) & (y == y) ? Doubles{} : x * log1p_of<C>(y);
}

// What x^y is beyond |x|^y: a sign, NaN for a root of a negative number, and 1 for x^0 and 1^y.
inline Doubles pow_special(Doubles x, Doubles y, Doubles power) {
  using F = Float<Doubles>;
  const Doubles half = y * 0.5;
  const Longs whole = nearest(y) == y, odd = whole & (nearest(half) != half);
  power = magnitude(x) == 1.0 ? splat(1.0) : power;
  power = (x < 0.0) & ~whole & (x > -F::kInf) ? splat(F::kNan) : power;
  power = (Doubles)((Longs)power ^ (sign_bit(x) & odd));
  return (y == 0.0) | (x == 1.0) ? splat(1.0) : (x != x) | (y != y) ? x + y : power;
}
// Of floats: e^(y log |x|) in doubles.
inline Doubles pow_of(Short, Doubles x, Doubles y) { return pow_special(x, y, exp_of<Short>(y * log_of<Short>(magnitude(x)))); }

// a b = high + low exactly.
struct Pair {
  Doubles high, low;
};
inline Pair two_product(Doubles a, Doubles b) {
  const Doubles high = a * b;
#ifdef __FMA__
  Doubles low;
  for (int l = 0; l < kLanes<double>; ++l) low[l] = __builtin_fma(a[l], b[l], -high[l]);  // becomes one instruction
  return {high, low};
#else
  const Doubles sa = a * 0x1.000002p27, sb = b * 0x1.000002p27;  // Dekker: 2^27 + 1
  const Doubles ah = sa - (sa - a), al = a - ah, bh = sb - (sb - b), bl = b - bh;
  return {high, ((ah * bh - high) + ah * bl + al * bh) + al * bl};
#endif
}
// Of doubles: the same with the logarithm and the product in two parts, since the exponent magnifies their error a
// thousandfold. At most 1 ulp.
inline Doubles pow_of(Full, Doubles x, Doubles y) {
  using F = Float<Doubles>;
  // (2 atanh(s) - 2s - 2/3 s^3) / s^5 in s^2: 2^-66 of 2 atanh(s)
  static constexpr double kTail[] = {0x1.999999999999ap-2, 0x1.2492492492521p-2, 0x1.c71c71c6eaa18p-3, 0x1.745d177a95904p-3,
                                     0x1.3b1395d249ed7p-3, 0x1.1118c7da4e209p-3, 0x1.df7ccb122450bp-4, 0x1.e02e59475f3c5p-4};
  constexpr double kThird = 0x1.5555555555555p-1, kThirdLow = 0x1.5555555555555p-55;
  const Doubles a = magnitude(x);
  const auto [k, f] = split_power<Full>(a);
  const Doubles g = f + 2.0, g_low = f - (g - 2.0), s = f / g;
  const Pair sg = two_product(s, g);
  const Doubles s_low = (((f - sg.high) - sg.low) - s * g_low) / g;
  const Pair z = two_product(s, s);
  const Doubles z_low = z.low + 2.0 * s * s_low;
  const Doubles rest = z.high * horner(z.high, kTail) + kThirdLow, q = rest + kThird, q_low = (kThird - q) + rest;
  const Pair u = two_product(s, z.high);
  const Doubles u_low = u.low + s * z_low + s_low * z.high;
  const Pair t = two_product(u.high, q);
  const Doubles t_low = t.low + u.high * q_low + u_low * q;
  const Doubles twice = s + s, l = twice + t.high, l_low = ((twice - l) + t.high) + ((s_low + s_low) + t_low);
  const Doubles ln2 = k * F::kLn2High, high = ln2 + l, low = ((ln2 - high) + l) + (l_low + k * F::kLn2Low);
  const Pair p = two_product(y, high);
  const Doubles main = y * log_special(a, high);
  const Longs plain = (magnitude(main) < 800.0) & (a > 0.0) & (a < F::kInf);
  return pow_special(x, y, exp_of<Full>(main, plain ? p.low + y * low : Doubles{}));
}

// sqrt(a^2 + b^2). In doubles m sqrt(1 + (n / m)^2), which cannot overflow too soon. At most 2 ulp.
template <class C>
inline Doubles hypot_of(Doubles x, Doubles y) {
  const Doubles a = magnitude(x), b = magnitude(y);
  constexpr double kInf = Float<Doubles>::kInf;
  Doubles h;
  if constexpr (C::kFloat) {
    h = sqrt(a * a + b * b);
  } else {
    const Doubles m = a < b ? b : a, n = a < b ? a : b, r = n / m;
    h = m == 0.0 ? m : m == n ? m * 1.4142135623730951 : m * sqrt(1.0 + r * r);
    h = (a != a) | (b != b) ? a + b : h;
  }
  return (a == kInf) | (b == kInf) ? splat(kInf) : h;
}

}  // namespace
}  // namespace tg::kernels
