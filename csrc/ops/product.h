// Products of vectors, matrices and batches by the names PyTorch has for them, most of them one matmul.
#pragma once
#include "ops/diagonal.h"
#include "ops/matmul.h"
#include "ops/reduce_values.h"

namespace tg::ops {

inline void require_ndim(const char* op, const char* argument, const Tensor& t, int ndim) {
  if (t.ndim() != ndim) fail<RuntimeError>(op, "(): ", argument, " must have ", ndim, " dims, got shape ", Show{t.shape()});
}
inline void require_same_size(const char* op, const Tensor& a, const Tensor& b, int64_t m, int64_t n) {
  if (m != n)
    fail<RuntimeError>(op, "(): sizes ", m, " and ", n, " differ, for shapes ", Show{a.shape()}, " and ", Show{b.shape()});
}
void require_square(const char* op, const Tensor& x);
Tensor identity(const Tensor& like);  // identity matrices of like's shape

struct Mm {
  static constexpr OpInfo info{.name = "mm",
                               .signature = "(input: Tensor, mat2: Tensor) -> Tensor",
                               .doc = "The product of two matrices.",
                               .shapes = "[m, k], [k, n] -> [m, n]",
                               .example = "tg.mm(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0], [4.0]]))",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_ndim(info.name, "input", a, 2);
    require_ndim(info.name, "mat2", b, 2);
    return matmul(a, b);
  }
};

struct Bmm {
  static constexpr OpInfo info{.name = "bmm",
                               .signature = "(input: Tensor, mat2: Tensor) -> Tensor",
                               .doc = "The products of two batches of matrices, without broadcasting.",
                               .shapes = "[b, m, k], [b, k, n] -> [b, m, n]",
                               .example = "tg.bmm(tg.tensor([[[1.0, 2.0]]]), tg.tensor([[[3.0], [4.0]]]))",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    check(info.name, a, b);
    return matmul(a, b);
  }
  static void check(const char* op, const Tensor& a, const Tensor& b) {
    require_ndim(op, "the first batch", a, 3);
    require_ndim(op, "the second batch", b, 3);
    require_same_size(op, a, b, a.size(0), b.size(0));
  }
};

struct Mv {
  static constexpr OpInfo info{.name = "mv",
                               .signature = "(input: Tensor, vec: Tensor) -> Tensor",
                               .doc = "The product of a matrix and a vector.",
                               .shapes = "[m, k], [k] -> [m]",
                               .example = "tg.mv(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))",
                               .bfloat16 = true};
  static Tensor forward(const Tensor& a, const Tensor& b) {
    require_ndim(info.name, "input", a, 2);
    require_ndim(info.name, "vec", b, 1);
    return matmul(a, b);
  }
};

struct Dot {
  static constexpr OpInfo info{.name = "dot",
                               .signature = "(input: Tensor, tensor: Tensor) -> Tensor",
                               .doc = "The inner product of two vectors.",
                               .shapes = "[n], [n] -> []",
                               .example = "tg.dot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))"};
  static Tensor forward(const Tensor& a, const Tensor& b) { return values(info.name, a, b); }
  static Tensor values(const char* op, const Tensor& a, const Tensor& b) {
    require_ndim(op, "the first operand", a, 1);
    require_ndim(op, "the second operand", b, 1);
    return matmul(a, b);
  }
};

struct Vdot {
  static constexpr OpInfo info{.name = "vdot",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The inner product of two vectors; real numbers need no conjugate, so it is dot.",
                               .shapes = "[n], [n] -> []",
                               .example = "tg.vdot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))"};
  static Tensor forward(const Tensor& a, const Tensor& b) { return Dot::values(info.name, a, b); }
};

struct Inner {
  static constexpr OpInfo info{.name = "inner",
                               .signature = "(input: Tensor, other: Tensor) -> Tensor",
                               .doc = "The sum of products over the last dims; of numbers, their product.",
                               .shapes = "[..., k], [*, k] -> [..., *]",
                               .example = "tg.inner(tg.tensor([1.0, 2.0]), tg.tensor([[3.0, 4.0], [5.0, 6.0]]))"};
  static Tensor forward(const Tensor& a, const Tensor& b);
};

struct Outer {
  static constexpr OpInfo info{.name = "outer",
                               .signature = "(input: Tensor, vec2: Tensor) -> Tensor",
                               .doc = "The products of all elements of one vector with all of another.",
                               .formula = "Y = a b^T",
                               .gradient = "da = dY b, db = dY^T a",
                               .shapes = "[m], [n] -> [m, n]",
                               .example = "tg.outer(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))",
                               .aliases = "ger"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    s.a = a;
    s.b = b;
    return values(info.name, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return gradients(s.a.unpack(), s.b.unpack(), needs, dy);
  }
  static Tensor values(const char* op, const Tensor& a, const Tensor& b) {
    require_ndim(op, "the first vector", a, 1);
    require_ndim(op, "the second vector", b, 1);
    checked_numel(op, Shape{a.numel(), b.numel()});
    return binary(op, table().elementwise.mul, alias(a, Shape{a.numel(), 1}, Ints{a.stride(0), 0}, 0),
                  alias(b, Shape{1, b.numel()}, Ints{0, b.stride(0)}, 0));
  }
  static Grads<2> gradients(const Tensor& a, const Tensor& b, Needs needs, const Tensor& dy) {
    return {needs[0] ? matmul(dy, to(b, dy.dtype())) : Tensor(), needs[1] ? matmul(to(a, dy.dtype()), dy) : Tensor()};
  }
};

struct Trace {
  static constexpr OpInfo info{.name = "trace",
                               .signature = "(input: Tensor) -> Tensor",
                               .doc = "The sum of a matrix' diagonal; integers sum as int64.",
                               .formula = "y = sum x[i, i]",
                               .gradient = "dx = dy on the diagonal",
                               .shapes = "[m, n] -> []",
                               .example = "tg.trace(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))"};
  struct Saved {
    Shape shape;
  };
  static Tensor forward(Saved& s, const Tensor& x) {
    require_ndim(info.name, "input", x, 2);
    if (x.dtype() == DType::bool_) fail<RuntimeError>("trace(): not defined for bool tensors; convert them first");
    s.shape = x.shape();
    const Tensor diagonal = alias(x, Shape{std::min(x.size(0), x.size(1))}, Ints{x.stride(0) + x.stride(1)}, 0);
    if (x.dtype() == DType::float32 && diagonal.numel() <= 64) return few<float>(diagonal);
    if (x.dtype() == DType::float64 && diagonal.numel() <= 64) return few<double>(diagonal);
    return sum_values(cast(diagonal, is_floating(x.dtype()) ? x.dtype() : DType::int64), Dims::all(1), false);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor all = expand(dy, {std::min(s.shape[0], s.shape[1])});
    return {tape::apply<OnDiagonal>(all, s.shape, int64_t(0), int64_t(0), int64_t(1))};
  }

 private:
  template <class T>
  static Tensor few(const Tensor& diagonal) {
    T total = 0;
    for (int64_t i = 0; i < diagonal.numel(); ++i) total += diagonal.data<T>()[i * diagonal.stride(0)];
    Tensor y = empty({}, diagonal.dtype());
    *y.data<T>() = total;
    return y;
  }
};

struct Kron {
  static constexpr OpInfo info{
      .name = "kron",
      .signature = "(input: Tensor, other: Tensor) -> Tensor",
      .doc = "The Kronecker product: every element of input times the whole of other.",
      .formula = "Y[i p + k, j q + l] = A[i, j] B[k, l]",
      .gradient = "dA[i, j] = sum dY[i p + k, j q + l] B[k, l], dB[k, l] = sum dY[i p + k, j q + l] A[i, j]",
      .shapes = "[m, n], [p, q] -> [m p, n q]",
      .example = "tg.kron(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 10.0]))"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy);
};

// The first dim of three, unless a dim is given.
struct LinalgCross {
  static constexpr OpInfo info{.name = "linalg_cross",
                               .signature = "(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor",
                               .doc = "The cross product along a dim of size 3; the other dims broadcast.",
                               .formula = "y = a x b",
                               .gradient = "da = b x dy, db = dy x a",
                               .example = "tg.linalg.cross(tg.tensor([1.0, 0.0, 0.0]), tg.tensor([0.0, 1.0, 0.0]))",
                               .face = Face::linalg};
  struct Saved {
    SavedInput a, b;
    int64_t dim;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, int64_t dim);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return {needs[0] ? tape::apply<LinalgCross>(s.b.unpack(), dy, s.dim) : Tensor(),
            needs[1] ? tape::apply<LinalgCross>(dy, s.a.unpack(), s.dim) : Tensor()};
  }
};

struct Cross {
  static constexpr OpInfo info{.name = "cross",
                               .signature = "(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor",
                               .doc = "The cross product along dim, by default the first dim of size 3.",
                               .example = "tg.cross(tg.tensor([1.0, 0.0, 0.0]), tg.tensor([0.0, 1.0, 0.0]))"};
  static Tensor forward(const Tensor& a, const Tensor& b, std::optional<int64_t> dim);
};

struct Vecdot {
  static constexpr OpInfo info{.name = "linalg_vecdot",
                               .signature = "(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor",
                               .doc = "The inner products of the vectors along dim; the dims broadcast.",
                               .example = "tg.linalg.vecdot(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& x, const Tensor& y, int64_t dim);
};

struct MatrixPower {
  static constexpr OpInfo info{.name = "matrix_power",
                               .signature = "(input: Tensor, n: int) -> Tensor",
                               .doc = "A square matrix to an integer power; a negative one inverts it first.",
                               .shapes = "[..., m, m] -> [..., m, m]",
                               .example = "tg.matrix_power(tg.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)",
                               .aliases = "linalg.matrix_power"};
  static Tensor forward(const Tensor& x, int64_t n);
};

struct MultiDot {
  static constexpr OpInfo info{.name = "linalg_multi_dot",
                               .signature = "(tensors: list[Tensor]) -> Tensor",
                               .doc = "The product of a chain of matrices in the cheapest order; the ends may be vectors.",
                               .example = "tg.linalg.multi_dot([tg.tensor([1.0, 2.0]), tg.tensor([[1.0, 0.0], [0.0, 2.0]])])",
                               .face = Face::linalg};
  static Tensor forward(const TensorList& tensors) { return chain(info.name, tensors); }
  static Tensor chain(const char* op, TensorList tensors);
};

struct ChainMatmul {
  static constexpr OpInfo info{.name = "chain_matmul",
                               .signature = "(*matrices: Tensor) -> Tensor",
                               .doc = "The product of a chain of matrices in the cheapest order.",
                               .example = "tg.chain_matmul(tg.tensor([[1.0, 2.0]]), tg.tensor([[1.0, 0.0], [0.0, 2.0]]))",
                               .face = Face::function};
  static Tensor forward(const TensorArgs& matrices);
};

struct Tensordot {
  static constexpr OpInfo info{
      .name = "tensordot",
      .signature = "(a: Tensor, b: Tensor, dims: int | list = 2) -> Tensor",
      .doc = "Sums products over the last dims of a and the first of b, or over dims=(those of a, those of b).",
      .example = "tg.tensordot(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0], [4.0]]), dims=1)",
      .face = Face::function};
  static Tensor forward(const Tensor& a, const Tensor& b, const DimPairs& dims);
  static Tensor over(const char* op, const Tensor& a, const Tensor& b, const Ints& dims_a, const Ints& dims_b);
};

struct Vander {
  static constexpr OpInfo info{.name = "vander",
                               .signature = "(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor",
                               .doc = "The powers of a vector as columns, from x^(N-1) down to 1, or from 1 up.",
                               .example = "tg.vander(tg.tensor([1.0, 2.0, 3.0]))",
                               .face = Face::function};
  static Tensor forward(const Tensor& x, std::optional<int64_t> n, bool increasing) {
    require_ndim(info.name, "x", x, 1);
    return powers(info.name, x, n.value_or(x.numel()), increasing);
  }
  static Tensor powers(const char* op, const Tensor& x, int64_t n, bool increasing);
};

struct LinalgVander {
  static constexpr OpInfo info{.name = "linalg_vander",
                               .signature = "(x: Tensor, *, N: int | None = None) -> Tensor",
                               .doc = "The powers 1, x, x^2, ... of the vectors along the last dim.",
                               .example = "tg.linalg.vander(tg.tensor([1.0, 2.0, 3.0]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& x, std::optional<int64_t> n);
};

using NamedProducts = OpList<Mm, Bmm, Mv, Dot, Vdot, Inner, Outer, Trace, Kron, LinalgCross, Cross, Vecdot, MatrixPower, MultiDot,
                             ChainMatmul, Tensordot, Vander, LinalgVander>;

}  // namespace tg::ops
