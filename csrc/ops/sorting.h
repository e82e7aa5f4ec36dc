// Sorting and selecting on values alone: rows become keys that order as the elements do. Knows no gradients.
#pragma once
#include "ops/common.h"

namespace tg::ops {

// NaN is the largest value and -0 equals 0, as in PyTorch; equal elements stay in order.
void sort_values(const Tensor& x, int dim, bool descending, Tensor* values, Tensor& indices);
// The first k of the sorted order.
void top_values(const Tensor& x, int dim, int64_t k, bool descending, Tensor* values, Tensor& indices);

// Which element of each row to take; ties go to the first.
enum class Rank {
  kth,        // number k from below
  median,     // the lower median, or the first NaN
  nanmedian,  // the lower median of what is not NaN
  mode,       // the smallest of the most frequent, at its last position
};
void pick_values(const Tensor& x, int dim, bool keepdim, Rank rank, int64_t k, Tensor& values, Tensor& indices);

// The different elements in order, the number of each element's, and how often each occurs.
struct Unique {
  Tensor values, inverse, counts;
};
Unique unique_values(const Tensor& x, bool consecutive);
Unique unique_slices(const Tensor& x, int dim, bool consecutive);

// Where in rows of `sorted` each element of x belongs; x is [rows, m] against [rows, n], or anything against [n].
Tensor search_values(const Tensor& sorted, const Tensor& x, const Tensor& sorter, bool right, DType out);
Tensor contains_values(const Tensor& x, const Tensor& among, bool invert);

}  // namespace tg::ops
