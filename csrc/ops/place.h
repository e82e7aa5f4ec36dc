// Copies of a tensor with a part replaced: the scatter forms of views.
#pragma once
#include "ops/diagonal.h"

namespace tg::ops {

// Which elements of a contiguous tensor.
struct PlacesOf {
  Shape shape;
  Ints strides;
  int64_t offset;
};

struct PutPart {
  static constexpr OpInfo info{.name = "put_part",
                               .signature = "(input: Tensor, src: Tensor, places: object) -> Tensor",
                               .doc = "A copy of a tensor with the elements at some places replaced.",
                               .formula = "y = x with y[places] = v",
                               .gradient = "dx = dy with 0 at the places, dv = dy at them",
                               .face = Face::internal,
                               .label = "put"};
  struct Saved {
    PlacesOf at;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& src, const PlacesOf& at) {
    s.at = at;
    Tensor out = clone_values(x);
    copy_values(alias(out, at.shape, at.strides, at.offset), src);
    return out;
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    Grads<2> g;
    if (needs[0]) g[0] = tape::apply<PutPart>(dy, zeros(s.at.shape, dy.dtype()), s.at);
    if (needs[1]) g[1] = as_strided(contiguous(dy), s.at.shape, s.at.strides, s.at.offset);
    return g;
  }
};

inline Tensor put(const char* op, const Tensor& x, const Tensor& src, const PlacesOf& at) {
  if (!same(src.shape(), at.shape))
    fail<RuntimeError>(op, "(): src of shape ", Show{src.shape()}, " for a part of shape ", Show{at.shape});
  return tape::apply<PutPart>(x, src, at);
}

struct SelectScatter {
  static constexpr OpInfo info{.name = "select_scatter",
                               .signature = "(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor",
                               .doc = "A copy of input with the slice at index along dim replaced by src.",
                               .formula = "y = x with y.select(dim, index) = src",
                               .example = "tg.select_scatter(tg.zeros(2, 2), tg.tensor([1.0, 2.0]), 0, 1)"};
  static Tensor forward(const Tensor& x, const Tensor& src, int64_t dim, int64_t index) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<IndexError>("select_scatter(): a 0-d tensor has no dim to select from");
    const int64_t i = index < 0 ? index + x.size(d) : index;
    if (i < 0 || i >= x.size(d))
      fail<IndexError>("select_scatter(): index ", index, " is out of range for dim ", d, " of size ", x.size(d));
    PlacesOf at{x.shape(), contiguous_strides(x.shape()), 0};
    at.offset = i * at.strides[d];
    at.shape.erase(d);
    at.strides.erase(d);
    return put(info.name, x, src, at);
  }
};

struct SliceScatter {
  static constexpr OpInfo info{
      .name = "slice_scatter",
      .signature =
          "(input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) "
          "-> Tensor",
      .doc = "A copy of input with the elements start:end:step along dim replaced by src.",
      .formula = "y = x with y[start:end:step] = src",
      .example = "tg.slice_scatter(tg.zeros(4), tg.tensor([1.0, 2.0]), start=1, end=3)"};
  static Tensor forward(const Tensor& x, const Tensor& src, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
                        int64_t step) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<RuntimeError>("slice_scatter(): a 0-d tensor has no dim to slice");
    if (step < 1) fail<RuntimeError>("slice_scatter(): step must be positive, got ", step);
    const auto place = [size = x.size(d)](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
    const int64_t from = place(start.value_or(0)), to = std::max(from, place(end.value_or(INT64_MAX)));
    PlacesOf at{x.shape(), contiguous_strides(x.shape()), 0};
    at.shape[d] = to > from ? (to - from - 1) / step + 1 : 0;
    if (product(at.shape)) at.offset = from * at.strides[d];
    if (at.shape[d] > 1) at.strides[d] *= step;
    return put(info.name, x, src, at);
  }
};

struct DiagonalScatter {
  static constexpr OpInfo info{
      .name = "diagonal_scatter",
      .signature = "(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor",
      .doc = "A copy of input with the diagonal of dims dim1 and dim2 replaced by src.",
      .formula = "y = x with y.diagonal(offset, dim1, dim2) = src",
      .example = "tg.diagonal_scatter(tg.zeros(2, 2), tg.tensor([1.0, 2.0]))"};
  static Tensor forward(const Tensor& x, const Tensor& src, int64_t offset, int64_t dim1, int64_t dim2) {
    const DiagonalLayout at(info.name, x.shape(), contiguous_strides(x.shape()), offset, dim1, dim2);
    return put(info.name, x, src, {at.shape, at.strides, at.offset});
  }
};

struct AsStridedScatter {
  static constexpr OpInfo info{.name = "as_strided_scatter",
                               .signature =
                                   "(input: Tensor, src: Tensor, size: tuple, stride: tuple, storage_offset: int | None "
                                   "= None) -> Tensor",
                               .doc =
                                   "A copy of input, laid out in row-major order, with the elements that size, stride and "
                                   "storage_offset name replaced by src. No element may be named twice.",
                               .formula = "y = x with y.as_strided(size, stride, storage_offset) = src",
                               .example = "tg.as_strided_scatter(tg.zeros(2, 2), tg.tensor([1.0, 2.0]), (2,), (3,))"};
  static Tensor forward(const Tensor& x, const Tensor& src, const Ints& size, const Ints& stride,
                        std::optional<int64_t> storage_offset) {
    Strided::check(size, stride, storage_offset.value_or(0), x.numel());
    return put(info.name, x, src, {size, stride, storage_offset.value_or(0)});
  }
};

struct Fill {
  static constexpr OpInfo info{.name = "fill",
                               .signature = "(input: Tensor, value: Tensor | Number) -> Tensor",
                               .doc = "One value, a number or a 0-d tensor, in input's shape and dtype.",
                               .formula = "y = v everywhere",
                               .gradient = "dx = 0, dv = sum dy (the engine sums)",
                               .example = "tg.fill(tg.tensor([1.0, 2.0]), 3.0)",
                               .face = Face::function,
                               .inplace = true,
                               .bfloat16 = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x, const Tensor& value) {
    Tensor y = empty(x.shape(), x.dtype());
    into(y, value);
    return y;
  }
  static void into(const Tensor& x, const Tensor& value) {
    if (value.ndim() != 0) fail<RuntimeError>("fill(): value must be a number or a 0-d tensor, got shape ", Show{value.shape()});
    copy_values(x, value);
  }
  static Grads<2> backward(const Saved&, Needs needs, const Tensor& dy) {
    return {needs[0] ? zeros(dy.shape(), dy.dtype()) : Tensor(), needs[1] ? dy : Tensor()};
  }
};

using Places = OpList<Fill, SelectScatter, SliceScatter, DiagonalScatter, AsStridedScatter>;
using PlacesInternal = OpList<PutPart>;

}  // namespace tg::ops
