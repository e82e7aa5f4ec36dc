// The mathematics: each operation's value and its rule, side by side. Values are read when a rule runs, not when the
// operation did, as in micrograd; whatever Python's own arithmetic refuses is refused here in the same way.
#pragma once
#include <string>

#include "micrograd/node.h"
#include "micrograd/number.h"

namespace tg::micrograd {

// What `_op` shows.
std::string name_of(const Value& v);

inline Number data_of(const Value& v) { return {v.data, (v.ints & kIntData) != 0}; }
inline Number grad_of(const Value& v) { return {v.grad, (v.ints & kIntGrad) != 0}; }
inline Number exponent_of(const Value& v) { return {v.exponent, (v.ints & kIntExponent) != 0}; }

// Operations on values: new references, null with Python's error set.
Value* leaf(Number n);
Value* add(Value* x, Value* y);
Value* mul(Value* x, Value* y);
Value* power(Value* x, Number exponent);
Value* power(Value* x, Value* y);
Value* unary(Kind kind, Value* x);

// The number itself to a power: what `number ** -1` is in Python. False with the error set.
bool power_of(Number x, Number exponent, Number& y);

// What is wrong with an operation's slope at the operands' present values.
enum class Fault { none, division_by_zero, too_large, not_real };
Fault fault_of(const Value& v);
// Sets Python's error for it.
void refuse_slope(const Value& v, Fault fault);

// Adds v's gradient, times the slopes, to its operands' gradients, where there is no fault.
void run_rule(Value& v);

}  // namespace tg::micrograd
