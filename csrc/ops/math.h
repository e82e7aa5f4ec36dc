// Elementary functions and activations, elementwise; integers become float32.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Exp {
  static constexpr OpInfo info{.name = "exp",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "e to the power of each element.",
                               .formula = "y = e^x",
                               .gradient = "dx = dy y",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.exp, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy * s.y.unpack()}; }
};

struct Log {
  static constexpr OpInfo info{.name = "log",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The natural logarithm.",
                               .formula = "y = log x",
                               .gradient = "dx = dy / x",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.log, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy / s.x.unpack()}; }
};

struct Sqrt {
  static constexpr OpInfo info{.name = "sqrt",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The square root.",
                               .formula = "y = sqrt x",
                               .gradient = "dx = dy / (2 y)",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.sqrt, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy / (s.y.unpack() * 2.0)}; }
};

struct Sin {
  static constexpr OpInfo info{.name = "sin",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The sine of an angle in radians.",
                               .formula = "y = sin x",
                               .gradient = "dx = dy cos x",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.sin, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy * cos(s.x.unpack())}; }
};

struct Cos {
  static constexpr OpInfo info{.name = "cos",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The cosine of an angle in radians.",
                               .formula = "y = cos x",
                               .gradient = "dx = -dy sin x",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.cos, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {-(dy * sin(s.x.unpack()))}; }
};

struct Tanh {
  static constexpr OpInfo info{.name = "tanh",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The hyperbolic tangent.",
                               .formula = "y = tanh x",
                               .gradient = "dx = dy (1 - y^2)",
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

struct Relu {
  static constexpr OpInfo info{.name = "relu",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "max(input, 0); its gradient at zero is zero.",
                               .formula = "y = max(x, 0)",
                               .gradient = "dx = dy where y > 0",
                               .face = Face::everywhere,
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    if (x.dtype() == DType::bool_) fail<RuntimeError>("relu(): not defined for bool tensors");
    return s.y.keep(unary(info.name, table().elementwise.relu, x));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {relu_grad(dy, s.y.unpack())}; }
};

struct ReluGrad {
  static constexpr OpInfo info{.name = "relu_grad",
                               .signature = "(grad: Tensor, output: Tensor) -> Tensor",
                               .doc = "The gradient of relu from its output.",
                               .formula = "dx = dy where y > 0",
                               .gradient = "d(dy) = g where y > 0",
                               .face = Face::internal};
  struct Saved {
    SavedInput y;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& y) {
    s.y = y;
    return binary(info.name, table().elementwise.relu_grad, dy, y);
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& g) { return {relu_grad(g, s.y.unpack()), Tensor()}; }
};

using Math = OpList<Exp, Log, Sqrt, Sin, Cos, Tanh, TanhGrad, Sigmoid, SigmoidGrad, Relu, ReluGrad>;

}  // namespace tg::ops
