// Vector exp, expm1, log, log1p, tanh, sigmoid, sqrt, sin and cos for Vec<float> and Vec<double>. Knows no strides, tails or
// tables. Polynomials are minimax fits (Remez exchange in 60 digits, then rounded) made for this file, on the intervals stated.
// Bounds are the worst seen on any level: floats exhaustively, doubles over some ten million samples against 80-bit arithmetic.
#pragma once
#include "kernels/simd.h"

namespace tg::kernels {
namespace {

template <class V>
struct Float;  // what the algorithms need to know of an element type

template <>
struct Float<Vec<float>> {
  using T = float;
  using Int = Vec<int32_t>;
  static constexpr int kMantissa = 23, kBias = 127, kSign = 31;
  static constexpr T kMinNormal = 0x1p-126f, kInf = __builtin_inff(), kNan = __builtin_nanf("");
  static constexpr T kExpLow = -104, kExpHigh = 89;     // exp is 0 below and infinite above
  static constexpr T kTanhSmall = 0.55, kTanhOne = 10;  // tanh is a polynomial below, rounds to 1 above
  static constexpr T kCircularLimit = 0x1p17f;          // sin and cos: the reduction is accurate below
  // ln 2 in two parts; the first has few enough bits for a product with any exponent to be exact.
  static constexpr T kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;
  // (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, relative error of e^r - 1: 2^-26.2.
  static constexpr T kExp[] = {0x1p-1f, 0x1.5554aep-3f, 0x1.555486p-5f, 0x1.122868p-7f, 0x1.6d9974p-10f};
  // (2 atanh(s) - 2s) / s^3 in s^2, s <= (sqrt 2 - 1) / (sqrt 2 + 1): 2^-30.2.
  static constexpr T kLog[] = {0x1.55557ap-1f, 0x1.995eb6p-2f, 0x1.31e37ap-2f};
  // (tanh(x)/x - 1) / x^2 in x^2, x <= 0.56: 2^-29.6.
  static constexpr T kTanh[] = {-0x1.55554ap-2f, 0x1.110cb2p-3f, -0x1.b91372p-5f, 0x1.58828ep-6f, -0x1.96cf74p-8f};
  // (sin(r)/r - 1) / r^2 and (cos r - 1 + r^2/2) / r^4 in r^2, |r| <= 0.8: 2^-27.8 and 2^-32.7.
  static constexpr T kSin[] = {-0x1.555544p-3f, 0x1.1106a4p-7f, -0x1.990df6p-13f};
  static constexpr T kCos[] = {0x1.555548p-5f, -0x1.6c0b64p-10f, 0x1.99aff8p-16f};
};

template <>
struct Float<Vec<double>> {
  using T = double;
  using Int = Vec<int64_t>;
  static constexpr int kMantissa = 52, kBias = 1023, kSign = 63;
  static constexpr T kMinNormal = 0x1p-1022, kInf = __builtin_inf(), kNan = __builtin_nan("");
  static constexpr T kExpLow = -746, kExpHigh = 710;
  static constexpr T kTanhSmall = 0.55, kTanhOne = 20;
  static constexpr T kCircularLimit = 0x1p19;
  static constexpr T kLn2High = 0x1.62e42fefp-1, kLn2Low = 0x1.473de6af278edp-34;
  // 2^-61.7
  static constexpr T kExp[] = {0x1p-1,
                               0x1.5555555555559p-3,
                               0x1.555555555555ap-5,
                               0x1.111111110f69p-7,
                               0x1.6c16c16c1440fp-10,
                               0x1.a01a01aff46d6p-13,
                               0x1.a01a01b0cbde2p-16,
                               0x1.71ddf825f05d5p-19,
                               0x1.27e4c57398d91p-22,
                               0x1.af5f19d813cbdp-26,
                               0x1.1f95aa4b9d3edp-29};
  // 2^-59.5
  static constexpr T kLog[] = {0x1.5555555555592p-1, 0x1.999999997fd8ap-2, 0x1.24924941f5033p-2, 0x1.c71c52055f2bp-3,
                               0x1.74663fdf72043p-3, 0x1.39a19e850b951p-3, 0x1.2f069d9277932p-3};
  // 2^-60.1
  static constexpr T kTanh[] = {-0x1.555555555554dp-2,  0x1.1111111110449p-3,  -0x1.ba1ba1b94c125p-5,  0x1.664f484e292a3p-6,
                                -0x1.226e2d9c3e4c5p-7,  0x1.d6d25f3d4f7f4p-9,  -0x1.7d8cbef2ac0b8p-10, 0x1.3469fcbeae3c2p-11,
                                -0x1.e8670d5e89a2bp-13, 0x1.5a750cc186adbp-14, -0x1.3f972d26ef863p-16};
  // 2^-57.6 and 2^-63.5
  static constexpr T kSin[] = {-0x1.5555555555546p-3, 0x1.111111110f38bp-7,   -0x1.a01a019b6ef89p-13,
                               0x1.71de34e752a86p-19, -0x1.ae5df300eb0dep-26, 0x1.5d7113f557263p-33};
  static constexpr T kCos[] = {0x1.5555555555548p-5,   -0x1.6c16c16c149b5p-10, 0x1.a01a019bf0a19p-16,
                               -0x1.27e4f77f56c8fp-22, 0x1.1ee98e45f1138p-29,  -0x1.8f7e69354a8bfp-37};
};

template <class V>
using IntOf = typename Float<V>::Int;

template <class V, class T, int kTerms>
inline V horner(V x, const T (&c)[kTerms]) {
  V y = splat(c[kTerms - 1]);
#pragma GCC unroll 16
  for (int k = kTerms - 2; k >= 0; --k) y = y * x + c[k];
  return y;
}

template <class V>
inline IntOf<V> sign_bit(V x) {
  using Element = decltype(IntOf<V>{}[0] + 0);
  return (IntOf<V>)x & (Element(1) << Float<V>::kSign);
}
template <class V>
inline V magnitude(V x) {
  return (V)((IntOf<V>)x ^ sign_bit(x));
}

// The nearest integer, as a float and as an integer, for |x| < 2^(mantissa - 2): adding 1.5 * 2^mantissa leaves
// the integer in the low bits.
template <class V>
struct Rounded {
  V value;
  IntOf<V> integer;
};
template <class V>
inline V rounding_shift() {
  using F = Float<V>;
  return splat(typename F::T(3) * (int64_t(1) << (F::kMantissa - 1)));
}
template <class V>
inline Rounded<V> round_to_nearest(V x) {
  const V shift = rounding_shift<V>(), shifted = x + shift;
  return {shifted - shift, (IntOf<V>)shifted - (IntOf<V>)shift};
}
template <class V>
inline V to_float(IntOf<V> n) {  // |n| < 2^(mantissa - 2); AVX2 has no conversion from int64
  const V shift = rounding_shift<V>();
  return (V)(n + (IntOf<V>)shift) - shift;
}

template <class V>
inline V power_of_two(IntOf<V> n) {
  return (V)((n + Float<V>::kBias) << Float<V>::kMantissa);
}

// e^x = 2^n (1 + m), |m| <= sqrt(2) - 1; x within exp's finite range.
template <class V>
struct ExpParts {
  V m;
  IntOf<V> n;
};
template <class V>
inline ExpParts<V> exp_parts(V x) {
  using F = Float<V>;
  const Rounded<V> n = round_to_nearest(x * typename F::T(1.4426950408889634));
  const V high = x - n.value * F::kLn2High, r = high - n.value * F::kLn2Low;
  const V lost = (high - r) - n.value * F::kLn2Low;
  return {(horner(r, F::kExp) * (r * r) + lost) + r, n.integer};
}

// At most 0.93 ulp (float), 0.86 ulp (double).
template <class V>
inline V exp(V x) {
  using F = Float<V>;
  x = x > F::kExpHigh ? splat(F::kExpHigh) : x;  // a NaN passes both
  x = x < F::kExpLow ? splat(F::kExpLow) : x;
  const ExpParts<V> e = exp_parts(x);
  const IntOf<V> half = e.n >> 1;  // two factors, so that neither overflows and a denormal result is rounded once
  return (e.m + typename F::T(1)) * power_of_two<V>(half) * power_of_two<V>(e.n - half);
}

// x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt 2), for x normal; k is a whole number.
template <class V>
struct LogParts {
  V f;
  IntOf<V> k;
};
template <class V>
inline LogParts<V> log_parts(V x) {
  using F = Float<V>;
  using T = typename F::T;
  const IntOf<V> root_half = (IntOf<V>)splat(T(0.70710678118654752));
  // Without the sign, which log has no use for, the difference cannot overflow.
  const IntOf<V> above = ((IntOf<V>)x ^ sign_bit(x)) - root_half, k = above >> F::kMantissa;
  return {(V)(above - (k << F::kMantissa) + root_half) - T(1), k};
}
// log(2^k (1 + f)); log(1 + f) = 2 atanh(s), s = f / (2 + f).
template <class V>
inline V log_of_parts(V f, V k) {
  using F = Float<V>;
  using T = typename F::T;
  const V s = f / (f + T(2)), z = s * s, half_square = f * f * T(0.5);
  const V rest = s * (half_square + z * horner(z, F::kLog)) + k * F::kLn2Low;
  return k * F::kLn2High - ((half_square - rest) - f);
}

// At most 0.85 ulp (float), 0.85 ulp (double).
template <class V>
inline V log(V x) {
  using F = Float<V>;
  using T = typename F::T;
  const auto tiny = x < F::kMinNormal;
  const LogParts<V> p = log_parts(tiny ? x * T(int64_t(1) << F::kMantissa) : x);
  V result = log_of_parts(p.f, to_float<V>(p.k) - (tiny ? splat(T(F::kMantissa)) : V{}));
  result = x < F::kInf ? result : x;  // infinity and NaN
  result = x < T(0) ? splat(F::kNan) : result;
  return x == T(0) ? splat(-F::kInf) : result;
}

// log(1 + x): of the rounded sum, with what the rounding lost added to f. At most 1.40 ulp (float), 1.35 ulp (double).
template <class V>
inline V log1p(V x) {
  using F = Float<V>;
  using T = typename F::T;
  const V u = x + T(1), lost = x < T(1) ? x - (u - T(1)) : T(1) - (u - x);
  const LogParts<V> p = log_parts(u);
  const IntOf<V> few = p.k > 64 ? IntOf<V>{} + 64 : p.k;  // what is lost beside a larger sum counts nothing
  V result = log_of_parts(p.f + lost * power_of_two<V>(-few), to_float<V>(p.k));
  result = u < F::kInf ? result : u;
  result = x < T(-1) ? splat(F::kNan) : result;
  result = x == T(-1) ? splat(-F::kInf) : result;
  return x == T(0) ? x : result;
}

// e^x - 1 = 2^n m + (2^n - 1). At most 1.57 ulp (float), 1.55 ulp (double).
template <class V>
inline V expm1(V x) {
  using F = Float<V>;
  using T = typename F::T;
  V y = x > F::kExpHigh ? splat(F::kExpHigh) : x;
  y = y < T(-40) ? splat(T(-40)) : y;  // -1 from there on
  const ExpParts<V> e = exp_parts(y);
  const V half = power_of_two<V>(e.n - 1);  // 2^n itself could overflow
  const V result = (half * e.m + (half - T(0.5))) * T(2);
  return magnitude(x) < F::kMinNormal * T(4) ? x : result;
}

// x + x^3 P(x^2) where that is accurate, else 1 - 2 / (e^(2|x|) + 1).
// At most 1.35 ulp (float), 1.36 ulp (double).
template <class V>
inline V tanh(V x) {
  using F = Float<V>;
  using T = typename F::T;
  V a = magnitude(x);
  a = a > F::kTanhOne ? splat(F::kTanhOne) : a;
  const V z = a * a, small = a + horner(z, F::kTanh) * z * a;
  const ExpParts<V> e = exp_parts(a + a);
  const V scale = power_of_two<V>(e.n), large = T(1) - T(2) / (scale * e.m + (scale + T(1)));
  const V y = a < F::kTanhSmall ? small : large;
  return (V)((IntOf<V>)y | sign_bit(x));
}

// With e = e^-|x|, which cannot overflow: 1 / (1 + e) or e / (1 + e), then one step of Newton to undo the rounding of 1 + e,
// without which it would be 2.4 ulp. At most 1.50 ulp (float), 1.52 ulp (double).
template <class V>
inline V sigmoid(V x) {
  using T = typename Float<V>::T;
  const V one = splat(T(1)), e = exp(-magnitude(x));
  const auto negative = x < T(0);
  const V numerator = negative ? e : one, y = numerator / (one + e);
  return y + ((numerator - y) - y * e) * (negative ? one - y : y);
}

template <class V>
inline V sqrt(V x) {
  V y;
  for (int l = 0; l < kLanes<typename Float<V>::T>; ++l) y[l] = __builtin_sqrt(x[l]);  // becomes one instruction
  return y;
}

// a - n pi/2 as value + tail. pi/2 is cut into parts of 33 bits, so that products with n < 2^20 are exact.
template <class V>
struct Reduced {
  V value, tail;
};
constexpr double kHalfPi1 = 0x1.921fb544p+0, kHalfPi2 = 0x1.0b4611a6p-34, kHalfPi3 = 0x1.3198a2e037073p-69;

inline Reduced<Vec<float>> subtract_half_pi(Vec<float> a, Vec<float> n) {
  Vec<float> r;
  for (int l = 0; l < kLanes<float>; ++l) r[l] = float(double(a[l]) - n[l] * kHalfPi1 - n[l] * (kHalfPi2 + kHalfPi3));
  return {r, Vec<float>{}};
}
inline Reduced<Vec<double>> subtract_half_pi(Vec<double> a, Vec<double> n) {
  const Vec<double> first = a - n * kHalfPi1, second = first - n * kHalfPi2, r = second - n * kHalfPi3;
  const Vec<double> lost = (first - second) - n * kHalfPi2;
  return {r, ((second - r) - n * kHalfPi3) + lost};
}

template <class Mask>
inline bool all(Mask mask) {
  const Vec<int64_t> pairs = (Vec<int64_t>)mask;
  int64_t result = -1;
#pragma GCC unroll 8
  for (int l = 0; l < kLanes<int64_t>; ++l) result &= pairs[l];
  return result == -1;
}
inline float libm(bool cosine, float x) { return cosine ? __builtin_cosf(x) : __builtin_sinf(x); }
inline double libm(bool cosine, double x) { return cosine ? __builtin_cos(x) : __builtin_sin(x); }
template <bool kCosine, class V>
[[gnu::noinline]] V with_libm(V x, V y, IntOf<V> good) {  // rare, so kept out of the loop
  for (int l = 0; l < kLanes<typename Float<V>::T>; ++l)
    if (!good[l]) y[l] = libm(kCosine, x[l]);
  return y;
}

template <bool kCosine, class V>
inline V circular(V x) {
  using F = Float<V>;
  using T = typename F::T;
  const V a = magnitude(x);
  const Rounded<V> n = round_to_nearest(a * T(0.63661977236758134));
  const auto [r, tail] = subtract_half_pi(a, n.value);
  const V z = r * r, half = z * T(0.5), w = T(1) - half;
  const V sine = r + (horner(z, F::kSin) * z * r + tail * w);
  const V cosine = w + (((T(1) - w) - half) + (horner(z, F::kCos) * (z * z) - r * tail));
  const IntOf<V> quadrant = n.integer + int(kCosine);
  V y = (quadrant & 1) != 0 ? cosine : sine;
  const IntOf<V> negative = (quadrant & 2) << (F::kSign - 1);
  y = (V)((IntOf<V>)y ^ negative ^ (kCosine ? IntOf<V>{} : sign_bit(x)));

  // Huge arguments, infinity, NaN, and doubles so near a multiple of pi/2 that the reduction lost too many digits.
  const auto good = (a < F::kCircularLimit) & ((magnitude(r) > T(0x1p-40)) | (n.value == T(0)));
  return all(good) ? y : with_libm<kCosine>(x, y, good);
}

// At most 1.57 ulp (float), 0.85 ulp (double).
template <class V>
inline V sin(V x) {
  return circular<false>(x);
}
template <class V>
inline V cos(V x) {
  return circular<true>(x);
}

}  // namespace
}  // namespace tg::kernels
