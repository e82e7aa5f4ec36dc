// Losses between numbers and numbers, and between numbers and the probability of one class.
#pragma once
#include "ops/loss.h"

namespace tg::ops {

struct MseLoss {
  static constexpr OpInfo info{
      .name = "mse_loss",
      .signature =
          "(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, "
          "reduction: str = 'mean', weight: Tensor | None = None) -> Tensor",
      .doc = "(input - target)^2, reduced ('none', 'mean' or 'sum'); a weighted mean divides by the weights.",
      .formula = "y = (x - t)^2",
      .example = "tg.nn.functional.mse_loss(tg.tensor([1.0, 2.0]), tg.tensor([0.0, 4.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                        std::string_view reduction, const Tensor& weight);
};

struct L1Loss {
  static constexpr OpInfo info{
      .name = "l1_loss",
      .signature =
          "(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, "
          "reduction: str = 'mean', weight: Tensor | None = None) -> Tensor",
      .doc = "|input - target|, reduced; its gradient at zero is zero.",
      .formula = "y = |x - t|",
      .example = "tg.nn.functional.l1_loss(tg.tensor([1.0, 2.0]), tg.tensor([0.0, 4.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                        std::string_view reduction, const Tensor& weight);
};

struct SmoothL1Loss {
  static constexpr OpInfo info{
      .name = "smooth_l1_loss",
      .signature =
          "(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, "
          "reduction: str = 'mean', beta: float = 1.0) -> Tensor",
      .doc = "l1_loss with a parabola where the difference is below beta; with beta 0 it is l1_loss.",
      .formula = "y = d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, d = x - t",
      .example = "tg.nn.functional.smooth_l1_loss(tg.tensor([1.0, 2.0]), tg.tensor([0.5, 4.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                        std::string_view reduction, double beta);
};

struct HuberLoss {
  static constexpr OpInfo info{
      .name = "huber_loss",
      .signature =
          "(input: Tensor, target: Tensor, reduction: str = 'mean', delta: float = 1.0, weight: Tensor | None = None) "
          "-> Tensor",
      .doc = "A parabola where the difference is below delta, straight lines beyond (Huber, 1964).",
      .formula = "y = d^2 / 2 where |d| < delta, else delta (|d| - delta / 2), d = x - t",
      .example = "tg.nn.functional.huber_loss(tg.tensor([1.0, 2.0]), tg.tensor([0.5, 4.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, std::string_view reduction, double delta, const Tensor& weight);
};

struct BinaryCrossEntropy {
  static constexpr OpInfo info{
      .name = "binary_cross_entropy",
      .signature =
          "(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, "
          "reduce: bool | None = None, reduction: str = 'mean') -> Tensor",
      .doc = "The cross entropy between targets and probabilities, both in [0, 1]; logarithms are cut off at -100.",
      .formula = "y = -t log x - (1 - t) log(1 - x)",
      .example = "tg.nn.functional.binary_cross_entropy(tg.tensor([0.2, 0.9]), tg.tensor([0.0, 1.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, const Tensor& weight, std::optional<bool> size_average,
                        std::optional<bool> reduce, std::string_view reduction);
};

struct BceWithLogits {
  static constexpr OpInfo info{
      .name = "binary_cross_entropy_with_logits",
      .signature =
          "(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, "
          "reduce: bool | None = None, reduction: str = 'mean', pos_weight: Tensor | None = None) -> Tensor",
      .doc =
          "The cross entropy between targets in [0, 1] and sigmoid(input), without overflow; pos_weight multiplies what "
          "positive targets cost.",
      .formula = "y = (1 - t) x + log(1 + e^-x)",
      .example = "tg.nn.functional.binary_cross_entropy_with_logits(tg.tensor([-1.0, 2.0]), tg.tensor([0.0, 1.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, const Tensor& weight, std::optional<bool> size_average,
                        std::optional<bool> reduce, std::string_view reduction, const Tensor& pos_weight);
};

struct KlDiv {
  static constexpr OpInfo info{
      .name = "kl_div",
      .signature =
          "(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, "
          "reduction: str = 'mean', log_target: bool = False) -> Tensor",
      .doc =
          "The pointwise divergence of log probabilities from target probabilities (log_target: their logarithms); "
          "reduction 'batchmean' divides the sum by the first size.",
      .formula = "y = t (log t - x)",
      .example = "tg.nn.functional.kl_div(tg.tensor([0.4, 0.6]).log(), tg.tensor([0.5, 0.5]), reduction='sum')",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                        std::string_view reduction, bool log_target);
};

struct SoftMarginLoss {
  static constexpr OpInfo info{
      .name = "soft_margin_loss",
      .signature =
          "(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, "
          "reduction: str = 'mean') -> Tensor",
      .doc = "The logistic loss for targets 1 and -1.",
      .formula = "y = log(1 + e^(-t x))",
      .example = "tg.nn.functional.soft_margin_loss(tg.tensor([0.5, -2.0]), tg.tensor([1.0, -1.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, std::optional<bool> size_average, std::optional<bool> reduce,
                        std::string_view reduction);
};

struct HingeLoss {
  static constexpr OpInfo info{
      .name = "hinge_loss",
      .signature = "(input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = 'mean') -> Tensor",
      .doc =
          "The loss of a support vector machine for targets 1 and -1, as scikit-learn's hinge_loss; its gradient at the "
          "kink is zero.",
      .formula = "y = max(0, margin - t x)",
      .example = "tg.nn.functional.hinge_loss(tg.tensor([0.5, -2.0]), tg.tensor([1.0, -1.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, double margin, std::string_view reduction);
};

struct GaussianNllLoss {
  static constexpr OpInfo info{
      .name = "gaussian_nll_loss",
      .signature =
          "(input: Tensor, target: Tensor, var: Tensor | Number, full: bool = False, eps: float = 1e-06, "
          "reduction: str = 'mean') -> Tensor",
      .doc =
          "The negative log likelihood of target under a normal distribution of mean input and variance var, at least eps; "
          "full adds log(2 pi) / 2.",
      .formula = "y = (log v + (x - t)^2 / v) / 2",
      .shapes = "[...], [...], var [...] or one for each row -> []",
      .example = "tg.nn.functional.gaussian_nll_loss(tg.tensor([1.0, 2.0]), tg.tensor([0.0, 4.0]), tg.tensor([1.0, 2.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, const Tensor& var, bool full, double eps, std::string_view reduction);
};

struct PoissonNllLoss {
  static constexpr OpInfo info{
      .name = "poisson_nll_loss",
      .signature =
          "(input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, "
          "size_average: bool | None = None, eps: float = 1e-08, reduce: bool | None = None, "
          "reduction: str = 'mean') -> Tensor",
      .doc =
          "The negative log likelihood of counts under a Poisson distribution of rate e^input, or input with log_input "
          "False; full adds Stirling's formula for log(target!) where target is above 1.",
      .formula = "y = e^x - t x, or x - t log(x + eps)",
      .example = "tg.nn.functional.poisson_nll_loss(tg.tensor([0.0, 1.0]), tg.tensor([1.0, 3.0]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& t, bool log_input, bool full, std::optional<bool> size_average, double eps,
                        std::optional<bool> reduce, std::string_view reduction);
};

using RegressionLosses = OpList<MseLoss, L1Loss, SmoothL1Loss, HuberLoss, BinaryCrossEntropy, BceWithLogits, KlDiv,
                                SoftMarginLoss, HingeLoss, GaussianNllLoss, PoissonNllLoss>;

}  // namespace tg::ops
