// Elementwise arithmetic, rounding and bits: one line per operation and family of types.
// Must not know strides (loops.h) or how functions are approximated (math*.h).
#include "kernels/families.h"
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline uint64_t absolute(int64_t x) { return x < 0 ? 0 - uint64_t(x) : uint64_t(x); }
inline uint32_t absolute(int32_t x) { return x < 0 ? 0 - uint32_t(x) : uint32_t(x); }
inline uint8_t absolute(uint8_t x) { return x; }

inline float rounded_down(float x) { return __builtin_floorf(x); }
inline double rounded_down(double x) { return __builtin_floor(x); }
inline float rounded_up(float x) { return __builtin_ceilf(x); }
inline double rounded_up(double x) { return __builtin_ceil(x); }
inline float truncated(float x) { return __builtin_truncf(x); }
inline double truncated(double x) { return __builtin_trunc(x); }
inline float to_even(float x) { return __builtin_rintf(x); }
inline double to_even(double x) { return __builtin_rint(x); }
inline float sign_of(float x, float sign) { return __builtin_copysignf(x, sign); }
inline double sign_of(double x, double sign) { return __builtin_copysign(x, sign); }

// The callers refuse a zero divisor beforehand; here it must merely not trap, and neither must the one overflow.
template <class T>
inline T int_modulo(T a, T b) {  // with the dividend's sign
  return b == 0 || b == T(-1) ? (b == 0 || T(-1) < 0 ? T(0) : T(a % b)) : T(a % b);
}
template <class T>
inline T int_remainder(T a, T b) {  // Python's: with the divisor's sign
  const T m = int_modulo(a, b);
  return m != 0 && (b < 0) != (m < 0) ? m + b : m;
}
template <class T>
inline T int_truncate_divide(T a, T b) {
  if (b == 0) return 0;
  return T(-1) < 0 && b == T(-1) ? T(0 - uint64_t(a)) : T(a / b);
}
template <class T>
inline T int_floor_divide(T a, T b) {
  const T quotient = int_truncate_divide(a, b);
  return int_modulo(a, b) != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

template <class T>
inline T common_divisor(T x, T y) {
  auto a = absolute(x), b = absolute(y);
  while (b != 0) {
    const auto rest = a % b;
    a = b;
    b = decltype(b)(rest);
  }
  return T(a);
}
template <class T>
inline T common_multiple(T x, T y) {
  const T divisor = common_divisor(x, y);
  return divisor == 0 ? T(0) : T(absolute(T(uint64_t(x / divisor) * uint64_t(y))));
}

// A shift by more than the width gives what shifting one by one would; a negative one too, as in PyTorch.
template <class T>
inline bool beyond(T count) {
  return count < 0 || count >= T(8 * sizeof(T));
}
template <class T>
inline T shifted_left(T x, T count) {
  return beyond(count) ? T(0) : T(uint64_t(x) << count);
}
template <class T>
inline T shifted_right(T x, T count) {
  return T(x >> (beyond(count) ? T(8 * sizeof(T) - 1) : count)) * T(T(-1) < 0 || !beyond(count));
}

void fill_arithmetic(ElementwiseTable& t) {
  const auto negate = [](auto a) { return -a; };
  floats(t.neg, negate);
  wrapping(t.neg, negate);
  const auto add = [](auto a, auto b) { return a + b; };
  floats(t.add, add);
  wrapping(t.add, add);
  const auto subtract = [](auto a, auto b) { return a - b; };
  floats(t.sub, subtract);
  wrapping(t.sub, subtract);
  const auto subtract_from = [](auto a, auto b) { return b - a; };
  floats(t.rsub, subtract_from);
  wrapping(t.rsub, subtract_from);
  const auto multiply = [](auto a, auto b) { return a * b; };
  floats(t.mul, multiply);
  wrapping(t.mul, multiply);
  floats(t.div, [](auto a, auto b) { return a / b; });

  integers(t.floor_divide, [](auto a, auto b) { return int_floor_divide(a, b); });
  integers(t.remainder, [](auto a, auto b) { return int_remainder(a, b); });
  integers(t.fmod, [](auto a, auto b) { return int_modulo(a, b); });
  floats(t.trunc_divide, [](auto a, auto b) { return truncated(a / b); });
  integers(t.trunc_divide, [](auto a, auto b) { return int_truncate_divide(a, b); });
  integers(t.gcd, [](auto a, auto b) { return common_divisor(a, b); });
  integers(t.lcm, [](auto a, auto b) { return common_multiple(a, b); });

  const auto add_product = [](auto a, auto b, auto c) { return a + b * c; };
  floats(t.addcmul, add_product);
  wrapping(t.addcmul, add_product);
  floats(t.addcdiv, [](auto a, auto b, auto c) { return a + b / c; });
  // From the nearer end, so that the weight 1 gives b exactly.
  floats(t.lerp, [](auto a, auto b, auto w) {
    using T = decltype(a);
    return absolute(w) < T(0.5) ? a + w * (b - a) : b - (b - a) * (1 - w);
  });
}

void fill_rounding(ElementwiseTable& t) {
  const auto magnitude = [](auto a) { return absolute(a); };
  floats(t.abs, magnitude);
  integers(t.abs, magnitude);
  const auto sign = [](auto a) { return (a > 0) - (a < 0); };  // of NaN 0, as in PyTorch
  floats(t.sign, sign);
  integers(t.sign, sign);
  floats(t.copysign, [](auto a, auto b) { return sign_of(a, b); });
  floats(t.floor, [](auto a) { return rounded_down(a); });
  floats(t.ceil, [](auto a) { return rounded_up(a); });
  floats(t.trunc, [](auto a) { return truncated(a); });
  floats(t.round, [](auto a) { return to_even(a); });

  const auto round_to = []<class T>(T a, RoundTo<T> p) {
    return p.scale > 0 ? to_even(a * p.scale) / p.scale : to_even(a / -p.scale) * -p.scale;
  };
  t.round_to.fn[kFloat32] = map<decltype(round_to), float, float, RoundTo<float>>;
  t.round_to.fn[kFloat64] = map<decltype(round_to), double, double, RoundTo<double>>;
  const auto replace = []<class T>(T a, Replacements<T> p) {
    return a != a ? p.nan : a == T(__builtin_inf()) ? p.high : a == -T(__builtin_inf()) ? p.low : a;
  };
  t.nan_to_num.fn[kFloat32] = map<decltype(replace), float, float, Replacements<float>>;
  t.nan_to_num.fn[kFloat64] = map<decltype(replace), double, double, Replacements<double>>;
}

void fill_bits(ElementwiseTable& t) {
  wrapping(t.bitwise_not, [](auto a) { return ~a; });
  bools(t.bitwise_not, [](auto a) { return a ^ 1; });
  const auto both = [](auto a, auto b) { return a & b; };
  wrapping(t.bitwise_and, both);
  bools(t.bitwise_and, both);
  bools(t.mul, both);
  const auto either = [](auto a, auto b) { return a | b; };
  wrapping(t.bitwise_or, either);
  bools(t.bitwise_or, either);
  bools(t.add, either);
  const auto differ = [](auto a, auto b) { return a ^ b; };
  wrapping(t.bitwise_xor, differ);
  bools(t.bitwise_xor, differ);
  integers(t.left_shift, [](auto a, auto b) { return shifted_left(a, b); });
  integers(t.right_shift, [](auto a, auto b) { return shifted_right(a, b); });
}

}  // namespace

namespace TG_ISA {
void fill_elementwise(ElementwiseTable& t) {
  fill_arithmetic(t);
  fill_rounding(t);
  fill_bits(t);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
