// Losses of distances between vectors, and of rankings.
#pragma once
#include "ops/loss.h"

namespace tg::ops {

struct HingeEmbeddingLoss {
  static constexpr OpInfo info{
      .name = "hinge_embedding_loss",
      .signature =
          "(input: Tensor, target: Tensor, margin: float = 1.0, size_average: bool | None = None, "
          "reduce: bool | None = None, reduction: str = 'mean') -> Tensor",
      .doc = "For distances: input itself where target is 1, what it lacks of margin where target is -1.",
      .formula = "y = x where t = 1, max(0, margin - x) where t = -1",
      .example = "tg.nn.functional.hinge_embedding_loss(tg.tensor([0.5, 0.25]), tg.tensor([1.0, -1.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, double margin, std::optional<bool> size_average,
                        std::optional<bool> reduce, std::string_view reduction);
};

struct MarginRankingLoss {
  static constexpr OpInfo info{
      .name = "margin_ranking_loss",
      .signature =
          "(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, size_average: bool | None = None, "
          "reduce: bool | None = None, reduction: str = 'mean') -> Tensor",
      .doc = "What input1 lacks of being margin above input2 where target is 1, below where it is -1.",
      .formula = "y = max(0, margin - t (x1 - x2))",
      .example = "tg.nn.functional.margin_ranking_loss(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([1.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& a, const Tensor& b, const Tensor& t, double margin, std::optional<bool> size_average,
                        std::optional<bool> reduce, std::string_view reduction);
};

struct CosineEmbeddingLoss {
  static constexpr OpInfo info{
      .name = "cosine_embedding_loss",
      .signature =
          "(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, size_average: bool | None = None, "
          "reduce: bool | None = None, reduction: str = 'mean') -> Tensor",
      .doc = "Draws vectors together where target is 1, apart where it is -1.",
      .formula = "y = 1 - cos where t = 1, max(0, cos - margin) where t = -1",
      .shapes = "[N, D], [N, D], [N], or [D], [D], [] -> []",
      .example = "tg.nn.functional.cosine_embedding_loss(tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 1.0]]), tg.tensor([1.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& a, const Tensor& b, const Tensor& t, double margin, std::optional<bool> size_average,
                        std::optional<bool> reduce, std::string_view reduction);
};

struct TripletMarginLoss {
  static constexpr OpInfo info{
      .name = "triplet_margin_loss",
      .signature =
          "(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0, "
          "eps: float = 1e-06, swap: bool = False, size_average: bool | None = None, reduce: bool | None = None, "
          "reduction: str = 'mean') -> Tensor",
      .doc =
          "What the negative lacks of being margin farther from the anchor than the positive is; swap takes its distance "
          "from the positive where that is smaller.",
      .formula = "y = max(0, margin + |a - p| - |a - n|)",
      .example =
          "tg.nn.functional.triplet_margin_loss(tg.tensor([[0.0, 0.0]]), tg.tensor([[1.0, 0.0]]), tg.tensor([[0.0, 1.5]]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin, double p, double eps,
                        bool swap, std::optional<bool> size_average, std::optional<bool> reduce, std::string_view reduction);
};

struct TripletMarginWithDistanceLoss {
  static constexpr OpInfo info{
      .name = "triplet_margin_with_distance_loss",
      .signature =
          "(anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function: object | None = None, "
          "margin: float = 1.0, swap: bool = False, reduction: str = 'mean') -> Tensor",
      .doc = "triplet_margin_loss with a distance of one's own: a function of two tensors, pairwise_distance unless given.",
      .formula = "y = max(0, margin + d(a, p) - d(a, n))",
      .example = "tg.nn.functional.triplet_margin_with_distance_loss(tg.tensor([[0.0]]), tg.tensor([[1.0]]), tg.tensor([[1.5]]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative, const PairFunction& distance,
                        double margin, bool swap, std::string_view reduction);
};

using EmbeddingLosses =
    OpList<HingeEmbeddingLoss, MarginRankingLoss, CosineEmbeddingLoss, TripletMarginLoss, TripletMarginWithDistanceLoss>;

}  // namespace tg::ops
