// Elements repeated, turned round, moved along and seen through windows.
#pragma once
#include "ops/index.h"
#include "ops/views.h"

namespace tg::ops {

struct RepeatBlocks {
  static constexpr OpInfo info{.name = "repeat_blocks",
                               .signature = "(input: Tensor, shape: tuple, outer: int, times: int, block: int) -> Tensor",
                               .doc = "input as [outer, 1, block] expanded to [outer, times, block] and copied, in a shape.",
                               .formula = "y[i, j, k] = x[i, k]",
                               .gradient = "dx = dy summed over the repetitions",
                               .face = Face::internal,
                               .label = "repeat"};
  struct Saved {
    Shape shape;
    int64_t outer, times, block;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Shape& shape, int64_t outer, int64_t times, int64_t block);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {reshape(sum(reshape(dy, {s.outer, s.times, s.block}), {1}), s.shape)};
  }
};

struct Repeat {
  static constexpr OpInfo info{
      .name = "repeat",
      .signature = "(input: Tensor, *repeats: int) -> Tensor",
      .doc = "The tensor repeated along each dim; there may be more repeats than dims, for new leading ones.",
      .example = "tg.tensor([1.0, 2.0]).repeat(2, 2)",
      .face = Face::method};
  static Tensor forward(const Tensor& x, const Ints& repeats) { return repeated(info.name, x, repeats); }
  static Tensor repeated(const char* op, const Tensor& x, const Ints& repeats);
};

struct Tile {
  static constexpr OpInfo info{.name = "tile",
                               .signature = "(input: Tensor, *dims: int) -> Tensor",
                               .doc = "The tensor repeated along its last dims; there may be fewer numbers than dims.",
                               .example = "tg.tile(tg.tensor([1.0, 2.0]), (2,))"};
  static Tensor forward(const Tensor& x, const Ints& dims) {
    Ints repeats;
    for (int d = dims.size(); d < x.ndim(); ++d) repeats.push_back(1);
    for (int64_t n : dims) repeats.push_back(n);
    return Repeat::repeated(info.name, x, repeats);
  }
};

struct RepeatInterleave {
  static constexpr OpInfo info{
      .name = "repeat_interleave",
      .signature =
          "(input: Tensor, repeats: int | Tensor | None = None, dim: int | None = None, *, output_size: int | None = None) "
          "-> Tensor",
      .doc =
          "Each element along dim repeated, as often as the one number or its own number in repeats says; without dim "
          "all elements in one dim. Of a lone tensor of repeats, the positions that are repeated.",
      .example = "tg.repeat_interleave(tg.tensor([1.0, 2.0]), 2)"};
  static Tensor forward(const Tensor& x, const IntsOrTensor& repeats, std::optional<int64_t> dim,
                        std::optional<int64_t> output_size);
};

struct Flip {
  static constexpr OpInfo info{.name = "flip",
                               .signature = "(input: Tensor, *dims: int) -> Tensor",
                               .doc = "A copy with the order along each of dims reversed.",
                               .formula = "y[i] = x[n - 1 - i] along each of dims",
                               .gradient = "dx = dy flipped back",
                               .example = "tg.flip(tg.tensor([1.0, 2.0, 3.0]), (0,))"};
  struct Saved {
    Ints dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dims) {
    s.dims = dims;
    return values(info.name, x, dims);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {tape::apply<Flip>(dy, s.dims)}; }

 private:
  static Tensor values(const char* op, const Tensor& x, const Ints& dims);
};

struct FlipLR {
  static constexpr OpInfo info{.name = "fliplr",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "A copy with the order of the columns reversed.",
                               .formula = "y[i, j] = x[i, m - 1 - j]",
                               .example = "tg.fliplr(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))"};
  static Tensor forward(const Tensor& x) {
    if (x.ndim() < 2) fail<RuntimeError>("fliplr(): at least 2 dims are needed, the shape is ", Show{x.shape()});
    return tape::apply<Flip>(x, Ints{1});
  }
};

struct FlipUD {
  static constexpr OpInfo info{.name = "flipud",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "A copy with the order of the rows reversed.",
                               .formula = "y[i] = x[n - 1 - i]",
                               .example = "tg.flipud(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))"};
  static Tensor forward(const Tensor& x) {
    if (x.ndim() < 1) fail<RuntimeError>("flipud(): at least 1 dim is needed, the tensor is 0-d");
    return tape::apply<Flip>(x, Ints{0});
  }
};

struct Rot90 {
  static constexpr OpInfo info{
      .name = "rot90",
      .signature = "(input: Tensor, k: int = 1, dims: tuple | None = None) -> Tensor",
      .doc =
          "A copy turned by k quarters in the plane of two dims, by default (0, 1), from the first towards "
          "the second.",
      .example = "tg.rot90(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))"};
  static Tensor forward(const Tensor& x, int64_t k, const std::optional<Ints>& dims) {
    const Ints plane = dims.value_or(Ints{0, 1});
    if (plane.size() != 2) fail<RuntimeError>("rot90(): dims must be two, got ", Show{plane});
    if (x.ndim() < 2) fail<RuntimeError>("rot90(): at least 2 dims are needed, the shape is ", Show{x.shape()});
    const int a = normalize_dim(info.name, plane[0], x.ndim()), b = normalize_dim(info.name, plane[1], x.ndim());
    if (a == b) fail<RuntimeError>("rot90(): dims must differ, got ", Show{plane});
    switch (k & 3) {
      case 1:
        return transpose(tape::apply<Flip>(x, Ints{b}), a, b);
      case 2:
        return tape::apply<Flip>(x, Ints{a, b});
      case 3:
        return transpose(tape::apply<Flip>(x, Ints{a}), a, b);
      default:
        return clone(x);
    }
  }
};

struct Roll {
  static constexpr OpInfo info{
      .name = "roll",
      .signature = "(input: Tensor, shifts: int | tuple, dims: int | tuple | None = None) -> Tensor",
      .doc =
          "A copy moved along dims, what leaves at one end entering at the other; without dims through all elements in "
          "their order.",
      .formula = "y[i] = x[(i - shift) mod n] along each of dims",
      .gradient = "dx = dy rolled back",
      .example = "tg.roll(tg.tensor([1.0, 2.0, 3.0]), 1)"};
  struct Saved {
    Ints back, dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& shifts, const std::optional<Ints>& dims);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<Roll>(dy, s.back, s.dims.empty() ? std::nullopt : std::optional(s.dims))};
  }
};

struct SlidingWindows {
  static constexpr OpInfo info{.name = "sliding_windows",
                               .signature = "(input: Tensor, dimension: int, size: int, step: int) -> Tensor",
                               .doc = "A view of all windows of `size` elements along a dim, `step` apart, in a new last dim.",
                               .formula = "y[..., i, ..., j] = x[..., i step + j, ...]",
                               .gradient = "dx adds dy up where the windows overlap",
                               .example = "tg.arange(5.0).unfold(0, 3, 2)",
                               .aliases = "Tensor.unfold",
                               .face = Face::internal,
                               .label = "unfold",
                               .bfloat16 = true};
  struct Saved {
    Shape shape;
    int dim;
    int64_t size, step;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dimension, int64_t size, int64_t step);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct AddWindows {
  static constexpr OpInfo info{.name = "add_windows",
                               .signature = "(input: Tensor, shape: tuple, dim: int, step: int) -> Tensor",
                               .doc = "Windows added up over zeros of a shape: the gradient of sliding windows.",
                               .formula = "y[..., i step + j, ...] += x[..., i, ..., j]",
                               .gradient = "dx = the windows of dy",
                               .face = Face::internal,
                               .label = "unfold_grad",
                               .bfloat16 = true};
  struct Saved {
    int dim;
    int64_t size, step;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Shape& shape, int dim, int64_t step);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<SlidingWindows>(dy, int64_t(s.dim), s.size, s.step)};
  }
};

inline Grads<1> SlidingWindows::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<AddWindows>(dy, s.shape, s.dim, s.step)};
}

using Repeats = OpList<Repeat, Tile, RepeatInterleave, Flip, FlipLR, FlipUD, Rot90, Roll, SlidingWindows>;
using RepeatsInternal = OpList<RepeatBlocks, AddWindows>;

}  // namespace tg::ops
