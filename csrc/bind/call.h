// Trampolines: from a Python vectorcall straight to apply<Op>, generated from &Op::forward.
#pragma once
#include <array>
#include <tuple>

#include "bind/arguments.h"
#include "bind/bfloat16.h"
#include "ops/inplace.h"
#include "ops/list.h"
#include "tape/apply.h"

namespace tg::bind {

namespace detail {

// The argument types of forward, without references and without Saved.
template <class Op, class F>
struct ForwardArgs;
template <class Op, class R, class... A>
struct ForwardArgs<Op, R (*)(A...)> {
  using type = std::tuple<Arg<std::remove_cvref_t<A>>...>;
};
template <class Op, class R, class S, class... A>
  requires tape::Differentiable<Op>
struct ForwardArgs<Op, R (*)(S&, A...)> {
  using type = std::tuple<Arg<std::remove_cvref_t<A>>...>;
};

}  // namespace detail

template <class Op>
struct Call {
  using Args = typename detail::ForwardArgs<Op, decltype(&Op::forward)>::type;
  static constexpr int kCount = int(std::tuple_size_v<Args>);
  static constexpr bool kHasInplace = [] {
    if constexpr (kCount > 0) return std::is_same_v<std::tuple_element_t<size_t(kCount - 1), Args>, Arg<ops::Inplace>>;
    return false;
  }();

  static const Signature& signature() {
    static const Signature s(Op::info);
    return s;
  }

  static void parse(Args& out, PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    const Signature& s = *parsed;
    PyObject* slots[kCount];
    PyObject* const* rest;
    Py_ssize_t rest_count;
    s.bind(self, args, nargs, kwnames, slots, rest, rest_count);
    [&]<size_t... I>(std::index_sequence<I...>) {
      (set(std::get<I>(out), s, s.params[I], slots[I], rest, rest_count), ...);
    }(std::make_index_sequence<size_t(kCount)>());
  }

  static PyObject* run(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    return guarded([&] {
      Args a;
      parse(a, self, args, nargs, kwnames);
      if constexpr (kHasInplace) {
        if (std::get<size_t(kCount - 1)>(a).value().yes) return write(a, self, args, nargs, kwnames);
      }
      if (has_bfloat16(a)) [[unlikely]]
        return through_float32(run, self, args, nargs, kwnames);
      return std::apply([](const auto&... x) { return to_python(tape::apply<Op>(x.value()...)); }, a);
    });
  }
  static PyObject* function(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    return run(nullptr, args, nargs, kwnames);
  }
  static PyObject* method(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    return run(self, args, nargs, kwnames);
  }
  // A method without further arguments.
  static PyObject* plain_method(PyObject* self, PyObject*) {
    return guarded([&] {
      TensorImpl* const p = static_cast<TensorImpl*>(self);
      const Tensor& x = Tensor::view_handle(p);
      if (!Op::info.bfloat16 && x.dtype() == DType::bfloat16) [[unlikely]]
        return through_float32(run, self, nullptr, 0, nullptr);
      if constexpr (kHasInplace) {
        return to_python(tape::apply<Op>(x, ops::Inplace{}));
      } else {
        return to_python(tape::apply<Op>(x));
      }
    });
  }
  static PyObject* run_inplace(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    return guarded([&] {
      Args a;
      parse(a, self, args, nargs, kwnames);
      return write(a, self, args, nargs, kwnames);
    });
  }
  static PyObject* inplace_function(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    return run_inplace(nullptr, args, nargs, kwnames);
  }
  static PyObject* inplace_method(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    return run_inplace(self, args, nargs, kwnames);
  }

  inline static const Signature* parsed = nullptr;  // set when the module is made; no guard on the hot path

 private:
  // The operation's result as a new tensor, whatever the flag for the place says.
  static PyObject* fresh(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    if constexpr (kHasInplace) {
      return guarded([&] {
        Args a;
        parse(a, self, args, nargs, kwnames);
        return std::apply([](const auto&... x) { return to_python(tape::apply<Op>(x.value()...)); }, a);
      });
    } else {
      return run(self, args, nargs, kwnames);
    }
  }
  static bool has_bfloat16(const Args& a) {
    if constexpr (Op::info.bfloat16) return false;
    return std::apply([](const auto&... x) { return (is_bfloat16(x) || ...); }, a);
  }
  static PyObject* write(const Args& a, PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
    if (std::get<0>(a).owner) fail<TypeError>(Op::info.name, "_(): the first argument is changed in place and must be a Tensor");
    if (has_bfloat16(a)) [[unlikely]]
      return through_float32_inplace(Op::info.name, std::get<0>(a).value(), fresh, self, args, nargs, kwnames);
    std::apply([](const auto&... x) { ops::apply_inplace<Op>(x.value()...); }, a);
    return to_python(std::get<0>(a).value());
  }
  template <class A>
  static void set(A& arg, const Signature& s, const Param& p, PyObject* slot, PyObject* const* rest, Py_ssize_t rest_count) {
    if constexpr (requires { arg.push(s.op, p, slot); }) {
      if (p.variadic && !slot) {
        for (Py_ssize_t i = 0; i < rest_count; ++i) arg.push(s.op, p, rest[i]);
        return;
      }
    }
    arg.set(s.op, p, slot);
  }
};

// What the module needs of an operation to expose it.
struct Entry {
  const OpInfo* info;
  const char* family;
  bool differentiable;
  const Signature* signature = nullptr;  // null, and what follows, where Python cannot call the operation
  PyCFunction function = nullptr;        // METH_FASTCALL | METH_KEYWORDS
  PyCFunction method = nullptr;
  PyCFunction plain_method = nullptr;    // METH_NOARGS, for operations of one tensor
  PyCFunction inplace_method = nullptr;  // where there is one
  PyCFunction inplace_function = nullptr;
};

template <class F>
PyCFunction as_pycfunction(F* f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

// Adds an entry per operation of a family.
template <class Family>
void add_entries(std::vector<Entry>& entries, const char* family) {
  Family::for_each([&]<class Op>() {
    Call<Op>::parsed = &Call<Op>::signature();
    Entry e{.info = &Op::info,
            .family = family,
            .differentiable = tape::Differentiable<Op>,
            .signature = Call<Op>::parsed,
            .function = as_pycfunction(&Call<Op>::function)};
    if constexpr (std::is_same_v<std::tuple_element_t<0, typename Call<Op>::Args>, Arg<Tensor>>) {
      e.method = as_pycfunction(&Call<Op>::method);
      if constexpr (Call<Op>::kCount == 1 + Call<Op>::kHasInplace) e.plain_method = as_pycfunction(&Call<Op>::plain_method);
      if constexpr (Op::info.inplace || Call<Op>::kHasInplace) {
        e.inplace_method = as_pycfunction(&Call<Op>::inplace_method);
        e.inplace_function = as_pycfunction(&Call<Op>::inplace_function);
      }
    }
    entries.push_back(e);
  });
}

// Operations that other operations call with arguments they have checked.
template <class Family>
void add_internal(std::vector<Entry>& entries, const char* family) {
  Family::for_each(
      [&]<class Op>() { entries.push_back({.info = &Op::info, .family = family, .differentiable = tape::Differentiable<Op>}); });
}

// Families, instantiated in files of their own.
void add_arithmetic(std::vector<Entry>&);
void add_math(std::vector<Entry>&);
void add_activation(std::vector<Entry>&);
void add_nn(std::vector<Entry>&);
void add_conv(std::vector<Entry>&);
void add_views(std::vector<Entry>&);
void add_join(std::vector<Entry>&);
void add_index(std::vector<Entry>&);
void add_reduce(std::vector<Entry>&);
void add_linalg(std::vector<Entry>&);
void add_create(std::vector<Entry>&);

}  // namespace tg::bind
