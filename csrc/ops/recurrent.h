// Recurrent layers.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// All steps of an LSTM. input: W_ih x + b of every step, whose quarters are the gates i, f, g, o.
struct LstmSteps {
  static constexpr OpInfo info{
      .name = "lstm_steps",
      .signature = "(input: Tensor, h: Tensor, c: Tensor, weight: Tensor, reverse: bool = False) -> Tensor",
      .doc =
          "An LSTM over a sequence (Hochreiter & Schmidhuber, 1997), from its end if reverse: h after each step, then the "
          "last c. input holds what the input's weights and the biases make of each step.",
      .formula = "i, f, g, o = x[t] + h w^T; c' = s(f) c + s(i) tanh(g); h' = s(o) tanh(c')",
      .gradient = "the chain rule through the steps, backwards; dw = sum over them of dgates^T h",
      .shapes = "[T, N, 4 H], [N, H], [N, H], [4 H, H] -> [T + 1, N, H]",
      .face = Face::internal};
  struct Saved {
    SavedInput input, h, c, weight;
    SavedOutput y;
    Tensor gates, cells;  // activated [T, N, 4 H], and c after each step [T, N, H]
    bool reverse;
  };
  static Tensor forward(Saved& s, const Tensor& input, const Tensor& h, const Tensor& c, const Tensor& weight, bool reverse);
  static Grads<4> backward(const Saved& s, Needs needs, const Tensor& dy);
};

using Recurrents = OpList<LstmSteps>;

}  // namespace tg::ops
