// Transcendental elementwise operations, their gradients, and pow.
// Must not know how the functions are approximated (math.h) or how rows are walked (loops.h).
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"

namespace tg::kernels {
namespace {

template <class Op>
void one_input(ByType& entry, Op) {
  entry.fn[kFloat32] = map_vector<Op, float, float>;
  entry.fn[kFloat64] = map_vector<Op, double, double>;
}
template <class Op>
void two_inputs(ByType& entry, Op) {
  entry.fn[kFloat32] = map_vector<Op, float, float, float>;
  entry.fn[kFloat64] = map_vector<Op, double, double, double>;
}

// Bit for bit the value of a repeated product, so negative bases and overflow wrap as multiplication does.
template <class T, class Unsigned>
inline T int_power(T base, T exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == T(-1) ? (exponent & 1 ? T(-1) : T(1)) : T(0);
  Unsigned result = 1, square = Unsigned(base);
  for (Unsigned e = Unsigned(exponent); e; e >>= 1) {
    if (e & 1) result *= square;
    square *= square;
  }
  return T(result);
}
inline float power(float a, float b) { return __builtin_powf(a, b); }
inline double power(double a, double b) { return __builtin_pow(a, b); }
inline int64_t power(int64_t a, int64_t b) { return int_power<int64_t, uint64_t>(a, b); }
inline int32_t power(int32_t a, int32_t b) { return int_power<int32_t, uint32_t>(a, b); }
inline uint8_t power(uint8_t a, uint8_t b) { return int_power<uint8_t, uint32_t>(a, b); }

using Power = decltype([](auto a, auto b) { return power(a, b); });
using Square = decltype([](auto a) { return a * a; });
using Cube = decltype([](auto a) { return a * a * a; });
using Reciprocal = decltype([](auto a) { return 1 / a; });
using SquareRoot = decltype([](auto a) { return sqrt(a); });

// One exponent for all is the common case, and the common exponents are cheap.
template <class T>
void float_pow(const Loop& l) {
  const bool constant = l.step[2] == 0 && (l.rows == 1 || l.row_step[2] == 0);
  const T exponent = constant && l.n > 0 && l.rows > 0 ? *reinterpret_cast<const T*>(l.ptr[2]) : T(0);
  if (exponent == T(2)) return map<Square, T, T>(l);
  if (exponent == T(3)) return map<Cube, T, T>(l);
  if (exponent == T(0.5)) return map_vector<SquareRoot, T, T>(l);
  if (exponent == T(-1)) return map<Reciprocal, T, T>(l);
  map<Power, T, T, T>(l);
}

}  // namespace

namespace TG_ISA {
void fill_math(ElementwiseTable& t) {
  one_input(t.exp, [](auto x) { return exp(x); });
  one_input(t.log, [](auto x) { return log(x); });
  one_input(t.sqrt, SquareRoot{});
  one_input(t.sin, [](auto x) { return sin(x); });
  one_input(t.cos, [](auto x) { return cos(x); });
  one_input(t.tanh, [](auto x) { return tanh(x); });
  one_input(t.sigmoid, [](auto x) { return sigmoid(x); });
  two_inputs(t.tanh_grad, [](auto dy, auto y) { return dy * (1 - y * y); });
  two_inputs(t.sigmoid_grad, [](auto dy, auto y) { return dy * (1 - y) * y; });

  integers(t.pow, Power{});
  t.pow.fn[kFloat32] = float_pow<float>;
  t.pow.fn[kFloat64] = float_pow<double>;
}
}  // namespace TG_ISA

}  // namespace tg::kernels
