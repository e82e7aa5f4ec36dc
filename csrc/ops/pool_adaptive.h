// Adaptive pooling: the number of outputs is given, and window o of n runs from floor(o size / n) to ceil((o + 1) size / n).
#pragma once
#include "ops/pool.h"

namespace tg::ops {

// A size that is not given is the input's.
PoolShape adaptive_shape(const char* op, int dims, const Tensor& x, const SizesOrNone& output_size);

template <class Op, int kDims>
struct AdaptiveAvgPooling {
  static Tensor forward(const Tensor& x, const SizesOrNone& output_size) {
    return tape::apply<AvgPool>(x, adaptive_shape(Op::info.name, kDims, x, output_size), Divisor{});
  }
};

template <class Op, int kDims, bool kAlwaysIndices = false>
struct AdaptiveMaxPooling {
  static ValuesIndices forward(const Tensor& x, const SizesOrNone& output_size, bool return_indices) {
    return max_pool(adaptive_shape(Op::info.name, kDims, x, output_size), kDims, x, return_indices || kAlwaysIndices);
  }
};

struct AdaptiveAvgPool1d : AdaptiveAvgPooling<AdaptiveAvgPool1d, 1> {
  static constexpr OpInfo info{.name = "adaptive_avg_pool1d",
                               .signature = "(input: Tensor, output_size: int | tuple | None) -> Tensor",
                               .doc = "The means of output_size windows that cover [N, C, L] or [C, L].",
                               .example = "tg.adaptive_avg_pool1d(tg.tensor([[1.0, 3.0, 2.0]]), 2)",
                               .face = Face::function | Face::functional};
};

struct AdaptiveAvgPool2d : AdaptiveAvgPooling<AdaptiveAvgPool2d, 2> {
  static constexpr OpInfo info{.name = "adaptive_avg_pool2d",
                               .signature = "(input: Tensor, output_size: int | tuple | None) -> Tensor",
                               .doc = "The means of output_size windows that cover [N, C, H, W] or [C, H, W]; None keeps a size.",
                               .example = "tg.nn.functional.adaptive_avg_pool2d(tg.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 1)",
                               .face = Face::functional};
};

struct AdaptiveMaxPool1d : AdaptiveMaxPooling<AdaptiveMaxPool1d, 1> {
  static constexpr OpInfo info{
      .name = "adaptive_max_pool1d",
      .signature = "(input: Tensor, output_size: int | tuple | None, return_indices: bool = False) -> Tensor | tuple",
      .doc = "The maxima of output_size windows that cover [N, C, L] or [C, L].",
      .example = "tg.nn.functional.adaptive_max_pool1d(tg.tensor([[1.0, 3.0, 2.0]]), 2)",
      .face = Face::functional};
};

struct AdaptiveMaxPool2d : AdaptiveMaxPooling<AdaptiveMaxPool2d, 2> {
  static constexpr OpInfo info{
      .name = "adaptive_max_pool2d",
      .signature = "(input: Tensor, output_size: int | tuple | None, return_indices: bool = False) -> Tensor | tuple",
      .doc = "The maxima of output_size windows that cover [N, C, H, W] or [C, H, W]; None keeps a size.",
      .example = "tg.nn.functional.adaptive_max_pool2d(tg.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 1)",
      .face = Face::functional};
};

struct AdaptiveMaxPool1dWithIndices : AdaptiveMaxPooling<AdaptiveMaxPool1dWithIndices, 1, true> {
  static constexpr OpInfo info{
      .name = "adaptive_max_pool1d_with_indices",
      .signature = "(input: Tensor, output_size: int | tuple | None, return_indices: bool = False) -> tuple",
      .doc = "adaptive_max_pool1d and where in its row each maximum stands.",
      .example = "tg.adaptive_max_pool1d(tg.tensor([[1.0, 3.0, 2.0]]), 2)",
      .aliases = "tg.adaptive_max_pool1d",
      .face = Face::functional};
};

struct AdaptiveMaxPool2dWithIndices : AdaptiveMaxPooling<AdaptiveMaxPool2dWithIndices, 2, true> {
  static constexpr OpInfo info{
      .name = "adaptive_max_pool2d_with_indices",
      .signature = "(input: Tensor, output_size: int | tuple | None, return_indices: bool = False) -> tuple",
      .doc = "adaptive_max_pool2d and where in its plane each maximum stands, h * W + w.",
      .example = "tg.nn.functional.adaptive_max_pool2d_with_indices(tg.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 1)",
      .face = Face::functional};
};

using AdaptivePools = OpList<AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
                             AdaptiveMaxPool1dWithIndices, AdaptiveMaxPool2dWithIndices>;

}  // namespace tg::ops
