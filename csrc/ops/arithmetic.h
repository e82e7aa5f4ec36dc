// Arithmetic, elementwise, with broadcasting and PyTorch's promotion.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// alpha b, where alpha may be a float beside floats alone, and a bool beside bools alone.
inline Tensor times(const char* op, const Tensor& a, const Tensor& b, const Number& alpha) {
  if (alpha.kind == Category::integer && alpha.whole == 1) return b;
  const Category kind = std::max(category(a.dtype()), category(b.dtype()));
  if (alpha.kind == Category::floating && kind != Category::floating)
    fail<RuntimeError>(op, "(): integer tensors cannot be scaled by the float ", alpha.real);
  if (alpha.kind == Category::boolean && kind != Category::boolean)
    fail<RuntimeError>(op, "(): tensors that are not bool cannot be scaled by a bool");
  if (alpha.kind == Category::floating) return b * alpha.real;
  Tensor scale = scalar(alpha.whole, alpha.kind == Category::boolean ? DType::bool_ : DType::int64);
  scale->weak = true;
  return b * scale;
}

// The callers' kernels do not trap on a zero divisor, but integers have no value for it.
inline void refuse_zero_divisor(const char* op, const Tensor& a, const Tensor& b) {
  if (is_floating(a.dtype()) || is_floating(b.dtype())) return;
  bool zero = false;
  if (b.numel() == 1) {
    zero = b.scalar<int64_t>() == 0;
  } else {
    const Tensor flat = contiguous_values(b);
    zero = visit(b.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* p = flat.data<T>();
      return std::find(p, p + flat.numel(), T(0)) != p + flat.numel();
    });
  }
  if (zero && a.numel()) fail<RuntimeError>(op, "(): integer division by zero");
}

struct Add {
  static constexpr OpInfo info{.name = "add",
                               .signature = "(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor",
                               .doc = "input + alpha * other.",
                               .formula = "y = a + alpha b",
                               .gradient = "da = dy, db = alpha dy",
                               .example = "tg.add(tg.tensor([1.0, 2.0]), tg.tensor([10.0, 20.0]), alpha=2)",
                               .inplace = true};
  struct Saved {
    double alpha = 1;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, const Number& alpha) {
    s.alpha = alpha.real;
    return binary(info.name, table().elementwise.add, a, times(info.name, a, b, alpha));
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, !needs[1] ? Tensor() : s.alpha == 1 ? dy : dy * s.alpha};
  }
  static void into(const Tensor& self, const Tensor& b, const Number& alpha) {
    binary_into(info.name, table().elementwise.add, self, times(info.name, self, b, alpha), false);
  }
};

struct Sub {
  static constexpr OpInfo info{.name = "sub",
                               .signature = "(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor",
                               .doc = "input - alpha * other.",
                               .formula = "y = a - alpha b",
                               .gradient = "da = dy, db = -alpha dy",
                               .example = "tg.sub(tg.tensor([1.0, 2.0]), tg.tensor([10.0, 20.0]), alpha=2)",
                               .aliases = "subtract",
                               .inplace = true};
  struct Saved {
    double alpha = 1;
  };
  static void check(const Tensor& a, const Tensor& b) {
    if (a.dtype() == DType::bool_ || b.dtype() == DType::bool_)
      fail<RuntimeError>("sub(): not defined for bool; use ^ or logical_not");
  }
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, const Number& alpha) {
    check(a, b);
    s.alpha = alpha.real;
    return binary(info.name, table().elementwise.sub, a, times(info.name, a, b, alpha));
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, !needs[1] ? Tensor() : s.alpha == 1 ? -dy : dy * -s.alpha};
  }
  static void into(const Tensor& self, const Tensor& b, const Number& alpha) {
    check(self, b);
    binary_into(info.name, table().elementwise.sub, self, times(info.name, self, b, alpha), false);
  }
};

struct Rsub {
  static constexpr OpInfo info{.name = "rsub",
                               .signature = "(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor",
                               .doc = "other - alpha * input.",
                               .formula = "y = b - alpha a",
                               .example = "tg.rsub(tg.tensor([1.0, 2.0]), 10)",
                               .face = Face::function};
  static Tensor forward(const Tensor& a, const Tensor& b, const Number& alpha) {
    require_tensor(info.name, a, b);
    return tape::apply<Sub>(b, a, alpha);
  }
};

struct Mul {
  static constexpr OpInfo info{.name = "mul",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input * other.",
                               .formula = "y = a b",
                               .gradient = "da = dy b, db = dy a",
                               .example = "tg.mul(tg.tensor([1.0, 2.0]), 3)",
                               .aliases = "multiply",
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
  static constexpr OpInfo info{
      .name = "div",
      .signature = "(input: Tensor | Number, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor",
      .doc =
          "input / other, integers dividing as floats; rounding_mode 'trunc' or 'floor' rounds the quotient, keeps integers and "
          "has gradient zero.",
      .formula = "y = a / b",
      .gradient = "da = dy / b, db = -dy a / b^2",
      .example = "tg.div(tg.tensor([1.0, 7.0]), 2)",
      .aliases = "divide true_divide",
      .inplace = true};
  struct Saved {
    SavedInput a, b;
    bool rounded = false;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, std::optional<std::string_view> mode) {
    if (mode) {
      s.rounded = true;
      return rounded(a, b, *mode);
    }
    if (b.requires_grad()) s.a = a;
    s.b = b;
    return binary_float(info.name, table().elementwise.div, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    if (s.rounded) return {zeros(dy.shape(), dy.dtype()), zeros(dy.shape(), dy.dtype())};
    const Tensor& b = s.b.unpack();
    Tensor da = dy / b;
    return {da, needs[1] ? -(da * (s.a.unpack() / b)) : Tensor()};
  }
  static void into(const Tensor& self, const Tensor& b, std::optional<std::string_view> mode) {
    if (mode) {
      binary_into(info.name, kernel(*mode), self, checked(self, b), false);
    } else {
      binary_into(info.name, table().elementwise.div, self, b, true);
    }
  }

 private:
  static const ByType& kernel(std::string_view mode) {
    if (mode == "trunc") return table().elementwise.trunc_divide;
    if (mode == "floor") return table().elementwise.floor_divide;
    fail<RuntimeError>("div(): rounding_mode must be None, 'trunc' or 'floor', got '", mode, "'");
  }
  static const Tensor& checked(const Tensor& a, const Tensor& b) {
    refuse_zero_divisor(info.name, a, b);
    return b;
  }
  static Tensor rounded(const Tensor& a, const Tensor& b, std::string_view mode) {
    return binary(info.name, kernel(mode), a, checked(a, b));
  }
};

struct FloorDivide {
  static constexpr OpInfo info{.name = "floor_divide",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The quotient rounded towards minus infinity; its gradient is zero.",
                               .example = "tg.floor_divide(tg.tensor([-7.0, 7.0]), 2)",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    refuse_zero_divisor(info.name, a, b);
    return binary(info.name, table().elementwise.floor_divide, a, b);
  }
  static void into(const Tensor& self, const Tensor& b) {
    refuse_zero_divisor(info.name, self, b);
    binary_into(info.name, table().elementwise.floor_divide, self, b, false);
  }
};

struct Remainder {
  static constexpr OpInfo info{.name = "remainder",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "Python's %: the remainder has the sign of the divisor.",
                               .formula = "y = a - b floor(a / b)",
                               .gradient = "da = dy, db = -dy floor(a / b)",
                               .example = "tg.remainder(tg.tensor([-7.0, 7.0]), 3)",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    refuse_zero_divisor(info.name, a, b);
    if (b.requires_grad()) {
      s.a = a;
      s.b = b;
    }
    return binary(info.name, table().elementwise.remainder, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, needs[1] ? -(dy * floor_divide(s.a.unpack(), s.b.unpack())) : Tensor()};
  }
  static void into(const Tensor& self, const Tensor& b) {
    refuse_zero_divisor(info.name, self, b);
    binary_into(info.name, table().elementwise.remainder, self, b, false);
  }
};

struct Fmod {
  static constexpr OpInfo info{.name = "fmod",
                               .signature = "(input: Tensor, other: Tensor | Number) -> Tensor",
                               .doc = "C's fmod: the remainder has the sign of the dividend.",
                               .formula = "y = a - b trunc(a / b)",
                               .gradient = "da = dy, db = -dy trunc(a / b)",
                               .example = "tg.fmod(tg.tensor([-7.0, 7.0]), 3)",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    refuse_zero_divisor(info.name, a, b);
    if (b.requires_grad()) {
      s.a = a;
      s.b = b;
    }
    return binary(info.name, table().elementwise.fmod, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {dy, needs[1] ? -(dy * div_trunc(s.a.unpack(), s.b.unpack())) : Tensor()};
  }
  static void into(const Tensor& self, const Tensor& b) {
    refuse_zero_divisor(info.name, self, b);
    binary_into(info.name, table().elementwise.fmod, self, b, false);
  }
};

struct Neg {
  static constexpr OpInfo info{.name = "neg",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "-input.",
                               .formula = "y = -x",
                               .gradient = "dx = -dy",
                               .example = "tg.neg(tg.tensor([-1.0, 2.0]))",
                               .aliases = "negative",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) {
    if (x.dtype() == DType::bool_) fail<RuntimeError>("neg(): not defined for bool tensors; use ~ or logical_not");
    return unary(info.name, table().elementwise.neg, x);
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {-dy}; }
};

struct Positive {
  static constexpr OpInfo info{.name = "positive",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "input itself; bool tensors are refused.",
                               .example = "tg.positive(tg.tensor([-1.0, 2.0]))",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x) {
    if (x.dtype() == DType::bool_) fail<RuntimeError>("positive(): not defined for bool tensors");
    return x;
  }
};

struct Abs {
  static constexpr OpInfo info{.name = "abs",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The absolute value; its gradient at zero is zero.",
                               .formula = "y = |x|",
                               .gradient = "dx = dy sign(x)",
                               .example = "tg.abs(tg.tensor([-1.5, 2.0]))",
                               .aliases = "absolute",
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
  static constexpr OpInfo info{.name = "sign",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "-1, 0 or 1; its gradient is zero.",
                               .gradient = "dx = 0",
                               .example = "tg.sign(tg.tensor([-2.5, 0.0, 3.0]))",
                               .aliases = "sgn",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) {
    return x.dtype() == DType::bool_ ? clone_values(x) : unary(info.name, table().elementwise.sign, x);
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {zeros(dy.shape(), dy.dtype())}; }
};

struct Reciprocal {
  static constexpr OpInfo info{.name = "reciprocal",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "1 / input.",
                               .formula = "y = 1 / x",
                               .gradient = "dx = -dy y^2",
                               .example = "tg.reciprocal(tg.tensor([0.5, 4.0]))",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    return s.y.keep(binary_float(info.name, table().elementwise.div, number(1), x));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {-(dy * (y * y))};
  }
};

using Arithmetic = OpList<Add, Sub, Rsub, Mul, Div, FloorDivide, Remainder, Fmod, Neg, Positive, Abs, Sign, Reciprocal>;

}  // namespace tg::ops
