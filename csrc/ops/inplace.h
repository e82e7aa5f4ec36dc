// Explicit in-place writes: add_, copy_, x[i] = v. Recorded where the tape records, and never half done.
#pragma once
#include "ops/common.h"
#include "tape/apply.h"

namespace tg::ops {

// Whether a write to self is recorded for self's own sake: for its history or for that of the tensor it looks at.
bool records_write(const Tensor& self);

// Throws unless self may be written to now: a leaf that requires grad, an expanded view and a tensor of
// inference mode may not. `recording`: whether the write would be recorded.
void check_writable(const char* op, const Tensor& self, bool recording);

// self's values and history become those of `result`, which was computed, recorded, from `old`.
void commit(const char* op, const Tensor& self, const Tensor& old, const Tensor& result);

// A tensor with self's values and history of this moment, for recording an operation on it.
Tensor before_write(const Tensor& self);

// Stores what an operation gave into self; throws, naming the operation, where shape or dtype do not allow it.
void check_storable(const char* op, const Tensor& self, const Tensor& result);

// For an in-place change of shape: another tensor on self's memory with self's layout and history. Throws where self must
// keep its shape.
Tensor before_relay(const char* op, const Tensor& self);
// self takes the layout and history of `seen`, a view of `old`; values that the graph saved of self are out of date then.
void relay(const Tensor& self, const Tensor& old, const Tensor& seen);

namespace detail {

template <class Op, class... A>
[[gnu::noinline]] void run_inplace(const Tensor& self, const A&... args) {
  if constexpr (requires { Op::relays; }) {
    const Tensor old = before_relay(Op::info.name, self);
    tape::GradMode recording(true);  // the graph must know the new shape, also of what is made under no_grad
    relay(self, old, tape::apply<Op>(old, args...));
    return;
  }
  tape::refresh(self);
  (tape::detail::for_each_tensor(args, [](const Tensor& t) { tape::refresh(t); }), ...);
  const bool records = records_write(self) || (tape::grad_enabled() && (tape::detail::requires_grad(args) || ...));
  check_writable(Op::info.name, self, records);
  if (records) {
    Tensor old = before_write(self);
    Tensor result = tape::apply<Op>(old, args...);
    check_storable(Op::info.name, self, result);
    commit(Op::info.name, self, old, result);
    return;
  }
  if constexpr (requires { Op::into(self, args...); }) {
    Op::into(self, args...);
  } else {
    Tensor result = tape::apply<Op>(self, args...);
    check_storable(Op::info.name, self, result);
    copy_values(self, result);
  }
}

// As tape::detail::Profiled.
template <class... A>
struct ProfiledInplace {
  using Op = void (*)(const Tensor&, const A&...);
  [[gnu::cold, gnu::noinline]] static void call(const Tensor& self, const A&... args, Op op, const char* name) {
    namespace profile = tape::profile;
    profile::Scope scope(profile::Kind::inplace, name);
    op(self, args...);
    scope.end({profile::operands(self), profile::operands(args)...}, profile::operands(self));
  }
};

}  // namespace detail

// self = Op(self, args...) in place.
template <class Op, class... A>
void apply_inplace(const Tensor& self, const A&... args) {
  if (tape::g_profiling) [[unlikely]]
    return detail::ProfiledInplace<A...>::call(self, args..., &detail::run_inplace<Op, A...>, Op::info.name);
  detail::run_inplace<Op>(self, args...);
}

// self = source, broadcast and converted.
void copy_inplace(const Tensor& self, const Tensor& source);

void install_view_refresh();

}  // namespace tg::ops
