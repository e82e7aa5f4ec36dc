// Operators of Value and the functions written as methods. They make the values that micrograd makes: a - b is a + b * -1,
// a / b is a * b ** -1, and a commutative operation has its number second, whichever way it was written.
#include "micrograd/rules.h"
#include "micrograd/type.h"

namespace tg::micrograd {
namespace {

// An operand: a value, or a number that becomes a leaf.
class Operand {
 public:
  explicit Operand(PyObject* o) : was_value_(is_value(o)) {
    if (was_value_) {
      value_ = static_cast<Value*>(Py_NewRef(o));
    } else {
      status_ = to_number(o, number_);
    }
  }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;
  ~Operand() { Py_XDECREF(value_); }

  bool is_number() const { return !was_value_; }
  Number number() const { return was_value_ ? data_of(*value_) : number_; }
  // Borrowed; null with MemoryError set.
  Value* value() {
    if (!value_) value_ = leaf(number_);
    return value_;
  }
  // What to return where this is neither: NotImplemented, for the other operand may know what to do, or an error.
  bool ok() const { return status_ > 0; }
  PyObject* refusal() const { return status_ < 0 ? nullptr : Py_NewRef(Py_NotImplemented); }

 private:
  bool was_value_;
  int status_ = 1;
  Value* value_ = nullptr;
  Number number_{};
};

template <class F>
PyObject* with_operands(PyObject* left, PyObject* right, F&& f) {
  Operand a(left), b(right);
  if (!a.ok()) return a.refusal();
  if (!b.ok()) return b.refusal();
  return f(a, b);
}

using Binary = Value* (*)(Value*, Value*);

template <Binary F>
Value* apply(Operand& a, Operand& b) {
  Value *x = a.value(), *y = x ? b.value() : nullptr;
  return y ? F(x, y) : nullptr;
}

bool both_plain(PyObject* left, PyObject* right) { return Py_TYPE(left) == g_value_type && Py_TYPE(right) == g_value_type; }

template <Binary F>
PyObject* commutative(PyObject* left, PyObject* right) {
  if (both_plain(left, right)) [[likely]]
    return F(static_cast<Value*>(left), static_cast<Value*>(right));
  return with_operands(left, right, [](Operand& a, Operand& b) { return a.is_number() ? apply<F>(b, a) : apply<F>(a, b); });
}

struct Negative {
  static Value* of(Value* x) {
    Value* minus = leaf({-1, true});
    Value* out = minus ? mul(x, minus) : nullptr;
    Py_XDECREF(minus);
    return out;
  }
  static bool of(Number x, Number& y) {
    y = {x.is_int ? 0.0 - x.value : -x.value, x.is_int};
    return true;
  }
};

struct Inverse {
  static Value* of(Value* x) { return power(x, Number{-1, true}); }
  static bool of(Number x, Number& y) {
    if (x.value != 0) return power_of(x, {-1, true}, y);
    PyErr_SetString(PyExc_ZeroDivisionError, "Value / 0: division by zero");
    return false;
  }
};

template <class Op>
Value* inverted(Operand& b) {
  if (!b.is_number()) return Op::of(b.value());
  Number y;
  return Op::of(b.number(), y) ? leaf(y) : nullptr;
}

// a - b and a / b: F of a and b's negative or inverse.
template <Binary F, class Op>
PyObject* by_inverse(PyObject* left, PyObject* right) {
  return with_operands(left, right, [](Operand& a, Operand& b) -> PyObject* {
    Value* second = inverted<Op>(b);
    if (!second) return nullptr;
    Value* first = a.value();
    Value* out = !first ? nullptr : a.is_number() ? F(second, first) : F(first, second);
    Py_DECREF(second);
    return out;
  });
}

PyObject* raise_to(PyObject* left, PyObject* right, PyObject* modulus) {
  if (modulus != Py_None) {
    PyErr_SetString(PyExc_TypeError, "pow(): a Value takes no third argument");
    return nullptr;
  }
  return with_operands(left, right,
                       [](Operand& a, Operand& b) { return b.is_number() ? power(a.value(), b.number()) : apply<power>(a, b); });
}

PyObject* negate(PyObject* self) { return Negative::of(static_cast<Value*>(self)); }

// By data; == and != stay Python's, by identity, so that values can be kept in sets as micrograd's graphs are.
PyObject* compare(PyObject* left, PyObject* right, int op) {
  if (op == Py_EQ || op == Py_NE) return Py_NewRef(Py_NotImplemented);
  return with_operands(left, right, [op](Operand& a, Operand& b) -> PyObject* {
    const double x = a.number().value, y = b.number().value;
    Py_RETURN_RICHCOMPARE(x, y, op);
  });
}

template <Kind kind>
PyObject* method(PyObject* self, PyObject*) {
  return unary(kind, static_cast<Value*>(self));
}
PyObject* absolute(PyObject* self) { return unary(Kind::abs, static_cast<Value*>(self)); }

// The terms of sum(w * x), added to `sum`, whose reference is taken over; as many terms as both have.
PyObject* add_products(PyObject* sum, PyObject* weights, PyObject* inputs) {
  for (Py_ssize_t i = 0; sum && i < PySequence_Fast_GET_SIZE(weights); ++i) {
    PyObject* weight = Py_NewRef(PySequence_Fast_GET_ITEM(weights, i));
    PyObject* input = PyIter_Next(inputs);
    PyObject* product = input ? PyNumber_Multiply(weight, input) : nullptr;
    PyObject* next = product ? PyNumber_Add(sum, product) : nullptr;
    Py_DECREF(weight);
    Py_XDECREF(input);
    Py_XDECREF(product);
    if (!next && !PyErr_Occurred()) return sum;  // no more inputs
    Py_SETREF(sum, next);
  }
  return sum;
}

PyObject* weighted_sum(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count != 3) {
    PyErr_SetString(PyExc_TypeError, "weighted_sum(): takes weights, inputs and what to start from");
    return nullptr;
  }
  PyObject* weights = PySequence_Fast(args[0], "weighted_sum(): the weights must be a sequence");
  PyObject* inputs = weights ? PyObject_GetIter(args[1]) : nullptr;
  PyObject* sum = inputs ? add_products(Py_NewRef(args[2]), weights, inputs) : nullptr;
  Py_XDECREF(inputs);
  Py_XDECREF(weights);
  return sum;
}

}  // namespace

std::vector<PyMethodDef> value_functions() {
  return {
      {"relu", method<Kind::relu>, METH_NOARGS, "relu($self)\n--\n\nmax(0, x)"},
      {"tanh", method<Kind::tanh>, METH_NOARGS, "tanh($self)\n--\n\nThe hyperbolic tangent."},
      {"exp", method<Kind::exp>, METH_NOARGS,
       "exp($self)\n--\n\ne to the power x. OverflowError where that is too large for a float."},
      {"log", method<Kind::log>, METH_NOARGS, "log($self)\n--\n\nThe natural logarithm. ValueError where x is not positive."},
      {"sigmoid", method<Kind::sigmoid>, METH_NOARGS, "sigmoid($self)\n--\n\n1 / (1 + exp(-x))"},
      {"sqrt", method<Kind::sqrt>, METH_NOARGS, "sqrt($self)\n--\n\nThe square root. ValueError where x is negative."},
      {"sin", method<Kind::sin>, METH_NOARGS, "sin($self)\n--\n\nThe sine of x in radians."},
      {"cos", method<Kind::cos>, METH_NOARGS, "cos($self)\n--\n\nThe cosine of x in radians."},
      {"abs", method<Kind::abs>, METH_NOARGS, "abs($self)\n--\n\nThe absolute value; its slope at 0 is 0."},
  };
}

std::vector<PyType_Slot> value_operators() {
  return {
      {Py_nb_add, reinterpret_cast<void*>(commutative<add>)},
      {Py_nb_multiply, reinterpret_cast<void*>(commutative<mul>)},
      {Py_nb_subtract, reinterpret_cast<void*>(by_inverse<add, Negative>)},
      {Py_nb_true_divide, reinterpret_cast<void*>(by_inverse<mul, Inverse>)},
      {Py_nb_power, reinterpret_cast<void*>(raise_to)},
      {Py_nb_negative, reinterpret_cast<void*>(negate)},
      {Py_nb_absolute, reinterpret_cast<void*>(absolute)},
      {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
  };
}

PyMethodDef* module_functions() {
  static PyMethodDef functions[] = {
      {"weighted_sum", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(weighted_sum)), METH_FASTCALL,
       "weighted_sum(w, x, start)\n--\n\n"
       "start + w[0] * x[0] + w[1] * x[1] + ..., added in this order, as many terms as both have: a neuron of micrograd."},
      {nullptr, nullptr, 0, nullptr},
  };
  return functions;
}

}  // namespace tg::micrograd
