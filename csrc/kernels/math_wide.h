// What the functions in doubles share: floats are widened to double, computed with short polynomials there and rounded once,
// which is at most 0.51 ulp and cheaper than being careful; doubles run through the same lines with long polynomials.
// The polynomials interpolate at Chebyshev points, in 50 digits, on the intervals stated; knows no strides or tables.
#pragma once
#include "kernels/math.h"

namespace tg::kernels {
namespace {

using Doubles = Vec<double>;
using Longs = Vec<int64_t>;
typedef float HalfFloats __attribute__((vector_size(TG_VEC_BYTES / 2)));

struct Short {  // for floats
  static constexpr bool kFloat = true;
  // (2 atanh(s) - 2s) / s^3 in s^2, as kLog in math.h: 2^-43.
  static constexpr double kLog[] = {0x1.5555555564eb5p-1, 0x1.999998cae7df2p-2, 0x1.249323f4dad55p-2, 0x1.c67ad2107e9d4p-3,
                                    0x1.8c8cac2ff1febp-3};
  // (e^r - 1 - r) / r^2 on |r| <= ln(2)/2: 2^-32.
  static constexpr double kExp[] = {0x1.0000000b8fb6dp-1, 0x1.5555555a78488p-3,  0x1.5554e90f41648p-5,
                                    0x1.1110e0f63cedcp-7, 0x1.6d4317dde5b58p-10, 0x1.a124e67917289p-13};
};
struct Full {  // for doubles
  static constexpr bool kFloat = false;
  static constexpr const auto& kLog = Float<Doubles>::kLog;
  static constexpr const auto& kExp = Float<Doubles>::kExp;
};

// An operation on vectors of doubles, F{}(terms, x...), as one on vectors of either type.
template <class F>
struct InDouble {
  struct Halves {
    HalfFloats low, high;
  };
  static Halves halves(Vec<float> x) { return __builtin_bit_cast(Halves, x); }
  static Doubles widen(HalfFloats x) { return __builtin_convertvector(x, Doubles); }
  static HalfFloats narrow(Doubles x) { return __builtin_convertvector(x, HalfFloats); }

  template <class... V>
  Doubles operator()(Doubles x, V... rest) const {
    return F{}(Full{}, x, rest...);
  }
  template <class... V>
  Vec<float> operator()(Vec<float> x, V... rest) const {
    const Halves h{narrow(F{}(Short{}, widen(halves(x).low), widen(halves(rest).low)...)),
                   narrow(F{}(Short{}, widen(halves(x).high), widen(halves(rest).high)...))};
    return __builtin_bit_cast(Vec<float>, h);
  }
  // Half of the work will often do.
  template <class... V>
  static Vec<float> some(int64_t count, Vec<float> x, V... rest) {
    if (count > kLanes<double>) return InDouble{}(x, rest...);
    const HalfFloats low = narrow(F{}(Short{}, widen(halves(x).low), widen(halves(rest).low)...));
    return __builtin_bit_cast(Vec<float>, (Halves{low, low}));
  }
};
template <class F>
constexpr InDouble<F> in_double(F) {
  return {};
}

inline Doubles nearest(Doubles x) {
  Doubles y;
  for (int l = 0; l < kLanes<double>; ++l) y[l] = __builtin_rint(x[l]);  // becomes one instruction
  return y;
}
inline Doubles with_sign(Doubles magnitude_, Doubles sign) { return (Doubles)((Longs)magnitude_ | sign_bit(sign)); }
inline Doubles if_else(Longs mask, Doubles a, Doubles b) { return mask ? a : b; }

// x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt 2), for x > 0.
struct Power2 {
  Doubles k, f;
};
template <class C>
inline Power2 split_power(Doubles x) {
  using F = Float<Doubles>;
  const Longs tiny = C::kFloat ? Longs{} : x < F::kMinNormal;  // a float is never a denormal double
  if constexpr (!C::kFloat) x = tiny ? x * 0x1p52 : x;
  const Longs root_half = (Longs)splat(0.70710678118654752);
  const Longs above = ((Longs)x ^ sign_bit(x)) - root_half;
  const Longs exponent = above >> F::kMantissa;
  const Doubles f = (Doubles)(above - (exponent << F::kMantissa) + root_half) - 1.0;
  const Doubles k = to_float<Doubles>(exponent);
  return {tiny ? k - 52.0 : k, f};
}
// k ln 2 + log(1 + f)
template <class C>
inline Doubles log_parts(Doubles k, Doubles f) {
  using F = Float<Doubles>;
  const Doubles s = f / (f + 2.0), z = s * s, half_square = f * f * 0.5;
  const Doubles rest = s * (half_square + z * horner(z, C::kLog)) + k * F::kLn2Low;
  return k * F::kLn2High - ((half_square - rest) - f);
}
// What a logarithm of x is where x is no positive number.
inline Doubles log_special(Doubles x, Doubles y) {
  using F = Float<Doubles>;
  y = x < F::kInf ? y : x;
  y = x < 0.0 ? splat(F::kNan) : y;
  return x == 0.0 ? splat(-F::kInf) : y;
}
template <class C>
inline Doubles log_of(Doubles x) {
  const Power2 p = split_power<C>(x);
  return log_special(x, log_parts<C>(p.k, p.f));
}
template <class C>
inline Doubles log1p_of(Doubles x) {
  const Doubles u = x + 1.0;
  const Power2 p = split_power<C>(u);
  const Longs near = p.k == 0.0;
  Doubles y = log_parts<C>(p.k, near ? x : p.f);
  if constexpr (!C::kFloat) {  // what the rounding of 1 + x lost
    const Doubles lost = p.k > 0.0 ? 1.0 - (u - x) : x - (u - 1.0);
    y += near | (u > 0x1p60) | (u <= 0.0) ? Doubles{} : lost / u;
  }
  y = log_special(u, y);
  return x == 0.0 ? x : y;
}

// e^(x + tail) = 2^n (1 + m), for x within exp's finite range and a small tail.
template <class C>
inline ExpParts<Doubles> exp_split(Doubles x, Doubles tail = Doubles{}) {
  using F = Float<Doubles>;
  const Rounded<Doubles> n = round_to_nearest(x * 1.4426950408889634);
  const Doubles high = x - n.value * F::kLn2High, middle = high - n.value * F::kLn2Low, r = middle + tail;
  const Doubles lost = ((high - middle) - n.value * F::kLn2Low) + (tail - (r - middle));
  return {(horner(r, C::kExp) * (r * r) + lost) + r, n.integer};
}
inline Doubles exp_range(Doubles x) {
  using F = Float<Doubles>;
  x = x > F::kExpHigh + 1 ? splat(F::kExpHigh + 1) : x;
  return x < F::kExpLow ? splat(F::kExpLow) : x;
}
// 2^(n + more) (1 + m), overflow and underflow included.
inline Doubles exp_join(ExpParts<Doubles> e, int more = 0) {
  const Longs n = e.n + more, half = n >> 1;
  return (e.m + 1.0) * power_of_two<Doubles>(half) * power_of_two<Doubles>(n - half);
}
template <class C>
inline Doubles exp_of(Doubles x, Doubles tail = Doubles{}) {
  return exp_join(exp_split<C>(exp_range(x), tail));
}
// 2^n m + (2^n - 1), or e^x - 1 where 2^n is so large that nothing is lost.
template <class C>
inline Doubles expm1_of(Doubles x) {
  const ExpParts<Doubles> e = exp_split<C>(exp_range(x));
  const Doubles scale = power_of_two<Doubles>(e.n), near = scale * e.m + (scale - 1.0);
  const Doubles y = x > 40.0 ? exp_join(e) : x < -50.0 ? splat(-1.0) : near;
  return x == 0.0 ? x : y;
}

}  // namespace
}  // namespace tg::kernels
