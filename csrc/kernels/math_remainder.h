// Quotients rounded to whole numbers and what they leave, in whole vectors: exact, as fmod is. Rare cases go to libm.
#pragma once
#include "kernels/math_power.h"

namespace tg::kernels {
namespace {

inline float libm_fmod(float a, float b) { return __builtin_fmodf(a, b); }
inline double libm_fmod(double a, double b) { return __builtin_fmod(a, b); }
inline double rounded_down(double x) { return __builtin_floor(x); }

// Python's convention: the remainder has the divisor's sign, the quotient is rounded down.
template <class T>
inline T python_remainder(T a, T b) {
  const T m = libm_fmod(a, b);
  return m != 0 && (b < 0) != (m < 0) ? m + b : m;
}
template <class T>
inline T python_floor_divide(T a, T b) {
  if (b == 0) return a / b;
  const T m = libm_fmod(a, b);
  T quotient = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) quotient -= 1;
  if (quotient == 0) return T(0) * (a / b);   // the zero with the right sign
  const T floor = T(rounded_down(quotient));  // the division may have fallen just short of a whole number
  return quotient - floor > T(0.5) ? floor + 1 : floor;
}

struct Fmod {
  template <class T>
  static T one(T a, T b) {
    return libm_fmod(a, b);
  }
};
struct Remainder {
  template <class T>
  static T one(T a, T b) {
    return python_remainder(a, b);
  }
};
struct FloorDivide {
  template <class T>
  static T one(T a, T b) {
    return python_floor_divide(a, b);
  }
};
template <class Op, class V>
[[gnu::noinline]] V one_by_one(V a, V b) {
  using T = decltype(a[0] + 0);
  for (int l = 0; l < kLanes<T>; ++l) a[l] = Op::one(T(a[l]), T(b[l]));
  return a;
}

inline Doubles rounded(Doubles x, bool down) {
  Doubles y;
  if (down)
    for (int l = 0; l < kLanes<double>; ++l) y[l] = __builtin_floor(x[l]);  // becomes one instruction
  else
    for (int l = 0; l < kLanes<double>; ++l) y[l] = __builtin_trunc(x[l]);
  return y;
}

// The quotient q of a / b rounded, and a - q b. The rounding of a / b can only have lifted q over a whole number, by one,
// and where |q| is below the limit the rest is exact. `good`: lanes of which that is true.
struct Division {
  Doubles quotient, rest;
  Longs good;
};
template <class C>
inline Division divide(Doubles a, Doubles b, bool down) {
  Doubles q = rounded(a / b, down), r;
  if constexpr (C::kFloat) {  // a quotient of floats below 2^24 is never so near a whole number
    r = a - q * b;
    return {q, r, (magnitude(q) < 0x1p24) & (magnitude(b) < 0x1p200)};
  } else {
    const Pair p = two_product(q, b);
    r = (a - p.high) - p.low;
    const Longs over = (r != 0.0) & (sign_bit(r) != sign_bit(down ? b : a));
    const Doubles one = with_sign(splat(1.0), a / b);
    q = over ? (down ? q - 1.0 : q - one) : q;
    r = over ? r + (down ? b : with_sign(magnitude(b), a)) : r;
    return {q, r, (magnitude(q) < 0x1p51) & (magnitude(b) < 0x1p900) & (magnitude(b) > 0x1p-900) & (magnitude(a) < 0x1p900)};
  }
}

template <class Op, class C>
inline Doubles divided(Doubles a, Doubles b, Longs& good) {
  constexpr bool kDown = __is_same(Op, FloorDivide);
  const Division d = divide<C>(a, b, kDown);
  good = d.good;
  if constexpr (kDown) return d.quotient;
  const Doubles m = with_sign(magnitude(d.rest), a);
  if constexpr (__is_same(Op, Fmod)) return m;
  return (m != 0.0) & (sign_bit(m) != sign_bit(b)) ? m + b : m;
}

template <class Op>
struct Divided {
  Doubles operator()(Doubles a, Doubles b) const {
    Longs good;
    const Doubles y = divided<Op, Full>(a, b, good);
    return all(good) ? y : one_by_one<Op>(a, b);
  }
  Vec<float> operator()(Vec<float> a, Vec<float> b) const {
    using Wide = InDouble<Op>;
    const auto x = Wide::halves(a), y = Wide::halves(b);
    Longs low_good, high_good;
    const typename Wide::Halves h{Wide::narrow(divided<Op, Short>(Wide::widen(x.low), Wide::widen(y.low), low_good)),
                                  Wide::narrow(divided<Op, Short>(Wide::widen(x.high), Wide::widen(y.high), high_good))};
    return all(low_good & high_good) ? __builtin_bit_cast(Vec<float>, h) : one_by_one<Op>(a, b);
  }
};

}  // namespace
}  // namespace tg::kernels
