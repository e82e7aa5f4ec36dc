// Joining tensors.
#pragma once
#include "ops/shape.h"
#include "ops/split.h"

namespace tg::ops {

struct Cat {
  static constexpr OpInfo info{.name = "cat",
                               .signature = "(tensors: list[Tensor], dim: int = 0) -> Tensor",
                               .doc = "The tensors one after the other along dim.",
                               .formula = "y = the inputs one after the other along dim",
                               .gradient = "each input's gradient is its part of dy",
                               .example = "tg.cat([tg.tensor([1.0, 2.0]), tg.tensor([3.0])])",
                               .aliases = "concat concatenate",
                               .face = Face::function,
                               .bfloat16 = true};
  struct Saved {
    int dim = 0;
    std::vector<int64_t, Pooled<int64_t>> sizes;  // along dim; -1: skipped
  };
  static Tensor forward(Saved& s, const TensorList& tensors, int64_t dim);
  static TensorList backward(const Saved& s, Needs needs, const Tensor& dy) {
    TensorList grads(s.sizes.size());
    int64_t at = 0;
    for (size_t i = 0; i < grads.size(); ++i) {
      const bool skipped = s.sizes[i] < 0;
      if (needs[int(i)]) grads[i] = skipped ? zeros(Shape{0}, dy.dtype()) : part(dy, s.dim, at, s.sizes[i]);
      if (!skipped) at += s.sizes[i];
    }
    return grads;
  }
};

struct Stack {
  static constexpr OpInfo info{.name = "stack",
                               .signature = "(tensors: list[Tensor], dim: int = 0) -> Tensor",
                               .doc = "Tensors of one shape along a new dim.",
                               .formula = "y[i] = the i-th input, for dim 0",
                               .gradient = "each input's gradient is its slice of dy",
                               .example = "tg.stack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])",
                               .face = Face::function,
                               .bfloat16 = true};
  struct Saved {
    int dim = 0;
  };
  static Tensor forward(Saved& s, const TensorList& tensors, int64_t dim);
  static TensorList backward(const Saved& s, Needs needs, const Tensor& dy) {
    TensorList grads(size_t(dy.size(s.dim)));
    for (size_t i = 0; i < grads.size(); ++i)
      if (needs[int(i)]) grads[i] = part(dy, s.dim, int64_t(i), Part::kSlice);
    return grads;
  }
};

// cat of the tensors after each was given the dims it lacks.
template <class F>
Tensor cat_lifted(const char* op, const TensorList& tensors, F&& lift, int dim) {
  if (tensors.empty()) fail<RuntimeError>(op, "(): expected at least one tensor, got an empty list");
  TensorList lifted;
  lifted.reserve(tensors.size());
  for (const Tensor& t : tensors) lifted.push_back(lift(t));
  return cat(lifted, dim);
}

struct HStack {
  static constexpr OpInfo info{.name = "hstack",
                               .signature = "(tensors: list[Tensor]) -> Tensor",
                               .doc = "The tensors side by side: along dim 1, vectors along dim 0.",
                               .example = "tg.hstack((tg.tensor([1.0]), tg.tensor([2.0])))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const TensorList& tensors) {
    return cat_lifted(info.name, tensors, AtLeast1d::lift, !tensors.empty() && tensors[0].ndim() > 1);
  }
};

struct VStack {
  static constexpr OpInfo info{.name = "vstack",
                               .signature = "(tensors: list[Tensor]) -> Tensor",
                               .doc = "The tensors on top of each other, vectors as rows.",
                               .example = "tg.vstack((tg.tensor([1.0]), tg.tensor([2.0])))",
                               .aliases = "row_stack",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const TensorList& tensors) { return cat_lifted(info.name, tensors, AtLeast2d::lift, 0); }
};

struct DStack {
  static constexpr OpInfo info{.name = "dstack",
                               .signature = "(tensors: list[Tensor]) -> Tensor",
                               .doc = "The tensors along the third dim.",
                               .example = "tg.dstack((tg.tensor([1.0]), tg.tensor([2.0])))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const TensorList& tensors) { return cat_lifted(info.name, tensors, AtLeast3d::lift, 2); }
};

struct ColumnStack {
  static constexpr OpInfo info{.name = "column_stack",
                               .signature = "(tensors: list[Tensor]) -> Tensor",
                               .doc = "The tensors side by side, vectors as columns.",
                               .example = "tg.column_stack((tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor lift(const Tensor& t) { return t.ndim() > 1 ? t : reshape(t, {t.numel(), 1}); }
  static Tensor forward(const TensorList& tensors) { return cat_lifted(info.name, tensors, lift, 1); }
};

struct JoinDiagonal {
  static constexpr OpInfo info{.name = "join_diagonal",
                               .signature = "(tensors: list[Tensor], dtype: dtype) -> Tensor",
                               .doc = "Matrices along the diagonal of a matrix of zeros.",
                               .formula = "y = the inputs along the diagonal, 0 elsewhere",
                               .gradient = "each input's gradient is its part of dy",
                               .face = Face::internal,
                               .label = "block_diag"};
  struct Saved {
    std::vector<int64_t, Pooled<int64_t>> rows, columns;
  };
  static Tensor forward(Saved& s, const TensorList& matrices, DType dtype);
  static TensorList backward(const Saved& s, Needs needs, const Tensor& dy) {
    TensorList grads(s.rows.size());
    int64_t row = 0, column = 0;
    for (size_t i = 0; i < grads.size(); ++i) {
      if (needs[int(i)]) grads[i] = part(part(dy, 0, row, s.rows[i]), 1, column, s.columns[i]);
      row += s.rows[i];
      column += s.columns[i];
    }
    return grads;
  }
};

struct BlockDiag {
  static constexpr OpInfo info{.name = "block_diag",
                               .signature = "(*tensors: Tensor) -> Tensor",
                               .doc = "Matrices along the diagonal of a matrix of zeros; tensors of fewer dims count as a row.",
                               .example = "tg.block_diag(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0], [4.0]]))",
                               .face = Face::function};
  static Tensor forward(const TensorArgs& tensors);
};

struct Meshgrid {
  static constexpr OpInfo info{.name = "meshgrid",
                               .signature = "(*tensors: Tensor, indexing: str = 'ij') -> tuple",
                               .doc =
                                   "The coordinates of a grid: the i-th result varies along dim i as the i-th vector does, "
                                   "without copying. With indexing='xy' the first two dims are swapped.",
                               .formula = "y_k[i0, i1, ...] = x_k[i_k]",
                               .example = "tg.meshgrid(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0, 5.0]), indexing='ij')",
                               .face = Face::function,
                               .bfloat16 = true};
  static TensorList forward(const TensorArgs& tensors, std::string_view indexing);
};

struct CartesianProd {
  static constexpr OpInfo info{.name = "cartesian_prod",
                               .signature = "(*tensors: Tensor) -> Tensor",
                               .doc = "All tuples with one element of each vector, as rows, the last vector varying first.",
                               .example = "tg.cartesian_prod(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))",
                               .face = Face::function};
  static Tensor forward(const TensorArgs& tensors);
};

struct Combinations {
  static constexpr OpInfo info{.name = "combinations",
                               .signature = "(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor",
                               .doc = "All combinations of r elements of a vector, as rows, in the order of itertools.",
                               .example = "tg.combinations(tg.tensor([1.0, 2.0, 3.0]))",
                               .face = Face::function};
  static Tensor forward(const Tensor& x, int64_t r, bool with_replacement);
};

using Joins = OpList<Cat, Stack, HStack, VStack, DStack, ColumnStack, BlockDiag, Meshgrid, CartesianProd, Combinations>;
using JoinsInternal = OpList<JoinDiagonal>;

}  // namespace tg::ops
