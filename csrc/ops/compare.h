// Comparison, logic and bits, elementwise. Nothing here has a gradient.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Eq {
  static constexpr OpInfo info{.name = "eq",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input == other, elementwise."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary_bool(info.name, table().elementwise.eq, a, b); }
};
struct Ne {
  static constexpr OpInfo info{.name = "ne",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input != other, elementwise."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary_bool(info.name, table().elementwise.ne, a, b); }
};
struct Lt {
  static constexpr OpInfo info{.name = "lt",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input < other, elementwise."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary_bool(info.name, table().elementwise.lt, a, b); }
};
struct Le {
  static constexpr OpInfo info{.name = "le",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input <= other, elementwise."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary_bool(info.name, table().elementwise.le, a, b); }
};
struct Gt {
  static constexpr OpInfo info{.name = "gt",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input > other, elementwise."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary_bool(info.name, table().elementwise.gt, a, b); }
};
struct Ge {
  static constexpr OpInfo info{.name = "ge",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input >= other, elementwise."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary_bool(info.name, table().elementwise.ge, a, b); }
};
struct LogicalNot {
  static constexpr OpInfo info{
      .name = "logical_not", .signature = "(input: Tensor) -> Tensor", .doc = "True where an element is zero."};
  static Tensor forward(const Tensor& x) { return unary_bool(info.name, table().elementwise.logical_not, x); }
};
struct IsNan {
  static constexpr OpInfo info{.name = "isnan", .signature = "(input: Tensor) -> Tensor", .doc = "True where an element is NaN."};
  static Tensor forward(const Tensor& x) {
    return is_floating(x.dtype()) ? unary_bool(info.name, table().elementwise.isnan, x) : zeros(x.shape(), DType::bool_);
  }
};

struct BitwiseNot {
  static constexpr OpInfo info{
      .name = "bitwise_not", .signature = "(input: Tensor) -> Tensor", .doc = "~input, for integers and bool."};
  static Tensor forward(const Tensor& x) { return unary(info.name, table().elementwise.bitwise_not, x); }
};
struct BitwiseAnd {
  static constexpr OpInfo info{.name = "bitwise_and",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input & other, for integers and bool."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary(info.name, table().elementwise.bitwise_and, a, b); }
};
struct BitwiseOr {
  static constexpr OpInfo info{.name = "bitwise_or",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input | other, for integers and bool."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary(info.name, table().elementwise.bitwise_or, a, b); }
};
struct BitwiseXor {
  static constexpr OpInfo info{.name = "bitwise_xor",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "input ^ other, for integers and bool."};
  static Tensor forward(const Tensor& a, const Tensor& b) { return binary(info.name, table().elementwise.bitwise_xor, a, b); }
};

using Compare = OpList<Eq, Ne, Lt, Le, Gt, Ge, LogicalNot, IsNan, BitwiseNot, BitwiseAnd, BitwiseOr, BitwiseXor>;

}  // namespace tg::ops
