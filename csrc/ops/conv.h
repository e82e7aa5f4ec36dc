// Two-dimensional convolution (cross-correlation, as in every deep-learning library) by im2col and matmul.
// Its two gradients are operations of their own, each again differentiable by the other two.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/window.h"

namespace tg::ops {

// x [N, C, H, W], weight [O, C/groups, kh, kw], y [N, O, out_h, out_w]
struct ConvShape {
  int64_t n, channels, height, width, outputs, groups;
  kernels::Window2d window;  // of one group's channels

  ConvShape() = default;
  ConvShape(const char* op, Span x, Span weight, const Ints& stride, const Ints& padding, const Ints& dilation, int64_t groups);
  Shape input() const { return {n, channels, height, width}; }
  Shape weight() const { return {outputs, channels / groups, window.kernel_h, window.kernel_w}; }
  Shape output() const { return {n, outputs, window.out_h, window.out_w}; }
  int64_t work() const {
    return n * outputs * window.out_h * window.out_w * (channels / groups) * window.kernel_h * window.kernel_w;
  }
};

// Values only (conv.cpp).
Tensor conv_forward(const ConvShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias);
Tensor conv_input_grad(const ConvShape& s, const Tensor& dy, const Tensor& weight);
Tensor conv_weight_grad(const ConvShape& s, const Tensor& dy, const Tensor& x);

Tensor conv_plain(const ConvShape& s, const Tensor& x, const Tensor& weight);  // records; no bias

struct ConvInputGrad {
  static constexpr OpInfo info{.name = "conv2d_input_grad",
                               .signature = "(grad: Tensor, weight: Tensor, geometry: object) -> Tensor",
                               .doc = "The gradient of conv2d for its input.",
                               .formula = "dx = the transposed walk of dy over w",
                               .gradient = "for a gradient g: d(dy) = conv(g, w), dw = weight_grad(dy, g)",
                               .face = Face::internal};
  struct Saved {
    SavedInput dy, weight;
    ConvShape shape;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& weight, const ConvShape& shape) {
    s.dy = dy;
    s.weight = weight;
    s.shape = shape;
    return conv_input_grad(shape, dy, weight);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& g);
};

struct ConvWeightGrad {
  static constexpr OpInfo info{.name = "conv2d_weight_grad",
                               .signature = "(grad: Tensor, input: Tensor, geometry: object) -> Tensor",
                               .doc = "The gradient of conv2d for its weight.",
                               .formula = "dw = dy against the windows of x",
                               .gradient = "for a gradient g: d(dy) = conv(x, g), dx = input_grad(dy, g)",
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
    return {needs[0] ? conv_plain(s.shape, s.x.unpack(), g) : Tensor(),
            needs[1] ? tape::apply<ConvInputGrad>(s.dy.unpack(), g, s.shape) : Tensor()};
  }
};

inline Grads<2> ConvInputGrad::backward(const Saved& s, Needs needs, const Tensor& g) {
  return {needs[0] ? conv_plain(s.shape, g, s.weight.unpack()) : Tensor(),
          needs[1] ? tape::apply<ConvWeightGrad>(s.dy.unpack(), g, s.shape) : Tensor()};
}

struct Conv {
  static constexpr OpInfo info{.name = "conv2d_geometry",
                               .signature = "(input: Tensor, weight: Tensor, bias: Tensor | None, geometry: object) -> Tensor",
                               .doc = "conv2d on checked, batched operands.",
                               .formula = "y[n, o] = sum_c x[n, c] * w[o, c] + b[o]",
                               .gradient = "dx = input_grad(dy, w), dw = weight_grad(dy, x), db = sum dy",
                               .face = Face::internal,
                               .label = "conv2d"};
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
    return {needs[0] ? tape::apply<ConvInputGrad>(dy, s.weight.unpack(), s.shape) : Tensor(),
            needs[1] ? tape::apply<ConvWeightGrad>(dy, s.x.unpack(), s.shape) : Tensor(),
            needs[2] ? sum(dy, {0, 2, 3}) : Tensor()};
  }
};

inline Tensor conv_plain(const ConvShape& s, const Tensor& x, const Tensor& weight) {
  return tape::apply<Conv>(x, weight, Tensor(), s);
}

struct Conv2d {
  static constexpr OpInfo info{
      .name = "conv2d",
      .signature =
          "(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int | tuple = 1, "
          "padding: int | tuple | str = 0, dilation: int | tuple = 1, groups: int = 1) -> Tensor",
      .doc =
          "Cross-correlation: input [N, C, H, W] or [C, H, W], weight [O, C/groups, kh, kw]; padding may be 'same' or 'valid'.",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride, const Padding& padding,
                        const Ints& dilation, int64_t groups);
};

using Convolutions = OpList<Conv2d>;
using ConvolutionsInternal = OpList<Conv, ConvInputGrad, ConvWeightGrad>;

}  // namespace tg::ops
