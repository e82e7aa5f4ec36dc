// Splits at places that the caller names.
#include "ops/split.h"

namespace tg::ops {
namespace {

using Places = std::vector<int64_t, Pooled<int64_t>>;

// As slices: negative places count from the end, those outside are cut off.
TensorList between(const Tensor& x, int d, const Places& places) {
  const int64_t size = x.size(d);
  const auto inside = [size](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
  TensorList parts;
  parts.reserve(places.size() + 1);
  int64_t from = 0;
  for (int64_t place : places) {
    const int64_t to = inside(place);
    parts.push_back(part(x, d, from, std::max<int64_t>(to - from, 0)));
    from = to;
  }
  parts.push_back(part(x, d, from, size - from));
  return parts;
}

TensorList sections(const char* op, const Tensor& x, int d, int64_t count) {
  if (count < 1) fail<RuntimeError>(op, "(): the number of sections must be positive, got ", count);
  checked_numel(op, Shape{count, 1024});
  const int64_t least = x.size(d) / count, larger = x.size(d) % count;
  TensorList parts;
  parts.reserve(size_t(count));
  int64_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t length = least + (i < larger);
    parts.push_back(part(x, d, at, length));
    at += length;
  }
  return parts;
}

}  // namespace

TensorList TensorSplit::split_at(const char* op, const Tensor& x, const IntsOrTensor& where, int d) {
  if (!where.tensor) return where.listed ? between(x, d, where.ints) : sections(op, x, d, where.ints[0]);
  if (where.tensor.dtype() != DType::int64 || where.tensor.ndim() > 1) {
    fail<RuntimeError>(op, "(): indices_or_sections must be an int64 tensor of at most 1 dim, got shape ",
                       Show{where.tensor.shape()}, " and dtype ", where.tensor.dtype());
  }
  const Tensor places = contiguous_values(where.tensor);
  const int64_t* p = places.data<int64_t>();
  if (places.ndim() == 0) return sections(op, x, d, *p);
  return between(x, d, Places(p, p + places.numel()));
}

TensorList split_evenly(const char* op, const Tensor& x, const IntsOrTensor& where, int dim, int least_dims) {
  if (x.ndim() < least_dims)
    fail<RuntimeError>(op, "(): at least ", least_dims, " dims are needed, the shape is ", Show{x.shape()});
  if (!where.listed && (where.ints[0] < 1 || x.size(dim) % where.ints[0])) {
    fail<RuntimeError>(op, "(): dim ", dim, " of size ", x.size(dim), " does not divide into ", where.ints[0], " equal sections");
  }
  return TensorSplit::split_at(op, x, where, dim);
}

}  // namespace tg::ops
