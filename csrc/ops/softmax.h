// Softmax and its logarithm along one dim.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"

namespace tg::ops {

// Calls f(inputs with dim last and contiguous, rows, n) and puts the result's dims back.
template <class F>
Tensor row_wise(const Tensor& x, int dim, const F& f) {
  const int last = x.ndim() - 1;
  if (x.ndim() == 0 || dim == last) return f([](const Tensor& t) { return contiguous_values(t); });
  const auto swapped = [&](const Tensor& t) {
    Ints shape = t.shape(), strides = t.strides();
    std::swap(shape[dim], shape[last]);
    std::swap(strides[dim], strides[last]);
    return alias(t, shape, strides, 0);
  };
  return clone_values(swapped(f([&](const Tensor& t) { return contiguous_values(swapped(t)); })));
}

template <class Kernel, class... In>
Tensor run_rows(const Kernel* kernel, int dim, const Tensor& x, const In&... more) {
  return row_wise(x, dim, [&](const auto& rows_of) {
    Tensor inputs[] = {rows_of(x), rows_of(more)...};
    const Tensor& a = inputs[0];
    Tensor y = empty_like(a);
    if (y.numel() == 0) return y;
    const int64_t n = a.ndim() ? a.size(a.ndim() - 1) : 1, rows = a.numel() / n;
    const int64_t row_bytes = n * int64_t(itemsize(a.dtype()));
    const Kernel run = kernel[int(a.dtype())];
    char* out = y.bytes();
    const char* p = inputs[0].bytes();
    const char* q = inputs[sizeof...(In)].bytes();
    const int64_t grain = a.numel() < (1 << 15) ? rows : std::max<int64_t>(1, (1 << 13) / n);
    Unlocked unlocked(a.numel() * 8, {&inputs[0], &inputs[sizeof...(In)], &y});
    parallel_ranges(rows, grain, [&](int64_t begin, int64_t end) {
      const int64_t at = begin * row_bytes;
      if constexpr (sizeof...(In) == 0) {
        run(p + at, out + at, end - begin, n);
      } else {
        run(p + at, q + at, out + at, end - begin, n);
      }
    });
    return y;
  });
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
    return run_rows(table().softmax.softmax_grad, s.dim, dy, y);
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
    return run_rows(table().softmax.log_softmax_grad, s.dim, dy, y);
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
                               .signature = "(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor",
                               .doc = "exp(input) / sum(exp(input)) along dim.",
                               .formula = "y = e^x / sum e^x",
                               .gradient = "dx = y (dy - sum(dy y))",
                               .face = Face::everywhere};
  struct Saved {
    SavedOutput y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, std::optional<DType> dtype) {
    const Tensor in = dtype ? cast(x, *dtype) : x;
    require_floating(info.name, "input", in);
    s.dim = normalize_dim(info.name, dim, x.ndim());
    return s.y.keep(run_rows(table().softmax.softmax, s.dim, in));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<SoftmaxGrad>(dy, s.y.unpack(), int64_t(s.dim))};
  }
};

struct LogSoftmax {
  static constexpr OpInfo info{.name = "log_softmax",
                               .signature = "(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor",
                               .doc = "log(softmax(input)) along dim, without overflow.",
                               .formula = "y = x - log sum e^x",
                               .gradient = "dx = dy - e^y sum(dy)",
                               .face = Face::everywhere};
  struct Saved {
    SavedOutput y;
    int dim;
  };
  static Tensor forward(Saved& s, const Tensor& x, int64_t dim, std::optional<DType> dtype) {
    const Tensor in = dtype ? cast(x, *dtype) : x;
    require_floating(info.name, "input", in);
    s.dim = normalize_dim(info.name, dim, x.ndim());
    return s.y.keep(run_rows(table().softmax.log_softmax, s.dim, in));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<LogSoftmaxGrad>(dy, s.y.unpack(), int64_t(s.dim))};
  }
};

using Softmaxes = OpList<SoftmaxGrad, LogSoftmaxGrad, Softmax, LogSoftmax>;

}  // namespace tg::ops
