// Losses of class numbers: input holds one score per class, [N, C, ...] or [C].
#pragma once
#include "ops/loss.h"

namespace tg::ops {

struct NllLoss {
  static constexpr OpInfo info{
      .name = "nll_loss",
      .signature =
          "(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, "
          "ignore_index: int = -100, reduce: bool | None = None, reduction: str = 'mean') -> Tensor",
      .doc = "The negative log likelihood: input holds log probabilities, target class numbers; the mean is weighted by class.",
      .formula = "y = -w[t] x[t]",
      .shapes = "[N, C, ...] or [C], [N, ...] or [] -> []",
      .example = "tg.nn.functional.nll_loss(tg.tensor([[-0.1, -2.4], [-1.2, -0.4]]), tg.tensor([0, 1]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& target, const Tensor& weight, std::optional<bool> size_average,
                        int64_t ignore_index, std::optional<bool> reduce, std::string_view reduction);
};

struct CrossEntropy {
  static constexpr OpInfo info{
      .name = "cross_entropy",
      .signature =
          "(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, "
          "ignore_index: int = -100, reduce: bool | None = None, reduction: str = 'mean', "
          "label_smoothing: float = 0.0) -> Tensor",
      .doc = "nll_loss of log_softmax(input); target holds class numbers, or probabilities in the shape of input.",
      .formula = "y = -w[t] (x[t] - log sum e^x)",
      .shapes = "[N, C, ...] or [C], [N, ...] or [] -> []",
      .example = "tg.nn.functional.cross_entropy(tg.tensor([[0.5, 2.0], [1.0, 0.0]]), tg.tensor([1, 0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& target, const Tensor& weight, std::optional<bool> size_average,
                        int64_t ignore_index, std::optional<bool> reduce, std::string_view reduction, double label_smoothing);
};

struct MultiMarginLoss {
  static constexpr OpInfo info{
      .name = "multi_margin_loss",
      .signature =
          "(input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None, "
          "size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean') -> Tensor",
      .doc =
          "What every other class lacks of staying margin below the target class, to the power p (1 or 2), averaged over "
          "classes.",
      .formula = "y = w[t] sum over i != t of max(0, margin - x[t] + x[i])^p / C",
      .shapes = "[N, C] or [C], [N] or [] -> []",
      .example = "tg.nn.functional.multi_margin_loss(tg.tensor([[0.1, 0.2, 0.4]]), tg.tensor([2]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& target, int64_t p, double margin, const Tensor& weight,
                        std::optional<bool> size_average, std::optional<bool> reduce, std::string_view reduction);
};

struct MultilabelMarginLoss {
  static constexpr OpInfo info{
      .name = "multilabel_margin_loss",
      .signature =
          "(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, "
          "reduction: str = 'mean') -> Tensor",
      .doc =
          "What every other class lacks of staying 1 below each target class; a row of target lists classes up to the first "
          "-1.",
      .formula = "y = sum over targets j, others i of max(0, 1 - x[j] + x[i]) / C",
      .shapes = "[N, C] or [C], the same -> []",
      .example = "tg.nn.functional.multilabel_margin_loss(tg.tensor([0.1, 0.2, 0.4, 0.8]), tg.tensor([3, 0, -1, 1]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& target, std::optional<bool> size_average, std::optional<bool> reduce,
                        std::string_view reduction);
};

struct MultilabelSoftMarginLoss {
  static constexpr OpInfo info{
      .name = "multilabel_soft_margin_loss",
      .signature =
          "(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, "
          "reduce: bool | None = None, reduction: str = 'mean') -> Tensor",
      .doc = "binary_cross_entropy_with_logits averaged over the classes, which are the last dim.",
      .formula = "y = mean over classes of w ((1 - t) x + log(1 + e^-x))",
      .shapes = "[..., C], [..., C] -> []",
      .example = "tg.nn.functional.multilabel_soft_margin_loss(tg.tensor([[0.5, -1.0]]), tg.tensor([[1.0, 0.0]]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& target, const Tensor& weight, std::optional<bool> size_average,
                        std::optional<bool> reduce, std::string_view reduction);
};

using ClassLosses = OpList<NllLoss, CrossEntropy, MultiMarginLoss, MultilabelMarginLoss, MultilabelSoftMarginLoss>;

}  // namespace tg::ops
