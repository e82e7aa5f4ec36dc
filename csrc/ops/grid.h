// Images read at places that a grid names: spatial transformers (Jaderberg et al., 2015).
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct AffineGrid {
  static constexpr OpInfo info{.name = "affine_grid",
                               .signature = "(theta: Tensor, size: tuple, align_corners: bool | None = None) -> Tensor",
                               .doc =
                                   "For each pixel of an output of this size, the place in the input that an affine map gives: "
                                   "x, y in [-1, 1]. With align_corners -1 and 1 are the centres of the outermost pixels, else "
                                   "their outer edges.",
                               .formula = "y[n, i, j] = theta[n] (x_j, y_i, 1)",
                               .shapes = "[N, 2, 3], (N, C, H, W) -> [N, H, W, 2]",
                               .example = "F.affine_grid(tg.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 2, 2))",
                               .face = Face::functional};
  static Tensor forward(const Tensor& theta, const Ints& size, std::optional<bool> align_corners);
};

struct GridSample {
  static constexpr OpInfo info{
      .name = "grid_sample",
      .signature =
          "(input: Tensor, grid: Tensor, mode: str = 'bilinear', padding_mode: str = 'zeros', "
          "align_corners: bool | None = None) -> Tensor",
      .doc =
          "The values of images at the places of a grid, x, y in [-1, 1] (see affine_grid). mode is 'bilinear', 'nearest' or "
          "'bicubic'; beyond the image lie 'zeros', its 'border', or its 'reflection'.",
      .formula = "y[n, c, i, j] = input[n, c] at grid[n, i, j], interpolated",
      .shapes = "[N, C, H, W], [N, H', W', 2] -> [N, C, H', W']",
      .example = "F.grid_sample(tg.tensor([[[[1.0, 3.0]]]]), tg.zeros(1, 1, 1, 2))",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Tensor& grid, std::string_view mode, std::string_view padding_mode,
                        std::optional<bool> align_corners);
};

using Grids = OpList<AffineGrid, GridSample>;

}  // namespace tg::ops
