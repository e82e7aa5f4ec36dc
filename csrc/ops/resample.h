// Elements along one dim chosen or mixed by a table of taps: what resizing and the periodic paddings are made of.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// Output o along the dim is sum_k weight[o, k] x[index[o, k]]; without weights there is one tap of weight 1.
struct Taps {
  Tensor index;   // int64 [outputs, taps]
  Tensor weight;  // of the input's dtype, or empty
};

Tensor resample_values(const Tensor& x, int dim, const Taps& taps);
Tensor resample_adjoint_values(const Tensor& dy, int dim, int64_t size, const Taps& taps);

struct ResampleAdjoint;

struct Resample {
  static constexpr OpInfo info{.name = "resample",
                               .signature = "(input: Tensor, dim: int, taps: object) -> Tensor",
                               .doc = "Elements along one dim mixed by a table of taps.",
                               .formula = "y[o] = sum_k w[o, k] x[i[o, k]] along dim",
                               .gradient = "dx[i[o, k]] += w[o, k] dy[o]",
                               .face = Face::internal};
  struct Saved {
    Taps taps;
    int dim;
    int64_t size;
  };
  static Tensor forward(Saved& s, const Tensor& x, int dim, const Taps& taps) {
    s = {taps, dim, x.size(dim)};
    return resample_values(x, dim, taps);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct ResampleAdjoint {
  static constexpr OpInfo info{.name = "resample_adjoint",
                               .signature = "(grad: Tensor, dim: int, size: int, taps: object) -> Tensor",
                               .doc = "The gradient of resample.",
                               .formula = "x[i[o, k]] += w[o, k] y[o] along dim",
                               .gradient = "for a gradient g: dy[o] = sum_k w[o, k] g[i[o, k]]",
                               .face = Face::internal};
  using Saved = Resample::Saved;
  static Tensor forward(Saved& s, const Tensor& dy, int dim, int64_t size, const Taps& taps) {
    s = {taps, dim, size};
    return resample_adjoint_values(dy, dim, size, taps);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& g) { return {tape::apply<Resample>(g, s.dim, s.taps)}; }
};

inline Grads<1> Resample::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<ResampleAdjoint>(dy, s.dim, s.size, s.taps)};
}

using ResamplesInternal = OpList<Resample, ResampleAdjoint>;

}  // namespace tg::ops
