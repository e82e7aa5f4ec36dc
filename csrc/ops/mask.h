// Elements chosen by a bool mask, and the places where a tensor is not zero.
#pragma once
#include "ops/index.h"

namespace tg::ops {

// mask as contiguous bytes of a shape that it broadcasts to; throws unless it is bool.
Tensor whole_mask(const char* op, const Tensor& mask, Span shape);
int64_t count_true(const Tensor& whole_mask);
// int64 [count, ndim], or [ndim, count] `by_dim`: where t is not zero, in order.
Tensor places_of(const Tensor& t, bool by_dim);
// int64 [count]: where the flattened t is not zero.
Tensor flat_places_of(const Tensor& t);

struct MaskedSelect {
  static constexpr OpInfo info{.name = "masked_select",
                               .signature = "(input: Tensor, mask: Tensor) -> Tensor",
                               .doc = "The elements where mask is true, in order; both broadcast.",
                               .formula = "y = the elements of x where the mask is true",
                               .gradient = "dx = 0 with dy where the mask is true",
                               .shapes = "[...], [...] -> [count]",
                               .example = "tg.masked_select(tg.tensor([1.0, 2.0, 3.0]), tg.tensor([True, False, True]))"};
  struct Saved {
    SavedInput mask;
    Shape shape;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& mask);
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy);
};

struct MaskedScatter {
  static constexpr OpInfo info{
      .name = "masked_scatter",
      .signature = "(input: Tensor, mask: Tensor, source: Tensor) -> Tensor",
      .doc = "A copy of input with the elements of source, in order, where mask is true; input and mask broadcast.",
      .formula = "y = x with the first elements of source where the mask is true",
      .gradient = "dx = dy with zeros where the mask is true, dsource = dy there, then zeros",
      .example = "tg.masked_scatter(tg.zeros(3), tg.tensor([True, False, True]), tg.tensor([1.0, 2.0]))",
      .inplace = true};
  struct Saved {
    SavedInput mask;
    Shape source;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& mask, const Tensor& source);
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy);
};

struct Nonzero {
  static constexpr OpInfo info{.name = "nonzero",
                               .signature = "(input: Tensor, *, as_tuple: bool = False) -> Tensor | tuple",
                               .doc =
                                   "The places of the elements that are not zero, in order: one row of coordinates each, or a "
                                   "tuple with one tensor per dim.",
                               .shapes = "[d1, ..., dn] -> [count, n]",
                               .example = "tg.nonzero(tg.tensor([[0.0, 1.0], [2.0, 0.0]]))"};
  static OneOrMany forward(const Tensor& x, bool as_tuple);
};

struct NonzeroStatic {
  static constexpr OpInfo info{
      .name = "nonzero_static",
      .signature = "(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor",
      .doc = "The first places of nonzero, as many as size says; rows of fill_value where there are fewer.",
      .shapes = "[d1, ..., dn] -> [size, n]",
      .example = "tg.nonzero_static(tg.tensor([0.0, 3.0]), size=2)"};
  static Tensor forward(const Tensor& x, int64_t size, int64_t fill_value);
};

struct UnravelIndex {
  static constexpr OpInfo info{.name = "unravel_index",
                               .signature = "(indices: Tensor, shape: int | tuple) -> tuple",
                               .doc =
                                   "Positions in a flattened tensor of a shape as coordinates, one tensor per dim. Positions "
                                   "beyond either end wrap round.",
                               .formula = "y[d] = indices // (shape[d + 1] ... shape[n]) mod shape[d]",
                               .example = "tg.unravel_index(tg.tensor([4, 1]), (2, 3))",
                               .face = Face::function};
  static TensorList forward(const Tensor& indices, const Ints& shape);
};

struct Argwhere {
  static constexpr OpInfo info{.name = "argwhere",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The places of the elements that are not zero, in order, one row of coordinates each.",
                               .shapes = "[d1, ..., dn] -> [count, n]",
                               .example = "tg.argwhere(tg.tensor([0.0, 3.0, 2.0]))"};
  static Tensor forward(const Tensor& x) { return places_of(x, false); }
};

using Masks = OpList<MaskedSelect, MaskedScatter, Nonzero, NonzeroStatic, UnravelIndex, Argwhere>;

}  // namespace tg::ops
