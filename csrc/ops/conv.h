// Convolution (cross-correlation, as in every deep-learning library) of signals and images, and its transpose.
// Each of the three operations below is the gradient of the other two, so that one rule serves every order.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/window.h"

namespace tg::ops {

// x [N, C, H, W], weight [O, C/groups, kh, kw], y [N, O, out_h, out_w]; without N or H where the user gave none.
struct ConvShape {
  int dims = 2;
  bool batched = true;
  int64_t n = 0, channels = 0, height = 0, width = 0, outputs = 0, groups = 1;
  kernels::Window2d window{};  // of one group's channels

  Shape input() const { return shape(channels, height, width); }
  Shape weight() const;
  Shape output() const { return shape(outputs, window.out_h, window.out_w); }
  int64_t work() const {  // multiply-adds
    return n * outputs * window.out_h * window.out_w * (channels / groups) * window.kernel_h * window.kernel_w;
  }
  Ints all_but_channels() const;

 private:
  Shape shape(int64_t c, int64_t h, int64_t w) const;
};

// Values only (conv.cpp).
Tensor conv_forward(const ConvShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias);
Tensor conv_transposed(const ConvShape& s, const Tensor& y, const Tensor& weight, const Tensor& bias);
Tensor conv_weight_grad(const ConvShape& s, const Tensor& dy, const Tensor& x);

// They record.
Tensor convolve(const ConvShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias = {});
Tensor convolve_transposed(const ConvShape& s, const Tensor& y, const Tensor& weight, const Tensor& bias = {});

struct ConvWeightGrad {
  static constexpr OpInfo info{.name = "conv_weight_grad",
                               .signature = "(grad: Tensor, input: Tensor, geometry: object) -> Tensor",
                               .doc = "The gradient of a convolution for its weight.",
                               .formula = "dw = dy against the windows of x",
                               .gradient = "for a gradient g: d(dy) = conv(x, g), dx = conv_transposed(dy, g)",
                               .face = Face::internal};
  struct Saved {
    SavedInput dy, x;
    ConvShape shape;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& x, const ConvShape& shape) {
    s.dy = dy;
    s.x = x;
    s.shape = shape;
    return conv_weight_grad(shape, dy, x);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& g) {
    return {needs[0] ? convolve(s.shape, s.x.unpack(), g) : Tensor(),
            needs[1] ? convolve_transposed(s.shape, s.dy.unpack(), g) : Tensor()};
  }
};

template <int kDims>
struct Conv {
  static constexpr OpInfo info{.name = kDims == 1 ? "conv1d_geometry" : "conv2d_geometry",
                               .signature = "(input: Tensor, weight: Tensor, bias: Tensor | None, geometry: object) -> Tensor",
                               .doc = "A convolution of checked operands.",
                               .formula = "y[n, o] = sum_c x[n, c] * w[o, c] + b[o]",
                               .gradient = "dx = conv_transposed(dy, w), dw = weight_grad(dy, x), db = sum dy",
                               .face = Face::internal,
                               .label = kDims == 1 ? "conv1d" : "conv2d"};
  struct Saved {
    SavedInput x, weight;
    ConvShape shape;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvShape& shape) {
    s.x = x;
    s.weight = weight;
    s.shape = shape;
    return conv_forward(shape, x, weight, bias);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {needs[0] ? convolve_transposed(s.shape, dy, s.weight.unpack()) : Tensor(),
            needs[1] ? tape::apply<ConvWeightGrad>(dy, s.x.unpack(), s.shape) : Tensor(),
            needs[2] ? sum(dy, s.shape.all_but_channels()) : Tensor()};
  }
};

template <int kDims>
struct ConvTransposed {
  static constexpr OpInfo info{.name = kDims == 1 ? "conv_transpose1d_geometry" : "conv_transpose2d_geometry",
                               .signature = "(input: Tensor, weight: Tensor, bias: Tensor | None, geometry: object) -> Tensor",
                               .doc = "The transpose of a convolution, which is its gradient for the input.",
                               .formula = "x = the walk of w with y's elements as factors, + b",
                               .gradient = "for a gradient g: dy = conv(g, w), dw = weight_grad(y, g), db = sum g",
                               .face = Face::internal,
                               .label = kDims == 1 ? "conv_transpose1d" : "conv_transpose2d"};
  struct Saved {
    SavedInput y, weight;
    ConvShape shape;
  };
  static Tensor forward(Saved& s, const Tensor& y, const Tensor& weight, const Tensor& bias, const ConvShape& shape) {
    s.y = y;
    s.weight = weight;
    s.shape = shape;
    return conv_transposed(shape, y, weight, bias);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& g) {
    return {needs[0] ? convolve(s.shape, g, s.weight.unpack()) : Tensor(),
            needs[1] ? tape::apply<ConvWeightGrad>(s.y.unpack(), g, s.shape) : Tensor(),
            needs[2] ? sum(g, s.shape.all_but_channels()) : Tensor()};
  }
};

// What users call: arguments checked and turned into a ConvShape (conv.cpp).
Tensor conv(const char* op, int dims, const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride,
            const Padding& padding, const Ints& dilation, int64_t groups);
Tensor conv_transpose(const char* op, int dims, const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride,
                      const Ints& padding, const Ints& output_padding, int64_t groups, const Ints& dilation);

template <class Op, int kDims>
struct Convolution {
  static Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride, const Padding& padding,
                        const Ints& dilation, int64_t groups) {
    return conv(Op::info.name, kDims, x, weight, bias, stride, padding, dilation, groups);
  }
};

template <class Op, int kDims>
struct TransposedConvolution {
  static Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride, const Ints& padding,
                        const Ints& output_padding, int64_t groups, const Ints& dilation) {
    return conv_transpose(Op::info.name, kDims, x, weight, bias, stride, padding, output_padding, groups, dilation);
  }
};

struct Conv1d : Convolution<Conv1d, 1> {
  static constexpr OpInfo info{
      .name = "conv1d",
      .signature =
          "(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, "
          "padding: int | tuple | str = 0, dilation: int | tuple = 1, groups: int = 1) -> Tensor",
      .doc = "Cross-correlation of signals, with or without a batch dim; padding may be 'same' or 'valid'.",
      .shapes = "[N, C, L], [O, C/groups, k] -> [N, O, L']",
      .example = "tg.conv1d(tg.tensor([[1.0, 2.0, 3.0, 4.0]]), tg.tensor([[[1.0, -1.0]]]))",
      .face = Face::function | Face::functional};
};

struct Conv2d : Convolution<Conv2d, 2> {
  static constexpr OpInfo info{
      .name = "conv2d",
      .signature =
          "(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, "
          "padding: int | tuple | str = 0, dilation: int | tuple = 1, groups: int = 1) -> Tensor",
      .doc = "Cross-correlation of images, with or without a batch dim; padding may be 'same' or 'valid'.",
      .shapes = "[N, C, H, W], [O, C/groups, kh, kw] -> [N, O, H', W']",
      .example = "tg.conv2d(tg.tensor([[[1.0, 2.0], [3.0, 4.0]]]), tg.tensor([[[[1.0, 0.0], [0.0, 1.0]]]]))",
      .face = Face::function | Face::functional};
};

struct ConvTranspose1d : TransposedConvolution<ConvTranspose1d, 1> {
  static constexpr OpInfo info{
      .name = "conv_transpose1d",
      .signature =
          "(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, padding: int | tuple = 0, "
          "output_padding: int | tuple = 0, groups: int = 1, dilation: int | tuple = 1) -> Tensor",
      .doc = "The transpose of conv1d: what it does to a gradient.",
      .shapes = "[N, C, L], [C, O/groups, k] -> [N, O, L']",
      .example = "tg.conv_transpose1d(tg.tensor([[1.0, 2.0]]), tg.tensor([[[1.0, -1.0]]]), stride=2)",
      .face = Face::function | Face::functional};
};

struct ConvTranspose2d : TransposedConvolution<ConvTranspose2d, 2> {
  static constexpr OpInfo info{
      .name = "conv_transpose2d",
      .signature =
          "(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, padding: int | tuple = 0, "
          "output_padding: int | tuple = 0, groups: int = 1, dilation: int | tuple = 1) -> Tensor",
      .doc = "The transpose of conv2d: what it does to a gradient.",
      .shapes = "[N, C, H, W], [C, O/groups, kh, kw] -> [N, O, H', W']",
      .example = "tg.conv_transpose2d(tg.tensor([[[1.0, 2.0]]]), tg.tensor([[[[1.0, -1.0]]]]), stride=2)",
      .face = Face::function | Face::functional};
};

using Convolutions = OpList<Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d>;
using ConvolutionsInternal = OpList<Conv<1>, Conv<2>, ConvTransposed<1>, ConvTransposed<2>, ConvWeightGrad>;

}  // namespace tg::ops
