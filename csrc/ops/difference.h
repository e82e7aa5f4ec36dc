// Differences, slopes and areas along a dim: made of other operations.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// How far apart the points of a grid are: a step for every dim, or their places along each.
struct Spacing {
  std::vector<double> steps;
  TensorList places;
  bool listed = false;
};

struct Diff {
  static constexpr OpInfo info{
      .name = "diff",
      .signature =
          "(input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor",
      .doc = "The differences of neighbours along dim, n times over; prepend and append are put around input first.",
      .example = "tg.diff(tg.tensor([1.0, 4.0, 9.0]))"};
  static Tensor forward(const Tensor& x, int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append);
};

struct Trapezoid {
  static constexpr OpInfo info{
      .name = "trapezoid",
      .signature = "(y: Tensor, x: Tensor | None = None, *, dx: Number | None = None, dim: int = -1) -> Tensor",
      .doc = "The area under points along dim by the trapezoidal rule: at places x, or dx (1) apart.",
      .example = "tg.trapezoid(tg.tensor([1.0, 5.0, 10.0]))",
      .aliases = "trapz",
      .face = Face::function};
  static Tensor forward(const Tensor& y, const Tensor& x, const Tensor& dx, int64_t dim);
};

struct CumulativeTrapezoid {
  static constexpr OpInfo info{
      .name = "cumulative_trapezoid",
      .signature = "(y: Tensor, x: Tensor | None = None, *, dx: Number | None = None, dim: int = -1) -> Tensor",
      .doc = "The area up to each point but the first; see trapezoid.",
      .example = "tg.cumulative_trapezoid(tg.tensor([1.0, 5.0, 10.0]))",
      .face = Face::function};
  static Tensor forward(const Tensor& y, const Tensor& x, const Tensor& dx, int64_t dim);
};

struct Gradient {
  static constexpr OpInfo info{
      .name = "gradient",
      .signature =
          "(input: Tensor, *, spacing: float | tuple | Tensor | None = None, dim: int | tuple | None = None, edge_order: int = "
          "1) -> tuple",
      .doc =
          "The slope along each dim by central differences, exact to second order inside and to edge_order (1 or 2) at the "
          "ends. spacing: a step, one for each dim, or 1-d tensors of places.",
      .example = "tg.gradient(tg.tensor([1.0, 2.0, 4.0, 8.0]))",
      .face = Face::function};
  static TensorList forward(const Tensor& x, const Spacing& spacing, const Ints& dim, int64_t edge_order);
};

using Differences = OpList<Diff, Trapezoid, CumulativeTrapezoid, Gradient>;

}  // namespace tg::ops
