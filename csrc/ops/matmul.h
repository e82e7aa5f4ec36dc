// Matrix products.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/gemm.h"
#include "ops/list.h"

namespace tg::ops {

inline void check_product(const char* op, const Tensor& a, const Tensor& b) {
  require_same_dtype(op, a, b);
  if (a.dtype() == DType::bool_) fail<RuntimeError>(op, "(): not defined for bool tensors; convert them first");
}

inline Tensor swap_last(const Tensor& x) { return transpose(x, -2, -1); }

struct BatchedMatMul {
  static constexpr OpInfo info{.name = "batched_matmul",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The matrix product over the last two dims; the dims before them broadcast.",
                               .formula = "Y[..., m, n] = A[..., m, k] B[..., k, n], batch dims broadcast",
                               .gradient = "dA = dY B^T, dB = A^T dY (the engine sums broadcast dims)",
                               .face = Face::internal,
                               .label = "matmul"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    check_product("matmul", a, b);
    const int64_t m = a.size(a.ndim() - 2), k = a.size(a.ndim() - 1), n = b.size(b.ndim() - 1);
    if (b.size(b.ndim() - 2) != k) {
      fail<RuntimeError>("matmul(): inner sizes ", k, " and ", b.size(b.ndim() - 2), " differ, for shapes ", Show{a.shape()},
                         " and ", Show{b.shape()});
    }
    s.a = a;
    s.b = b;
    const Span batch_a = a.shape().first(size_t(a.ndim()) - 2), batch_b = b.shape().first(size_t(b.ndim()) - 2);
    Shape shape;
    try {
      shape = broadcast_shapes("matmul", batch_a, batch_b);
    } catch (const RuntimeError&) {
      fail<RuntimeError>("matmul(): the batch dims of shapes ", Show{a.shape()}, " and ", Show{b.shape()}, " do not broadcast");
    }
    const Shape batch = shape;
    shape.push_back(m);
    shape.push_back(n);
    Tensor y = empty(shape, a.dtype());
    const int64_t count = product(batch);
    GemmCall call{a.dtype(), m, n, k, matrix_of(a), matrix_of(b), y.bytes(), n};
    if (!is_floating(a.dtype())) {
      const auto each = [&](int64_t i) { integer_product(call, offset(a, batch, i), offset(b, batch, i), i * m * n); };
      for (int64_t i = 0; i < count; ++i) each(i);
    } else if (count == 1) {
      run_gemm(call, {&a, &b, &y});
    } else if (y.numel()) {
      run_batch(call, count, batch, a, b, y);
    }
    return y;
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {needs[0] ? mm(dy, swap_last(s.b.unpack())) : Tensor(), needs[1] ? mm(swap_last(s.a.unpack()), dy) : Tensor()};
  }

 private:
  // Where matrix i of the broadcast batch begins in t, in elements.
  static int64_t offset(const Tensor& t, const Shape& batch, int64_t i) {
    int64_t at = 0;
    for (int d = batch.size() - 1, td = t.ndim() - 3; td >= 0; --d, --td) {
      if (t.size(td) != 1) at += i % batch[d] * t.stride(td);
      i /= batch[d];
    }
    return at;
  }
  static void run_batch(const GemmCall& call, int64_t count, const Shape& batch, const Tensor& a, const Tensor& b,
                        const Tensor& y) {
    const int64_t size = int64_t(itemsize(call.dtype));
    const int64_t each = std::max<int64_t>(1, call.work());
    const int64_t grain = call.work() * count < (1 << 18) ? count : std::max<int64_t>(1, (1 << 16) / each);
    const int64_t chunks = (count + grain - 1) / grain;
    const int64_t scratch_size = call.scratch_bytes();
    Tensor scratch = scratch_size ? empty({chunks * scratch_size}, DType::uint8) : Tensor();
    char* memory = scratch ? scratch.bytes() : nullptr;
    Unlocked unlocked(call.work() * count, {&a, &b, &y});
    parallel_for(chunks, [&](int64_t chunk) {
      for (int64_t i = chunk * grain; i < std::min(count, (chunk + 1) * grain); ++i) {
        GemmCall part = call;
        part.a.data += offset(a, batch, i) * size;
        part.b.data += offset(b, batch, i) * size;
        part.c += i * call.m * call.n * size;
        part.run(memory + chunk * scratch_size);
      }
    });
  }
};

struct MatMul {
  static constexpr OpInfo info{
      .name = "matmul",
      .signature = "(input: Tensor, other: Tensor) -> Tensor",
      .doc = "The matrix product; a 1-d operand acts as a row or column, dims before the last two broadcast."};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    if (a.ndim() == 0 || b.ndim() == 0) {
      fail<RuntimeError>("matmul(): both operands must have at least one dim, got shapes ", Show{a.shape()}, " and ",
                         Show{b.shape()});
    }
    check_product(info.name, a, b);
    Tensor x = a.ndim() == 1 ? unsqueeze(a, 0) : a;
    Tensor w = b.ndim() == 1 ? unsqueeze(b, 1) : b;
    const int64_t k = x.size(x.ndim() - 1);
    if (w.size(w.ndim() - 2) != k) {
      fail<RuntimeError>("matmul(): inner sizes ", k, " and ", w.size(w.ndim() - 2), " differ, for shapes ", Show{a.shape()},
                         " and ", Show{b.shape()});
    }
    Tensor y;
    if (x.ndim() > 2 && w.ndim() == 2) {  // one product over all rows
      Shape shape = x.shape();
      const int64_t rows = product(Span(shape).first(size_t(x.ndim()) - 1));
      shape[x.ndim() - 1] = w.size(1);
      y = reshape(mm(reshape(x, {rows, k}), w), shape);
    } else {
      y = mm(x, w);
    }
    if (a.ndim() == 1) y = squeeze_at(y, y.ndim() - 2);
    if (b.ndim() == 1) y = squeeze_at(y, y.ndim() - 1);
    return y;
  }

 private:
  static Tensor squeeze_at(const Tensor& y, int dim) {
    Shape shape = y.shape();
    shape.erase(dim);
    return reshape(y, shape);
  }
};

struct Linear {
  static constexpr OpInfo info{.name = "linear",
                               .signature = "(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor",
                               .doc = "input weight^T + bias: input [..., in], weight [out, in], bias [out], result [..., out].",
                               .formula = "y = x W^T + b",
                               .gradient = "dx = dy W, dW = dy^T x, db = sum dy",
                               .face = Face::functional};
  struct Saved {
    SavedInput x, weight;
    bool bias;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& weight, const Tensor& bias) {
    check_product(info.name, x, weight);
    require_floating(info.name, "input", x);
    if (bias) require_same_dtype(info.name, x, bias);
    if (x.ndim() == 0 || weight.ndim() != 2 || x.size(x.ndim() - 1) != weight.size(1)) {
      fail<RuntimeError>("linear(): input of shape ", Show{x.shape()}, " does not fit weight of shape ", Show{weight.shape()},
                         " ([out, in])");
    }
    if (bias && (bias.ndim() != 1 || bias.size(0) != weight.size(0))) {
      fail<RuntimeError>("linear(): bias of shape ", Show{bias.shape()}, " does not fit weight of shape ", Show{weight.shape()},
                         " ([out, in])");
    }
    s.x = x;
    s.weight = weight;
    s.bias = bool(bias);
    const int64_t in = weight.size(1), out = weight.size(0);
    Shape shape = x.shape();
    shape[x.ndim() - 1] = out;
    const int64_t rows = product(Span(shape).first(size_t(x.ndim()) - 1));
    Tensor y = empty(shape, x.dtype());
    Tensor flat = x.ndim() == 2 ? x : contiguous_values(x);
    const Matrix a = x.ndim() == 2 ? matrix_of(x) : Matrix{flat.bytes(), in, 1};
    Tensor b = bias ? contiguous_values(bias) : Tensor();
    run_gemm({x.dtype(), rows, out, in, a, matrix_of(weight).transposed(), y.bytes(), out, b ? b.bytes() : nullptr},
             {&flat, &weight, &b, &y});
    return y;
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const int64_t out = dy.size(dy.ndim() - 1);
    const int64_t rows = product(dy.shape().first(size_t(dy.ndim()) - 1));
    Tensor rows_dy = dy.ndim() == 2 ? dy : reshape(dy, {rows, out});
    Grads<3> g;
    if (needs[0]) {
      const Tensor& x = s.x.unpack();
      g[0] = mm(rows_dy, s.weight.unpack());
      if (x.ndim() != 2) g[0] = reshape(g[0], x.shape());
    }
    if (needs[1]) {
      const Tensor& x = s.x.unpack();
      g[1] = mm(swap_last(rows_dy), x.ndim() == 2 ? x : reshape(x, {rows, x.size(x.ndim() - 1)}));
    }
    if (s.bias && needs[2]) g[2] = sum(rows_dy, {0});
    return g;
  }
};

using Products = OpList<BatchedMatMul, MatMul, Linear>;

}  // namespace tg::ops
