// Activations of more than one input, and the steps: prelu, glu, rrelu, step.
#pragma once
#include "ops/activation.h"

namespace tg::ops {

// dx = dy s, dx_gate = dy a s (1 - s)
struct Glu {
  static constexpr OpInfo info{.name = "glu",
                               .signature = "(input: Tensor, dim: int = -1) -> Tensor",
                               .doc = "The first half of input along dim times the sigmoid of the second half.",
                               .formula = "y = a s, x = [a, b], s = 1 / (1 + e^-b)",
                               .gradient = "da = dy s, db = dy a s (1 - s)",
                               .shapes = "[..., 2 n, ...] -> [..., n, ...]",
                               .example = "tg.nn.functional.glu(tg.tensor([1.0, 2.0, 0.0, 1.0]))",
                               .face = Face::functional};
  struct Saved {
    SavedInput x;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct Prelu {
  static constexpr OpInfo info{.name = "prelu",
                               .signature = "(input: Tensor, weight: Tensor) -> Tensor",
                               .doc = "leaky_relu with a learned slope: weight is one number, or one for each of dim 1.",
                               .formula = "y = x where x > 0, else w x",
                               .gradient = "dx = dy where x > 0, else w dy; dw = sum of dy x where x <= 0",
                               .shapes = "[N, C, ...], [1] or [C] -> [N, C, ...]",
                               .example = "tg.prelu(tg.tensor([-2.0, 3.0]), tg.tensor([0.25]))",
                               .face = Face::everywhere};
  struct Saved {
    SavedInput x, weight;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& weight);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy);
};

struct Rrelu {
  static constexpr OpInfo info{
      .name = "rrelu",
      .signature =
          "(input: Tensor, lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = False, "
          "inplace: bool = False) -> Tensor",
      .doc = "leaky_relu with a slope drawn from [lower, upper) for each element in training, and their mean outside it.",
      .example = "tg.rrelu(tg.tensor([-1.0, 2.0]))",
      .face = Face::function | Face::functional,
      .inplace = true};
  static Tensor forward(const Tensor& x, double lower, double upper, bool training, Inplace);
};

struct Step {
  static constexpr OpInfo info{
      .name = "step",
      .signature = "(input: Tensor) -> Tensor",
      .doc =
          "A perceptron's threshold: 1 where input > 0, else 0, so 0 at zero, which is heaviside(input, 0); its gradient is "
          "zero.",
      .formula = "y = 1 where x > 0, else 0",
      .gradient = "dx = 0",
      .example = "tg.nn.functional.step(tg.tensor([-1.0, 0.0, 2.0]))",
      .face = Face::functional};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) { return cast(gt(x, number(0)), x.dtype()); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy * 0.0}; }
};

using Gates = OpList<Glu, Prelu, Rrelu, Step>;

}  // namespace tg::ops
