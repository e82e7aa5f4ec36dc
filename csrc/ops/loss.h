// What losses share: reductions, the refusal to broadcast, and the node of a loss of input and target.
// Knows no particular loss.
#pragma once
#include <vector>

#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

enum class Reduction { none, mean, sum };
// PyTorch's words; size_average and reduce are its old ones and win where they are given.
Reduction reduction_of(const char* op, std::string_view word, std::optional<bool> size_average = {},
                       std::optional<bool> reduce = {});
Tensor reduced(const Tensor& each, Reduction reduction);
// The mean divides by the weights.
Tensor reduced(const Tensor& each, Reduction reduction, const Tensor& weight);

// A target that would only fit by broadcasting is refused.
void require_same_shape(const char* op, const char* argument, const Tensor& input, const Tensor& target);
inline void require_same_shape(const char* op, const Tensor& input, const Tensor& target) {
  require_same_shape(op, "target", input, target);
}

// max(x, low), whose gradient passes at low, as PyTorch's clamp_min.
inline Tensor at_least(const Tensor& x, double low) { return where(ge(x, number(low)), x, number(low)); }

// A loss f(x, t), elementwise: its kernels, and its derivatives in recorded operations for when they are differentiated.
struct PairCurve {
  const kernels::PairLoss* kernel = nullptr;
  double p[2] = {};
  Tensor (*slope)(const Tensor& x, const Tensor& t, const double* p) = nullptr;         // df/dx
  Tensor (*target_slope)(const Tensor& x, const Tensor& t, const double* p) = nullptr;  // df/dt; null: -df/dx
};
struct PairSaved {
  SavedInput x, t;
  PairCurve pair;
  Reduction reduction;
};
Tensor pair_loss(const char* op, PairSaved& s, const Tensor& x, const Tensor& t, const PairCurve& pair, Reduction reduction);
Grads<2> pair_grad(const PairSaved& s, Needs needs, const Tensor& dy);

// A loss of input and target inherits what does not depend on f.
struct PairNode {
  using Saved = PairSaved;
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) { return pair_grad(s, needs, dy); }
};

}  // namespace tg::ops
