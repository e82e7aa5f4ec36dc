// Joining tensors and taking them apart.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct Cat {
  static constexpr OpInfo info{.name = "cat",
                               .signature = "(tensors: list[Tensor], dim: int = 0) -> Tensor",
                               .doc = "The tensors one after the other along dim.",
                               .formula = "y = the inputs one after the other along dim",
                               .gradient = "each input's gradient is its part of dy",
                               .face = Face::function};
  struct Saved {
    int dim = 0;
    std::vector<int64_t> sizes;  // along dim; -1: skipped
  };
  static Tensor forward(Saved& s, const TensorList& tensors, int64_t dim) {
    if (tensors.empty()) fail<ValueError>("cat(): expected at least one tensor, got an empty list");
    // An empty 1-d tensor joins anything, as in PyTorch.
    const auto skipped = [](const Tensor& t) { return t.ndim() == 1 && t.numel() == 0; };
    const Tensor* first = &tensors[0];
    for (const Tensor& t : tensors) {
      if (t.ndim() == 0) fail<RuntimeError>("cat(): a 0-d tensor cannot be joined; unsqueeze it or use stack()");
      if (skipped(*first) && !skipped(t)) first = &t;
    }
    s.dim = normalize_dim(info.name, dim, first->ndim());
    Shape shape = first->shape();
    DType dtype = tensors[0].dtype();
    int64_t total = 0;
    for (const Tensor& t : tensors) {
      dtype = promote(dtype, t.dtype());
      if (skipped(t) && !skipped(*first)) {
        s.sizes.push_back(-1);
        continue;
      }
      bool fits = t.ndim() == first->ndim();
      for (int d = 0; fits && d < t.ndim(); ++d) fits = d == s.dim || t.size(d) == first->size(d);
      if (!fits) {
        fail<RuntimeError>("cat(): shapes ", Show{first->shape()}, " and ", Show{t.shape()}, " differ outside dim ", s.dim);
      }
      s.sizes.push_back(t.size(s.dim));
      if (__builtin_add_overflow(total, t.size(s.dim), &total)) fail<RuntimeError>("cat(): dim ", s.dim, " becomes too large");
    }
    shape[s.dim] = total;
    Tensor out = empty(shape, dtype);
    int64_t at = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (s.sizes[i] < 0) continue;
      shape[s.dim] = s.sizes[i];
      copy_values(alias(out, shape, out.strides(), at * out.stride(s.dim)), tensors[i]);
      at += s.sizes[i];
    }
    return out;
  }
  static TensorList backward(const Saved& s, Needs needs, const Tensor& dy) {
    TensorList grads(s.sizes.size());
    int64_t at = 0;
    for (size_t i = 0; i < grads.size(); ++i) {
      if (s.sizes[i] < 0) continue;
      if (needs[int(i)]) grads[i] = narrow(dy, s.dim, at, s.sizes[i]);
      at += s.sizes[i];
    }
    return grads;
  }
};

struct Stack {
  static constexpr OpInfo info{.name = "stack",
                               .signature = "(tensors: list[Tensor], dim: int = 0) -> Tensor",
                               .doc = "Tensors of one shape along a new dim.",
                               .face = Face::function};
  static Tensor forward(const TensorList& tensors, int64_t dim) {
    if (tensors.empty()) fail<ValueError>("stack(): expected at least one tensor, got an empty list");
    const int d = normalize_dim(info.name, dim, tensors[0].ndim() + 1);
    TensorList parts;
    for (const Tensor& t : tensors) {
      if (!same(t.shape(), tensors[0].shape())) {
        fail<RuntimeError>("stack(): all shapes must be equal, got ", Show{tensors[0].shape()}, " and ", Show{t.shape()});
      }
      parts.push_back(unsqueeze(t, d));
    }
    return cat(parts, d);
  }
};

struct Split {
  static constexpr OpInfo info{.name = "split",
                               .signature = "(input: Tensor, split_size: int | tuple, dim: int = 0) -> tuple",
                               .doc = "Views along dim, of split_size each (the last may be smaller), or of the sizes given."};
  static TensorList forward(const Tensor& x, const IntOrInts& sizes, int64_t dim) {
    const Ints& split_size = sizes.values;
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<RuntimeError>("split(): a 0-d tensor has no dim to split");
    const int64_t size = x.size(d);
    TensorList parts;
    if (sizes.listed) {
      int64_t at = 0;
      for (int64_t n : split_size) {
        if (n < 0 || n > size - at)
          fail<RuntimeError>("split(): sizes ", Show{split_size}, " do not add up to ", size, ", the size of dim ", d);
        parts.push_back(narrow(x, d, at, n));
        at += n;
      }
      if (at != size)
        fail<RuntimeError>("split(): sizes ", Show{split_size}, " do not add up to ", size, ", the size of dim ", d);
      return parts;
    }
    const int64_t step = split_size[0];
    if (step < 0 || (step == 0 && size != 0)) fail<RuntimeError>("split(): split_size must be positive, got ", step);
    for (int64_t at = 0; at < size; at += step) parts.push_back(narrow(x, d, at, std::min(step, size - at)));
    if (parts.empty()) parts.push_back(narrow(x, d, 0, 0));
    return parts;
  }
};

struct Chunk {
  static constexpr OpInfo info{.name = "chunk",
                               .signature = "(input: Tensor, chunks: int, dim: int = 0) -> tuple",
                               .doc = "At most `chunks` views of equal size along dim; the last may be smaller."};
  static TensorList forward(const Tensor& x, int64_t chunks, int64_t dim) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (chunks < 1) fail<RuntimeError>("chunk(): chunks must be at least 1, got ", chunks);
    if (x.ndim() == 0) fail<RuntimeError>("chunk(): a 0-d tensor has no dim to split");
    const int64_t size = x.size(d) ? (x.size(d) - 1) / chunks + 1 : 1;
    return Split::forward(x, {{size}, false}, d);
  }
};

struct Unbind {
  static constexpr OpInfo info{
      .name = "unbind", .signature = "(input: Tensor, dim: int = 0) -> tuple", .doc = "The slices along dim, without it."};
  static TensorList forward(const Tensor& x, int64_t dim) {
    const int d = normalize_dim(info.name, dim, x.ndim());
    if (x.ndim() == 0) fail<RuntimeError>("unbind(): a 0-d tensor has no dim to take apart");
    TensorList parts;
    for (int64_t i = 0; i < x.size(d); ++i) parts.push_back(select(x, d, i));
    return parts;
  }
};

using Joins = OpList<Cat, Stack, Split, Chunk, Unbind>;

}  // namespace tg::ops
