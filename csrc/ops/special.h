// Error, gamma and Bessel functions and the normal distribution, elementwise; integers become float32.
#pragma once
#include <limits>
#include <numbers>

#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Erf {
  static constexpr OpInfo info{.name = "erf",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The error function.",
                               .formula = "y = 2 / sqrt(pi) int_0^x e^(-t^2) dt",
                               .gradient = "dx = dy 2 / sqrt(pi) e^(-x^2)",
                               .example = "tg.erf(tg.tensor([-1.0, 0.0, 1.0]))",
                               .aliases = "special.erf",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.erf, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * (exp(-(x * x)) * (2 * std::numbers::inv_sqrtpi))};
  }
};

struct Erfc {
  static constexpr OpInfo info{.name = "erfc",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "1 - erf(input), accurate where that is small.",
                               .formula = "y = 1 - erf x",
                               .gradient = "dx = -dy 2 / sqrt(pi) e^(-x^2)",
                               .example = "tg.erfc(tg.tensor([-1.0, 0.0, 1.0]))",
                               .aliases = "special.erfc",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.erfc, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * (exp(-(x * x)) * (-2 * std::numbers::inv_sqrtpi))};
  }
};

struct Erfinv {
  static constexpr OpInfo info{.name = "erfinv",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse of the error function.",
                               .formula = "erf y = x",
                               .gradient = "dx = dy sqrt(pi) / 2 e^(y^2)",
                               .example = "tg.erfinv(tg.tensor([-0.5, 0.0, 0.5]))",
                               .aliases = "special.erfinv",
                               .inplace = true};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.erfinv, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy * (exp(y * y) * (0.5 / std::numbers::inv_sqrtpi))};
  }
};

struct Erfcx {
  static constexpr OpInfo info{.name = "special_erfcx",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "exp(input^2) * erfc(input).",
                               .formula = "y = e^(x^2) erfc x",
                               .gradient = "dx = dy (2 x y - 2 / sqrt(pi))",
                               .example = "tg.special.erfcx(tg.tensor([-1.0, 0.0, 10.0]))",
                               .face = Face::special};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.erfcx, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * (x * tape::apply<Erfcx>(x) * 2.0 - 2 * std::numbers::inv_sqrtpi)};
  }
};

struct Logit {
  static constexpr OpInfo info{.name = "logit",
                               .signature = "(input: Tensor, eps: float | None = None) -> Tensor",
                               .doc = "log(input / (1 - input)); with eps, of input moved into [eps, 1 - eps].",
                               .formula = "y = log(x / (1 - x))",
                               .gradient = "dx = dy / (x (1 - x)); NaN outside [0, 1], or with eps 0 outside [eps, 1 - eps]",
                               .example = "tg.logit(tg.tensor([0.1, 0.5, 0.9]))",
                               .aliases = "special.logit",
                               .inplace = true};
  struct Saved {
    SavedInput x;
    std::optional<double> eps;
  };
  static Tensor forward(Saved& s, const Tensor& x, std::optional<double> eps) {
    s.x = x;
    s.eps = eps;
    const DType t = floating(x.dtype());
    return visit_float(t, [&](auto zero) {
      using T = decltype(zero);
      constexpr T inf = std::numeric_limits<T>::infinity();
      const kernels::LogitEps<T> limits{eps ? T(*eps) : -inf, eps ? T(1) - T(*eps) : inf};
      return unary_with(info.name, table().elementwise.logit, x, t, &limits, sizeof(limits));
    });
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Tensor dx = dy / (x * (1.0 - x));
    const double low = s.eps ? *s.eps : 0, high = 1 - low;
    const Tensor outside = logical_or(lt(x, number(low)), gt(x, number(high)));
    return {where(outside, number(s.eps ? 0 : std::numeric_limits<double>::quiet_NaN()), dx)};
  }
};

struct Lgamma {
  static constexpr OpInfo info{.name = "lgamma",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The logarithm of the absolute value of the gamma function.",
                               .formula = "y = log |gamma(x)|",
                               .gradient = "dx = dy digamma(x)",
                               .example = "tg.lgamma(tg.tensor([0.5, 1.0, 5.0]))",
                               .aliases = "special.gammaln",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.lgamma, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * digamma(x)};
  }
};

struct Digamma {
  static constexpr OpInfo info{.name = "digamma",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The derivative of lgamma.",
                               .formula = "y = psi(x)",
                               .gradient = "dx = dy polygamma(1, x)",
                               .example = "tg.digamma(tg.tensor([0.5, 1.0, 5.0]))",
                               .aliases = "special.digamma special.psi",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.digamma, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * polygamma(1, x)};
  }
};

struct Polygamma {
  static constexpr OpInfo info{.name = "polygamma",
                               .signature = "(n: int, input: Tensor) -> Tensor",
                               .doc = "The n-th derivative of digamma.",
                               .formula = "y = psi^(n)(x)",
                               .gradient = "dx = dy polygamma(n + 1, x)",
                               .example = "tg.polygamma(1, tg.tensor([0.5, 1.0]))",
                               .aliases = "special.polygamma",
                               .face = Face::function};
  struct Saved {
    int64_t n = 0;
    SavedInput x;
  };
  static Tensor forward(Saved& s, int64_t n, const Tensor& x) {
    if (n < 0) fail<RuntimeError>("polygamma(): n must not be negative, got ", n);
    s.n = n;
    s.x = x;
    return binary_float(info.name, table().elementwise.polygamma, number(double(n)), x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {dy * polygamma(s.n + 1, s.x.unpack())}; }
};

struct I0 {
  static constexpr OpInfo info{.name = "i0",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The modified Bessel function of the first kind, of order 0.",
                               .formula = "y = I0(x)",
                               .gradient = "dx = dy I1(x)",
                               .example = "tg.i0(tg.tensor([0.0, 1.0, 10.0]))",
                               .aliases = "special.i0",
                               .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.i0, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * i1(x)};
  }
};

struct I1 {
  static constexpr OpInfo info{.name = "special_i1",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The modified Bessel function of the first kind, of order 1.",
                               .formula = "y = I1(x)",
                               .gradient = "dx = dy (I0(x) - I1(x) / x), dy / 2 at zero",
                               .example = "tg.special.i1(tg.tensor([0.0, 1.0, 10.0]))",
                               .face = Face::special};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.i1, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * slope(x)};
  }

 private:
  static Tensor slope(const Tensor& x) {
    const Tensor zero = eq(x, number(0)), safe = where(zero, number(1), x);
    return where(zero, number(0.5), tape::apply<I0>(safe) - tape::apply<I1>(safe) / safe);
  }
};

struct Entr {
  static constexpr OpInfo info{.name = "special_entr",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "-input * log(input), 0 at zero and -inf below.",
                               .formula = "y = -x log x",
                               .gradient = "dx = -dy (1 + log x)",
                               .example = "tg.special.entr(tg.tensor([0.0, 0.5, 1.0]))",
                               .face = Face::special};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.entr, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {-(dy * (log(x) + 1.0))};
  }
};

struct Ndtr {
  static constexpr OpInfo info{.name = "special_ndtr",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The standard normal distribution function.",
                               .formula = "y = erfc(-x / sqrt 2) / 2",
                               .gradient = "dx = dy e^(-x^2 / 2) / sqrt(2 pi)",
                               .example = "tg.special.ndtr(tg.tensor([-1.0, 0.0, 1.0]))",
                               .face = Face::special};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.ndtr, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * (exp(x * x * -0.5) * 0.39894228040143268)};
  }
};

struct Ndtri {
  static constexpr OpInfo info{.name = "special_ndtri",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The inverse of the standard normal distribution function.",
                               .formula = "ndtr y = x",
                               .gradient = "dx = dy sqrt(2 pi) e^(y^2 / 2)",
                               .example = "tg.special.ndtri(tg.tensor([0.1, 0.5, 0.9]))",
                               .face = Face::special};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x) { return s.y.keep(unary_float(info.name, table().elementwise.ndtri, x)); }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    return {dy * (exp(y * y * 0.5) * 2.5066282746310005)};
  }
};

struct LogNdtr {
  static constexpr OpInfo info{.name = "special_log_ndtr",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The logarithm of the standard normal distribution function.",
                               .formula = "y = log ndtr x",
                               .gradient = "dx = dy sqrt(2 / pi) / erfcx(-x / sqrt 2)",
                               .example = "tg.special.log_ndtr(tg.tensor([-10.0, 0.0, 1.0]))",
                               .face = Face::special};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    s.x = x;
    return unary_float(info.name, table().elementwise.log_ndtr, x);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {dy * (0.79788456080286536 / tape::apply<Erfcx>(x * -0.70710678118654752))};
  }
};

using Special = OpList<Erf, Erfc, Erfinv, Erfcx, Logit, Lgamma, Digamma, Polygamma, I0, I1, Entr, Ndtr, Ndtri, LogNdtr>;

}  // namespace tg::ops
