// Promotion, strided loops over kernels, copies.
#include "ops/common.h"

#include <cstring>

namespace tg::ops {
namespace {

// Cheap elementwise work is split between threads only beyond this many elements.
constexpr int64_t kParallel = 100000;
constexpr int64_t kGrain = 32768;

int rank_of(const Tensor& t) { return t->weak ? 0 : t.ndim() == 0 ? 1 : 2; }

// The strides (in bytes) of t read as `shape`.
void byte_steps(const Tensor& t, Span shape, int64_t* steps) {
  const int lead = int(shape.size()) - t.ndim();
  const int64_t size = int64_t(itemsize(t.dtype()));
  for (int d = 0; d < int(shape.size()); ++d) steps[d] = d < lead || t.size(d - lead) == 1 ? 0 : t.stride(d - lead) * size;
}

// The loop nest over all operands after merging dims that lie evenly in each of them.
struct Nest {
  int operands, dims = 0;
  char* ptr[4];
  int64_t extent[kMaxDims];
  int64_t step[kMaxDims][4];

  void build(Span shape, const int64_t (*steps)[kMaxDims]) {
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] == 1) continue;
      bool merges = dims > 0;
      for (int i = 0; i < operands && merges; ++i) merges = step[dims - 1][i] == steps[i][d] * shape[d];
      if (merges) {
        extent[dims - 1] *= shape[d];
      } else {
        extent[dims++] = shape[d];
      }
      for (int i = 0; i < operands; ++i) step[dims - 1][i] = steps[i][d];
    }
    if (dims == 0) {
      extent[dims++] = 1;
      for (int i = 0; i < operands; ++i) step[0][i] = 0;
    }
  }

  // Runs the part [begin, end) of the outermost dim.
  void run(LoopFn fn, int64_t begin, int64_t end) const {
    kernels::Loop loop;
    char* at[4];
    for (int i = 0; i < operands; ++i) at[i] = ptr[i] + begin * step[0][i];
    const int inner = dims - 1, rows = dims - 2;
    const auto size = [&](int d) { return d == 0 ? end - begin : extent[d]; };
    loop.n = size(inner);
    loop.rows = rows >= 0 ? size(rows) : 1;
    for (int i = 0; i < operands; ++i) {
      loop.step[i] = step[inner][i];
      loop.row_step[i] = rows >= 0 ? step[rows][i] : 0;
    }
    int64_t count[kMaxDims] = {};
    while (true) {
      for (int i = 0; i < operands; ++i) loop.ptr[i] = at[i];
      fn(loop);
      int d = rows - 1;
      for (; d >= 0; --d) {  // an odometer over what is outside the two inner dims
        for (int i = 0; i < operands; ++i) at[i] += step[d][i];
        if (++count[d] < size(d)) break;
        for (int i = 0; i < operands; ++i) at[i] -= step[d][i] * size(d);
        count[d] = 0;
      }
      if (d < 0) return;
    }
  }
};

// One operand brought to the element type of the loop; a lone number is converted in place, without a tensor.
class Operand {
 public:
  Operand(const Tensor& t, DType dtype) : dtype_(dtype) {
    if (t.dtype() == dtype) {
      tensor_ = &t;
    } else if (t.ndim() == 0) {
      lone_ = true;
      if (t.dtype() == DType::float64 && dtype == DType::float32) {  // a Python float beside float32: most of them
        const float v = float(*t.data<double>());
        std::memcpy(value_, &v, sizeof(v));
        return;
      }
      visit(dtype, [&](auto zero) {
        using T = decltype(zero);
        const T v = std::is_floating_point_v<T> || is_floating(t.dtype()) ? T(t.scalar<double>()) : T(t.scalar<int64_t>());
        std::memcpy(value_, &v, sizeof(T));
      });
    } else {
      kept_ = cast(t, dtype);
      tensor_ = &kept_;
    }
  }
  bool fits_flat(Span shape) const {
    return lone_ || tensor_->numel() == 1 || (tensor_->contiguous() && same(tensor_->shape(), shape));
  }
  char* data() { return lone_ ? value_ : tensor_->bytes(); }
  int64_t flat_step() const { return lone_ || tensor_->numel() == 1 ? 0 : int64_t(itemsize(dtype_)); }
  // As a tensor, for loops that are not flat.
  const Tensor* tensor() {
    if (!lone_) return tensor_;
    kept_ = empty({}, dtype_);
    std::memcpy(kept_.bytes(), value_, itemsize(dtype_));
    return &kept_;
  }

 private:
  DType dtype_;
  bool lone_ = false;
  alignas(8) char value_[8];
  const Tensor* tensor_ = nullptr;
  Tensor kept_;
};

// The loop over operands that are all contiguous and of one shape, or lone numbers: most of them, and the cheapest.
void run_flat(LoopFn fn, const Tensor& out, char* a, int64_t a_step, char* b, int64_t b_step) {
  kernels::Loop loop;
  loop.n = out.numel();
  loop.rows = 1;
  loop.ptr[0] = out->data;
  loop.ptr[1] = a;
  loop.ptr[2] = b;
  loop.step[0] = int64_t(itemsize(out.dtype()));
  loop.step[1] = a_step;
  loop.step[2] = b_step;
  if (loop.n) fn(loop);
}

LoopFn kernel_for(const char* op, const ByType& fn, DType dtype) {
  LoopFn f = fn[int(dtype)];
  if (!f) fail<TypeError>(op, "(): not defined for dtype ", dtype);
  return f;
}

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

namespace {

// A few elements in three dims that do not merge: laid out flat on the stack they take one call of the kernel.
constexpr int64_t kFew = 64;

template <class Word>
void spread(const Nest& nest, int operand, char* to) {
  const int64_t e0 = nest.extent[0], e1 = nest.extent[1], e2 = nest.extent[2];
  const int64_t s0 = nest.step[0][operand], s1 = nest.step[1][operand], s2 = nest.step[2][operand];
  const char* plane = nest.ptr[operand];
  Word* out = reinterpret_cast<Word*>(to);
  for (int64_t i = 0; i < e0; ++i, plane += s0) {
    const char* row = plane;
    for (int64_t j = 0; j < e1; ++j, row += s1) {
      const char* from = row;
      for (int64_t k = 0; k < e2; ++k, from += s2) *out++ = *reinterpret_cast<const Word*>(from);
    }
  }
}

void run_few(LoopFn fn, const Nest& nest, const Tensor& out, const Tensor* const* inputs) {
  alignas(64) char flat[4][kFew * sizeof(int64_t)];
  kernels::Loop loop;
  loop.n = out.numel();
  loop.rows = 1;
  loop.ptr[0] = nest.ptr[0];
  loop.step[0] = int64_t(itemsize(out.dtype()));
  for (int i = 1; i < nest.operands; ++i) {
    const size_t size = itemsize(inputs[i - 1]->dtype());
    (size == 4 ? spread<uint32_t> : size == 8 ? spread<uint64_t> : spread<uint8_t>)(nest, i, flat[i]);
    loop.ptr[i] = flat[i];
    loop.step[i] = int64_t(size);
  }
  fn(loop);
}

}  // namespace

void run_loop(LoopFn fn, const Tensor& out, const Tensor* const* inputs, int count) {
  const int64_t numel = out.numel();
  if (numel == 0) return;
  // The common case first: everything contiguous and of one shape, or a lone number.
  bool flat = out.contiguous();
  for (int i = 0; i < count && flat; ++i) {
    const Tensor& t = *inputs[i];
    flat = t.numel() == 1 || (t.contiguous() && same(t.shape(), out.shape()));
  }
  Nest nest;
  nest.operands = count + 1;
  nest.ptr[0] = out.bytes();
  for (int i = 0; i < count; ++i) nest.ptr[i + 1] = inputs[i]->bytes();
  if (flat) {
    nest.dims = 1;
    nest.extent[0] = numel;
    nest.step[0][0] = int64_t(itemsize(out.dtype()));
    for (int i = 0; i < count; ++i) nest.step[0][i + 1] = inputs[i]->numel() == 1 ? 0 : int64_t(itemsize(inputs[i]->dtype()));
  } else {
    int64_t steps[4][kMaxDims];
    byte_steps(out, out.shape(), steps[0]);
    for (int i = 0; i < count; ++i) byte_steps(*inputs[i], out.shape(), steps[i + 1]);
    nest.build(out.shape(), steps);
    if (nest.dims == 3 && numel <= kFew && out.contiguous()) return run_few(fn, nest, out, inputs);
  }
  if (numel < kParallel) {
    nest.run(fn, 0, nest.extent[0]);
    return;
  }
  Unlocked unlocked(numel, {&out, inputs[0], count > 1 ? inputs[1] : inputs[0], count > 2 ? inputs[2] : inputs[0]});
  const int64_t per_step = numel / nest.extent[0];
  parallel_ranges(nest.extent[0], std::max<int64_t>(1, kGrain / per_step),
                  [&](int64_t begin, int64_t end) { nest.run(fn, begin, end); });
}

namespace {

Tensor unary_to(const char* op, const ByType& fn, const Tensor& x, DType in, DType out_dtype) {
  LoopFn f = kernel_for(op, fn, in);
  Operand a(x, in);
  Tensor out = empty_like(x, out_dtype);
  if (out.numel() < kParallel && a.fits_flat(x.shape())) {
    run_flat(f, out, a.data(), a.flat_step(), nullptr, 0);
  } else {
    const Tensor* inputs[] = {a.tensor()};
    run_loop(f, out, inputs, 1);
  }
  return out;
}

Tensor binary_to(const char* op, const ByType& fn, const Tensor& a, const Tensor& b, DType in, DType out_dtype) {
  LoopFn f = kernel_for(op, fn, in);
  Operand pa(a, in), pb(b, in);
  const bool like_a = b.ndim() == 0 || same(a.shape(), b.shape());
  Tensor out = like_a          ? empty_like(a, out_dtype)
               : a.ndim() == 0 ? empty_like(b, out_dtype)
                               : empty(broadcast_shapes(op, a.shape(), b.shape()), out_dtype);
  if (out.numel() < kParallel && pa.fits_flat(out.shape()) && pb.fits_flat(out.shape())) {
    run_flat(f, out, pa.data(), pa.flat_step(), pb.data(), pb.flat_step());
  } else {
    const Tensor* inputs[] = {pa.tensor(), pb.tensor()};
    run_loop(f, out, inputs, 2);
  }
  return out;
}

}  // namespace

Tensor unary(const char* op, const ByType& fn, const Tensor& x) { return unary_to(op, fn, x, x.dtype(), x.dtype()); }
Tensor unary_float(const char* op, const ByType& fn, const Tensor& x) {
  const DType t = floating(x.dtype());
  return unary_to(op, fn, x, t, t);
}
Tensor unary_bool(const char* op, const ByType& fn, const Tensor& x) { return unary_to(op, fn, x, x.dtype(), DType::bool_); }

Tensor binary(const char* op, const ByType& fn, const Tensor& a, const Tensor& b) {
  const DType t = result_type(a, b);
  return binary_to(op, fn, a, b, t, t);
}
Tensor binary_float(const char* op, const ByType& fn, const Tensor& a, const Tensor& b) {
  const DType t = floating(result_type(a, b));
  return binary_to(op, fn, a, b, t, t);
}
Tensor binary_bool(const char* op, const ByType& fn, const Tensor& a, const Tensor& b) {
  return binary_to(op, fn, a, b, result_type(a, b), DType::bool_);
}

void binary_into(const char* op, const ByType& fn, const Tensor& self, const Tensor& b, bool floats) {
  DType t = result_type(self, b);
  if (floats) t = floating(t);
  if (category(t) > category(self.dtype())) {
    fail<RuntimeError>(op, "_(): the result has dtype ", t, ", which cannot be stored in a tensor of dtype ", self.dtype());
  }
  if (!broadcastable_to(b.shape(), self.shape())) {
    fail<RuntimeError>(op, "_(): shape ", Show{b.shape()}, " does not broadcast to the shape ", Show{self.shape()},
                       " that is written to");
  }
  if (t != self.dtype()) {  // computed in the wider type, then stored
    copy_values(self, binary_to(op, fn, self, b, t, t));
    return;
  }
  // An operand that overlaps self in another layout would be read after it is overwritten.
  const bool overlaps = b->storage == self->storage &&
                        !(b->data == self->data && same(b.shape(), self.shape()) && same(b.strides(), self.strides()));
  LoopFn f = kernel_for(op, fn, t);
  Operand pb(b, t);
  if (self.contiguous() && self.numel() < kParallel && pb.fits_flat(self.shape()) && !overlaps) {
    run_flat(f, self, self.bytes(), int64_t(itemsize(t)), pb.data(), pb.flat_step());
  } else {
    const Tensor copy = overlaps ? clone_values(*pb.tensor()) : *pb.tensor();
    const Tensor* inputs[] = {&self, &copy};
    run_loop(f, self, inputs, 2);
  }
  self.wrote();
}

Tensor cast(const Tensor& t, DType dtype) {
  if (t.dtype() == dtype) return t;
  Tensor out = empty(t.shape(), dtype);
  const Tensor* inputs[] = {&t};
  run_loop(table().elementwise.cast[int(t.dtype())][int(dtype)], out, inputs, 1);
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
    run_loop(table().elementwise.cast[int(from.dtype())][int(to.dtype())], to, inputs, 1);
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

void require_same_dtype(const char* op, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype())
    fail<RuntimeError>(op, "(): dtypes ", a.dtype(), " and ", b.dtype(), " differ; convert one with .to(dtype)");
}

}  // namespace tg::ops
