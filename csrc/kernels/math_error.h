// The error function, its complement, scaled and inverse, and the normal distribution made of them. Bounds are the worst
// seen in doubles; floats: 0.51 ulp, unless stated.
#pragma once
#include "kernels/math_wide.h"

namespace tg::kernels {
namespace {

template <class C>
struct ErrorTerms;
template <>
struct ErrorTerms<Short> {
  // erf(x)/x - 1 in x^2, x <= 3/4: 2^-35.
  static constexpr double kErf[] = {0x1.06eba82067622p-3, -0x1.81274661ca5c3p-2,  0x1.ce2efea776360p-4, -0x1.b827051379f15p-6,
                                    0x1.55e3343fd3eb7p-8, -0x1.b624c9b06ee75p-11, 0x1.8d384f1f8881ap-14};
  // (1 + 2a) e^(a^2) erfc(a) in (a - 3) / (a + 3), a >= 0: 2^-32.
  static constexpr double kErfcx[] = {
      0x1.40c522d7d0caep+0,   -0x1.15c084b38d18bp-3, -0x1.85a15b64b26fap-5, 0x1.0983638d90973p-3,  -0x1.e88b88130cedep-4,
      0x1.17ca8c6b90548p-4,   -0x1.8573fc93b8d00p-6, 0x1.4b3bed0743198p-9,  0x1.eef4682a6d424p-10, -0x1.95550f3b1878dp-11,
      -0x1.b4b7a743bb692p-14, 0x1.e0cafaa803123p-14, 0x1.02f6240e04ee9p-18, -0x1.81428c9a26dcbp-17};
};
template <>
struct ErrorTerms<Full> {
  // 2^-55
  static constexpr double kErf[] = {0x1.06eba8214db69p-3,  -0x1.812746b0379e0p-2,  0x1.ce2f21a0424c3p-4,  -0x1.b82ce31257412p-6,
                                    0x1.565bcd03657c0p-8,  -0x1.c02db1220cfe6p-11, 0x1.f9a2afa3a8f86p-14, -0x1.f4c5debf1228ap-17,
                                    0x1.b90ecd4aeec12p-20, -0x1.564f71bbc0d35p-23, 0x1.8a312cb07e6ccp-27};
  // 2^-54
  static constexpr double kErfcx[] = {
      0x1.40c522d7e4987p+0,   -0x1.15c084bb9e8f2p-3,  -0x1.85a15c58aa5e6p-5,  0x1.098366a5b466cp-3,   -0x1.e88b803a49228p-4,
      0x1.17ca2877f2530p-4,   -0x1.8574c40bd18a4p-6,  0x1.4b884e41eef27p-9,   0x1.ef1bdd4ca4e79p-10,  -0x1.98db50d735ca3p-11,
      -0x1.b91279ab28b6ap-14, 0x1.065a3411cec5dp-13,  0x1.4c278142e2c7ep-18,  -0x1.513b4834fb6a2p-16, -0x1.88ba0b8d4a638p-21,
      0x1.d20f427e15e8ep-19,  0x1.7f2702a66e95ep-22,  -0x1.4b0fb060cfaf4p-21, -0x1.3015d47e4d9a1p-23, 0x1.b58754df309ecp-24,
      0x1.672094d251ba8p-25,  -0x1.c9e435541214dp-27, -0x1.24128f37af366p-27, 0x1.0fbd862f624fbp-30,  0x1.e7519ae0cb88fp-31};
};

// e^(a^2) erfc(a) for a >= 0.
template <class C>
inline Doubles scaled_erfc(Doubles a) {
  const Doubles q = a > 0x1p500 ? splat(1.0) : (a - 3.0) / (a + 3.0);
  return horner(q, ErrorTerms<C>::kErfcx) / (1.0 + (a + a));
}
// e^(-a^2), with what the rounding of the square lost.
template <class C>
inline Doubles gauss(Doubles a) {
  a = a > 40.0 ? splat(40.0) : a;
  if constexpr (C::kFloat) return exp_of<C>(-(a * a));
  const Doubles high = (Doubles)((Longs)a & (~Longs{} << 27));
  return exp_of<C>(-(high * high), (a - high) * -(a + high));
}
// erfc(a) for a >= 0.
template <class C>
inline Doubles upper_erfc(Doubles a) {
  return gauss<C>(a) * scaled_erfc<C>(a);
}
// At most 3.5 ulp.
template <class C>
inline Doubles erfc_of(Doubles x) {
  const Doubles y = upper_erfc<C>(magnitude(x));
  return x < 0.0 ? 2.0 - y : y;
}
// At most 1.5 ulp.
template <class C>
inline Doubles erf_of(Doubles x) {
  const Doubles a = magnitude(x), z = a * a;
  return a < 0.75 ? x + x * horner(z, ErrorTerms<C>::kErf) : with_sign(1.0 - upper_erfc<C>(a), x);
}
// Floats by themselves, twice as fast: 1 - e^p(a) with p(a) = log erfc(a), weighted by erfc / erf: 2^-29.1. At most 1.20 ulp.
inline Vec<float> erf_of_floats(Vec<float> x) {
  // erf(x)/x - 1 in x^2, x <= 0.9: 2^-26.3.
  static constexpr float kNear[] = {0x1.06eba6p-3f,  -0x1.8126fap-2f, 0x1.ce1dd2p-4f,
                                    -0x1.b6bee2p-6f, 0x1.4876c8p-8f,  -0x1.3f4f6ep-11f};
  static constexpr float kFar[] = {-0x1.43497p-13f, -0x1.20bab4p+0f, -0x1.461624p-1f, -0x1.aac5bp-4f,
                                   0x1.6e3e48p-6f,  -0x1.93152ep-9f, 0x1.a1d09cp-13f};
  Vec<float> a = magnitude(x);
  const Vec<float> near = x + x * horner(a * a, kNear);
  a = a > 4.0f ? splat(4.0f) : a;
  const ExpParts<Vec<float>> e = exp_parts(horner(a, kFar));
  const Vec<float> far = 1.0f - (e.m + 1.0f) * power_of_two<Vec<float>>(e.n);
  return a < 0.9f ? near : (Vec<float>)((IntOf<Vec<float>>)far | sign_bit(x));
}
// At most 3 ulp above -1, where 2 e^(x^2) takes over: there its argument's rounding counts x^2 times.
template <class C>
inline Doubles erfcx_of(Doubles x) {
  const Doubles a = magnitude(x), y = scaled_erfc<C>(a), high = (Doubles)((Longs)a & (~Longs{} << 27));
  const Doubles limited = a > 40.0 ? splat(40.0) : high;
  const Doubles rest = a > 40.0 ? Doubles{} : (a - high) * (a + high);
  return x < 0.0 ? 2.0 * exp_of<C>(limited * limited, rest) - y : y;
}

// The y >= 0 with erf(y) = x and erfc(y) = q = 1 - x, both given so that neither end loses digits: Giles's polynomials
// in log(q (2 - q)), to 3e-7, and one step of Halley's method.
template <class C, int kSteps = 2>
inline Doubles inverse_erf(Doubles x, Doubles q) {
  static constexpr double kNear[] = {1.50140941,      0.246640727,    -0.00417768164, -0.00125372503, 0.00021858087,
                                     -4.39150654e-06, -3.5233877e-06, 3.43273939e-07, 2.81022636e-08};
  static constexpr double kFar[] = {2.83297682,     1.00167406,    0.00943887047,  -0.0076224613,  0.00573950773,
                                    -0.00367342844, 0.00134934322, 0.000100950558, -0.000200214257};
  const Doubles w = -log_of<C>(q * (2.0 - q));
  const Doubles root = sqrt(w), near = horner(w - 2.5, kNear), far = horner(root - 3.0, kFar);
  // beyond the polynomial, erfc y = e^(-y^2) / (y sqrt pi) nearly
  const Doubles start = root - 0.5 * log_of<Short>(root * 1.7724538509055161) / root;
  Doubles y = w < 5.0 ? near * x : w < 16.0 ? far * x : if_else(w < 33.0, far * x, start);
#pragma GCC unroll 2
  for (int step = 0; step < kSteps; ++step) {
    const Doubles density = gauss<C>(y) * 1.1283791670955126;  // 2 / sqrt pi
    const Doubles off = x < 0.5 ? erf_of<C>(y) - x : q - gauss<C>(y) * scaled_erfc<C>(y);
    const Doubles r = off / density;
    y -= r / (1.0 + y * r);
  }
  return y;
}
// At most 3 ulp.
template <class C>
inline Doubles erfinv_of(Doubles x) {
  using F = Float<Doubles>;
  const Doubles a = magnitude(x), y = inverse_erf<C, C::kFloat ? 1 : 2>(a, 1.0 - a);
  const Doubles bounded = a == 1.0 ? splat(F::kInf) : a < 1.0 ? y : splat(F::kNan);
  return x == 0.0 ? x : with_sign(bounded, x);
}

constexpr double kRootHalf = 0.70710678118654752;
// erfc(-x / sqrt 2) / 2
template <class C>
inline Doubles ndtr_of(Doubles x) {
  return 0.5 * erfc_of<C>(x * -kRootHalf);
}
// -sqrt 2 times the y with erfc(y) = 2p
template <class C>
inline Doubles ndtri_of(Doubles p) {
  using F = Float<Doubles>;
  const Longs upper = p > 0.5;
  const Doubles tail = upper ? 1.0 - p : p, y = inverse_erf<C>(1.0 - (tail + tail), tail + tail) * 1.4142135623730951;
  const Doubles inside = tail == 0.5 ? Doubles{} : tail > 0.0 ? y : splat(F::kInf);
  const Doubles z = upper ? inside : -inside;
  return (p >= 0.0) & (p <= 1.0) ? (tail == 0.5 ? Doubles{} : z) : splat(F::kNan);
}
// log(ndtr x), without underflow on the left.
template <class C>
inline Doubles log_ndtr_of(Doubles x) {
  const Doubles a = x * -kRootHalf, half = 0.5 * x * x;
  const Doubles left = log_of<C>(0.5 * scaled_erfc<C>(magnitude(a))) - half;
  const Doubles right = log1p_of<C>(-0.5 * erfc_of<C>(-a));
  return x < -1.0 ? left : right;
}
// -x log x
template <class C>
inline Doubles entr_of(Doubles x) {
  using F = Float<Doubles>;
  const Doubles y = -x * log_of<C>(x);
  return x == 0.0 ? Doubles{} : x < 0.0 ? splat(-F::kInf) : y;
}

}  // namespace
}  // namespace tg::kernels
