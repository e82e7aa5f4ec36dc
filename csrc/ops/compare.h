// Comparisons and tests, elementwise. Nothing here has a gradient.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// Of a contiguous bool tensor.
inline bool all_true(const Tensor& t) {
  const uint8_t* p = t.data<uint8_t>();
  return std::find(p, p + t.numel(), uint8_t(0)) == p + t.numel();
}

struct Eq {
  static constexpr OpInfo info{.name = "eq",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input == other, elementwise.",
                               .example = "tg.eq(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary_bool(info.name, table().elementwise.eq, a, b);
  }
};

struct Ne {
  static constexpr OpInfo info{.name = "ne",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input != other, elementwise.",
                               .example = "tg.ne(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))",
                               .aliases = "not_equal",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary_bool(info.name, table().elementwise.ne, a, b);
  }
};

struct Lt {
  static constexpr OpInfo info{.name = "lt",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input < other, elementwise.",
                               .example = "tg.lt(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))",
                               .aliases = "less",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary_bool(info.name, table().elementwise.lt, a, b);
  }
};

struct Le {
  static constexpr OpInfo info{.name = "le",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input <= other, elementwise.",
                               .example = "tg.le(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))",
                               .aliases = "less_equal",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary_bool(info.name, table().elementwise.le, a, b);
  }
};

struct Gt {
  static constexpr OpInfo info{.name = "gt",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input > other, elementwise.",
                               .example = "tg.gt(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))",
                               .aliases = "greater",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary_bool(info.name, table().elementwise.gt, a, b);
  }
};

struct Ge {
  static constexpr OpInfo info{.name = "ge",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input >= other, elementwise.",
                               .example = "tg.ge(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 1.0]))",
                               .aliases = "greater_equal",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary_bool(info.name, table().elementwise.ge, a, b);
  }
};

struct IsNan {
  static constexpr OpInfo info{.name = "isnan",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True where an element is NaN.",
                               .example = "tg.isnan(tg.tensor([1.0, -0.0, float(\"inf\"), float(\"-inf\"), float(\"nan\")]))"};
  static Tensor forward(const Tensor& x) {
    return is_floating(x.dtype()) ? unary_bool(info.name, table().elementwise.isnan, x) : full(x.shape(), 0, DType::bool_);
  }
};

struct IsInf {
  static constexpr OpInfo info{.name = "isinf",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True where an element is infinite.",
                               .example = "tg.isinf(tg.tensor([1.0, -0.0, float(\"inf\"), float(\"-inf\"), float(\"nan\")]))"};
  static Tensor forward(const Tensor& x) {
    return is_floating(x.dtype()) ? unary_bool(info.name, table().elementwise.isinf, x) : full(x.shape(), 0, DType::bool_);
  }
};

struct IsFinite {
  static constexpr OpInfo info{.name = "isfinite",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True where an element is neither infinite nor NaN.",
                               .example = "tg.isfinite(tg.tensor([1.0, -0.0, float(\"inf\"), float(\"-inf\"), float(\"nan\")]))"};
  static Tensor forward(const Tensor& x) {
    return is_floating(x.dtype()) ? unary_bool(info.name, table().elementwise.isfinite, x) : full(x.shape(), 1, DType::bool_);
  }
};

struct IsPosInf {
  static constexpr OpInfo info{.name = "isposinf",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True where an element is positive infinity.",
                               .example = "tg.isposinf(tg.tensor([1.0, -0.0, float(\"inf\"), float(\"-inf\"), float(\"nan\")]))"};
  static Tensor forward(const Tensor& x) {
    return is_floating(x.dtype()) ? unary_bool(info.name, table().elementwise.isposinf, x) : full(x.shape(), 0, DType::bool_);
  }
};

struct IsNegInf {
  static constexpr OpInfo info{.name = "isneginf",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True where an element is negative infinity.",
                               .example = "tg.isneginf(tg.tensor([1.0, -0.0, float(\"inf\"), float(\"-inf\"), float(\"nan\")]))"};
  static Tensor forward(const Tensor& x) {
    return is_floating(x.dtype()) ? unary_bool(info.name, table().elementwise.isneginf, x) : full(x.shape(), 0, DType::bool_);
  }
};

struct IsReal {
  static constexpr OpInfo info{.name = "isreal",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True everywhere: there are no complex tensors.",
                               .example = "tg.isreal(tg.tensor([1.0, 2.0]))"};
  static Tensor forward(const Tensor& x) { return full(x.shape(), 1, DType::bool_); }
};

struct SignBit {
  static constexpr OpInfo info{.name = "signbit",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True where the sign bit is set, that of -0.0 included.",
                               .example = "tg.signbit(tg.tensor([1.0, -0.0, float(\"inf\"), float(\"-inf\"), float(\"nan\")]))"};
  static Tensor forward(const Tensor& x) {
    return x.dtype() == DType::bool_ ? zeros(x.shape(), x.dtype()) : unary_bool(info.name, table().elementwise.signbit, x);
  }
};

struct IsClose {
  static constexpr OpInfo info{
      .name = "isclose",
      .signature = "(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor",
      .doc = "True where |input - other| <= atol + rtol |other|, or both are equal.",
      .example = "tg.isclose(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.1]))"};
  static Tensor forward(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
    require_same_dtype(info.name, a, b);
    if (!(rtol >= 0) || !(atol >= 0))
      fail<RuntimeError>("isclose(): rtol and atol must not be negative, got ", rtol, " and ", atol);
    const DType t = is_floating(a.dtype()) ? a.dtype() : DType::float64;
    return visit_float(t, [&](auto zero) {
      using T = decltype(zero);
      const kernels::Tolerance<T> within{T(rtol), T(atol), equal_nan};
      return binary_bool_with(info.name, table().elementwise.isclose, a, b, t, &within, sizeof(within));
    });
  }
};

struct AllClose {
  static constexpr OpInfo info{
      .name = "allclose",
      .signature = "(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool",
      .doc = "Whether isclose is true everywhere.",
      .example = "tg.allclose(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.1]))"};
  static bool forward(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
    const Tensor close = IsClose::forward(a, b, rtol, atol, equal_nan);
    return all_true(close);
  }
};

struct Equal {
  static constexpr OpInfo info{.name = "equal",
                               .signature = "(input: Tensor, other: Tensor) -> bool",
                               .doc = "Whether both have the same shape and the same elements.",
                               .example = "tg.equal(tg.tensor([1, 2]), tg.tensor([1, 2]))"};
  static bool forward(const Tensor& a, const Tensor& b) {
    if (!same(a.shape(), b.shape())) return false;
    require_same_dtype(info.name, a, b);
    return all_true(Eq::forward(a, b));
  }
};

using Compare =
    OpList<Eq, Ne, Lt, Le, Gt, Ge, IsNan, IsInf, IsFinite, IsPosInf, IsNegInf, IsReal, SignBit, IsClose, AllClose, Equal>;

}  // namespace tg::ops
