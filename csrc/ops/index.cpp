// Checking index values.
#include "ops/index.h"

namespace tg::ops {

Tensor checked_index(const char* op, const Tensor& index, int64_t size, int dim, bool wraps) {
  const DType t = index.dtype();
  if (is_floating(t) || t == DType::bool_) fail<RuntimeError>(op, "(): an index must be an integer tensor, got dtype ", t);
  Tensor flat = contiguous_values(cast(index, DType::int64));
  const int64_t* p = flat.data<int64_t>();
  bool negative = false;
  const int64_t lowest = wraps ? -size : 0;
  for (int64_t i = 0; i < flat.numel(); ++i) {
    if (p[i] < lowest || p[i] >= size) {
      fail<IndexError>(op, "(): index ", p[i], " is out of range for dim ", dim, " of size ", size);
    }
    negative |= p[i] < 0;
  }
  if (!negative) return flat;
  Tensor wrapped = clone_values(flat);
  int64_t* q = wrapped.data<int64_t>();
  for (int64_t i = 0; i < wrapped.numel(); ++i)
    if (q[i] < 0) q[i] += size;
  return wrapped;
}

Tensor fit_to_index(const char* op, const Tensor& x, int dim, const Tensor& index) {
  bool fits = x.ndim() == index.ndim();
  BasicIndex corner;
  for (int d = 0; fits && d < x.ndim(); ++d) {
    fits = d == dim || index.size(d) <= x.size(d);
    corner.push({BasicIndex::range, 0, 1, d == dim ? x.size(d) : index.size(d)});
  }
  if (!fits) {
    fail<RuntimeError>(op, "(): index of shape ", Show{index.shape()}, " does not fit a tensor of shape ", Show{x.shape()},
                       " outside dim ", dim);
  }
  return corner.of(x, false);
}

Tensor OneHot::forward(const Tensor& x, int64_t num_classes) {
  if (is_floating(x.dtype()) || x.dtype() == DType::bool_) {
    fail<RuntimeError>("one_hot(): class numbers must be integers, got dtype ", x.dtype());
  }
  Tensor classes = contiguous_values(cast(x, DType::int64));
  const int64_t* p = classes.data<int64_t>();
  const int64_t n = classes.numel();
  if (num_classes < -1 || num_classes == 0)
    fail<RuntimeError>("one_hot(): num_classes must be positive or -1, got ", num_classes);
  if (num_classes == -1) {
    if (n == 0) fail<RuntimeError>("one_hot(): give num_classes for an empty tensor");
    num_classes = *std::max_element(p, p + n) + 1;
  }
  for (int64_t i = 0; i < n; ++i) {
    if (p[i] < 0 || p[i] >= num_classes) {
      fail<RuntimeError>("one_hot(): class ", p[i], " at position ", i, " is not in [0, ", num_classes, ")");
    }
  }
  Shape shape = x.shape();
  shape.push_back(num_classes);
  Tensor out = zeros(shape, DType::int64);
  int64_t* q = out.data<int64_t>();
  for (int64_t i = 0; i < n; ++i) q[i * num_classes + p[i]] = 1;
  return out;
}

}  // namespace tg::ops
