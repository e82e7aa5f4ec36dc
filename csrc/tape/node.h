// One recorded operation: its inputs (edges), its place in the sequence, and what the engine keeps while it runs.
// Knows no particular operation.
#pragma once
#include <array>
#include <vector>

#include "core/tensor.h"
#include "tape/info.h"
#include "tape/mode.h"

namespace tg::tape {

struct Node;
void retain(Node* n);
void release(Node* n);  // iterative: a chain of a million nodes does not recurse

// An input of a recorded operation: the node that made it, or a tensor that no node made.
struct Edge {
  // No initializers: a node's edges are written once, when they are known.
  Node* node;        // owned
  TensorImpl* leaf;  // owned
  bool was_wanted;   // the leaf required grad when the operation was recorded: only then is what it takes saved

  bool wants_leaf() const { return leaf && was_wanted && leaf->requires_grad; }
};

// Which input gradients a rule is asked for.
class Needs {
 public:
  explicit Needs(uint64_t mask) : mask_(mask) {}
  bool operator[](int i) const { return mask_ >> (i < 63 ? i : 63) & 1; }

 private:
  uint64_t mask_;
};

// What a rule returns: one gradient per tensor input, empty where not asked for.
template <int N>
using Grads = std::array<Tensor, size_t(N)>;

// Where a node delivers the gradients of its inputs; the engine implements it.
struct Sink {
  virtual void deliver(Node& from, int input, Tensor grad) = 0;
  // The sum of an input's gradients so far, where `grad` may be added to a part of it in place; else empty.
  virtual Tensor own_sum(Node& from, int input, const Tensor& grad) = 0;

 protected:
  ~Sink() = default;
};

struct Node {
  const OpInfo* info;
  uint64_t sequence;
  uint32_t refs = 1;
  uint32_t num_edges = 0;
  Edge* edges = nullptr;         // num_edges of them, inside the derived node where their number is fixed
  TensorImpl* output = nullptr;  // the result; valid as long as the node is, see tape/life.h
  bool owns_output = false;
  bool released = false;            // backward gave the saved tensors back
  bool captured = false;            // the running backward was asked for the gradient here
  bool needed = false;              // the running backward has use for the gradient here
  uint32_t module = t_mode.module;  // in whose call it was recorded

  const void* run = nullptr;       // the backward this node takes part in now
  Node* next_dead = nullptr;       // in the list of nodes to destroy
  TensorImpl* incoming = nullptr;  // owned: the gradient gathered so far

  explicit Node(const OpInfo& i) : info(&i), sequence(next_sequence()) {}
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  virtual void backward(const Tensor& dy, Needs needs, Sink& sink) = 0;
  virtual void release_saved() {}
  // Whether there is a gradient to go on with (a node with several outputs holds its own).
  virtual bool ready() const { return incoming; }
  // The output is another object from here on.
  void replace_output(TensorImpl* t) {
    output = t;
    output_moved(t);
  }
  virtual void output_moved(TensorImpl*) {}
  // Forgets what a backward that failed has gathered.
  virtual void reset() {}
  // The node whose edges are the operation's inputs (differs for one output of several).
  virtual const Node& inputs() const { return *this; }
  virtual size_t object_size() const = 0;  // for giving its memory back (life.cpp)

 private:
  static uint64_t next_sequence() {
    static uint64_t count = 0;
    return ++count;
  }
};

inline void retain(Node* n) { ++n->refs; }

template <class N, class... A>
N* make_node(A&&... args) {
  return new (allocate(sizeof(N))) N(std::forward<A>(args)...);
}

// The edge to an input: owned references to what made it.
// Written where it stays: an Edge does not fit into registers, and reading one back just after it was written stalls.
inline void set_edge(Edge& e, const Tensor& t) {
  Node* n = t ? t->grad_fn : nullptr;
  e.node = n;
  e.leaf = n ? nullptr : t.get();
  e.was_wanted = t && (n || t->requires_grad);
  if (n) retain(n);
  Py_XINCREF(e.leaf);
}

}  // namespace tg::tape
