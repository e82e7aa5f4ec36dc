// Basic indexing: views of ranges and single slices, and the gradient of taking them.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// One basic index: for each item in order, a range of the next dim, one element of it, or a new dim.
struct BasicIndex {
  enum Kind : uint8_t { range, pick, new_dim };
  struct Item {
    Kind kind;
    int64_t start, step, length;
  };
  int count = 0;
  Item items[2 * kMaxDims];

  BasicIndex() {}
  BasicIndex(const BasicIndex& o) { *this = o; }
  BasicIndex& operator=(const BasicIndex& o) {  // what is not used is not copied
    count = o.count;
    std::copy(o.items, o.items + count, items);
    return *this;
  }

  void push(Item item) {
    if (count == 2 * kMaxDims) fail<IndexError>("index: at most ", 2 * kMaxDims, " indices");
    items[count++] = item;
  }
  // The layout of t seen through this index; every dim of t must have an item.
  Tensor of(const Tensor& t, bool keep_base) const {
    Shape shape;
    Ints strides;
    int64_t offset = 0;
    int d = 0;
    for (int i = 0; i < count; ++i) {
      const Item& item = items[i];
      if (item.kind == new_dim) {
        shape.push_back(1);
        strides.push_back(1);
        continue;
      }
      offset += item.start * t.stride(d);
      if (item.kind == range) {
        shape.push_back(item.length);
        strides.push_back(item.step * t.stride(d));
      }
      ++d;
    }
    if (product(shape) == 0) offset = 0;
    return keep_base ? view(t, shape, strides, offset) : alias(t, shape, strides, offset);
  }
};

struct Slice {
  static constexpr OpInfo info{.name = "slice",
                               .signature = "(input: Tensor, index: tuple) -> Tensor",
                               .doc = "input[index] for ints, slices, None and ...: a view.",
                               .formula = "y = x[index], a view",
                               .gradient = "dx = 0 with dy at the index",
                               .face = Face::internal,
                               .label = "index"};
  struct Saved {
    Shape shape;
    BasicIndex index;
  };
  static Tensor forward(Saved& s, const Tensor& x, const BasicIndex& index) {
    s = {x.shape(), index};
    return index.of(x, true);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct SliceGrad {
  static constexpr OpInfo info{.name = "slice_grad",
                               .signature = "(grad: Tensor, index: tuple, shape: tuple) -> Tensor",
                               .doc = "Zeros of a shape with grad at an index: the gradient of slicing.",
                               .formula = "y = 0 with x at the index",
                               .gradient = "dx = dy[index]",
                               .face = Face::internal};
  struct Saved {
    BasicIndex index;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const BasicIndex& index, const Shape& shape) {
    s.index = index;
    Tensor out = zeros(shape, dy.dtype());
    copy_values(index.of(out, false), dy);
    return out;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& g) { return {tape::apply<Slice>(g, s.index)}; }
};

inline Grads<1> Slice::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<SliceGrad>(dy, s.index, s.shape)};
}

// An index that takes everything except along dim.
inline BasicIndex along(const Tensor& x, int dim, BasicIndex::Item item) {
  BasicIndex index;
  for (int d = 0; d < x.ndim(); ++d) index.push(d == dim ? item : BasicIndex::Item{BasicIndex::range, 0, 1, x.size(d)});
  return index;
}

struct Narrow {
  static constexpr OpInfo info{.name = "narrow",
                               .signature = "(input: Tensor, dim: int, start: int, length: int) -> Tensor",
                               .doc = "A view of `length` elements along dim.",
                               .example = "tg.narrow(tg.tensor([1.0, 2.0, 3.0]), 0, 1, 2)"};
  static Tensor forward(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<RuntimeError>("narrow(): a 0-d tensor has no dim to narrow");
    const int64_t from = start < 0 ? start + x.size(d) : start;
    if (from < 0 || from > x.size(d))
      fail<IndexError>("narrow(): start ", start, " is out of range for dim ", d, " of size ", x.size(d));
    if (length < 0 || length > x.size(d) - from) {
      fail<RuntimeError>("narrow(): start ", start, " + length ", length, " exceeds dim ", d, " of size ", x.size(d));
    }
    return tape::apply<Slice>(x, along(x, d, {BasicIndex::range, from, 1, length}));
  }
};

struct Select {
  static constexpr OpInfo info{.name = "select",
                               .signature = "(input: Tensor, dim: int, index: int) -> Tensor",
                               .doc = "A view of one slice along dim, without it.",
                               .example = "tg.select(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, -1)"};
  static Tensor forward(const Tensor& x, int64_t dim, int64_t index) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<IndexError>("select(): a 0-d tensor has no dim to select from");
    const int64_t i = index < 0 ? index + x.size(d) : index;
    if (i < 0 || i >= x.size(d))
      fail<IndexError>("select(): index ", index, " is out of range for dim ", d, " of size ", x.size(d));
    return tape::apply<Slice>(x, along(x, d, {BasicIndex::pick, i, 1, 1}));
  }
};

// Bound by the generic trampolines.
using Indexing = OpList<Narrow, Select>;
// Reached through x[...] only: what they take has been checked.
using IndexingInternal = OpList<Slice, SliceGrad>;

}  // namespace tg::ops
