// Grids and what is read at them, made of operations.
#include "ops/grid.h"

#include "ops/arithmetic.h"
#include "ops/order.h"
#include "ops/rounding.h"

namespace tg::ops {
namespace {

enum class Beyond { zeros, border, reflection };

// One dim of the image: how places become positions, in pixels.
struct Axis {
  int64_t size;
  bool align;
  Beyond beyond;

  Tensor position(const Tensor& place) const {
    const double n = double(size);
    return align ? (place + 1.0) * ((n - 1) / 2) : ((place + 1.0) * n - 1.0) * 0.5;
  }
  // Inside the image, unless zeros lie beyond it.
  Tensor inside(const Tensor& position) const {
    if (beyond == Beyond::zeros) return position;
    return clamped(beyond == Beyond::reflection ? reflected(position) : position);
  }
  // Whether a pixel exists; NaN is nowhere.
  Tensor exists(const Tensor& pixel) const { return bitwise_and(ge(pixel, number(0)), le(pixel, number(double(size - 1)))); }

 private:
  Tensor clamped(const Tensor& x) const { return tape::apply<Clamp>(x, number(0), number(double(size - 1))); }
  // Mirrored at the centres of the outermost pixels, or at their outer edges.
  Tensor reflected(const Tensor& x) const {
    const double low = align ? 0 : -0.5, span = align ? double(size - 1) : double(size);
    if (span == 0) return x * 0.0;
    const Tensor along = tape::apply<Fmod>(tape::apply<Abs>(x - low), number(2 * span));
    return where(gt(along, number(span)), 2 * span - along, along) + low;
  }
};

Tensor floor_of(const Tensor& x) { return tape::apply<Floor>(alias(x)); }

struct Image {
  Tensor flat;  // [N, C, H W]
  Axis x, y;

  // weight times the pixel at (row, column), both whole [N, L]; 0 where there is none: [N, C, L].
  Tensor at(const Tensor& row, const Tensor& column, const Tensor& weight) const {
    const Tensor there = bitwise_and(y.exists(row), x.exists(column));
    const auto whole = [&](const Tensor& t) { return to(where(there, t, number(0)), DType::int64); };
    const Tensor index = whole(row) * scalar(x.size, DType::int64) + whole(column);
    const Tensor pixels = gather(flat, 2, expand(unsqueeze(index, 1), {flat.size(0), flat.size(1), index.size(1)}));
    return where(unsqueeze(there, 1), pixels * unsqueeze(weight, 1), number(0));
  }
};

// Keys' cubic convolution at distance t in [0, 1] from the second of four pixels, a = -3/4 as in PyTorch.
std::array<Tensor, 4> cubic(const Tensor& t) {
  constexpr double a = -0.75;
  const auto near = [](const Tensor& d) { return (d * (a + 2) - (a + 3)) * d * d + 1.0; };
  const auto far = [](const Tensor& d) { return ((d * a - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)};
}

Beyond beyond_from(std::string_view name) {
  if (name == "zeros") return Beyond::zeros;
  if (name == "border") return Beyond::border;
  if (name == "reflection") return Beyond::reflection;
  fail<ValueError>("grid_sample(): padding_mode must be 'zeros', 'border' or 'reflection', got '", name, "'");
}

}  // namespace

Tensor AffineGrid::forward(const Tensor& theta, const Ints& size, std::optional<bool> align_corners) {
  require_floating(info.name, "theta", theta);
  if (size.size() != 4)
    fail<RuntimeError>("affine_grid(): size must be (N, C, H, W), got ", Show{size}, "; volumes are not supported");
  for (int64_t n : size)
    if (n <= 0) fail<ValueError>("affine_grid(): size must be positive, got ", Show{size});
  if (!same(theta.shape(), Shape{size[0], 2, 3}))
    fail<ValueError>("affine_grid(): theta must be [", size[0], ", 2, 3] for size ", Show{size}, ", got shape ",
                     Show{theta.shape()});
  const int64_t h = size[2], w = size[3];
  checked_numel(info.name, Shape{size[0], h, w, 3});
  const Tensor places = empty({h * w, 3}, theta.dtype());
  const auto place = [&](int64_t i, int64_t n) {
    if (align_corners.value_or(false)) return n == 1 ? 0.0 : double(2 * i - (n - 1)) / double(n - 1);
    return double(2 * i - (n - 1)) / double(n);
  };
  visit_float(theta.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* p = places.data<T>();
    for (int64_t i = 0; i < h; ++i)
      for (int64_t j = 0; j < w; ++j) {
        *p++ = T(place(j, w));
        *p++ = T(place(i, h));
        *p++ = 1;
      }
  });
  return reshape(matmul(places, transpose(theta, 1, 2)), {size[0], h, w, 2});
}

Tensor GridSample::forward(const Tensor& x, const Tensor& grid, std::string_view mode, std::string_view padding_mode,
                           std::optional<bool> align_corners) {
  if (mode != "bilinear" && mode != "nearest" && mode != "bicubic")
    fail<ValueError>("grid_sample(): mode must be 'bilinear', 'nearest' or 'bicubic', got '", mode, "'");
  const Beyond beyond = beyond_from(padding_mode);
  if (x.ndim() != 4 || grid.ndim() != 4 || grid.size(3) != 2 || grid.size(0) != x.size(0)) {
    fail<RuntimeError>("grid_sample(): input must be [N, C, H, W] and grid [N, H', W', 2], got shapes ", Show{x.shape()}, " and ",
                       Show{grid.shape()});
  }
  require_floating(info.name, "input", x);
  require_same_dtype(info.name, x, grid);
  const int64_t n = x.size(0), channels = x.size(1), h = x.size(2), w = x.size(3);
  if (h == 0 || w == 0) fail<RuntimeError>("grid_sample(): input of shape ", Show{x.shape()}, " has no pixels");
  const bool align = align_corners.value_or(false);
  const Image image{reshape(x, {n, channels, h * w}), {w, align, beyond}, {h, align, beyond}};
  const Tensor places = reshape(grid, {n, grid.size(1) * grid.size(2), 2});
  const Tensor column = image.x.position(select(places, 2, 0)), row = image.y.position(select(places, 2, 1));
  Tensor out;
  const auto add = [&](const Tensor& part) { out = out ? out + part : part; };
  if (mode == "nearest") {
    const auto nearest = [](const Tensor& t) { return tape::apply<Round>(t, int64_t(0)); };
    const Tensor at = nearest(image.y.inside(row)), along = nearest(image.x.inside(column));
    const Tensor one = at - alias(at) + 1.0;  // the grid has a gradient: zero
    add(image.at(alias(at), alias(along), one));
  } else if (mode == "bilinear") {
    const Tensor at = image.y.inside(row), along = image.x.inside(column);
    const Tensor top = floor_of(at), left = floor_of(along), down = at - top, right = along - left;
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j)
        add(image.at(top + double(i), left + double(j), (i ? down : 1.0 - down) * (j ? right : 1.0 - right)));
  } else {
    const Tensor top = floor_of(row), left = floor_of(column);
    const auto down = cubic(row - top), right = cubic(column - left);
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) {
        const Tensor at = image.y.inside(top + double(i - 1)), along = image.x.inside(left + double(j - 1));
        add(image.at(floor_of(at), floor_of(along), down[size_t(i)] * right[size_t(j)]));
      }
  }
  return reshape(out, {n, channels, grid.size(1), grid.size(2)});
}

}  // namespace tg::ops
