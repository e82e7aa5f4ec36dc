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
                               .label = "index",
                               .bfloat16 = true};
  struct Saved {
    Shape shape;
    BasicIndex index;
  };
  static Tensor forward(Saved& s, const Tensor& x, const BasicIndex& index) {
    s = {x.shape(), index};
    return index.of(x, true);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
  static Tensor place_in(const Tensor& sum, const Saved& s) { return s.index.of(sum, false); }
};

struct SliceGrad {
  static constexpr OpInfo info{.name = "slice_grad",
                               .signature = "(grad: Tensor, index: tuple, shape: tuple) -> Tensor",
                               .doc = "Zeros of a shape with grad at an index: the gradient of slicing.",
                               .formula = "y = 0 with x at the index",
                               .gradient = "dx = dy[index]",
                               .face = Face::internal,
                               .bfloat16 = true};
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

// A range of one dim, or one slice of it.
struct Part {
  static constexpr OpInfo info{.name = "part",
                               .signature = "(input: Tensor, dim: int, start: int, length: int) -> Tensor",
                               .doc = "A range of one dim, or one of its slices: what narrow, select, split and unbind give.",
                               .formula = "y = x[..., start : start + length, ...], a view",
                               .gradient = "dx = 0 with dy there",
                               .face = Face::internal,
                               .label = "index",
                               .bfloat16 = true};
  static constexpr int64_t kSlice = -1;  // as the length: one slice, without the dim
  struct Saved {
    Shape shape;
    int dim;
    int64_t start, length;
  };
  static Tensor forward(Saved& s, const Tensor& x, int dim, int64_t start, int64_t length) {
    s = {x.shape(), dim, start, length};
    return seen<view>(x, s);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    BasicIndex index;
    for (int d = 0; d < s.shape.size(); ++d) {
      if (d != s.dim) {
        index.push({BasicIndex::range, 0, 1, s.shape[d]});
      } else if (s.length == kSlice) {
        index.push({BasicIndex::pick, s.start, 1, 1});
      } else {
        index.push({BasicIndex::range, s.start, 1, s.length});
      }
    }
    return {tape::apply<SliceGrad>(dy, index, s.shape)};
  }
  static Tensor place_in(const Tensor& sum, const Saved& s) { return seen<alias>(sum, s); }

 private:
  template <Tensor (*Make)(const Tensor&, Span, Span, int64_t)>
  static Tensor seen(const Tensor& t, const Saved& s) {
    Shape shape = t.shape();
    Ints strides = t.strides();
    if (s.length == kSlice) {
      shape.erase(s.dim);
      strides.erase(s.dim);
    } else {
      shape[s.dim] = s.length;
    }
    return Make(t, shape, strides, s.length ? s.start * t.stride(s.dim) : 0);
  }
};

inline Tensor part(const Tensor& x, int dim, int64_t start, int64_t length) { return tape::apply<Part>(x, dim, start, length); }

struct Narrow {
  static constexpr OpInfo info{.name = "narrow",
                               .signature = "(input: Tensor, dim: int, start: int, length: int) -> Tensor",
                               .doc = "A view of `length` elements along dim.",
                               .example = "tg.narrow(tg.tensor([1.0, 2.0, 3.0]), 0, 1, 2)",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<RuntimeError>("narrow(): a 0-d tensor has no dim to narrow");
    const int64_t from = start < 0 ? start + x.size(d) : start;
    if (from < 0 || from > x.size(d))
      fail<IndexError>("narrow(): start ", start, " is out of range for dim ", d, " of size ", x.size(d));
    if (length < 0 || length > x.size(d) - from) {
      fail<RuntimeError>("narrow(): start ", start, " + length ", length, " exceeds dim ", d, " of size ", x.size(d));
    }
    return part(x, d, from, length);
  }
};

struct Select {
  static constexpr OpInfo info{.name = "select",
                               .signature = "(input: Tensor, dim: int, index: int) -> Tensor",
                               .doc = "A view of one slice along dim, without it.",
                               .example = "tg.select(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, -1)",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, int64_t dim, int64_t index) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<IndexError>("select(): a 0-d tensor has no dim to select from");
    const int64_t i = index < 0 ? index + x.size(d) : index;
    if (i < 0 || i >= x.size(d))
      fail<IndexError>("select(): index ", index, " is out of range for dim ", d, " of size ", x.size(d));
    return part(x, d, i, Part::kSlice);
  }
};

// Bound by the generic trampolines.
using Indexing = OpList<Narrow, Select>;
// Their places have been checked by those who call them: x[...] and those above.
using IndexingInternal = OpList<Slice, SliceGrad, Part>;

}  // namespace tg::ops
