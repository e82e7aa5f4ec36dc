// Reverse mode, iteratively.
#include "tape/engine.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "core/errors.h"
#include "core/gil.h"
#include "tape/apply.h"

namespace tg::tape {
namespace {

// A hook may remove itself or another one, so all are held meanwhile.
void call_hooks(const TensorMeta& meta, Tensor& grad) {
  struct Held {
    std::vector<PyObject*> functions;
    ~Held() {
      for (PyObject* f : functions) Py_DECREF(f);
    }
  } held;
  for (const TensorMeta::Hook& hook : meta.hooks) {
    Py_INCREF(hook.function);
    held.functions.push_back(hook.function);
  }
  for (PyObject* f : held.functions) run_hook(f, grad);
}

// One backward: gathers the nodes below the roots, runs them from the latest to the first, and hands out what arrived.
class Run final : public Sink {
 public:
  Run(const TensorList& inputs, bool limited, BackwardOptions options) : options_(options), limited_(limited), inputs_(inputs) {}
  ~Run();

  void start(const TensorList& roots, const TensorList& seeds);
  void go();
  TensorList results();  // per input
  void add_to_leaves();
  void deliver(Node& from, int input, Tensor grad) override;
  Tensor own_sum(Node& from, int input, const Tensor& grad) override;

 private:
  void visit_edge(const Edge& e);
  bool is_input(const TensorImpl* t) const {
    return std::any_of(inputs_.begin(), inputs_.end(), [&](const Tensor& input) { return input.get() == t; });
  }
  // Whether somebody below this edge waits for a gradient.
  bool wanted(const Edge& e) const {
    if (e.node) return !limited_ || e.node->needed || e.node->captured;
    return e.wants_leaf() && (!limited_ || is_input(e.leaf));
  }
  void mark_needed();
  void run_node(Node& n);
  static bool is_own(const TensorImpl* sum);
  static void gather(TensorImpl*& slot, Tensor grad);
  void gather_leaf(TensorImpl* leaf, Tensor grad);
  template <class F>
  void for_each_leaf(const F& f);

  BackwardOptions options_;
  bool limited_;  // only the gradients of inputs_ are wanted
  const TensorList& inputs_;
  std::vector<Node*> order_;
  std::vector<TensorImpl*> leaves_;                 // their gradients gather in their own meta
  std::unordered_map<TensorImpl*, Tensor> shared_;  // except where another thread's backward got there first
  std::vector<Node*> stack_;
  std::vector<std::pair<Node*, Tensor>> captured_;
  std::vector<std::pair<Tensor, Tensor>> retained_;
};

Run::~Run() {
  for (TensorImpl* leaf : leaves_) {
    leaf->meta->run = nullptr;
    Py_CLEAR(leaf->meta->incoming);
    Py_DECREF(leaf);
  }
  for (Node* n : order_) {
    Py_CLEAR(n->incoming);
    n->reset();
    n->captured = n->needed = false;
    n->run = nullptr;
    release(n);
  }
}

void Run::visit_edge(const Edge& e) {
  if (Node* n = e.node) {
    if (n->run == this) return;
    if (n->run)
      fail<RuntimeError>("backward(): this graph is being differentiated already, by another thread or by a hook on it");
    n->run = this;
    retain(n);
    order_.push_back(n);
    stack_.push_back(n);
  } else if (e.wants_leaf() && (!limited_ || is_input(e.leaf))) {
    TensorMeta& meta = Tensor::view_handle(e.leaf).meta();
    if (meta.run == this) return;
    if (meta.run) {  // several threads may train on the same parameters
      shared_.try_emplace(e.leaf, Tensor());
      return;
    }
    meta.run = this;
    Py_INCREF(e.leaf);
    leaves_.push_back(e.leaf);
  }
}

void Run::start(const TensorList& roots, const TensorList& seeds) {
  TensorList first;
  for (size_t i = 0; i < roots.size(); ++i) {
    const Tensor& root = roots[i];
    refresh(root);
    if (!root.requires_grad()) {
      fail<RuntimeError>("backward(): this tensor of shape ", Show{root.shape()},
                         " was computed from nothing that requires grad; make a leaf with requires_grad=True first");
    }
    Tensor seed = i < seeds.size() ? seeds[i] : Tensor();
    if (!seed) {
      if (root.numel() != 1) {
        fail<RuntimeError>("backward(): a gradient must be given for an output of shape ", Show{root.shape()},
                           "; only a one-element output has an implicit one");
      }
      seed = ones_like(*root.get());
    } else if (!same(seed.shape(), root.shape())) {
      fail<RuntimeError>("backward(): gradient of shape ", Show{seed.shape()}, " for an output of shape ", Show{root.shape()});
    }
    first.push_back(fit_gradient("backward", seed, *root.get()));
    if (!root->grad_fn) {
      visit_edge(Edge{nullptr, root.get(), true});
    } else {
      visit_edge(Edge{root->grad_fn, nullptr, true});
    }
  }
  while (!stack_.empty()) {
    Node* n = stack_.back();
    stack_.pop_back();
    if (n->released) {
      fail<RuntimeError>(
          "backward(): the values that ", n->info->shown(),
          "() saved were freed by an earlier backward; pass retain_graph=True there to go through the graph again");
    }
    for (uint32_t i = 0; i < n->num_edges; ++i) visit_edge(n->edges[i]);
  }
  const auto later = [](const Node* a, const Node* b) { return a->sequence > b->sequence; };
  if (!std::is_sorted(order_.begin(), order_.end(), later)) std::sort(order_.begin(), order_.end(), later);
  if (limited_) mark_needed();
  for (size_t i = 0; i < roots.size(); ++i) {
    if (Node* n = roots[i]->grad_fn) {
      gather(n->incoming, std::move(first[i]));
    } else {
      gather_leaf(roots[i].get(), std::move(first[i]));
    }
  }
}

// With the inputs given, a node is worth running only if one of them is below it.
void Run::mark_needed() {
  for (const Tensor& t : inputs_) {
    if (t->grad_fn && t->grad_fn->run == this) t->grad_fn->captured = true;
  }
  for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
    Node& n = **it;
    n.needed = std::any_of(n.edges, n.edges + n.num_edges, [&](const Edge& e) { return wanted(e); });
  }
}

// Whether nobody else can see what has gathered: only a sum that this engine made, or was given for good, has a count of two
// here (its slot and the caller) and no history.
bool Run::is_own(const TensorImpl* sum) {
  return Py_REFCNT(sum) == 2 && !sum->grad_fn && !sum->base && sum->storage->unique() && sum->contiguous;
}

// First arrival by reference, the second allocates, later ones add in place.
void Run::gather(TensorImpl*& slot, Tensor grad) {
  if (!slot) {
    slot = grad.release();
    return;
  }
  Tensor held = Tensor::borrow(slot);
  if (is_own(slot) && !recording(grad)) {
    accumulate_into(held, grad);
    return;
  }
  Tensor sum = accumulate(held, grad);
  Py_DECREF(slot);
  slot = sum.release();
}

void Run::gather_leaf(TensorImpl* leaf, Tensor grad) {
  if (leaf->meta->run == this) return gather(leaf->meta->incoming, std::move(grad));
  TensorImpl* slot = shared_[leaf].release();
  gather(slot, std::move(grad));
  shared_[leaf] = Tensor::steal(slot);
}

// f(leaf, gradient) for every leaf that got one; the gradient may be taken.
template <class F>
void Run::for_each_leaf(const F& f) {
  for (TensorImpl* leaf : leaves_) {
    if (!leaf->meta->incoming) continue;
    Tensor g = Tensor::steal(std::exchange(leaf->meta->incoming, nullptr));
    f(leaf, g);
    leaf->meta->incoming = g.release();
  }
  for (auto& [leaf, g] : shared_)
    if (g) f(leaf, g);
}

void Run::deliver(Node& from, int input, Tensor grad) {
  const Edge& e = from.edges[input];
  const TensorImpl* target = e.node ? e.node->output : e.leaf;
  Tensor fitted = target ? fit_gradient(from.info->shown(), grad, *target) : std::move(grad);
  if (e.node) {
    gather(e.node->incoming, std::move(fitted));
  } else {
    gather_leaf(e.leaf, std::move(fitted));
  }
}

Tensor Run::own_sum(Node& from, int input, const Tensor& grad) {
  const Edge& e = from.edges[input];
  TensorImpl* sum = e.node ? e.node->incoming : e.leaf->meta && e.leaf->meta->run == this ? e.leaf->meta->incoming : nullptr;
  if (!sum || recording(grad)) return {};
  Tensor held = Tensor::borrow(sum);
  return is_own(sum) && held.dtype() == grad.dtype() ? held : Tensor();
}

void Run::run_node(Node& n) {
  if (!n.ready()) return;
  Tensor dy = Tensor::steal(std::exchange(n.incoming, nullptr));
  if (n.output && n.output->meta) {
    const Tensor output = output_of(n);  // a hook may give the tensor another history
    const bool retains = output->meta->retains_grad;
    call_hooks(*output->meta, dy);
    if (retains) retained_.emplace_back(output, dy);
  }
  if (n.captured) captured_.emplace_back(&n, dy);
  if (limited_ && !n.needed) return;
  uint64_t mask = 0;
  for (uint32_t i = 0; i < n.num_edges; ++i) {
    if (wanted(n.edges[i])) mask |= uint64_t(1) << std::min(i, 63U);
  }
  try {
    profile::Scope scope(n);
    n.backward(dy, Needs(mask), *this);
    scope.end_rule(n, dy);
  } catch (const StaleSaved& stale) {
    fail<RuntimeError>("backward(): a tensor that ", n.info->shown(),
                       "() saved for its gradient was changed in place afterwards (version ", stale.version,
                       ", saved at version ", stale.saved_version, ")");
  }
  if (!options_.retain_graph) n.release_saved();
}

void Run::go() {
  GradMode mode(options_.create_graph);
  for (Node* n : order_) run_node(*n);
  for_each_leaf([](TensorImpl* leaf, Tensor& g) { call_hooks(*leaf->meta, g); });
}

TensorList Run::results() {
  TensorList out;
  for (const Tensor& t : inputs_) {
    Tensor g;
    if (!t->grad_fn) {
      for_each_leaf([&](TensorImpl* leaf, Tensor& gathered) {
        if (leaf == t.get()) g = gathered;
      });
    } else {
      for (auto& [node, grad] : captured_)
        if (node == t->grad_fn) g = grad;
    }
    out.push_back(g);
  }
  return out;
}

void add_to_grad(TensorImpl* t, Tensor g, bool create_graph) {
  TensorMeta& meta = *t->meta;
  if (!meta.grad) {
    Tensor own = own_gradient(g);
    meta.grad = own.release();
    return;
  }
  Tensor held = Tensor::borrow(meta.grad);
  if (create_graph || held.requires_grad() || !held.contiguous()) {
    Tensor sum = accumulate(held, g);
    Py_DECREF(meta.grad);
    meta.grad = sum.release();
  } else {
    accumulate_into(held, g);  // in place: whoever holds p.grad sees the sum, as in PyTorch
  }
}

void Run::add_to_leaves() {
  GradMode mode(options_.create_graph);
  struct KeepLock {  // two threads may add to one leaf's gradient; each addition is whole
    KeepLock() { t_keeps_lock = true; }
    ~KeepLock() { t_keeps_lock = false; }
  } keep_lock;
  for (auto& [t, g] : retained_) add_to_grad(t.get(), g, options_.create_graph);
  for_each_leaf([&](TensorImpl* leaf, Tensor& g) { add_to_grad(leaf, std::exchange(g, Tensor()), options_.create_graph); });
  for (auto& [node, g] : captured_) {
    const Tensor output = output_of(*node);
    if (!output.meta().retains_grad) add_to_grad(output.get(), g, options_.create_graph);
  }
}

void check_inputs(const char* op, const TensorList& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    refresh(inputs[i]);
    if (!inputs[i].requires_grad())
      fail<RuntimeError>(op, "(): input ", i, " of shape ", Show{inputs[i].shape()}, " does not require grad");
  }
}

}  // namespace

void (*detail::refresh_view)(TensorImpl*) = nullptr;
void (*run_hook)(PyObject*, Tensor&) = nullptr;
thread_local Mode t_mode;

void backward(const TensorList& roots, const TensorList& seeds, const TensorList& inputs, BackwardOptions options) {
  const profile::Scope scope(profile::Kind::engine, "backward");
  check_inputs("backward", inputs);
  Run run(inputs, !inputs.empty(), options);
  run.start(roots, seeds);
  run.go();
  run.add_to_leaves();
}

TensorList grad(const TensorList& roots, const TensorList& seeds, const TensorList& inputs, BackwardOptions options) {
  const profile::Scope scope(profile::Kind::engine, "grad");
  check_inputs("grad", inputs);
  Run run(inputs, true, options);
  run.start(roots, seeds);
  run.go();
  return run.results();
}

}  // namespace tg::tape
