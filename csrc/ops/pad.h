// Padding: a constant around a tensor, or the tensor continued by reflection, repetition of its border or periodically.
#pragma once
#include "ops/resample.h"

namespace tg::ops {

// Pairs (before, after) from the last dim on, as PyTorch has them; negative ones take elements away.
using Pads = std::vector<int64_t>;

Tensor pad_values(const Tensor& x, const Pads& pads, double value);
void check_pads(const char* op, const Tensor& x, const Pads& pads);

struct ConstantPad {
  static constexpr OpInfo info{
      .name = "constant_pad_nd",
      .signature = "(input: Tensor, pad: tuple, value: float = 0) -> Tensor",
      .doc = "A constant around the last dims: pad has (before, after) for each, from the last on; negative ones crop.",
      .formula = "y = x with constants around it",
      .gradient = "dx = dy padded by -pad",
      .example = "tg.constant_pad_nd(tg.tensor([1.0, 2.0]), (1, 2))",
      .face = Face::function};
  struct Saved {
    Pads negated;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Pads& pad, double value) {
    check_pads(info.name, x, pad);
    for (int64_t p : pad) s.negated.push_back(-p);
    return pad_values(x, pad, value);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<ConstantPad>(dy, s.negated, 0.0)}; }
};

struct Pad {
  static constexpr OpInfo info{
      .name = "pad",
      .signature = "(input: Tensor, pad: tuple, mode: str = 'constant', value: float | None = None) -> Tensor",
      .doc =
          "The input with (before, after) elements more in its last dims, from the last on; mode is 'constant', 'reflect', "
          "'replicate' or 'circular', and negative numbers crop.",
      .example = "tg.nn.functional.pad(tg.tensor([[1.0, 2.0, 3.0]]), (1, 2), mode='circular')",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Pads& pad, std::string_view mode, std::optional<double> value);
};

using Paddings = OpList<ConstantPad, Pad>;

}  // namespace tg::ops
