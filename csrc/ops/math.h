// Tanh and sigmoid, elementwise, with their gradients.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Tanh {
  static constexpr OpInfo info{.name = "tanh",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The hyperbolic tangent.",
                               .formula = "y = tanh x",
                               .gradient = "dx = dy (1 - y^2)",
                               .example = "tg.tanh(tg.tensor([-1.0, 0.0, 1.0]))",
                               .face = Face::everywhere,
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.tanh, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tanh_grad(dy, s.y.unpack())}; }
};

struct TanhGrad {
  static constexpr OpInfo info{.name = "tanh_grad",
                               .signature = "(grad: Tensor, output: Tensor) -> Tensor",
                               .doc = "The gradient of tanh from its output.",
                               .formula = "dx = dy (1 - y^2)",
                               .gradient = "d(dy) = g (1 - y^2), dy_ = -2 g dy y",
                               .face = Face::internal};
  struct Saved {
    SavedInput dy, y;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& y) {
    s.dy = dy;
    s.y = y;
    return binary(info.name, table().elementwise.tanh_grad, dy, y);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& g) {
    const Tensor& y = s.y.unpack();
    return {tanh_grad(g, y), needs[1] ? g * s.dy.unpack() * y * -2.0 : Tensor()};
  }
};

struct Sigmoid {
  static constexpr OpInfo info{.name = "sigmoid",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "1 / (1 + exp(-input)).",
                               .formula = "y = 1 / (1 + e^-x)",
                               .gradient = "dx = dy y (1 - y)",
                               .example = "tg.sigmoid(tg.tensor([-1.0, 0.0, 1.0]))",
                               .aliases = "special.expit",
                               .face = Face::everywhere,
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.sigmoid, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {sigmoid_grad(dy, s.y.unpack())}; }
};

struct SigmoidGrad {
  static constexpr OpInfo info{.name = "sigmoid_grad",
                               .signature = "(grad: Tensor, output: Tensor) -> Tensor",
                               .doc = "The gradient of sigmoid from its output.",
                               .formula = "dx = dy y (1 - y)",
                               .gradient = "d(dy) = g y (1 - y), d(y) = g dy (1 - 2 y)",
                               .face = Face::internal};
  struct Saved {
    SavedInput dy, y;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& y) {
    s.dy = dy;
    s.y = y;
    return binary(info.name, table().elementwise.sigmoid_grad, dy, y);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& g) {
    const Tensor& y = s.y.unpack();
    return {sigmoid_grad(g, y), needs[1] ? g * s.dy.unpack() * (1.0 - y * 2.0) : Tensor()};
  }
};

using Math = OpList<Tanh, TanhGrad, Sigmoid, SigmoidGrad>;

}  // namespace tg::ops
