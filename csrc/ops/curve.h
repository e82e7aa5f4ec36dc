// What activations share: a curve of the kernel table with its parameters, and the node of one.
// Knows no particular activation.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// y = f(x) elementwise, f from the kernel table. `second` is f'' in recorded operations; null where f' is piecewise constant.
struct Curve {
  const kernels::Curve* kernel = nullptr;
  double p[3] = {};
  Tensor (*second)(const Tensor& x, const double* p) = nullptr;
};

Tensor curve_values(const char* op, const Curve& curve, const Tensor& x);
Tensor curve_grad(const Tensor& dy, const Tensor& x, const Curve& curve);  // recorded

struct CurveGrad {
  static constexpr OpInfo info{.name = "curve_grad",
                               .signature = "(grad: Tensor, input: Tensor, curve: object) -> Tensor",
                               .doc = "The gradient of an activation from its input.",
                               .formula = "dx = dy f'(x)",
                               .gradient = "d(dy) = g f'(x), dx_ = g dy f''(x)",
                               .face = Face::internal};
  struct Saved {
    SavedInput dy, x;
    Curve curve;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& x, const Curve& curve);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& g);
};

// An activation inherits what does not depend on the curve.
struct CurveNode {
  struct Saved {
    SavedInput x;
    Curve curve;
  };
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {curve_grad(dy, s.x.unpack(), s.curve)}; }

 protected:
  static Tensor run(const char* op, Saved& s, const Tensor& x, const Curve& curve) {
    s.x = x;
    s.curve = curve;
    return curve_values(op, curve, x);
  }
};

using ActivationsInternal = OpList<CurveGrad>;

}  // namespace tg::ops
