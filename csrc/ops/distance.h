// Lengths and angles of vectors: normalize, distances, similarities, and a form of two vectors (bilinear).
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Normalize {
  static constexpr OpInfo info{.name = "normalize",
                               .signature = "(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor",
                               .doc = "input divided by its p-norm along dim, or by eps where the norm is smaller.",
                               .formula = "y = x / max(|x|_p, eps)",
                               .example = "tg.nn.functional.normalize(tg.tensor([[3.0, 4.0]]))",
                               .face = Face::functional};
  static Tensor forward(const Tensor& x, double p, int64_t dim, double eps);
};

struct CosineSimilarity {
  static constexpr OpInfo info{
      .name = "cosine_similarity",
      .signature = "(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor",
      .doc = "The cosine of the angle between vectors along dim; lengths below eps count as eps. The others dims broadcast.",
      .formula = "y = x1 . x2 / (max(|x1|, eps) max(|x2|, eps))",
      .example = "tg.cosine_similarity(tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 1.0]]))",
      .face = Face::function | Face::functional};
  static Tensor forward(const Tensor& a, const Tensor& b, int64_t dim, double eps);
};

struct PairwiseDistance {
  static constexpr OpInfo info{
      .name = "pairwise_distance",
      .signature = "(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> Tensor",
      .doc = "The p-norm of x1 - x2 + eps over the last dim.",
      .formula = "y = |x1 - x2 + eps|_p",
      .example = "tg.pairwise_distance(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0]]))",
      .face = Face::function | Face::functional};
  static Tensor forward(const Tensor& a, const Tensor& b, double p, double eps, bool keepdim);
};

struct Bilinear {
  static constexpr OpInfo info{
      .name = "bilinear",
      .signature = "(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor",
      .doc = "A bilinear form of two vectors for each output.",
      .formula = "y[o] = sum over i, j of x1[i] W[o, i, j] x2[j] + b[o]",
      .shapes = "[..., I], [..., J], [O, I, J], [O] -> [..., O]",
      .example = "tg.bilinear(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0]]), tg.tensor([[[1.0], [1.0]]]))",
      .face = Face::function | Face::functional};
  static Tensor forward(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias);
};

using Distances = OpList<Normalize, CosineSimilarity, PairwiseDistance, Bilinear>;

}  // namespace tg::ops
