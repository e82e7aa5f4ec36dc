// Reading and writing at positions: basic indexing (views), rows by number, gather and scatter.
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
                               .doc = "A view of `length` elements along dim."};
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
                               .doc = "A view of one slice along dim, without it."};
  static Tensor forward(const Tensor& x, int64_t dim, int64_t index) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<IndexError>("select(): a 0-d tensor has no dim to select from");
    const int64_t i = index < 0 ? index + x.size(d) : index;
    if (i < 0 || i >= x.size(d))
      fail<IndexError>("select(): index ", index, " is out of range for dim ", d, " of size ", x.size(d));
    return tape::apply<Slice>(x, along(x, d, {BasicIndex::pick, i, 1, 1}));
  }
};

// Index values as contiguous int64 in [0, size), negative ones counted from the end when `wraps`.
Tensor checked_index(const char* op, const Tensor& index, int64_t size, int dim, bool wraps);

struct TakeRows {
  static constexpr OpInfo info{.name = "take_rows",
                               .signature = "(input: Tensor, rows: Tensor) -> Tensor",
                               .doc = "Rows of a 2-d tensor by number (int64, checked).",
                               .formula = "y[i] = x[rows[i]]",
                               .gradient = "dx = dy rows added up where they came from",
                               .face = Face::internal,
                               .label = "index"};
  struct Saved {
    SavedInput rows;
    int64_t count;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& rows) {
    s.rows = rows;
    s.count = x.size(0);
    Tensor in = contiguous_values(x);
    Tensor out = empty({rows.numel(), x.size(1)}, x.dtype());
    table().index.take_rows(in.bytes(), rows.data<int64_t>(), out.bytes(), rows.numel(),
                            x.size(1) * int64_t(itemsize(x.dtype())));
    return out;
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) { return {add_rows(dy, s.rows.unpack(), s.count), Tensor()}; }
};

struct AddRows {
  static constexpr OpInfo info{.name = "add_rows",
                               .signature = "(input: Tensor, rows: Tensor, count: int) -> Tensor",
                               .doc = "Rows added into `count` rows of zeros at the given numbers: the gradient of taking rows.",
                               .formula = "y[rows[i]] += x[i] over zeros",
                               .gradient = "dx[i] = dy[rows[i]]",
                               .face = Face::internal};
  struct Saved {
    SavedInput rows;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& rows, int64_t count) {
    s.rows = rows;
    Tensor in = contiguous_values(x);
    Tensor out = zeros(Shape{count, x.size(1)}, x.dtype());
    table().index.add_rows[int(x.dtype())](out.bytes(), rows.data<int64_t>(), in.bytes(), rows.numel(), x.size(1));
    return out;
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) { return {take_rows(dy, s.rows.unpack()), Tensor()}; }
};

struct PutRows {
  static constexpr OpInfo info{.name = "put_rows",
                               .signature = "(input: Tensor, rows: Tensor, values: Tensor) -> Tensor",
                               .doc = "A copy of a 2-d tensor with rows replaced.",
                               .formula = "y = x with y[rows[i]] = v[i], the last one winning",
                               .gradient = "dx = dy without those rows, dv = dy at them",
                               .face = Face::internal,
                               .label = "index_put"};
  struct Saved {
    SavedInput rows;
    DType dtype;
    Shape values;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& rows, const Tensor& values) {
    s.rows = rows;
    s.dtype = values.dtype();
    s.values = values.shape();
    Tensor out = clone_values(x);
    Tensor in = contiguous_values(cast(values, x.dtype()));
    table().index.put_rows(out.bytes(), rows.data<int64_t>(), in.bytes(), rows.numel(), x.size(1) * int64_t(itemsize(x.dtype())));
    return out;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& rows = s.rows.unpack();
    Tensor zero = zeros(Shape{rows.numel(), dy.size(1)}, dy.dtype());
    return {needs[0] ? tape::apply<PutRows>(dy, rows, zero) : Tensor(), Tensor(), needs[2] ? take_rows(dy, rows) : Tensor()};
  }
};

// [outer, n, inner] around dim.
struct Around {
  int64_t outer = 1, n = 1, inner = 1;
  Around(const Tensor& t, int dim) {
    for (int d = 0; d < t.ndim(); ++d) (d < dim ? outer : d == dim ? n : inner) *= t.size(d);
  }
};

// Throws unless index has x's number of dims and fits it outside dim; gives x cut to index's sizes there.
Tensor fit_to_index(const char* op, const Tensor& x, int dim, const Tensor& index);

struct Gather {
  static constexpr OpInfo info{.name = "gather",
                               .signature = "(input: Tensor, dim: int, index: Tensor) -> Tensor",
                               .doc = "Along dim, the element of input that index names; index has input's number of dims.",
                               .formula = "y[i][j][k] = x[i][index[i][j][k]][k] for dim 1",
                               .gradient = "dx adds dy up at index"};
  struct Saved {
    SavedInput index;
    Shape shape;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, const Tensor& index) {
    s.dim = normalize_dim(info.name, dim, x.ndim());
    s.shape = x.shape();
    s.index = index;
    Tensor cut = contiguous_values(fit_to_index(info.name, x, s.dim, index));
    Tensor at = checked_index(info.name, index, x.ndim() ? x.size(s.dim) : 1, s.dim, false);
    Tensor out = empty(index.shape(), x.dtype());
    const Around a(cut, s.dim), i(at, s.dim);
    table().index.gather[int(x.dtype())](cut.bytes(), at.data<int64_t>(), out.bytes(), a.outer, a.n, i.n, a.inner);
    return out;
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) {
    return {scatter_add(zeros(s.shape, dy.dtype()), s.dim, s.index.unpack(), dy), Tensor()};
  }
};

struct ScatterAdd {
  static constexpr OpInfo info{.name = "scatter_add",
                               .signature = "(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor",
                               .doc = "A copy of input with the elements of src added at the places along dim that index names.",
                               .formula = "y = x, y[i][index[i][j][k]][k] += source[i][j][k] for dim 1",
                               .gradient = "dx = dy, dsource = dy gathered at index",
                               .inplace = true};
  struct Saved {
    SavedInput index;
    Shape source;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
    require_same_dtype(info.name, x, source);
    s.dim = normalize_dim(info.name, dim, x.ndim());
    s.index = index;
    s.source = source.shape();
    Tensor out = clone_values(x);
    Tensor part = fit_to_index(info.name, out, s.dim, index);
    Tensor from = contiguous_values(cut_source(source, index));
    Tensor at = checked_index(info.name, index, x.ndim() ? x.size(s.dim) : 1, s.dim, false);
    Tensor sums = contiguous_values(part);
    const Around a(sums, s.dim), i(at, s.dim);
    table().index.scatter_add[int(x.dtype())](sums.bytes(), at.data<int64_t>(), from.bytes(), a.outer, a.n, i.n, a.inner);
    if (!sums.is(part)) copy_values(part, sums);
    return out;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    Tensor dsource;
    if (needs[2]) {
      dsource = gather(dy, s.dim, s.index.unpack());
      BasicIndex corner;
      for (int64_t n : dsource.shape()) corner.push({BasicIndex::range, 0, 1, n});
      if (!same(dsource.shape(), s.source)) dsource = tape::apply<SliceGrad>(dsource, corner, s.source);
    }
    return {dy, Tensor(), dsource};
  }

 private:
  static Tensor cut_source(const Tensor& source, const Tensor& index) {
    bool fits = source.ndim() == index.ndim();
    BasicIndex corner;
    for (int d = 0; fits && d < source.ndim(); ++d) {
      fits = index.size(d) <= source.size(d);
      corner.push({BasicIndex::range, 0, 1, index.size(d)});
    }
    if (!fits)
      fail<RuntimeError>("scatter_add(): index of shape ", Show{index.shape()}, " does not fit src of shape ",
                         Show{source.shape()});
    return corner.of(source, false);
  }
};

struct IndexSelect {
  static constexpr OpInfo info{.name = "index_select",
                               .signature = "(input: Tensor, dim: int, index: Tensor) -> Tensor",
                               .doc = "The slices along dim that a 1-d index names, in its order."};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (index.ndim() > 1) fail<IndexError>("index_select(): index must be 1-d, got shape ", Show{index.shape()});
    Tensor rows = checked_index(info.name, index, x.ndim() ? x.size(d) : 1, d, false);
    if (rows->storage == index->storage) rows = clone_values(rows);  // what was checked stays as it is
    if (x.ndim() == 0) return reshape(take_rows(reshape(x, {1, 1}), rows), {});
    Tensor front = d == 0 ? x : transpose(x, 0, d);
    Shape shape = front.shape();
    const int64_t row = x.size(d) ? x.numel() / x.size(d) : product(Span(shape).subspan(1));
    shape[0] = rows.numel();
    Tensor y = reshape(take_rows(reshape(front, {x.size(d), row}), rows), shape);
    return d == 0 ? y : transpose(y, 0, d);
  }
};

struct OneHot {
  static constexpr OpInfo info{.name = "one_hot",
                               .signature = "(input: Tensor, num_classes: int = -1) -> Tensor",
                               .doc = "int64 with a new last dim: 1 at each class number, 0 elsewhere.",
                               .face = Face::functional};
  static Tensor forward(const Tensor& x, int64_t num_classes);
};

// Bound by the generic trampolines.
using Indexing = OpList<Narrow, Select, Gather, ScatterAdd, IndexSelect, OneHot>;
// Reached through x[...] and index_select only: what they take has been checked.
using IndexingInternal = OpList<Slice, SliceGrad, TakeRows, AddRows, PutRows>;

}  // namespace tg::ops
