// Extremes and where they stand.
#pragma once
#include "ops/order.h"
#include "ops/picked.h"
#include "ops/reduce_values.h"

namespace tg::ops {

struct Amax {
  static constexpr OpInfo info{.name = "amax",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The maximum over dim, or of everything; ties share the gradient.",
                               .formula = "y = max x",
                               .gradient = "dx = dy shared evenly by all elements that equal the maximum",
                               .example = "tg.amax(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Dims dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim) {
    s.x = x;
    s.dims = Dims(info.name, dim, x.ndim());
    return s.y.keep(reduce_values(info.name, {table().reduce.max, table().reduce.max}, x, s.dims, keepdim, x.dtype()));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {share(dy, s.x.unpack(), s.y.unpack(), s.dims)}; }

  static Tensor share(const Tensor& dy, const Tensor& x, const Tensor& y, Dims dims) {
    const Shape kept = kept_shape(x.shape(), dims);
    Tensor ties = to(eq(x, reshape(y, kept)), dy.dtype());
    return ties * (reshape(dy, kept) / sum(ties, dims.list(), true));
  }
};

struct Amin {
  static constexpr OpInfo info{.name = "amin",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The minimum over dim, or of everything; ties share the gradient.",
                               .formula = "y = min x",
                               .gradient = "dx = dy shared evenly by all elements that equal the minimum",
                               .example = "tg.amin(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Dims dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim) {
    s.x = x;
    s.dims = Dims(info.name, dim, x.ndim());
    return s.y.keep(reduce_values(info.name, {table().reduce.min, table().reduce.min}, x, s.dims, keepdim, x.dtype()));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {Amax::share(dy, s.x.unpack(), s.y.unpack(), s.dims)};
  }
};

struct MinMax {
  static constexpr const char* fields[] = {"min", "max"};
  Tensor min, max;
};

struct Aminmax {
  static constexpr OpInfo info{.name = "aminmax",
                               .signature = "(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> tuple",
                               .doc = "The minimum and the maximum along dim, or of everything, as (min, max).",
                               .example = "tg.aminmax(tg.tensor([3.0, 1.0, 2.0]))"};
  static MinMax forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    const Ints dims = dim ? Ints{*dim} : Ints();
    return {tape::apply<Amin>(x, dims, keepdim), tape::apply<Amax>(x, dims, keepdim)};
  }
};

// Positions alone, along dim or in the flattened tensor.
inline Tensor arg_extreme(const char* op, const kernels::ReduceFn* fn, const Tensor& x, std::optional<int64_t> dim,
                          bool keepdim) {
  if (x.dtype() == DType::bool_) fail<RuntimeError>(op, "(): not defined for dtype bool");
  const Dims dims(op, dim, x.ndim());
  Tensor out;
  find_values(op, fn, x, dims, keepdim, nullptr, out);
  return out;
}

struct Argmax {
  static constexpr OpInfo info{.name = "argmax",
                               .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The position of the first maximum along dim (of the flattened tensor without dim).",
                               .example = "tg.argmax(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)"};
  static Tensor forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    return arg_extreme(info.name, table().reduce.argmax, x, dim, keepdim);
  }
};

struct Argmin {
  static constexpr OpInfo info{.name = "argmin",
                               .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The position of the first minimum along dim (of the flattened tensor without dim).",
                               .example = "tg.argmin(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)"};
  static Tensor forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    return arg_extreme(info.name, table().reduce.argmin, x, dim, keepdim);
  }
};

// max and min in their three forms: elementwise with another tensor, along a dim, of everything.
template <class Op, class Whole, class Elementwise>
ValuesIndices extreme(const kernels::ReduceFn* fn, const Tensor& x, const IntOrTensor& dim, bool keepdim, const Tensor& other) {
  const char* op = Op::info.name;
  const Tensor& b = other ? other : dim.tensor;
  if (b) {
    if ((dim.tensor && other) || dim.number || keepdim)
      fail<TypeError>(op, "(): takes either another tensor, or dim and keepdim");
    return {tape::apply<Elementwise>(x, b), Tensor()};
  }
  if (!dim.number) {
    if (keepdim) fail<TypeError>(op, "(): keepdim goes with dim");
    return {tape::apply<Whole>(x, Ints(), false), Tensor()};
  }
  const int d = normalize_dim(op, *dim.number, x.ndim());
  Tensor values, indices;
  find_values(op, fn, x, Dims(op, Ints{d}, x.ndim()), keepdim, &values, indices);
  return picked<Op>(x, values, indices, d);
}

struct Max {
  static constexpr OpInfo info{
      .name = "max",
      .signature =
          "(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Tensor | None = None) -> Tensor | "
          "tuple",
      .doc =
          "The maximum of everything (ties share the gradient); with dim, (values, indices) of the first maximum along it; "
          "with another tensor, maximum.",
      .example = "tg.max(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), 1)"};
  static ValuesIndices forward(const Tensor& x, const IntOrTensor& dim, bool keepdim, const Tensor& other) {
    return extreme<Max, Amax, Maximum>(table().reduce.argmax, x, dim, keepdim, other);
  }
};

struct Min {
  static constexpr OpInfo info{
      .name = "min",
      .signature =
          "(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Tensor | None = None) -> Tensor | "
          "tuple",
      .doc =
          "The minimum of everything (ties share the gradient); with dim, (values, indices) of the first minimum along it; "
          "with another tensor, minimum.",
      .example = "tg.min(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), 1)"};
  static ValuesIndices forward(const Tensor& x, const IntOrTensor& dim, bool keepdim, const Tensor& other) {
    return extreme<Min, Amin, Minimum>(table().reduce.argmin, x, dim, keepdim, other);
  }
};

using Extremes = OpList<Amax, Amin, Aminmax, Argmax, Argmin, Max, Min>;
using ExtremesInternal = OpList<Picked<Max>, PickedGrad>;

}  // namespace tg::ops
