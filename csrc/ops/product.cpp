// Products that take more than one step.
#include "ops/product.h"

#include <cmath>
#include <limits>

namespace tg::ops {

Tensor Inner::forward(const Tensor& a, const Tensor& b) {
  if (a.ndim() == 0 || b.ndim() == 0) return a * b;
  require_same_size(info.name, a, b, a.size(a.ndim() - 1), b.size(b.ndim() - 1));
  if (b.ndim() == 1) return matmul(a, b);
  if (b.ndim() == 2) return matmul(a, swap_last(b));
  Shape shape(a.shape().first(size_t(a.ndim()) - 1));
  for (int d = 0; d + 1 < b.ndim(); ++d) shape.push_back(b.size(d));
  return reshape(matmul(a, swap_last(as_rows(b))), shape);
}

namespace {

// The operands of a Kronecker product with their dims interleaved: a's [m, 1, n, 1], b's [1, p, 1, q].
struct Interleaved {
  Shape a, b, both;
  Ints steps_a, steps_b;

  Interleaved(const char* op, const Tensor& x, const Tensor& y) {
    const int n = std::max(x.ndim(), y.ndim());
    if (2 * n > kMaxDims) {
      fail<RuntimeError>(op, "(): tensors of at most ", kMaxDims / 2, " dims, got shapes ", Show{x.shape()}, " and ",
                         Show{y.shape()});
    }
    for (int d = 0; d < n; ++d) {
      const int dx = d - (n - x.ndim()), dy = d - (n - y.ndim());
      a.push_back(dx < 0 ? 1 : x.size(dx));
      a.push_back(1);
      b.push_back(1);
      b.push_back(dy < 0 ? 1 : y.size(dy));
      both.push_back(a[2 * d]);
      both.push_back(b[2 * d + 1]);
      steps_a.push_back(dx < 0 ? 0 : x.stride(dx));
      steps_a.push_back(0);
      steps_b.push_back(0);
      steps_b.push_back(dy < 0 ? 0 : y.stride(dy));
    }
    checked_numel(op, both);
  }
};

}  // namespace

Tensor Kron::forward(Saved& s, const Tensor& a, const Tensor& b) {
  s.a = a;
  s.b = b;
  const Interleaved in(info.name, a, b);
  Tensor y = binary(info.name, table().elementwise.mul, alias(a, in.a, in.steps_a, 0), alias(b, in.b, in.steps_b, 0));
  Shape shape;
  for (int d = 0; d < in.both.size(); d += 2) shape.push_back(in.both[d] * in.both[d + 1]);
  return alias(y, shape, contiguous_strides(shape), 0);
}

Grads<2> Kron::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor &a = s.a.unpack(), &b = s.b.unpack();
  const Interleaved in(info.name, a, b);
  const Tensor g = reshape(dy, in.both);
  return {needs[0] ? reshape(sum_to(g * reshape(b, in.b), in.a), a.shape()) : Tensor(),
          needs[1] ? reshape(sum_to(g * reshape(a, in.a), in.b), b.shape()) : Tensor()};
}

Tensor LinalgCross::forward(Saved& s, const Tensor& a, const Tensor& b, int64_t dim) {
  require_same_dtype(info.name, a, b);
  if (a.dtype() == DType::bool_) fail<RuntimeError>("linalg.cross(): not defined for bool tensors; convert them first");
  if (a.ndim() != b.ndim()) {
    fail<RuntimeError>("linalg.cross(): shapes ", Show{a.shape()}, " and ", Show{b.shape()}, " differ in the number of dims");
  }
  const int d = normalize_dim(info.name, dim, a.ndim());
  if (a.ndim() == 0 || a.size(d) != 3 || b.size(d) != 3) {
    fail<RuntimeError>("linalg.cross(): dim ", dim, " must have size 3, got shapes ", Show{a.shape()}, " and ", Show{b.shape()});
  }
  s.a = a;
  s.b = b;
  s.dim = dim;
  const Shape shape = broadcast_shapes(info.name, a.shape(), b.shape());
  const bool plain = a.contiguous() && b.contiguous() && a.numel() == b.numel();
  const Tensor x = plain ? a : contiguous_values(expand_values(a, shape));
  const Tensor w = plain ? b : contiguous_values(expand_values(b, shape));
  Tensor y = empty(shape, a.dtype());
  const int64_t inner = product(Span(shape).subspan(size_t(d) + 1));
  visit(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using Wide = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;  // integers wrap
    const T *p = x.data<T>(), *q = w.data<T>();
    T* out = y.data<T>();
    const auto minor = [](T u, T v, T s_, T t) { return T(Wide(u) * Wide(v) - Wide(s_) * Wide(t)); };
    for (int64_t at = 0; at < y.numel(); at += 3 * inner)
      for (int64_t i = at; i < at + inner; ++i) {
        const int64_t j = i + inner, k = j + inner;
        out[i] = minor(p[j], q[k], p[k], q[j]);
        out[j] = minor(p[k], q[i], p[i], q[k]);
        out[k] = minor(p[i], q[j], p[j], q[i]);
      }
  });
  return y;
}

Tensor Cross::forward(const Tensor& a, const Tensor& b, std::optional<int64_t> dim) {
  if (!dim) {
    for (int d = 0; d < a.ndim() && !dim; ++d)
      if (a.size(d) == 3) dim = d;
    if (!dim) fail<RuntimeError>("cross(): no dim of size 3 in the input's shape ", Show{a.shape()});
  }
  return tape::apply<LinalgCross>(a, b, *dim);
}

Tensor Vecdot::forward(const Tensor& x, const Tensor& y, int64_t dim) {
  require_floating("linalg.vecdot", "x", x);
  require_same_dtype("linalg.vecdot", x, y);
  if (x.ndim() == 1 && y.ndim() == 1 && x.numel() == y.numel()) {
    normalize_dim("linalg.vecdot", dim, 1);
    return matmul(x, y);
  }
  const Tensor z = x * y;
  return sum(z, {normalize_dim("linalg.vecdot", dim, z.ndim())});
}

void require_square(const char* op, const Tensor& x) {
  if (x.ndim() < 2 || x.size(x.ndim() - 1) != x.size(x.ndim() - 2))
    fail<RuntimeError>(op, "(): the input must be a batch of square matrices, got shape ", Show{x.shape()});
}

Tensor identity(const Tensor& like) {
  const int64_t n = like.size(like.ndim() - 1);
  Tensor one = zeros(like.shape(), like.dtype());
  Ints strides = one.strides();
  Shape shape = one.shape();
  strides[one.ndim() - 2] += 1;
  shape.erase(one.ndim() - 1);
  strides.erase(one.ndim() - 1);
  if (n) copy_values(alias(one, shape, strides, 0), number(1));
  return one;
}

Tensor MatrixPower::forward(const Tensor& x, int64_t n) {
  require_square(info.name, x);
  if (n < 0) require_floating(info.name, "a matrix to a negative power", x);
  if (n == 0) return where(full({}, 1, DType::bool_), identity(x), x);
  Tensor power = n < 0 ? linalg_inv(x) : x, y;
  for (uint64_t left = n < 0 ? -uint64_t(n) : uint64_t(n);; power = matmul(power, power)) {
    if (left & 1) y = y ? matmul(y, power) : power;
    left >>= 1;
    if (!left) break;
  }
  return y.is(x) ? clone(x) : y;
}

Tensor MultiDot::chain(const char* op, TensorList t) {
  const size_t n = t.size();
  if (n == 0) fail<RuntimeError>(op, "(): needs at least one tensor");
  for (size_t i = 0; i < n; ++i) {
    require_same_dtype(op, t[0], t[i]);
    const bool end = i == 0 || i + 1 == n;
    if (t[i].ndim() != 2 && !(end && t[i].ndim() == 1 && n > 1)) {
      fail<RuntimeError>(op, "(): tensor ", i, " must be a matrix", end && n > 1 ? " or a vector" : "", ", got shape ",
                         Show{t[i].shape()});
    }
  }
  if (n == 1) return t[0];
  if (n == 2) return matmul(t[0], t[1]);
  const bool row = t[0].ndim() == 1, column = t[n - 1].ndim() == 1;
  if (row) t[0] = unsqueeze(t[0], 0);
  if (column) t[n - 1] = unsqueeze(t[n - 1], 1);
  for (size_t i = 0; i + 1 < n; ++i) require_same_size(op, t[i], t[i + 1], t[i].size(1), t[i + 1].size(0));
  // The cheapest bracketing: cost[i][j] of the product of i..j, split after cut[i][j].
  std::vector<double> cost(n * n, 0.0);
  std::vector<size_t> cut(n * n, 0);
  for (size_t length = 1; length < n; ++length)
    for (size_t i = 0; i + length < n; ++i) {
      const size_t j = i + length;
      cost[i * n + j] = std::numeric_limits<double>::infinity();
      for (size_t k = i; k < j; ++k) {
        const double c =
            cost[i * n + k] + cost[(k + 1) * n + j] + double(t[i].size(0)) * double(t[k].size(1)) * double(t[j].size(1));
        if (c < cost[i * n + j]) {
          cost[i * n + j] = c;
          cut[i * n + j] = k;
        }
      }
    }
  // Bracketed without recursion: the products in the order in which a stack of ranges gives them back.
  std::vector<Tensor> made(n * n);
  for (size_t i = 0; i < n; ++i) made[i * n + i] = t[i];
  std::vector<std::pair<size_t, size_t>> pending{{0, n - 1}};
  while (!pending.empty()) {
    const auto [i, j] = pending.back();
    const size_t k = cut[i * n + j];
    const Tensor &a = made[i * n + k], &b = made[(k + 1) * n + j];
    if (i == j || (a && b)) {
      if (i != j) made[i * n + j] = matmul(a, b);
      pending.pop_back();
    } else {
      if (!a) pending.push_back({i, k});
      if (!b) pending.push_back({k + 1, j});
    }
  }
  Tensor y = made[n - 1];
  if (column) y = squeeze(y, 1);
  return row ? squeeze(y, 0) : y;
}

Tensor ChainMatmul::forward(const TensorArgs& matrices) {
  for (const Tensor& t : matrices.list) require_ndim(info.name, "every operand", t, 2);
  return MultiDot::chain(info.name, matrices.list);
}

Tensor Tensordot::forward(const Tensor& a, const Tensor& b, const DimPairs& dims) {
  if (dims.listed) return over(info.name, a, b, dims.a, dims.b);
  if (dims.count < 0 || dims.count > std::min(a.ndim(), b.ndim())) {
    fail<RuntimeError>(info.name, "(): dims ", dims.count, " does not fit shapes ", Show{a.shape()}, " and ", Show{b.shape()});
  }
  Ints last, first;
  for (int d = 0; d < int(dims.count); ++d) {
    last.push_back(a.ndim() - dims.count + d);
    first.push_back(d);
  }
  return over(info.name, a, b, last, first);
}

Tensor Tensordot::over(const char* op, const Tensor& a, const Tensor& b, const Ints& dims_a, const Ints& dims_b) {
  require_same_dtype(op, a, b);
  if (dims_a.size() != dims_b.size()) {
    fail<RuntimeError>(op, "(): both lists of dims must be of one length, got ", Show{dims_a}, " and ", Show{dims_b});
  }
  bool summed_a[kMaxDims] = {}, summed_b[kMaxDims] = {};
  Ints order_a, order_b, from_a, from_b;
  Tensor x = a, w = b;
  for (int i = 0; i < dims_a.size(); ++i) {
    const int da = normalize_dim(op, dims_a[i], a.ndim()), db = normalize_dim(op, dims_b[i], b.ndim());
    if (summed_a[da] || summed_b[db]) fail<RuntimeError>(op, "(): a dim appears twice in ", Show{dims_a}, " or ", Show{dims_b});
    if (a.ndim() == 0 || b.ndim() == 0) fail<RuntimeError>(op, "(): a tensor without dims has none to sum over");
    if (a.size(da) == 1 && b.size(db) != 1) {
      w = to(sum(w, {db}, true), b.dtype());
    } else if (b.size(db) == 1 && a.size(da) != 1) {
      x = to(sum(x, {da}, true), a.dtype());
    } else {
      require_same_size(op, a, b, a.size(da), b.size(db));
    }
    summed_a[da] = summed_b[db] = true;
    from_a.push_back(da);
    from_b.push_back(db);
  }
  Shape shape;
  int64_t rows = 1, columns = 1, inner = 1;
  for (int d = 0; d < a.ndim(); ++d)
    if (!summed_a[d]) order_a.push_back(d), shape.push_back(a.size(d)), rows *= a.size(d);
  for (int d : from_a) order_a.push_back(d), inner *= x.size(d);
  for (int d : from_b) order_b.push_back(d);
  for (int d = 0; d < b.ndim(); ++d)
    if (!summed_b[d]) order_b.push_back(d), shape.push_back(b.size(d)), columns *= b.size(d);
  checked_numel(op, shape);
  const auto ordered = [](const Tensor& t, const Ints& order) {
    for (int d = 0; d < order.size(); ++d)
      if (order[d] != d) return permute(t, order);
    return t;
  };
  Tensor y = matmul(reshape(ordered(x, order_a), {rows, inner}), reshape(ordered(w, order_b), {inner, columns}));
  return same(y.shape(), shape) ? y : reshape(y, shape);
}

Tensor Vander::powers(const char* op, const Tensor& x, int64_t n, bool increasing) {
  if (n < 0) fail<RuntimeError>(op, "(): N must not be negative, got ", n);
  Shape shape = x.shape();
  shape.push_back(n);
  checked_numel(op, shape);
  const DType t = is_floating(x.dtype()) ? x.dtype() : DType::int64;
  Tensor exponents = empty({n}, t);
  visit(t, [&](auto zero) {
    using T = decltype(zero);
    T* p = exponents.data<T>();
    for (int64_t i = 0; i < n; ++i) p[i] = T(increasing ? i : n - 1 - i);
  });
  return pow(unsqueeze(to(x, t), -1), exponents);
}

Tensor LinalgVander::forward(const Tensor& x, std::optional<int64_t> n) {
  if (x.dtype() == DType::bool_) fail<RuntimeError>("linalg.vander(): not defined for bool tensors; convert them first");
  const Tensor rows = x.ndim() == 0 ? unsqueeze(x, 0) : x;
  const int64_t count = n.value_or(rows.size(rows.ndim() - 1));
  if (count < 2) fail<RuntimeError>("linalg.vander(): N must be greater than 1, got ", count);
  return Vander::powers("linalg.vander", rows, count, true);
}

}  // namespace tg::ops
