// Spread around the mean, log-sum-exp, and how quantities vary together.
#pragma once
#include <cmath>

#include "ops/reduce.h"

namespace tg::ops {

// What var and std have in common: PyTorch's three ways to call them, and the values.
struct Spread {
  Dims dims;
  double divisor = 0;

  Spread() = default;
  Spread(const char* op, const Tensor& x, const DimsOrFlag& dim, std::optional<bool> unbiased, std::optional<double> correction) {
    require_floating(op, "input", x);
    if ((dim.flag && unbiased) || ((dim.flag || unbiased) && correction))
      fail<TypeError>(op, "(): unbiased and correction say the same thing; give one of them");
    dims = Dims(op, dim.dims, x.ndim());
    const bool without = !dim.flag.value_or(true) || !unbiased.value_or(true);
    divisor = std::max(0.0, double(count(x.shape(), dims)) - correction.value_or(without ? 0.0 : 1.0));
  }
  Tensor squares(const char* op, const Tensor& x, bool keepdim, Tensor* mean = nullptr) const {
    if (x.numel() == 0) {
      Tensor y = full(result_shape(x.shape(), dims, keepdim), __builtin_nan(""), x.dtype());
      if (mean) *mean = clone_values(y);
      return y;
    }
    return spread_values(op, x, dims, keepdim, mean);
  }
  // The gradient of the variance, dy being shaped like it.
  Tensor slope(const Tensor& dy, const Tensor& x) const {
    return reshape(dy, kept_shape(x.shape(), dims)) * ((x - mean(x, dims.list(), true)) * (2.0 / divisor));
  }
};

struct Var {
  static constexpr OpInfo info{
      .name = "var",
      .signature =
          "(input: Tensor, dim: int | tuple | bool | None = None, unbiased: bool | None = None, keepdim: bool = False, *, "
          "correction: float | None = None) -> Tensor",
      .doc = "The variance over dim; divides by n - correction (1, or 0 with unbiased=False).",
      .formula = "y = sum (x - mean)^2 / (n - correction)",
      .gradient = "dx = dy 2 (x - mean) / (n - correction)",
      .example = "tg.var(tg.tensor([[1.0, 2.0, 4.0], [3.0, 3.0, 3.0]]), dim=1)"};
  struct Saved {
    SavedInput x;
    Spread spread;
  };
  static Tensor forward(Saved& s, const Tensor& x, const DimsOrFlag& dim, std::optional<bool> unbiased, bool keepdim,
                        std::optional<double> correction) {
    s.spread = Spread(info.name, x, dim, unbiased, correction);
    s.x = x;
    Tensor y = s.spread.squares(info.name, x, keepdim);
    each_value(y, [n = s.spread.divisor](auto v) { return of_squares(double(v), n); });
    return y;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {s.spread.slope(dy, s.x.unpack())}; }
  static double of_squares(double sum, double n) { return sum / n; }
};

struct Std {
  static constexpr OpInfo info{
      .name = "std",
      .signature =
          "(input: Tensor, dim: int | tuple | bool | None = None, unbiased: bool | None = None, keepdim: bool = False, *, "
          "correction: float | None = None) -> Tensor",
      .doc = "The standard deviation over dim; see var.",
      .formula = "y = sqrt(var)",
      .gradient = "dx = dvar / (2 y), 0 where y is 0",
      .example = "tg.std(tg.tensor([[1.0, 2.0, 4.0], [3.0, 3.0, 3.0]]), dim=1)"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Spread spread;
  };
  static Tensor forward(Saved& s, const Tensor& x, const DimsOrFlag& dim, std::optional<bool> unbiased, bool keepdim,
                        std::optional<double> correction) {
    s.spread = Spread(info.name, x, dim, unbiased, correction);
    s.x = x;
    Tensor y = s.spread.squares(info.name, x, keepdim);
    each_value(y, [n = s.spread.divisor](auto v) { return of_squares(double(v), n); });
    return s.y.keep(y);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = s.y.unpack();
    Tensor flat = eq(y, number(0));
    return {s.spread.slope(where(flat, number(0), dy / where(flat, number(1), y * 2.0)), s.x.unpack())};
  }
  static double of_squares(double sum, double n) { return std::sqrt(sum / n); }
};

// Records a result that was computed beside another.
template <class Of>
struct Known {
  static constexpr OpInfo info{.name = "known",
                               .signature = "(input: Tensor, result: Tensor, saved: object) -> Tensor",
                               .doc = "The result of another operation, which is known already.",
                               .formula = "y = that operation's",
                               .gradient = "that operation's",
                               .face = Face::internal,
                               .label = Of::info.name};
  using Saved = Of::Saved;
  static Tensor forward(Saved& s, const Tensor&, Made result, const Saved& saved) {
    s = saved;
    if constexpr (requires { s.y; }) s.y = result.tensor;
    return result.tensor;
  }
  static Grads<1> backward(const Saved& s, Needs needs, const Tensor& dy) { return Of::backward(s, needs, dy); }
};

// (spread, mean) in one pass.
template <class Op>
TensorList with_mean(const Tensor& x, const DimsOrFlag& dim, std::optional<bool> unbiased, bool keepdim,
                     std::optional<double> correction) {
  typename Op::Saved spread;
  spread.spread = Spread(Op::info.name, x, dim, unbiased, correction);
  spread.x = x;
  Tensor mean;
  Tensor y = spread.spread.squares(Op::info.name, x, keepdim, &mean);
  each_value(y, [n = spread.spread.divisor](auto v) { return Op::of_squares(double(v), n); });
  const Dims dims = spread.spread.dims;
  return {tape::apply<Known<Op>>(x, Made{y}, spread),
          tape::apply<Known<Mean>>(x, Made{mean}, Mean::Saved{x.shape(), dims, double(count(x.shape(), dims))})};
}

struct VarMean {
  static constexpr OpInfo info{
      .name = "var_mean",
      .signature =
          "(input: Tensor, dim: int | tuple | bool | None = None, unbiased: bool | None = None, keepdim: bool = False, *, "
          "correction: float | None = None) -> tuple",
      .doc = "The variance and the mean over dim, as a tuple.",
      .example = "tg.var_mean(tg.tensor([1.0, 2.0, 4.0]))",
      .face = Face::function};
  static TensorList forward(const Tensor& x, const DimsOrFlag& dim, std::optional<bool> unbiased, bool keepdim,
                            std::optional<double> correction) {
    return with_mean<Var>(x, dim, unbiased, keepdim, correction);
  }
};

struct StdMean {
  static constexpr OpInfo info{
      .name = "std_mean",
      .signature =
          "(input: Tensor, dim: int | tuple | bool | None = None, unbiased: bool | None = None, keepdim: bool = False, *, "
          "correction: float | None = None) -> tuple",
      .doc = "The standard deviation and the mean over dim, as a tuple.",
      .example = "tg.std_mean(tg.tensor([1.0, 2.0, 4.0]))",
      .face = Face::function};
  static TensorList forward(const Tensor& x, const DimsOrFlag& dim, std::optional<bool> unbiased, bool keepdim,
                            std::optional<double> correction) {
    return with_mean<Std>(x, dim, unbiased, keepdim, correction);
  }
};

struct LogSumExp {
  static constexpr OpInfo info{.name = "logsumexp",
                               .signature = "(input: Tensor, dim: int | tuple, keepdim: bool = False) -> Tensor",
                               .doc = "log(sum(exp(input))) over dim, without overflow.",
                               .formula = "y = log sum e^x",
                               .gradient = "dx = dy e^(x - y)",
                               .example = "tg.logsumexp(tg.tensor([[0.0, 1.0], [1000.0, 1000.0]]), dim=1)",
                               .aliases = "special.logsumexp"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    Dims dims;
  };
  static Tensor forward(Saved& s, const Tensor& input, const Ints& dim, bool keepdim) {
    const Tensor x = cast(input, floating(input.dtype()));
    s.x = input;
    s.dims = Dims(info.name, dim, x.ndim());
    if (x.numel() == 0) return s.y.keep(full(result_shape(x.shape(), s.dims, keepdim), -__builtin_inf(), x.dtype()));
    const Rule rule{table().reduce.logsumexp, table().reduce.logsumexp};
    return s.y.keep(reduce_values(info.name, rule, x, s.dims, keepdim, x.dtype()));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Shape kept = kept_shape(x.shape(), s.dims);
    Tensor y = reshape(s.y.unpack(), kept);
    return {reshape(dy, kept) * exp(x - where(eq(y, number(-__builtin_inf())), number(0), y))};
  }
};

struct Cov {
  static constexpr OpInfo info{
      .name = "cov",
      .signature =
          "(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor",
      .doc =
          "The covariance of the rows of a matrix, whose columns are observations; fweights says how often each was seen, "
          "aweights how much it counts.",
      .shapes = "[N, M] -> [N, N]; [M] -> []",
      .example = "tg.cov(tg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))"};
  static Tensor forward(const Tensor& x, int64_t correction, const Tensor& fweights, const Tensor& aweights);
};

struct Corrcoef {
  static constexpr OpInfo info{.name = "corrcoef",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "Pearson's correlations of the rows of a matrix, whose columns are observations.",
                               .shapes = "[N, M] -> [N, N]; [M] -> []",
                               .example = "tg.corrcoef(tg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 1.0]]))"};
  static Tensor forward(const Tensor& x);
};

using Statistics = OpList<Var, Std, VarMean, StdMean, LogSumExp, Cov, Corrcoef>;
using StatisticsInternal = OpList<Known<Var>>;

}  // namespace tg::ops
