// Explicit in-place writes and what they do to history.
#include "ops/inplace.h"

#include "ops/functions.h"
#include "ops/views.h"

namespace tg::ops {
namespace {

// base' = base with the part that a view looks at replaced;  dbase = dy with zeros there, dvalue = dy there
struct ViewWrite {
  static constexpr OpInfo info{.name = "view_write",
                               .signature = "(input: Tensor, value: Tensor, geometry: object) -> Tensor",
                               .doc = "A tensor with the part that a view looks at replaced.",
                               .face = Face::internal};
  struct Saved {
    Shape shape;
    Ints strides;
    int64_t offset;
  };
  // The write has happened: nothing is computed, `after` is the tensor as it now is.
  static Tensor forward(Saved& s, const Tensor&, const Tensor&, Made after, const Saved& at) {
    s = at;
    return alias(after.tensor);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    Tensor whole = contiguous(dy);
    Grads<2> g;
    if (needs[0]) {
      const Tensor mask = full(whole.shape(), 1, whole.dtype());
      copy_values(alias(mask, s.shape, s.strides, s.offset), number(0));
      g[0] = whole * mask;
    }
    if (needs[1]) g[1] = as_strided(whole, s.shape, s.strides, s.offset);
    return g;
  }
};

int64_t offset_in(const Tensor& view, const Tensor& base) { return (view->data - base->data) / int64_t(itemsize(base.dtype())); }

// Whether self is still a view: .data = may have given either side other memory, and then they part.
bool is_view(const Tensor& self) {
  if (self->base && self->base->storage != self->storage) Py_CLEAR(self->base);
  return self->base;
}

// What the graph keeps of a tensor that moves on: its shape and its node, not its values.
Tensor shell_of(const Tensor& t) {
  Tensor shell = alias(t);
  shell->storage->drop();
  shell->storage = nullptr;
  shell->data = nullptr;
  return shell;
}

// t's node, if any, goes over to `heir`, which stands for t as it was.
void hand_over_history(const Tensor& t, const Tensor& heir) {
  tape::Node* n = std::exchange(t->grad_fn, nullptr);
  if (!n) return;
  if (t->meta && !t->meta->hooks.empty()) std::swap(heir.meta().hooks, t->meta->hooks);  // they were for the old value
  if (heir->grad_fn) {  // heir has been given the node already (before_write)
    tape::release(n);
  } else {
    heir->grad_fn = n;
  }
  n->replace_output(heir.get());
}

// From here on `t` is what `made` is, in values and history: t's node is an alias of made's.
struct Rebound {
  static constexpr OpInfo info{.name = "rebound",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "A tensor after an in-place write.",
                               .face = Face::internal};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor&, Made after) { return alias(after.tensor); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

void take_history(const Tensor& t, const Tensor& made) {
  if (tape::Node* n = std::exchange(made->grad_fn, nullptr)) tape::set_history(t, n);
  ++t->history;
}

}  // namespace

bool records_write(const Tensor& self) {
  if (!tape::grad_enabled()) return false;
  return self.requires_grad() || (is_view(self) && Tensor::view_handle(self->base).requires_grad());
}

void check_writable(const char* op, const Tensor& self, bool recording) {
  if (recording && self.is_leaf() && self->requires_grad) {
    fail<RuntimeError>(
        op, "_(): a leaf tensor that requires grad cannot be written to in place while recording; use no_grad() or .data");
  }
  if (recording && self->base && self->base->grad_fn && !self.requires_grad()) {
    fail<RuntimeError>(
        op,
        "_(): this view was taken under no_grad, so a recorded write through it would not reach the tensor it looks at; "
        "take the view again");
  }
  if (recording && self->base && !self->base->grad_fn && self->base->requires_grad) {
    fail<RuntimeError>(op, "_(): a view of a leaf tensor that requires grad cannot be written to in place while recording");
  }
  if (self->inference && !tape::t_mode.inference) {
    fail<RuntimeError>(op, "_(): a tensor made under inference_mode cannot be written to outside it; clone it first");
  }
  self.bytes();
  for (int d = 0; d < self.ndim(); ++d) {
    if (self.stride(d) == 0 && self.size(d) > 1) {
      fail<RuntimeError>(op, "_(): several elements of this tensor share memory (it was expanded to ", Show{self.shape()},
                         "); clone it first");
    }
  }
}

void check_storable(const char* op, const Tensor& self, const Tensor& result) {
  if (!same(result.shape(), self.shape())) {
    fail<RuntimeError>(op, "_(): a result of shape ", Show{result.shape()}, " cannot be stored in a tensor of shape ",
                       Show{self.shape()});
  }
  if (category(result.dtype()) > category(self.dtype())) {
    fail<RuntimeError>(op, "_(): a result of dtype ", result.dtype(), " cannot be stored in a tensor of dtype ", self.dtype());
  }
}

Tensor before_write(const Tensor& self) {
  tape::refresh(self);
  Tensor old = clone_values(self);
  if (tape::Node* n = self->grad_fn) {
    tape::retain(n);
    old->grad_fn = n;
  }
  return old;
}

void commit(const char* op, const Tensor& self, const Tensor& old, const Tensor& result) {
  Tensor value = to(result, self.dtype());
  if (is_view(self)) {
    const Tensor base = Tensor::borrow(self->base);
    if (!base.contiguous())
      fail<RuntimeError>(op, "_(): cannot record a write to a view of a tensor that is not contiguous; clone it first");
    const ViewWrite::Saved at{self.shape(), self.strides(), offset_in(self, base)};
    Tensor before = shell_of(base);
    if (tape::Node* n = base->grad_fn) {
      tape::retain(n);
      before->grad_fn = n;
    }
    copy_values(self, value);
    Tensor after = tape::apply<ViewWrite>(before, value, Made{base}, at);
    hand_over_history(self, old);
    hand_over_history(base, before);
    take_history(base, after);
    tape::refresh(self);
    return;
  }
  copy_values(self, value);
  Tensor after = tape::apply<Rebound>(value, Made{self});
  hand_over_history(self, old);
  take_history(self, after);
}

Tensor before_relay(const char* op, const Tensor& self) {
  tape::refresh(self);
  if (self->requires_grad && self.is_leaf())
    fail<RuntimeError>(op, "_(): a leaf tensor that requires grad keeps its shape, which is its gradient's too");
  if (self.grad()) fail<RuntimeError>(op, "_(): this tensor has a .grad of shape ", Show{self.shape()}, "; set it to None first");
  if (self->inference && !tape::t_mode.inference) {
    fail<RuntimeError>(op, "_(): a tensor made under inference_mode cannot be changed outside it; clone it first");
  }
  Tensor old = alias(self);
  if (tape::Node* n = self->grad_fn) {
    tape::retain(n);
    old->grad_fn = n;
  }
  return old;
}

void relay(const Tensor& self, const Tensor& old, const Tensor& seen) {
  hand_over_history(self, old);
  self->ndim = uint8_t(seen.ndim());
  std::copy_n(seen->shape, seen.ndim(), self->shape);
  std::copy_n(seen->strides, seen.ndim(), self->strides);
  self->contiguous = seen.contiguous();
  if (tape::Node* n = std::exchange(seen->grad_fn, nullptr)) tape::set_history(self, n);
  self.wrote();
}

namespace {

void copy_now(const Tensor& self, const Tensor& source) {
  tape::refresh(self);
  tape::refresh(source);
  const bool records = records_write(self) || (tape::grad_enabled() && source.requires_grad());
  check_writable("copy", self, records);
  if (!broadcastable_to(source.shape(), self.shape())) {
    fail<RuntimeError>("copy_(): shape ", Show{source.shape()}, " does not broadcast to ", Show{self.shape()});
  }
  const bool overlaps = source->storage == self->storage;
  if (!records) {
    copy_values(self, overlaps ? clone_values(source) : source);
    return;
  }
  Tensor old = before_write(self);
  Tensor value = expand(source, self.shape());
  if (overlaps) value = clone(value);
  if (!is_view(self) && !value.requires_grad()) {
    // A constant written over recorded history: the gradient ends here, but the tensor stays recorded.
    Tensor zero = old * 0.0;
    value = where(full(self.shape(), 1, DType::bool_), to(value, self.dtype()), zero);
  }
  commit("copy", self, old, value);
}

}  // namespace

void copy_inplace(const Tensor& self, const Tensor& source) {
  tape::profile::Scope scope(tape::profile::Kind::inplace, "copy");
  copy_now(self, source);
  scope.end({tape::profile::operands(source)}, tape::profile::operands(self));
}

void install_view_refresh() {
  tape::detail::refresh_view = [](TensorImpl* v) {
    const Tensor view = Tensor::borrow(v);
    if (!is_view(view)) return;
    const Tensor base = Tensor::borrow(v->base);
    tape::GradMode recording(true);  // the view keeps its history even when it is next read under no_grad
    Tensor again = as_strided(base, view.shape(), view.strides(), offset_in(view, base));
    v->base_history = base->history;
    if (tape::Node* n = std::exchange(v->grad_fn, nullptr)) {
      if (n->output == v) {
        Tensor heir = shell_of(view);
        heir->grad_fn = n;
        n->replace_output(heir.get());
      } else {
        tape::release(n);
      }
    }
    if (again->grad_fn) {
      take_history(view, again);
      --v->history;  // a view's own count is not what its base's views compare with
    }
  };
}

}  // namespace tg::ops
