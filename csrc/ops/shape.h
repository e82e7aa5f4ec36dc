// Shapes made of other views: what users call most, so each finds its layout and records one node.
#pragma once
#include "ops/views.h"

namespace tg::ops {

struct ViewAs {
  static constexpr OpInfo info{.name = "view_as",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "A view in the shape of another tensor.",
                               .example = "tg.arange(4.0).view_as(tg.zeros(2, 2))",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Tensor& other) { return View::forward(x, {other.shape(), {}}); }
};

struct ReshapeAs {
  static constexpr OpInfo info{.name = "reshape_as",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The tensor in the shape of another one, copied only where the layout asks for it.",
                               .example = "tg.arange(4.0).reshape_as(tg.zeros(2, 2))",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Tensor& other) { return Reshape::forward(x, other.shape()); }
};

struct Unsqueeze {
  static constexpr OpInfo info{.name = "unsqueeze",
                               .signature = "(input: Tensor, dim: int) -> Tensor",
                               .doc = "A new dim of size 1 at dim, as a view.",
                               .formula = "y = x with one more dim",
                               .example = "tg.tensor([1.0, 2.0]).unsqueeze(1)",
                               .inplace = true,
                               .bfloat16 = true};
  static constexpr bool relays = true;
  static Tensor forward(const Tensor& x, int64_t dim) {
    const int d = normalize_dim(info.name, dim, x.ndim() + 1);
    Shape shape = x.shape();
    Ints strides = x.strides();
    strides.insert(d, d < x.ndim() ? x.stride(d) * x.size(d) : 1);
    shape.insert(d, 1);
    return tape::apply<Relaid>(x, shape, strides);
  }
};

struct Squeeze {
  static constexpr OpInfo info{.name = "squeeze",
                               .signature = "(input: Tensor, dim: int | tuple | None = None) -> Tensor",
                               .doc = "A view without the dims of size 1, all of them or those in dim.",
                               .formula = "y = x without dims of size 1",
                               .example = "tg.tensor([[1.0], [2.0]]).squeeze(1)",
                               .inplace = true,
                               .bfloat16 = true};
  static constexpr bool relays = true;
  static Tensor forward(const Tensor& x, const std::optional<Ints>& dim) {
    unsigned drop = dim ? 0 : ~0u;
    if (dim)
      for (int64_t each : *dim) {
        const unsigned bit = 1u << normalize_dim(info.name, each, x.ndim());
        if (drop & bit) fail<RuntimeError>("squeeze(): dim ", each, " appears more than once in ", Show{*dim});
        drop |= bit;
      }
    Shape shape;
    Ints strides;
    for (int d = 0; d < x.ndim(); ++d) {
      if (x.size(d) == 1 && drop >> d & 1) continue;
      shape.push_back(x.size(d));
      strides.push_back(x.stride(d));
    }
    return tape::apply<Relaid>(x, shape, strides);
  }
};

struct Flatten {
  static constexpr OpInfo info{.name = "flatten",
                               .signature = "(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor",
                               .doc = "The dims from start_dim to end_dim made one, copied only where the layout asks for it.",
                               .formula = "y = x in another shape",
                               .example = "tg.zeros(2, 3, 4).flatten(1).shape",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, int64_t start_dim, int64_t end_dim) {
    const int start = normalize_dim(info.name, start_dim, x.ndim());
    const int end = normalize_dim(info.name, end_dim, x.ndim());
    if (start > end) fail<RuntimeError>("flatten(): start_dim ", start_dim, " comes after end_dim ", end_dim);
    if (start == end && x.ndim() > 0) return x;
    Shape shape;
    for (int d = 0; d < start; ++d) shape.push_back(x.size(d));
    int64_t run = 1;
    for (int d = start; d <= end && d < x.ndim(); ++d) run *= x.size(d);
    shape.push_back(run);
    for (int d = end + 1; d < x.ndim(); ++d) shape.push_back(x.size(d));
    Ints strides;
    if (seen_as(x, shape, strides)) return tape::apply<Relaid>(x, shape, strides);
    return tape::apply<Relaid>(clone(x), shape, contiguous_strides(shape));
  }
};

struct Ravel {
  static constexpr OpInfo info{.name = "ravel",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "All elements in one dim, copied only where the layout asks for it.",
                               .formula = "y = x in another shape",
                               .example = "tg.tensor([[1.0, 2.0], [3.0, 4.0]]).ravel()",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x) { return Flatten::forward(contiguous(x), 0, -1); }
};

struct Unflatten {
  static constexpr OpInfo info{.name = "unflatten",
                               .signature = "(input: Tensor, dim: int, sizes: tuple) -> Tensor",
                               .doc = "One dim as several, as a view; one of the sizes may be -1.",
                               .formula = "y = x in another shape",
                               .example = "tg.arange(6.0).unflatten(0, (2, -1))",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Ints& sizes) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<IndexError>("unflatten(): a 0-d tensor has no dim to take apart");
    if (sizes.empty()) fail<RuntimeError>("unflatten(): sizes must not be empty");
    const Shape parts = infer_shape(info.name, sizes, x.size(d));
    Shape shape;
    Ints strides;
    for (int i = 0; i < d; ++i) shape.push_back(x.size(i)), strides.push_back(x.stride(i));
    int64_t step = x.stride(d);
    for (int64_t n : parts) step *= std::max<int64_t>(n, 1);
    for (int64_t n : parts) {
      step /= std::max<int64_t>(n, 1);
      shape.push_back(n);
      strides.push_back(step);
    }
    for (int i = d + 1; i < x.ndim(); ++i) shape.push_back(x.size(i)), strides.push_back(x.stride(i));
    return tape::apply<Relaid>(x, shape, strides);
  }
};

struct TransposeMatrix {
  static constexpr OpInfo info{.name = "t",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The transpose of a matrix, as a view; tensors of fewer dims stay as they are.",
                               .formula = "y[i][j] = x[j][i]",
                               .example = "tg.tensor([[1.0, 2.0], [3.0, 4.0]]).t()",
                               .inplace = true,
                               .bfloat16 = true};
  static constexpr bool relays = true;
  static Tensor forward(const Tensor& x) {
    if (x.ndim() > 2) fail<RuntimeError>("t(): expected at most 2 dims, got shape ", Show{x.shape()}, "; use transpose or mT");
    return transpose(x, 0, x.ndim() == 2 ? 1 : 0);
  }
};

struct Adjoint {
  static constexpr OpInfo info{.name = "adjoint",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The last two dims swapped, as a view: all numbers here are real.",
                               .formula = "y[..., i, j] = x[..., j, i]",
                               .example = "tg.tensor([[1.0, 2.0], [3.0, 4.0]]).adjoint()",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x) {
    if (x.ndim() == 1) fail<RuntimeError>("adjoint(): at least 2 dims are needed, the shape is ", Show{x.shape()});
    return x.ndim() ? transpose(x, -2, -1) : x;
  }
};

struct Movedim {
  static constexpr OpInfo info{.name = "movedim",
                               .signature = "(input: Tensor, source: int | tuple, destination: int | tuple) -> Tensor",
                               .doc = "The dims in source put at the places in destination, the others in their order; a view.",
                               .formula = "y = x with dims in another order",
                               .example = "tg.zeros(2, 3, 4).movedim(0, -1).shape",
                               .aliases = "moveaxis",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& source, const Ints& destination) {
    if (source.size() != destination.size()) {
      fail<RuntimeError>("movedim(): source ", Show{source}, " and destination ", Show{destination}, " differ in length");
    }
    if (x.ndim() == 0) {
      for (int i = 0; i < source.size(); ++i) normalize_dim(info.name, source[i], 0), normalize_dim(info.name, destination[i], 0);
      return x;
    }
    Ints order = Ints::filled(x.ndim(), -1);
    unsigned moved = 0;
    for (int i = 0; i < source.size(); ++i) {
      const int from = normalize_dim(info.name, source[i], x.ndim()), to = normalize_dim(info.name, destination[i], x.ndim());
      if (moved >> from & 1 || order[to] >= 0) {
        fail<RuntimeError>("movedim(): a dim appears more than once in source ", Show{source}, " or destination ",
                           Show{destination});
      }
      moved |= 1u << from;
      order[to] = from;
    }
    for (int to = 0, from = 0; to < x.ndim(); ++to) {
      if (order[to] >= 0) continue;
      while (moved >> from & 1) ++from;
      order[to] = from++;
    }
    return permute(x, order);
  }
};

struct ExpandAs {
  static constexpr OpInfo info{.name = "expand_as",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The tensor expanded to the shape of another one, without copying.",
                               .example = "tg.tensor([1.0, 2.0]).expand_as(tg.zeros(2, 2))",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Tensor& other) { return expand(x, other.shape()); }
};

struct BroadcastTo {
  static constexpr OpInfo info{.name = "broadcast_to",
                               .signature = "(input: Tensor, *size: int) -> Tensor",
                               .doc = "The tensor expanded to a shape, without copying; -1 keeps a size.",
                               .example = "tg.tensor([1.0, 2.0]).broadcast_to((2, 2))",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& size) { return expand(x, size); }
};

struct BroadcastTensors {
  static constexpr OpInfo info{.name = "broadcast_tensors",
                               .signature = "(*tensors: Tensor) -> tuple",
                               .doc = "The tensors expanded to their common shape, without copying.",
                               .example = "tg.broadcast_tensors(tg.tensor([1.0, 2.0]), tg.tensor([[3.0], [4.0]]))",
                               .face = Face::function,
                               .bfloat16 = true};
  static TensorList forward(const TensorArgs& tensors) {
    Shape shape;
    for (const Tensor& t : tensors.list) shape = broadcast_shapes(info.name, shape, t.shape());
    TensorList out;
    out.reserve(tensors.list.size());
    for (const Tensor& t : tensors.list) out.push_back(expand(t, shape));
    return out;
  }
};

// A lone tensor gives a tensor, several give a tuple.
template <class F>
TensorArgs each_of(const TensorArgs& tensors, F&& f) {
  TensorArgs out{{}, tensors.lone};
  out.list.reserve(tensors.list.size());
  for (const Tensor& t : tensors.list) out.list.push_back(f(t));
  return out;
}

struct AtLeast1d {
  static constexpr OpInfo info{.name = "atleast_1d",
                               .signature = "(*tensors: Tensor) -> Tensor | tuple",
                               .doc = "0-d tensors as 1-d; others as they are.",
                               .example = "tg.atleast_1d(tg.tensor(1.0))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor lift(const Tensor& t) { return t.ndim() ? t : unsqueeze(t, 0); }
  static TensorArgs forward(const TensorArgs& tensors) { return each_of(tensors, lift); }
};

struct AtLeast2d {
  static constexpr OpInfo info{.name = "atleast_2d",
                               .signature = "(*tensors: Tensor) -> Tensor | tuple",
                               .doc = "Tensors of fewer than 2 dims as one row; others as they are.",
                               .example = "tg.atleast_2d(tg.tensor([1.0, 2.0]))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor lift(const Tensor& t) { return t.ndim() >= 2 ? t : t.ndim() ? unsqueeze(t, 0) : reshape(t, {1, 1}); }
  static TensorArgs forward(const TensorArgs& tensors) { return each_of(tensors, lift); }
};

struct AtLeast3d {
  static constexpr OpInfo info{
      .name = "atleast_3d",
      .signature = "(*tensors: Tensor) -> Tensor | tuple",
      .doc = "Tensors of n elements as [1, n, 1], matrices with a last dim of size 1; others as they are.",
      .example = "tg.atleast_3d(tg.tensor([1.0, 2.0])).shape",
      .face = Face::function,
      .bfloat16 = true};
  static Tensor lift(const Tensor& t) {
    if (t.ndim() >= 3) return t;
    return t.ndim() == 2 ? unsqueeze(t, -1) : reshape(t, {1, t.numel(), 1});
  }
  static TensorArgs forward(const TensorArgs& tensors) { return each_of(tensors, lift); }
};

using Shapes = OpList<ViewAs, ReshapeAs, Unsqueeze, Squeeze, Flatten, Ravel, Unflatten, TransposeMatrix, Adjoint, Movedim,
                      ExpandAs, BroadcastTo, BroadcastTensors, AtLeast1d, AtLeast2d, AtLeast3d>;

}  // namespace tg::ops
