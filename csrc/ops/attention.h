// Attention.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct ScaledDotProductAttention {
  static constexpr OpInfo info{
      .name = "scaled_dot_product_attention",
      .signature =
          "(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0, "
          "is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False) -> Tensor",
      .doc =
          "softmax(scale query key^T + mask) value, scale 1 / sqrt(E) unless given (Vaswani et al., 2017). A boolean mask is "
          "True where a key takes part, another is added; is_causal hides keys after the query's own position. A query that "
          "sees no key gives zeros. enable_gqa repeats heads of key and value to as many as query has.",
      .formula = "Y = softmax(Q K^T / sqrt(E) + M) V",
      .shapes = "[..., L, E], [..., S, E], [..., S, Ev], mask [..., L, S] -> [..., L, Ev]",
      .example =
          "tg.nn.functional.scaled_dot_product_attention(tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 0.0], [0.0, 1.0]]), "
          "tg.tensor([[1.0], [2.0]]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, double dropout,
                        bool causal, std::optional<double> scale, bool grouped);
};

using Attentions = OpList<ScaledDotProductAttention>;

}  // namespace tg::ops
