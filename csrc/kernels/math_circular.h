// tan and the inverse circular functions. Bounds are the worst seen in doubles; floats: 0.51 ulp.
#pragma once
#include "kernels/math_wide.h"

namespace tg::kernels {
namespace {

template <class C>
struct CircularTerms;
template <>
struct CircularTerms<Short> {
  // (atan(t)/t - 1) / t^2 in t^2, t <= tan(pi/8): 2^-33.
  static constexpr double kAtan[] = {-0x1.5555554c0a61bp-2, 0x1.99997b1240d57p-3,  -0x1.248a16e1c4912p-3,
                                     0x1.c57ba18871bb4p-4,  -0x1.6143f1df028eep-4, 0x1.9d8962f8bdfd1p-5};
  // (asin(t)/t - 1) / t^2 in t^2, t <= 1/2: 2^-34.
  static constexpr double kAsin[] = {0x1.5555555c0171dp-3, 0x1.33331ecf8b70bp-4, 0x1.6dc0f007c13e8p-5, 0x1.efedf83ab6506p-6,
                                     0x1.82db23768c84fp-6, 0x1.5a80a068e3ee2p-7, 0x1.fb7ca379d49c6p-6};
};
template <>
struct CircularTerms<Full> {
  // 2^-58
  static constexpr double kAtan[] = {-0x1.5555555555555p-2, 0x1.9999999999953p-3, -0x1.249249248d7e6p-3, 0x1.c71c71c3045bap-4,
                                     -0x1.745d165de250bp-4, 0x1.3b1392d7e8f74p-4, -0x1.110e87e6a8722p-4, 0x1.e19a10824a50bp-5,
                                     -0x1.ac7a7bd8f05c0p-5, 0x1.74dd67f0d3109p-5, -0x1.1b32a3266af2ep-5, 0x1.0ad10221730d6p-6};
  // 2^-57
  static constexpr double kAsin[] = {0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5, 0x1.f1c71c1db0623p-6,
                                     0x1.6e8bb1c8209a2p-6, 0x1.1c4d35cf95421p-6, 0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7,
                                     0x1.52420b04b37bep-7, 0x1.65a9c4dfcf8b2p-8, 0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7,
                                     0x1.d72b2bc8155f8p-6};
};
constexpr double kPi = 0x1.921fb54442d18p+1, kPiLow = 0x1.1a62633145c07p-53;

// atan(n / d) for n, d >= 0: n/d, (n - d)/(n + d) or -d/n, whichever is at most tan(pi/8), from 0, pi/4 or pi/2.
template <class C>
inline Doubles atan_ratio(Doubles n, Doubles d) {
  const Longs steep = n > d * 2.4142135623730951, middle = ~steep & (n > d * 0.41421356237309503);
  const Doubles top = steep ? -d : middle ? n - d : n, bottom = steep ? n : middle ? n + d : d;
  const Doubles t = top / bottom, z = t * t;
  const Doubles quarters = steep ? splat(0.5) : middle ? splat(0.25) : Doubles{};
  return quarters * kPi + (quarters * kPiLow + (t + t * (z * horner(z, CircularTerms<C>::kAtan))));
}
// At most 1 ulp.
template <class C>
inline Doubles atan_of(Doubles x) {
  return with_sign(atan_ratio<C>(magnitude(x), splat(1.0)), x);
}
// At most 1.5 ulp.
template <class C>
inline Doubles atan2_of(Doubles y, Doubles x) {
  constexpr double kInf = Float<Doubles>::kInf;
  Doubles n = magnitude(y), d = magnitude(x);
  if constexpr (!C::kFloat) {  // n + d must not overflow
    const Longs big = (n > 0x1p1000) | (d > 0x1p1000);
    const Doubles scale = big ? splat(0x1p-30) : splat(1.0);
    n *= scale;
    d *= scale;
  }
  const Longs even = (n == kInf) & (d == kInf);
  n = even ? splat(1.0) : n;
  d = even | ((n == 0.0) & (d == 0.0)) ? splat(1.0) : d;
  const Doubles a = atan_ratio<C>(n, d);
  return with_sign(sign_bit(x) != 0 ? kPi - (a - kPiLow) : a, y);
}

// asin(r) for r <= 1/2; with r = sqrt((1 - a) / 2) it gives asin a = pi/2 - 2 asin r beyond.
template <class C>
inline Doubles asin_small(Doubles r, Doubles z) {
  return r + r * (z * horner(z, CircularTerms<C>::kAsin));
}
// At most 1 ulp.
template <class C>
inline Doubles asin_of(Doubles x) {
  const Doubles a = magnitude(x), rest = (1.0 - a) * 0.5;
  const Longs far = a > 0.5;
  const Doubles z = far ? rest : a * a, r = asin_small<C>(if_else(far, sqrt(z), a), z);
  return with_sign(far ? 0.5 * kPi - ((r + r) - 0.5 * kPiLow) : r, x);
}
// At most 1.5 ulp.
template <class C>
inline Doubles acos_of(Doubles x) {
  const Doubles a = magnitude(x), rest = (1.0 - a) * 0.5;
  const Longs far = a > 0.5, negative = x < 0.0;
  const Doubles z = far ? rest : a * a, r = asin_small<C>(if_else(far, sqrt(z), x), z);
  const Doubles near = 0.5 * kPi - (r - 0.5 * kPiLow);
  return far ? (negative ? kPi - ((r + r) - kPiLow) : r + r) : near;
}

inline float libm_tan(float x) { return __builtin_tanf(x); }
inline double libm_tan(double x) { return __builtin_tan(x); }
template <class V>
[[gnu::noinline]] V tan_with_libm(V x, V y, Longs good) {  // rare, so kept out of the loop
  for (int l = 0; l < kLanes<double>; ++l)
    if (!good[l]) y[l] = libm_tan(x[l]);
  return y;
}
// sin / cos, or -cos / sin in every other quadrant. At most 2 ulp.
template <class C>
inline Doubles tan_of(Doubles x) {
  using F = Float<Vec<float>>;
  using D = Float<Doubles>;
  const Doubles a = magnitude(x);
  const Rounded<Doubles> n = round_to_nearest(a * 0.63661977236758134);
  const auto [r, tail] = subtract_half_pi(a, n.value);
  const Doubles z = r * r, half = z * 0.5, w = 1.0 - half;
  Doubles sine, cosine;
  if constexpr (C::kFloat) {
    sine = r + z * r * (F::kSin[0] + z * (F::kSin[1] + z * double(F::kSin[2])));
    cosine = w + z * z * (F::kCos[0] + z * (F::kCos[1] + z * double(F::kCos[2])));
  } else {
    sine = r + (horner(z, D::kSin) * z * r + tail * w);
    cosine = w + (((1.0 - w) - half) + (horner(z, D::kCos) * (z * z) - r * tail));
  }
  const Longs turned = (n.integer & 1) != 0;
  const Doubles top = turned ? -cosine : sine, y = top / (turned ? sine : cosine);
  const Doubles signed_ = (Doubles)((Longs)y ^ sign_bit(x));
  const Longs good = (a < D::kCircularLimit) & ((magnitude(r) > 0x1p-40) | (n.value == 0.0));
  return all(good) ? signed_ : tan_with_libm(x, signed_, good);
}

}  // namespace
}  // namespace tg::kernels
