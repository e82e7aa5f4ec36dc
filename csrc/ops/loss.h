// Losses, composed of other operations. A target that would only fit by broadcasting is refused.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// "none", "mean" or "sum" of the elementwise losses.
Tensor reduce_loss(const char* op, const Tensor& each, std::string_view reduction);
void require_same_shape(const char* op, const Tensor& input, const Tensor& target);

struct MseLoss {
  static constexpr OpInfo info{.name = "mse_loss",
                               .signature = "(input: Tensor, target: Tensor, reduction: str = 'mean') -> Tensor",
                               .doc = "(input - target)^2, reduced ('none', 'mean' or 'sum').",
                               .face = Face::functional};
  static Tensor forward(const Tensor& input, const Tensor& target, std::string_view reduction) {
    require_same_shape(info.name, input, target);
    Tensor difference = input - target;
    return reduce_loss(info.name, difference * difference, reduction);
  }
};

// max(x, 0) - x t + log(1 + e^-|x|), with pos_weight on the positive term
struct BceWithLogits {
  static constexpr OpInfo info{.name = "binary_cross_entropy_with_logits",
                               .signature =
                                   "(input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = 'mean', "
                                   "pos_weight: Tensor | None = None) -> Tensor",
                               .doc = "The cross entropy between targets in [0, 1] and sigmoid(input), without overflow.",
                               .face = Face::functional};
  static Tensor forward(const Tensor& input, const Tensor& target, const Tensor& weight, std::string_view reduction,
                        const Tensor& pos_weight);
};

// -input[target] along dim 1, weighted by class, ignore_index left out
struct NllLoss {
  static constexpr OpInfo info{
      .name = "nll_loss",
      .signature =
          "(input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, "
          "reduction: str = 'mean') -> Tensor",
      .doc = "The negative log likelihood: input [N, C, ...] holds log probabilities, target [N, ...] class numbers.",
      .face = Face::functional};
  static Tensor forward(const Tensor& input, const Tensor& target, const Tensor& weight, int64_t ignore_index,
                        std::string_view reduction);
};

struct CrossEntropy {
  static constexpr OpInfo info{
      .name = "cross_entropy",
      .signature =
          "(input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, "
          "reduction: str = 'mean', label_smoothing: float = 0.0) -> Tensor",
      .doc = "nll_loss of log_softmax(input): input [N, C, ...], target class numbers [N, ...] or probabilities [N, C, ...].",
      .face = Face::functional};
  static Tensor forward(const Tensor& input, const Tensor& target, const Tensor& weight, int64_t ignore_index,
                        std::string_view reduction, double label_smoothing);
};

using Losses = OpList<MseLoss, BceWithLogits, NllLoss, CrossEntropy>;

}  // namespace tg::ops
