// Losses of distances between vectors, and of rankings.
#include "ops/loss_embedding.h"

#include "ops/distance.h"

namespace tg::ops {
namespace {

Tensor distance(const Tensor& a, const Tensor& b, double p, double eps) {
  return tape::apply<PairwiseDistance>(a, b, p, eps, false);
}
Tensor smaller(const Tensor& a, const Tensor& b) { return -maximum(-a, -b); }

// a where target is 1, b where it is -1, nothing elsewhere.
Tensor by_sign(const Tensor& t, const Tensor& a, const Tensor& b) {
  const Tensor zero = number(0);
  return where(eq(t, number(1)), a, zero) + where(eq(t, number(-1)), b, zero);
}

template <class Distance>
Tensor triplet(const char* op, const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin, bool swap,
               Reduction reduction, const Distance& distance) {
  if (!(margin > 0)) fail<ValueError>(op, "(): margin must be greater than 0, got ", margin);
  if (anchor.ndim() != positive.ndim() || anchor.ndim() != negative.ndim()) {
    fail<RuntimeError>(op, "(): anchor, positive and negative must have as many dims each, got shapes ", Show{anchor.shape()},
                       ", ", Show{positive.shape()}, " and ", Show{negative.shape()});
  }
  Tensor near = distance(anchor, positive), far = distance(anchor, negative);
  if (swap) far = smaller(far, distance(positive, negative));
  return reduced(at_least(near - far + margin, 0), reduction);
}

}  // namespace

Tensor HingeEmbeddingLoss::forward(const Tensor& x, const Tensor& t, double margin, std::optional<bool> size_average,
                                   std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  require_floating(info.name, "input", x);
  require_same_shape(info.name, x, t);
  // Both terms stand where target is neither 1 nor -1, as in PyTorch.
  Tensor lack = where(ne(t, number(1)), at_least(margin - x, 0), number(0));
  return reduced(lack + where(ne(t, number(-1)), x, number(0)), reduction);
}

Tensor MarginRankingLoss::forward(const Tensor& a, const Tensor& b, const Tensor& t, double margin,
                                  std::optional<bool> size_average, std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  if (a.ndim() != b.ndim() || a.ndim() != t.ndim()) {
    fail<RuntimeError>("margin_ranking_loss(): input1, input2 and target must have as many dims each, got shapes ",
                       Show{a.shape()}, ", ", Show{b.shape()}, " and ", Show{t.shape()});
  }
  require_same_shape(info.name, "input2", a, b);
  require_same_shape(info.name, a, t);
  return reduced(at_least(-t * (a - b) + margin, 0), reduction);
}

Tensor CosineEmbeddingLoss::forward(const Tensor& a, const Tensor& b, const Tensor& t, double margin,
                                    std::optional<bool> size_average, std::optional<bool> reduce, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  if (t.ndim() > 1 || a.ndim() != t.ndim() + 1 || b.ndim() != a.ndim()) {
    fail<RuntimeError>("cosine_embedding_loss(): expected inputs [N, D] with target [N], or [D] with a 0-d target; got shapes ",
                       Show{a.shape()}, ", ", Show{b.shape()}, " and ", Show{t.shape()});
  }
  // PyTorch's own epsilon, which is added to squares here.
  constexpr double eps = 1e-12;
  const Ints last{a.ndim() - 1};
  Tensor cosine = sum(a * b, last) / sqrt((sum(a * a, last) + eps) * (sum(b * b, last) + eps));
  if (!broadcastable_to(t.shape(), cosine.shape())) require_same_shape(info.name, cosine, t);
  return reduced(by_sign(t, 1.0 - cosine, at_least(cosine - margin, 0)), reduction);
}

Tensor TripletMarginLoss::forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin, double p,
                                  double eps, bool swap, std::optional<bool> size_average, std::optional<bool> reduce,
                                  std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word, size_average, reduce);
  return triplet(info.name, anchor, positive, negative, margin, swap, reduction,
                 [&](const Tensor& a, const Tensor& b) { return distance(a, b, p, eps); });
}

Tensor TripletMarginWithDistanceLoss::forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                              const PairFunction& given, double margin, bool swap, std::string_view word) {
  const Reduction reduction = reduction_of(info.name, word);
  if (given.call) return triplet(info.name, anchor, positive, negative, margin, swap, reduction, given.call);
  return triplet(info.name, anchor, positive, negative, margin, swap, reduction,
                 [](const Tensor& a, const Tensor& b) { return distance(a, b, 2, 1e-6); });
}

}  // namespace tg::ops
