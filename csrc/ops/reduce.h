// Sums, means, products and truths over one, several or all dims. The order of summation is fixed by the shape alone.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/reduce_values.h"

namespace tg::ops {

// Puts the reduced dims back as size 1 and repeats them.
inline Tensor expand_reduced(const Tensor& dy, const Shape& shape, Dims dims) {
  return expand(reshape(dy, kept_shape(shape, dims)), shape);
}

struct Sum {
  static constexpr OpInfo info{
      .name = "sum",
      .signature =
          "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The sum over dim, or over everything; integers and bool sum as int64.",
      .formula = "y = sum x",
      .gradient = "dx = dy repeated",
      .example = "tg.sum(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)"};
  struct Saved {
    Shape shape;
    Dims dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim, std::optional<DType> dtype) {
    s = {x.shape(), Dims(info.name, dim, x.ndim())};
    if (!dtype) return sum_values(x, s.dims, keepdim);
    return cast(sum_values(cast(x, *dtype), s.dims, keepdim), *dtype);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {expand_reduced(dy, s.shape, s.dims)}; }
};

struct NanSum {
  static constexpr OpInfo info{
      .name = "nansum",
      .signature =
          "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The sum over dim, or over everything, with NaN as zero.",
      .formula = "y = sum of x where x is a number",
      .gradient = "dx = dy where x is a number, else 0",
      .example = "tg.nansum(tg.tensor([1.0, float('nan'), 2.0]))"};
  struct Saved {
    SavedInput x;
    Dims dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim, std::optional<DType> dtype) {
    s.x = x;
    s.dims = Dims(info.name, dim, x.ndim());
    return values(dtype ? cast(x, *dtype) : x, s.dims, keepdim, dtype);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {where(eq(x, x), reshape(dy, kept_shape(x.shape(), s.dims)), number(0))};
  }
  static Tensor values(const Tensor& x, Dims dims, bool keepdim, std::optional<DType> dtype) {
    if (!is_floating(x.dtype())) return cast(sum_values(x, dims, keepdim), dtype ? *dtype : DType::int64);
    if (x.numel() == 0) return zeros(result_shape(x.shape(), dims, keepdim), x.dtype());
    return reduce_values(info.name, {table().reduce.nan_sum, table().reduce.sum}, x, dims, keepdim, x.dtype());
  }
};

struct Mean {
  static constexpr OpInfo info{
      .name = "mean",
      .signature =
          "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The mean over dim, or over everything; NaN over nothing. Integers need a floating dtype.",
      .formula = "y = sum x / n",
      .gradient = "dx = dy / n repeated",
      .example = "tg.mean(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)"};
  struct Saved {
    Shape shape;
    Dims dims;
    double n;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim, std::optional<DType> dtype) {
    if (!is_floating(dtype ? *dtype : x.dtype()))
      fail<RuntimeError>("mean(): the result must be floating, got dtype ", dtype ? *dtype : x.dtype(),
                         "; give dtype=float32, for example");
    s = {x.shape(), Dims(info.name, dim, x.ndim()), 0};
    s.n = double(count(x.shape(), s.dims));
    Tensor y = sum_values(dtype ? cast(x, *dtype) : x, s.dims, keepdim);
    each_value(y, [n = s.n](auto v) { return v / decltype(v)(n); });
    return y;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {expand_reduced(dy / s.n, s.shape, s.dims)}; }
};

struct NanMean {
  static constexpr OpInfo info{
      .name = "nanmean",
      .signature =
          "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The mean over dim, or over everything, of what is not NaN; NaN where nothing is left.",
      .formula = "y = sum of x / number of x, where x is a number",
      .gradient = "dx = dy / number of x where x is a number, else 0",
      .example = "tg.nanmean(tg.tensor([1.0, float('nan'), 2.0]))"};
  struct Saved {
    SavedInput x;
    Dims dims;
    Tensor counts;
  };
  static Tensor forward(Saved& s, const Tensor& input, const Ints& dim, bool keepdim, std::optional<DType> dtype) {
    require_floating(info.name, "input", input);
    const Tensor x = dtype ? cast(input, *dtype) : input;
    require_floating(info.name, "the result", x);
    s.x = input;
    s.dims = Dims(info.name, dim, x.ndim());
    const auto& t = table().reduce;
    s.counts = x.numel() ? reduce_values(info.name, {t.count_numbers, t.sum}, x, s.dims, keepdim, DType::int64)
                         : zeros(result_shape(x.shape(), s.dims, keepdim), DType::int64);
    Tensor y = NanSum::values(x, s.dims, keepdim, dtype);
    int64_t* n = s.counts.data<int64_t>();
    each_value(y, [n](auto v) mutable { return v / decltype(v)(*n++); });
    return y;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    return {where(eq(x, x), reshape(dy / s.counts, kept_shape(x.shape(), s.dims)), number(0))};
  }
};

struct Prod {
  static constexpr OpInfo info{
      .name = "prod",
      .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The product over dim, or of everything; integers and bool multiply as int64.",
      .formula = "y = prod x",
      .gradient = "dx = dy times the product of the others",
      .example = "tg.prod(tg.tensor([2.0, 3.0, 4.0]))"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Dims dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, std::optional<int64_t> dim, bool keepdim, std::optional<DType> dtype) {
    s.x = x;
    s.dims = Dims(info.name, dim, x.ndim());
    const DType t = dtype ? *dtype : is_floating(x.dtype()) ? x.dtype() : DType::int64;
    if (x.numel() == 0) return s.y.keep(full(result_shape(x.shape(), s.dims, keepdim), 1, t));
    return s.y.keep(cast(values(cast(cast(x, t), is_floating(t) ? t : DType::int64), s.dims, keepdim), t));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Shape kept = kept_shape(x.shape(), s.dims);
    Tensor up = reshape(dy, kept);
    if (x.numel() == 0) return {up * x};
    const auto& t = table().reduce;
    if (reduce_values(info.name, {t.all, t.min}, x, Dims::all(x.ndim()), false, DType::bool_).scalar<bool>())
      return {up * reshape(s.y.unpack(), kept) / x};
    if (tape::grad_enabled()) return {up * others(x, s.dims)};
    // First order only: one zero gets the product of the rest, and beside a zero every other gradient is zero.
    const Tensor zeros = eq(x, number(0));
    Tensor filled = where(zeros, number(1), x);
    Tensor rest = values(filled, s.dims, true);
    Tensor count = sum(zeros, s.dims.list(), true);
    return {up *
            where(zeros, where(eq(count, number(1)), rest, number(0)), where(eq(count, number(0)), rest / filled, number(0)))};
  }

 private:
  static Tensor values(const Tensor& x, Dims dims, bool keepdim) {
    return reduce_values(info.name, {table().reduce.prod, table().reduce.prod}, x, dims, keepdim, x.dtype());
  }
  // The products of all elements but one, taken as they stand, so that they can be differentiated at zeros too.
  static Tensor others(const Tensor& x, Dims dims) {
    const int last = x.ndim() - 1;
    const Ints listed = dims.list();
    const bool whole = listed.size() == x.ndim();
    Tensor rows = whole ? reshape(x, {x.numel()}) : transpose(x, listed[0], last);
    const int64_t n = rows.size(rows.ndim() - 1);
    Shape square = rows.shape();
    square.push_back(n);
    Tensor diagonal = ops::zeros(Shape{n, n}, DType::bool_);
    copy_values(alias(diagonal, Shape{n}, Ints{n + 1}, 0), number(1));
    Tensor each = where(diagonal, number(1), expand(unsqueeze(rows, -2), square));
    Tensor products = tape::apply<Prod>(each, std::optional<int64_t>(-1), false, std::optional<DType>());
    return whole ? reshape(products, x.shape()) : transpose(products, listed[0], last);
  }
};

struct All {
  static constexpr OpInfo info{.name = "all",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "True where no element along dim is zero.",
                               .example = "tg.all(tg.tensor([[1.0, 0.0], [2.0, 3.0]]), dim=1)"};
  static Tensor forward(const Tensor& x, const Ints& dim, bool keepdim) {
    return truth(info.name, {table().reduce.all, table().reduce.min}, x, dim, keepdim, true);
  }
  static Tensor truth(const char* op, Rule rule, const Tensor& x, const Ints& dim, bool keepdim, bool of_nothing) {
    const Dims dims(op, dim, x.ndim());
    const DType t = x.dtype() == DType::uint8 ? DType::uint8 : DType::bool_;  // as in PyTorch
    if (x.numel() == 0) return full(result_shape(x.shape(), dims, keepdim), of_nothing, t);
    return cast(reduce_values(op, rule, x, dims, keepdim, DType::bool_), t);
  }
};

struct Any {
  static constexpr OpInfo info{.name = "any",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "True where some element along dim is not zero.",
                               .example = "tg.any(tg.tensor([[1.0, 0.0], [0.0, 0.0]]), dim=1)"};
  static Tensor forward(const Tensor& x, const Ints& dim, bool keepdim) {
    return All::truth(info.name, {table().reduce.any, table().reduce.max}, x, dim, keepdim, false);
  }
};

struct CountNonzero {
  static constexpr OpInfo info{.name = "count_nonzero",
                               .signature = "(input: Tensor, dim: int | tuple | None = None) -> Tensor",
                               .doc = "How many elements along dim, or at all, are not zero.",
                               .example = "tg.count_nonzero(tg.tensor([[1.0, 0.0], [2.0, 3.0]]), dim=1)"};
  static Tensor forward(const Tensor& x, const Ints& dim) {
    const Dims dims(info.name, dim, x.ndim());
    if (x.numel() == 0) return zeros(result_shape(x.shape(), dims, false), DType::int64);
    return reduce_values(info.name, {table().reduce.count, table().reduce.sum}, x, dims, false, DType::int64);
  }
};

struct SumToSize {
  static constexpr OpInfo info{.name = "sum_to_size",
                               .signature = "(input: Tensor, *size: int) -> Tensor",
                               .doc = "The sum over what broadcasting from size to the input's shape repeats.",
                               .shapes = "size must broadcast to input's shape",
                               .example = "tg.ones(2, 3).sum_to_size(1, 3)",
                               .face = Face::method};
  static Tensor forward(const Tensor& x, const Ints& size) {
    if (!broadcastable_to(size, x.shape()))
      fail<RuntimeError>("sum_to_size(): size ", Show{size}, " does not broadcast to the shape ", Show{x.shape()});
    return size.empty() ? sum(x) : sum_to(x, size);
  }
};

using Reductions = OpList<Sum, NanSum, Mean, NanMean, Prod, All, Any, CountNonzero, SumToSize>;

}  // namespace tg::ops
