// Views and copies with gradient rules of their own: another layout over the same storage, or the same values elsewhere.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// Whether x can be seen in another shape without copying, and then with which strides.
inline bool seen_as(const Tensor& x, const Shape& shape, Ints& strides) {
  if (!x.contiguous()) return view_strides(x.shape(), x.strides(), shape, strides);
  strides = contiguous_strides(shape);
  return true;
}

// What view, reshape, squeeze, flatten and the like record once they have found the layout.
struct Relaid {
  static constexpr OpInfo info{.name = "relaid",
                               .signature = "(input: Tensor, shape: tuple, strides: tuple) -> Tensor",
                               .doc = "The same values in the same order, in another shape.",
                               .formula = "y = x in another shape",
                               .gradient = "dx = dy in x's shape",
                               .face = Face::internal,
                               .label = "view",
                               .bfloat16 = true};
  struct Saved {
    Shape shape;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Shape& shape, const Ints& strides) {
    s.shape = x.shape();
    return view(x, shape, strides, 0);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {reshape(dy, s.shape)}; }
};

struct View {
  static constexpr OpInfo info{.name = "view",
                               .signature = "(input: Tensor, *size: int | dtype) -> Tensor",
                               .doc =
                                   "The same values in another shape, without copying; one size may be -1. Given a dtype, the "
                                   "same bytes as elements of that dtype, without a gradient.",
                               .formula = "y = x in another shape",
                               .example = "tg.arange(6.0).view(2, -1)",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const ShapeOrDType& size) {
    if (size.dtype) return bytes_as(x, *size.dtype);
    const Shape to = infer_shape(info.name, size.shape, x.numel());
    Ints strides;
    if (!seen_as(x, to, strides)) {
      fail<RuntimeError>("view(): shape ", Show{to}, " cannot be seen in a tensor of shape ", Show{x.shape()}, " and strides ",
                         Show{x.strides()}, " without copying; use reshape()");
    }
    return tape::apply<Relaid>(x, to, strides);
  }

 private:
  static Tensor bytes_as(const Tensor& x, DType dtype);
};

// A view where the layout allows, else a view of a contiguous copy.
struct Reshape {
  static constexpr OpInfo info{
      .name = "reshape",
      .signature = "(input: Tensor, *shape: int) -> Tensor",
      .doc = "The same values in another shape, copied only where the layout asks for it; one size may be -1.",
      .formula = "y = x in another shape",
      .example = "tg.arange(6.0).reshape(3, 2)",
      .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& shape) {
    const Shape to = infer_shape(info.name, shape, x.numel());
    Ints strides;
    if (seen_as(x, to, strides)) return tape::apply<Relaid>(x, to, strides);
    return tape::apply<Relaid>(clone(x), to, contiguous_strides(to));
  }
};

struct Permute {
  static constexpr OpInfo info{.name = "permute",
                               .signature = "(input: Tensor, *dims: int) -> Tensor",
                               .doc = "The dims in another order, as a view.",
                               .formula = "y[i0, i1, ...] = x[i at dims]",
                               .gradient = "dx = the inverse permutation of dy",
                               .example = "tg.zeros(2, 3, 4).permute(2, 0, 1).shape",
                               .bfloat16 = true};
  struct Saved {
    Ints inverse;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dims) {
    if (dims.size() != x.ndim()) {
      fail<RuntimeError>("permute(): ", dims.size(), " dims given for a tensor of shape ", Show{x.shape()});
    }
    Ints shape, strides;
    unsigned seen = 0;
    shape.resize(x.ndim());
    strides.resize(x.ndim());
    s.inverse.resize(x.ndim());
    for (int i = 0; i < x.ndim(); ++i) {
      const int d = normalize_dim(info.name, dims[i], x.ndim());
      if (seen >> d & 1) fail<RuntimeError>("permute(): dim ", dims[i], " appears more than once in ", Show{dims});
      seen |= 1u << d;
      s.inverse[d] = i;
      shape[i] = x.size(d);
      strides[i] = x.stride(d);
    }
    return view(x, shape, strides, 0);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {permute(dy, s.inverse)}; }
};

struct Transpose {
  static constexpr OpInfo info{.name = "transpose",
                               .signature = "(input: Tensor, dim0: int, dim1: int) -> Tensor",
                               .doc = "Two dims swapped, as a view.",
                               .formula = "y = x with two dims swapped",
                               .gradient = "dx = dy with them swapped back",
                               .example = "tg.tensor([[1.0, 2.0], [3.0, 4.0]]).transpose(0, 1)",
                               .aliases = "swapaxes swapdims",
                               .inplace = true,
                               .bfloat16 = true};
  static constexpr bool relays = true;
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
                               .signature = "(input: Tensor, *size: int) -> Tensor",
                               .doc = "Dims of size 1 (and new leading dims) repeated without copying; -1 keeps a size.",
                               .formula = "y = x with dims of size 1 repeated",
                               .gradient = "dx = dy summed over them (the engine does it)",
                               .example = "tg.tensor([[1.0], [2.0]]).expand(2, 3)",
                               .face = Face::method,
                               .bfloat16 = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x, const Ints& shape) {
    const int lead = shape.size() - x.ndim();
    if (lead < 0)
      fail<RuntimeError>("expand(): shape ", Show{shape}, " has fewer dims than the tensor's shape ", Show{x.shape()});
    Shape to = shape;
    Ints strides;
    strides.resize(shape.size());
    for (int d = 0; d < shape.size(); ++d) {
      const int64_t size = d < lead ? 1 : x.size(d - lead);
      if (to[d] == -1 && d >= lead) to[d] = size;
      if (to[d] < 0 || (size != 1 && size != to[d])) {
        fail<RuntimeError>("expand(): shape ", Show{x.shape()}, " does not expand to ", Show{shape}, " at dim ", d);
      }
      strides[d] = d < lead || (size == 1 && to[d] != 1) ? 0 : x.stride(d - lead);
    }
    checked_numel(info.name, to);
    return view(x, to, strides, 0);
  }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

// A part of a contiguous tensor by sizes, strides and offset, checked by the caller or here.
struct Strided {
  static constexpr OpInfo info{.name = "strided",
                               .signature = "(input: Tensor, size: tuple, stride: tuple, offset: int) -> Tensor",
                               .doc = "A view with the given sizes and strides (in elements) of a contiguous tensor.",
                               .formula = "y[i] = x's element at offset + i . strides",
                               .gradient = "dx gathers dy at the places each element was read from",
                               .face = Face::internal,
                               .label = "as_strided",
                               .bfloat16 = true};
  struct Saved {
    Shape base, shape;
    Ints strides;
    int64_t offset;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Shape& shape, const Ints& strides, int64_t offset) {
    if (!x.contiguous()) fail<RuntimeError>("as_strided(): the tensor of shape ", Show{x.shape()}, " is not contiguous");
    check(shape, strides, offset, x.numel());
    s = {x.shape(), shape, strides, offset};
    return view(x, shape, strides, offset);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor rows = positions(s.shape, s.strides, s.offset);
    const int64_t n = product(s.base);
    return {reshape(add_rows(reshape(dy, {rows.numel(), 1}), rows, n), s.base)};
  }
  // Throws unless the layout stays within `count` elements.
  static void check(const Shape& shape, const Ints& strides, int64_t offset, int64_t count);

 private:
  // int64 [numel]: where each element of the view stands in its base.
  static Tensor positions(const Shape& shape, const Ints& strides, int64_t offset);
};

struct AsStrided {
  static constexpr OpInfo info{
      .name = "as_strided",
      .signature = "(input: Tensor, size: tuple, stride: tuple, storage_offset: int | None = None) -> Tensor",
      .doc =
          "A view of the tensor's memory with the given sizes and strides (in elements). storage_offset counts from the "
          "start of the memory; by default it is the tensor's own. Only a contiguous tensor passes a gradient on.",
      .formula = "y[i] = x's memory at storage_offset + i . stride",
      .example = "tg.arange(6.0).as_strided((2, 2), (1, 2), 1)",
      .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& size, const Ints& stride, std::optional<int64_t> storage_offset);
};

struct Clone {
  static constexpr OpInfo info{
      .name = "clone",
      .signature = "(input: Tensor, *, memory_format: object = 'preserve_format') -> Tensor",
      .doc = "A contiguous copy, which passes the gradient on. The one memory format is row-major order.",
      .formula = "y = x",
      .gradient = "dx = dy",
      .example = "tg.tensor([1.0, 2.0]).clone()",
      .bfloat16 = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x, MemoryFormat = {}) { return clone_values(x); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

struct Detach {
  static constexpr OpInfo info{.name = "detach",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "A tensor on the same memory, without history.",
                               .formula = "y = x",
                               .example = "tg.tensor([1.0], requires_grad=True).detach()",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x) { return alias(x); }
};

struct Contiguous {
  static constexpr OpInfo info{.name = "contiguous",
                               .signature = "(input: Tensor, memory_format: object = 'contiguous_format') -> Tensor",
                               .doc = "The tensor itself where it is contiguous, else a contiguous copy.",
                               .formula = "y = x",
                               .example = "tg.arange(6).view(2, 3).t().contiguous().stride()",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, MemoryFormat = {}) { return x.contiguous() ? x : clone(x); }
};

struct Cast {
  static constexpr OpInfo info{.name = "cast",
                               .signature = "(input: Tensor, dtype: dtype) -> Tensor",
                               .doc = "The values in another dtype.",
                               .formula = "y = x in another dtype",
                               .gradient = "dx = dy in x's (the engine converts)",
                               .face = Face::internal,
                               .bfloat16 = true};
  using Saved = Nothing;
  static Tensor forward(Saved&, const Tensor& x, DType dtype) { return x.dtype() == dtype ? clone_values(x) : cast(x, dtype); }
  static Grads<1> backward(const Saved&, Needs, const Tensor& dy) { return {dy}; }
};

using Views = OpList<View, Reshape, Permute, Transpose, Expand, AsStrided, Clone, Detach, Contiguous, Cast>;
// Their layouts have been found or are checked by those above.
using ViewsInternal = OpList<Relaid, Strided>;

}  // namespace tg::ops
