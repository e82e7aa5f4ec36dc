// Promotion, conversions, copies, and what operations require of their arguments.
#include "ops/common.h"

#include <cstring>

#include "kernels/bfloat16.h"

namespace tg::ops {
namespace {

int rank_of(const Tensor& t) { return t->weak ? 0 : t.ndim() == 0 ? 1 : 2; }

}  // namespace

DType result_type(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype() && !a->weak && !b->weak) return a.dtype();
  const int ra = rank_of(a), rb = rank_of(b);
  if (ra == rb) {
    if (ra > 0) return promote(a.dtype(), b.dtype());
    return default_dtype(std::max(category(a.dtype()), category(b.dtype())));
  }
  const Tensor& high = ra > rb ? a : b;
  const Tensor& low = ra > rb ? b : a;
  if (category(high.dtype()) >= category(low.dtype())) return high.dtype();
  return low->weak ? default_dtype(category(low.dtype())) : low.dtype();
}

DType result_type(const Tensor& a, const Tensor& b, const Tensor& c) {
  if (a.dtype() == b.dtype() && a.dtype() == c.dtype() && !a->weak) return a.dtype();
  std::optional<DType> of_rank[3];
  for (const Tensor* t : {&a, &b, &c}) {
    std::optional<DType>& seen = of_rank[rank_of(*t)];
    const DType type = (*t)->weak ? default_dtype(category(t->dtype())) : t->dtype();
    seen = seen ? promote(*seen, type) : type;
  }
  std::optional<DType> result;
  for (const auto& seen : of_rank)  // the higher rank decides unless the lower one has the higher category
    if (seen && (!result || category(*seen) >= category(*result))) result = seen;
  return *result;
}

LoopFn cast_loop(DType from, DType to) {
  if (from != DType::bfloat16 && to != DType::bfloat16) return table().elementwise.cast[int(from)][int(to)];
  const kernels::Bfloat16Table& own = kernels::bfloat16_table();
  if (from == to) return own.copy;
  return to == DType::float32 ? own.widen : from == DType::float32 ? own.narrow : nullptr;
}

Tensor cast(const Tensor& t, DType dtype) {
  if (t.dtype() == dtype) return t;
  const LoopFn fn = cast_loop(t.dtype(), dtype);
  if (!fn) return cast(cast(t, DType::float32), dtype);
  Tensor out = empty(t.shape(), dtype);
  const Tensor* inputs[] = {&t};
  run_loop(fn, out, inputs, 1);
  return out;
}

Tensor contiguous_values(const Tensor& t) { return t.contiguous() ? t : clone_values(t); }

Tensor clone_values(const Tensor& t) {
  Tensor out = empty_like(t);
  copy_values(out, t);
  return out;
}

void copy_values(const Tensor& to, const Tensor& from) {
  const Tensor* inputs[] = {&from};
  if (to.contiguous() && from.contiguous() && to.dtype() == from.dtype() && to.numel() == from.numel() &&
      to.numel() < kParallel) {
    std::memmove(to.bytes(), from.bytes(), size_t(to.numel()) * itemsize(to.dtype()));
  } else {
    const LoopFn fn = cast_loop(from.dtype(), to.dtype());
    if (!fn) return copy_values(to, cast(from, DType::float32));
    run_loop(fn, to, inputs, 1);
  }
  to.wrote();
}

Tensor full(Span shape, double value, DType dtype) {
  Tensor out = empty(shape, dtype);
  if (value == 0 && out.numel() < kParallel) {
    std::memset(out.bytes(), 0, size_t(out.numel()) * itemsize(dtype));
  } else {
    copy_values(out, scalar(value, dtype));
  }
  return out;
}

Tensor expand_values(const Tensor& t, Span shape) {
  Ints strides;
  const int lead = int(shape.size()) - t.ndim();
  for (int d = 0; d < int(shape.size()); ++d) strides.push_back(d < lead || t.size(d - lead) == 1 ? 0 : t.stride(d - lead));
  return alias(t, shape, strides, 0);
}

void require_floating(const char* op, const char* argument, const Tensor& t) {
  if (!is_floating(t.dtype())) fail<RuntimeError>(op, "(): ", argument, " must be a floating tensor, got dtype ", t.dtype());
}

void refuse_numbers(const char* op) { fail<TypeError>(op, "(): at least one argument must be a Tensor, got two numbers"); }

void require_some_float(const char* op, const Tensor& a, const Tensor& b) {
  if (!is_floating(a.dtype()) && !is_floating(b.dtype()))
    fail<RuntimeError>(op, "(): one of input and other must be a floating tensor, got dtypes ", a.dtype(), " and ", b.dtype());
}

void require_same_dtype(const char* op, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype())
    fail<RuntimeError>(op, "(): dtypes ", a.dtype(), " and ", b.dtype(), " differ; convert one with .to(dtype)");
}

}  // namespace tg::ops
