// Resizing signals, images and volumes: every mode is one table of taps per dim, but "area", which is adaptive pooling.
#pragma once
#include "ops/resample.h"

namespace tg::ops {

// One factor for all dims or one for each.
struct ScaleFactors {
  std::vector<double> values;  // empty: not given
  bool listed = false;
};

struct Resizing {
  std::optional<Ints> size;
  const ScaleFactors& factors;
  std::string_view mode;
  std::optional<int64_t> align_corners, recompute_scale_factor;
  bool antialias = false;
};
Tensor resize(const char* op, const Tensor& x, const Resizing& r);  // resize.cpp; records

struct Interpolate {
  static constexpr OpInfo info{
      .name = "interpolate",
      .signature =
          "(input: Tensor, size: int | tuple | None = None, scale_factor: float | tuple | None = None, mode: str = 'nearest', "
          "align_corners: bool | None = None, recompute_scale_factor: bool | None = None, antialias: bool = False) -> Tensor",
      .doc =
          "The input [N, C, ...] resized in its last one to three dims; mode is 'nearest', 'nearest-exact', 'linear', "
          "'bilinear', "
          "'trilinear', 'bicubic' or 'area'.",
      .example = "tg.nn.functional.interpolate(tg.tensor([[[1.0, 2.0]]]), scale_factor=2, mode='linear')",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const std::optional<Ints>& size, const ScaleFactors& scale_factor, std::string_view mode,
                        std::optional<int64_t> align_corners, std::optional<int64_t> recompute_scale_factor, bool antialias) {
    return resize(info.name, x, {size, scale_factor, mode, align_corners, recompute_scale_factor, antialias});
  }
};

struct Upsample {
  static constexpr OpInfo info{
      .name = "upsample",
      .signature =
          "(input: Tensor, size: int | tuple | None = None, scale_factor: float | tuple | None = None, mode: str = 'nearest', "
          "align_corners: bool | None = None) -> Tensor",
      .doc = "interpolate by its older name.",
      .example = "tg.nn.functional.upsample(tg.tensor([[[1.0, 2.0]]]), scale_factor=2)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const std::optional<Ints>& size, const ScaleFactors& scale_factor, std::string_view mode,
                        std::optional<int64_t> align_corners) {
    return resize(info.name, x, {size, scale_factor, mode, align_corners, {}});
  }
};

struct UpsampleNearest {
  static constexpr OpInfo info{
      .name = "upsample_nearest",
      .signature = "(input: Tensor, size: int | tuple | None = None, scale_factor: float | tuple | None = None) -> Tensor",
      .doc = "interpolate with mode='nearest'.",
      .example = "tg.nn.functional.upsample_nearest(tg.tensor([[[1.0, 2.0]]]), scale_factor=2)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const std::optional<Ints>& size, const ScaleFactors& scale_factor) {
    return resize(info.name, x, {size, scale_factor, "nearest", {}, {}});
  }
};

struct UpsampleBilinear {
  static constexpr OpInfo info{
      .name = "upsample_bilinear",
      .signature = "(input: Tensor, size: int | tuple | None = None, scale_factor: float | tuple | None = None) -> Tensor",
      .doc = "interpolate with mode='bilinear' and align_corners=True.",
      .example = "tg.nn.functional.upsample_bilinear(tg.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), scale_factor=2)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const std::optional<Ints>& size, const ScaleFactors& scale_factor) {
    return resize(info.name, x, {size, scale_factor, "bilinear", 1, {}});
  }
};

using Resizes = OpList<Interpolate, Upsample, UpsampleNearest, UpsampleBilinear>;

}  // namespace tg::ops
