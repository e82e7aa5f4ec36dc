// Elements by number along a dim: gather, scatter and its reductions.
#pragma once
#include "ops/select.h"

namespace tg::ops {

// How many elements of index there are along dim, in messages and checks; a 0-d tensor has one.
inline int64_t size_at(const Tensor& x, int dim) { return x.ndim() ? x.size(dim) : 1; }

struct Gather {
  static constexpr OpInfo info{
      .name = "gather",
      .signature = "(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor",
      .doc = "Along dim, the element of input that index names; index has input's number of dims. sparse_grad is ignored.",
      .formula = "y[i][j][k] = x[i][index[i][j][k]][k] for dim 1",
      .gradient = "dx adds dy up at index",
      .example = "tg.gather(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tg.tensor([[0], [1]]))"};
  struct Saved {
    SavedInput index;
    Shape shape;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, const Tensor& index, bool sparse_grad);
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) {
    return {scatter_add(zeros(s.shape, dy.dtype()), s.dim, s.index.unpack(), dy), Tensor()};
  }
};

struct TakeAlongDim {
  static constexpr OpInfo info{.name = "take_along_dim",
                               .signature = "(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor",
                               .doc = "gather() whose arguments broadcast outside dim; without dim, of the flattened input.",
                               .example = "tg.take_along_dim(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([[1]]), dim=1)"};
  static Tensor forward(const Tensor& x, const Tensor& indices, std::optional<int64_t> dim);
};

// What the operations that write along a dim share: x with source (of at least index's sizes) put or added there.
struct Scatters {
  struct Saved {
    SavedInput index;
    Shape source;
    int dim;
  };
  using Fn = kernels::FollowFn;
  // fn on `out`, in its memory. `fresh`: nobody else sees it, so that an index may turn out to be wrong half way.
  static void write(const char* op, const Fn* fn, const Tensor& out, int64_t dim, const Tensor& index, const Tensor& source,
                    bool fresh = false);
  // The same on a copy.
  static Tensor values(const char* op, const Fn* fn, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
    Tensor out = clone_values(x);
    write(op, fn, out, dim, index, source, true);
    return out;
  }
  static void save(Saved& s, const char* op, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
    s.index = index;
    s.source = source.shape();
    s.dim = normalize_dim(op, dim, x.ndim());
  }
  // dy at index, in source's shape.
  static Tensor source_gradient(const Saved& s, const Tensor& dy);
};

struct ScatterAdd : Scatters {
  static constexpr OpInfo info{.name = "scatter_add",
                               .signature = "(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor",
                               .doc = "A copy of input with the elements of src added at the places along dim that index names.",
                               .formula = "y = x, y[i][index[i][j][k]][k] += src[i][j][k] for dim 1",
                               .gradient = "dx = dy, dsrc = dy gathered at index",
                               .example = "tg.scatter_add(tg.zeros(3), 0, tg.tensor([0, 2, 2]), tg.tensor([1.0, 2.0, 3.0]))",
                               .inplace = true};
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src) {
    save(s, info.name, x, dim, index, src);
    return values(info.name, table().index.scatter_add, x, dim, index, src);
  }
  static void into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src) {
    write(info.name, table().index.scatter_add, x, dim, index, src);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, Tensor(), needs[2] ? source_gradient(s, dy) : Tensor()};
  }
};

// Scatter's case that has a rule of its own: elements replaced.
struct ScatterPut : Scatters {
  static constexpr OpInfo info{.name = "scatter_put",
                               .signature = "(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor",
                               .doc = "A copy of input with the elements of src at the places along dim that index names.",
                               .formula = "y = x, y[i][index[i][j][k]][k] = src[i][j][k] for dim 1, the last one winning",
                               .gradient = "dx = dy with zeros at index, dsrc = dy gathered at index",
                               .face = Face::internal,
                               .label = "scatter"};
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src) {
    save(s, label(), x, dim, index, src);
    return values(label(), table().index.scatter, x, dim, index, src);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy);
  static const char* label() { return info.label; }
};

struct Scatter {
  static constexpr OpInfo info{
      .name = "scatter",
      .signature =
          "(input: Tensor, dim: int, index: Tensor, src: Tensor | Number | None = None, *, value: Number | None = None, "
          "reduce: str | None = None) -> Tensor",
      .doc =
          "A copy of input with the elements of src, or one number, at the places along dim that index names; the last one wins. "
          "reduce='add' and 'multiply' combine them with what is there.",
      .example = "tg.scatter(tg.zeros(3), 0, tg.tensor([2, 0]), tg.tensor([1.0, 2.0]))",
      .inplace = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, const Tensor& value,
                        std::string_view reduce);
  static void into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, const Tensor& value,
                   std::string_view reduce);
};

struct ScatterReduce {
  static constexpr OpInfo info{
      .name = "scatter_reduce",
      .signature = "(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True) -> Tensor",
      .doc =
          "The sum, prod, mean, amax or amin of the elements of src that index sends to the same place along dim, and of what "
          "input has there if include_self. Equal extremes share the gradient.",
      .example = "tg.scatter_reduce(tg.ones(2), 0, tg.tensor([0, 1, 1]), tg.tensor([4.0, 5.0, 6.0]), 'amax')",
      .inplace = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                        bool include_self);
};

// The product and the extremes: what scatter_reduce makes of x, whose untouched places keep their value.
struct ScatterProd : Scatters {
  static constexpr OpInfo info{
      .name = "scatter_prod",
      .signature = "(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor",
      .doc = "A copy of input multiplied with the elements of src at the places along dim that index names.",
      .formula = "y = x, y[i][index[i][j][k]][k] *= src[i][j][k] for dim 1",
      .gradient = "dx = dy prod(src there), dsrc = dy prod(the others there)",
      .face = Face::internal,
      .label = "scatter_reduce"};
  struct Saved : Scatters::Saved {
    SavedInput x, src;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src) {
    save(s, info.label, x, dim, index, src);
    s.x = x;
    s.src = src;
    return s.y.keep(values(info.label, table().index.scatter_mul, x, dim, index, src));
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy);
};

struct ScatterExtreme : Scatters {
  static constexpr OpInfo info{
      .name = "scatter_extreme",
      .signature = "(input: Tensor, dim: int, index: Tensor, src: Tensor, largest: bool) -> Tensor",
      .doc = "A copy of input with the extreme of it and of the elements of src at the places along dim that index names.",
      .formula = "y = x, y[i][index[i][j][k]][k] = max(itself, src[i][j][k]) for dim 1",
      .gradient = "dy shared equally by those that equal y",
      .face = Face::internal,
      .label = "scatter_reduce"};
  struct Saved : Scatters::Saved {
    SavedInput x, src;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, bool largest) {
    save(s, info.label, x, dim, index, src);
    s.x = x;
    s.src = src;
    return s.y.keep(values(info.label, largest ? table().index.scatter_max : table().index.scatter_min, x, dim, index, src));
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy);
};

using Gathers = OpList<Gather, TakeAlongDim, ScatterAdd, Scatter, ScatterReduce>;
using GathersInternal = OpList<ScatterPut, ScatterProd, ScatterExtreme>;

}  // namespace tg::ops
