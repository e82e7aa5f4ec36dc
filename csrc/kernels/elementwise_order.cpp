// Elementwise order, comparison, logic and selection: one line per operation and family of types.
// Must not know strides or vectors (loops.h).
#include "kernels/families.h"
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

// NaN wins, from either side; of equals the first.
template <class T>
inline T larger(T a, T b) {
  return (a < b) | (b != b) ? b : a;
}
template <class T>
inline T smaller(T a, T b) {
  return (a > b) | (b != b) ? b : a;
}

inline float magnitude_of(float x) { return __builtin_fabsf(x); }
inline double magnitude_of(double x) { return __builtin_fabs(x); }
inline bool negative(float x) { return __builtin_bit_cast(int32_t, x) < 0; }
inline bool negative(double x) { return __builtin_bit_cast(int64_t, x) < 0; }
inline bool negative(int64_t x) { return x < 0; }
inline bool negative(int32_t x) { return x < 0; }
inline bool negative(uint8_t) { return false; }

template <class Op>
void float_predicate(ByType& entry, Op) {
  entry.fn[kFloat32] = loop_of<Op, uint8_t, float>();
  entry.fn[kFloat64] = loop_of<Op, uint8_t, double>();
}

void fill_extremes(ElementwiseTable& t) {
  const auto relu = [](auto a) { return a < 0 ? decltype(a)(0) : a; };  // of NaN NaN
  floats(t.relu, relu);
  integers(t.relu, relu);
  floats(t.relu_grad, [](auto dy, auto y) { return y > 0 ? dy : decltype(dy)(0); });

  const auto maximum = [](auto a, auto b) { return larger(a, b); };
  floats(t.maximum, maximum);
  integers(t.maximum, maximum);
  bools(t.maximum, maximum);
  const auto minimum = [](auto a, auto b) { return smaller(a, b); };
  floats(t.minimum, minimum);
  integers(t.minimum, minimum);
  bools(t.minimum, minimum);
  const auto fmax = [](auto a, auto b) { return (a < b) | (a != a) ? b : a; };  // NaN loses
  floats(t.fmax, fmax);
  integers(t.fmax, fmax);
  bools(t.fmax, fmax);
  const auto fmin = [](auto a, auto b) { return (a > b) | (a != a) ? b : a; };
  floats(t.fmin, fmin);
  integers(t.fmin, fmin);
  bools(t.fmin, fmin);
  const auto clamp = [](auto x, auto low, auto high) { return smaller(larger(x, low), high); };
  floats(t.clamp, clamp);
  integers(t.clamp, clamp);
  const auto step = [](auto x, auto at_zero) { return x == 0 ? at_zero : decltype(x)(x > 0); };
  floats(t.heaviside, step);
  integers(t.heaviside, step);
  bools(t.heaviside, step);
}

void fill_comparison(ElementwiseTable& t) {
  predicate(t.eq, [](auto a, auto b) { return a == b; });
  predicate(t.ne, [](auto a, auto b) { return a != b; });
  predicate(t.lt, [](auto a, auto b) { return a < b; });
  predicate(t.le, [](auto a, auto b) { return a <= b; });
  predicate(t.gt, [](auto a, auto b) { return a > b; });
  predicate(t.ge, [](auto a, auto b) { return a >= b; });
  predicate(t.logical_not, [](auto a) { return a == 0; });
  predicate(t.logical_and, [](auto a, auto b) { return (a != 0) & (b != 0); });
  predicate(t.logical_or, [](auto a, auto b) { return (a != 0) | (b != 0); });
  predicate(t.logical_xor, [](auto a, auto b) { return (a != 0) ^ (b != 0); });
  predicate(t.signbit, [](auto a) { return negative(a); });
  float_predicate(t.isnan, [](auto a) { return a != a; });
  float_predicate(t.isinf, [](auto a) { return magnitude_of(a) == __builtin_inff(); });
  float_predicate(t.isfinite, [](auto a) { return magnitude_of(a) < __builtin_inff(); });
  float_predicate(t.isposinf, [](auto a) { return a == __builtin_inff(); });
  float_predicate(t.isneginf, [](auto a) { return a == -__builtin_inff(); });
  const auto close = []<class T>(T a, T b, Tolerance<T> p) {
    const bool near = magnitude_of(a - b) <= p.absolute + magnitude_of(p.relative * b);
    return (a == b) | (near & (magnitude_of(b) < __builtin_inff())) | (p.equal_nan & (a != a) & (b != b));
  };
  t.isclose.fn[kFloat32] = map<decltype(close), uint8_t, float, float, Tolerance<float>>;
  t.isclose.fn[kFloat64] = map<decltype(close), uint8_t, double, double, Tolerance<double>>;
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
void fill_order(ElementwiseTable& t) {
  fill_extremes(t);
  fill_comparison(t);
  fill_where(t);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
