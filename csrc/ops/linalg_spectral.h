// Orthogonal and spectral factorisations: QR, SVD, eigenvalues, and what is made of them.
// Every output is an operation of its own: it keeps all factors and can make the others again, recorded, for its rule.
#pragma once
#include "ops/linalg_solve.h"

namespace tg::ops {

// A matrix and the factors found of it, as plain tensors.
struct Factors {
  SavedInput a, first, second, third;

  void save(const Tensor& a_, Made x, Made y, Made z) {
    a = a_;
    first = x.tensor;
    second = y.tensor;
    third = z.tensor;
  }
  // One of the factors as an operation's output, recorded where the tape records.
  template <class Op>
  Tensor output() const {
    return tape::apply<Op>(a.unpack(), Made{first.unpack()}, Made{second.unpack()}, Made{third.unpack()});
  }
};

// Walter & Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental design"
// (2010): for rows >= columns, dA = (dQ + Q copy(M)) R^-T with M = R dR^T - dQ^T Q; copy(M) mirrors M's lower triangle.
struct QrQ {
  static constexpr OpInfo info{.name = "qr_q",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The orthogonal factor of A = Q R.",
                               .gradient = "dA = (dQ + Q copy(-dQ^T Q)) R^-T, copy mirrors the lower triangle",
                               .face = Face::internal,
                               .label = "linalg.qr"};
  using Saved = Factors;
  static Tensor forward(Saved& s, const Tensor& a, Made q, Made r, Made none) {
    s.save(a, q, r, none);
    return alias(q.tensor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dq);
};
struct QrR {
  static constexpr OpInfo info{.name = "qr_r",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The triangular factor of A = Q R.",
                               .gradient = "dA = Q copy(R dR^T) R^-T, copy mirrors the lower triangle",
                               .face = Face::internal,
                               .label = "linalg.qr"};
  using Saved = Factors;
  static Tensor forward(Saved& s, const Tensor& a, Made q, Made r, Made none) {
    s.save(a, q, r, none);
    return alias(r.tensor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dr);
};

struct QrResult {
  Tensor Q, R;
  static constexpr const char* fields[] = {"Q", "R"};
};
struct Qr {
  static constexpr OpInfo info{.name = "linalg_qr",
                               .signature = "(A: Tensor, mode: str = 'reduced') -> tuple",
                               .doc =
                                   "(Q, R) with A = Q R, Q orthogonal and R upper triangular. mode: 'reduced', 'complete' (a "
                                   "square Q) or 'r' (an empty Q). "
                                   "A complete Q of more rows than columns is not differentiable.",
                               .shapes = "[..., m, n] -> [..., m, k], [..., k, n] with k = min(m, n)",
                               .example = "tg.linalg.qr(tg.tensor([[3.0, 1.0], [4.0, 2.0]])).R.abs()",
                               .face = Face::linalg};
  static QrResult forward(const Tensor& a, std::string_view mode);
};
struct QrOld {
  static constexpr OpInfo info{.name = "qr",
                               .signature = "(input: Tensor, some: bool = True) -> tuple",
                               .doc = "linalg.qr under its older name: some=False is the complete mode.",
                               .example = "tg.qr(tg.tensor([[3.0, 1.0], [4.0, 2.0]])).R.abs()"};
  static QrResult forward(const Tensor& a, bool some) {
    return tape::apply<Qr>(a, std::string_view(some ? "reduced" : "complete"));
  }
};

// Townsend, "Differentiating the singular value decomposition" (2016): with E_ij = s_j^2 - s_i^2 and skew X = X - X^T,
// dA = U (skew(U^T dU) / E S + S skew(V^T dV) / E + diag dS) V^T + (I - U U^T) dU S^-1 V^T + U S^-1 dV^T (I - V V^T).
struct SvdU {
  static constexpr OpInfo info{.name = "svd_u",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The left singular vectors; infinite gradient where two singular values are equal.",
                               .gradient = "dA = [U (skew(U^T dU) / E) S + (I - U U^T) dU S^-1] V^T, E_ij = s_j^2 - s_i^2",
                               .face = Face::internal,
                               .label = "linalg.svd"};
  using Saved = Factors;
  static Tensor forward(Saved& s, const Tensor& a, Made u, Made values, Made vh) {
    s.save(a, u, values, vh);
    return alias(u.tensor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& du);
};
struct SvdS {
  static constexpr OpInfo info{.name = "svd_s",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The singular values.",
                               .gradient = "dA = U diag(dS) V^T",
                               .face = Face::internal,
                               .label = "linalg.svd"};
  using Saved = Factors;
  static Tensor forward(Saved& s, const Tensor& a, Made u, Made values, Made vh) {
    s.save(a, u, values, vh);
    return alias(values.tensor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& ds);
};
struct SvdVh {
  static constexpr OpInfo info{
      .name = "svd_vh",
      .signature = "(A: Tensor) -> Tensor",
      .doc = "The right singular vectors, as rows; infinite gradient where two singular values are equal.",
      .gradient = "dA = U [S (skew(V^T dV) / E) V^T + S^-1 dV^T (I - V V^T)], E_ij = s_j^2 - s_i^2",
      .face = Face::internal,
      .label = "linalg.svd"};
  using Saved = Factors;
  static Tensor forward(Saved& s, const Tensor& a, Made u, Made values, Made vh) {
    s.save(a, u, values, vh);
    return alias(vh.tensor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dvh);
};

struct SvdResult {
  Tensor U, S, Vh;
  static constexpr const char* fields[] = {"U", "S", "Vh"};
};
struct Svd {
  static constexpr OpInfo info{
      .name = "linalg_svd",
      .signature = "(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> tuple",
      .doc =
          "(U, S, Vh) with A = U diag(S) Vh, singular values in descending order. Gradients reach the first min(m, n) vectors; "
          "those of U and Vh are infinite where singular values are equal.",
      .shapes = "[..., m, n] -> [..., m, k], [..., k], [..., k, n] with k = min(m, n), or square U and Vh",
      .example = "tg.linalg.svd(tg.tensor([[3.0, 0.0], [4.0, 0.0]])).S",
      .face = Face::linalg};
  static SvdResult forward(const Tensor& a, bool full_matrices, std::optional<std::string_view> driver);
};
struct SvdOldResult {
  Tensor U, S, V;
  static constexpr const char* fields[] = {"U", "S", "V"};
};
struct SvdOld {
  static constexpr OpInfo info{.name = "svd",
                               .signature = "(input: Tensor, some: bool = True, compute_uv: bool = True) -> tuple",
                               .doc = "linalg.svd under its older name: (U, S, V), V not transposed.",
                               .example = "tg.svd(tg.tensor([[3.0, 0.0], [4.0, 0.0]])).S"};
  static SvdOldResult forward(const Tensor& a, bool some, bool compute_uv);
};
struct Svdvals {
  static constexpr OpInfo info{.name = "linalg_svdvals",
                               .signature = "(A: Tensor, *, driver: str | None = None) -> Tensor",
                               .doc = "The singular values in descending order.",
                               .shapes = "[..., m, n] -> [..., min(m, n)]",
                               .example = "tg.linalg.svdvals(tg.tensor([[3.0, 0.0], [4.0, 0.0]]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& a, std::optional<std::string_view> driver);
};

// Giles (2008), 3.1: with E_ij = w_j - w_i, dA = V (diag dw + (V^T dV) / E) V^T.
struct EighValues {
  static constexpr OpInfo info{.name = "eigh_values",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The eigenvalues of a symmetric matrix.",
                               .gradient = "dA = V diag(dw) V^T",
                               .face = Face::internal,
                               .label = "linalg.eigh"};
  using Saved = Factors;
  static Tensor forward(Saved& s, const Tensor& a, Made w, Made v, Made none) {
    s.save(a, w, v, none);
    return alias(w.tensor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dw);
};
struct EighVectors {
  static constexpr OpInfo info{
      .name = "eigh_vectors",
      .signature = "(A: Tensor) -> Tensor",
      .doc = "The eigenvectors of a symmetric matrix; infinite gradient where two eigenvalues are equal.",
      .gradient = "dA = V (S / E) V^T, S the skew part of V^T dV, E_ij = w_j - w_i",
      .face = Face::internal,
      .label = "linalg.eigh"};
  using Saved = Factors;
  static Tensor forward(Saved& s, const Tensor& a, Made w, Made v, Made none) {
    s.save(a, w, v, none);
    return alias(v.tensor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dv);
};

struct EighResult {
  Tensor eigenvalues, eigenvectors;
  static constexpr const char* fields[] = {"eigenvalues", "eigenvectors"};
};
struct Eigh {
  static constexpr OpInfo info{.name = "linalg_eigh",
                               .signature = "(A: Tensor, UPLO: str = 'L') -> tuple",
                               .doc =
                                   "(eigenvalues, eigenvectors) of symmetric matrices, of which one triangle is read, in "
                                   "ascending order. The eigenvectors' "
                                   "gradient is infinite where eigenvalues are equal.",
                               .shapes = "[..., n, n] -> [..., n], [..., n, n]",
                               .example = "tg.linalg.eigh(tg.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues",
                               .face = Face::linalg};
  static EighResult forward(const Tensor& a, std::string_view uplo);
};
struct Eigvalsh {
  static constexpr OpInfo info{.name = "linalg_eigvalsh",
                               .signature = "(A: Tensor, UPLO: str = 'L') -> Tensor",
                               .doc = "The eigenvalues of symmetric matrices, of which one triangle is read, in ascending order.",
                               .shapes = "[..., n, n] -> [..., n]",
                               .example = "tg.linalg.eigvalsh(tg.tensor([[2.0, 1.0], [1.0, 2.0]]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& a, std::string_view uplo);
};

// Golub & Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate" (1973).
struct PinvOf {
  static constexpr OpInfo info{.name = "pinv_of",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The pseudo-inverse, where the rank does not change.",
                               .gradient = "dA = -P^T dP P^T + (I - A P) dP^T P P^T + P^T P dP^T (I - P A)",
                               .face = Face::internal,
                               .label = "linalg.pinv"};
  struct Saved {
    SavedInput a;
    SavedOutput y;
  };
  static Tensor forward(Saved& s, const Tensor& a, Made p) {
    s.a = a;
    return s.y.keep(alias(p.tensor));
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dp);
};
struct Pinv {
  static constexpr OpInfo info{.name = "linalg_pinv",
                               .signature =
                                   "(A: Tensor, *, atol: Tensor | Number | None = None, rtol: Tensor | Number | None = None, "
                                   "hermitian: bool = False) -> Tensor",
                               .doc = "The pseudo-inverse; singular values up to max(atol, rtol * largest) count as zero.",
                               .shapes = "[..., m, n] -> [..., n, m]",
                               .example = "tg.linalg.pinv(tg.tensor([[2.0, 0.0], [0.0, 0.0]]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& a, const Tensor& atol, const Tensor& rtol, bool hermitian);
};
struct Pinverse {
  static constexpr OpInfo info{.name = "pinverse",
                               .signature = "(input: Tensor, rcond: float = 1e-15) -> Tensor",
                               .doc = "linalg.pinv under its older name, with rtol called rcond.",
                               .example = "tg.pinverse(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))"};
  static Tensor forward(const Tensor& a, double rcond) { return tape::apply<Pinv>(a, Tensor(), number(rcond), false); }
};

struct MatrixRank {
  static constexpr OpInfo info{.name = "linalg_matrix_rank",
                               .signature =
                                   "(A: Tensor, tol: Tensor | Number | None = None, hermitian: bool = False, *, "
                                   "atol: Tensor | Number | None = None, rtol: Tensor | Number | None = None) -> Tensor",
                               .doc = "How many singular values are greater than max(atol, rtol * largest), as int64.",
                               .shapes = "[..., m, n] -> [...]",
                               .example = "tg.linalg.matrix_rank(tg.tensor([[1.0, 2.0], [2.0, 4.0]]))",
                               .face = Face::linalg};
  static Tensor forward(const Tensor& a, const Tensor& tol, bool hermitian, const Tensor& atol, const Tensor& rtol);
};

struct LstsqResult {
  Tensor solution, residuals, rank, singular_values;
  static constexpr const char* fields[] = {"solution", "residuals", "rank", "singular_values"};
};
struct Lstsq {
  static constexpr OpInfo info{
      .name = "linalg_lstsq",
      .signature = "(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> tuple",
      .doc =
          "(solution, residuals, rank, singular_values) of min |A X - B|: the solution of least norm. The gradient holds where "
          "the "
          "rank does not change.",
      .shapes = "[..., m, n], [..., m, k] -> [..., n, k], [..., k], [...], [..., min(m, n)]",
      .example = "tg.linalg.lstsq(tg.tensor([[1.0], [1.0]]), tg.tensor([[1.0], [3.0]])).solution",
      .face = Face::linalg};
  static LstsqResult forward(const Tensor& a, const Tensor& b, std::optional<double> rcond,
                             std::optional<std::string_view> driver);
};

struct MatrixExp {
  static constexpr OpInfo info{.name = "matrix_exp",
                               .signature = "(A: Tensor) -> Tensor",
                               .doc = "The matrix exponential, by scaling, a Pade approximant and squaring.",
                               .shapes = "[..., n, n] -> [..., n, n]",
                               .example = "tg.matrix_exp(tg.tensor([[0.0, 1.0], [0.0, 0.0]]))",
                               .aliases = "linalg.matrix_exp"};
  static Tensor forward(const Tensor& a);
};

using Spectral = OpList<Qr, QrOld, Svd, SvdOld, Svdvals, Eigh, Eigvalsh, Pinv, Pinverse, MatrixRank, Lstsq, MatrixExp>;
using SpectralRules = OpList<QrQ, QrR, SvdU, SvdS, SvdVh, EighValues, EighVectors, PinvOf>;

}  // namespace tg::ops
