// Rounding to whole numbers and decimals, and the replacement of what is no number.
#pragma once
#include <cmath>
#include <limits>

#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// Integers are whole already.
inline Tensor whole(const char* op, const ByType& fn, const Tensor& x) {
  return is_floating(x.dtype()) || x.dtype() == DType::bool_ ? unary(op, fn, x) : clone_values(x);
}

struct Floor {
  static constexpr OpInfo info{.name = "floor",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The nearest whole number that is not greater; its gradient is zero.",
                               .gradient = "dx = 0",
                               .example = "tg.floor(tg.tensor([-1.5, 0.5, 2.5]))",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) { return whole(info.name, table().elementwise.floor, x); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {zeros(dy.shape(), dy.dtype())}; }
};

struct Ceil {
  static constexpr OpInfo info{.name = "ceil",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The nearest whole number that is not less; its gradient is zero.",
                               .gradient = "dx = 0",
                               .example = "tg.ceil(tg.tensor([-1.5, 0.5, 2.5]))",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) { return whole(info.name, table().elementwise.ceil, x); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {zeros(dy.shape(), dy.dtype())}; }
};

struct Trunc {
  static constexpr OpInfo info{.name = "trunc",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The whole number towards zero; its gradient is zero.",
                               .gradient = "dx = 0",
                               .example = "tg.trunc(tg.tensor([-1.5, 0.5, 2.5]))",
                               .aliases = "fix",
                               .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) { return whole(info.name, table().elementwise.trunc, x); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {zeros(dy.shape(), dy.dtype())}; }
};

struct Round {
  static constexpr OpInfo info{
      .name = "round",
      .signature = "(input: Tensor, *, decimals: int = 0) -> Tensor",
      .doc = "The nearest number with that many decimals, the even one of two equally near; its gradient is zero.",
      .gradient = "dx = 0",
      .example = "tg.round(tg.tensor([-1.5, 0.5, 2.5]))",
      .aliases = "special.round",
      .inplace = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x, int64_t decimals) {
    if (decimals == 0) return whole(info.name, table().elementwise.round, x);
    require_floating("round with decimals", "input", x);
    return visit_float(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const double power =
          std::pow(10.0, double(std::min<int64_t>(decimals < 0 ? -std::max<int64_t>(decimals, -400) : decimals, 400)));
      const kernels::RoundTo<T> to{T(decimals > 0 ? power : -power)};
      return unary_with(info.name, table().elementwise.round_to, x, x.dtype(), &to, sizeof(to));
    });
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {zeros(dy.shape(), dy.dtype())}; }
};

struct Frac {
  static constexpr OpInfo info{.name = "frac",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "input - trunc(input).",
                               .formula = "y = x - trunc x",
                               .gradient = "dx = dy",
                               .example = "tg.frac(tg.tensor([-1.5, 0.5, 2.5]))",
                               .inplace = true};
  static Tensor fraction(const Tensor& x) {
    require_floating(info.name, "input", x);
    return binary(info.name, table().elementwise.sub, x, unary(info.name, table().elementwise.trunc, x));
  }
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) { return fraction(x); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

struct NanToNum {
  static constexpr OpInfo info{
      .name = "nan_to_num",
      .signature =
          "(input: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Tensor",
      .doc = "NaN and infinities replaced: by 0 and the greatest and least numbers of the dtype where nothing is given.",
      .gradient = "dx = dy where x is finite, 0 elsewhere",
      .example = "tg.nan_to_num(tg.tensor([1.0, float(\"nan\"), float(\"inf\")]), posinf=9.0)",
      .inplace = true};
  struct Saved {
    SavedInput x;
  };
  static Tensor forward(Saved& s, const Tensor& x, std::optional<double> nan, std::optional<double> posinf,
                        std::optional<double> neginf) {
    s.x = x;
    if (!is_floating(x.dtype())) return clone_values(x);
    return visit_float(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const kernels::Replacements<T> by{T(nan.value_or(0)), posinf ? T(*posinf) : std::numeric_limits<T>::max(),
                                        neginf ? T(*neginf) : std::numeric_limits<T>::lowest()};
      return unary_with(info.name, table().elementwise.nan_to_num, x, x.dtype(), &by, sizeof(by));
    });
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {where(isfinite(s.x.unpack()), dy, number(0))}; }
};

using Rounding = OpList<Floor, Ceil, Trunc, Round, Frac, NanToNum>;

}  // namespace tg::ops
