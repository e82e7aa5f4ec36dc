// Attention.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// softmax(scale Q K^T + M) V in strips of queries, without the whole matrix of scores. Key and value have the same batch dims,
// but for a last one of which each entry serves `group` heads of query. mask: null, or added and contiguous in its last dim.
struct Attention {
  static constexpr OpInfo info{
      .name = "attention",
      .signature = "(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scale: float, causal: bool, group: int) -> Tensor",
      .doc = "Attention as one operation (Dao et al., 2022, without their running softmax: a strip holds all keys).",
      .formula = "Y = P V, P = softmax(scale Q K^T + M)",
      .gradient = "dV = P^T dY, dS = P (dY V^T - sum(dY Y)), dQ = scale dS K, dK = scale dS^T Q",
      .face = Face::internal};
  struct Saved {
    SavedInput query, key, value, mask;
    SavedOutput y;
    Tensor lse;  // log sum e^score of each query
    double scale;
    bool causal;
    int64_t group;
  };
  static Tensor forward(Saved& s, const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, double scale,
                        bool causal, int64_t group);
  static Grads<4> backward(const Saved& s, Needs needs, const Tensor& dy);
};

// P, recorded. A query that sees no key has zeros.
Tensor attention_weights(const Tensor& query, const Tensor& key, const Tensor& mask, double scale, bool causal);
// Each head repeated so often, in place: [..., H, S, E] -> [..., H times, S, E]; and its adjoint.
Tensor repeat_heads(const Tensor& x, int64_t times);
Tensor add_up_heads(const Tensor& x, int64_t times);

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

using AttentionInternal = OpList<Attention>;
using Attentions = OpList<ScaledDotProductAttention>;

}  // namespace tg::ops
