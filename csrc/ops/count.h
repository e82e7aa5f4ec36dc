// Counting into bins.
#pragma once
#include "ops/common.h"
#include "ops/list.h"

namespace tg::ops {

struct Bincount {
  static constexpr OpInfo info{
      .name = "bincount",
      .signature = "(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor",
      .doc = "How often each number from 0 to the largest occurs in a 1-d tensor of integers; with weights, their sums.",
      .shapes = "[n] -> [max(largest + 1, minlength)]",
      .example = "tg.bincount(tg.tensor([1, 3, 1]))"};
  static Tensor forward(const Tensor& x, const Tensor& weights, int64_t minlength);
};

struct Histc {
  static constexpr OpInfo info{
      .name = "histc",
      .signature = "(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor",
      .doc =
          "How many elements fall into each of so many equal bins from min to max, or from the least to the largest element "
          "where both are 0. The last bin includes its end; what lies outside and NaN are not counted.",
      .example = "tg.histc(tg.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)"};
  static Tensor forward(const Tensor& x, int64_t bins, double low, double high);
};

struct Bins {
  static constexpr const char* fields[] = {"hist", "bin_edges"};
  Tensor hist, bin_edges;
};

struct Histogram {
  static constexpr OpInfo info{
      .name = "histogram",
      .signature =
          "(input: Tensor, bins: int | Tensor, *, range: tuple | None = None, weight: Tensor | None = None, "
          "density: bool = False) -> tuple",
      .doc =
          "How many elements fall into each bin, as (hist, bin_edges): so many equal bins over range (the data's without), or "
          "bins between the given rising edges. weight counts each element for so much; density divides by the bins' widths "
          "and the total.",
      .example = "tg.histogram(tg.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0))"};
  static Bins forward(const Tensor& x, const IntOrTensor& bins, const std::vector<double>& range, const Tensor& weight,
                      bool density);
};

using Counts = OpList<Bincount, Histc, Histogram>;

}  // namespace tg::ops
