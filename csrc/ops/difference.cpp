// Differences and areas along a dim.
#include "ops/difference.h"

#include "ops/reduce_values.h"
#include "ops/scan.h"

namespace tg::ops {

Tensor Diff::forward(const Tensor& input, int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append) {
  if (input.ndim() == 0) fail<RuntimeError>("diff(): input must have at least one dim");
  if (n < 0) fail<RuntimeError>("diff(): n must not be negative, got ", n);
  const int d = normalize_dim(info.name, dim, input.ndim());
  for (const auto& [name, part] : {std::pair{"prepend", &prepend}, {"append", &append}})
    if (*part && (*part)->ndim != input.ndim())
      fail<RuntimeError>("diff(): ", name, " must have input's number of dims, ", input.ndim(), ", got shape ",
                         Show{part->shape()});
  if (n == 0) return clone(input);  // without what was to be put around, as in PyTorch
  Tensor x = input;
  if (prepend || append) {
    TensorList parts;
    if (prepend) parts.push_back(prepend);
    parts.push_back(input);
    if (append) parts.push_back(append);
    x = cat(parts, d);
  }
  for (int64_t left = std::min(n, x.size(d)); left > 0; --left) {
    const int64_t size = std::max<int64_t>(x.size(d) - 1, 0);
    Tensor high = narrow(x, d, x.size(d) - size, size), low = narrow(x, d, 0, size);
    x = x.dtype() == DType::bool_ ? ne(high, low) : high - low;
  }
  return x;
}

namespace {

// The areas between neighbouring points.
Tensor areas(const char* op, const Tensor& y, const Tensor& x, const Tensor& dx, int d) {
  if (y.dtype() == DType::bool_ || (x && x.dtype() == DType::bool_)) fail<RuntimeError>(op, "(): not defined for dtype bool");
  const int64_t n = y.size(d) - 1;
  Tensor sums = narrow(y, d, 1, n) + narrow(y, d, 0, n);
  if (!x) return dx ? sums * dx * 0.5 : sums * 0.5;
  Tensor place = x;
  if (x.ndim() == 0) fail<RuntimeError>(op, "(): x must have at least one dim");
  if (x.ndim() == 1 && y.ndim() > 1) {
    if (x.size(0) != n + 1) fail<RuntimeError>(op, "(): x has ", x.size(0), " places for ", n + 1, " points");
    Shape shape = Shape::filled(y.ndim(), 1);
    shape[d] = n + 1;
    place = reshape(x, shape);
  } else if (x.ndim() < y.ndim()) {
    Shape shape = Shape::filled(y.ndim(), 1);
    for (int i = 0; i < x.ndim(); ++i) shape[y.ndim() - x.ndim() + i] = x.size(i);
    place = reshape(x, shape);
  }
  const int at = d - y.ndim() + place.ndim();
  const int64_t places = std::max<int64_t>(place.size(at) - 1, 0);
  return sums * (narrow(place, at, place.size(at) - places, places) - narrow(place, at, 0, places)) * 0.5;
}

}  // namespace

Tensor Trapezoid::forward(const Tensor& y, const Tensor& x, const Tensor& dx, int64_t dim) {
  if (x && dx) fail<RuntimeError>("trapezoid(): takes x or dx, not both");
  if (y.ndim() == 0) fail<IndexError>("trapezoid(): y must have at least one dim");
  const int d = normalize_dim(info.name, dim, y.ndim());
  if (y.size(d) == 0) return zeros(result_shape(y.shape(), Dims(info.name, Ints{d}, y.ndim()), false), floating(y.dtype()));
  return sum(areas(info.name, y, x, dx, d), {d});
}

Tensor CumulativeTrapezoid::forward(const Tensor& y, const Tensor& x, const Tensor& dx, int64_t dim) {
  if (x && dx) fail<RuntimeError>("cumulative_trapezoid(): takes x or dx, not both");
  if (y.ndim() == 0) fail<IndexError>("cumulative_trapezoid(): y must have at least one dim");
  const int d = normalize_dim(info.name, dim, y.ndim());
  if (y.size(d) == 0) return zeros(y.shape(), floating(y.dtype()));
  return tape::apply<CumSum>(areas(info.name, y, x, dx, d), int64_t(d), std::optional<DType>());
}

namespace {

// Weights of three neighbouring points for the slope at the first, second or third of them, h1 and h2 apart.
struct Weights {
  Tensor a, b, c;
};
Weights weights(const Tensor& h1, const Tensor& h2, int at) {
  const Tensor both = h1 + h2;
  if (at == 0) return {-(h1 * 2.0 + h2) / (h1 * both), both / (h1 * h2), -h1 / (h2 * both)};
  if (at == 1) return {-h2 / (h1 * both), (h2 - h1) / (h1 * h2), h1 / (h2 * both)};
  return {h2 / (h1 * both), -both / (h1 * h2), (h2 * 2.0 + h1) / (h2 * both)};
}

// The slope along d; gaps are the distances between neighbours, [n - 1] along d, or none where all are `step`.
Tensor slope(const Tensor& x, const Tensor& gaps, double step, int d, int64_t edge_order) {
  const int64_t n = x.size(d);
  const auto points = [&](int64_t start, int64_t length) { return narrow(x, d, start, length); };
  const auto three = [&](int64_t start, int64_t length, int at) {
    const Tensor a = points(start, length), b = points(start + 1, length), c = points(start + 2, length);
    if (!gaps)
      return at == 1   ? (c - a) / (2 * step)
             : at == 0 ? (b * 4.0 - a * 3.0 - c) / (2 * step)
                       : (a - b * 4.0 + c * 3.0) / (2 * step);
    const Weights w = weights(narrow(gaps, d, start, length), narrow(gaps, d, start + 1, length), at);
    return a * w.a + b * w.b + c * w.c;
  };
  const auto two = [&](int64_t start) {
    Tensor rise = points(start + 1, 1) - points(start, 1);
    return gaps ? rise / narrow(gaps, d, start, 1) : rise / step;
  };
  TensorList parts;
  parts.push_back(edge_order == 1 ? two(0) : three(0, 1, 0));
  if (n > 2) parts.push_back(three(0, n - 2, 1));
  parts.push_back(edge_order == 1 ? two(n - 2) : three(n - 3, 1, 2));
  return cat(parts, d);
}

}  // namespace

TensorList Gradient::forward(const Tensor& x, const Spacing& spacing, const Ints& dim, int64_t edge_order) {
  if (edge_order != 1 && edge_order != 2) fail<RuntimeError>("gradient(): edge_order must be 1 or 2, got ", edge_order);
  if (x.dtype() == DType::uint8 || x.dtype() == DType::bool_) fail<RuntimeError>("gradient(): not defined for dtype ", x.dtype());
  Ints dims;
  if (dim.empty())
    for (int d = 0; d < x.ndim(); ++d) dims.push_back(d);
  bool seen[kMaxDims] = {};
  for (int64_t given : dim) {
    const int d = normalize_dim(info.name, given, x.ndim());
    if (seen[d]) fail<RuntimeError>("gradient(): dim ", given, " appears more than once in ", Show{dim});
    seen[d] = true;
    dims.push_back(d);
  }
  const size_t wanted = size_t(dims.size()), given = spacing.listed ? spacing.steps.size() + spacing.places.size() : wanted;
  if (given != wanted) fail<RuntimeError>("gradient(): spacing must say something for each of ", wanted, " dims, got ", given);
  TensorList out;
  for (int i = 0; i < dims.size(); ++i) {
    const int d = int(dims[i]);
    if (x.ndim() == 0 || x.size(d) < edge_order + 1)
      fail<RuntimeError>("gradient(): dim ", d, " of shape ", Show{x.shape()}, " needs at least ", edge_order + 1, " elements");
    Tensor gaps;
    if (!spacing.places.empty()) {
      const Tensor& at = spacing.places[size_t(i)];
      if (at.ndim() != 1 || at.size(0) != x.size(d))
        fail<RuntimeError>("gradient(): places along dim ", d, " must be 1-d with ", x.size(d), " elements, got shape ",
                           Show{at.shape()});
      Shape shape = Shape::filled(x.ndim(), 1);
      shape[d] = x.size(d) - 1;
      gaps = reshape(narrow(at, 0, 1, x.size(d) - 1) - narrow(at, 0, 0, x.size(d) - 1), shape);
    }
    const double step = spacing.places.empty() ? spacing.steps[spacing.listed ? size_t(i) : 0] : 1;
    out.push_back(slope(x, gaps, step, d, edge_order));
  }
  return out;
}

}  // namespace tg::ops
