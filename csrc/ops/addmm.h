// beta input + alpha product, for every kind of product that PyTorch has a name for.
#pragma once
#include <cmath>

#include "ops/product.h"

namespace tg::ops {

struct ScaledProduct {
  SavedInput a, b;
  double beta, alpha;

  // Only once everything is known to fit is anything computed. beta = 0 leaves the input out, NaN and all.
  template <class F>
  Tensor run(const char* op, const Tensor& input, const Tensor& x, const Tensor& y, double beta_, double alpha_, Span shape,
             F&& product) {
    require_same_dtype(op, x, y);
    require_same_dtype(op, input, x);
    if (!broadcastable_to(input.shape(), shape)) {
      fail<RuntimeError>(op, "(): input of shape ", Show{input.shape()}, " does not broadcast to the product's shape ",
                         Show{shape});
    }
    a = x;
    b = y;
    const bool floats = is_floating(x.dtype());  // integers are scaled by integers
    beta = floats ? beta_ : std::trunc(beta_);
    alpha = floats ? alpha_ : std::trunc(alpha_);
    const auto& kernels = table().elementwise;
    Tensor out = product();
    if (floats && out.numel() <= kFew && input.ndim() <= 3) {
      if (beta != 0 || alpha != 1) visit_float(out.dtype(), [&](auto zero) { blend<decltype(zero)>(out, input); });
      return out;
    }
    if (alpha != 1) binary_into(op, kernels.mul, out, integral(out, alpha), false);
    if (beta != 0) {
      binary_into(op, kernels.add, out, beta == 1 ? input : binary(op, kernels.mul, input, integral(out, beta)), false);
    }
    return out;
  }
  Tensor scaled(const Tensor& dy, double by) const { return by == 1 ? dy : dy * by; }

 private:
  static constexpr int64_t kFew = 1 << 12;  // elements that one loop is best for

  // out = alpha out + beta input in one pass over at most three dims.
  template <class T>
  void blend(const Tensor& out, const Tensor& input) const {
    int64_t size[3] = {1, 1, 1}, step[3] = {0, 0, 0};
    for (int d = 0; d < out.ndim(); ++d) {
      const int at = d + 3 - out.ndim(), from = d - (out.ndim() - input.ndim());
      size[at] = out.size(d);
      if (from >= 0 && input.size(from) != 1) step[at] = input.stride(from);
    }
    T* y = out.data<T>();
    const T *x = input.data<T>(), scale = T(alpha), share = T(beta);
    for (int64_t i = 0; i < size[0]; ++i)
      for (int64_t j = 0; j < size[1]; ++j) {
        const T* from = x + i * step[0] + j * step[1];
        if (beta == 0) {
          for (int64_t l = 0; l < size[2]; ++l, ++y) *y *= scale;
        } else {
          for (int64_t l = 0; l < size[2]; ++l, ++y) *y = scale * *y + share * from[l * step[2]];
        }
      }
  }
  static Tensor integral(const Tensor& like, double v) { return is_floating(like.dtype()) ? number(v) : scalar(v, like.dtype()); }
};

// What is wanted of the operands after the input.
inline Needs later(Needs needs) { return Needs(uint64_t(needs[1]) | uint64_t(needs[2]) << 1); }

struct Addmm {
  static constexpr OpInfo info{
      .name = "addmm",
      .signature = "(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1.0, alpha: Number = 1.0) -> Tensor",
      .doc = "beta input + alpha mat1 mat2; with beta 0 the input is ignored.",
      .formula = "Y = beta C + alpha A B",
      .gradient = "dC = beta dY, dA = alpha dY B^T, dB = alpha A^T dY",
      .shapes = "[m, n], [m, k], [k, n] -> [m, n]",
      .example = "tg.addmm(tg.tensor([1.0, 2.0]), tg.tensor([[1.0, 2.0]]), tg.tensor([[1.0, 0.0], [0.0, 1.0]]))",
      .inplace = true};
  using Saved = ScaledProduct;
  static Tensor forward(Saved& s, const Tensor& input, const Tensor& a, const Tensor& b, double beta, double alpha) {
    require_ndim(info.name, "mat1", a, 2);
    require_ndim(info.name, "mat2", b, 2);
    require_same_size(info.name, a, b, a.size(1), b.size(0));
    return s.run(info.name, input, a, b, beta, alpha, Shape{a.size(0), b.size(1)},
                 [&] { return matmul_values(info.name, a, b); });
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    Grads<3> g;
    if (needs[0]) g[0] = s.scaled(dy, s.beta);
    if (!needs[1] && !needs[2]) return g;
    Grads<2> two = matmul_gradients(s.a.unpack(), s.b.unpack(), later(needs), s.scaled(dy, s.alpha));
    g[1] = std::move(two[0]);
    g[2] = std::move(two[1]);
    return g;
  }
};

struct Addmv {
  static constexpr OpInfo info{
      .name = "addmv",
      .signature = "(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1.0, alpha: Number = 1.0) -> Tensor",
      .doc = "beta input + alpha mat vec; with beta 0 the input is ignored.",
      .formula = "y = beta c + alpha A b",
      .gradient = "dc = beta dy, dA = alpha dy b^T, db = alpha A^T dy",
      .shapes = "[m], [m, k], [k] -> [m]",
      .example = "tg.addmv(tg.tensor([1.0]), tg.tensor([[1.0, 2.0]]), tg.tensor([3.0, 4.0]))",
      .inplace = true};
  using Saved = ScaledProduct;
  static Tensor forward(Saved& s, const Tensor& input, const Tensor& a, const Tensor& b, double beta, double alpha) {
    require_ndim(info.name, "mat", a, 2);
    require_ndim(info.name, "vec", b, 1);
    require_same_size(info.name, a, b, a.size(1), b.size(0));
    return s.run(info.name, input, a, b, beta, alpha, Shape{a.size(0)}, [&] { return matmul_values(info.name, a, b); });
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) { return Addmm::backward(s, needs, dy); }
};

struct Addr {
  static constexpr OpInfo info{
      .name = "addr",
      .signature = "(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1.0, alpha: Number = 1.0) -> Tensor",
      .doc = "beta input + alpha outer(vec1, vec2); with beta 0 the input is ignored.",
      .formula = "Y = beta C + alpha a b^T",
      .gradient = "dC = beta dY, da = alpha dY b, db = alpha dY^T a",
      .shapes = "[m, n], [m], [n] -> [m, n]",
      .example = "tg.addr(tg.tensor([[1.0, 1.0]]), tg.tensor([2.0]), tg.tensor([3.0, 4.0]))",
      .inplace = true};
  using Saved = ScaledProduct;
  static Tensor forward(Saved& s, const Tensor& input, const Tensor& a, const Tensor& b, double beta, double alpha) {
    const DType t = promote(input.dtype(), promote(a.dtype(), b.dtype()));
    if (!is_floating(t) && (beta != std::trunc(beta) || alpha != std::trunc(alpha))) {
      fail<RuntimeError>(info.name, "(): beta ", beta, " and alpha ", alpha, " must be integers for tensors of dtype ", t);
    }
    require_ndim(info.name, "vec1", a, 1);
    require_ndim(info.name, "vec2", b, 1);
    const Tensor x = cast(a, t), y = cast(b, t);
    Tensor out = s.run(info.name, cast(input, t), x, y, beta, alpha, Shape{a.size(0), b.size(0)},
                       [&] { return Outer::values(info.name, x, y); });
    s.a = a;
    s.b = b;
    return out;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    Grads<3> g;
    if (needs[0]) g[0] = s.scaled(dy, s.beta);
    Grads<2> two = Outer::gradients(s.a.unpack(), s.b.unpack(), later(needs), s.scaled(dy, s.alpha));
    g[1] = std::move(two[0]);
    g[2] = std::move(two[1]);
    return g;
  }
};

struct Baddbmm {
  static constexpr OpInfo info{
      .name = "baddbmm",
      .signature = "(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1.0, alpha: Number = 1.0) -> Tensor",
      .doc = "beta input + alpha bmm(batch1, batch2); with beta 0 the input is ignored.",
      .formula = "Y[i] = beta C[i] + alpha A[i] B[i]",
      .gradient = "dC = beta dY, dA[i] = alpha dY[i] B[i]^T, dB[i] = alpha A[i]^T dY[i]",
      .shapes = "[b, m, n], [b, m, k], [b, k, n] -> [b, m, n]",
      .example = "tg.baddbmm(tg.tensor([1.0]), tg.tensor([[[1.0, 2.0]]]), tg.tensor([[[3.0], [4.0]]]))",
      .inplace = true};
  using Saved = ScaledProduct;
  static Tensor forward(Saved& s, const Tensor& input, const Tensor& a, const Tensor& b, double beta, double alpha) {
    Bmm::check(info.name, a, b);
    require_same_size(info.name, a, b, a.size(2), b.size(1));
    return s.run(info.name, input, a, b, beta, alpha, Shape{a.size(0), a.size(1), b.size(2)},
                 [&] { return matmul_values(info.name, a, b); });
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) { return Addmm::backward(s, needs, dy); }
};

struct Addbmm {
  static constexpr OpInfo info{
      .name = "addbmm",
      .signature = "(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1.0, alpha: Number = 1.0) -> Tensor",
      .doc = "beta input + alpha times the sum of bmm(batch1, batch2); with beta 0 the input is ignored.",
      .shapes = "[m, n], [b, m, k], [b, k, n] -> [m, n]",
      .example = "tg.addbmm(tg.tensor([1.0]), tg.tensor([[[1.0, 2.0]]]), tg.tensor([[[3.0], [4.0]]]))",
      .inplace = true};
  static Tensor forward(const Tensor& input, const Tensor& a, const Tensor& b, double beta, double alpha) {
    Bmm::check(info.name, a, b);
    require_same_size(info.name, a, b, a.size(2), b.size(1));
    const int64_t k = a.size(0) * a.size(2);
    return tape::apply<Addmm>(input, reshape(transpose(a, 0, 1), {a.size(1), k}), reshape(b, {k, b.size(2)}), beta, alpha);
  }
};

using ScaledProducts = OpList<Addmm, Addmv, Addr, Baddbmm, Addbmm>;

}  // namespace tg::ops
