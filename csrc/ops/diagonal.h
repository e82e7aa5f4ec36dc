// Diagonals and triangles of matrices.
#pragma once
#include "ops/views.h"

namespace tg::ops {

// Where a diagonal of x lies: x without dims dim1 and dim2, and a last dim along the diagonal.
struct DiagonalLayout {
  Shape shape;
  Ints strides;
  int64_t offset = 0;  // in elements
  DiagonalLayout(const char* op, Span of, Span steps, int64_t diagonal, int64_t dim1, int64_t dim2);
};

struct Diagonal {
  static constexpr OpInfo info{
      .name = "diagonal",
      .signature = "(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor",
      .doc = "A view of the diagonal of dims dim1 and dim2 as the last dim; a positive offset lies above it.",
      .formula = "y[..., i] = x[..., i, i + offset]",
      .gradient = "dx = 0 with dy on the diagonal",
      .example = "tg.tensor([[1.0, 2.0], [3.0, 4.0]]).diagonal()",
      .bfloat16 = true};
  struct Saved {
    Shape shape;
    int64_t offset, dim1, dim2;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
    s = {x.shape(), offset, dim1, dim2};
    const DiagonalLayout at(info.name, x.shape(), x.strides(), offset, dim1, dim2);
    return view(x, at.shape, at.strides, at.offset);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct LinalgDiagonal {
  static constexpr OpInfo info{.name = "linalg_diagonal",
                               .signature = "(input: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor",
                               .doc = "A view of the diagonal of each matrix as the last dim; a positive offset lies above it.",
                               .formula = "y[..., i] = x[..., i, i + offset]",
                               .example = "tg.linalg.diagonal(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))",
                               .face = Face::linalg,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
    return tape::apply<Diagonal>(x, offset, dim1, dim2);
  }
};

struct OnDiagonal {
  static constexpr OpInfo info{.name = "on_diagonal",
                               .signature = "(input: Tensor, shape: tuple, offset: int, dim1: int, dim2: int) -> Tensor",
                               .doc = "Zeros of a shape with input on a diagonal: the gradient of diagonal.",
                               .formula = "y[..., i, i + offset] = x[..., i] over zeros",
                               .gradient = "dx = the diagonal of dy",
                               .face = Face::internal,
                               .label = "diag_embed"};
  struct Saved {
    int64_t offset, dim1, dim2;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Shape& shape, int64_t offset, int64_t dim1, int64_t dim2);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<Diagonal>(dy, s.offset, s.dim1, s.dim2)};
  }
};

inline Grads<1> Diagonal::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<OnDiagonal>(dy, s.shape, s.offset, s.dim1, s.dim2)};
}

struct DiagEmbed {
  static constexpr OpInfo info{.name = "diag_embed",
                               .signature = "(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor",
                               .doc = "Zeros with the last dim of input on the diagonal of dims dim1 and dim2 of the result.",
                               .formula = "y[..., i, i + offset] = x[..., i] over zeros",
                               .example = "tg.tensor([1.0, 2.0]).diag_embed()"};
  static Tensor forward(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2);
};

struct Diag {
  static constexpr OpInfo info{.name = "diag",
                               .signature = "(input: Tensor, diagonal: int = 0) -> Tensor",
                               .doc = "A vector as the diagonal of a matrix of zeros, or a copy of the diagonal of a matrix.",
                               .formula = "y[i, i + diagonal] = x[i], or y[i] = x[i, i + diagonal]",
                               .example = "tg.diag(tg.tensor([1.0, 2.0]))"};
  static Tensor forward(const Tensor& x, int64_t diagonal) {
    if (x.ndim() == 1) return tape::apply<DiagEmbed>(x, diagonal, int64_t(0), int64_t(1));
    if (x.ndim() != 2) fail<RuntimeError>("diag(): expected a vector or a matrix, got shape ", Show{x.shape()});
    return clone(tape::apply<Diagonal>(x, diagonal, int64_t(0), int64_t(1)));
  }
};

struct Diagflat {
  static constexpr OpInfo info{.name = "diagflat",
                               .signature = "(input: Tensor, offset: int = 0) -> Tensor",
                               .doc = "All elements on the diagonal of a matrix of zeros.",
                               .formula = "y[i, i + offset] = x.ravel()[i] over zeros",
                               .example = "tg.diagflat(tg.tensor([1.0, 2.0]))"};
  static Tensor forward(const Tensor& x, int64_t offset) {
    return tape::apply<DiagEmbed>(x.ndim() == 1 ? x : reshape(x, {x.numel()}), offset, int64_t(0), int64_t(1));
  }
};

// x with what lies above (lower) or below (not lower) a diagonal of its last two dims set to zero.
Tensor triangle_values(const char* op, const Tensor& x, int64_t diagonal, bool lower);

struct Tril {
  static constexpr OpInfo info{.name = "tril",
                               .signature = "(input: Tensor, diagonal: int = 0) -> Tensor",
                               .doc = "The lower triangle of each matrix with zeros above the diagonal.",
                               .formula = "y[i, j] = x[i, j] where j <= i + diagonal, else 0",
                               .gradient = "dx = the lower triangle of dy",
                               .example = "tg.tril(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))",
                               .inplace = true};
  struct Saved {
    int64_t diagonal;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t diagonal) {
    s.diagonal = diagonal;
    return triangle_values(info.name, x, diagonal, true);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<Tril>(dy, s.diagonal)}; }
};

struct Triu {
  static constexpr OpInfo info{.name = "triu",
                               .signature = "(input: Tensor, diagonal: int = 0) -> Tensor",
                               .doc = "The upper triangle of each matrix with zeros below the diagonal.",
                               .formula = "y[i, j] = x[i, j] where j >= i + diagonal, else 0",
                               .gradient = "dx = the upper triangle of dy",
                               .example = "tg.triu(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))",
                               .inplace = true};
  struct Saved {
    int64_t diagonal;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t diagonal) {
    s.diagonal = diagonal;
    return triangle_values(info.name, x, diagonal, false);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<Triu>(dy, s.diagonal)}; }
};

using Diagonals = OpList<Diagonal, LinalgDiagonal, DiagEmbed, Diag, Diagflat, Tril, Triu>;
using DiagonalsInternal = OpList<OnDiagonal>;

}  // namespace tg::ops
