// Backward, iteratively and without marks to wipe: each value counts the values that use it. The walk down counts, the
// way back counts down; a value is ready when its count is zero again, and so is the graph for the next time.
#include "micrograd/engine.h"

#include <new>
#include <unordered_set>

#include "micrograd/rules.h"

namespace tg::micrograd {
namespace {

PyObject* user_rule(const Value& v) { return v.extras ? v.extras->backward : nullptr; }

bool call(PyObject* rule) {
  PyObject* result = PyObject_CallNoArgs(rule);
  Py_XDECREF(result);
  return result;
}

// Values still to be looked at. No user's code runs while it is in use, so that there is one for all.
std::vector<Value*> g_stack;

// Makes room for a walk through all values there are, so that none can run out of memory halfway; and does not keep much.
class Room {
 public:
  Room() { g_stack.reserve(g_pool.alive); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() {
    if (g_stack.capacity() > kKept) std::vector<Value*>().swap(g_stack);
  }

 private:
  static constexpr size_t kKept = 1 << 18;
};

// Counts who uses whom below root, calling f on each value. Returns how many there are.
template <class F>
size_t count_uses(Value* root, F&& f) {
  size_t values = 0;
  root->pending = 1;
  g_stack.assign(1, root);
  while (!g_stack.empty()) {
    Value* v = g_stack.back();
    g_stack.pop_back();
    ++values;
    f(*v);
    for_each_operand(*v, [](Value* operand) {
      if (operand->pending++ == 0) g_stack.push_back(operand);
    });
  }
  return values;
}

// Counts down again, calling f on each value after all that use it. Returns how many there were.
template <class F>
size_t in_order(Value* root, F&& f) {
  size_t values = 0;
  g_stack.clear();
  if (--root->pending == 0) g_stack.push_back(root);
  while (!g_stack.empty()) {
    Value* v = g_stack.back();
    g_stack.pop_back();
    ++values;
    f(*v);
    for_each_operand(*v, [](Value* operand) {
      if (--operand->pending == 0) g_stack.push_back(operand);
    });
  }
  return values;
}

// After a cycle, counts that never came down.
void forget_counts(Value* root) {
  std::unordered_set<Value*> seen{root};
  g_stack.assign(1, root);
  while (!g_stack.empty()) {
    Value* v = g_stack.back();
    g_stack.pop_back();
    v->pending = 0;
    for_each_operand(*v, [&](Value* operand) {
      if (seen.insert(operand).second) g_stack.push_back(operand);
    });
  }
}

void start(Value* root) {
  root->grad = 1;
  root->ints |= kIntGrad;
}

// The values of a graph in order, kept alive while a user's rules may change it.
class Order {
 public:
  Order(Value* root, size_t count) {
    try {
      values_.reserve(count);
    } catch (const std::bad_alloc&) {
      in_order(root, [](Value&) {});
      throw;
    }
    in_order(root, [this](Value& v) {
      Py_INCREF(&v);
      values_.push_back(&v);
    });
  }
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;
  ~Order() {
    for (Value* v : values_) Py_DECREF(v);
  }
  size_t size() const { return values_.size(); }
  bool run() const {
    for (Value* v : values_)
      if (!run_own_rule(v)) return false;
    return true;
  }

 private:
  std::vector<Value*> values_;
};

bool differentiate(Value* root) {
  const Room room;
  bool by_users = false;  // rules or operands that a user set
  const Value* faulty = nullptr;
  const size_t count = count_uses(root, [&](const Value& v) {
    by_users |= v.extras && (v.extras->backward || v.extras->replaces_operands);
    if (!faulty && !user_rule(v) && fault_of(v) != Fault::none) faulty = &v;
  });
  if (!faulty && !by_users) {
    start(root);
    in_order(root, run_rule);
    return true;
  }
  const Order order(root, count);
  if (order.size() != count) {
    forget_counts(root);
    PyErr_SetString(PyExc_RuntimeError, "backward(): the graph has a cycle: through _prev, a value is computed from itself");
    return false;
  }
  if (faulty) {
    refuse_slope(*faulty, fault_of(*faulty));
    return false;
  }
  start(root);
  return order.run();
}

}  // namespace

bool run_own_rule(Value* v) {
  if (PyObject* rule = user_rule(*v)) {
    Py_INCREF(rule);  // it may replace itself
    const bool done = call(rule);
    Py_DECREF(rule);
    return done;
  }
  return run_built_in_rule(v);
}

bool run_built_in_rule(Value* v) {
  if (const Fault fault = fault_of(*v); fault != Fault::none) {
    refuse_slope(*v, fault);
    return false;
  }
  run_rule(*v);
  return true;
}

bool backward(Value* root) {
  try {
    return differentiate(root);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
}

size_t count_values(Value* root) {
  const Room room;
  const size_t count = count_uses(root, [](Value&) {});
  if (in_order(root, [](Value&) {}) != count) forget_counts(root);
  return count;
}

}  // namespace tg::micrograd
