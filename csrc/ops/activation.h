// Activations of one curve each: y = f(x) elementwise. At kinks the gradients are PyTorch's choices.
#pragma once
#include "ops/curve.h"

namespace tg::ops {

struct Relu {
  static constexpr OpInfo info{.name = "relu",
                               .signature = "(input: Tensor, inplace: bool = False) -> Tensor",
                               .doc = "max(input, 0); its gradient at zero is zero.",
                               .formula = "y = max(x, 0)",
                               .gradient = "dx = dy where y > 0",
                               .example = "tg.relu(tg.tensor([-1.0, 0.0, 2.0]))",
                               .face = Face::everywhere,
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x, Inplace) {
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

struct LeakyRelu : CurveNode {
  static constexpr OpInfo info{.name = "leaky_relu",
                               .signature = "(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor",
                               .doc =
                                   "input where it is positive, else negative_slope times it; the gradient at zero is "
                                   "negative_slope.",
                               .formula = "y = x where x > 0, else a x",
                               .gradient = "dx = dy where x > 0, else a dy",
                               .example = "tg.nn.functional.leaky_relu(tg.tensor([-1.0, 2.0]), 0.1)",
                               .face = Face::functional,
                               .inplace = true};
  static Tensor forward(Saved& s, const Tensor& x, double slope, Inplace) {
    return run(info.name, s, x, {&table().activation.leaky_relu, {slope}});
  }
};

struct Elu : CurveNode {
  static constexpr OpInfo info{.name = "elu",
                               .signature = "(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor",
                               .doc = "input where it is positive, else alpha (exp(input) - 1); the gradient at zero is alpha.",
                               .formula = "y = x where x > 0, else a (e^x - 1)",
                               .gradient = "dx = dy where x > 0, else dy a e^x",
                               .example = "tg.nn.functional.elu(tg.tensor([-1.0, 2.0]))",
                               .face = Face::functional,
                               .inplace = true};
  static Tensor forward(Saved& s, const Tensor& x, double alpha, Inplace) { return run(info.name, s, x, curve(alpha, 1, 1)); }
  // scale x where x > 0, else scale alpha (e^(input_scale x) - 1)
  static Curve curve(double alpha, double scale, double input_scale);
};

struct Selu : CurveNode {
  static constexpr OpInfo info{.name = "selu",
                               .signature = "(input: Tensor, inplace: bool = False) -> Tensor",
                               .doc = "elu scaled so that activations keep mean 0 and variance 1 (Klambauer et al., 2017).",
                               .formula = "y = 1.0507 x where x > 0, else 1.0507 * 1.6733 (e^x - 1)",
                               .gradient = "dx = 1.0507 dy where x > 0, else 1.0507 * 1.6733 dy e^x",
                               .example = "tg.selu(tg.tensor([-1.0, 2.0]))",
                               .face = Face::function | Face::functional,
                               .inplace = true};
  static Tensor forward(Saved& s, const Tensor& x, Inplace) {
    return run(info.name, s, x, Elu::curve(1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1));
  }
};

struct Celu : CurveNode {
  static constexpr OpInfo info{.name = "celu",
                               .signature = "(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor",
                               .doc = "elu whose slope is continuous whatever alpha is (Barron, 2017).",
                               .formula = "y = x where x > 0, else a (e^(x / a) - 1)",
                               .gradient = "dx = dy where x > 0, else dy e^(x / a)",
                               .example = "tg.celu(tg.tensor([-1.0, 2.0]), alpha=0.5)",
                               .face = Face::function | Face::functional,
                               .inplace = true};
  static Tensor forward(Saved& s, const Tensor& x, double alpha, Inplace) {
    if (alpha == 0) fail<RuntimeError>("celu(): alpha must not be 0");
    return run(info.name, s, x, Elu::curve(alpha, 1, 1 / alpha));
  }
};

struct Gelu : CurveNode {
  static constexpr OpInfo info{.name = "gelu",
                               .signature = "(input: Tensor, approximate: str = 'none') -> Tensor",
                               .doc =
                                   "input times the normal distribution's probability of being below it; approximate='tanh' "
                                   "is Hendrycks and Gimpel's formula (2016).",
                               .formula =
                                   "y = x P(x), P(x) = (1 + erf(x / sqrt 2)) / 2; or x (1 + tanh(sqrt(2/pi) (x + "
                                   "0.044715 x^3))) / 2",
                               .gradient = "dx = dy (P(x) + x P'(x))",
                               .example = "tg.nn.functional.gelu(tg.tensor([-1.0, 0.0, 2.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, std::string_view approximate);
};

struct Silu : CurveNode {
  static constexpr OpInfo info{.name = "silu",
                               .signature = "(input: Tensor, inplace: bool = False) -> Tensor",
                               .doc = "input times its sigmoid, also called swish.",
                               .formula = "y = x s, s = 1 / (1 + e^-x)",
                               .gradient = "dx = dy s (1 + x (1 - s))",
                               .example = "tg.nn.functional.silu(tg.tensor([-1.0, 0.0, 2.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, Inplace);
};

struct Mish : CurveNode {
  static constexpr OpInfo info{.name = "mish",
                               .signature = "(input: Tensor, inplace: bool = False) -> Tensor",
                               .doc = "input times tanh(softplus(input)) (Misra, 2019).",
                               .formula = "y = x tanh(log(1 + e^x))",
                               .gradient = "dx = dy (t + x (1 - t^2) / (1 + e^-x)), t = tanh(log(1 + e^x))",
                               .example = "tg.nn.functional.mish(tg.tensor([-1.0, 0.0, 2.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, Inplace);
};

struct Softplus : CurveNode {
  static constexpr OpInfo info{.name = "softplus",
                               .signature = "(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor",
                               .doc = "A smooth relu; input itself where beta * input is above threshold.",
                               .formula = "y = log(1 + e^(b x)) / b",
                               .gradient = "dx = dy / (1 + e^(-b x))",
                               .example = "tg.nn.functional.softplus(tg.tensor([-1.0, 0.0, 2.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, double beta, double threshold);
};

struct LogSigmoid : CurveNode {
  static constexpr OpInfo info{.name = "logsigmoid",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The logarithm of the sigmoid, without underflow.",
                               .formula = "y = -log(1 + e^-x)",
                               .gradient = "dx = dy / (1 + e^x)",
                               .example = "tg.nn.functional.logsigmoid(tg.tensor([-100.0, 0.0, 2.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x);
};

struct Hardtanh : CurveNode {
  static constexpr OpInfo info{
      .name = "hardtanh",
      .signature = "(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor",
      .doc = "input moved into [min_val, max_val]; the gradient at both ends is zero.",
      .formula = "y = min(max(x, low), high)",
      .gradient = "dx = dy where low < x < high",
      .example = "tg.nn.functional.hardtanh(tg.tensor([-3.0, 0.5, 3.0]))",
      .face = Face::functional,
      .inplace = true};
  static Tensor forward(Saved& s, const Tensor& x, double low, double high, Inplace) { return run(info.name, s, x, low, high); }
  static Tensor run(const char* op, Saved& s, const Tensor& x, double low, double high);
};

struct Relu6 : CurveNode {
  static constexpr OpInfo info{.name = "relu6",
                               .signature = "(input: Tensor, inplace: bool = False) -> Tensor",
                               .doc = "relu cut off at 6; the gradient at 0 and at 6 is zero.",
                               .formula = "y = min(max(x, 0), 6)",
                               .gradient = "dx = dy where 0 < x < 6",
                               .example = "tg.nn.functional.relu6(tg.tensor([-1.0, 2.0, 8.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, Inplace) { return Hardtanh::run(info.name, s, x, 0, 6); }
};

struct Hardswish : CurveNode {
  static constexpr OpInfo info{.name = "hardswish",
                               .signature = "(input: Tensor, inplace: bool = False) -> Tensor",
                               .doc = "input * relu6(input + 3) / 6; the gradient is 0 at -3 and 1 at 3.",
                               .formula = "y = x min(max(x + 3, 0), 6) / 6",
                               .gradient = "dx = dy (x / 3 + 1/2) where -3 < x < 3, dy above",
                               .example = "tg.nn.functional.hardswish(tg.tensor([-4.0, 1.0, 4.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, Inplace);
};

struct Hardsigmoid : CurveNode {
  static constexpr OpInfo info{.name = "hardsigmoid",
                               .signature = "(input: Tensor, inplace: bool = False) -> Tensor",
                               .doc = "relu6(input + 3) / 6; the gradient at -3 and 3 is zero.",
                               .formula = "y = min(max(x + 3, 0), 6) / 6",
                               .gradient = "dx = dy / 6 where -3 < x < 3",
                               .example = "tg.nn.functional.hardsigmoid(tg.tensor([-4.0, 1.0, 4.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, Inplace) { return run(info.name, s, x, {&table().activation.hardsigmoid}); }
};

struct Softsign : CurveNode {
  static constexpr OpInfo info{.name = "softsign",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "input / (1 + |input|).",
                               .formula = "y = x / (1 + |x|)",
                               .gradient = "dx = dy / (1 + |x|)^2",
                               .example = "tg.nn.functional.softsign(tg.tensor([-1.0, 0.0, 3.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x);
};

struct Tanhshrink : CurveNode {
  static constexpr OpInfo info{.name = "tanhshrink",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "input - tanh(input), exact near zero too.",
                               .formula = "y = x - tanh x",
                               .gradient = "dx = dy tanh^2 x",
                               .example = "tg.nn.functional.tanhshrink(tg.tensor([-1.0, 0.0, 3.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x);
};

struct Softshrink : CurveNode {
  static constexpr OpInfo info{.name = "softshrink",
                               .signature = "(input: Tensor, lambd: float = 0.5) -> Tensor",
                               .doc = "input moved towards zero by lambd >= 0; the gradient is zero where the result is.",
                               .formula = "y = x - l where x > l, x + l where x < -l, else 0",
                               .gradient = "dx = dy where |x| > l",
                               .example = "tg.nn.functional.softshrink(tg.tensor([-1.0, 0.25, 3.0]))",
                               .face = Face::functional};
  static Tensor forward(Saved& s, const Tensor& x, double lambd) {
    if (!(lambd >= 0)) fail<RuntimeError>("softshrink(): lambd must be at least 0, got ", lambd);
    return run(info.name, s, x, {&table().activation.softshrink, {lambd}});
  }
};

struct Hardshrink : CurveNode {
  static constexpr OpInfo info{.name = "hardshrink",
                               .signature = "(input: Tensor, lambd: float = 0.5) -> Tensor",
                               .doc = "input where it is outside [-lambd, lambd], else zero; the gradient is zero there too.",
                               .formula = "y = x where |x| > l, else 0",
                               .gradient = "dx = dy where |x| > l",
                               .example = "tg.hardshrink(tg.tensor([-1.0, 0.25, 3.0]))",
                               .face = Face::everywhere};
  static Tensor forward(Saved& s, const Tensor& x, double lambd) {
    return run(info.name, s, x, {&table().activation.hardshrink, {lambd}});
  }
};

struct Threshold : CurveNode {
  static constexpr OpInfo info{.name = "threshold",
                               .signature = "(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor",
                               .doc = "input where it is above threshold, else value; the gradient at threshold is zero.",
                               .formula = "y = x where x > t, else v",
                               .gradient = "dx = dy where x > t",
                               .example = "tg.threshold(tg.tensor([-1.0, 0.25, 3.0]), 0.5, -1.0)",
                               .face = Face::function | Face::functional,
                               .inplace = true};
  static Tensor forward(Saved& s, const Tensor& x, double threshold, double value, Inplace);
};

using Activations = OpList<Relu, ReluGrad, LeakyRelu, Elu, Selu, Celu, Gelu, Silu, Mish, Softplus, LogSigmoid, Hardtanh, Relu6,
                           Hardswish, Hardsigmoid, Softsign, Tanhshrink, Softshrink, Hardshrink, Threshold>;

}  // namespace tg::ops
