// Logic and bits, elementwise. Nothing here has a gradient.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct LogicalNot {
  static constexpr OpInfo info{.name = "logical_not",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "True where an element is zero.",
                               .example = "tg.logical_not(tg.tensor([0.0, 2.0]))",
                               .inplace = true};
  static Tensor forward(const Tensor& x) { return unary_bool(info.name, table().elementwise.logical_not, x); }
};

struct LogicalAnd {
  static constexpr OpInfo info{.name = "logical_and",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "True where both elements are not zero.",
                               .example = "tg.logical_and(tg.tensor([True, True, False]), tg.tensor([True, False, False]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    return binary_bool(info.name, table().elementwise.logical_and, a, b);
  }
};

struct LogicalOr {
  static constexpr OpInfo info{.name = "logical_or",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "True where an element of either is not zero.",
                               .example = "tg.logical_or(tg.tensor([True, True, False]), tg.tensor([True, False, False]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary_bool(info.name, table().elementwise.logical_or, a, b); }
};

struct LogicalXor {
  static constexpr OpInfo info{.name = "logical_xor",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "True where exactly one of both elements is not zero.",
                               .example = "tg.logical_xor(tg.tensor([True, True, False]), tg.tensor([True, False, False]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    return binary_bool(info.name, table().elementwise.logical_xor, a, b);
  }
};

struct BitwiseNot {
  static constexpr OpInfo info{.name = "bitwise_not",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "~input, for integers and bool.",
                               .example = "tg.bitwise_not(tg.tensor([0, 5]))",
                               .inplace = true};
  static Tensor forward(const Tensor& x) { return unary(info.name, table().elementwise.bitwise_not, x); }
};

struct BitwiseAnd {
  static constexpr OpInfo info{.name = "bitwise_and",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input & other, for integers and bool.",
                               .example = "tg.bitwise_and(tg.tensor([12, 5]), tg.tensor([10, 6]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary(info.name, table().elementwise.bitwise_and, a, b);
  }
};

struct BitwiseOr {
  static constexpr OpInfo info{.name = "bitwise_or",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input | other, for integers and bool.",
                               .example = "tg.bitwise_or(tg.tensor([12, 5]), tg.tensor([10, 6]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary(info.name, table().elementwise.bitwise_or, a, b);
  }
};

struct BitwiseXor {
  static constexpr OpInfo info{.name = "bitwise_xor",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input ^ other, for integers and bool.",
                               .example = "tg.bitwise_xor(tg.tensor([12, 5]), tg.tensor([10, 6]))",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary(info.name, table().elementwise.bitwise_xor, a, b);
  }
};

struct LeftShift {
  static constexpr OpInfo info{.name = "bitwise_left_shift",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input << other, for integers.",
                               .example = "tg.bitwise_left_shift(tg.tensor([1, 3]), 2)",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary(info.name, table().elementwise.left_shift, a, b);
  }
};

struct RightShift {
  static constexpr OpInfo info{.name = "bitwise_right_shift",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input >> other, for integers; the sign is kept.",
                               .example = "tg.bitwise_right_shift(tg.tensor([-8, 12]), 2)",
                               .inplace = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    return binary(info.name, table().elementwise.right_shift, a, b);
  }
};

using Logic =
    OpList<LogicalNot, LogicalAnd, LogicalOr, LogicalXor, BitwiseNot, BitwiseAnd, BitwiseOr, BitwiseXor, LeftShift, RightShift>;

}  // namespace tg::ops
