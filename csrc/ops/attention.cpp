// Attention, composed of other operations.
#include "ops/attention.h"

#include <cmath>

#include "ops/dropout.h"

namespace tg::ops {
namespace {

constexpr const char* kName = ScaledDotProductAttention::info.name;

// Each head repeated so often, in place: [..., H, S, E] -> [..., H times, S, E].
Tensor repeat_heads(const Tensor& x, int64_t times) {
  if (times == 1) return x;
  const int head = x.ndim() - 3;
  Shape apart = x.shape(), together = x.shape();
  apart.insert(head + 1, times);
  together[head] *= times;
  return reshape(expand(unsqueeze(x, head + 1), apart), together);
}

// True up to the diagonal.
Tensor lower_triangle(int64_t rows, int64_t columns) {
  Tensor mask = zeros(Shape{rows, columns}, DType::bool_);
  bool* p = mask.data<bool>();
  for (int64_t i = 0; i < rows; ++i) std::fill_n(p + i * columns, std::min(i + 1, columns), true);
  return mask;
}

}  // namespace

Tensor ScaledDotProductAttention::forward(const Tensor& query, const Tensor& given_key, const Tensor& given_value,
                                          const Tensor& mask, double dropout, bool causal, std::optional<double> scale,
                                          bool grouped) {
  for (const Tensor* t : {&query, &given_key, &given_value}) {
    require_floating(kName, "query, key and value", *t);
    require_same_dtype(kName, query, *t);
    if (t->ndim() < 2)
      fail<RuntimeError>(kName, "(): query, key and value must be [..., length, size], got shape ", Show{t->shape()});
  }
  if (mask && causal) fail<RuntimeError>(kName, "(): give either attn_mask or is_causal, not both");
  Tensor key = given_key, value = given_value;
  if (grouped) {
    if (query.ndim() < 3 || key.ndim() < 3 || value.ndim() < 3)
      fail<RuntimeError>(kName, "(): enable_gqa needs a dim of heads: [..., heads, length, size]");
    const int64_t heads = query.size(query.ndim() - 3);
    for (Tensor* t : {&key, &value}) {
      const int64_t own = t->size(t->ndim() - 3);
      if (own == 0 || heads % own) fail<RuntimeError>(kName, "(): ", heads, " heads of query are no multiple of ", own);
      *t = repeat_heads(*t, heads / own);
    }
  }
  const int64_t length = query.size(query.ndim() - 2), size = query.size(query.ndim() - 1);
  const double factor = scale.value_or(1 / std::sqrt(double(size)));
  Tensor scores = matmul(query * factor, transpose(key, -2, -1));
  Tensor visible = mask && mask.dtype() == DType::bool_ ? mask
                   : causal                             ? lower_triangle(length, key.size(key.ndim() - 2))
                                                        : Tensor();
  if (visible) {
    scores = where(visible, scores, number(-INFINITY));
  } else if (mask) {
    if (!is_floating(mask.dtype())) fail<RuntimeError>(kName, "(): attn_mask must be bool or floating, got dtype ", mask.dtype());
    scores = scores + to(mask, query.dtype());
  }
  // A query without any key would be 0 / 0; such rows exist only under a mask.
  Tensor blind;
  if (mask && scores.numel()) {
    tape::GradMode off(false);
    blind = eq(amax(scores, {scores.ndim() - 1}, true), number(-INFINITY));
  }
  if (blind) scores = where(blind, number(0), scores);
  Tensor weights = softmax(scores, -1);
  if (blind) weights = where(blind, number(0), weights);
  if (dropout != 0) weights = tape::apply<Dropout>(weights, dropout, true, false);
  return matmul(weights, value);
}

}  // namespace tg::ops
