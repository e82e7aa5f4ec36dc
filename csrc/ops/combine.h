// Elementwise combinations of two and three tensors beyond the four operations.
#pragma once
#include "ops/arithmetic.h"

namespace tg::ops {

struct Lerp {
  static constexpr OpInfo info{.name = "lerp",
                               .signature = "(input: Tensor, end: Tensor, weight: Tensor | Number) -> Tensor",
                               .doc = "input + weight * (end - input).",
                               .formula = "y = a + w (b - a)",
                               .gradient = "da = dy (1 - w), db = dy w, dw = dy (b - a)",
                               .example = "tg.lerp(tg.tensor([0.0, 1.0]), tg.tensor([10.0, 3.0]), 0.5)",
                               .inplace = true};
  struct Saved {
    SavedInput a, b, w;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, const Tensor& w) {
    require_same_dtype(info.name, a, b);
    if (w.ndim()) require_same_dtype(info.name, a, w);
    const DType t = w->weak ? a.dtype() : result_type(a, b, w);
    if (!is_floating(t)) fail<RuntimeError>("lerp(): not defined for dtype ", t);
    s.w = w;
    if (w.requires_grad()) {
      s.a = a;
      s.b = b;
    }
    return ternary(info.name, table().elementwise.lerp, a, b, w, t);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& w = s.w.unpack();
    return {needs[0] ? dy * (w->weak ? number(1 - w.scalar<double>()) : 1.0 - w) : Tensor(), needs[1] ? dy * w : Tensor(),
            needs[2] ? dy * (s.b.unpack() - s.a.unpack()) : Tensor()};
  }
};

struct AddCMul {
  static constexpr OpInfo info{.name = "addcmul",
                               .signature = "(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor",
                               .doc = "input + value * tensor1 * tensor2.",
                               .formula = "y = a + v b c",
                               .gradient = "da = dy, db = v dy c, dc = v dy b",
                               .example = "tg.addcmul(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([3.0]), value=0.5)",
                               .inplace = true};
  struct Saved {
    SavedInput b, c;
    double value = 1;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, const Tensor& c, const Number& value) {
    const DType t = result_type(a, b, c);
    s.b = b;
    s.c = c;
    s.value = value.real;
    return ternary(info.name, table().elementwise.addcmul, a, times(info.name, a, b, value), c, t);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &b = s.b.unpack(), &c = s.c.unpack();
    const Tensor g = needs[1] || needs[2] ? (s.value == 1 ? dy : dy * s.value) : Tensor();
    return {dy, needs[1] ? g * c : Tensor(), needs[2] ? g * b : Tensor()};
  }
};

struct AddCDiv {
  static constexpr OpInfo info{.name = "addcdiv",
                               .signature = "(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor",
                               .doc = "input + value * tensor1 / tensor2.",
                               .formula = "y = a + v b / c",
                               .gradient = "da = dy, db = v dy / c, dc = -v dy b / c^2",
                               .example = "tg.addcdiv(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([4.0]), value=0.5)",
                               .inplace = true};
  struct Saved {
    SavedInput b, c;
    double value = 1;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, const Tensor& c, const Number& value) {
    const DType t = result_type(a, b, c);
    if (!is_floating(b.dtype()) && !is_floating(c.dtype()))
      fail<RuntimeError>("addcdiv(): integer tensors are not divided; convert tensor1 or tensor2 to a float dtype first");
    if (!is_floating(t)) fail<RuntimeError>("addcdiv(): not defined for dtype ", t);
    s.b = b;
    s.c = c;
    s.value = value.real;
    return ternary(info.name, table().elementwise.addcdiv, a, times(info.name, a, b, value), c, t);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &b = s.b.unpack(), &c = s.c.unpack();
    const Tensor g = needs[1] || needs[2] ? (s.value == 1 ? dy : dy * s.value) : Tensor();
    return {dy, needs[1] ? g / c : Tensor(), needs[2] ? -(g / c * (b / c)) : Tensor()};
  }
};

struct Ldexp {
  static constexpr OpInfo info{.name = "ldexp",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "input * 2^other.",
                               .example = "tg.ldexp(tg.tensor([1.0, 3.0]), tg.tensor([4, -1]))",
                               .inplace = true};
  static Tensor forward(const Tensor& x, const Tensor& e) {
    if (e.dtype() == DType::bool_ && is_floating(x.dtype())) fail<RuntimeError>("ldexp(): other must not be bool");
    return x * ops::pow(number(2), is_floating(e.dtype()) ? e : to(e, floating(x.dtype())));
  }
};

struct Gcd {
  static constexpr OpInfo info{.name = "gcd",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The greatest common divisor of integers.",
                               .example = "tg.gcd(tg.tensor([12, 18]), tg.tensor([8, 12]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary(info.name, table().elementwise.gcd, a, b); }
};

struct Lcm {
  static constexpr OpInfo info{.name = "lcm",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The least common multiple of integers.",
                               .example = "tg.lcm(tg.tensor([4, 6]), tg.tensor([6, 9]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary(info.name, table().elementwise.lcm, a, b); }
};

struct Copysign {
  static constexpr OpInfo info{.name = "copysign",
                               .signature = "(input: Tensor, other: Tensor | Number) -> Tensor",
                               .doc = "The absolute value of input with the sign of other; its gradient at zero is zero.",
                               .formula = "y = |a| sign b",
                               .gradient = "da = dy y / a, db = 0",
                               .example = "tg.copysign(tg.tensor([1.0, -2.0]), tg.tensor([-1.0, 1.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    s.a = a;
    s.b = b;
    return binary_float(info.name, table().elementwise.copysign, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    return {needs[0] ? dy * sign(tape::apply<Copysign>(a, b)) * sign(a) : Tensor(),
            needs[1] ? zeros(dy.shape(), dy.dtype()) : Tensor()};
  }
};

using Combination = OpList<Lerp, AddCMul, AddCDiv, Ldexp, Gcd, Lcm, Copysign>;

}  // namespace tg::ops
