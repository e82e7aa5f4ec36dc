// Layouts of diagonals, values of triangles.
#include "ops/diagonal.h"

#include <cstring>

#include "ops/blocks.h"

namespace tg::ops {

DiagonalLayout::DiagonalLayout(const char* op, Span of, Span steps, int64_t diagonal, int64_t dim1, int64_t dim2) {
  const int ndim = int(of.size());
  const size_t a = size_t(normalize_dim(op, dim1, ndim)), b = size_t(normalize_dim(op, dim2, ndim));
  if (ndim == 0) fail<IndexError>(op, "(): a 0-d tensor has no diagonal");
  if (a == b) fail<RuntimeError>(op, "(): dim1 and dim2 must differ, got ", dim1, " and ", dim2);
  for (size_t d = 0; d < of.size(); ++d) {
    if (d == a || d == b) continue;
    shape.push_back(of[d]);
    strides.push_back(steps[d]);
  }
  // Compared before they are subtracted: the diagonal may be any number.
  int64_t length = 0;
  if (diagonal >= 0 && diagonal < of[b]) {
    length = std::min(of[a], of[b] - diagonal);
    if (length) offset = diagonal * steps[b];
  } else if (diagonal < 0 && diagonal > -of[a]) {
    length = std::min(of[a] + diagonal, of[b]);
    if (length) offset = -diagonal * steps[a];
  }
  shape.push_back(length);
  strides.push_back(steps[a] + steps[b]);
}

Tensor OnDiagonal::forward(Saved& s, const Tensor& x, const Shape& shape, int64_t offset, int64_t dim1, int64_t dim2) {
  s = {offset, dim1, dim2};
  Tensor out = zeros(shape, x.dtype());
  const DiagonalLayout at(info.name, shape, out.strides(), offset, dim1, dim2);
  if (x.ndim() == 1 && x.contiguous()) {
    const int64_t item = int64_t(itemsize(x.dtype()));
    copy_blocks(out->data + at.offset * item, at.strides[0] * item, x.bytes(), item, item, x.numel());
  } else {
    copy_values(alias(out, at.shape, at.strides, at.offset), x);
  }
  return out;
}

Tensor DiagEmbed::forward(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
  const int ndim = x.ndim() + 1;
  const int a = normalize_dim(info.name, dim1, ndim), b = normalize_dim(info.name, dim2, ndim);
  if (x.ndim() == 0) fail<RuntimeError>("diag_embed(): a 0-d tensor has no dim to put on a diagonal");
  if (a == b) fail<RuntimeError>("diag_embed(): dim1 and dim2 must differ, got ", dim1, " and ", dim2);
  int64_t side;
  if (offset == INT64_MIN || __builtin_add_overflow(x.size(x.ndim() - 1), std::abs(offset), &side))
    fail<RuntimeError>("diag_embed(): offset ", offset, " is too large");
  Shape shape;
  for (int d = 0, from = 0; d < ndim; ++d) shape.push_back(d == a || d == b ? side : x.size(from++));
  checked_numel(info.name, shape);
  return tape::apply<OnDiagonal>(x, shape, offset, int64_t(a), int64_t(b));
}

Tensor triangle_values(const char* op, const Tensor& x, int64_t diagonal, bool lower) {
  if (x.ndim() < 2) fail<RuntimeError>(op, "(): at least 2 dims are needed, the shape is ", Show{x.shape()});
  const Tensor in = contiguous_values(x);
  Tensor out = empty_like(in);
  const int64_t rows = x.size(x.ndim() - 2), columns = x.size(x.ndim() - 1), item = int64_t(itemsize(x.dtype()));
  const int64_t shift = std::clamp(diagonal, -rows, columns);
  const char* from = in.bytes();
  char* to = out.bytes();
  for (int64_t at = 0; at < x.numel(); at += columns) {
    const int64_t row = at / columns % rows;
    // What is left of the diagonal (and on it, where it belongs to the left part).
    const int64_t left = std::clamp<int64_t>(row + shift + lower, 0, columns) * item, right = columns * item - left;
    if (lower) {
      std::memcpy(to, from, size_t(left));
      std::memset(to + left, 0, size_t(right));
    } else {
      std::memset(to, 0, size_t(left));
      std::memcpy(to + left, from + left, size_t(right));
    }
    from += columns * item;
    to += columns * item;
  }
  return out;
}

}  // namespace tg::ops
