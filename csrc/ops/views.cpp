// The rare paths of views: layouts over raw memory, and bytes seen as another dtype.
#include "ops/views.h"

namespace tg::ops {

void Strided::check(const Shape& shape, const Ints& strides, int64_t offset, int64_t count) {
  if (shape.size() != strides.size()) {
    fail<RuntimeError>("as_strided(): size ", Show{shape}, " and stride ", Show{strides}, " differ in length");
  }
  const int64_t numel = checked_numel("as_strided", shape);
  int64_t last = offset;
  bool outside = offset < 0;
  for (int d = 0; d < shape.size() && numel; ++d) {
    int64_t reach;
    outside |=
        strides[d] < 0 || __builtin_mul_overflow(strides[d], shape[d] - 1, &reach) || __builtin_add_overflow(last, reach, &last);
  }
  if (outside || (numel && last >= count) || (!numel && offset > count)) {
    fail<RuntimeError>("as_strided(): size ", Show{shape}, ", stride ", Show{strides}, " and offset ", offset,
                       " reach outside of ", count, " elements");
  }
}

Tensor Strided::positions(const Shape& shape, const Ints& strides, int64_t offset) {
  Tensor out = empty({product(shape)}, DType::int64);
  int64_t* p = out.data<int64_t>();
  for (int64_t i = 0; i < out.numel(); ++i) {
    int64_t left = i, at = offset;
    for (int d = shape.size() - 1; d >= 0; --d) {
      at += left % shape[d] * strides[d];
      left /= shape[d];
    }
    p[i] = at;
  }
  return out;
}

Tensor AsStrided::forward(const Tensor& x, const Ints& size, const Ints& stride, std::optional<int64_t> storage_offset) {
  const int64_t item = int64_t(itemsize(x.dtype()));
  const int64_t own = (x.bytes() - x->storage->data()) / item;
  const int64_t offset = storage_offset.value_or(own);
  Strided::check(size, stride, offset, int64_t(x->storage->bytes()) / item);
  tape::refresh(x);
  if (tape::recording(x)) {
    if (!x.contiguous()) {
      fail<RuntimeError>("as_strided(): a tensor of shape ", Show{x.shape()}, " and strides ", Show{x.strides()},
                         " is not contiguous, so that no gradient could be passed on; call contiguous() or detach() first");
    }
    return tape::apply<Strided>(x, size, stride, offset - own);
  }
  return view(x, size, stride, offset - own);
}

Tensor View::bytes_as(const Tensor& x, DType dtype) {
  const int64_t from = int64_t(itemsize(x.dtype())), to = int64_t(itemsize(dtype));
  Shape shape = x.shape();
  Ints strides = x.strides();
  const int last = x.ndim() - 1;
  if (from != to) {
    const char* problem = nullptr;
    if (last < 0) {
      problem = "a 0-d tensor has no dim to resize";
    } else if (x.size(last) > 1 && x.stride(last) != 1) {
      problem = "the last dim must have stride 1";
    } else if (from < to && (x.size(last) * from % to || (x.bytes() - x->storage->data()) % to)) {
      problem = "the last dim does not hold whole elements of it";
    }
    for (int d = 0; d < last && from < to && !problem; ++d)
      if (x.size(d) > 1 && x.stride(d) * from % to) problem = "the strides do not hold whole elements of it";
    if (problem) {
      fail<RuntimeError>("view(): elements of ", x.dtype(), " cannot be seen as ", dtype, " in shape ", Show{x.shape()},
                         " and strides ", Show{x.strides()}, ": ", problem);
    }
    for (int d = 0; d < last; ++d) strides[d] = strides[d] * from / to;
    shape[last] = shape[last] * from / to;
    strides[last] = 1;
  }
  if (dtype == DType::bool_ && x.dtype() != DType::bool_)
    fail<RuntimeError>("view(): the bytes of ", x.dtype(), " are no bools; use x != 0");
  Tensor out = on_storage(x->storage, x.bytes(), shape, strides, dtype);
  out->inference = x->inference;
  return out;
}

}  // namespace tg::ops
