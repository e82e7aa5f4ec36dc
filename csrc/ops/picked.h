// Elements taken at one index along a dim: the differentiable half of every operation that gives (values, indices).
#pragma once
#include "ops/select.h"

namespace tg::ops {

struct PickedGrad {
  static constexpr OpInfo info{.name = "picked_grad",
                               .signature = "(grad: Tensor, indices: Tensor, shape: tuple, dim: int) -> Tensor",
                               .doc = "Zeros of a shape with grad added at indices along dim.",
                               .formula = "y = 0, y[index] += x along dim",
                               .gradient = "dx = dy gathered at the indices",
                               .face = Face::internal};
  struct Saved {
    SavedInput indices;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& indices, const Shape& shape, int64_t dim) {
    s.indices = indices;
    s.dim = int(dim);
    Tensor out = zeros(shape, dy.dtype()), from = contiguous_values(dy), at = contiguous_values(indices);
    const int64_t m = from.ndim() ? from.size(s.dim) : 1;
    table().index.scatter_add[int(dy.dtype())](Around(out, s.dim).follow(out, at, from, m, 1));
    return out;
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& g) { return {gather(g, s.dim, s.indices.unpack()), Tensor()}; }
};

template <class Of>
struct Picked {
  static constexpr OpInfo info{.name = "picked",
                               .signature = "(input: Tensor, values: Tensor, indices: Tensor, dim: int) -> Tensor",
                               .doc = "The values that were found at indices along dim.",
                               .formula = "y = x[index] along dim",
                               .gradient = "dx = dy added at the indices",
                               .face = Face::internal,
                               .label = Of::info.name};
  struct Saved {
    SavedInput indices;
    Shape shape;
    int dim;
  };
  // values and indices have x's dims, or lack the one they were taken along.
  static Tensor forward(Saved& s, const Tensor& x, Made values, Made indices, int64_t dim) {
    s.indices = indices.tensor;
    s.shape = x.shape();
    s.dim = int(dim);
    return values.tensor;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& at = s.indices.unpack();
    const bool lacks = at.ndim() < s.shape.size();
    return {
        tape::apply<PickedGrad>(lacks ? unsqueeze(dy, s.dim) : dy, lacks ? unsqueeze(at, s.dim) : at, s.shape, int64_t(s.dim))};
  }
};

// Records that values were found in x at indices.
template <class Of>
ValuesIndices picked(const Tensor& x, const Tensor& values, const Tensor& indices, int dim) {
  return {tape::apply<Picked<Of>>(x, Made{values}, Made{indices}, int64_t(dim)), indices};
}

}  // namespace tg::ops
