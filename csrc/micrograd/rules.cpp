// The mathematics of each operation.
#include "micrograd/rules.h"

#include <cmath>

namespace tg::micrograd {
namespace {

template <class... Texts>
bool refuse(PyObject* exception, const Texts&... texts) {
  PyErr_SetString(exception, (std::string() + ... + texts).c_str());
  return false;
}
std::string text(double x) { return text(Number{x, false}); }

// --- values

bool exp_of(double x, double& y) {
  y = std::exp(x);
  if (std::isinf(y) && std::isfinite(x))
    return refuse(PyExc_OverflowError, "exp(): the exponential of ", text(x), " is too large");
  return true;
}

bool log_of(double x, double& y) {
  if (x <= 0) return refuse(PyExc_ValueError, "log(): data must be positive, got ", text(x));
  y = std::log(x);
  return true;
}

bool sqrt_of(double x, double& y) {
  if (x < 0) return refuse(PyExc_ValueError, "sqrt(): data must not be negative, got ", text(x));
  y = std::sqrt(x);
  return true;
}

bool circular_of(Kind kind, double x, double& y) {
  const bool sine = kind == Kind::sin;
  if (std::isinf(x)) return refuse(PyExc_ValueError, sine ? "sin()" : "cos()", ": data must be finite, got ", text(x));
  y = sine ? std::sin(x) : std::cos(x);
  return true;
}

// Neither exponential overflows.
double sigmoid_of(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

bool value_of(Kind kind, double x, double& y) {
  switch (kind) {
    case Kind::exp:
      return exp_of(x, y);
    case Kind::log:
      return log_of(x, y);
    case Kind::sqrt:
      return sqrt_of(x, y);
    case Kind::sin:
    case Kind::cos:
      return circular_of(kind, x, y);
    case Kind::tanh:
      y = std::tanh(x);
      return true;
    case Kind::sigmoid:
      y = sigmoid_of(x);
      return true;
    case Kind::abs:
      y = std::fabs(x);
      return true;
    default:
      Py_UNREACHABLE();
  }
}

// --- slopes

// d x^e / dx = e x^(e-1)
double power_slope(double x, double e) { return e * std::pow(x, e - 1); }

Fault power_fault(double x, double e) {
  if (e == 2 || e == 1) return Fault::none;
  if (x == 0 && e < 1) return Fault::division_by_zero;
  const double factor = std::pow(x, e - 1);
  if (std::isinf(factor) && std::isfinite(x)) return Fault::too_large;
  return std::isnan(factor) && !std::isnan(x) && !std::isnan(e) ? Fault::not_real : Fault::none;
}

// d x^y / dy = x^y log x; as in PyTorch 0 at x = 0, and not a number below
double exponent_slope(double x, double result) { return x == 0 ? 0 : result * std::log(x); }

double sign(double x) { return double(x > 0) - double(x < 0); }

// A gradient stays an int only as long as ints are added to it.
inline void accumulate(Value& v, double gradient, uint32_t is_int) {
  v.grad += gradient;
  v.ints &= ~kIntGrad | is_int;
}
inline uint32_t int_grad(const Value& v) { return v.ints & kIntGrad; }
inline uint32_t int_data(const Value& v) { return v.ints << 1 & kIntGrad; }
static_assert(kIntData << 1 == kIntGrad);

void run_power(Value& v) {
  Value& x = *v.a;
  const double e = v.exponent;
  const bool whole = v.ints & kIntExponent && e >= 1;
  accumulate(x, power_slope(x.data, e) * v.grad, whole ? int_data(x) & int_grad(v) : 0);
}

void run_power_of_values(Value& v) {
  Value &x = *v.a, &y = *v.b;
  const double dx = power_slope(x.data, y.data), dy = exponent_slope(x.data, v.data);
  accumulate(x, dx * v.grad, 0);
  accumulate(y, dy * v.grad, 0);
}

// What operations of one operand multiply the gradient with; x is the operand, y the result.
double slope(Kind kind, double x, double y) {
  switch (kind) {
    case Kind::tanh:
      return 1 - y * y;
    case Kind::exp:
      return y;
    case Kind::log:
      return 1 / x;
    case Kind::sigmoid:
      return y * (1 - y);
    case Kind::sqrt:
      return 0.5 / y;
    case Kind::sin:
      return std::cos(x);
    case Kind::cos:
      return -std::sin(x);
    case Kind::abs:
      return sign(x);
    default:
      Py_UNREACHABLE();
  }
}

}  // namespace

std::string name_of(const Value& v) {
  static const char* names[] = {"",    "",    "+",       "*",    "**",  "**",  "ReLU", "tanh",
                                "exp", "log", "sigmoid", "sqrt", "sin", "cos", "abs"};
  const std::string name = names[int(v.kind)];
  return has_exponent(v) ? name + text(exponent_of(v)) : name;
}

Value* leaf(Number n) { return make(Kind::leaf, n.value, n.is_int); }

Value* add(Value* x, Value* y) {
  Value* out = make(Kind::add, x->data + y->data, x->ints & y->ints & kIntData);
  if (out) set_operands(out, x, y);
  return out;
}

Value* mul(Value* x, Value* y) {
  const bool is_int = x->ints & y->ints & kIntData;
  double product = x->data * y->data;
  if (is_int) product += 0.0;  // ints have no negative zero
  Value* out = make(Kind::mul, product, is_int);
  if (out) set_operands(out, x, y);
  return out;
}

bool power_of(Number x, Number e, Number& y) {
  if (x.value == 0 && e.value < 0)
    return refuse(PyExc_ZeroDivisionError, "Value ** ", text(e), ": 0.0 cannot be raised to a negative power",
                  e.value == -1 ? " (a division by zero)" : "");
  y = {std::pow(x.value, e.value), x.is_int && e.is_int && e.value >= 0};
  if (std::isinf(y.value) && std::isfinite(x.value) && std::isfinite(e.value))
    return refuse(PyExc_OverflowError, text(x), " ** ", text(e), " is too large");
  if (std::isnan(y.value) && !std::isnan(x.value) && !std::isnan(e.value))
    return refuse(PyExc_ValueError, text(x), " ** ", text(e), " is not real: a negative number takes whole exponents only");
  return true;
}

Value* power(Value* x, Number e) {
  Number y;
  if (!power_of(data_of(*x), e, y)) return nullptr;
  Value* out = make(Kind::power, y.value, y.is_int);
  if (!out) return nullptr;
  set_operands(out, x);
  out->exponent = e.value;
  if (e.is_int) out->ints |= kIntExponent;
  return out;
}

Value* power(Value* x, Value* e) {
  Number y;
  if (!power_of(data_of(*x), data_of(*e), y)) return nullptr;
  Value* out = make(Kind::power_of_values, y.value, y.is_int);
  if (out) set_operands(out, x, e);
  return out;
}

Value* unary(Kind kind, Value* x) {
  Number y = data_of(*x);
  if (kind == Kind::relu) {
    if (y.value < 0) y = {0, true};  // micrograd's is the int 0
  } else {
    if (!value_of(kind, x->data, y.value)) return nullptr;
    y.is_int &= kind == Kind::abs;
  }
  Value* out = make(kind, y.value, y.is_int);
  if (out) set_operands(out, x);
  return out;
}

Fault fault_of(const Value& v) {
  switch (v.kind) {
    case Kind::power:
      return power_fault(v.a->data, v.exponent);
    case Kind::power_of_values:
      return power_fault(v.a->data, v.b->data);
    case Kind::log:
      return v.a->data == 0 ? Fault::division_by_zero : Fault::none;
    case Kind::sqrt:
      return v.data == 0 ? Fault::division_by_zero : Fault::none;
    default:
      return Fault::none;
  }
}

void refuse_slope(const Value& v, Fault fault) {
  const std::string what = "backward(): the slope of " + name_of(v) + " at " + text(v.a->data);
  if (fault == Fault::division_by_zero) refuse(PyExc_ZeroDivisionError, what, " is a division by zero");
  if (fault == Fault::too_large) refuse(PyExc_OverflowError, what, " is too large");
  if (fault == Fault::not_real) refuse(PyExc_ValueError, what, " is not real");
}

void run_rule(Value& v) {
  switch (v.kind) {
    case Kind::leaf:
    case Kind::custom:
      return;
    case Kind::add:
      accumulate(*v.a, v.grad, int_grad(v));
      accumulate(*v.b, v.grad, int_grad(v));
      return;
    case Kind::mul: {
      Value &x = *v.a, &y = *v.b;
      accumulate(x, y.data * v.grad, int_data(y) & int_grad(v));
      accumulate(y, x.data * v.grad, int_data(x) & int_grad(v));
      return;
    }
    case Kind::power:
      return run_power(v);
    case Kind::power_of_values:
      return run_power_of_values(v);
    case Kind::relu:
      accumulate(*v.a, double(v.data > 0) * v.grad, int_grad(v));
      return;
    default:
      accumulate(*v.a, slope(v.kind, v.a->data, v.data) * v.grad, 0);
  }
}

}  // namespace tg::micrograd
