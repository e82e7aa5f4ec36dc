// Norms: rules and dispatch.
#include "ops/linalg_norm.h"

#include <cmath>
#include <limits>

#include "ops/arithmetic.h"
#include "ops/extreme.h"
#include "ops/norm_values.h"
#include "ops/reduce.h"

namespace tg::ops {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr int64_t kFew = 1024;  // elements that are not worth a kernel

Tensor abs(const Tensor& x) { return tape::apply<Abs>(x); }
Tensor amin(const Tensor& x, const Ints& dims, bool keepdim = false) { return tape::apply<Amin>(x, dims, keepdim); }

Tensor as_float(const char* op, const Tensor& x, std::optional<DType> dtype) {
  require_floating(op, "the input", x);
  if (dtype && !is_floating(*dtype)) fail<RuntimeError>(op, "(): dtype must be a floating one, got ", *dtype);
  if (dtype && *dtype < x.dtype()) {
    fail<RuntimeError>(op, "(): dtype ", *dtype, " would lose precision of the input's ", x.dtype());
  }
  return dtype ? to(x, *dtype) : x;
}

// The length of one vector of few elements, for ord 1, 2 or inf; the sums in double precision.
template <class T>
T length_of(const T* x, int64_t n, double ord) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double size = std::abs(double(x[i]));
    if (ord == 2) {
      total += size * size;
    } else if (ord == 1) {
      total += size;
    } else {
      if (std::isnan(size)) return T(size);
      total = std::max(total, size);
    }
  }
  return T(ord == 2 ? std::sqrt(total) : total);
}

// The same of the difference of two rows.
template <class T>
T distance_of(const T* a, const T* b, int64_t n, double ord) {
  T apart[kFew];
  for (int64_t i = 0; i < n; ++i) apart[i] = a[i] - b[i];
  return length_of(apart, n, ord);
}

// The rows of all pairs i < j of n, in order.
struct Pairs {
  Tensor first, second;
  explicit Pairs(int64_t n) : first(empty({n * (n - 1) / 2}, DType::int64)), second(empty(first.shape(), DType::int64)) {
    int64_t *a = first.data<int64_t>(), *b = second.data<int64_t>();
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = i + 1; j < n; ++j) *a++ = i, *b++ = j;
  }
};

std::string show(const NormOrder& ord) {
  if (!ord.number) return std::string(ord.name);
  std::ostringstream text;
  text << *ord.number;
  return text.str();
}

}  // namespace

Tensor linalg_vector_norm(const Tensor& x, double ord, const Ints& dims, bool keepdim) {
  return tape::apply<VectorNorm>(x, ord, dims, keepdim, std::optional<DType>());
}

Tensor VectorNorm::forward(Saved& s, const Tensor& input, double ord, const Ints& dim, bool keepdim, std::optional<DType> dtype) {
  const char* op = "linalg.vector_norm";
  require_floating(op, "x", input);
  if (dtype && (!is_floating(*dtype) || (*dtype == DType::float32 && input.dtype() == DType::float64))) {
    fail<RuntimeError>(op, "(): dtype ", *dtype, " does not hold the input's ", input.dtype());
  }
  s.x = input;
  s.ord = ord;
  const Dims dims(op, dim, input.ndim());
  s.dims = dims.list();
  const Tensor x = dtype ? cast(input, *dtype) : input;
  if (count(x.shape(), dims) == 0 && (ord < 0 || ord == kInf)) {
    fail<RuntimeError>(op, "(): the norm of order ", ord, " of no elements is not defined; the shape is ", Show{x.shape()});
  }
  return s.y.keep(norm_values(op, x, ord, dims, keepdim));
}

Grads<1> VectorNorm::backward(const Saved& s, Needs, const Tensor& dy) {
  const Tensor x = to(s.x.unpack(), dy.dtype());
  if (s.ord == 0) return {};  // a count
  const Shape kept = kept_shape(x.shape(), Dims("linalg.vector_norm", s.dims, x.ndim()));
  return {slope(x, reshape(s.y.unpack(), kept), reshape(dy, kept), s.ord, s.dims)};
}

Tensor VectorNorm::slope(const Tensor& x, const Tensor& y, const Tensor& g, double ord, const Ints& dims) {
  if (ord == 1) return g * sign(x);
  if (std::isinf(ord)) {
    const Tensor winners = to(eq(abs(x), y), g.dtype());
    return sign(x) * (winners * (g / sum(winners, dims, true)));
  }
  // Where the norm is 0 the gradient is, and nothing infinite is left to meet that zero in the next derivative.
  const Tensor nothing = eq(y, number(0));
  const Tensor safe = where(nothing, number(1), y), scale = where(nothing, number(0), g);
  if (ord == 2) return x * (scale / safe);
  const Tensor size = abs(x);
  const Tensor slope = sign(x) * pow(where(eq(size, number(0)), number(1), size), number(ord - 1));
  return slope * (scale * pow(safe, number(1 - ord)));
}

Tensor MatrixNorm::over(const char* op, const Tensor& input, const NormOrder& ord, const Ints& dim, bool keepdim,
                        std::optional<DType> dtype) {
  if (input.ndim() < 2) fail<RuntimeError>(op, "(): the input must have at least two dims, got shape ", Show{input.shape()});
  if (dim.size() != 2) fail<RuntimeError>(op, "(): dim must name two dims, got ", Show{dim});
  const int rows = normalize_dim(op, dim[0], input.ndim()), columns = normalize_dim(op, dim[1], input.ndim());
  if (rows == columns) fail<RuntimeError>(op, "(): dim names dim ", rows, " twice");
  const Tensor a = as_float(op, input, dtype);
  const double order = ord.number ? *ord.number : 0, size = std::abs(order);
  if (ord.number ? size != 1 && size != 2 && size != kInf : ord.name != "fro" && ord.name != "nuc") {
    fail<RuntimeError>(op, "(): order ", show(ord),
                       " is not defined for matrices; use 'fro', 'nuc', 1, 2, inf or their negatives");
  }
  if (ord.name == "fro") return linalg_vector_norm(a, 2, {rows, columns}, keepdim);
  const auto extreme = [&](const Tensor& x, int d, bool keep) { return order > 0 ? amax(x, {d}, keep) : amin(x, {d}, keep); };
  if (size == 1 || size == kInf) {
    const int summed = size == 1 ? rows : columns, other = size == 1 ? columns : rows;
    return extreme(sum(abs(a), {summed}, keepdim), keepdim || summed > other ? other : other - 1, keepdim);
  }
  Ints order_of_dims;
  for (int d = 0; d < a.ndim(); ++d)
    if (d != rows && d != columns) order_of_dims.push_back(d);
  order_of_dims.push_back(rows);
  order_of_dims.push_back(columns);
  const Tensor values = tape::apply<Svdvals>(permute(a, order_of_dims), std::optional<std::string_view>());
  Tensor y = ord.name == "nuc" ? sum(values, {-1}) : extreme(values, values.ndim() - 1, false);
  if (!keepdim) return y;
  Shape shape = a.shape();
  shape[rows] = shape[columns] = 1;
  return reshape(y, shape);
}

Tensor LinalgNorm::forward(const Tensor& a, const NormOrder& ord, const std::optional<Ints>& dim, bool keepdim,
                           std::optional<DType> dtype) {
  const char* op = "linalg.norm";
  const int dims = dim && !dim->empty() ? dim->size() : a.ndim();
  const bool given = ord.number || !ord.name.empty();
  if (given && !(dim && !dim->empty()) && a.ndim() > 2) {
    fail<RuntimeError>(op, "(): an order without dim is for one or two dims, got shape ", Show{a.shape()});
  }
  if (given && dim && dim->size() > 2) fail<RuntimeError>(op, "(): dim must name one or two dims, got ", Show{*dim});
  if (!given || (dims < 2 && ord.number)) {
    return tape::apply<VectorNorm>(a, ord.number.value_or(2), dim.value_or(Ints()), keepdim, dtype);
  }
  if (dims < 2) fail<RuntimeError>(op, "(): order ", show(ord), " is for matrices, got shape ", Show{a.shape()});
  return MatrixNorm::over(op, a, ord, dim && !dim->empty() ? *dim : Ints{-2, -1}, keepdim, dtype);
}

Tensor Norm::forward(const Tensor& x, const NormOrder& p, const std::optional<Ints>& dim, bool keepdim,
                     std::optional<DType> dtype) {
  if (p.name == "nuc") {
    if (!dim && x.ndim() != 2) fail<RuntimeError>("norm(): p='nuc' is for matrices, got shape ", Show{x.shape()});
    return MatrixNorm::over("norm", x, p, dim ? *dim : Ints{0, 1}, keepdim, dtype);
  }
  if (!p.name.empty() && p.name != "fro") fail<RuntimeError>("norm(): p must be a number, 'fro' or 'nuc', got '", p.name, "'");
  require_floating("norm", "the input", x);
  if (dtype && !is_floating(*dtype)) fail<RuntimeError>("norm(): dtype must be a floating one, got ", *dtype);
  return tape::apply<VectorNorm>(dtype ? to(x, *dtype) : x, p.number.value_or(2), dim.value_or(Ints()), keepdim,
                                 std::optional<DType>());
}

Tensor Cond::forward(const Tensor& a, const NormOrder& p) {
  const char* op = "linalg.cond";
  require_matrix(op, a);
  const bool spectral = (!p.number && p.name.empty()) || (p.number && std::abs(*p.number) == 2);
  const std::optional<std::string_view> driver;
  if (spectral) {
    const Tensor s = tape::apply<Svdvals>(a, driver);
    const int64_t k = s.size(s.ndim() - 1);
    if (k == 0) return zeros(Shape(s.shape().first(size_t(s.ndim()) - 1)), a.dtype());
    const Tensor largest = select(s, -1, 0), least = select(s, -1, k - 1);
    return p.number && *p.number < 0 ? least / largest : largest / least;
  }
  require_square(op, a);
  if (a.numel() == 0) return zeros(Shape(a.shape().first(size_t(a.ndim()) - 2)), a.dtype());
  const InverseInfo inverse = tape::apply<InvEx>(a, false);
  const auto norm = [&](const Tensor& x) { return MatrixNorm::over(op, x, p, {-2, -1}, false, {}); };
  return where(eq(inverse.info, number(0)), norm(a) * norm(inverse.inverse), number(kInf));
}

Tensor Cdist::forward(Saved& s, const Tensor& a, const Tensor& b, double p, std::string_view compute_mode) {
  require_floating(info.name, "x1", a);
  require_floating(info.name, "x2", b);
  if (a.ndim() < 2 || b.ndim() < 2 || a.size(a.ndim() - 1) != b.size(b.ndim() - 1)) {
    fail<RuntimeError>("cdist(): x1 and x2 must be batches of rows of one length, got shapes ", Show{a.shape()}, " and ",
                       Show{b.shape()});
  }
  require_same_dtype(info.name, a, b);
  if (!(p >= 0)) fail<RuntimeError>("cdist(): p must not be negative, got ", p);
  if (compute_mode != "use_mm_for_euclid_dist_if_necessary" && compute_mode != "use_mm_for_euclid_dist" &&
      compute_mode != "donot_use_mm_for_euclid_dist") {
    fail<ValueError>("cdist(): '", compute_mode, "' is not a compute_mode");
  }
  s.a = a;
  s.b = b;
  s.p = p;
  const int64_t m = a.size(a.ndim() - 2), n = b.size(b.ndim() - 2), d = a.size(a.ndim() - 1);
  if (a.ndim() == 2 && b.ndim() == 2 && m * n * d <= kFew && (p == 1 || p == 2 || std::isinf(p))) {
    Tensor y = empty({m, n}, a.dtype());
    const Tensor x = contiguous_values(a), w = contiguous_values(b);
    visit_float(a.dtype(), [&](auto zero) {
      using T = decltype(zero);
      T* out = y.data<T>();
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) *out++ = distance_of(x.data<T>() + i * d, w.data<T>() + j * d, d, p);
    });
    return s.y.keep(y);
  }
  tape::GradMode values_only(false);
  const Tensor apart = unsqueeze(a, -2) - unsqueeze(b, -3);
  // Of vectors without elements every distance is 0, also where their norm has no value.
  return s.y.keep(linalg_vector_norm(apart, d ? p : 2, {apart.ndim() - 1}));
}

Grads<2> Cdist::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor &a = s.a.unpack(), &b = s.b.unpack();
  if (s.p == 0) return {needs[0] ? zeros(a.shape(), a.dtype()) : Tensor(), needs[1] ? zeros(b.shape(), b.dtype()) : Tensor()};
  const Tensor apart = unsqueeze(a, -2) - unsqueeze(b, -3);
  const Tensor all = VectorNorm::slope(apart, unsqueeze(s.y.unpack(), -1), unsqueeze(dy, -1), s.p, {apart.ndim() - 1});
  return {needs[0] ? sum(all, {-2}) : Tensor(), needs[1] ? -sum(all, {-3}) : Tensor()};
}

Tensor Pdist::forward(Saved& s, const Tensor& x, double p) {
  if (x.ndim() != 2) fail<RuntimeError>("pdist(): input must be [n, d], got shape ", Show{x.shape()});
  require_floating(info.name, "input", x);
  if (!(p >= 0)) fail<RuntimeError>("pdist(): p must not be negative, got ", p);
  s.x = x;
  s.p = p;
  const int64_t n = x.size(0), d = x.size(1), pairs = n * (n - 1) / 2;
  if (pairs * d <= kFew && (p == 1 || p == 2 || std::isinf(p))) {
    Tensor y = empty({pairs}, x.dtype());
    const Tensor rows = contiguous_values(x);
    visit_float(x.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T* from = rows.data<T>();
      T* out = y.data<T>();
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = i + 1; j < n; ++j) *out++ = distance_of(from + i * d, from + j * d, d, p);
    });
    return s.y.keep(y);
  }
  tape::GradMode values_only(false);
  const Pairs of(n);
  return s.y.keep(linalg_vector_norm(take_rows(x, of.first) - take_rows(x, of.second), d ? p : 2, {1}));
}

Grads<1> Pdist::backward(const Saved& s, Needs, const Tensor& dy) {
  const Tensor& x = s.x.unpack();
  if (s.p == 0) return {zeros(x.shape(), x.dtype())};
  const Pairs of(x.size(0));
  const Tensor apart = take_rows(x, of.first) - take_rows(x, of.second);
  const Tensor all = VectorNorm::slope(apart, unsqueeze(s.y.unpack(), 1), unsqueeze(dy, 1), s.p, {1});
  return {add_rows(all, of.first, x.size(0)) - add_rows(all, of.second, x.size(0))};
}

Tensor Renorm::forward(const Tensor& x, double p, int64_t dim, double maxnorm) {
  if (x.ndim() < 2) fail<RuntimeError>("renorm(): input must have at least 2 dims, got shape ", Show{x.shape()});
  require_floating(info.name, "input", x);
  if (!(p > 0)) fail<RuntimeError>("renorm(): p must be positive, got ", p);
  if (!(maxnorm >= 0)) fail<RuntimeError>("renorm(): maxnorm must not be negative, got ", maxnorm);
  const int kept = normalize_dim(info.name, dim, x.ndim());
  Ints others;
  for (int d = 0; d < x.ndim(); ++d)
    if (d != kept) others.push_back(d);
  const Tensor length = linalg_vector_norm(x, p, others, true);
  return x * where(gt(length, number(maxnorm)), number(maxnorm) / (length + 1e-7), number(1));
}

}  // namespace tg::ops
