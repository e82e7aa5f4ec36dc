// apply<Op>(inputs...): runs an operation's forward and, when recording, allocates the one node that remembers it.
#pragma once
#include <tuple>
#include <type_traits>

#include "core/errors.h"
#include "tape/engine.h"
#include "tape/life.h"
#include "tape/mode.h"
#include "tape/node.h"
#include "tape/profile.h"
#include "tape/saved.h"

namespace tg::tape {

template <class Op>
concept Differentiable = requires { &Op::backward; };

namespace detail {

template <class A>
constexpr bool is_tensor = std::is_same_v<std::remove_cvref_t<A>, Tensor>;
template <class A>
constexpr bool is_tensor_list = std::is_same_v<std::remove_cvref_t<A>, TensorList>;

inline bool requires_grad(const Tensor& t) { return t && t.requires_grad(); }
inline bool requires_grad(const TensorList& list) {
  for (const Tensor& t : list)
    if (requires_grad(t)) return true;
  return false;
}
template <class A>
bool requires_grad(const A&) {
  return false;
}

template <class F>
void for_each_tensor(const Tensor& t, F&& f) {
  f(t);
}
template <class F>
void for_each_tensor(const TensorList& list, F&& f) {
  for (const Tensor& t : list) f(t);
}
template <class A, class F>
void for_each_tensor(const A&, F&&) {}

[[noreturn, gnu::cold]] inline void inference_input(const char* op) {
  fail<RuntimeError>(op, "(): a tensor made under inference_mode cannot take part in a recorded operation; clone it first");
}

// A view whose base was changed by a recorded in-place write has to be taken from the base again (ops/inplace.cpp).
extern void (*refresh_view)(TensorImpl* view);

}  // namespace detail

// Up to date with recorded in-place writes to the tensor it is a view of.
inline void refresh(const Tensor& t) {
  if (t && t->base && t->base->history != t->base_history) [[unlikely]]
    detail::refresh_view(t.get());
}

template <class Op, int N>
struct OpNode final : Node {
  [[no_unique_address]] typename Op::Saved saved;
  Edge inline_edges[N > 0 ? N : 1];

  OpNode() : Node(Op::info) {
    if constexpr (N > 0) {
      edges = inline_edges;
    }
  }
  ~OpNode() override {
    if constexpr (N == 0) {  // a list of inputs
      for (uint32_t i = 0; i < num_edges; ++i) {
        if (edges[i].node) release(edges[i].node);
        Py_XDECREF(edges[i].leaf);
      }
      num_edges = 0;
      if (edges) delete[] edges;
    }
  }
  void backward(const Tensor& dy, Needs needs, Sink& sink) override {
    if constexpr (requires { Op::place_in(dy, saved); }) {
      // The gradients of many parts of one tensor cost what the parts do, not the whole each time.
      if (const Tensor sum = sink.own_sum(*this, 0, dy)) return accumulate_into(Op::place_in(sum, saved), dy);
    }
    auto grads = Op::backward(static_cast<const typename Op::Saved&>(saved), needs, dy);
    int i = 0;
    for (Tensor& g : grads) {
      if (g && needs[i]) sink.deliver(*this, i, std::move(g));
      ++i;
    }
  }
  void release_saved() override {
    // Plain attributes stay: an operation that kept no tensors can be differentiated twice, as in PyTorch.
    if constexpr (!std::is_trivially_destructible_v<typename Op::Saved>) {
      saved = {};
      released = true;
    }
  }
  void output_moved(TensorImpl* t) override {
    if constexpr (requires { saved.y.output_moved(t); }) saved.y.output_moved(t);  // the result is saved as `y` everywhere
  }
  size_t object_size() const override { return sizeof(*this); }
};

namespace detail {

template <class Op, class... A>
[[gnu::noinline]] auto run(const A&... args) {
  if constexpr (Differentiable<Op>) {
    (for_each_tensor(args, [](const Tensor& t) { refresh(t); }), ...);
    if (t_mode.grad && (requires_grad(args) || ...)) {
      constexpr bool listed = (is_tensor_list<A> || ...);
      constexpr int count = (int(is_tensor<A>) + ...);
      using N = OpNode<Op, listed ? 0 : count>;
      struct Holder {
        N* node;
        ~Holder() {
          if (node) release(node);
        }
      } holder{make_node<N>()};
      N* node = holder.node;
      Tensor y = Op::forward(node->saved, args...);
      if (!is_floating(y.dtype())) return y;  // nothing to differentiate
      uint32_t n = 0;
      if constexpr (listed) {
        (for_each_tensor(args, [&](const Tensor&) { ++n; }), ...);
        node->edges = new Edge[n];
        n = 0;
      }
      (for_each_tensor(args,
                       [&](const Tensor& t) {
                         if (t && t->inference) [[unlikely]]
                           inference_input(Op::info.name);
                         set_edge(node->edges[n++], t);
                         node->num_edges = n;
                       }),
       ...);
      set_history(y, std::exchange(holder.node, nullptr));
      return y;
    }
    typename Op::Saved unused;
    Tensor y = Op::forward(unused, args...);
    if (t_mode.inference) [[unlikely]]
      y->inference = true;
    return y;
  } else {
    return Op::forward(args...);
  }
}

// Calls an operation as the profiler sees it. There is one of these per list of types, not per operation.
template <class R, class... A>
struct Profiled {
  [[gnu::cold, gnu::noinline]] static R call(const A&... args, R (*op)(const A&...), const char* name) {
    profile::Scope scope(profile::Kind::op, name);
    R y = op(args...);
    scope.end({profile::operands(args)...}, profile::operands(y));
    return y;
  }
};

}  // namespace detail

template <class Op, class... A>
auto apply(const A&... args) {
  if (g_profiling) [[unlikely]]
    return detail::Profiled<decltype(detail::run<Op>(args...)), A...>::call(args..., &detail::run<Op, A...>, Op::info.name);
  return detail::run<Op>(args...);
}

}  // namespace tg::tape
