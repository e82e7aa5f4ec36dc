// Elementwise operations by arity: operands brought to one type, the result allocated, the cheapest loop chosen.
// bfloat16 is computed in float32 and rounded once.
#include <cstring>

#include "ops/common.h"

namespace tg::ops {
namespace {

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
void run_flat(LoopFn fn, const Tensor& out, char* a, int64_t a_step, char* b, int64_t b_step, char* c = nullptr,
              int64_t c_step = 0) {
  kernels::Loop loop;
  loop.n = out.numel();
  loop.rows = 1;
  loop.ptr[0] = out->data;
  loop.ptr[1] = a;
  loop.ptr[2] = b;
  loop.ptr[3] = c;
  loop.step[0] = int64_t(itemsize(out.dtype()));
  loop.step[1] = a_step;
  loop.step[2] = b_step;
  loop.step[3] = c_step;
  if (loop.n) fn(loop);
}

// The type in which elements of a type are computed, and a result brought to the type it should have.
DType computed_in(DType t) { return t == DType::bfloat16 ? DType::float32 : t; }

LoopFn kernel_for(const char* op, const ByType& fn, DType dtype) {
  LoopFn f = dtype == DType::bfloat16 ? nullptr : fn[int(dtype)];
  if (!f) fail<TypeError>(op, "(): not defined for dtype ", dtype);
  return f;
}

}  // namespace

namespace {

Tensor unary_to(const char* op, const ByType& fn, const Tensor& x, DType in, DType out_dtype) {
  if (in == DType::bfloat16) return cast(unary_to(op, fn, x, DType::float32, computed_in(out_dtype)), out_dtype);
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
  if (in == DType::bfloat16) return cast(binary_to(op, fn, a, b, DType::float32, computed_in(out_dtype)), out_dtype);
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

// The shape that three operands broadcast to, usually the first one's.
Tensor empty_for(const char* op, const Tensor& a, const Tensor& b, const Tensor& c, DType t) {
  if ((b.ndim() == 0 || same(a.shape(), b.shape())) && (c.ndim() == 0 || same(a.shape(), c.shape()))) return empty_like(a, t);
  return empty(broadcast_shapes(op, broadcast_shapes(op, a.shape(), b.shape()), c.shape()), t);
}

// Parameters as a tensor of no dims, for loops that are not flat.
Tensor boxed(const void* parameters, size_t size) {
  Tensor t = empty({int64_t(size)}, DType::uint8);
  std::memcpy(t.bytes(), parameters, size);
  return alias(t, {}, {}, 0);
}

}  // namespace

Tensor ternary(const char* op, const ByType& fn, const Tensor& a, const Tensor& b, const Tensor& c, DType t) {
  if (t == DType::bfloat16) return cast(ternary(op, fn, a, b, c, DType::float32), t);
  LoopFn f = kernel_for(op, fn, t);
  Operand pa(a, t), pb(b, t), pc(c, t);
  Tensor out = empty_for(op, a, b, c, t);
  const Span shape = out.shape();
  if (out.numel() < kParallel && pa.fits_flat(shape) && pb.fits_flat(shape) && pc.fits_flat(shape)) {
    run_flat(f, out, pa.data(), pa.flat_step(), pb.data(), pb.flat_step(), pc.data(), pc.flat_step());
  } else {
    const Tensor* inputs[] = {pa.tensor(), pb.tensor(), pc.tensor()};
    run_loop(f, out, inputs, 3);
  }
  return out;
}

Tensor where_values(const char* op, const Tensor& condition, const Tensor& a, const Tensor& b, DType t, const Tensor& into) {
  if (t == DType::bfloat16) {
    const Tensor y = where_values(op, condition, a, b, DType::float32);
    if (!into) return cast(y, t);
    copy_values(into, y);
    return into;
  }
  LoopFn f = table().elementwise.where[int(t)];
  Operand pc(condition, DType::bool_), pa(a, t), pb(b, t);
  Tensor out = into ? into : empty_for(op, condition, a, b, t);
  const Span shape = out.shape();
  if (out.contiguous() && out.numel() < kParallel && pc.fits_flat(shape) && pa.fits_flat(shape) && pb.fits_flat(shape)) {
    run_flat(f, out, pc.data(), pc.flat_step(), pa.data(), pa.flat_step(), pb.data(), pb.flat_step());
  } else {
    const Tensor* inputs[] = {pc.tensor(), pa.tensor(), pb.tensor()};
    run_loop(f, out, inputs, 3);
  }
  return out;
}

Tensor unary_with(const char* op, const ByType& fn, const Tensor& x, DType t, const void* parameters, size_t size) {
  LoopFn f = kernel_for(op, fn, t);
  Operand px(x, t);
  Tensor out = empty_like(x, t);
  if (out.numel() < kParallel && px.fits_flat(out.shape())) {
    run_flat(f, out, px.data(), px.flat_step(), static_cast<char*>(const_cast<void*>(parameters)), 0);
  } else {
    const Tensor box = boxed(parameters, size);
    const Tensor* inputs[] = {px.tensor(), &box};
    run_loop(f, out, inputs, 2);
  }
  return out;
}

Tensor binary_bool_with(const char* op, const ByType& fn, const Tensor& a, const Tensor& b, DType t, const void* parameters,
                        size_t size) {
  LoopFn f = kernel_for(op, fn, t);
  Operand pa(a, t), pb(b, t);
  Tensor out = empty_for(op, a, b, b, DType::bool_);
  if (out.numel() < kParallel && pa.fits_flat(out.shape()) && pb.fits_flat(out.shape())) {
    run_flat(f, out, pa.data(), pa.flat_step(), pb.data(), pb.flat_step(), static_cast<char*>(const_cast<void*>(parameters)), 0);
  } else {
    const Tensor box = boxed(parameters, size);
    const Tensor* inputs[] = {pa.tensor(), pb.tensor(), &box};
    run_loop(f, out, inputs, 3);
  }
  return out;
}

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
  if (t != self.dtype() || t == DType::bfloat16) {  // computed in the wider type, then stored
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

}  // namespace tg::ops
