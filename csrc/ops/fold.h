// Layouts: the windows of images as columns and back, and channels exchanged for places.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/window.h"

namespace tg::ops {

// images [N, C, H, W], columns [N, C kh kw, places]; both without N where the user gave none.
struct FoldShape {
  Shape images, columns;
  int64_t n;
  kernels::Window2d window;
};
Tensor im2col_values(const FoldShape& s, const Tensor& x);
Tensor col2im_values(const FoldShape& s, const Tensor& columns);

struct Col2imOf;

struct Im2colOf {
  static constexpr OpInfo info{.name = "im2col_geometry",
                               .signature = "(input: Tensor, geometry: object) -> Tensor",
                               .doc = "unfold with a checked geometry.",
                               .formula = "y = the windows of x, one a column",
                               .gradient = "dx = dy summed where the windows overlap",
                               .face = Face::internal,
                               .label = "unfold"};
  struct Saved {
    FoldShape shape;
  };
  static Tensor forward(Saved& s, const Tensor& x, const FoldShape& shape) {
    s.shape = shape;
    return im2col_values(shape, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct Col2imOf {
  static constexpr OpInfo info{.name = "col2im_geometry",
                               .signature = "(input: Tensor, geometry: object) -> Tensor",
                               .doc = "fold with a checked geometry.",
                               .formula = "y = the columns added where their windows stand",
                               .gradient = "dx = the windows of dy, one a column",
                               .face = Face::internal,
                               .label = "fold"};
  using Saved = Im2colOf::Saved;
  static Tensor forward(Saved& s, const Tensor& x, const FoldShape& shape) {
    s.shape = shape;
    return col2im_values(shape, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<Im2colOf>(dy, s.shape)}; }
};

inline Grads<1> Im2colOf::backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<Col2imOf>(dy, s.shape)}; }

struct Im2col {
  static constexpr OpInfo info{
      .name = "im2col",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, dilation: int | tuple = 1, padding: int | tuple = 0, "
          "stride: int | tuple = 1) -> Tensor",
      .doc = "The windows of images as columns, with or without a batch dim.",
      .shapes = "[N, C, H, W] -> [N, C kh kw, places]",
      .example = "tg.nn.functional.unfold(tg.tensor([[[1.0, 2.0], [3.0, 4.0]]]), (1, 2))",
      .aliases = "nn.functional.unfold",
      .face = Face::internal};
  static Tensor forward(const Tensor& x, const Ints& kernel_size, const Ints& dilation, const Ints& padding, const Ints& stride);
};

struct Col2im {
  static constexpr OpInfo info{
      .name = "col2im",
      .signature =
          "(input: Tensor, output_size: int | tuple, kernel_size: int | tuple, dilation: int | tuple = 1, "
          "padding: int | tuple = 0, stride: int | tuple = 1) -> Tensor",
      .doc = "Columns put back as windows of images, summed where they overlap.",
      .shapes = "[N, C kh kw, places] -> [N, C, H, W]",
      .example = "tg.nn.functional.fold(tg.tensor([[1.0, 3.0], [2.0, 4.0]]), (2, 2), (1, 2))",
      .aliases = "nn.functional.fold",
      .face = Face::internal};
  static Tensor forward(const Tensor& x, const Ints& output_size, const Ints& kernel_size, const Ints& dilation,
                        const Ints& padding, const Ints& stride);
};

struct PixelUnshuffle;

struct PixelShuffle {
  static constexpr OpInfo info{.name = "pixel_shuffle",
                               .signature = "(input: Tensor, upscale_factor: int) -> Tensor",
                               .doc = "Channels spread over r x r places, for upscale_factor r.",
                               .formula = "y[c, h r + i, w r + j] = x[(c r + i) r + j, h, w]",
                               .gradient = "dx = pixel_unshuffle(dy)",
                               .shapes = "[*, C r r, H, W] -> [*, C, H r, W r]",
                               .example = "tg.pixel_shuffle(tg.tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)",
                               .face = Face::function | Face::functional};
  struct Saved {
    int64_t factor;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t upscale_factor);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct PixelUnshuffle {
  static constexpr OpInfo info{.name = "pixel_unshuffle",
                               .signature = "(input: Tensor, downscale_factor: int) -> Tensor",
                               .doc = "r x r places gathered into channels, for downscale_factor r; undoes pixel_shuffle.",
                               .formula = "y[(c r + i) r + j, h, w] = x[c, h r + i, w r + j]",
                               .gradient = "dx = pixel_shuffle(dy)",
                               .shapes = "[*, C, H r, W r] -> [*, C r r, H, W]",
                               .example = "tg.pixel_unshuffle(tg.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2)",
                               .face = Face::function | Face::functional};
  using Saved = PixelShuffle::Saved;
  static Tensor forward(Saved& s, const Tensor& x, int64_t downscale_factor);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<PixelShuffle>(dy, s.factor)}; }
};

inline Grads<1> PixelShuffle::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<PixelUnshuffle>(dy, s.factor)};
}

struct ChannelShuffle {
  static constexpr OpInfo info{.name = "channel_shuffle",
                               .signature = "(input: Tensor, groups: int) -> Tensor",
                               .doc = "The channels of [N, C, ...], seen as groups of C/groups, in transposed order.",
                               .formula = "y[n, c groups + g] = x[n, g C/groups + c]",
                               .gradient = "dx = channel_shuffle(dy, C/groups)",
                               .example = "tg.channel_shuffle(tg.arange(4).reshape(1, 4, 1), 2)",
                               .aliases = "native_channel_shuffle",
                               .face = Face::function | Face::functional};
  struct Saved {
    int64_t back;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t groups);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<ChannelShuffle>(dy, s.back)}; }
};

using Folds = OpList<Im2col, Col2im, PixelShuffle, PixelUnshuffle, ChannelShuffle>;
using FoldsInternal = OpList<Im2colOf, Col2imOf>;

}  // namespace tg::ops
