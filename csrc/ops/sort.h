// Sorting and what follows from it: the largest, the middle, the most frequent, the different ones.
#pragma once
#include "ops/extreme.h"
#include "ops/sorting.h"

namespace tg::ops {

struct Sort {
  static constexpr OpInfo info{
      .name = "sort",
      .signature = "(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> tuple",
      .doc = "The elements along dim in order and where they stood, as (values, indices); NaN is the largest. Always stable.",
      .example = "tg.sort(tg.tensor([3.0, 1.0, 2.0]))"};
  static ValuesIndices forward(const Tensor& x, int64_t dim, bool descending, bool) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    Tensor values, indices;
    sort_values(x, d, descending, &values, indices);
    return picked<Sort>(x, values, indices, d);
  }
};

struct Argsort {
  static constexpr OpInfo info{
      .name = "argsort",
      .signature = "(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor",
      .doc = "Where the elements along dim stand in their order; NaN is the largest. Always stable.",
      .example = "tg.argsort(tg.tensor([3.0, 1.0, 2.0]))"};
  static Tensor forward(const Tensor& x, int64_t dim, bool descending, bool) {
    Tensor indices;
    sort_values(x, normalize_dim(info.name, dim, x.ndim()), descending, nullptr, indices);
    return indices;
  }
};

struct Msort {
  static constexpr OpInfo info{.name = "msort",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The elements in order along the first dim.",
                               .example = "tg.msort(tg.tensor([3.0, 1.0, 2.0]))"};
  static Tensor forward(const Tensor& x) { return Sort::forward(x, 0, false, false).values; }
};

struct Topk {
  static constexpr OpInfo info{
      .name = "topk",
      .signature = "(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple",
      .doc = "The k largest (or smallest) elements along dim, in order, and where they stand, as (values, indices).",
      .example = "tg.topk(tg.tensor([3.0, 1.0, 2.0]), 2)"};
  static ValuesIndices forward(const Tensor& x, int64_t k, int64_t dim, bool largest, bool) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    const int64_t n = x.ndim() ? x.size(d) : 1;
    if (k < 0 || k > n) fail<RuntimeError>("topk(): k must be from 0 to ", n, ", the size of dim ", d, ", got ", k);
    if (x.dtype() == DType::bool_) fail<RuntimeError>("topk(): not defined for dtype bool");
    if (x.ndim() == 0 && k == 0) fail<RuntimeError>("topk(): k must be 1 for a 0-d tensor");
    Tensor values, indices;
    top_values(x, d, k, largest, &values, indices);
    return picked<Topk>(x, values, indices, d);
  }
};

// One element of each row.
template <class Op>
ValuesIndices picked_by(Rank rank, const Tensor& x, int64_t dim, bool keepdim, int64_t k = 0) {
  const char* op = Op::info.name;
  const int d = normalize_dim(op, dim, x.ndim());
  if (x.dtype() == DType::bool_ && rank != Rank::mode) fail<RuntimeError>(op, "(): not defined for dtype bool");
  const int64_t n = x.ndim() ? x.size(d) : 1;
  if (n == 0) fail<IndexError>(op, "(): dim ", d, " of shape ", Show{x.shape()}, " has no elements");
  if (rank == Rank::kth && (k < 1 || k > n))
    fail<RuntimeError>(op, "(): k must be from 1 to ", n, ", the size of dim ", d, ", got ", k);
  Tensor values, indices;
  pick_values(x, d, keepdim, rank, k - 1, values, indices);
  return picked<Op>(x, values, indices, d);
}

struct Kthvalue {
  static constexpr OpInfo info{
      .name = "kthvalue",
      .signature = "(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> tuple",
      .doc = "The k-th smallest element along dim, counted from 1, and where it stands, as (values, indices).",
      .example = "tg.kthvalue(tg.tensor([3.0, 1.0, 2.0]), 2)"};
  static ValuesIndices forward(const Tensor& x, int64_t k, int64_t dim, bool keepdim) {
    return picked_by<Kthvalue>(Rank::kth, x, dim, keepdim, k);
  }
};

struct Mode {
  static constexpr OpInfo info{
      .name = "mode",
      .signature = "(input: Tensor, dim: int = -1, keepdim: bool = False) -> tuple",
      .doc = "The most frequent element along dim, the smallest of several, and its last position, as (values, indices).",
      .example = "tg.mode(tg.tensor([3.0, 1.0, 3.0, 2.0]))"};
  static ValuesIndices forward(const Tensor& x, int64_t dim, bool keepdim) {
    return picked_by<Mode>(Rank::mode, x, dim, keepdim);
  }
};

// The median of everything: its gradient is shared by all elements that equal it.
template <bool kNan>
struct WholeMedian {
  static constexpr OpInfo info{.name = kNan ? "whole_nanmedian" : "whole_median",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The lower median of everything.",
                               .formula = "y = median x",
                               .gradient = "dx = dy shared evenly by all elements that equal the median",
                               .face = Face::internal,
                               .label = kNan ? "nanmedian" : "median"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& given) {
    if (given.dtype() == DType::bool_) fail<RuntimeError>(info.label, "(): not defined for dtype bool");
    s.x = given;
    if (given.numel() == 0)
      return s.y.keep(is_floating(given.dtype()) ? full({}, __builtin_nan(""), given.dtype()) : zeros({}, given.dtype()));
    const Tensor x = contiguous_values(given);
    Tensor values, indices;
    pick_values(alias(x, Shape{x.numel()}, Ints{1}, 0), 0, false, kNan ? Rank::nanmedian : Rank::median, 0, values, indices);
    return s.y.keep(values);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Tensor y = s.y.unpack();
    Tensor ties = visit_float(y.dtype(), [&](auto zero) { return std::isnan(*y.data<decltype(zero)>()); }) ? ne(x, x) : eq(x, y);
    Tensor shares = to(ties, dy.dtype());
    return {shares * (dy / sum(shares))};
  }
};

struct Median {
  static constexpr OpInfo info{
      .name = "median",
      .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | tuple",
      .doc = "The lower median of everything (ties share the gradient); with dim, (values, indices) along it. NaN wins.",
      .example = "tg.median(tg.tensor([[3.0, 1.0, 2.0], [4.0, 6.0, 5.0]]), dim=1)"};
  static ValuesIndices forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    if (!dim) return {tape::apply<WholeMedian<false>>(x), Tensor()};
    return picked_by<Median>(Rank::median, x, *dim, keepdim);
  }
};

struct NanMedian {
  static constexpr OpInfo info{.name = "nanmedian",
                               .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | tuple",
                               .doc = "The lower median of what is not NaN; with dim, (values, indices) along it.",
                               .example = "tg.nanmedian(tg.tensor([3.0, float('nan'), 2.0]))"};
  static ValuesIndices forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    if (!dim) return {tape::apply<WholeMedian<true>>(x), Tensor()};
    return picked_by<NanMedian>(Rank::nanmedian, x, *dim, keepdim);
  }
};

struct Quantile {
  static constexpr OpInfo info{
      .name = "quantile",
      .signature =
          "(input: Tensor, q: Tensor | Number, dim: int | None = None, keepdim: bool = False, *, "
          "interpolation: str = 'linear') -> Tensor",
      .doc =
          "The q-quantiles along dim, or of everything; between two elements by interpolation: linear, lower, higher, midpoint "
          "or nearest. NaN wins.",
      .shapes = "q [] -> input's shape without dim; q [Q] -> [Q, input's shape without dim]",
      .example = "tg.quantile(tg.tensor([0.0, 1.0, 2.0, 3.0]), 0.6)"};
  static Tensor forward(const Tensor& x, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                        std::string_view interpolation) {
    return values(info.name, x, q, dim, keepdim, interpolation, false);
  }
  static Tensor values(const char* op, const Tensor& x, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                       std::string_view interpolation, bool skip_nan);
};

struct NanQuantile {
  static constexpr OpInfo info{.name = "nanquantile",
                               .signature =
                                   "(input: Tensor, q: Tensor | Number, dim: int | None = None, keepdim: bool = False, *, "
                                   "interpolation: str = 'linear') -> Tensor",
                               .doc = "The q-quantiles of what is not NaN; see quantile.",
                               .shapes = "q [] -> input's shape without dim; q [Q] -> [Q, input's shape without dim]",
                               .example = "tg.nanquantile(tg.tensor([0.0, float('nan'), 2.0, 3.0]), 0.5)"};
  static Tensor forward(const Tensor& x, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                        std::string_view interpolation) {
    return Quantile::values(info.name, x, q, dim, keepdim, interpolation, true);
  }
};

struct UniqueElements {
  static constexpr OpInfo info{
      .name = "unique",
      .signature =
          "(input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, "
          "dim: int | None = None) -> Tensor | tuple",
      .doc =
          "The different elements (slices along dim) in order; with return_inverse each element's number among them, with "
          "return_counts how often each occurs. NaN differs from NaN.",
      .example = "tg.unique(tg.tensor([3, 1, 3, 2]), return_counts=True)"};
  static OneOrMany forward(const Tensor& x, bool, bool inverse, bool counts, std::optional<int64_t> dim) {
    return of(info.name, x, inverse, counts, dim, false);
  }
  static OneOrMany of(const char* op, const Tensor& x, bool inverse, bool counts, std::optional<int64_t> dim, bool consecutive);
};

struct UniqueConsecutive {
  static constexpr OpInfo info{
      .name = "unique_consecutive",
      .signature =
          "(input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) "
          "-> Tensor | tuple",
      .doc = "The elements (slices along dim) without those that equal the one before; see unique.",
      .example = "tg.unique_consecutive(tg.tensor([1, 1, 2, 1]))"};
  static OneOrMany forward(const Tensor& x, bool inverse, bool counts, std::optional<int64_t> dim) {
    return UniqueElements::of(info.name, x, inverse, counts, dim, true);
  }
};

struct SearchSorted {
  static constexpr OpInfo info{
      .name = "searchsorted",
      .signature =
          "(sorted_sequence: Tensor, input: Tensor | Number, *, out_int32: bool = False, right: bool = False, "
          "side: str | None = None, sorter: Tensor | None = None) -> Tensor",
      .doc =
          "Where each element of input belongs in the sorted last dim: before its equals, or behind them with right=True or "
          "side='right'. sorter is an argsort of an unsorted sequence.",
      .shapes = "[n], any -> input's; [..., n], [..., m] -> [..., m]",
      .example = "tg.searchsorted(tg.tensor([1.0, 3.0, 5.0]), tg.tensor([3.0, 4.0]))",
      .face = Face::function};
  static Tensor forward(const Tensor& sorted, const Tensor& x, bool int32, bool right, std::optional<std::string_view> side,
                        const Tensor& sorter);
};

struct Bucketize {
  static constexpr OpInfo info{
      .name = "bucketize",
      .signature = "(input: Tensor | Number, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor",
      .doc = "The number of the bucket between sorted 1-d boundaries that each element falls into; see searchsorted.",
      .example = "tg.bucketize(tg.tensor([0.5, 3.0]), tg.tensor([1.0, 3.0, 5.0]))",
      .face = Face::function};
  static Tensor forward(const Tensor& x, const Tensor& boundaries, bool int32, bool right) {
    if (boundaries.ndim() != 1) fail<RuntimeError>("bucketize(): boundaries must be 1-d, got shape ", Show{boundaries.shape()});
    return SearchSorted::forward(boundaries, x, int32, right, {}, Tensor());
  }
};

struct Isin {
  static constexpr OpInfo info{.name = "isin",
                               .signature =
                                   "(elements: Tensor | Number, test_elements: Tensor | Number, *, assume_unique: bool = False, "
                                   "invert: bool = False) -> Tensor",
                               .doc = "True where an element equals one of test_elements.",
                               .example = "tg.isin(tg.tensor([1, 2, 3]), tg.tensor([2, 5]))",
                               .face = Face::function};
  static Tensor forward(const Tensor& x, const Tensor& among, bool, bool invert) {
    if (x.dtype() == DType::bool_ || among.dtype() == DType::bool_) fail<RuntimeError>("isin(): not defined for bool");
    require_tensor(info.name, x, among);
    const DType t = result_type(x, among);
    return contains_values(cast(x, t), cast(among, t), invert);
  }
};

using Sorts = OpList<Sort, Argsort, Msort, Topk, Kthvalue, Mode, Median, NanMedian, Quantile, NanQuantile, UniqueElements,
                     UniqueConsecutive, SearchSorted, Bucketize, Isin>;
using SortsInternal = OpList<WholeMedian<false>, WholeMedian<true>>;

}  // namespace tg::ops
