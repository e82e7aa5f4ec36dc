// A number of a graph: its value, its gradient, and what it was computed from; a Python object from birth.
// Knows neither type slots (type.cpp) nor mathematics (rules.cpp), and nothing of tensors.
#pragma once
#include <Python.h>

#include <cstdint>
#include <vector>

namespace tg::micrograd {

enum class Kind : uint8_t { leaf, custom, add, mul, power, power_of_values, relu, tanh, exp, log, sigmoid, sqrt, sin, cos, abs };

// What micrograd would hold as a Python int, which is seen in repr.
inline constexpr uint8_t kIntData = 1, kIntGrad = 2, kIntExponent = 4;

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
    Value* next;  // of those waiting to be destroyed, or to be used again
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
  Kind kind;
  uint8_t ints;
  bool tracked;  // by Python's collector
};

// The type object of plain values; made before any value is.
extern PyTypeObject* g_value_type;

// Values ready for reuse, each with its reference to the type; and how many are alive.
struct Pool {
  Value* free = nullptr;
  int count = 0;
  size_t alive = 0;
};
extern Pool g_pool;

Value* make_fresh();  // null with MemoryError set

inline void set_blank(Value* v, Kind kind, double data, uint8_t ints) {
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
  Value* v = g_pool.free;
  if (v) [[likely]] {
    g_pool.free = v->next;
    __builtin_prefetch(v->next, 1);
    --g_pool.count;
    Py_SET_REFCNT(v, 1);
  } else if (!(v = make_fresh())) {
    return nullptr;
  }
  set_blank(v, kind, data, uint8_t(kIntGrad | (is_int ? kIntData : 0)));
  return v;
}

// Lets Python's collector see v. Values above a tracked one are tracked too: a user's closure may hold any of them, and
// the cycle that makes passes through all between. The others, that is nearly all, cost the collector nothing.
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
