// Dropout of elements and of channels, and sampling from a softmax. Made of other operations: the mask is a constant.
#pragma once
#include "ops/common.h"
#include "ops/list.h"

namespace tg::ops {

struct Dropout {
  static constexpr OpInfo info{
      .name = "dropout",
      .signature = "(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor",
      .doc = "Elements zeroed with probability p, the others scaled by 1 / (1 - p); nothing outside training.",
      .formula = "y = x m with m = 0 with probability p, else 1 / (1 - p)",
      .gradient = "dx = dy m",
      .example = "F.dropout(tg.tensor([1.0, 2.0]), 1.0)",
      .face = Face::function | Face::functional};
  static Tensor forward(const Tensor& x, double p, bool training, bool inplace);
};

struct AlphaDropout {
  static constexpr OpInfo info{
      .name = "alpha_dropout",
      .signature = "(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor",
      .doc = "Dropout for SELU networks: elements set to SELU's lowest value, then scaled and shifted to keep mean and variance.",
      .formula = "y = a (x m - alpha (1 - m)) + a alpha p with m = 0 with probability p, else 1",
      .gradient = "dx = a dy m",
      .example = "F.alpha_dropout(tg.tensor([1.0, 2.0]), 1.0, True)",
      .face = Face::function | Face::functional};
  static Tensor forward(const Tensor& x, double p, bool training, bool inplace);
};

struct FeatureDropout {
  static constexpr OpInfo info{.name = "feature_dropout",
                               .signature = "(input: Tensor, p: float, training: bool) -> Tensor",
                               .doc = "Dropout of whole channels, which are the second dim.",
                               .formula = "y = x m with one m for each channel: 0 with probability p, else 1 / (1 - p)",
                               .gradient = "dx = dy m",
                               .shapes = "[N, C, ...] -> [N, C, ...]",
                               .example = "tg.feature_dropout(tg.ones(1, 2, 2), 1.0, True)",
                               .face = Face::function};
  static Tensor forward(const Tensor& x, double p, bool training);
};

struct FeatureAlphaDropout {
  static constexpr OpInfo info{
      .name = "feature_alpha_dropout",
      .signature = "(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor",
      .doc = "alpha_dropout() of whole channels, which are the second dim.",
      .formula = "as alpha_dropout with one m for each channel",
      .gradient = "dx = a dy m",
      .shapes = "[N, C, ...] -> [N, C, ...]",
      .example = "F.feature_alpha_dropout(tg.ones(1, 2, 2), 1.0, True)",
      .face = Face::function | Face::functional};
  static Tensor forward(const Tensor& x, double p, bool training, bool inplace);
};

struct Dropout1d {
  static constexpr OpInfo info{
      .name = "dropout1d",
      .signature = "(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor",
      .doc = "Dropout of whole channels of sequences.",
      .formula = "as feature_dropout",
      .gradient = "dx = dy m",
      .shapes = "[N, C, L] or [C, L]",
      .example = "F.dropout1d(tg.ones(2, 3), 1.0)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, double p, bool training, bool inplace);
};

struct Dropout2d {
  static constexpr OpInfo info{
      .name = "dropout2d",
      .signature = "(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor",
      .doc = "Dropout of whole channels of images; of three dims the first is the batch, as in PyTorch.",
      .formula = "as feature_dropout",
      .gradient = "dx = dy m",
      .shapes = "[N, C, H, W]",
      .example = "F.dropout2d(tg.ones(1, 1, 2, 2), 1.0)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, double p, bool training, bool inplace);
};

struct Dropout3d {
  static constexpr OpInfo info{
      .name = "dropout3d",
      .signature = "(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor",
      .doc = "Dropout of whole channels of volumes.",
      .formula = "as feature_dropout",
      .gradient = "dx = dy m",
      .shapes = "[N, C, D, H, W] or [C, D, H, W]",
      .example = "F.dropout3d(tg.ones(1, 1, 1, 2, 2), 1.0)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, double p, bool training, bool inplace);
};

struct GumbelSoftmax {
  static constexpr OpInfo info{
      .name = "gumbel_softmax",
      .signature = "(logits: Tensor, tau: float = 1.0, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor",
      .doc = "Samples of a categorical distribution that can be differentiated; hard ones are one-hot, with the soft gradient.",
      .formula = "y = softmax((logits + Gumbel noise) / tau)",
      .gradient = "that of softmax",
      .example = "F.gumbel_softmax(tg.tensor([0.0, 1000.0]), hard=True)",
      .face = Face::functional};
  static Tensor forward(const Tensor& logits, double tau, bool hard, double eps, int64_t dim);
};

using Noise = OpList<Dropout, AlphaDropout, FeatureDropout, FeatureAlphaDropout, Dropout1d, Dropout2d, Dropout3d, GumbelSoftmax>;

}  // namespace tg::ops
