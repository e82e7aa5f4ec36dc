// Whole slices by number, written: index_add, index_copy, index_fill, index_put, put.
#pragma once
#include "ops/gather.h"

namespace tg::ops {

// x with slices replaced by values, or with values added; see TakeAt for index, dim and dims.
struct PutAt {
  static constexpr OpInfo info{
      .name = "put_at",
      .signature = "(input: Tensor, index: Tensor, values: Tensor, dim: int, dims: int, accumulate: bool) -> Tensor",
      .doc = "A copy of a tensor with the slices that an index names replaced or added to.",
      .formula = "y = x with y[o, index[j]] = v[o, j], the last one winning, or += v[o, j]",
      .gradient = "dx = dy without the slices replaced, dv = dy at the index",
      .face = Face::internal,
      .label = "index_put"};
  struct Saved {
    SavedInput index;
    int dim, dims;
    bool accumulate;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& index, const Tensor& values, int dim, int dims,
                        bool accumulate) {
    s.index = index;
    s.dim = dim;
    s.dims = dims;
    s.accumulate = accumulate;
    Tensor out = clone_values(x);
    write(out, index, values, dim, dims, accumulate);
    return out;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& index = s.index.unpack();
    Grads<3> g;
    if (needs[0]) g[0] = s.accumulate ? dy : tape::apply<PutAt>(dy, index, zeros({}, dy.dtype()), s.dim, s.dims, false);
    if (needs[2]) g[2] = tape::apply<TakeAt>(dy, index, s.dim, s.dims);
    return g;
  }
  // In out's memory; values broadcast to the shape that is written and have out's dtype.
  static void write(const Tensor& out, const Tensor& index, const Tensor& values, int dim, int dims, bool accumulate);
};

// Integer and bool tensors as indices of a tensor, resolved: each stands for one or more of its dims.
struct Advanced {
  int dim, dims;
  Tensor index;  // int64, contiguous, places in these dims read as one
};

// An index tensor at a dim of x as such places; throws where it is out of range, or a mask that does not fit.
Tensor resolved(const char* op, const Tensor& x, const Tensor& index, int dim, bool at_once = false);

// Where they lead: the tensor with its dims in another `order` (empty: as they are) is indexed at [dim, dim + dims).
// Dims that stand together keep their place; otherwise the index comes first, as in NumPy.
struct Positions {
  Ints order;
  Tensor index;
  int dim = 0, dims = 0;

  Positions(const char* op, const Tensor& x, const std::vector<Advanced>& advanced);
  Shape shape(const Tensor& x) const;
  Tensor take(const Tensor& x) const;
  Tensor put(const Tensor& x, const Tensor& values, bool accumulate) const;
  // In x's memory, not recorded.
  void write(const Tensor& x, const Tensor& values, bool accumulate) const;

 private:
  Tensor ordered(const Tensor& x) const;
};

// value without the leading dims of size 1 that `shape` does not have; throws unless it broadcasts to it.
Tensor fit_value(const char* op, const Tensor& value, const Shape& shape);

struct IndexAdd {
  static constexpr OpInfo info{
      .name = "index_add",
      .signature = "(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor",
      .doc = "A copy of input with alpha times the slices of source added to those along dim that index names.",
      .example = "tg.index_add(tg.zeros(3), 0, tg.tensor([0, 2, 2]), tg.tensor([1.0, 2.0, 3.0]))",
      .inplace = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, double alpha);
  static void into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, double alpha);
};

struct IndexCopy {
  static constexpr OpInfo info{
      .name = "index_copy",
      .signature = "(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor",
      .doc = "A copy of input with the slices of source in place of those along dim that index names; the last one wins.",
      .example = "tg.index_copy(tg.zeros(3), 0, tg.tensor([2, 0]), tg.tensor([1.0, 2.0]))",
      .inplace = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
  static void into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
};

struct IndexFill {
  static constexpr OpInfo info{.name = "index_fill",
                               .signature = "(input: Tensor, dim: int, index: Tensor, value: Tensor | Number) -> Tensor",
                               .doc = "A copy of input with one value in the slices along dim that index names.",
                               .example = "tg.index_fill(tg.ones(3), 0, tg.tensor([0, 2]), -1.0)",
                               .inplace = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& value);
  static void into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& value);
};

struct IndexReduce {
  static constexpr OpInfo info{
      .name = "index_reduce",
      .signature =
          "(input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True) -> Tensor",
      .doc =
          "The prod, mean, amax or amin of the slices of source that index sends to the same place along dim, and of what input "
          "has there if include_self.",
      .example = "tg.index_reduce(tg.ones(2), 0, tg.tensor([0, 1, 1]), tg.tensor([4.0, 5.0, 6.0]), 'prod')",
      .inplace = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, std::string_view reduce,
                        bool include_self);
};

struct IndexPut {
  static constexpr OpInfo info{
      .name = "index_put",
      .signature = "(input: Tensor, indices: tuple[Tensor | None, ...], values: Tensor, accumulate: bool = False) -> Tensor",
      .doc =
          "A copy of input with input[indices] = values, or += values, repeated places adding up; None stands for a whole dim.",
      .example = "tg.index_put(tg.zeros(3), (tg.tensor([0, 2, 2]),), tg.tensor([1.0, 2.0, 3.0]), accumulate=True)",
      .inplace = true};
  static Tensor forward(const Tensor& x, const TensorList& indices, const Tensor& values, bool accumulate);
  static void into(const Tensor& x, const TensorList& indices, const Tensor& values, bool accumulate);
};

struct Put {
  static constexpr OpInfo info{
      .name = "put",
      .signature = "(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor",
      .doc = "A copy of input with the elements of source at, or added to, the places of the flattened input that index names.",
      .example = "tg.put(tg.zeros(2, 2), tg.tensor([3, 0]), tg.tensor([1.0, 2.0]))",
      .inplace = true};
  static Tensor forward(const Tensor& x, const Tensor& index, const Tensor& source, bool accumulate);
};

using Puts = OpList<IndexAdd, IndexCopy, IndexFill, IndexReduce, IndexPut, Put>;
using PutsInternal = OpList<PutAt>;

}  // namespace tg::ops
