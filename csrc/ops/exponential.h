// Exponentials, logarithms, powers and roots, elementwise; integers become float32.
#pragma once
#include <numbers>

#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// 0 where the mask is true.
inline Tensor zeroed(const Tensor& mask, const Tensor& x) { return where(mask, number(0), x); }

struct Exp {
  static constexpr OpInfo info{.name = "exp",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "e to the power of each element.",
                               .formula = "y = e^x",
                               .gradient = "dx = dy y",
                               .example = "tg.exp(tg.tensor([0.0, 1.0]))",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.exp, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy * y};
  }
};

struct Exp2 {
  static constexpr OpInfo info{.name = "exp2",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "2 to the power of each element.",
                               .formula = "y = 2^x",
                               .gradient = "dx = dy y ln 2",
                               .example = "tg.exp2(tg.tensor([-1.0, 0.0, 3.0]))",
                               .aliases = "special.exp2",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.exp2, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy * (y * std::numbers::ln2)};
  }
};

struct Expm1 {
  static constexpr OpInfo info{.name = "expm1",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "exp(input) - 1, accurate near zero.",
                               .formula = "y = e^x - 1",
                               .gradient = "dx = dy (y + 1)",
                               .example = "tg.expm1(tg.tensor([0.0, 1e-5, 1.0]))",
                               .aliases = "special.expm1",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.expm1, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy * (y + 1.0)};
  }
};

struct Log {
  static constexpr OpInfo info{.name = "log",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The natural logarithm.",
                               .formula = "y = log x",
                               .gradient = "dx = dy / x",
                               .example = "tg.log(tg.tensor([1.0, 10.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.log, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy / x};
  }
};

struct Log1p {
  static constexpr OpInfo info{.name = "log1p",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "log(1 + input), accurate near zero.",
                               .formula = "y = log(1 + x)",
                               .gradient = "dx = dy / (1 + x)",
                               .example = "tg.log1p(tg.tensor([0.0, 1e-5, 1.0]))",
                               .aliases = "special.log1p",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.log1p, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy / (x + 1.0)};
  }
};

struct Log2 {
  static constexpr OpInfo info{.name = "log2",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The logarithm to the base 2.",
                               .formula = "y = log2 x",
                               .gradient = "dx = dy / (x ln 2)",
                               .example = "tg.log2(tg.tensor([0.5, 1.0, 8.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.log2, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy / (x * std::numbers::ln2)};
  }
};

struct Log10 {
  static constexpr OpInfo info{.name = "log10",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The logarithm to the base 10.",
                               .formula = "y = log10 x",
                               .gradient = "dx = dy / (x ln 10)",
                               .example = "tg.log10(tg.tensor([0.1, 1.0, 1000.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.log10, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy / (x * std::numbers::ln10)};
  }
};

struct Sqrt {
  static constexpr OpInfo info{.name = "sqrt",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The square root.",
                               .formula = "y = sqrt x",
                               .gradient = "dx = dy / (2 y)",
                               .example = "tg.sqrt(tg.tensor([0.0, 2.0, 4.0]))",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.sqrt, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy / (y * 2.0)};
  }
};

struct Rsqrt {
  static constexpr OpInfo info{.name = "rsqrt",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "1 / sqrt(input).",
                               .formula = "y = 1 / sqrt x",
                               .gradient = "dx = -dy y^3 / 2",
                               .example = "tg.rsqrt(tg.tensor([0.25, 1.0, 4.0]))",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.rsqrt, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy * (y * y * y) * -0.5};
  }
};

struct Square {
  static constexpr OpInfo info{.name = "square",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "input * input.",
                               .formula = "y = x^2",
                               .gradient = "dx = 2 dy x",
                               .example = "tg.square(tg.tensor([-2.0, 3.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return x.dtype() == DType::bool_ ? cast(x, DType::int64) : binary(info.name, table().elementwise.mul, x, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy * (s.x.unpack() * 2.0)}; }
};

struct Pow {
  static constexpr OpInfo info{.name = "pow",
                               .signature = "(input: Tensor | Number, exponent: Tensor | Number) -> Tensor",
                               .doc = "input to the power of exponent.",
                               .formula = "y = x^p",
                               .gradient = "dx = dy p x^(p-1), dp = dy y log x",
                               .example = "tg.pow(tg.tensor([1.0, 2.0, 3.0]), 2)",
                               .inplace = true};
  struct Saved {
    SavedInput x, p;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& p) {
    require_tensor(info.name, x, p);
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

struct FloatPower {
  static constexpr OpInfo info{.name = "float_power",
                               .signature = "(input: Tensor | Number, exponent: Tensor | Number) -> Tensor",
                               .doc = "input to the power of exponent, in float64.",
                               .formula = "y = x^p",
                               .example = "tg.float_power(tg.tensor([1, 2, 3]), 2)",
                               .inplace = true};
  static Tensor forward(const Tensor& x, const Tensor& p) {
    require_tensor(info.name, x, p);
    return ops::pow(wide(x), wide(p));
  }

 private:
  static Tensor wide(const Tensor& t) { return t->weak ? t : to(t, DType::float64); }
};

struct LogAddExp {
  static constexpr OpInfo info{.name = "logaddexp",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "log(exp(input) + exp(other)), without overflow.",
                               .formula = "y = log(e^a + e^b)",
                               .gradient = "da = dy / (1 + e^(b - a)), db = dy / (1 + e^(a - b))",
                               .example = "tg.logaddexp(tg.tensor([-100.0, 0.0, 1000.0]), tg.tensor([-100.0, 1.0, 1.0]))"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_some_float(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.logaddexp, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    return {needs[0] ? dy * sigmoid(a - b) : Tensor(), needs[1] ? dy * sigmoid(b - a) : Tensor()};
  }
};

struct LogAddExp2 {
  static constexpr OpInfo info{.name = "logaddexp2",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "log2(2^input + 2^other), without overflow.",
                               .formula = "y = log2(2^a + 2^b)",
                               .gradient = "da = dy / (1 + 2^(b - a)), db = dy / (1 + 2^(a - b))",
                               .example = "tg.logaddexp2(tg.tensor([-100.0, 0.0, 1000.0]), tg.tensor([-100.0, 1.0, 1.0]))"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_some_float(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.logaddexp2, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    return {needs[0] ? dy * sigmoid((a - b) * std::numbers::ln2) : Tensor(),
            needs[1] ? dy * sigmoid((b - a) * std::numbers::ln2) : Tensor()};
  }
};

struct Xlogy {
  static constexpr OpInfo info{.name = "xlogy",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input * log(other), 0 where input is 0 and other is not NaN.",
                               .formula = "y = a log b",
                               .gradient = "da = dy log b (0 where a = 0 and b <= 0), db = dy a / b",
                               .example = "tg.xlogy(tg.tensor([0.0, 1.0, 2.0]), tg.tensor([0.0, 1.0, 2.0]))",
                               .aliases = "special.xlogy",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary_float(info.name, table().elementwise.xlogy, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    return {needs[0] ? zeroed(bitwise_and(eq(a, number(0)), le(b, number(0))), tape::apply<Xlogy>(dy, b)) : Tensor(),
            needs[1] ? dy * (a / b) : Tensor()};
  }
};

struct Xlog1py {
  static constexpr OpInfo info{.name = "special_xlog1py",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input * log1p(other), 0 where input is 0 and other is not NaN.",
                               .formula = "y = a log(1 + b)",
                               .gradient = "da = dy log(1 + b) (0 where a = 0 and b <= -1), db = dy a / (1 + b)",
                               .example = "tg.special.xlog1py(tg.tensor([0.0, 1.0, 2.0]), tg.tensor([-1.0, 1.0, 2.0]))",
                               .face = Face::special};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary_float(info.name, table().elementwise.xlog1py, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    return {needs[0] ? zeroed(bitwise_and(eq(a, number(0)), le(b, number(-1))), tape::apply<Xlog1py>(dy, b)) : Tensor(),
            needs[1] ? dy * (a / (b + 1.0)) : Tensor()};
  }
};

using Exponential = OpList<Exp, Exp2, Expm1, Log, Log1p, Log2, Log10, Sqrt, Rsqrt, Square, Pow, FloatPower, LogAddExp, LogAddExp2,
                           Xlogy, Xlog1py>;

}  // namespace tg::ops
