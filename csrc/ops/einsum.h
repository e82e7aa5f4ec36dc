// Sums of products in Einstein's notation, written as permute, reshape and matmul.
#pragma once
#include "ops/product.h"

namespace tg::ops {

struct Einsum {
  static constexpr OpInfo info{
      .name = "einsum",
      .signature = "(equation: str, *operands: Tensor) -> Tensor",
      .doc =
          "Sums products of elements whose dims are named by letters ('ij,jk->ik'); operands are contracted from left to right. "
          "Lists of ints after each operand serve instead of an equation.",
      .formula = "y[output] = sum over the other letters of the operands' product",
      .example = "tg.einsum('ij,j->i', tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 10.0]))",
      .face = Face::function};
  static Tensor forward(std::string_view equation, const TensorArgs& operands);
};

using Contractions = OpList<Einsum>;

}  // namespace tg::ops
