// Orthogonal and spectral factorisations: values from LAPACK, rules in operations.
#include "ops/linalg_spectral.h"

#include <cmath>
#include <limits>

#include "ops/arithmetic.h"
#include "ops/linalg_values.h"
#include "ops/reduce.h"

namespace tg::ops {
namespace {

double epsilon(const Tensor& x) {
  return x.dtype() == DType::float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
}

Tensor mirror_lower(const Tensor& m) { return lower(m) + swap_last(lower(m, -1)); }
Tensor skew(const Tensor& x) { return x - swap_last(x); }
Tensor diagonal_mask(const Tensor& x) { return cast(identity(x), DType::bool_); }
// The first k columns.
Tensor leading(const Tensor& x, int64_t k) { return columns(x) == k ? x : narrow(x, -1, 0, k); }
// Y R^-T for upper triangular R.
Tensor right_solve(const Tensor& y, const Tensor& r) {
  return swap_last(tape::apply<TriangularSolve>(r, swap_last(y), true, false));
}
// x_j - x_i off the diagonal, 1 on it.
Tensor gaps(const Tensor& x) {
  const Tensor d = unsqueeze(x, -2) - unsqueeze(x, -1);
  return where(diagonal_mask(d), number(1), d);
}
// s_j^2 - s_i^2, without the cancellation of the squares.
Tensor square_gaps(const Tensor& s) {
  return gaps(s) * where(diagonal_mask(unsqueeze(s, -2) + unsqueeze(s, -1)), number(1), unsqueeze(s, -2) + unsqueeze(s, -1));
}

// What counts as zero among values of descending size; atol and rtol may be absent. [...], nothing recorded.
Tensor tolerance(const Tensor& a, const Tensor& sizes, const Tensor& atol, const Tensor& rtol) {
  tape::GradMode values_only(false);
  const Tensor largest = amax(sizes, {-1});
  Tensor relative;
  if (rtol) {
    relative = rtol * largest;
  } else if (atol) {  // the default only where no absolute tolerance is set
    relative = where(gt(atol, number(0)), number(0), largest * (epsilon(a) * double(std::max(rows(a), columns(a)))));
  } else {
    relative = largest * (epsilon(a) * double(std::max(rows(a), columns(a))));
  }
  return atol ? maximum(relative, atol) : relative;
}

void check_tolerance(const char* op, const Tensor& t) {
  if (t && category(t.dtype()) == Category::boolean) fail<RuntimeError>(op, "(): tolerances must be numbers, got a bool tensor");
}

Tensor triangle(const char* op, const Tensor& a, std::string_view uplo) {
  require_matrix(op, a);
  require_square(op, a);
  if (uplo != "L" && uplo != "U" && uplo != "l" && uplo != "u")
    fail<RuntimeError>(op, "(): UPLO must be 'L' or 'U', got '", uplo, "'");
  if (uplo == "L" || uplo == "l") return a;
  tape::GradMode values_only(false);
  return swap_last(a);
}

void check_driver(const char* op, const std::optional<std::string_view>& driver) {
  if (driver) fail<RuntimeError>(op, "(): driver= is for other devices, got '", *driver, "'");
}

}  // namespace

Grads<1> QrQ::backward(const Saved& s, Needs, const Tensor& dq) {
  const Tensor q = s.output<QrQ>(), r = s.output<QrR>();
  if (columns(q) > columns(r)) {
    fail<RuntimeError>("linalg.qr(): not differentiable with mode='complete' and more rows than columns; use mode='reduced'");
  }
  return {right_solve(dq - matmul(q, mirror_lower(matmul(swap_last(dq), q))), r)};
}

Grads<1> QrR::backward(const Saved& s, Needs, const Tensor& dr) {
  const Tensor q = s.output<QrQ>(), r = s.output<QrR>();
  if (rows(r) > columns(r)) {
    fail<RuntimeError>("linalg.qr(): not differentiable with mode='complete' and more rows than columns; use mode='reduced'");
  }
  return {right_solve(matmul(q, mirror_lower(matmul(r, swap_last(upper(dr))))), r)};
}

QrResult Qr::forward(const Tensor& a, std::string_view mode) {
  const char* op = "linalg.qr";
  require_matrix(op, a);
  if (mode != "reduced" && mode != "complete" && mode != "r") {
    fail<RuntimeError>(op, "(): mode must be 'reduced', 'complete' or 'r', got '", mode, "'");
  }
  const int64_t m = rows(a), n = columns(a);
  TensorList found = factors(op, "qr", a, mode == "complete");
  const Tensor none;
  QrResult result;
  if (m >= n) {
    result = {tape::apply<QrQ>(a, Made{found[0]}, Made{found[1]}, Made{none}),
              tape::apply<QrR>(a, Made{found[0]}, Made{found[1]}, Made{none})};
  } else {  // Q belongs to the first columns; the others follow from it
    const Tensor square = narrow(a, -1, 0, m), r = contiguous_values(narrow(found[1], -1, 0, m));
    const Tensor q = tape::apply<QrQ>(square, Made{found[0]}, Made{r}, Made{none});
    const bool recorded = q.requires_grad();
    result = {q, !recorded ? found[1]
                           : cat({tape::apply<QrR>(square, Made{found[0]}, Made{r}, Made{none}),
                                  matmul(swap_last(q), narrow(a, -1, m, n - m))},
                                 -1)};
  }
  if (mode == "r") result.Q = empty({0}, a.dtype());
  return result;
}

Grads<1> SvdU::backward(const Saved& s, Needs, const Tensor& du_full) {
  const Tensor values = s.output<SvdS>();
  const int64_t k = columns(values.ndim() > 1 ? values : unsqueeze(values, 0));
  const Tensor u = leading(s.output<SvdU>(), k), vh_full = s.output<SvdVh>(), du = leading(du_full, k);
  const Tensor vh = rows(vh_full) == k ? vh_full : narrow(vh_full, -2, 0, k);
  const Tensor along = matmul(swap_last(u), du);
  Tensor left = matmul(u, skew(along) / square_gaps(values) * unsqueeze(values, -2));
  if (rows(u) > k) left = left + (du - matmul(u, along)) / unsqueeze(values, -2);
  return {matmul(left, vh)};
}

Grads<1> SvdS::backward(const Saved& s, Needs, const Tensor& ds) {
  const int64_t k = ds.size(ds.ndim() - 1);
  const Tensor u = leading(s.output<SvdU>(), k), vh_full = s.output<SvdVh>();
  const Tensor vh = rows(vh_full) == k ? vh_full : narrow(vh_full, -2, 0, k);
  return {matmul(u * unsqueeze(ds, -2), vh)};
}

Grads<1> SvdVh::backward(const Saved& s, Needs, const Tensor& dvh_full) {
  const Tensor values = s.output<SvdS>();
  const int64_t k = values.size(values.ndim() - 1);
  const auto top = [&](const Tensor& x) { return rows(x) == k ? x : narrow(x, -2, 0, k); };
  const Tensor u = leading(s.output<SvdU>(), k), vh = top(s.output<SvdVh>()), dvh = top(dvh_full);
  const Tensor along = matmul(vh, swap_last(dvh));
  Tensor right = matmul(unsqueeze(values, -1) * (skew(along) / square_gaps(values)), vh);
  if (columns(vh) > k) right = right + (dvh - matmul(swap_last(along), vh)) / unsqueeze(values, -1);
  return {matmul(u, right)};
}

SvdResult Svd::forward(const Tensor& a, bool full_matrices, std::optional<std::string_view> driver) {
  const char* op = "linalg.svd";
  require_matrix(op, a);
  check_driver(op, driver);
  const TensorList f = factors(op, "svd", a, full_matrices);
  const Made u{f[0]}, s{f[1]}, vh{f[2]};
  return {tape::apply<SvdU>(a, u, s, vh), tape::apply<SvdS>(a, u, s, vh), tape::apply<SvdVh>(a, u, s, vh)};
}

SvdOldResult SvdOld::forward(const Tensor& a, bool some, bool compute_uv) {
  if (!compute_uv) {
    require_matrix("svd", a);
    return {zeros(Shape(a.shape()), a.dtype()), tape::apply<Svdvals>(a, std::optional<std::string_view>()),
            zeros(Shape(a.shape()), a.dtype())};
  }
  const SvdResult r = tape::apply<Svd>(a, !some, std::optional<std::string_view>());
  return {r.U, r.S, swap_last(r.Vh)};
}

Tensor Svdvals::forward(const Tensor& a, std::optional<std::string_view> driver) {
  const char* op = "linalg.svdvals";
  require_matrix(op, a);
  check_driver(op, driver);
  if (tape::grad_enabled() && a.requires_grad()) {  // the gradient needs the vectors
    const TensorList f = factors(op, "svd", a, false);
    return tape::apply<SvdS>(a, Made{f[0]}, Made{f[1]}, Made{f[2]});
  }
  return factors(op, "svdvals", a, false)[0];
}

Grads<1> EighValues::backward(const Saved& s, Needs, const Tensor& dw) {
  const Tensor v = s.output<EighVectors>();
  return {matmul(v * unsqueeze(dw, -2), swap_last(v))};
}

Grads<1> EighVectors::backward(const Saved& s, Needs, const Tensor& dv) {
  const Tensor w = s.output<EighValues>(), v = s.output<EighVectors>();
  // Symmetric, as the matrix is: only one of its triangles is read.
  const Tensor inner = skew(matmul(swap_last(v), dv)) * 0.5 / gaps(w);
  return {matmul(v, matmul(inner, swap_last(v)))};
}

EighResult Eigh::forward(const Tensor& a, std::string_view uplo) {
  const char* op = "linalg.eigh";
  const TensorList f = factors(op, "eigh", triangle(op, a, uplo), false);
  const Tensor none;
  const Made w{f[0]}, v{f[1]};
  return {tape::apply<EighValues>(a, w, v, Made{none}), tape::apply<EighVectors>(a, w, v, Made{none})};
}

Tensor Eigvalsh::forward(const Tensor& a, std::string_view uplo) {
  const char* op = "linalg.eigvalsh";
  const Tensor source = triangle(op, a, uplo);
  if (!tape::grad_enabled() || !a.requires_grad()) return factors(op, "eigvalsh", source, false)[0];
  const TensorList f = factors(op, "eigh", source, false);
  const Tensor none;
  return tape::apply<EighValues>(a, Made{f[0]}, Made{f[1]}, Made{none});
}

Grads<1> PinvOf::backward(const Saved& s, Needs, const Tensor& dp) {
  const Tensor &a = s.a.unpack(), p = s.y.unpack();
  const Tensor pt = swap_last(p), gt = swap_last(dp);
  Tensor da = -matmul(pt, matmul(dp, pt));
  // Of a matrix of full rank one of these is zero, but which, and whether, only the values tell.
  const Tensor left = matmul(gt, matmul(p, pt)), right = matmul(matmul(pt, p), gt);
  da = da + (left - matmul(a, matmul(p, left)));
  return {da + (right - matmul(matmul(right, p), a))};
}

Tensor Pinv::forward(const Tensor& a, const Tensor& atol, const Tensor& rtol, bool hermitian) {
  const char* op = "linalg.pinv";
  require_matrix(op, a);
  check_tolerance(op, atol);
  check_tolerance(op, rtol);
  if (hermitian) require_square(op, a);
  if (a.numel() == 0) return swap_last(a) * 1.0;
  Tensor p;
  {
    tape::GradMode values_only(false);
    // A = left diag(values) right^T; of a symmetric matrix both are its eigenvectors.
    const TensorList f = factors(op, hermitian ? "eigh" : "svd", a, false);
    const Tensor &values = f[hermitian ? 0 : 1], &left = f[hermitian ? 1 : 0], right = hermitian ? left : swap_last(f[2]);
    const Tensor size = hermitian ? tape::apply<Abs>(values) : values;
    const Tensor used = gt(size, unsqueeze(tolerance(a, size, atol, rtol), -1));
    const Tensor inverse = where(used, number(1) / where(used, values, number(1)), number(0));
    p = contiguous(matmul(right * unsqueeze(inverse, -2), swap_last(left)));
  }
  return tape::apply<PinvOf>(a, Made{p});
}

Tensor MatrixRank::forward(const Tensor& a, const Tensor& tol, bool hermitian, const Tensor& atol, const Tensor& rtol) {
  const char* op = "linalg.matrix_rank";
  require_matrix(op, a);
  if (hermitian) require_square(op, a);
  for (const Tensor* t : {&tol, &atol, &rtol}) check_tolerance(op, *t);
  if (tol && (atol || rtol)) fail<RuntimeError>(op, "(): tol stands for atol; give one of them");
  tape::GradMode values_only(false);
  if (std::min(rows(a), columns(a)) == 0 || a.numel() == 0) return zeros(batch_of(a), DType::int64);
  const Tensor s = hermitian ? tape::apply<Abs>(tape::apply<Eigvalsh>(a, std::string_view("L")))
                             : tape::apply<Svdvals>(a, std::optional<std::string_view>());
  const Tensor limit = tol ? tol : tolerance(a, s, atol, rtol);
  return sum(gt(s, unsqueeze(limit, -1)), {-1});
}

LstsqResult Lstsq::forward(const Tensor& a, const Tensor& b, std::optional<double> rcond,
                           std::optional<std::string_view> driver) {
  const char* op = "linalg.lstsq";
  require_matrix(op, a);
  require_same_dtype(op, a, b);
  const std::string_view name = driver.value_or("gelsy");
  if (name != "gels" && name != "gelsy" && name != "gelsd" && name != "gelss") {
    fail<RuntimeError>(op, "(): driver must be 'gels', 'gelsy', 'gelsd' or 'gelss', got '", name, "'");
  }
  if (b.ndim() == 0) fail<RuntimeError>(op, "(): B must have at least one dim");
  const bool vector = b.ndim() == 1 || (b.ndim() + 1 == a.ndim() && same(b.shape(), a.shape().first(size_t(a.ndim()) - 1)));
  const Tensor y = vector ? unsqueeze(b, -1) : b;
  const int64_t m = rows(a), n = columns(a);
  if (y.ndim() < 2 || rows(y) != m) {
    fail<RuntimeError>(op, "(): A of shape ", Show{a.shape()}, " and B of shape ", Show{b.shape()}, " do not fit");
  }
  const Tensor rtol = number(rcond && *rcond >= 0 ? *rcond : epsilon(a) * double(std::max(m, n)));
  const Tensor x = matmul(tape::apply<Pinv>(a, Tensor(), rtol, false), y);
  LstsqResult r{vector ? squeeze(x, -1) : x, empty({0}, a.dtype()), empty({0}, DType::int64), empty({0}, a.dtype())};
  const Tensor rank = tape::apply<MatrixRank>(a, Tensor(), false, Tensor(), rtol);
  if (name != "gels") r.rank = rank;
  if (name == "gelsd" || name == "gelss") r.singular_values = tape::apply<Svdvals>(a, std::optional<std::string_view>());
  const int64_t* ranks = rank.data<int64_t>();
  if (name != "gelsy" && m > n && std::all_of(ranks, ranks + rank.numel(), [&](int64_t i) { return i == n; })) {
    const Tensor rest = matmul(a, x) - y;
    r.residuals = sum(rest * rest, {-2});
  }
  return r;
}

// Higham, "The scaling and squaring method for the matrix exponential revisited" (2005), algorithm 2.3 of degree 13.
Tensor MatrixExp::forward(const Tensor& a) {
  require_matrix("linalg.matrix_exp", a);
  require_square("linalg.matrix_exp", a);
  if (a.numel() == 0) return a * 1.0;
  if (columns(a) == 1) return exp(a);
  constexpr double kTheta = 5.371920351148152;
  constexpr double b[] = {64764752532480000,
                          32382376266240000,
                          7771770303897600,
                          1187353796428800,
                          129060195264000,
                          10559470521600,
                          670442572800,
                          33522128640,
                          1323241920,
                          40840800,
                          960960,
                          16380,
                          182,
                          1};
  double norm;
  {
    tape::GradMode values_only(false);
    norm = amax(sum(tape::apply<Abs>(a), {-2})).scalar<double>();
  }
  if (!std::isfinite(norm)) return a * __builtin_nan("");
  const int squarings = norm > kTheta ? int(std::ceil(std::log2(norm / kTheta))) : 0;
  const Tensor x = squarings ? a * std::ldexp(1.0, -squarings) : a, one = identity(a);
  const Tensor x2 = matmul(x, x), x4 = matmul(x2, x2), x6 = matmul(x4, x2);
  const Tensor odd =
      matmul(x, matmul(x6, x6 * b[13] + x4 * b[11] + x2 * b[9]) + (x6 * b[7] + x4 * b[5] + x2 * b[3] + one * b[1]));
  const Tensor even = matmul(x6, x6 * b[12] + x4 * b[10] + x2 * b[8]) + (x6 * b[6] + x4 * b[4] + x2 * b[2] + one * b[0]);
  Tensor y = tape::apply<SolveMatrix>(even - odd, even + odd);
  for (int i = 0; i < squarings; ++i) y = matmul(y, y);
  return y;
}

}  // namespace tg::ops
