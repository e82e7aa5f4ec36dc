// Arithmetic, elementwise, with broadcasting and PyTorch's promotion.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Add {
  static constexpr OpInfo info{.name = "add",
                               .signature = "(input: Tensor | Number, other: Tensor | Number, *, alpha: float = 1) -> Tensor",
                               .doc = "input + alpha * other.",
                               .formula = "y = a + alpha b",
                               .gradient = "da = dy, db = alpha dy",
                               .inplace = true};
  struct Saved {
    double alpha = 1;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, double alpha) {
    s.alpha = alpha;
    return binary(info.name, table().elementwise.add, a, alpha == 1 ? b : b * alpha);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, !needs[1] ? Tensor() : s.alpha == 1 ? dy : dy * s.alpha};
  }
  static void into(const Tensor& self, const Tensor& b, double alpha) {
    binary_into(info.name, table().elementwise.add, self, alpha == 1 ? b : b * alpha, false);
  }
};

struct Sub {
  static constexpr OpInfo info{.name = "sub",
                               .signature = "(input: Tensor | Number, other: Tensor | Number, *, alpha: float = 1) -> Tensor",
                               .doc = "input - alpha * other.",
                               .formula = "y = a - alpha b",
                               .gradient = "da = dy, db = -alpha dy",
                               .inplace = true};
  struct Saved {
    double alpha = 1;
  };
  static void check(const Tensor& a, const Tensor& b) {
    if (a.dtype() == DType::bool_ || b.dtype() == DType::bool_)
      fail<RuntimeError>("sub(): not defined for bool; use ^ or logical_not");
  }
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, double alpha) {
    check(a, b);
    s.alpha = alpha;
    return binary(info.name, table().elementwise.sub, a, alpha == 1 ? b : b * alpha);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, !needs[1] ? Tensor() : s.alpha == 1 ? -dy : dy * -s.alpha};
  }
  static void into(const Tensor& self, const Tensor& b, double alpha) {
    check(self, b);
    binary_into(info.name, table().elementwise.sub, self, alpha == 1 ? b : b * alpha, false);
  }
};

struct Mul {
  static constexpr OpInfo info{.name = "mul",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input * other.",
                               .formula = "y = a b",
                               .gradient = "da = dy b, db = dy a",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    if (b.requires_grad()) s.a = a;
    if (a.requires_grad()) s.b = b;
    return binary(info.name, table().elementwise.mul, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {needs[0] ? dy * s.b.unpack() : Tensor(), needs[1] ? dy * s.a.unpack() : Tensor()};
  }
  static void into(const Tensor& self, const Tensor& b) { binary_into(info.name, table().elementwise.mul, self, b, false); }
};

struct Div {
  static constexpr OpInfo info{.name = "div",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input / other; integers divide as floats.",
                               .formula = "y = a / b",
                               .gradient = "da = dy / b, db = -dy a / b^2",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    if (b.requires_grad()) s.a = a;
    s.b = b;
    return binary_float(info.name, table().elementwise.div, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& b = s.b.unpack();
    Tensor da = dy / b;
    return {da, needs[1] ? -(da * (s.a.unpack() / b)) : Tensor()};
  }
  static void into(const Tensor& self, const Tensor& b) { binary_into(info.name, table().elementwise.div, self, b, true); }
};

inline void refuse_zero_divisor(const char* op, const Tensor& a, const Tensor& b) {
  if (is_floating(result_type(a, b))) return;
  const Tensor flat = contiguous_values(cast(b, DType::int64));
  const int64_t* p = flat.data<int64_t>();
  if (std::find(p, p + flat.numel(), 0) != p + flat.numel()) fail<RuntimeError>(op, "(): integer division by zero");
}

struct FloorDivide {
  static constexpr OpInfo info{.name = "floor_divide",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The quotient rounded towards minus infinity; its gradient is zero.",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    refuse_zero_divisor(info.name, a, b);
    return binary(info.name, table().elementwise.floor_divide, a, b);
  }
};

struct Remainder {
  static constexpr OpInfo info{.name = "remainder",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "Python's %: the remainder has the sign of the divisor.",
                               .formula = "y = a - b floor(a / b)",
                               .gradient = "da = dy, db = -dy floor(a / b)",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    refuse_zero_divisor(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.remainder, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, needs[1] ? -(dy * floor_divide(s.a.unpack(), s.b.unpack())) : Tensor()};
  }
};

struct Neg {
  static constexpr OpInfo info{.name = "neg",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "-input.",
                               .formula = "y = -x",
                               .gradient = "dx = -dy",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) {
    if (x.dtype() == DType::bool_) fail<RuntimeError>("neg(): not defined for bool tensors; use ~ or logical_not");
    return unary(info.name, table().elementwise.neg, x);
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {-dy}; }
};

struct Abs {
  static constexpr OpInfo info{.name = "abs",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The absolute value; its gradient at zero is zero.",
                               .formula = "y = |x|",
                               .gradient = "dx = dy sign(x)",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    if (x.dtype() == DType::bool_) fail<RuntimeError>("abs(): not defined for bool tensors");
    s.x = x;
    return unary(info.name, table().elementwise.abs, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy * sign(s.x.unpack())}; }
};

struct Sign {
  static constexpr OpInfo info{
      .name = "sign", .signature = "(input: Tensor) -> Tensor", .doc = "-1, 0 or 1; its gradient is zero.", .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) {
    return x.dtype() == DType::bool_ ? clone_values(x) : unary(info.name, table().elementwise.sign, x);
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy * 0.0}; }
};

struct Pow {
  static constexpr OpInfo info{.name = "pow",
                               .signature = "(input: Tensor | Number, exponent: Tensor | Number) -> Tensor",
                               .doc = "input to the power of exponent.",
                               .formula = "y = x^p",
                               .gradient = "dx = dy p x^(p-1), dp = dy y log x",
                               .inplace = true};
  struct Saved {
    SavedInput x, p;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& p) {
    const DType t = result_type(x, p);
    if (!is_floating(t) && p->weak && p.scalar<int64_t>() < 0) {
      fail<RuntimeError>("pow(): integers to a negative integer power are not allowed; convert to a float dtype first");
    }
    if (t == DType::bool_ && p->weak && !x->weak) return p.scalar<bool>() ? clone_values(x) : full(x.shape(), 1, t);
    if (t == DType::bool_) fail<RuntimeError>("pow(): not defined for two bool tensors");
    s.x = x;
    s.p = p;
    Tensor y = binary(info.name, table().elementwise.pow, x, p);
    if (p.requires_grad()) s.y = y;
    return y;
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    // A Python number has no precision of its own; here it takes the result's.
    const Tensor& base = s.x.unpack();
    const Tensor x = base->weak ? scalar(base.scalar<double>(), dy.dtype()) : base;
    const Tensor& p = s.p.unpack();
    Tensor dx, dp;
    if (needs[0]) dx = power_slope(dy, x, p);
    if (needs[1]) {
      // 0^p does not change with p > 0: the product of y = 0 and log 0 is taken as 0, as in PyTorch.
      Tensor y = s.y.unpack();
      Tensor zero = bitwise_and(eq(x, number(0)), ge(p, number(0)));
      dp = where(zero, number(0), dy * y * log(where(zero, number(1), x)));
    }
    return {dx, dp};
  }

 private:
  // dy p x^(p-1), and 0 where p is 0, also at x = 0
  static Tensor power_slope(const Tensor& dy, const Tensor& x, const Tensor& p) {
    if (p.ndim() == 0 && !p.requires_grad()) {
      const double e = p.scalar<double>();
      if (e == 0) return dy * 0.0;
      if (e == 1) return dy;
      if (e == 2) return dy * (x * 2.0);
      return dy * (ops::pow(x, number(e - 1)) * e);
    }
    Tensor flat = eq(p, number(0));
    return where(flat, number(0), dy * (p * ops::pow(x, where(flat, number(1), p - 1.0))));
  }
};

struct Maximum {
  static constexpr OpInfo info{.name = "maximum",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The larger of both, elementwise; NaN wins.",
                               .formula = "y = max(a, b)",
                               .gradient = "the gradient goes to the larger one, halves to both where they are equal"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.maximum, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) { return split_gradient(dy, s.a.unpack(), s.b.unpack(), gt); }

  using Compare = Tensor (*)(const Tensor&, const Tensor&);
  static Grads<2> split_gradient(const Tensor& dy, const Tensor& a, const Tensor& b, Compare wins) {
    Tensor half = dy * 0.5;
    Tensor tie = eq(a, b);
    return {where(tie, half, where(wins(a, b), dy, number(0))), where(tie, half, where(wins(b, a), dy, number(0)))};
  }
};

struct Minimum {
  static constexpr OpInfo info{.name = "minimum",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The smaller of both, elementwise; NaN wins.",
                               .formula = "y = min(a, b)",
                               .gradient = "the gradient goes to the smaller one, halves to both where they are equal"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.minimum, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) {
    return Maximum::split_gradient(dy, s.a.unpack(), s.b.unpack(), lt);
  }
};

struct Clamp {
  static constexpr OpInfo info{
      .name = "clamp",
      .signature = "(input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None) -> Tensor",
      .doc = "Each element moved into [min, max]; the gradient passes inside, bounds included.",
      .formula = "y = min(max(x, low), high)",
      .gradient = "dx = dy where low <= x <= high, the bounds get dy where they win",
      .inplace = true};
  struct Saved {
    SavedInput x, low, high;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& low, const Tensor& high) {
    if (!low && !high) fail<RuntimeError>("clamp(): at least one of min and max must be given");
    s.x = x;
    s.low = low;
    s.high = high;
    Tensor y = low ? binary(info.name, table().elementwise.maximum, x, low) : x;
    return high ? binary(info.name, table().elementwise.minimum, y, high) : y;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Tensor& low = s.low.unpack();
    const Tensor& high = s.high.unpack();
    const Tensor zero = number(0);
    Tensor above = low ? ge(x, low) : Tensor();
    Tensor below = high ? le(x, high) : Tensor();
    Tensor inside = above && below ? bitwise_and(above, below) : above ? above : below;
    Grads<3> g;
    g[0] = where(inside, dy, zero);
    if (needs[1]) {
      Tensor wins = lt(x, low);
      g[1] = where(high ? bitwise_and(wins, lt(low, high)) : wins, dy, zero);
    }
    if (needs[2]) {
      Tensor loses = le(x, high);
      g[2] = where(low ? bitwise_and(loses, ge(high, low)) : loses, zero, dy);
    }
    return g;
  }
};

struct Where {
  static constexpr OpInfo info{.name = "where",
                               .signature = "(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input where condition is true, other elsewhere.",
                               .formula = "y = condition ? a : b",
                               .gradient = "da = condition ? dy : 0, db = condition ? 0 : dy",
                               .face = Face::function};
  struct Saved {
    SavedInput condition;
  };
  static Tensor forward(Saved& s, const Tensor& condition, const Tensor& a, const Tensor& b) {
    if (condition.dtype() != DType::bool_)
      fail<RuntimeError>("where(): condition must be a bool tensor, got dtype ", condition.dtype());
    s.condition = condition;
    const DType t = result_type(a, b);
    Tensor out = empty(broadcast_shapes(info.name, condition.shape(), broadcast_shapes(info.name, a.shape(), b.shape())), t);
    Tensor ca = cast(a, t), cb = cast(b, t);
    const Tensor* inputs[] = {&condition, &ca, &cb};
    run_loop(table().elementwise.where[int(t)], out, inputs, 3);
    return out;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& c = s.condition.unpack();
    return {Tensor(), needs[1] ? where(c, dy, number(0)) : Tensor(), needs[2] ? where(c, number(0), dy) : Tensor()};
  }
};

using Arithmetic = OpList<Add, Sub, Mul, Div, FloorDivide, Remainder, Neg, Abs, Sign, Pow, Maximum, Minimum, Clamp, Where>;

}  // namespace tg::ops
