// The life of values.
#include "micrograd/node.h"

#include <new>
#include <utility>

namespace tg::micrograd {

PyTypeObject* g_value_type = nullptr;
Pool g_pool;
Value* g_last = nullptr;

namespace {

Value* g_trash = nullptr;  // values whose last reference is gone
bool g_emptying = false;

void destroy_extras(Extras* extras) {
  if (!extras) return;
  Py_XDECREF(extras->label);
  Py_XDECREF(extras->op);
  Py_XDECREF(extras->backward);
  for (Value* operand : extras->operands) Py_DECREF(operand);
  delete extras;
}

// Makes v a leaf, and only then lets go of what it had: dropping a reference may run a user's code, which may look at v.
void drop_operands(Value* v) {
  Value* a = std::exchange(v->a, nullptr);
  if (!a) return;
  Value* b = has_exponent(*v) ? nullptr : v->b;
  v->b = nullptr;
  v->kind = Kind::leaf;
  Py_DECREF(a);
  Py_XDECREF(b);
}

void destroy(Value* v) {
  if (v->extras || v->dict) [[unlikely]] {
    clear_objects(v);
    destroy_extras(std::exchange(v->extras, nullptr));
  }
  drop_operands(v);
  --g_pool.alive;
  if (v->slot != Pool::kNoSlot) [[likely]] {
    if (g_last) g_pool.give(g_last->slot);
    g_last = v;
    return;
  }
  PyTypeObject* type = Py_TYPE(v);
  type->tp_free(v);
  Py_DECREF(type);
}

}  // namespace

Value* make_fresh() {
  Value* v = PyObject_GC_New(Value, g_value_type);
  if (v) v->slot = g_pool.admit(v);
  return v;
}

void track(Value* v) {
  if (v->tracked) return;
  PyObject_GC_Track(v);
  v->tracked = true;
}

Extras& extras(Value* v) {
  if (!v->extras) v->extras = new Extras;
  return *v->extras;
}

void replace_operands(Value* v, std::vector<Value*> operands) {
  Extras& e = extras(v);
  std::swap(e.operands, operands);
  e.replaces_operands = true;
  track(v);  // such a graph may have cycles
  for (Value* old : operands) Py_DECREF(old);
}

void clear_objects(Value* v) {
  PyObject* dict = std::exchange(v->dict, nullptr);
  PyObject* backward = nullptr;
  std::vector<Value*> operands;
  if (v->extras) {
    backward = std::exchange(v->extras->backward, nullptr);
    std::swap(operands, v->extras->operands);
  }
  Py_XDECREF(dict);
  Py_XDECREF(backward);
  for (Value* operand : operands) Py_DECREF(operand);
}

void reset(Value* v) {
  Extras* extras = std::exchange(v->extras, nullptr);
  drop_operands(v);
  v->kind = Kind::leaf;
  destroy_extras(extras);
}

void dealloc(PyObject* self) {
  auto* v = static_cast<Value*>(self);
  if (v->tracked) [[unlikely]]
    PyObject_GC_UnTrack(self);
  if (v->weakrefs) [[unlikely]]
    PyObject_ClearWeakRefs(self);
  if (g_emptying) {
    v->next = g_trash;
    g_trash = v;
    return;
  }
  g_emptying = true;
  destroy(v);
  while (Value* dead = g_trash) {
    g_trash = dead->next;
    destroy(dead);
  }
  g_emptying = false;
}

}  // namespace tg::micrograd
