// Dropout.
#pragma once
#include "core/random.h"
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Dropout {
  static constexpr OpInfo info{
      .name = "dropout",
      .signature = "(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor",
      .doc = "Elements zeroed with probability p, the others scaled by 1 / (1 - p); nothing outside training.",
      .formula = "y = x m with m = 0 with probability p, else 1 / (1 - p)",
      .gradient = "dx = dy m",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, double p, bool training) {
    if (!(p >= 0 && p <= 1)) fail<ValueError>("dropout(): p must be between 0 and 1, got ", p);
    require_floating(info.name, "input", x);
    if (!training || p == 0) return x;
    if (p == 1) return x * 0.0;
    Tensor mask = empty(x.shape(), x.dtype());
    visit_float(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T scale = T(1 / (1 - p));
      T* m = mask.data<T>();
      Generator& g = default_generator();
      for (int64_t i = 0; i < mask.numel(); ++i) m[i] = g.uniform_float() < p ? T(0) : scale;
    });
    return x * mask;
  }
};

using Noise = OpList<Dropout>;

}  // namespace tg::ops
