// What activations need beyond math.h: softplus, and the tail of the normal distribution.
// Knows no strides, tails or tables. Coefficients are Chebyshev interpolants made for this file in 50 digits.
#pragma once
#include "kernels/math.h"

namespace tg::kernels {
namespace {

// max(x, 0) + log(1 + e^-|x|) = log(1 + e^x) without overflow. At most 2.5 ulp.
template <class V>
inline V softplus(V x) {
  using T = typename Float<V>::T;
  return (x < T(0) ? V{} : x) + log1p(exp(-magnitude(x)));
}

template <class V>
struct NormalFit;
// erfcx(a / sqrt 2) / 2 (1 + a) in t = (a - kCentre) / (a + kCentre).
template <>
struct NormalFit<Vec<float>> {  // a <= 14.6: 2^-28.6
  static constexpr float kEnd = 14.6f, kCentre = 4;
  static constexpr float kTail[] = {0x1.e361eap-2f,  -0x1.8c18fp-4f,   0x1.cabd6cp-7f,  0x1.d49536p-6f,
                                    -0x1.07c392p-5f, 0x1.25ebd8p-6f,   -0x1.47d6fap-8f, -0x1.3af80cp-12f,
                                    0x1.6a5baep-11f, -0x1.149316p-14f, -0x1.367d94p-14f};
  static constexpr float kSplit = 0x1.001p12f;
};
template <>
struct NormalFit<Vec<double>> {  // a <= 39: 2^-58.5
  static constexpr double kEnd = 39, kCentre = 5;
  static constexpr double kTail[] = {
      0x1.d8979b0f2b39dp-2,   -0x1.76ff86859eb14p-4,  0x1.fc66cc64a145bp-6,  0x1.47c1d0305488fp-7,   -0x1.b08e0007b6a3bp-6,
      0x1.92037bab4757ap-6,   -0x1.f11aab02b2bbap-7,  0x1.ab6d038d45473p-8,  -0x1.b75f4fa1ef08fp-10, 0x1.0571a2341cd75p-17,
      0x1.7e61e85ba9c1ap-13,  -0x1.c1b1c6b5be1dep-15, -0x1.4c0fd9cf4248p-17, 0x1.3003953b2830dp-17,  -0x1.2c3638e42e5aap-24,
      -0x1.5f33ba28439c1p-20, 0x1.1078e62c322b9p-23,  0x1.a76820332c336p-23, -0x1.ace4216aea953p-26, -0x1.0d0b365177dc7p-25,
      0x1.6e285754293d7p-29,  0x1.27e6b14b8a694p-28,  0x1.1ea95ad704182p-36, -0x1.3094bd31dc53p-32};
  static constexpr double kSplit = 0x1.0000002p27;
};

// The standard normal distribution at x: its density and both tails, each to a few ulp however small.
template <class V>
struct Normal {
  V density, below;  // e^(-x^2/2) / sqrt(2 pi), P(X <= x)
};
template <class V>
inline Normal<V> normal(V x) {
  using F = NormalFit<V>;
  using T = typename Float<V>::T;
  V a = magnitude(x);
  a = a > F::kEnd ? splat(F::kEnd) : a;
  // a^2 exactly, as square + lost: the exponential would magnify the rounding.
  const V split = a * F::kSplit, high = split - (split - a), low = a - high, square = a * a;
  const V lost = ((high * high - square) + high * low * T(2)) + low * low;
  const V bell = exp(square * T(-0.5)) * (T(1) - lost * T(0.5));
  const V tail = bell * (horner((a - F::kCentre) / (a + F::kCentre), F::kTail) / (a + T(1)));
  return {bell * T(0.39894228040143268), x < T(0) ? tail : T(1) - tail};
}

}  // namespace
}  // namespace tg::kernels
