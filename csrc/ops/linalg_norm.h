// Norms of vectors and matrices, condition numbers, distances.
#pragma once
#include "ops/linalg_spectral.h"

namespace tg::ops {

struct VectorNorm {
  static constexpr OpInfo info{
      .name = "linalg_vector_norm",
      .signature =
          "(x: Tensor, ord: float = 2.0, dim: int | tuple | None = None, keepdim: bool = False, *, "
          "dtype: dtype | None = None) -> Tensor",
      .doc =
          "The norm of the vectors over dim, or of all elements; 0 counts non-zeros, inf and -inf take the extremes. Where the "
          "norm is 0 or its slope is infinite, the gradient is 0.",
      .formula = "y = (sum |x|^p)^(1/p)",
      .gradient = "dx = dy sign(x) |x|^(p-1) y^(1-p); the elements of largest magnitude share that of inf",
      .example = "tg.linalg.vector_norm(tg.tensor([3.0, 4.0]))",
      .face = Face::linalg};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    double ord;
    Ints dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, double ord, const Ints& dim, bool keepdim, std::optional<DType> dtype);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
  // g times the slope of the norm y of x over some dims, which y and g have with size 1.
  static Tensor slope(const Tensor& x, const Tensor& y, const Tensor& g, double ord, const Ints& dims);
};

struct MatrixNorm {
  static constexpr OpInfo info{
      .name = "linalg_matrix_norm",
      .signature =
          "(A: Tensor, ord: str | float = 'fro', dim: tuple = (-2, -1), keepdim: bool = False, *, "
          "dtype: dtype | None = None) -> Tensor",
      .doc =
          "The norm of the matrices over two dims: 'fro', 'nuc', 2 and -2 of singular values, 1 and -1 of column sums, inf and "
          "-inf of row sums.",
      .example = "tg.linalg.matrix_norm(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)",
      .face = Face::linalg};
  static Tensor forward(const Tensor& a, const NormOrder& ord, const Ints& dim, bool keepdim, std::optional<DType> dtype) {
    return over("linalg.matrix_norm", a, ord, dim, keepdim, dtype);
  }
  static Tensor over(const char* op, const Tensor& a, const NormOrder& ord, const Ints& dim, bool keepdim,
                     std::optional<DType> dtype);
};

struct LinalgNorm {
  static constexpr OpInfo info{
      .name = "linalg_norm",
      .signature =
          "(A: Tensor, ord: str | float | None = None, dim: int | tuple | None = None, keepdim: bool = False, *, "
          "dtype: dtype | None = None) -> Tensor",
      .doc = "vector_norm over one dim, matrix_norm over two; without ord the 2-norm of all elements.",
      .example = "tg.linalg.norm(tg.tensor([3.0, 4.0]))",
      .face = Face::linalg};
  static Tensor forward(const Tensor& a, const NormOrder& ord, const std::optional<Ints>& dim, bool keepdim,
                        std::optional<DType> dtype);
};

struct Norm {
  static constexpr OpInfo info{
      .name = "norm",
      .signature =
          "(input: Tensor, p: str | float | None = 'fro', dim: int | tuple | None = None, keepdim: bool = False, "
          "dtype: dtype | None = None) -> Tensor",
      .doc = "The vector norm of order p over any dims ('fro' is 2), or 'nuc', the sum of singular values. See also linalg.norm.",
      .example = "tg.norm(tg.tensor([3.0, 4.0]))"};
  static Tensor forward(const Tensor& x, const NormOrder& p, const std::optional<Ints>& dim, bool keepdim,
                        std::optional<DType> dtype);
};

struct Dist {
  static constexpr OpInfo info{.name = "dist",
                               .signature = "(input: Tensor, other: Tensor, p: float = 2) -> Tensor",
                               .doc = "The p-norm of input - other.",
                               .example = "tg.dist(tg.tensor([1.0, 2.0]), tg.tensor([4.0, 6.0]))"};
  static Tensor forward(const Tensor& a, const Tensor& b, double p) { return linalg_vector_norm(a - b, p); }
};

struct Cond {
  static constexpr OpInfo info{
      .name = "linalg_cond",
      .signature = "(A: Tensor, p: str | float | None = None) -> Tensor",
      .doc = "The condition number, norm(A) norm(A^-1): by default of the singular values; inf if singular.",
      .shapes = "[..., n, n] -> [...]",
      .example = "tg.linalg.cond(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))",
      .face = Face::linalg};
  static Tensor forward(const Tensor& a, const NormOrder& p);
};

struct Cdist {
  static constexpr OpInfo info{
      .name = "cdist",
      .signature =
          "(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = 'use_mm_for_euclid_dist_if_necessary') -> Tensor",
      .doc = "The p-norm distances between all rows of x1 and all rows of x2; the gradient at distance 0 is 0.",
      .formula = "y[i, j] = |a[i] - b[j]|_p",
      .gradient = "da[i] = sum_j dy[i, j] s[i, j], db[j] = -sum_i dy[i, j] s[i, j], s the slope of the norm",
      .shapes = "[..., m, d], [..., n, d] -> [..., m, n]",
      .example = "tg.cdist(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0], [0.0, 1.0]]))",
      .face = Face::function};
  struct Saved {
    SavedInput a, b;
    SavedOutput y;
    double p;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, double p, std::string_view compute_mode);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy);
};

struct Pdist {
  static constexpr OpInfo info{
      .name = "pdist",
      .signature = "(input: Tensor, p: float = 2.0) -> Tensor",
      .doc = "The p-norm distances between all pairs of rows, in the order of the upper triangle of cdist.",
      .formula = "y[k] = |x[i] - x[j]|_p for the k-th pair i < j",
      .gradient = "dx[i] = sum_k dy[k] s[k] over its pairs, dx[j] = -that, s the slope of the norm",
      .shapes = "[n, d] -> [n (n - 1) / 2]",
      .example = "tg.pdist(tg.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))",
      .face = Face::function | Face::functional};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    double p;
  };
  static Tensor forward(Saved& s, const Tensor& x, double p);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct Renorm {
  static constexpr OpInfo info{.name = "renorm",
                               .signature = "(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor",
                               .doc = "Each slice along dim whose p-norm exceeds maxnorm, scaled down to it.",
                               .formula = "y = x maxnorm / (|x|_p + 1e-7) where |x|_p > maxnorm, else x",
                               .example = "tg.renorm(tg.tensor([[3.0, 4.0], [0.0, 1.0]]), 2, 0, 1.0)",
                               .inplace = true};
  static Tensor forward(const Tensor& x, double p, int64_t dim, double maxnorm);
};

using LinalgNorms = OpList<VectorNorm, MatrixNorm, LinalgNorm, Norm, Dist, Cond, Cdist, Pdist, Renorm>;

}  // namespace tg::ops
