// Running sums, products, extremes and log-sum-exps along one dim.
#pragma once
#include "ops/picked.h"

namespace tg::ops {

// The kernel along dim of x, whose dtype it knows; cummax and cummin also say where.
Tensor scan_values(const char* op, const kernels::ScanFn* fn, const Tensor& x, int dim, bool reverse, Tensor* indices = nullptr);
// Integers and bool run as int64.
inline DType scan_type(const Tensor& x, std::optional<DType> dtype) {
  return dtype ? *dtype : is_floating(x.dtype()) ? x.dtype() : DType::int64;
}
inline Tensor scan_numbers(const char* op, const kernels::ScanFn* fn, const Tensor& x, int dim, std::optional<DType> dtype) {
  const DType t = scan_type(x, dtype);
  return cast(scan_values(op, fn, cast(cast(x, t), is_floating(t) ? t : DType::int64), dim, false), t);
}

struct CumSum {
  static constexpr OpInfo info{.name = "cumsum",
                               .signature = "(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor",
                               .doc = "The sum of each element and those before it along dim; integers and bool sum as int64.",
                               .formula = "y_i = x_0 + ... + x_i",
                               .gradient = "dx_i = dy_i + dy_(i+1) + ...",
                               .example = "tg.cumsum(tg.tensor([1.0, 2.0, 3.0]), 0)",
                               .inplace = true};
  struct Saved {
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, std::optional<DType> dtype) {
    s.dim = normalize_dim(info.name, dim, x.ndim());
    return scan_numbers(info.name, table().scan.sum, x, s.dim, dtype);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct CumSumReverse {
  static constexpr OpInfo info{.name = "cumsum_reverse",
                               .signature = "(input: Tensor, dim: int) -> Tensor",
                               .doc = "The sum of each element and those after it along dim: the gradient of cumsum.",
                               .formula = "y_i = x_i + x_(i+1) + ...",
                               .gradient = "dx_i = dy_0 + ... + dy_i",
                               .face = Face::internal};
  using Saved = CumSum::Saved;
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim) {
    s.dim = int(dim);
    return scan_values(info.name, table().scan.sum, x, s.dim, true);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<CumSum>(dy, int64_t(s.dim), std::optional<DType>())};
  }
};

inline Grads<1> CumSum::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<CumSumReverse>(dy, int64_t(s.dim))};
}

struct CumProd {
  static constexpr OpInfo info{
      .name = "cumprod",
      .signature = "(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor",
      .doc = "The product of each element and those before it along dim; integers and bool multiply as int64.",
      .formula = "y_i = x_0 ... x_i",
      .gradient = "dx_i = sum over k >= i of dy_k times the product of x_0 ... x_k without x_i",
      .example = "tg.cumprod(tg.tensor([1.0, 2.0, 3.0]), 0)",
      .inplace = true};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, std::optional<DType> dtype) {
    s.x = x;
    s.dim = normalize_dim(info.name, dim, x.ndim());
    return s.y.keep(scan_numbers(info.name, table().scan.prod, x, s.dim, dtype));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct LogCumSumExp {
  static constexpr OpInfo info{.name = "logcumsumexp",
                               .signature = "(input: Tensor, dim: int) -> Tensor",
                               .doc = "The logarithm of the running sum of e^input along dim, without overflow.",
                               .formula = "y_i = log(e^x_0 + ... + e^x_i)",
                               .gradient = "dx_i = e^(x_i - y_i) r_i with r_i = dy_i + e^(y_i - y_(i+1)) r_(i+1)",
                               .example = "tg.logcumsumexp(tg.tensor([0.0, 1.0, 1000.0]), 0)"};
  struct Saved {
    SavedInput x;
    SavedOutput y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim) {
    require_floating(info.name, "input", x);
    s.x = x;
    s.dim = normalize_dim(info.name, dim, x.ndim());
    return s.y.keep(scan_values(info.name, table().scan.logsumexp, x, s.dim, false));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

// Every exponent is at most 0 because logcumsumexp grows along the dim, so nothing overflows.
struct DecayedSum {
  static constexpr OpInfo info{
      .name = "decayed_sum",
      .signature = "(input: Tensor, level: Tensor, dim: int, reverse: bool) -> Tensor",
      .doc = "A running sum along dim whose terms fade with the difference of rising levels.",
      .formula = "y_i = sum over k <= i of x_k e^(l_k - l_i); reversed, over k >= i of x_k e^(l_i - l_k)",
      .gradient = "dx = the sum of dy the other way, z; dl = x z - dy y, reversed dy y - x z",
      .face = Face::internal};
  struct Saved {
    SavedInput x, level;
    SavedOutput y;
    int dim;
    bool reverse;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& level, int64_t dim, bool reverse);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    Tensor z = tape::apply<DecayedSum>(dy, s.level.unpack(), int64_t(s.dim), !s.reverse);
    if (!needs[1]) return {z, Tensor()};
    Tensor y = s.y.unpack();
    return {z, s.reverse ? dy * y - x * z : x * z - dy * y};
  }
};

template <class Op>
ValuesIndices running_extreme(const kernels::ScanFn* fn, const Tensor& x, int64_t dim) {
  const int d = normalize_dim(Op::info.name, dim, x.ndim());
  Tensor indices;
  Tensor values = scan_values(Op::info.name, fn, x, d, false, &indices);
  return picked<Op>(x, values, indices, d);
}

struct CumMax {
  static constexpr OpInfo info{.name = "cummax",
                               .signature = "(input: Tensor, dim: int) -> tuple",
                               .doc = "The maximum so far along dim and its last position, as (values, indices).",
                               .example = "tg.cummax(tg.tensor([1.0, 3.0, 2.0]), 0)"};
  static ValuesIndices forward(const Tensor& x, int64_t dim) { return running_extreme<CumMax>(table().scan.max, x, dim); }
};

struct CumMin {
  static constexpr OpInfo info{.name = "cummin",
                               .signature = "(input: Tensor, dim: int) -> tuple",
                               .doc = "The minimum so far along dim and its last position, as (values, indices).",
                               .example = "tg.cummin(tg.tensor([2.0, 1.0, 3.0]), 0)"};
  static ValuesIndices forward(const Tensor& x, int64_t dim) { return running_extreme<CumMin>(table().scan.min, x, dim); }
};

using Scans = OpList<CumSum, CumProd, LogCumSumExp, CumMax, CumMin>;
using ScansInternal = OpList<CumSumReverse, DecayedSum>;

}  // namespace tg::ops
