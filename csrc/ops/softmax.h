// Softmax and its logarithm along one dim.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// The kernel over all lines of x along dim; more: a second input of the same shape.
template <class Kernel, class... In>
Tensor run_lines(const Kernel* kernel, int dim, const Tensor& x, const In&... more) {
  const Tensor inputs[] = {contiguous_values(x), contiguous_values(more)...};
  Tensor y = empty_like(x);
  if (y.numel() == 0) return y;
  kernels::Lines all{1, 1, 1, 1};
  for (int d = 0; d < x.ndim(); ++d) (d < dim ? all.outer : d == dim ? all.n : all.inner) *= x.size(d);
  all.step = all.inner;
  const Kernel run = kernel[int(x.dtype())];
  const int64_t size = int64_t(itemsize(x.dtype()));
  const char *p = inputs[0].bytes(), *q = inputs[sizeof...(In)].bytes();
  char* out = y.bytes();
  const auto part = [&](const kernels::Lines& lines, int64_t at) {
    if constexpr (sizeof...(In) == 0) {
      run(lines, p + at * size, out + at * size);
    } else {
      run(lines, p + at * size, q + at * size, out + at * size);
    }
  };
  if (x.numel() < (1 << 15)) {
    part(all, 0);
    return y;
  }
  Unlocked unlocked(x.numel() * 8, {&inputs[0], &inputs[sizeof...(In)], &y});
  // Whole blocks where there are many, else columns of each block.
  const int64_t block = all.n * all.inner, width = std::max<int64_t>(64, (1 << 13) / all.n);
  if (all.inner <= width) {
    parallel_ranges(all.outer, std::max<int64_t>(1, (1 << 13) / block),
                    [&](int64_t begin, int64_t end) { part({end - begin, all.n, all.inner, all.step}, begin * block); });
  } else {
    const int64_t cuts = (all.inner + width - 1) / width;
    parallel_for(all.outer * cuts, [&](int64_t k) {
      const int64_t i = k % cuts * width;
      part({1, all.n, std::min(width, all.inner - i), all.step}, k / cuts * block + i);
    });
  }
  return y;
}

struct SoftmaxGrad {
  static constexpr OpInfo info{.name = "softmax_grad",
                               .signature = "(grad: Tensor, output: Tensor, dim: int) -> Tensor",
                               .doc = "The gradient of softmax from its output.",
                               .formula = "dx = y (dy - sum(dy y))",
                               .gradient = "d(dy) = the same of g, dy_ = g (dy - sum(dy y)) - dy sum(g y)",
                               .face = Face::internal};
  struct Saved {
    SavedInput dy, y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& y, int64_t dim) {
    s.dy = dy;
    s.y = y;
    s.dim = normalize_dim(info.name, dim, y.ndim());
    return run_lines(table().softmax.softmax_grad, s.dim, dy, y);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& g) {
    const Tensor& dy = s.dy.unpack();
    const Tensor& y = s.y.unpack();
    Grads<2> grads;
    if (needs[0]) grads[0] = tape::apply<SoftmaxGrad>(g, y, int64_t(s.dim));
    if (needs[1]) grads[1] = g * (dy - sum(dy * y, {s.dim}, true)) - dy * sum(g * y, {s.dim}, true);
    return grads;
  }
};

struct LogSoftmaxGrad {
  static constexpr OpInfo info{.name = "log_softmax_grad",
                               .signature = "(grad: Tensor, output: Tensor, dim: int) -> Tensor",
                               .doc = "The gradient of log_softmax from its output.",
                               .formula = "dx = dy - e^y sum(dy)",
                               .gradient = "d(dy) = g - sum(g e^y), dy_ = -g e^y sum(dy)",
                               .face = Face::internal};
  struct Saved {
    SavedInput dy, y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& dy, const Tensor& y, int64_t dim) {
    s.dy = dy;
    s.y = y;
    s.dim = normalize_dim(info.name, dim, y.ndim());
    return run_lines(table().softmax.log_softmax_grad, s.dim, dy, y);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& g) {
    Tensor p = exp(s.y.unpack());
    Tensor gp = g * p;
    Grads<2> grads;
    if (needs[0]) grads[0] = g - sum(gp, {s.dim}, true);
    if (needs[1]) grads[1] = -(gp * sum(s.dy.unpack(), {s.dim}, true));
    return grads;
  }
};

struct Softmax {
  static constexpr OpInfo info{.name = "softmax",
                               .signature =
                                   "(input: Tensor, dim: int, dtype: dtype | None = None, *, _stacklevel: int = 3) -> "
                                   "Tensor",
                               .doc = "exp(input) / sum(exp(input)) along dim.",
                               .formula = "y = e^x / sum e^x",
                               .gradient = "dx = y (dy - sum(dy y))",
                               .example = "tg.softmax(tg.tensor([0.0, 1.0, 2.0]), 0)",
                               .aliases = "special.softmax",
                               .face = Face::everywhere};
  struct Saved {
    SavedOutput y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, std::optional<DType> dtype, int64_t) {
    const Tensor in = dtype ? cast(x, *dtype) : x;
    require_floating(info.name, "input", in);
    s.dim = normalize_dim(info.name, dim, x.ndim());
    return s.y.keep(run_lines(table().softmax.softmax, s.dim, in));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<SoftmaxGrad>(dy, s.y.unpack(), int64_t(s.dim))};
  }
};

struct LogSoftmax {
  static constexpr OpInfo info{.name = "log_softmax",
                               .signature =
                                   "(input: Tensor, dim: int, dtype: dtype | None = None, *, _stacklevel: int = 3) -> "
                                   "Tensor",
                               .doc = "log(softmax(input)) along dim, without overflow.",
                               .formula = "y = x - log sum e^x",
                               .gradient = "dx = dy - e^y sum(dy)",
                               .example = "tg.log_softmax(tg.tensor([0.0, 1.0, 2.0]), 0)",
                               .aliases = "special.log_softmax",
                               .face = Face::everywhere};
  struct Saved {
    SavedOutput y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, std::optional<DType> dtype, int64_t) {
    const Tensor in = dtype ? cast(x, *dtype) : x;
    require_floating(info.name, "input", in);
    s.dim = normalize_dim(info.name, dim, x.ndim());
    return s.y.keep(run_lines(table().softmax.log_softmax, s.dim, in));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<LogSoftmaxGrad>(dy, s.y.unpack(), int64_t(s.dim))};
  }
};

struct Softmin {
  static constexpr OpInfo info{.name = "softmin",
                               .signature =
                                   "(input: Tensor, dim: int, dtype: dtype | None = None, *, _stacklevel: int = 3) -> "
                                   "Tensor",
                               .doc = "softmax(-input) along dim.",
                               .formula = "y = e^-x / sum e^-x",
                               .example = "tg.nn.functional.softmin(tg.tensor([0.0, 1.0, 2.0]), 0)",
                               .face = Face::functional};
  static Tensor forward(const Tensor& x, int64_t dim, std::optional<DType> dtype, int64_t) {
    return tape::apply<Softmax>(neg(x), dim, dtype, int64_t(3));
  }
};

using Softmaxes = OpList<SoftmaxGrad, LogSoftmaxGrad, Softmax, LogSoftmax, Softmin>;

}  // namespace tg::ops
