// Normalisation: statistics, scaling and shift in one step.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// The node of what is normalised row by row: input, weight and bias, seen as kernels::RowNorm says.
struct RowNorms {
  struct Saved {
    SavedInput x, weight;
    bool bias;
    Shape bias_shape;  // weight's too
    Tensor stats;      // [2, rows]: the mean and 1 / standard deviation of each
    kernels::RowNorm rows;
  };

 protected:
  static Tensor run(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias, const kernels::RowNorm& rows);
  static Grads<3> grads(const Saved& s, Needs needs, const Tensor& dy);
};

struct LayerNorm : RowNorms {
  static constexpr OpInfo info{
      .name = "layer_norm",
      .signature =
          "(input: Tensor, normalized_shape: int | tuple, weight: Tensor | None = None, bias: Tensor | None = None, "
          "eps: float = 1e-05) -> Tensor",
      .doc = "Mean 0 and variance 1 over the last dims, which are normalized_shape, then weight and bias (Ba et al., 2016).",
      .formula = "y = w (x - mean) / sqrt(var + eps) + b",
      .gradient = "dx = (v - mean v - xhat mean(v xhat)) / sqrt(var + eps), v = w dy; dw = sum dy xhat, db = sum dy",
      .shapes = "[..., normalized_shape], weight and bias normalized_shape -> [..., normalized_shape]",
      .example = "tg.layer_norm(tg.tensor([[1.0, 2.0, 3.0], [4.0, 4.0, 1.0]]), (3,))",
      .face = Face::function | Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, const Ints& shape, const Tensor& weight, const Tensor& bias, double eps);
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) { return grads(s, needs, dy); }
};

struct RmsNorm : RowNorms {
  static constexpr OpInfo info{
      .name = "rms_norm",
      .signature =
          "(input: Tensor, normalized_shape: int | tuple, weight: Tensor | None = None, eps: float | None = None) -> "
          "Tensor",
      .doc =
          "Root mean square 1 over the last dims, which are normalized_shape, then weight (Zhang and Sennrich, 2019); eps "
          "defaults to the dtype's epsilon.",
      .formula = "y = w x / sqrt(mean(x^2) + eps)",
      .gradient = "dx = (v - xhat mean(v xhat)) / sqrt(mean(x^2) + eps), v = w dy; dw = sum dy xhat",
      .shapes = "[..., normalized_shape], weight normalized_shape -> [..., normalized_shape]",
      .example = "tg.rms_norm(tg.tensor([[1.0, 2.0, 3.0]]), (3,))",
      .face = Face::function | Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, const Ints& shape, const Tensor& weight, std::optional<double> eps);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    Grads<3> all = grads(s, needs, dy);
    return {all[0], all[1]};
  }
};

struct GroupNorm : RowNorms {
  static constexpr OpInfo info{
      .name = "group_norm",
      .signature =
          "(input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, "
          "eps: float = 1e-05) -> Tensor",
      .doc =
          "Mean 0 and variance 1 over each group of channels of each sample, then weight and bias per channel (Wu and He, "
          "2018).",
      .formula = "y = w (x - mean) / sqrt(var + eps) + b",
      .gradient = "dx = (v - mean v - xhat mean(v xhat)) / sqrt(var + eps), v = w dy; dw = sum dy xhat, db = sum dy",
      .shapes = "[N, C, ...], weight and bias [C] -> [N, C, ...]",
      .example = "tg.group_norm(tg.tensor([[[1.0, 2.0], [3.0, 5.0]]]), 1)",
      .face = Face::function | Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps);
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) { return grads(s, needs, dy); }
};

struct BatchNorm {
  static constexpr OpInfo info{
      .name = "batch_norm",
      .signature =
          "(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None, "
          "bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-05) -> Tensor",
      .doc =
          "Mean 0 and variance 1 for each channel over the batch, then weight and bias (Ioffe and Szegedy, 2015). Training "
          "blends the batch's mean and unbiased variance into the running ones, in place; otherwise those are used.",
      .formula = "y = w (x - mean) / sqrt(var + eps) + b",
      .shapes = "[N, C, ...], the others [C] -> [N, C, ...]",
      .example = "tg.nn.functional.batch_norm(tg.tensor([[1.0, 2.0], [3.0, 6.0]]), None, None, training=True)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                        const Tensor& bias, bool training, double momentum, double eps);
};

struct InstanceNorm {
  static constexpr OpInfo info{
      .name = "instance_norm",
      .signature =
          "(input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, "
          "weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True, "
          "momentum: float = 0.1, eps: float = 1e-05) -> Tensor",
      .doc =
          "Mean 0 and variance 1 for each channel of each sample, then weight and bias; with use_input_stats False the "
          "running statistics are used.",
      .formula = "y = w (x - mean) / sqrt(var + eps) + b",
      .shapes = "[N, C, ...], the others [C] -> [N, C, ...]",
      .example = "tg.nn.functional.instance_norm(tg.tensor([[[1.0, 2.0, 6.0]]]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                        const Tensor& bias, bool use_input_stats, double momentum, double eps);
};

struct LocalResponseNorm {
  static constexpr OpInfo info{
      .name = "local_response_norm",
      .signature = "(input: Tensor, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> Tensor",
      .doc =
          "Each element divided by a power of the mean square of `size` neighbouring channels, zeros beyond the ends "
          "(Krizhevsky et al., 2012).",
      .formula = "y = x / (k + alpha mean(x^2))^beta",
      .shapes = "[N, C, ...] -> [N, C, ...]",
      .example = "tg.nn.functional.local_response_norm(tg.tensor([[[1.0], [2.0], [3.0]]]), 2)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, int64_t size, double alpha, double beta, double k);
};

using Norms = OpList<LayerNorm, RmsNorm, GroupNorm, BatchNorm, InstanceNorm, LocalResponseNorm>;

}  // namespace tg::ops
