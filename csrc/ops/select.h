// Whole slices by number, read: index_select, take, embedding, one_hot.
#pragma once
#include "ops/index.h"

namespace tg::ops {

// Throws unless index is int64 or int32.
void require_index(const char* op, const Tensor& index);
// index as contiguous int64 in [0, size), negative ones counted from the end when `wraps`. It is a copy, so that what was
// checked stays as it is, unless it is used `at_once` and fits as it is.
Tensor checked_index(const char* op, const Tensor& index, int64_t size, int dim, bool wraps, bool at_once = false);

// A tensor as [outer, n, inner] around its dims [dim, dim + dims).
struct Around {
  int64_t outer = 1, n = 1, inner = 1, outer_step = 0, step = 0;
  bool even = true;  // kernels can walk it as it lies: each part in one step, inner elements side by side

  Around(const Tensor& t, int dim, int dims = 1);
  // What kernels take; `unit` is the width of an element for those that work in bytes.
  kernels::Follow follow(const Tensor& x, const Tensor& index, const Tensor& y, int64_t m, int64_t unit) const {
    return {x.bytes(), index.data<int64_t>(), y.bytes(), outer, n, m, inner * unit, outer_step * unit, step * unit};
  }
};

// In what follows dims [dim, dim + dims) of x are read as one, and index (int64, checked, contiguous) names places in it.
// The shape of x with those dims replaced by index's.
Shape shape_at(Span x, int dim, int dims, Span index);

// One slice of t, and whether going slice by slice is cheaper than copying a tensor that does not lie evenly.
Tensor slice_at(const Tensor& t, int dim, int dims, int64_t place);
bool by_slices(const Tensor& x, int64_t count);

struct TakeAt {
  static constexpr OpInfo info{.name = "take_at",
                               .signature = "(input: Tensor, index: Tensor, dim: int, dims: int) -> Tensor",
                               .doc = "The slices that an index names.",
                               .formula = "y[o, j] = x[o, index[j]]",
                               .gradient = "dx = dy added up where it came from",
                               .face = Face::internal,
                               .label = "index",
                               .bfloat16 = true};
  struct Saved {
    SavedInput index;
    Shape shape;
    int dim, dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& index, int dim, int dims) {
    s.index = index;
    s.shape = x.shape();
    s.dim = dim;
    s.dims = dims;
    return values(x, index, dim, dims);
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy);
  static Tensor values(const Tensor& x, const Tensor& index, int dim, int dims);
};

struct AddAt {
  static constexpr OpInfo info{.name = "add_at",
                               .signature = "(input: Tensor, index: Tensor, shape: tuple, dim: int, dims: int) -> Tensor",
                               .doc = "Slices added into zeros at the places that an index names: the gradient of taking them.",
                               .formula = "y[o, index[j]] += x[o, j] over zeros",
                               .gradient = "dx = dy at the index",
                               .face = Face::internal,
                               .label = "index_grad",
                               .bfloat16 = true};
  struct Saved {
    SavedInput index;
    int dim, dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& index, const Shape& shape, int dim, int dims) {
    s.index = index;
    s.dim = dim;
    s.dims = dims;
    Tensor out = zeros(shape, x.dtype());
    add_values(out, index, x, dim, dims);
    return out;
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& g) {
    return {tape::apply<TakeAt>(g, s.index.unpack(), s.dim, s.dims), Tensor()};
  }
  // In out's memory; values have the shape that is written.
  static void add_values(const Tensor& out, const Tensor& index, const Tensor& values, int dim, int dims);
};

inline Grads<2> TakeAt::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<AddAt>(dy, s.index.unpack(), s.shape, s.dim, s.dims), Tensor()};
}

// embedding's rows: those of `padding` (-1: none) pass no gradient on; `by_frequency` divides each row's by its count.
struct TakeShared {
  static constexpr OpInfo info{.name = "take_shared",
                               .signature = "(input: Tensor, rows: Tensor, padding: int, by_frequency: bool) -> Tensor",
                               .doc = "Rows of which each passes on a share of its gradient, or none.",
                               .formula = "y[j] = x[rows[j]]",
                               .gradient = "dx[rows[j]] += dy[j], divided by how often rows names the row, 0 for padding",
                               .face = Face::internal,
                               .label = "embedding",
                               .bfloat16 = true};
  struct Saved {
    SavedInput rows;
    Shape shape;
    int64_t padding;
    bool by_frequency;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& rows, int64_t padding, bool by_frequency) {
    s.rows = rows;
    s.shape = x.shape();
    s.padding = padding;
    s.by_frequency = by_frequency;
    return TakeAt::values(x, rows, 0, 1);
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy);
};

struct IndexSelect {
  static constexpr OpInfo info{.name = "index_select",
                               .signature = "(input: Tensor, dim: int, index: Tensor) -> Tensor",
                               .doc = "The slices along dim that a 1-d index names, in its order.",
                               .example = "tg.index_select(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tg.tensor([1, 1, 0]))",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, int64_t dim, const Tensor& index);
};

struct Take {
  static constexpr OpInfo info{.name = "take",
                               .signature = "(input: Tensor, index: Tensor) -> Tensor",
                               .doc = "The elements of the flattened input that index names, in index's shape.",
                               .example = "tg.take(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([0, -1]))"};
  static Tensor forward(const Tensor& x, const Tensor& index);
};

struct OneHot {
  static constexpr OpInfo info{.name = "one_hot",
                               .signature = "(input: Tensor, num_classes: int = -1) -> Tensor",
                               .doc = "int64 with a new last dim: 1 at each class number, 0 elsewhere.",
                               .example = "tg.nn.functional.one_hot(tg.tensor([0, 2]), 3)",
                               .face = Face::functional};
  static Tensor forward(const Tensor& x, int64_t num_classes);
};

struct Embedding {
  static constexpr OpInfo info{
      .name = "embedding",
      .signature =
          "(input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, "
          "norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor",
      .doc =
          "The rows of weight that input names. The row padding_idx takes no gradient; rows named here and longer than max_norm "
          "are first shortened to it in place; scale_grad_by_freq divides a row's gradient by how often it is named.",
      .shapes = "[...], [rows, width] -> [..., width]",
      .example = "tg.nn.functional.embedding(tg.tensor([1, 0]), tg.tensor([[1.0, 2.0], [3.0, 4.0]]))",
      .face = Face::functional,
      .bfloat16 = true};
  static Tensor forward(const Tensor& input, const Tensor& weight, std::optional<int64_t> padding_idx,
                        std::optional<double> max_norm, double norm_type, bool scale_grad_by_freq, bool sparse);
};

struct EmbeddingBag {
  static constexpr OpInfo info{
      .name = "embedding_bag",
      .signature =
          "(input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2.0, "
          "scale_grad_by_freq: bool = False, mode: str = 'mean', sparse: bool = False, per_sample_weights: Tensor | None = None, "
          "include_last_offset: bool = False, padding_idx: int | None = None) -> Tensor",
      .doc =
          "The sum, mean or max of the rows of weight in each bag: a row of a 2-d input, or what lies between offsets in a 1-d "
          "one. Rows padding_idx are left out; the gradient of max goes to the first of equal winners.",
      .shapes = "[bags, n], [rows, width] -> [bags, width]",
      .example = "tg.nn.functional.embedding_bag(tg.tensor([[1, 0]]), tg.tensor([[1.0, 2.0], [3.0, 4.0]]))",
      .face = Face::functional};
  static Tensor forward(const Tensor& input, const Tensor& weight, const Tensor& offsets, std::optional<double> max_norm,
                        double norm_type, bool scale_grad_by_freq, std::string_view mode, bool sparse,
                        const Tensor& per_sample_weights, bool include_last_offset, std::optional<int64_t> padding_idx);
};

using Selection = OpList<IndexSelect, Take, OneHot, Embedding, EmbeddingBag>;
using SelectionInternal = OpList<TakeAt, AddAt, TakeShared>;

}  // namespace tg::ops
