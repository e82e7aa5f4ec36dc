// Views and copies: another shape over the same storage, or the same values in another place.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

struct View {
  static constexpr OpInfo info{.name = "view",
                               .signature = "(input: Tensor, *shape: int) -> Tensor",
                               .doc = "The same values in another shape, without copying; one size may be -1.",
                               .formula = "y = x in another shape",
                               .gradient = "dx = dy in x's shape",
                               .face = Face::method};
  struct Saved {
    Shape shape;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& shape) {
    s.shape = x.shape();
    const Shape to = infer_shape(info.name, shape, x.numel());
    Ints strides;
    if (!view_strides(x.shape(), x.strides(), to, strides)) {
      fail<RuntimeError>("view(): shape ", Show{to}, " cannot be seen in a tensor of shape ", Show{x.shape()}, " and strides ",
                         Show{x.strides()}, " without copying; use reshape()");
    }
    return view(x, to, strides, 0);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {reshape(dy, s.shape)}; }
};

// A view where the layout allows, else a view of a contiguous copy.
struct Reshape {
  static constexpr OpInfo info{
      .name = "reshape",
      .signature = "(input: Tensor, *shape: int) -> Tensor",
      .doc = "The same values in another shape, copied only where the layout asks for it; one size may be -1."};
  static Tensor forward(const Tensor& x, const Ints& shape) {
    const Shape to = infer_shape(info.name, shape, x.numel());
    Ints strides;
    if (view_strides(x.shape(), x.strides(), to, strides)) return tape::apply<View>(x, to);
    return tape::apply<View>(clone(x), to);
  }
};

struct Permute {
  static constexpr OpInfo info{.name = "permute",
                               .signature = "(input: Tensor, *dims: int) -> Tensor",
                               .doc = "The dims in another order.",
                               .formula = "y[i0, i1, ...] = x[i at dims]",
                               .gradient = "dx = the inverse permutation of dy"};
  struct Saved {
    Ints inverse;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dims) {
    if (dims.size() != x.ndim()) {
      fail<RuntimeError>("permute(): ", dims.size(), " dims given for a tensor of shape ", Show{x.shape()});
    }
    normalize_dims(info.name, dims, x.ndim());  // no dim twice
    s.inverse = Ints::filled(dims.size(), 0);
    Ints shape, strides;
    for (int i = 0; i < dims.size(); ++i) {
      const int d = normalize_dim(info.name, dims[i], x.ndim());
      s.inverse[d] = i;
      shape.push_back(x.size(d));
      strides.push_back(x.stride(d));
    }
    return view(x, shape, strides, 0);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {permute(dy, s.inverse)}; }
};

struct Transpose {
  static constexpr OpInfo info{.name = "transpose",
                               .signature = "(input: Tensor, dim0: int, dim1: int) -> Tensor",
                               .doc = "Two dims swapped.",
                               .formula = "y = x with two dims swapped",
                               .gradient = "dx = dy with them swapped back"};
  struct Saved {
    int dim0, dim1;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim0, int64_t dim1) {
    s.dim0 = normalize_dim(info.name, dim0, x.ndim());
    s.dim1 = normalize_dim(info.name, dim1, x.ndim());
    Ints shape = x.shape(), strides = x.strides();
    if (x.ndim() > 0) {
      std::swap(shape[s.dim0], shape[s.dim1]);
      std::swap(strides[s.dim0], strides[s.dim1]);
    }
    return view(x, shape, strides, 0);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {transpose(dy, s.dim0, s.dim1)}; }
};

struct Expand {
  static constexpr OpInfo info{.name = "expand",
                               .signature = "(input: Tensor, *shape: int) -> Tensor",
                               .doc = "Dims of size 1 (and new leading dims) repeated without copying; -1 keeps a size.",
                               .formula = "y = x with dims of size 1 repeated",
                               .gradient = "dx = dy summed over them (the engine does it)"};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x, const Ints& shape) {
    const int lead = shape.size() - x.ndim();
    if (lead < 0)
      fail<RuntimeError>("expand(): shape ", Show{shape}, " has fewer dims than the tensor's shape ", Show{x.shape()});
    Shape to = shape;
    Ints strides;
    for (int d = 0; d < shape.size(); ++d) {
      const int64_t size = d < lead ? 1 : x.size(d - lead);
      if (to[d] == -1 && d >= lead) to[d] = size;
      if (to[d] < 0 || (size != 1 && size != to[d])) {
        fail<RuntimeError>("expand(): shape ", Show{x.shape()}, " does not expand to ", Show{shape}, " at dim ", d);
      }
      strides.push_back(size == 1 && to[d] != 1 ? 0 : d < lead ? 0 : x.stride(d - lead));
    }
    checked_numel(info.name, to);
    return view(x, to, strides, 0);
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

struct Unsqueeze {
  static constexpr OpInfo info{
      .name = "unsqueeze", .signature = "(input: Tensor, dim: int) -> Tensor", .doc = "A new dim of size 1 at dim."};
  static Tensor forward(const Tensor& x, int64_t dim) {
    const int d = normalize_dim(info.name, dim, x.ndim() + 1);
    Shape shape = x.shape();
    shape.insert(d, 1);
    return reshape(x, shape);
  }
};

struct Squeeze {
  static constexpr OpInfo info{.name = "squeeze",
                               .signature = "(input: Tensor, dim: int | tuple | None = None) -> Tensor",
                               .doc = "Without the dims of size 1, all of them or those in dim."};
  static Tensor forward(const Tensor& x, const std::optional<Ints>& dim) {
    Ints dims = dim ? *dim : Ints();
    bool drop[kMaxDims] = {};
    if (!dim) std::fill(drop, drop + kMaxDims, true);
    for (int64_t d : dims) drop[normalize_dim(info.name, d, x.ndim())] = true;
    Shape shape;
    for (int d = 0; d < x.ndim(); ++d)
      if (x.size(d) != 1 || !drop[d]) shape.push_back(x.size(d));
    return reshape(x, shape);
  }
};

struct Flatten {
  static constexpr OpInfo info{.name = "flatten",
                               .signature = "(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor",
                               .doc = "The dims from start_dim to end_dim made one."};
  static Tensor forward(const Tensor& x, int64_t start_dim, int64_t end_dim) {
    const int start = normalize_dim(info.name, start_dim, x.ndim());
    const int end = normalize_dim(info.name, end_dim, x.ndim());
    if (start > end) fail<RuntimeError>("flatten(): start_dim ", start_dim, " comes after end_dim ", end_dim);
    Shape shape;
    for (int d = 0; d < x.ndim(); ++d) {
      if (d > start && d <= end) {
        shape[shape.size() - 1] *= x.size(d);
      } else {
        shape.push_back(x.size(d));
      }
    }
    if (x.ndim() == 0) shape.push_back(1);
    return reshape(x, shape);
  }
};

// A layout of x's own making, for views taken again from a changed base.
struct AsStrided {
  static constexpr OpInfo info{.name = "as_strided",
                               .signature = "(input: Tensor, size: tuple, stride: tuple, storage_offset: int = 0) -> Tensor",
                               .doc = "A view with the given sizes and strides (in elements) of a contiguous tensor.",
                               .formula = "y[i] = x's storage at offset + i . strides",
                               .gradient = "dx gathers dy at the places each element was read from"};
  struct Saved {
    Shape base, shape;
    Ints strides;
    int64_t offset;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& shape, const Ints& strides, int64_t offset) {
    if (shape.size() != strides.size()) {
      fail<RuntimeError>("as_strided(): size ", Show{shape}, " and stride ", Show{strides}, " differ in length");
    }
    if (!x.contiguous()) fail<RuntimeError>("as_strided(): the tensor of shape ", Show{x.shape()}, " is not contiguous");
    const int64_t numel = checked_numel(info.name, shape);
    int64_t last = offset;
    bool outside = offset < 0;
    for (int d = 0; d < shape.size() && numel; ++d) {
      int64_t reach;
      outside |= strides[d] < 0 || __builtin_mul_overflow(strides[d], shape[d] - 1, &reach) ||
                 __builtin_add_overflow(last, reach, &last);
    }
    if (outside || (numel && last >= x.numel())) {
      fail<RuntimeError>("as_strided(): size ", Show{shape}, ", stride ", Show{strides}, " and storage_offset ", offset,
                         " reach outside a tensor of ", x.numel(), " elements");
    }
    s = {x.shape(), shape, strides, offset};
    return view(x, shape, strides, offset);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor rows = positions(s.shape, s.strides, s.offset);
    const int64_t n = product(s.base);
    return {reshape(add_rows(reshape(dy, {rows.numel(), 1}), rows, n), s.base)};
  }
  // int64 [numel]: where each element of the view stands in its base.
  static Tensor positions(const Shape& shape, const Ints& strides, int64_t offset) {
    Tensor out = empty({product(shape)}, DType::int64);
    int64_t* p = out.data<int64_t>();
    for (int64_t i = 0; i < out.numel(); ++i) {
      int64_t left = i, at = offset;
      for (int d = shape.size() - 1; d >= 0; --d) {
        at += left % shape[d] * strides[d];
        left /= shape[d];
      }
      p[i] = at;
    }
    return out;
  }
};

struct Clone {
  static constexpr OpInfo info{.name = "clone",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "A contiguous copy.",
                               .formula = "y = x",
                               .gradient = "dx = dy"};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x) { return clone_values(x); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

struct Contiguous {
  static constexpr OpInfo info{.name = "contiguous",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The tensor itself where it is contiguous, else a contiguous copy.",
                               .face = Face::method};
  static Tensor forward(const Tensor& x) { return x.contiguous() ? x : clone(x); }
};

struct Cast {
  static constexpr OpInfo info{.name = "cast",
                               .signature = "(input: Tensor, dtype: dtype) -> Tensor",
                               .doc = "The values in another dtype.",
                               .formula = "y = x in another dtype",
                               .gradient = "dx = dy in x's (the engine converts)",
                               .face = Face::internal};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x, DType dtype) { return x.dtype() == dtype ? clone_values(x) : cast(x, dtype); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

using Views = OpList<View, Reshape, Permute, Transpose, Expand, Unsqueeze, Squeeze, Flatten, AsStrided, Clone, Contiguous, Cast>;

}  // namespace tg::ops
