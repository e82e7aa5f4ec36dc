// Circular and hyperbolic functions, elementwise; integers become float32.
#pragma once
#include <numbers>

#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Sin {
  static constexpr OpInfo info{.name = "sin",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The sine of an angle in radians.",
                               .formula = "y = sin x",
                               .gradient = "dx = dy cos x",
                               .example = "tg.sin(tg.tensor([0.0, 1.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.sin, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * cos(x)};
  }
};

struct Cos {
  static constexpr OpInfo info{.name = "cos",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The cosine of an angle in radians.",
                               .formula = "y = cos x",
                               .gradient = "dx = -dy sin x",
                               .example = "tg.cos(tg.tensor([0.0, 1.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.cos, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {-(dy * sin(x))};
  }
};

struct Tan {
  static constexpr OpInfo info{.name = "tan",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The tangent of an angle in radians.",
                               .formula = "y = tan x",
                               .gradient = "dx = dy (1 + y^2)",
                               .example = "tg.tan(tg.tensor([0.0, 1.0]))",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.tan, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy * (y * y + 1.0)};
  }
};

struct Asin {
  static constexpr OpInfo info{.name = "asin",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse sine.",
                               .formula = "y = arcsin x",
                               .gradient = "dx = dy / sqrt(1 - x^2)",
                               .example = "tg.asin(tg.tensor([-1.0, 0.0, 0.5]))",
                               .aliases = "arcsin",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.asin, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * rsqrt(1.0 - x * x)};
  }
};

struct Acos {
  static constexpr OpInfo info{.name = "acos",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse cosine.",
                               .formula = "y = arccos x",
                               .gradient = "dx = -dy / sqrt(1 - x^2)",
                               .example = "tg.acos(tg.tensor([-1.0, 0.0, 0.5]))",
                               .aliases = "arccos",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.acos, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {-(dy * rsqrt(1.0 - x * x))};
  }
};

struct Atan {
  static constexpr OpInfo info{.name = "atan",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse tangent.",
                               .formula = "y = arctan x",
                               .gradient = "dx = dy / (1 + x^2)",
                               .example = "tg.atan(tg.tensor([-1.0, 0.0, 1.0]))",
                               .aliases = "arctan",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.atan, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy / (x * x + 1.0)};
  }
};

struct Atan2 {
  static constexpr OpInfo info{.name = "atan2",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The angle of the point (other, input), in (-pi, pi].",
                               .formula = "y = arctan(a / b), in the quadrant of (b, a)",
                               .gradient = "da = dy b / (a^2 + b^2), db = -dy a / (a^2 + b^2)",
                               .example = "tg.atan2(tg.tensor([1.0, -1.0]), tg.tensor([1.0, -1.0]))",
                               .aliases = "arctan2",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    s.a = a;
    s.b = b;
    return binary_float(info.name, table().elementwise.atan2, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    return {needs[0] ? dy * (b / (a * a + b * b)) : Tensor(), needs[1] ? -(dy * (a / (a * a + b * b))) : Tensor()};
  }
};

struct Sinh {
  static constexpr OpInfo info{.name = "sinh",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The hyperbolic sine.",
                               .formula = "y = sinh x",
                               .gradient = "dx = dy cosh x",
                               .example = "tg.sinh(tg.tensor([-1.0, 0.0, 1.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.sinh, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * cosh(x)};
  }
};

struct Cosh {
  static constexpr OpInfo info{.name = "cosh",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The hyperbolic cosine.",
                               .formula = "y = cosh x",
                               .gradient = "dx = dy sinh x",
                               .example = "tg.cosh(tg.tensor([-1.0, 0.0, 1.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.cosh, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * sinh(x)};
  }
};

struct Asinh {
  static constexpr OpInfo info{.name = "asinh",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse hyperbolic sine.",
                               .formula = "y = arsinh x",
                               .gradient = "dx = dy / sqrt(x^2 + 1)",
                               .example = "tg.asinh(tg.tensor([-1.0, 0.0, 1.0]))",
                               .aliases = "arcsinh",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.asinh, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * rsqrt(x * x + 1.0)};
  }
};

struct Acosh {
  static constexpr OpInfo info{.name = "acosh",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse hyperbolic cosine.",
                               .formula = "y = arcosh x",
                               .gradient = "dx = dy / sqrt(x^2 - 1)",
                               .example = "tg.acosh(tg.tensor([1.0, 2.0]))",
                               .aliases = "arccosh",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.acosh, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * rsqrt(x * x - 1.0)};
  }
};

struct Atanh {
  static constexpr OpInfo info{.name = "atanh",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse hyperbolic tangent.",
                               .formula = "y = artanh x",
                               .gradient = "dx = dy / (1 - x^2)",
                               .example = "tg.atanh(tg.tensor([-0.5, 0.0, 0.5]))",
                               .aliases = "arctanh",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.atanh, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy / (1.0 - x * x)};
  }
};

struct Hypot {
  static constexpr OpInfo info{.name = "hypot",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "sqrt(input^2 + other^2), without undue overflow.",
                               .formula = "y = sqrt(a^2 + b^2)",
                               .gradient = "da = dy a / y, db = dy b / y",
                               .example = "tg.hypot(tg.tensor([3.0, 5.0]), tg.tensor([4.0, 12.0]))",
                               .inplace = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_some_float(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.hypot, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    return {needs[0] ? dy * (a / tape::apply<Hypot>(a, b)) : Tensor(), needs[1] ? dy * (b / tape::apply<Hypot>(a, b)) : Tensor()};
  }
};

struct Deg2Rad {
  static constexpr OpInfo info{.name = "deg2rad",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "Degrees to radians.",
                               .formula = "y = x pi / 180",
                               .gradient = "dx = dy pi / 180",
                               .example = "tg.deg2rad(tg.tensor([0.0, 90.0, 180.0]))",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) {
    return binary_float(info.name, table().elementwise.mul, x, number(std::numbers::pi / 180));
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy * (std::numbers::pi / 180)}; }
};

struct Rad2Deg {
  static constexpr OpInfo info{.name = "rad2deg",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "Radians to degrees.",
                               .formula = "y = 180 x / pi",
                               .gradient = "dx = 180 dy / pi",
                               .example = "tg.rad2deg(tg.tensor([0.0, 1.0, 3.0]))",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) {
    return binary_float(info.name, table().elementwise.mul, x, number(180 / std::numbers::pi));
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy * (180 / std::numbers::pi)}; }
};

struct Sinc {
  static constexpr OpInfo info{.name = "sinc",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "sin(pi input) / (pi input), 1 at zero.",
                               .formula = "y = sin(pi x) / (pi x)",
                               .gradient = "dx = dy (cos(pi x) - y) / x, 0 at zero",
                               .example = "tg.sinc(tg.tensor([0.0, 0.5, 1.0]))",
                               .aliases = "special.sinc",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.sinc, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * slope(x)};
  }

 private:
  static Tensor slope(const Tensor& x) {
    const Tensor zero = eq(x, number(0)), safe = where(zero, number(1), x), angle = safe * std::numbers::pi;
    return where(zero, x * (-std::numbers::pi * std::numbers::pi / 3), (cos(angle) - sin(angle) / angle) / safe);
  }
};

using Trigonometry =
    OpList<Sin, Cos, Tan, Asin, Acos, Atan, Atan2, Sinh, Cosh, Asinh, Acosh, Atanh, Hypot, Deg2Rad, Rad2Deg, Sinc>;

}  // namespace tg::ops
