// What the operation families share: promotion, strided loops over kernels, copies. Knows no gradients.
#pragma once
#include <algorithm>
#include <optional>
#include <string_view>

#include "core/errors.h"
#include "core/gil.h"
#include "core/parallel.h"
#include "core/tensor.h"
#include "kernels/table.h"
#include "ops/arguments.h"
#include "tape/apply.h"

namespace tg::ops {

using kernels::ByType;
using kernels::LoopFn;
using kernels::table;
using tape::Grads;
using tape::Needs;
using tape::SavedInput;
using tape::SavedOutput;

static_assert(kernels::kTypes + 1 == kNumDTypes && int(DType::float64) == 1 && int(DType::bool_) == 5);
static_assert(int(DType::bfloat16) == kernels::kTypes);  // no kernel knows it but those of kernels/bfloat16.h

// Nothing to keep for backward.
struct Nothing {};
// A tensor that is an argument of an operation but no input of its node: a result known already, say.
struct Made {
  const Tensor& tensor;
};
// Whether the result goes into the first argument's memory; the caller sees to it (bind/call.h), forward has no use for it.
struct Inplace {
  bool yes = false;
};
// PyTorch's promotion: tensors with dims outrank 0-d tensors, which outrank Python numbers, unless the lower
// rank has the higher category.
DType result_type(const Tensor& a, const Tensor& b);
DType result_type(const Tensor& a, const Tensor& b, const Tensor& c);
// For operations that are only defined on floats: integers and bool become the default float.
inline DType floating(DType t) { return is_floating(t) ? t : default_float(); }

// Cheap elementwise work is split between threads only beyond this many elements.
inline constexpr int64_t kParallel = 100000;
// out = fn(inputs...): inputs broadcast to out's shape and have the element type that fn expects.
void run_loop(LoopFn fn, const Tensor& out, const Tensor* const* inputs, int count);

// Elementwise operations by arity. `out_bool`: the kernel writes bool. Throw where fn has no kernel for the type.
Tensor unary(const char* op, const ByType& fn, const Tensor& x);
Tensor unary_float(const char* op, const ByType& fn, const Tensor& x);  // integers become float32 first
Tensor unary_bool(const char* op, const ByType& fn, const Tensor& x);
Tensor binary(const char* op, const ByType& fn, const Tensor& a, const Tensor& b);
Tensor binary_float(const char* op, const ByType& fn, const Tensor& a, const Tensor& b);
Tensor binary_bool(const char* op, const ByType& fn, const Tensor& a, const Tensor& b);
// self = fn(self, b) in self's own memory.
void binary_into(const char* op, const ByType& fn, const Tensor& self, const Tensor& b, bool floats);

// Three inputs of one type; where: a bool condition and two values of type t, into `into` if given.
Tensor ternary(const char* op, const ByType& fn, const Tensor& a, const Tensor& b, const Tensor& c, DType t);
Tensor where_values(const char* op, const Tensor& condition, const Tensor& a, const Tensor& b, DType t, const Tensor& into = {});
// The kernel's last input is the one struct at `parameters` (kernels/table.h), of inputs of type t.
Tensor unary_with(const char* op, const ByType& fn, const Tensor& x, DType t, const void* parameters, size_t size);
Tensor binary_bool_with(const char* op, const ByType& fn, const Tensor& a, const Tensor& b, DType t, const void* parameters,
                        size_t size);

// The strided copy from one type to another; null where it takes two: between bfloat16 and what is not float32.
LoopFn cast_loop(DType from, DType to);

// Values only; nothing is recorded.
Tensor cast(const Tensor& t, DType dtype);  // t itself when it has the dtype
Tensor contiguous_values(const Tensor& t);  // t itself when it is contiguous
Tensor clone_values(const Tensor& t);
void copy_values(const Tensor& to, const Tensor& from);  // broadcasts and converts
Tensor full(Span shape, double value, DType dtype);
inline Tensor zeros(Span shape, DType dtype) { return full(shape, 0, dtype); }
// A view of t with 0-stride dims, for reading.
Tensor expand_values(const Tensor& t, Span shape);

void require_floating(const char* op, const char* argument, const Tensor& t);
// Two Python numbers have no tensor to give the result its type.
[[noreturn, gnu::cold]] void refuse_numbers(const char* op);
inline void require_tensor(const char* op, const Tensor& a, const Tensor& b) {
  if (a->weak && b->weak) [[unlikely]]
    refuse_numbers(op);
}
void require_some_float(const char* op, const Tensor& a, const Tensor& b);
void require_same_dtype(const char* op, const Tensor& a, const Tensor& b);

template <class F>
decltype(auto) visit_float(DType t, F&& f) {
  if (t == DType::bfloat16) no_bfloat16();
  return t == DType::float64 ? f(double{}) : f(float{});
}

}  // namespace tg::ops
