// Taking tensors apart along a dim: every part is a view.
#pragma once
#include "ops/index.h"

namespace tg::ops {

// The dim to take apart; throws for 0-d tensors.
inline int dim_of_parts(const char* op, const Tensor& x, int64_t dim) {
  const int d = normalize_dim(op, dim, x.ndim());
  if (x.ndim() == 0) fail<RuntimeError>(op, "(): a 0-d tensor has no dim to take apart");
  return d;
}

inline TensorList parts_of_size(const char* op, const Tensor& x, int d, int64_t step) {
  const int64_t size = x.size(d);
  if (step < 0 || (step == 0 && size != 0)) fail<RuntimeError>(op, "(): the size of the parts must be positive, got ", step);
  TensorList parts;
  parts.reserve(size ? size_t((size - 1) / step + 1) : 1);
  for (int64_t at = 0; at < size; at += parts.back().size(d)) parts.push_back(part(x, d, at, std::min(step, size - at)));
  if (parts.empty()) parts.push_back(part(x, d, 0, 0));
  return parts;
}

inline TensorList parts_of_sizes(const char* op, const Tensor& x, int d, Span sizes) {
  TensorList parts;
  parts.reserve(sizes.size());
  int64_t at = 0;
  const auto wrong = [&] {
    fail<RuntimeError>(op, "(): sizes ", Show{sizes}, " do not add up to ", x.size(d), ", the size of dim ", d);
  };
  for (int64_t n : sizes) {
    if (n < 0 || n > x.size(d) - at) wrong();
    parts.push_back(part(x, d, at, n));
    at += n;
  }
  if (at != x.size(d)) wrong();
  return parts;
}

struct Split {
  static constexpr OpInfo info{.name = "split",
                               .signature = "(input: Tensor, split_size_or_sections: int | tuple, dim: int = 0) -> tuple",
                               .doc = "Views along dim, of the size given each (the last may be smaller), or of the sizes given.",
                               .example = "tg.arange(5.0).split(2)",
                               .aliases = "unsafe_split",
                               .bfloat16 = true};
  static TensorList forward(const Tensor& x, const IntsOrTensor& sizes, int64_t dim) {
    const int d = dim_of_parts(info.name, x, dim);
    return sizes.listed ? parts_of_sizes(info.name, x, d, sizes.ints) : parts_of_size(info.name, x, d, sizes.ints[0]);
  }
};

struct SplitWithSizes {
  static constexpr OpInfo info{.name = "split_with_sizes",
                               .signature = "(input: Tensor, split_sizes: tuple, dim: int = 0) -> tuple",
                               .doc = "Views along dim, of the sizes given.",
                               .example = "tg.arange(5.0).split_with_sizes((2, 3))",
                               .aliases = "unsafe_split_with_sizes",
                               .bfloat16 = true};
  static TensorList forward(const Tensor& x, const IntsOrTensor& sizes, int64_t dim) {
    return parts_of_sizes(info.name, x, dim_of_parts(info.name, x, dim), sizes.ints);
  }
};

struct Chunk {
  static constexpr OpInfo info{.name = "chunk",
                               .signature = "(input: Tensor, chunks: int, dim: int = 0) -> tuple",
                               .doc = "At most `chunks` views of equal size along dim; the last may be smaller.",
                               .example = "tg.arange(5.0).chunk(2)",
                               .aliases = "unsafe_chunk",
                               .bfloat16 = true};
  static TensorList forward(const Tensor& x, int64_t chunks, int64_t dim) {
    const int d = dim_of_parts(info.name, x, dim);
    if (chunks < 1) fail<RuntimeError>("chunk(): chunks must be at least 1, got ", chunks);
    if (x.size(d) == 0) {  // as many empty ones as asked for
      checked_numel(info.name, Shape{chunks, 1024});
      TensorList parts;
      for (int64_t i = 0; i < chunks; ++i) parts.push_back(part(x, d, 0, 0));
      return parts;
    }
    return parts_of_size(info.name, x, d, (x.size(d) - 1) / chunks + 1);
  }
};

struct Unbind {
  static constexpr OpInfo info{.name = "unbind",
                               .signature = "(input: Tensor, dim: int = 0) -> tuple",
                               .doc = "The slices along dim, without it, as views.",
                               .example = "tg.tensor([[1.0, 2.0], [3.0, 4.0]]).unbind()",
                               .bfloat16 = true};
  static TensorList forward(const Tensor& x, int64_t dim) {
    const int d = dim_of_parts(info.name, x, dim);
    TensorList parts;
    parts.reserve(size_t(x.size(d)));
    for (int64_t i = 0; i < x.size(d); ++i) parts.push_back(part(x, d, i, Part::kSlice));
    return parts;
  }
};

struct TensorSplit {
  static constexpr OpInfo info{
      .name = "tensor_split",
      .signature = "(input: Tensor, indices_or_sections: int | tuple | Tensor, dim: int = 0) -> tuple",
      .doc = "Views along dim: as many of nearly equal size as asked for, or those between the indices given.",
      .example = "tg.arange(5.0).tensor_split((1, 3))",
      .bfloat16 = true};
  static TensorList forward(const Tensor& x, const IntsOrTensor& where, int64_t dim) {
    return split_at(info.name, x, where, dim_of_parts(info.name, x, dim));
  }
  static TensorList split_at(const char* op, const Tensor& x, const IntsOrTensor& where, int d);
};

// hsplit, vsplit and dsplit: the sections must be equal there.
TensorList split_evenly(const char* op, const Tensor& x, const IntsOrTensor& where, int dim, int least_dims);

struct HSplit {
  static constexpr OpInfo info{.name = "hsplit",
                               .signature = "(input: Tensor, indices_or_sections: int | tuple) -> tuple",
                               .doc =
                                   "Views along the columns (the elements of a vector): equal sections, or those between "
                                   "the indices given.",
                               .example = "tg.arange(4.0).hsplit(2)",
                               .bfloat16 = true};
  static TensorList forward(const Tensor& x, const IntsOrTensor& where) {
    return split_evenly(info.name, x, where, x.ndim() == 1 ? 0 : 1, 1);
  }
};

struct VSplit {
  static constexpr OpInfo info{.name = "vsplit",
                               .signature = "(input: Tensor, indices_or_sections: int | tuple) -> tuple",
                               .doc = "Views along the rows: equal sections, or those between the indices given.",
                               .example = "tg.arange(4.0).view(2, 2).vsplit(2)",
                               .bfloat16 = true};
  static TensorList forward(const Tensor& x, const IntsOrTensor& where) { return split_evenly(info.name, x, where, 0, 2); }
};

struct DSplit {
  static constexpr OpInfo info{.name = "dsplit",
                               .signature = "(input: Tensor, indices_or_sections: int | tuple) -> tuple",
                               .doc = "Views along the third dim: equal sections, or those between the indices given.",
                               .example = "tg.arange(4.0).view(1, 2, 2).dsplit(2)",
                               .bfloat16 = true};
  static TensorList forward(const Tensor& x, const IntsOrTensor& where) { return split_evenly(info.name, x, where, 2, 3); }
};

struct NarrowCopy {
  static constexpr OpInfo info{.name = "narrow_copy",
                               .signature = "(input: Tensor, dim: int, start: int, length: int) -> Tensor",
                               .doc = "A copy of `length` elements along dim.",
                               .example = "tg.arange(4.0).narrow_copy(0, 1, 2)"};
  static Tensor forward(const Tensor& x, int64_t dim, int64_t start, int64_t length) {
    return clone(narrow(x, dim, start, length));
  }
};

using Splits = OpList<Split, SplitWithSizes, Chunk, Unbind, TensorSplit, HSplit, VSplit, DSplit, NarrowCopy>;

}  // namespace tg::ops
