// The matrix product in every combination of ranks, and the linear layer.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/gemm.h"
#include "ops/list.h"

namespace tg::ops {

inline Tensor swap_last(const Tensor& x) { return transpose(x, -2, -1); }
// All dims but the last made one.
inline Tensor as_rows(const Tensor& x) {
  const int64_t n = x.size(x.ndim() - 1);
  return x.ndim() == 2 ? x : reshape(x, {product(x.shape().first(size_t(x.ndim()) - 1)), n});
}

// dA and dB of Y = A B; the engine sums what was broadcast.
inline Grads<2> matmul_gradients(const Tensor& a, const Tensor& b, Needs needs, const Tensor& dy) {
  const bool row = a.ndim() == 1, column = b.ndim() == 1;
  Grads<2> g;
  if (row && column) {
    if (needs[0]) g[0] = dy * b;
    if (needs[1]) g[1] = dy * a;
    return g;
  }
  if (needs[0]) {
    g[0] = column         ? unsqueeze(dy, -1) * b
           : !row         ? matmul(dy, swap_last(b))
           : b.ndim() > 2 ? squeeze(matmul(b, unsqueeze(dy, -1)), -1)
                          : matmul(b, dy);
  }
  if (needs[1]) {
    g[1] = row                              ? unsqueeze(a, 1) * unsqueeze(dy, -2)
           : column                         ? matmul(dy.ndim() == 1 ? dy : reshape(dy, {dy.numel()}), as_rows(a))
           : b.ndim() == 2 && a.ndim() != 2 ? matmul(swap_last(as_rows(a)), as_rows(dy))
                                            : matmul(swap_last(a), dy);
  }
  return g;
}

struct MatMul {
  static constexpr OpInfo info{
      .name = "matmul",
      .signature = "(input: Tensor, other: Tensor) -> Tensor",
      .doc = "The matrix product; a 1-d operand acts as a row or column, dims before the last two broadcast.",
      .formula = "Y[..., m, n] = A[..., m, k] B[..., k, n]",
      .gradient = "dA = dY B^T, dB = A^T dY",
      .shapes = "[..., m, k], [..., k, n] -> [..., m, n]",
      .example = "tg.matmul(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([[1.0, 0.0], [1.0, 1.0]]))",
      .aliases = "linalg.matmul",
      .bfloat16 = true};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    s.a = a;
    s.b = b;
    return matmul_values(info.name, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return matmul_gradients(s.a.unpack(), s.b.unpack(), needs, dy);
  }
};

struct Linear {
  static constexpr OpInfo info{.name = "linear",
                               .signature = "(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor",
                               .doc = "input weight^T + bias; a weight of one dim gives a result without the last dim.",
                               .formula = "y = x W^T + b",
                               .gradient = "dx = dy W, dW = dy^T x, db = sum dy",
                               .shapes = "[..., in], [out, in], [out] -> [..., out]",
                               .example = "tg.nn.functional.linear(tg.tensor([1.0, 2.0]), tg.tensor([[1.0, 1.0], [0.0, 3.0]]))",
                               .face = Face::functional,
                               .bfloat16 = true};
  struct Saved {
    SavedInput x, weight;
    bool bias;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias) {
    return run(s, x, weight, bias, false);
  }
  static Tensor run(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias, bool relu) {
    check_product(info.name, x, weight);
    if (bias) require_same_dtype(info.name, x, bias);
    const bool matrix = weight.ndim() == 2;
    if (x.ndim() == 0 || weight.ndim() == 0 || weight.ndim() > 2 || x.size(x.ndim() - 1) != weight.size(weight.ndim() - 1)) {
      fail<RuntimeError>("linear(): input of shape ", Show{x.shape()}, " does not fit weight of shape ", Show{weight.shape()},
                         " ([out, in])");
    }
    const int64_t in = weight.size(weight.ndim() - 1), out = matrix ? weight.size(0) : 1;
    if (bias && (bias.ndim() > 1 || (bias.ndim() == 1 && (!matrix || (bias.size(0) != out && bias.size(0) != 1))))) {
      fail<RuntimeError>("linear(): bias of shape ", Show{bias.shape()}, " does not fit weight of shape ", Show{weight.shape()},
                         " ([out, in])");
    }
    s.x = x;
    s.weight = weight;
    s.bias = bool(bias);
    Tensor y = shaped(x, matrix, out);
    const Tensor flat = x.ndim() <= 2 ? x : contiguous_values(x);
    const int64_t rows = y.numel() / std::max<int64_t>(out, 1);
    const Matrix a{flat.bytes(), x.ndim() == 2 ? x.stride(0) : in, x.ndim() <= 2 ? x.stride(x.ndim() - 1) : 1};
    const Matrix w{weight.bytes(), matrix ? weight.stride(0) : 0, weight.stride(weight.ndim() - 1)};
    GemmCall call{x.dtype(), rows, out, in, a, w.transposed(), y.bytes(), out};
    if (!is_floating(x.dtype())) {
      integer_product(call, 0, 0, 0);
      if (bias) binary_into(info.name, table().elementwise.add, y, bias, false);
      return y;
    }
    Tensor b = !bias ? Tensor() : bias.numel() == out ? contiguous_values(bias) : clone_values(expand_values(bias, Shape{out}));
    if (b) call.bias = b.bytes();
    call.relu = relu;
    run_gemm(call, {&flat, &weight, &b, &y});
    return y;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor &x = s.x.unpack(), &weight = s.weight.unpack();
    Grads<3> g;
    if (weight.ndim() == 1) {
      Grads<2> two = matmul_gradients(x, weight, needs, dy);
      g[0] = std::move(two[0]);
      g[1] = std::move(two[1]);
    } else {
      if (needs[0]) g[0] = matmul(dy, weight);
      if (needs[1]) g[1] = x.ndim() == 1 ? unsqueeze(dy, 1) * x : matmul(swap_last(as_rows(dy)), as_rows(x));
    }
    if (s.bias && needs[2]) g[2] = dy.ndim() < 2 || weight.ndim() == 1 ? dy : sum(as_rows(dy), {0});
    return g;
  }

 private:
  static Tensor shaped(const Tensor& x, bool matrix, int64_t out) {
    Shape shape = x.shape();
    if (matrix) {
      shape[x.ndim() - 1] = out;
    } else {
      shape.erase(x.ndim() - 1);
    }
    checked_numel(info.name, shape);
    return empty(shape, x.dtype());
  }
};

struct LinearRelu {
  static constexpr OpInfo info{
      .name = "linear_relu",
      .signature = "(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor",
      .doc = "relu(linear(input, weight, bias)) in one pass; nn.Sequential takes it for a Linear before a ReLU.",
      .formula = "y = max(x W^T + b, 0)",
      .gradient = "dz = dy [y > 0], dx = dz W, dW = dz^T x, db = sum dz",
      .shapes = "[..., in], [out, in], [out] -> [..., out]",
      .example = "tg.nn.functional.linear_relu(tg.tensor([1.0, 2.0]), tg.tensor([[1.0, 1.0], [0.0, -3.0]]))",
      .face = Face::functional};
  struct Saved {
    Linear::Saved linear;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias) {
    require_floating(info.name, "input", x);
    return s.y.keep(Linear::run(s.linear, x, weight, bias, true));
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return Linear::backward(s.linear, needs, relu_grad(dy, s.y.unpack()));
  }
};

using Products = OpList<MatMul, Linear, LinearRelu>;

}  // namespace tg::ops
