// Linear systems: inverses, determinants, solutions, the factorisations LU and Cholesky.
// Rules: Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008);
// Murray, "Differentiation of the Cholesky decomposition" (2016).
#pragma once
#include "ops/diagonal.h"
#include "ops/lapack.h"
#include "ops/product.h"

namespace tg::ops {

void require_matrix(const char* op, const Tensor& x);  // floating, at least two dims
inline Tensor lower(const Tensor& x, int64_t diagonal = 0) { return tape::apply<Tril>(x, diagonal); }
inline Tensor upper(const Tensor& x, int64_t diagonal = 0) { return tape::apply<Triu>(x, diagonal); }

struct Inverse {
  static constexpr OpInfo info{.name = "inverse",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The inverses of square matrices; a singular one is an error.",
                               .formula = "Y = A^-1",
                               .gradient = "dA = -Y^T dY Y^T",
                               .shapes = "[..., n, n] -> [..., n, n]",
                               .example = "tg.linalg.inv(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))",
                               .aliases = "linalg.inv",
                               .label = "linalg.inv"};
  struct Saved {
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& a);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor y = swap_last(s.y.unpack());
    return {-matmul(y, matmul(dy, y))};
  }
};

// The *_ex functions report failure in `info` instead of raising.
struct InverseInfo {
  Tensor inverse, info;
  static constexpr const char* fields[] = {"inverse", "info"};
};
struct InvEx {
  static constexpr OpInfo info{
      .name = "linalg_inv_ex",
      .signature = "(A: Tensor, *, check_errors: bool = False) -> tuple",
      .doc = "(inverse, info): info holds the position of a zero pivot of each matrix, 0 where there is none.",
      .shapes = "[..., n, n] -> [..., n, n], [...]",
      .example = "tg.linalg.inv_ex(tg.tensor([[2.0, 0.0], [0.0, 4.0]])).inverse",
      .face = Face::linalg};
  static InverseInfo forward(const Tensor& a, bool check_errors);
};

struct Det {
  static constexpr OpInfo info{.name = "det",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The determinants of square matrices.",
                               .formula = "y = det A",
                               .gradient = "dA = dy C, C the matrix of cofactors: det A A^-T",
                               .shapes = "[..., n, n] -> [...]",
                               .example = "tg.det(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))",
                               .aliases = "linalg.det"};
  struct Saved {
    SavedInput a;
  };
  static Tensor forward(Saved& s, const Tensor& a);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

// The gradient of det, defined for singular matrices too; its own gradient is not.
struct Cofactors {
  static constexpr OpInfo info{.name = "cofactors",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The matrix of cofactors, det(A) A^-T where A is regular.",
                               .formula = "C = det A A^-T",
                               .gradient = "dA = (C <dC, C> - C dC^T C) / det A",
                               .face = Face::internal};
  struct Saved {
    SavedInput a;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& a);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct LogAbsDet {
  static constexpr OpInfo info{.name = "logabsdet",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "log |det A|, without the overflow of the determinant.",
                               .formula = "y = log |det A|",
                               .gradient = "dA = dy A^-T",
                               .face = Face::internal};
  struct Saved {
    SavedInput a;
  };
  static Tensor forward(Saved& s, const Tensor& a, Made value) {
    s.a = a;
    return value.tensor;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct DetSign {
  static constexpr OpInfo info{.name = "det_sign",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The sign of the determinants.",
                               .formula = "y = sign det A",
                               .gradient = "dA = 0",
                               .face = Face::internal};
  struct Saved {
    Shape shape;
  };
  static Tensor forward(Saved& s, const Tensor& a, Made value) {
    s.shape = a.shape();
    return value.tensor;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) { return {zeros(s.shape, dy.dtype())}; }
};

struct SignLogAbsDet {
  Tensor sign, logabsdet;
  static constexpr const char* fields[] = {"sign", "logabsdet"};
};
struct Slogdet {
  static constexpr OpInfo info{.name = "slogdet",
                               .signature = "(A: Tensor) -> tuple",
                               .doc = "(sign, logabsdet) of the determinants: det A = sign exp(logabsdet).",
                               .shapes = "[..., n, n] -> [...], [...]",
                               .example = "tg.linalg.slogdet(tg.tensor([[1.0, 2.0], [3.0, 4.0]])).logabsdet",
                               .aliases = "linalg.slogdet"};
  static SignLogAbsDet forward(const Tensor& a);
};

struct Logdet {
  static constexpr OpInfo info{.name = "logdet",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The logarithm of the determinants: -inf where one is zero, NaN where negative.",
                               .shapes = "[..., n, n] -> [...]",
                               .example = "tg.logdet(tg.tensor([[2.0, 0.0], [0.0, 3.0]]))"};
  static Tensor forward(const Tensor& a);
};

struct SolveMatrix {
  static constexpr OpInfo info{.name = "solve_matrix",
                               .signature = "(A: Tensor, B: Tensor) -> Tensor",
                               .doc = "X with A X = B, batch dims broadcast.",
                               .formula = "X = A^-1 B",
                               .gradient = "dB = A^-T dX, dA = -dB X^T",
                               .face = Face::internal,
                               .label = "linalg.solve"};
  struct Saved {
    SavedInput a;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dx);
};

struct Solve {
  static constexpr OpInfo info{.name = "linalg_solve",
                               .signature = "(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor",
                               .doc = "X with A X = B, or X A = B where left is False; B may be a batch of vectors.",
                               .shapes = "[..., n, n], [..., n, k] -> [..., n, k]",
                               .example = "tg.linalg.solve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& a, const Tensor& b, bool left);
};

struct SolveInfo {
  Tensor result, info;
  static constexpr const char* fields[] = {"result", "info"};
};
struct SolveEx {
  static constexpr OpInfo info{
      .name = "linalg_solve_ex",
      .signature = "(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> tuple",
      .doc = "(result, info): info holds the position of a zero pivot of each matrix, 0 where there is none.",
      .example = "tg.linalg.solve_ex(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0])).result",
      .face = Face::linalg};
  static SolveInfo forward(const Tensor& a, const Tensor& b, bool left, bool check_errors);
};

struct TriangularSolve {
  static constexpr OpInfo info{.name = "triangular_solve_matrix",
                               .signature = "(A: Tensor, B: Tensor, upper: bool, unitriangular: bool) -> Tensor",
                               .doc = "X with A X = B for triangular A; what stands in its other triangle is not read.",
                               .formula = "X = A^-1 B",
                               .gradient = "dB = A^-T dX, dA = -dB X^T in A's triangle",
                               .face = Face::internal,
                               .label = "linalg.solve_triangular"};
  struct Saved {
    SavedInput a;
    SavedOutput y;
    bool upper, unit;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b, bool upper, bool unit);
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dx);
};

struct SolveTriangular {
  static constexpr OpInfo info{
      .name = "linalg_solve_triangular",
      .signature = "(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor",
      .doc = "X with A X = B (or X A = B) for triangular A; what stands in its other triangle is not read.",
      .shapes = "[..., n, n], [..., n, k] -> [..., n, k]",
      .example = "tg.linalg.solve_triangular(tg.tensor([[2.0, 0.0], [1.0, 4.0]]), tg.tensor([[2.0], [5.0]]), upper=False)",
      .face = Face::linalg};
  static Tensor forward(const Tensor& a, const Tensor& b, bool upper, bool left, bool unitriangular);
};

struct Cholesky {
  static constexpr OpInfo info{.name = "cholesky",
                               .signature = "(A: Tensor, upper: bool = False) -> Tensor",
                               .doc = "L with A = L L^T, from A's lower triangle; with upper, L^T from its upper one.",
                               .formula = "A = L L^T",
                               .gradient = "dA = L^-T sym(P) L^-1, P = tril(L^T dL) with half its diagonal",
                               .shapes = "[..., n, n] -> [..., n, n]",
                               .example = "tg.linalg.cholesky(tg.tensor([[4.0, 2.0], [2.0, 5.0]]))",
                               .aliases = "linalg.cholesky",
                               .label = "linalg.cholesky"};
  struct Saved {
    SavedOutput y;
    bool upper;
  };
  static Tensor forward(Saved& s, const Tensor& a, bool upper);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct CholeskyInfo {
  Tensor L, info;
  static constexpr const char* fields[] = {"L", "info"};
};
struct CholeskyEx {
  static constexpr OpInfo info{.name = "linalg_cholesky_ex",
                               .signature = "(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> tuple",
                               .doc = "(L, info): info holds the order of the first minor that is not positive-definite, else 0.",
                               .shapes = "[..., n, n] -> [..., n, n], [...]",
                               .example = "tg.linalg.cholesky_ex(tg.tensor([[4.0, 2.0], [2.0, 5.0]])).L",
                               .face = Face::linalg};
  static CholeskyInfo forward(const Tensor& a, bool upper, bool check_errors);
};

struct CholeskySolve {
  static constexpr OpInfo info{.name = "cholesky_solve",
                               .signature = "(B: Tensor, L: Tensor, upper: bool = False) -> Tensor",
                               .doc = "X with A X = B, given A's Cholesky factor.",
                               .shapes = "[..., n, k], [..., n, n] -> [..., n, k]",
                               .example = "tg.cholesky_solve(tg.tensor([[4.0], [2.0]]), tg.tensor([[2.0, 0.0], [1.0, 1.0]]))"};
  static Tensor forward(const Tensor& b, const Tensor& l, bool upper);
};

struct CholeskyInverse {
  static constexpr OpInfo info{.name = "cholesky_inverse",
                               .signature = "(L: Tensor, upper: bool = False) -> Tensor",
                               .doc = "A's inverse, given its Cholesky factor.",
                               .shapes = "[..., n, n] -> [..., n, n]",
                               .example = "tg.cholesky_inverse(tg.tensor([[2.0, 0.0], [1.0, 1.0]]))"};
  static Tensor forward(const Tensor& l, bool upper);
};

struct Tensorinv {
  static constexpr OpInfo info{.name = "linalg_tensorinv",
                               .signature = "(A: Tensor, ind: int = 2) -> Tensor",
                               .doc = "The inverse for tensordot: the first ind dims as rows, the others as columns.",
                               .example = "tg.linalg.tensorinv(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), ind=1)",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& a, int64_t ind);
};

struct Tensorsolve {
  static constexpr OpInfo info{.name = "linalg_tensorsolve",
                               .signature = "(A: Tensor, B: Tensor, dims: tuple | None = None) -> Tensor",
                               .doc = "X with tensordot(A, X, X.ndim) = B; dims are moved to A's end first.",
                               .example = "tg.linalg.tensorsolve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& a, const Tensor& b, const std::optional<Ints>& dims);
};

using LinearSystems = OpList<Inverse, InvEx, Det, Slogdet, Logdet, Solve, SolveEx, SolveTriangular, Cholesky, CholeskyEx,
                             CholeskySolve, CholeskyInverse, Tensorinv, Tensorsolve>;
using LinearSystemRules = OpList<Cofactors, LogAbsDet, DetSign, SolveMatrix, TriangularSolve>;

}  // namespace tg::ops
