// Elementary functions and activations, elementwise; integers become float32.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// y = e^x;  dx = dy y
struct Exp {
  static constexpr OpInfo info{"exp", "(input: Tensor) -> Tensor", "e to the power of each element.", Face::both, true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.exp, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy * s.y.unpack()}; }
};

// y = log x;  dx = dy / x
struct Log {
  static constexpr OpInfo info{"log", "(input: Tensor) -> Tensor", "The natural logarithm.", Face::both, true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.log, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy / s.x.unpack()}; }
};

// y = sqrt x;  dx = dy / (2 y)
struct Sqrt {
  static constexpr OpInfo info{"sqrt", "(input: Tensor) -> Tensor", "The square root.", Face::both, true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.sqrt, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy / (s.y.unpack() * 2.0)}; }
};

// y = sin x;  dx = dy cos x
struct Sin {
  static constexpr OpInfo info{"sin", "(input: Tensor) -> Tensor", "The sine of an angle in radians.", Face::both, true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.sin, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy * cos(s.x.unpack())}; }
};

// y = cos x;  dx = -dy sin x
struct Cos {
  static constexpr OpInfo info{"cos", "(input: Tensor) -> Tensor", "The cosine of an angle in radians.", Face::both, true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.cos, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {-(dy * sin(s.x.unpack()))}; }
};

// y = tanh x;  dx = dy (1 - y^2)
struct Tanh {
  static constexpr OpInfo info{"tanh", "(input: Tensor) -> Tensor", "The hyperbolic tangent.", Face::both, true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.tanh, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tanh_grad(dy, s.y.unpack())}; }
};

// dx = dy (1 - y^2);  d(dy) = g (1 - y^2), dy_ = -2 g dy y
struct TanhGrad {
  static constexpr OpInfo info{"tanh_grad", "(grad: Tensor, output: Tensor) -> Tensor", "The gradient of tanh from its output.",
                               Face::internal};
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

// y = 1 / (1 + e^-x);  dx = dy y (1 - y)
struct Sigmoid {
  static constexpr OpInfo info{"sigmoid", "(input: Tensor) -> Tensor", "1 / (1 + exp(-input)).", Face::both, true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.sigmoid, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {sigmoid_grad(dy, s.y.unpack())}; }
};

// dx = dy y (1 - y);  d(dy) = g y (1 - y), d(y) = g dy (1 - 2 y)
struct SigmoidGrad {
  static constexpr OpInfo info{"sigmoid_grad", "(grad: Tensor, output: Tensor) -> Tensor",
                               "The gradient of sigmoid from its output.", Face::internal};
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

// y = max(x, 0);  dx = dy where y > 0
struct Relu {
  static constexpr OpInfo info{"relu", "(input: Tensor) -> Tensor", "max(input, 0); its gradient at zero is zero.", Face::both,
                               true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    if (x.dtype() == DType::bool_) fail<RuntimeError>("relu(): not defined for bool tensors");
    return s.y.keep(unary(info.name, table().elementwise.relu, x));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {relu_grad(dy, s.y.unpack())}; }
};

// dx = dy where y > 0;  d(dy) = g where y > 0
struct ReluGrad {
  static constexpr OpInfo info{"relu_grad", "(grad: Tensor, output: Tensor) -> Tensor", "The gradient of relu from its output.",
                               Face::internal};
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
