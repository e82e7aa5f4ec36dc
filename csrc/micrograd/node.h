// A number of a graph: its value, its gradient, and what it was computed from; a Python object from birth.
// Knows neither type slots (type.cpp) nor mathematics (rules.cpp), and nothing of tensors.
#pragma once
#include <Python.h>

#include <cstdint>
#include <vector>

#include "micrograd/pool.h"

namespace tg::micrograd {

enum class Kind : uint8_t { leaf, custom, add, mul, power, power_of_values, relu, tanh, exp, log, sigmoid, sqrt, sin, cos, abs };

// What micrograd would hold as a Python int, which is seen in repr.
inline constexpr uint32_t kIntData = 1, kIntGrad = 2, kIntExponent = 4;

struct Value;

// What only some values have.
struct Extras {
  PyObject* label = nullptr;       // owned
  PyObject* op = nullptr;          // owned; the name that a user gave to the operation
  PyObject* backward = nullptr;    // owned; a rule written in Python, which stands for the built-in one
  std::vector<Value*> operands;    // owned
  bool replaces_operands = false;  // operands stands for a and b
};

struct Value : PyObject {
  union {
    PyObject* weakrefs;
    Value* next;  // of those waiting to be destroyed
  };
  PyObject* dict;  // owned; attributes that users set, null until then
  double data, grad;
  Value* a;  // owned operands, null where there are none
  union {
    Value* b;
    double exponent;  // of Kind::power
  };
  Extras* extras;    // owned; null until needed
  uint32_t pending;  // while backward runs: how many values that use this one it has not dealt with
  Kind kind : 8;
  uint32_t ints : 3;     // which numbers micrograd would hold as ints
  uint32_t tracked : 1;  // by Python's collector
  uint32_t slot : 20;    // in the pool
};
static_assert(sizeof(void*) != 8 || sizeof(Value) == 80);

// The type object of plain values; made before any value is.
extern PyTypeObject* g_value_type;

// The value freed last, which temporaries pass on to each other without the pool's bookkeeping; null where it is in use.
extern Value* g_last;

Value* make_fresh();  // in the pool, if there is room; null with MemoryError set

// Sets all fields but the slot.
inline void set_blank(Value* v, Kind kind, double data, uint32_t ints) {
  v->weakrefs = nullptr;
  v->dict = nullptr;
  v->data = data;
  v->grad = 0;
  v->a = v->b = nullptr;
  v->extras = nullptr;
  v->pending = 0;
  v->kind = kind;
  v->ints = ints;
  v->tracked = false;
  ++g_pool.alive;
}

// A new value without operands. micrograd's gradients start as the int 0.
inline Value* make(Kind kind, double data, bool is_int) {
  Value* v = g_last;
  if (v) {
    g_last = nullptr;
  } else if (!(v = g_pool.take())) [[unlikely]] {
    v = make_fresh();
    if (!v) return nullptr;
  }
  Py_SET_REFCNT(v, 1);
  set_blank(v, kind, data, kIntGrad | (is_int ? kIntData : 0));
  return v;
}

// Lets Python's collector see v. Values above a tracked one are tracked too: a user's closure may hold any of them, and
// the cycle that makes passes through all between. The others, that is nearly all, cost the collector nothing. (Values
// that were made from v before it was tracked are not: a rule set late that holds one of these is not collected.)
void track(Value* v);

// v = kind(a) or kind(a, b); new references are taken.
inline void set_operands(Value* v, Value* a, Value* b = nullptr) {
  Py_INCREF(a);
  v->a = a;
  bool tracked = a->tracked;
  if (b) {
    Py_INCREF(b);
    v->b = b;
    tracked |= b->tracked;
  }
  if (tracked) [[unlikely]]
    track(v);
}

inline bool has_exponent(const Value& v) { return v.kind == Kind::power; }

// Calls f(operand) for what v was computed from, in the order it was written.
template <class F>
inline void for_each_operand(const Value& v, F&& f) {
  if (v.extras && v.extras->replaces_operands) [[unlikely]] {
    for (Value* operand : v.extras->operands) f(operand);
    return;
  }
  if (!v.a) return;
  f(v.a);
  if (!has_exponent(v) && v.b) f(v.b);
}

Extras& extras(Value* v);  // made when missing; throws std::bad_alloc
// Gives v other operands in the eyes of the graph; takes over the references.
void replace_operands(Value* v, std::vector<Value*> operands);
// Drops the Python objects that v holds, and operands that were given to it: what may be part of a cycle.
void clear_objects(Value* v);
// Makes v a leaf again, without attributes.
void reset(Value* v);

// The type's tp_dealloc. Iterative: a sum of a million terms does not recurse.
void dealloc(PyObject* self);

}  // namespace tg::micrograd
