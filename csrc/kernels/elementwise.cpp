// Elementwise arithmetic, comparison, logic and selection: one line per operation and family of types.
// Must not know strides or vectors (loops.h); the transcendental operations are in elementwise_math.cpp.
#include "kernels/families.h"
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

inline float modulo(float a, float b) { return __builtin_fmodf(a, b); }
inline double modulo(double a, double b) { return __builtin_fmod(a, b); }
inline float round_down(float x) { return __builtin_floorf(x); }
inline double round_down(double x) { return __builtin_floor(x); }
inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline uint64_t absolute(int64_t x) { return x < 0 ? 0 - uint64_t(x) : uint64_t(x); }
inline uint32_t absolute(int32_t x) { return x < 0 ? 0 - uint32_t(x) : uint32_t(x); }

// NaN wins, from either side; of equals the first.
template <class T>
inline T larger(T a, T b) {
  return (a < b) | (b != b) ? b : a;
}
template <class T>
inline T smaller(T a, T b) {
  return (a > b) | (b != b) ? b : a;
}

// Python's convention: the remainder has the divisor's sign, the quotient is rounded down.
template <class T>
inline T float_remainder(T a, T b) {
  const T m = modulo(a, b);
  return m != 0 && (b < 0) != (m < 0) ? m + b : m;
}
template <class T>
inline T float_floor_divide(T a, T b) {
  if (b == 0) return a / b;
  const T m = modulo(a, b);
  T quotient = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) quotient -= 1;
  if (quotient == 0) return T(0) * (a / b);  // the zero with the right sign
  const T floor = round_down(quotient);      // the division may have fallen just short of a whole number
  return quotient - floor > T(0.5) ? floor + 1 : floor;
}

// The callers refuse a zero divisor beforehand; here it must merely not trap, and neither must the one overflow.
template <class T>
inline T int_remainder(T a, T b) {
  if (b == 0 || b == T(-1)) return b == 0 || T(-1) < 0 ? 0 : T(a % b);
  const T m = a % b;
  return m != 0 && (b < 0) != (m < 0) ? m + b : m;
}
template <class T>
inline T int_floor_divide(T a, T b) {
  if (b == 0) return 0;
  if (T(-1) < 0 && b == T(-1)) return T(0 - uint64_t(a));
  const T quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
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
  const auto multiply = [](auto a, auto b) { return a * b; };
  floats(t.mul, multiply);
  wrapping(t.mul, multiply);
  floats(t.div, [](auto a, auto b) { return a / b; });

  floats(t.floor_divide, [](auto a, auto b) { return float_floor_divide(a, b); });
  integers(t.floor_divide, [](auto a, auto b) { return int_floor_divide(a, b); });
  floats(t.remainder, [](auto a, auto b) { return float_remainder(a, b); });
  integers(t.remainder, [](auto a, auto b) { return int_remainder(a, b); });
}

void fill_order(ElementwiseTable& t) {
  const auto magnitude = [](auto a) {
    if constexpr (sizeof(a) == 1)
      return a;
    else
      return absolute(a);
  };
  floats(t.abs, magnitude);
  integers(t.abs, magnitude);
  const auto sign = [](auto a) { return (a > 0) - (a < 0); };  // of NaN 0, as in PyTorch
  floats(t.sign, sign);
  integers(t.sign, sign);
  const auto relu = [](auto a) { return a < 0 ? decltype(a)(0) : a; };  // of NaN NaN
  floats(t.relu, relu);
  integers(t.relu, relu);
  floats(t.relu_grad, [](auto dy, auto y) { return y > 0 ? dy : decltype(dy)(0); });

  const auto maximum = [](auto a, auto b) { return larger(a, b); };
  floats(t.maximum, maximum);
  integers(t.maximum, maximum);
  const auto minimum = [](auto a, auto b) { return smaller(a, b); };
  floats(t.minimum, minimum);
  integers(t.minimum, minimum);
  const auto clamp = [](auto x, auto low, auto high) { return smaller(larger(x, low), high); };
  floats(t.clamp, clamp);
  integers(t.clamp, clamp);

  predicate(t.eq, [](auto a, auto b) { return a == b; });
  predicate(t.ne, [](auto a, auto b) { return a != b; });
  predicate(t.lt, [](auto a, auto b) { return a < b; });
  predicate(t.le, [](auto a, auto b) { return a <= b; });
  predicate(t.gt, [](auto a, auto b) { return a > b; });
  predicate(t.ge, [](auto a, auto b) { return a >= b; });
  predicate(t.logical_not, [](auto a) { return a == 0; });
  ByType is_nan;
  predicate(is_nan, [](auto a) { return a != a; });
  t.isnan.fn[kFloat32] = is_nan[kFloat32];
  t.isnan.fn[kFloat64] = is_nan[kFloat64];
}

void fill_bits(ElementwiseTable& t) {
  wrapping(t.bitwise_not, [](auto a) { return ~a; });
  bools(t.bitwise_not, [](auto a) { return a ^ 1; });
  const auto both = [](auto a, auto b) { return a & b; };
  wrapping(t.bitwise_and, both);
  bools(t.bitwise_and, both);
  bools(t.mul, both);
  bools(t.minimum, both);
  const auto either = [](auto a, auto b) { return a | b; };
  wrapping(t.bitwise_or, either);
  bools(t.bitwise_or, either);
  bools(t.add, either);
  bools(t.maximum, either);
  const auto differ = [](auto a, auto b) { return a ^ b; };
  wrapping(t.bitwise_xor, differ);
  bools(t.bitwise_xor, differ);
}

void fill_where(ElementwiseTable& t) {
  using Where = decltype([](uint8_t condition, auto a, auto b) { return condition ? a : b; });
  t.where.fn[kFloat32] = map<Where, float, uint8_t, float, float>;
  t.where.fn[kFloat64] = map<Where, double, uint8_t, double, double>;
  t.where.fn[kInt64] = map<Where, int64_t, uint8_t, int64_t, int64_t>;
  t.where.fn[kInt32] = map<Where, int32_t, uint8_t, int32_t, int32_t>;
  t.where.fn[kUint8] = t.where.fn[kBool] = map<Where, uint8_t, uint8_t, uint8_t, uint8_t>;
}

}  // namespace

namespace TG_ISA {
void fill_elementwise(ElementwiseTable& t) {
  fill_arithmetic(t);
  fill_order(t);
  fill_bits(t);
  fill_where(t);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
