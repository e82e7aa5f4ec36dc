// Shapes, strides and the arithmetic between them.
#include "core/layout.h"

#include "core/errors.h"

namespace tg {

void Ints::too_many() { fail<ValueError>("a tensor has at most ", kMaxDims, " dimensions"); }

void Ints::insert(int at, int64_t v) {
  push_back(v);
  std::rotate(values_ + at, values_ + size_ - 1, values_ + size_);
}

void Ints::erase(int at) {
  std::copy(values_ + at + 1, values_ + size_, values_ + at);
  --size_;
}

std::ostream& operator<<(std::ostream& out, Show s) {
  out << '[';
  for (size_t i = 0; i < s.values.size(); ++i) out << (i ? ", " : "") << s.values[i];
  return out << ']';
}

int64_t checked_numel(const char* op, Span shape) {
  int64_t n = 1;
  bool overflow = false, zero = false;
  for (int64_t s : shape) {
    if (s < 0) fail<RuntimeError>(op, "(): negative size ", s, " in shape ", Show{shape});
    zero |= s == 0;
    overflow |= __builtin_mul_overflow(n, std::max<int64_t>(s, 1), &n);
  }
  // Eight bytes an element must be addressable too, whatever the dtype, and even with a zero among the sizes
  // the strides have to be computable.
  if (overflow || n > (INT64_MAX >> 4))
    fail<RuntimeError>(op, "(): shape ", Show{shape}, " has more elements than can be addressed");
  return zero ? 0 : n;
}

Ints contiguous_strides(Span shape) {
  Ints strides = Ints::filled(int(shape.size()), 1);
  int64_t step = 1;
  for (int i = int(shape.size()) - 1; i >= 0; --i) {
    strides[i] = step;
    step *= std::max<int64_t>(shape[i], 1);
  }
  return strides;
}

Shape broadcast_shapes(const char* op, Span a, Span b) {
  if (a.size() < b.size()) std::swap(a, b);
  Shape out(a);
  const size_t lead = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t& x = out[int(lead + i)];
    if (x == b[i] || b[i] == 1) continue;
    if (x != 1) fail<RuntimeError>(op, "(): shapes ", Show{a}, " and ", Show{b}, " do not broadcast: ", x, " against ", b[i]);
    x = b[i];
  }
  return out;
}

bool broadcastable_to(Span from, Span to) {
  if (from.size() > to.size()) return false;
  const size_t lead = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != to[lead + i] && from[i] != 1) return false;
  return true;
}

int normalize_dim(const char* op, int64_t dim, int ndim) {
  const int n = std::max(ndim, 1);
  if (dim < -n || dim >= n) {
    fail<IndexError>(op, "(): dim ", dim, " is out of range for a tensor with ", ndim, " dimensions (expected ", -n, " to ",
                     n - 1, ")");
  }
  return int(dim < 0 ? dim + n : dim);
}

Ints normalize_dims(const char* op, Span dims, int ndim) {
  Ints out;
  if (dims.empty()) {
    for (int i = 0; i < ndim; ++i) out.push_back(i);
    return out;
  }
  bool seen[kMaxDims] = {};
  for (int64_t d : dims) {
    const int i = normalize_dim(op, d, ndim);
    if (seen[i]) fail<RuntimeError>(op, "(): dim ", d, " appears more than once in ", Show{dims});
    seen[i] = true;
  }
  for (int i = 0; i < ndim; ++i)
    if (seen[i]) out.push_back(i);
  return out;
}

Shape infer_shape(const char* op, Span shape, int64_t numel) {
  Shape out(shape);
  int unknown = -1;
  int64_t known = 1;
  for (int i = 0; i < out.size(); ++i) {
    if (out[i] == -1) {
      if (unknown >= 0) fail<RuntimeError>(op, "(): only one size can be -1, got ", Show{shape});
      unknown = i;
    } else if (out[i] < 0) {
      fail<RuntimeError>(op, "(): negative size ", out[i], " in shape ", Show{shape});
    } else if (__builtin_mul_overflow(known, out[i], &known)) {
      fail<RuntimeError>(op, "(): shape ", Show{shape}, " does not fit ", numel, " elements");
    }
  }
  if (unknown >= 0) {
    if (known == 0) fail<RuntimeError>(op, "(): the size -1 is ambiguous in shape ", Show{shape});
    out[unknown] = numel / known;
    known *= out[unknown];
  }
  if (known != numel) fail<RuntimeError>(op, "(): shape ", Show{shape}, " does not fit ", numel, " elements");
  return out;
}

bool view_strides(Span shape, Span strides, Span new_shape, Ints& out) {
  out = contiguous_strides(new_shape);
  if (product(new_shape) == 0) return true;
  Ints size, step;  // the old layout without its dims of size 1, which constrain nothing
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    size.push_back(shape[d]);
    step.push_back(strides[d]);
  }
  // From the back, each maximal run of old dims that lie evenly in memory must be covered exactly by new dims.
  int j = int(new_shape.size()) - 1;
  for (int i = size.size() - 1; i >= 0; --i) {
    const int64_t unit = step[i];
    int64_t run = size[i];
    for (; i > 0 && step[i - 1] == step[i] * size[i]; --i) run *= size[i - 1];
    int64_t covered = 1;
    for (; j >= 0 && (covered < run || new_shape[j] == 1); --j) {
      out[j] = unit * covered;
      covered *= new_shape[j];
    }
    if (covered != run) return false;
  }
  return true;
}

}  // namespace tg
