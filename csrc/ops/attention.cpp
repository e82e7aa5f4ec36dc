// Attention: its arguments checked, and which way it is computed. As one operation where that covers the case; composed of
// others under dropout, a mask that is itself differentiated, and shapes that broadcast.
#include "ops/attention.h"

#include <cmath>

#include "ops/dropout.h"

namespace tg::ops {
namespace {

constexpr const char* kName = ScaledDotProductAttention::info.name;

// True up to the diagonal.
Tensor lower_triangle(int64_t rows, int64_t columns) {
  Tensor mask = zeros(Shape{rows, columns}, DType::bool_);
  bool* p = mask.data<bool>();
  for (int64_t i = 0; i < rows; ++i) std::fill_n(p + i * columns, std::min(i + 1, columns), true);
  return mask;
}

// The mask as numbers to be added.
Tensor additive(const Tensor& mask, DType t) {
  if (mask.dtype() != DType::bool_) return cast(mask, t);
  return where_values(kName, mask, number(0), number(-INFINITY), t);
}

// Whether the strips of Attention cover these arguments.
bool plain(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, double dropout, int64_t group) {
  const int n = query.ndim();
  if (dropout != 0 || key.ndim() != n || value.ndim() != n || !query.numel() || !key.numel() || !value.numel()) return false;
  if (key.size(n - 2) != value.size(n - 2) || key.size(n - 1) != query.size(n - 1)) return false;
  for (int d = 0; d < n - 2; ++d) {
    const int64_t times = d == n - 3 ? group : 1;
    if (key.size(d) != value.size(d) || key.size(d) * times != query.size(d)) return false;
  }
  if (!mask) return true;
  const int lead = n - mask.ndim();
  if (lead < 0 || mask.ndim() == 0 || mask.requires_grad() || mask.size(mask.ndim() - 1) != key.size(n - 2)) return false;
  for (int d = 0; d < mask.ndim() - 1; ++d)
    if (mask.size(d) != 1 && mask.size(d) != query.size(d + lead)) return false;
  return true;
}

}  // namespace

Tensor repeat_heads(const Tensor& x, int64_t times) {
  if (times == 1) return x;
  const int head = x.ndim() - 3;
  Shape apart = x.shape(), together = x.shape();
  apart.insert(head + 1, times);
  together[head] *= times;
  return reshape(expand(unsqueeze(x, head + 1), apart), together);
}

Tensor add_up_heads(const Tensor& x, int64_t times) {
  if (times == 1) return x;
  const int head = x.ndim() - 3;
  Shape apart = x.shape();
  apart[head] /= times;
  apart.insert(head + 1, times);
  return sum(reshape(x, apart), {head + 1});
}

Tensor attention_weights(const Tensor& query, const Tensor& key, const Tensor& mask, double scale, bool causal) {
  Tensor scores = matmul(query * scale, transpose(key, -2, -1));
  Tensor visible = mask && mask.dtype() == DType::bool_ ? mask
                   : causal                             ? lower_triangle(query.size(query.ndim() - 2), key.size(key.ndim() - 2))
                                                        : Tensor();
  if (visible) {
    scores = where(visible, scores, number(-INFINITY));
  } else if (mask) {
    scores = scores + to(mask, query.dtype());
  }
  // A query without any key would be 0 / 0; such rows exist only under a mask.
  Tensor blind;
  if (mask && scores.numel()) {
    tape::GradMode off(false);
    blind = eq(amax(scores, {scores.ndim() - 1}, true), number(-INFINITY));
  }
  if (blind) scores = where(blind, number(0), scores);
  const Tensor weights = softmax(scores, -1);
  return blind ? where(blind, number(0), weights) : weights;
}

Tensor ScaledDotProductAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                                          double dropout, bool causal, std::optional<double> scale, bool grouped) {
  for (const Tensor* t : {&query, &key, &value}) {
    require_floating(kName, "query, key and value", *t);
    require_same_dtype(kName, query, *t);
    if (t->ndim() < 2)
      fail<RuntimeError>(kName, "(): query, key and value must be [..., length, size], got shape ", Show{t->shape()});
  }
  if (key.size(key.ndim() - 1) != query.size(query.ndim() - 1) || value.size(value.ndim() - 2) != key.size(key.ndim() - 2)) {
    fail<RuntimeError>(kName, "(): expected query [..., L, E], key [..., S, E] and value [..., S, Ev], got shapes ",
                       Show{query.shape()}, ", ", Show{key.shape()}, " and ", Show{value.shape()});
  }
  if (mask && causal) fail<RuntimeError>(kName, "(): give either attn_mask or is_causal, not both");
  int64_t group = 1;
  if (grouped) {
    if (query.ndim() < 3 || key.ndim() < 3 || value.ndim() < 3)
      fail<RuntimeError>(kName, "(): enable_gqa needs a dim of heads: [..., heads, length, size]");
    const int64_t heads = query.size(query.ndim() - 3);
    for (const Tensor* t : {&key, &value}) {
      const int64_t own = t->size(t->ndim() - 3);
      if (own == 0 || heads % own) fail<RuntimeError>(kName, "(): ", heads, " heads of query are no multiple of ", own);
    }
    group = heads / key.size(key.ndim() - 3);
  }
  if (mask && mask.dtype() != DType::bool_ && !is_floating(mask.dtype()))
    fail<RuntimeError>(kName, "(): attn_mask must be bool or floating, got dtype ", mask.dtype());
  const double factor = scale.value_or(1 / std::sqrt(double(query.size(query.ndim() - 1))));
  if (plain(query, key, value, mask, dropout, group)) {
    const Tensor added = mask ? contiguous_values(additive(mask, query.dtype())) : mask;
    return tape::apply<Attention>(query, key, value, added, factor, causal, group);
  }
  Tensor weights = attention_weights(query, repeat_heads(key, group), mask, factor, causal);
  if (dropout != 0) weights = tape::apply<Dropout>(weights, dropout, true, false);
  const int64_t shared = grouped ? query.size(query.ndim() - 3) / value.size(value.ndim() - 3) : 1;
  return matmul(weights, repeat_heads(value, shared));
}

}  // namespace tg::ops
