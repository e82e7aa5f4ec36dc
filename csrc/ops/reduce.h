// Reductions over one, several or all dims. The order of summation is fixed by the shape alone.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/reduce_values.h"

namespace tg::ops {

// Puts the reduced dims back as size 1 and repeats them.
inline Tensor expand_reduced(const Tensor& dy, const Shape& shape, const Ints& dims) {
  return expand(reshape(dy, kept_shape(shape, dims)), shape);
}

struct Sum {
  static constexpr OpInfo info{
      .name = "sum",
      .signature =
          "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The sum over dim, or over everything; integers and bool sum as int64.",
      .formula = "y = sum x",
      .gradient = "dx = dy repeated"};
  struct Saved {
    Shape shape;
    Ints dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim, std::optional<DType> dtype) {
    s = {x.shape(), normalize_dims(info.name, dim, x.ndim())};
    const DType t = dtype ? *dtype : is_floating(x.dtype()) ? x.dtype() : DType::int64;
    return sum_values(cast(x, t), s.dims, keepdim);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {expand_reduced(dy, s.shape, s.dims)}; }
};

struct Mean {
  static constexpr OpInfo info{.name = "mean",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The mean over dim, or over everything; NaN over nothing.",
                               .formula = "y = sum x / n",
                               .gradient = "dx = dy / n repeated"};
  struct Saved {
    Shape shape;
    Ints dims;
    double n;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim) {
    require_floating(info.name, "input", x);
    s = {x.shape(), normalize_dims(info.name, dim, x.ndim()), 0};
    s.n = double(count(s.shape, s.dims));
    Tensor y = sum_values(x, s.dims, keepdim);
    binary_into(info.name, table().elementwise.div, y, number(s.n), true);
    return y;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {expand_reduced(dy / s.n, s.shape, s.dims)}; }
};

struct Prod {
  static constexpr OpInfo info{
      .name = "prod",
      .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The product over dim, or of everything; integers and bool multiply as int64.",
      .formula = "y = prod x",
      .gradient = "dx = dy times the product of the others"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Ints dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, std::optional<int64_t> dim, bool keepdim, std::optional<DType> dtype) {
    s.x = x;
    s.dims = normalize_dims(info.name, dim ? Ints{*dim} : Ints(), x.ndim());
    const DType t = dtype ? *dtype : is_floating(x.dtype()) ? x.dtype() : DType::int64;
    if (count(x.shape(), s.dims) == 0) return s.y.keep(full(result_shape(x.shape(), s.dims, keepdim), 1, t));
    const DType in = is_floating(t) ? t : DType::int64;
    return s.y.keep(cast(reduce_values(info.name, table().reduce.prod, cast(x, in), s.dims, keepdim, in), t));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Shape kept = kept_shape(x.shape(), s.dims);
    Tensor up = reshape(dy, kept);
    if (x.numel() == 0) return {up * x};
    const Tensor zeros = eq(x, number(0));
    if (!reduce_values(info.name, table().reduce.max, zeros, normalize_dims(info.name, {}, x.ndim()), false, DType::bool_)
             .scalar<bool>())
      return {up * reshape(s.y.unpack(), kept) / x};
    if (tape::grad_enabled()) return {up * others(x, s.dims)};
    // First order only: one zero gets the product of the rest, and beside a zero every other gradient is zero.
    Tensor filled = where(zeros, number(1), x);
    Tensor rest = prod(filled, s.dims);
    Tensor count = sum(zeros, s.dims, true);
    return {up *
            where(zeros, where(eq(count, number(1)), rest, number(0)), where(eq(count, number(0)), rest / filled, number(0)))};
  }

 private:
  static Tensor prod(const Tensor& x, const Ints& dims) {
    return reduce_values(info.name, table().reduce.prod, x, dims, true, x.dtype());
  }
  // The products of all elements but one, taken as they stand, so that they can be differentiated at zeros too.
  static Tensor others(const Tensor& x, const Ints& dims) {
    const int last = x.ndim() - 1;
    const bool whole = dims.size() == x.ndim();
    Tensor rows = whole ? reshape(x, {x.numel()}) : transpose(x, dims[0], last);
    const int64_t n = rows.size(rows.ndim() - 1);
    Shape square = rows.shape();
    square.push_back(n);
    Tensor diagonal = ops::zeros(Shape{n, n}, DType::bool_);
    copy_values(alias(diagonal, Shape{n}, Ints{n + 1}, 0), number(1));
    Tensor each = where(diagonal, number(1), expand(unsqueeze(rows, -2), square));
    Tensor products = tape::apply<Prod>(each, std::optional<int64_t>(-1), false, std::optional<DType>());
    return whole ? reshape(products, x.shape()) : transpose(products, dims[0], last);
  }
};

struct Amax {
  static constexpr OpInfo info{.name = "amax",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The maximum over dim, or of everything; ties share the gradient.",
                               .formula = "y = max x",
                               .gradient = "the gradient is shared evenly by all elements that equal the maximum"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Ints dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim) {
    s.x = x;
    s.dims = normalize_dims(info.name, dim, x.ndim());
    return s.y.keep(reduce_values(info.name, table().reduce.max, x, s.dims, keepdim, x.dtype()));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {share(dy, s.x.unpack(), s.y.unpack(), s.dims)}; }

  static Tensor share(const Tensor& dy, const Tensor& x, const Tensor& y, const Ints& dims) {
    const Shape kept = kept_shape(x.shape(), dims);
    Tensor ties = to(eq(x, reshape(y, kept)), dy.dtype());
    return ties * (reshape(dy, kept) / sum(ties, dims, true));
  }
};

struct Amin {
  static constexpr OpInfo info{.name = "amin",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The minimum over dim, or of everything; ties share the gradient."};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Ints dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool keepdim) {
    s.x = x;
    s.dims = normalize_dims(info.name, dim, x.ndim());
    return s.y.keep(reduce_values(info.name, table().reduce.min, x, s.dims, keepdim, x.dtype()));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {Amax::share(dy, s.x.unpack(), s.y.unpack(), s.dims)};
  }
};

struct Argmax {
  static constexpr OpInfo info{.name = "argmax",
                               .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The position of the first maximum along dim (of the flattened tensor without dim)."};
  static Tensor forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    return arg_values(info.name, table().reduce.argmax, x, dim, keepdim);
  }
};

struct Argmin {
  static constexpr OpInfo info{.name = "argmin",
                               .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "The position of the first minimum along dim (of the flattened tensor without dim)."};
  static Tensor forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    return arg_values(info.name, table().reduce.argmin, x, dim, keepdim);
  }
};

// With dim: (values, indices), the gradient goes to the winner alone. Without: the extreme of everything.
struct Extreme {
  Tensor values, indices;
};

template <class Arg, class Whole>
Extreme extreme(const char* op, const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  if (!dim) return {tape::apply<Whole>(x, Ints(), false), Tensor()};
  const int64_t d = normalize_dim(op, *dim, x.ndim());
  if (x.ndim() == 0) return {clone(x), tape::apply<Arg>(x, dim, keepdim)};
  Tensor indices = tape::apply<Arg>(x, dim, true);
  Tensor values = gather(x, d, indices);
  return keepdim ? Extreme{values, indices} : Extreme{squeeze(values, d), squeeze(indices, d)};
}

struct Max {
  static constexpr OpInfo info{.name = "max",
                               .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | tuple",
                               .doc = "The maximum of everything; with dim, (values, indices) along it."};
  static Extreme forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    return extreme<Argmax, Amax>(info.name, x, dim, keepdim);
  }
};

struct Min {
  static constexpr OpInfo info{.name = "min",
                               .signature = "(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | tuple",
                               .doc = "The minimum of everything; with dim, (values, indices) along it."};
  static Extreme forward(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    return extreme<Argmin, Amin>(info.name, x, dim, keepdim);
  }
};

struct All {
  static constexpr OpInfo info{.name = "all",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "True where no element along dim is zero."};
  static Tensor forward(const Tensor& x, const Ints& dim, bool keepdim) {
    return truth(info.name, table().reduce.min, x, dim, keepdim, true);
  }
  static Tensor truth(const char* op, const kernels::ReduceFn* fn, const Tensor& x, const Ints& dim, bool keepdim,
                      bool of_nothing) {
    const Ints dims = normalize_dims(op, dim, x.ndim());
    const DType t = x.dtype() == DType::uint8 ? DType::uint8 : DType::bool_;  // as in PyTorch
    if (count(x.shape(), dims) == 0) return full(result_shape(x.shape(), dims, keepdim), of_nothing, t);
    return cast(reduce_values(op, fn, cast(x, DType::bool_), dims, keepdim, DType::bool_), t);
  }
};

struct Any {
  static constexpr OpInfo info{.name = "any",
                               .signature = "(input: Tensor, dim: int | tuple | None = None, keepdim: bool = False) -> Tensor",
                               .doc = "True where some element along dim is not zero."};
  static Tensor forward(const Tensor& x, const Ints& dim, bool keepdim) {
    return All::truth(info.name, table().reduce.max, x, dim, keepdim, false);
  }
};

struct Var {
  static constexpr OpInfo info{
      .name = "var",
      .signature =
          "(input: Tensor, dim: int | tuple | None = None, unbiased: bool = True, keepdim: bool = False, *, "
          "correction: float | None = None) -> Tensor",
      .doc = "The variance over dim; divides by n - correction (1, or 0 with unbiased=False).",
      .formula = "y = sum (x - mean)^2 / (n - correction)",
      .gradient = "dx = dy 2 (x - mean) / (n - correction)"};
  struct Saved {
    SavedInput x;
    Ints dims;
    double divisor;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool unbiased, bool keepdim,
                        std::optional<double> correction) {
    require_floating(info.name, "input", x);
    s.x = x;
    s.dims = normalize_dims(info.name, dim, x.ndim());
    s.divisor = divisor(x, s.dims, unbiased, correction);
    return values(x, s.dims, s.divisor, keepdim);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {slope(dy, s.x.unpack(), s.dims, s.divisor)}; }

  static double divisor(const Tensor& x, const Ints& dims, bool unbiased, std::optional<double> correction) {
    return std::max(0.0, double(count(x.shape(), dims)) - (correction ? *correction : unbiased ? 1.0 : 0.0));
  }
  static Tensor values(const Tensor& x, const Ints& dims, double divisor, bool keepdim) {
    tape::GradMode values_only(false);
    Tensor centered = x - mean(x, dims, true);
    Tensor y = sum_values(centered * centered, dims, keepdim);
    binary_into(info.name, table().elementwise.div, y, number(divisor), true);
    return y;
  }
  static Tensor slope(const Tensor& dy, const Tensor& x, const Ints& dims, double divisor) {
    return reshape(dy, kept_shape(x.shape(), dims)) * ((x - mean(x, dims, true)) * (2.0 / divisor));
  }
};

struct Std {
  static constexpr OpInfo info{
      .name = "std",
      .signature =
          "(input: Tensor, dim: int | tuple | None = None, unbiased: bool = True, keepdim: bool = False, *, "
          "correction: float | None = None) -> Tensor",
      .doc = "The standard deviation over dim; see var.",
      .formula = "y = sqrt(var)",
      .gradient = "dx = dvar / (2 y), 0 where y is 0"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Ints dims;
    double divisor;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Ints& dim, bool unbiased, bool keepdim,
                        std::optional<double> correction) {
    require_floating(info.name, "input", x);
    s.x = x;
    s.dims = normalize_dims(info.name, dim, x.ndim());
    s.divisor = Var::divisor(x, s.dims, unbiased, correction);
    return s.y.keep(unary(info.name, table().elementwise.sqrt, Var::values(x, s.dims, s.divisor, keepdim)));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    Tensor dvar = where(eq(y, number(0)), number(0), dy / (y * 2.0));
    return {Var::slope(dvar, s.x.unpack(), s.dims, s.divisor)};
  }
};

struct LogSumExp {
  static constexpr OpInfo info{.name = "logsumexp",
                               .signature = "(input: Tensor, dim: int | tuple, keepdim: bool = False) -> Tensor",
                               .doc = "log(sum(exp(input))) over dim, without overflow.",
                               .formula = "y = log sum e^x",
                               .gradient = "dx = dy e^(x - y)"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Ints dims;
  };
  static Tensor forward(Saved& s, const Tensor& input, const Ints& dim, bool keepdim) {
    Tensor x = cast(input, floating(input.dtype()));
    s.x = input;
    s.dims = normalize_dims(info.name, dim, x.ndim());
    tape::GradMode values_only(false);
    const Shape shape = result_shape(x.shape(), s.dims, keepdim);
    if (x.numel() == 0) return s.y.keep(full(shape, -__builtin_inf(), x.dtype()));
    Tensor top = amax(x, s.dims, true);
    top = where(eq(tape::apply<Infinite>(top), number(1)), number(0), top);  // an infinite maximum needs no shift
    Tensor y = log(sum(exp(x - top), s.dims, true)) + top;
    return s.y.keep(alias(y, shape, contiguous_strides(shape), 0));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Shape kept = kept_shape(x.shape(), s.dims);
    Tensor y = reshape(s.y.unpack(), kept);
    return {reshape(dy, kept) * exp(x - where(eq(y, number(-__builtin_inf())), number(0), y))};
  }

 private:
  struct Infinite {
    static Tensor forward(const Tensor& t) {
      tape::GradMode values_only(false);
      return bitwise_and(eq(t, t), ne(t - t, t - t));  // inf - inf is NaN
    }
  };
};

using Reductions = OpList<Sum, Mean, Prod, Amax, Amin, Argmax, Argmin, Max, Min, All, Any, Var, Std, LogSumExp>;

}  // namespace tg::ops
