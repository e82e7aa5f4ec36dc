// Elementary transcendental operations, their gradients, powers and remainders.
// Must not know how the functions are approximated (math*.h) or how rows are walked (loops.h).
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math_circular.h"
#include "kernels/math_power.h"
#include "kernels/math_remainder.h"

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
template <class F>
void one_wide(ByType& entry, F) {
  one_input(entry, InDouble<F>{});
}
template <class F>
void two_wide(ByType& entry, F) {
  two_inputs(entry, InDouble<F>{});
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
inline int64_t power(int64_t a, int64_t b) { return int_power<int64_t, uint64_t>(a, b); }
inline int32_t power(int32_t a, int32_t b) { return int_power<int32_t, uint32_t>(a, b); }
inline uint8_t power(uint8_t a, uint8_t b) { return int_power<uint8_t, uint32_t>(a, b); }

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

using Power = InDouble<decltype([]<class C>(C, Doubles x, Doubles y) { return pow_of(C{}, x, y); })>;
using Square = decltype([](auto a) { return a * a; });
using Cube = decltype([](auto a) { return a * a * a; });
using Reciprocal = decltype([](auto a) { return 1 / a; });
using Root = decltype([](auto a) { return root(a); });
using ReciprocalRoot = decltype([](auto a) { return 1 / root(a); });
using ReciprocalSquare = decltype([](auto a) { return 1 / (a * a); });

// One exponent for all is the common case, and the common exponents are cheap.
template <class T>
void float_pow(const Loop& l) {
  const bool constant = l.step[2] == 0 && (l.rows == 1 || l.row_step[2] == 0);
  const T exponent = constant && l.n > 0 && l.rows > 0 ? *reinterpret_cast<const T*>(l.ptr[2]) : T(0);
  if (exponent == T(2)) return map<Square, T, T>(l);
  if (exponent == T(3)) return map<Cube, T, T>(l);
  if (exponent == T(0.5)) return map<Root, T, T>(l);  // also of -inf, as in PyTorch
  if (exponent == T(-1)) return map<Reciprocal, T, T>(l);
  if (exponent == T(-2)) return map<ReciprocalSquare, T, T>(l);
  if (exponent == T(-0.5)) return map<ReciprocalRoot, T, T>(l);
  map_vector<Power, T, T, T>(l);
}

void fill_circular(ElementwiseTable& t) {
  one_input(t.sin, [](auto x) { return sin(x); });
  one_input(t.cos, [](auto x) { return cos(x); });
  one_wide(t.tan, []<class C>(C, Doubles x) { return tan_of<C>(x); });
  one_wide(t.asin, []<class C>(C, Doubles x) { return asin_of<C>(x); });
  one_wide(t.acos, []<class C>(C, Doubles x) { return acos_of<C>(x); });
  one_wide(t.atan, []<class C>(C, Doubles x) { return atan_of<C>(x); });
  two_wide(t.atan2, []<class C>(C, Doubles y, Doubles x) { return atan2_of<C>(y, x); });
  one_wide(t.sinh, []<class C>(C, Doubles x) { return sinh_of<C>(x); });
  one_wide(t.cosh, []<class C>(C, Doubles x) { return cosh_of<C>(x); });
  one_wide(t.asinh, []<class C>(C, Doubles x) { return asinh_of<C>(x); });
  one_wide(t.acosh, []<class C>(C, Doubles x) { return acosh_of<C>(x); });
  one_wide(t.atanh, []<class C>(C, Doubles x) { return atanh_of<C>(x); });
}

// log(x / (1 - x)) with x moved into [low, high].
template <class T>
struct Logit {
  T operator()(T x, LogitEps<T> p) const {
    const T z = x < p.low ? p.low : x > p.high ? p.high : x;
    return z / (1 - z);
  }
};
template <class T>
void float_logit(const Loop& l) {  // the ratio in one pass, its logarithm in place in another
  map<Logit<T>, T, T, LogitEps<T>>(l);
  Loop again = l;
  again.ptr[1] = l.ptr[0];
  again.step[1] = l.step[0];
  again.row_step[1] = l.row_step[0];
  map_vector<decltype([](auto x) { return log(x); }), T, T>(again);
}

void fill_powers(ElementwiseTable& t) {
  one_input(t.exp, [](auto x) { return exp(x); });
  one_input(t.exp2, [](auto x) { return exp2(x); });
  one_input(t.expm1, [](auto x) { return expm1(x); });
  one_input(t.log, [](auto x) { return log(x); });
  one_input(t.log1p, [](auto x) { return log1p(x); });
  one_wide(t.log2, []<class C>(C, Doubles x) { return log2_of<C>(x); });
  one_wide(t.log10, []<class C>(C, Doubles x) { return log10_of<C>(x); });
  floats(t.sqrt, Root{});
  floats(t.rsqrt, ReciprocalRoot{});
  two_wide(t.hypot, []<class C>(C, Doubles x, Doubles y) { return hypot_of<C>(x, y); });
  two_wide(t.logaddexp, []<class C>(C, Doubles a, Doubles b) { return logaddexp_of<C>(a, b); });
  two_wide(t.logaddexp2, []<class C>(C, Doubles a, Doubles b) { return logaddexp2_of<C>(a, b); });

  t.logit.fn[kFloat32] = float_logit<float>;
  t.logit.fn[kFloat64] = float_logit<double>;

  integers(t.pow, [](auto a, auto b) { return power(a, b); });
  t.pow.fn[kFloat32] = float_pow<float>;
  t.pow.fn[kFloat64] = float_pow<double>;
}

}  // namespace

namespace TG_ISA {
void fill_math(ElementwiseTable& t) {
  fill_circular(t);
  fill_powers(t);
  one_input(t.tanh, [](auto x) { return tanh(x); });
  one_input(t.sigmoid, [](auto x) { return sigmoid(x); });
  two_inputs(t.tanh_grad, [](auto dy, auto y) { return dy * (1 - y * y); });
  two_inputs(t.sigmoid_grad, [](auto dy, auto y) { return dy * (1 - y) * y; });
  two_inputs(t.gate, [](auto a, auto b) { return a * sigmoid(b); });
  two_inputs(t.prelu, [](auto x, auto w) { return x > 0 ? x : x * w; });
  two_inputs(t.fmod, Divided<Fmod>{});
  two_inputs(t.remainder, Divided<Remainder>{});
  two_inputs(t.floor_divide, Divided<FloorDivide>{});
}
}  // namespace TG_ISA

}  // namespace tg::kernels
