// Tables of taps for resizing, as PyTorch computes them: in the element type, and in float32 for the nearest neighbour.
#include "ops/resize.h"

#include <cmath>

#include "ops/pool_adaptive.h"
#include "ops/select.h"

namespace tg::ops {

Tensor resample_values(const Tensor& x_any, int dim, const Taps& taps) {
  Tensor x = contiguous_values(x_any);
  const Around a(x, dim);
  Shape shape = x.shape();
  shape[dim] = taps.index.size(0);
  Tensor y = empty(shape, x.dtype());
  if (y.numel() == 0) return y;
  const kernels::Resample call{
      a.n, shape[dim], a.inner, taps.index.size(1), taps.index.data<int64_t>(), taps.weight ? taps.weight.bytes() : nullptr};
  const auto kernel = table().resample.forward[int(x.dtype())];
  const int64_t size = int64_t(itemsize(x.dtype())), from = a.n * a.inner * size, to = shape[dim] * a.inner * size;
  const char* px = x.bytes();
  char* py = y.bytes();
  Unlocked unlocked(y.numel() * call.taps, {&x, &y, &taps.index, &taps.weight});
  parallel_ranges(a.outer, std::max<int64_t>(1, (1 << 15) / (to / size * call.taps)),
                  [&](int64_t begin, int64_t end) { kernel(call, end - begin, px + begin * from, py + begin * to); });
  return y;
}

Tensor resample_adjoint_values(const Tensor& dy_any, int dim, int64_t size_along, const Taps& taps) {
  Tensor dy = contiguous_values(dy_any);
  const Around a(dy, dim);
  Shape shape = dy.shape();
  shape[dim] = size_along;
  Tensor dx = zeros(shape, dy.dtype());
  if (dy.numel() == 0) return dx;
  const kernels::Resample call{
      size_along, a.n, a.inner, taps.index.size(1), taps.index.data<int64_t>(), taps.weight ? taps.weight.bytes() : nullptr};
  const auto kernel = table().resample.adjoint[int(dy.dtype())];
  const int64_t size = int64_t(itemsize(dy.dtype())), from = a.n * a.inner * size, to = size_along * a.inner * size;
  const char* py = dy.bytes();
  char* px = dx.bytes();
  Unlocked unlocked(dy.numel() * call.taps, {&dy, &dx, &taps.index, &taps.weight});
  parallel_ranges(a.outer, std::max<int64_t>(1, (1 << 15) / (from / size * call.taps)),
                  [&](int64_t begin, int64_t end) { kernel(call, end - begin, py + begin * from, px + begin * to); });
  return dx;
}

namespace {

enum class Mode { nearest, exact, linear, cubic };

// One dim: `scale` is the user's factor, 0 where a size was given.
struct Axis {
  int64_t in, out;
  bool align_corners;
  double scale;
};

Taps nearest_taps(const Axis& a, bool exact) {
  Taps t{empty({a.out, 1}, DType::int64), {}};
  int64_t* p = t.index.data<int64_t>();
  const float step = a.scale > 0 ? float(1 / a.scale) : float(a.in) / float(a.out);
  for (int64_t o = 0; o < a.out; ++o) {
    int64_t i;
    if (a.out == a.in)
      i = o;
    else if (a.out == 2 * a.in)
      i = o / 2;
    else
      i = int64_t(std::floor(exact ? (float(o) + 0.5f) * step : float(o) * step));
    p[o] = std::min(i, a.in - 1);
  }
  return t;
}

// Where output o stands between the inputs.
template <class T>
struct Source {
  T step;
  bool align_corners;
  explicit Source(const Axis& a) : align_corners(a.align_corners) {
    if (a.align_corners)
      step = a.out > 1 ? T(a.in - 1) / T(a.out - 1) : T(0);
    else
      step = a.scale > 0 ? T(1 / a.scale) : T(a.in) / T(a.out);
  }
  T at(int64_t o) const { return align_corners ? step * T(o) : step * (T(o) + T(0.5)) - T(0.5); }
};

template <class T>
void linear_row(const Axis& a, const Source<T>& source, int64_t o, int64_t* index, T* weight) {
  if (a.in == a.out) {
    index[0] = index[1] = o;
    weight[0] = 1;
    weight[1] = 0;
    return;
  }
  const T at = std::max(source.at(o), T(0));
  index[0] = std::min(int64_t(std::floor(at)), a.in - 1);
  index[1] = std::min(index[0] + 1, a.in - 1);
  weight[1] = std::clamp(at - T(index[0]), T(0), T(1));
  weight[0] = 1 - weight[1];
}

// Keys' cubic convolution with a = -0.75.
template <class T>
void cubic_row(const Axis& a, const Source<T>& source, int64_t o, int64_t* index, T* weight) {
  const T at = source.at(o), below = std::floor(at), t = at - below;
  const T k = T(-0.75);
  const auto near = [&](T x) { return ((k + 2) * x - (k + 3)) * x * x + 1; };
  const auto far = [&](T x) { return ((k * x - 5 * k) * x + 8 * k) * x - 4 * k; };
  weight[0] = far(t + 1);
  weight[1] = near(t);
  weight[2] = near(1 - t);
  weight[3] = far(2 - t);
  for (int64_t j = 0; j < 4; ++j) index[j] = std::clamp<int64_t>(int64_t(below) - 1 + j, 0, a.in - 1);
}

Taps taps_of(const Axis& a, Mode mode, DType dtype) {
  if (mode == Mode::nearest || mode == Mode::exact) return nearest_taps(a, mode == Mode::exact);
  const int64_t taps = mode == Mode::linear ? 2 : 4;
  Taps t{empty({a.out, taps}, DType::int64), empty({a.out, taps}, dtype)};
  visit_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    const Source<T> source(a);
    for (int64_t o = 0; o < a.out; ++o) {
      int64_t* index = t.index.data<int64_t>() + o * taps;
      T* weight = t.weight.data<T>() + o * taps;
      if (mode == Mode::linear)
        linear_row(a, source, o, index, weight);
      else
        cubic_row(a, source, o, index, weight);
    }
  });
  return t;
}

// Volumes pool their images first and then, seen as images of flat slices, their depth.
Tensor resize_area(const char* op, const Tensor& x, const Ints& size) {
  if (size.size() < 3) return tape::apply<AvgPool>(x, adaptive_shape(op, size.size(), x, {size}), Divisor{});
  const int64_t n = x.size(0), c = x.size(1), depth = x.size(2), places = size[1] * size[2];
  const Tensor slices = reshape(x, {n, c * depth, x.size(3), x.size(4)});
  const Tensor images = tape::apply<AvgPool>(slices, adaptive_shape(op, 2, slices, {{size[1], size[2]}}), Divisor{});
  const Tensor flat = reshape(images, {n, c, depth, places});
  const Tensor y = tape::apply<AvgPool>(flat, adaptive_shape(op, 2, flat, {{size[0], places}}), Divisor{});
  return reshape(y, {n, c, size[0], size[1], size[2]});
}

}  // namespace

Tensor resize(const char* op, const Tensor& x, const Resizing& r) {
  const int dims = x.ndim() - 2;
  if (dims < 1 || dims > 3) fail<RuntimeError>(op, "(): expected input [N, C, ...] of 3 to 5 dims, got shape ", Show{x.shape()});
  constexpr std::string_view kLinear[] = {"linear", "bilinear", "trilinear"};
  const bool is_linear = r.mode == "linear" || r.mode == "bilinear" || r.mode == "trilinear", area = r.mode == "area";
  const bool nearest = r.mode == "nearest" || r.mode == "nearest-exact", cubic = r.mode == "bicubic";
  if (!is_linear && !area && !nearest && !cubic) {
    fail<ValueError>(op,
                     "(): mode must be 'nearest', 'nearest-exact', 'linear', 'bilinear', 'trilinear', 'bicubic' or 'area', got '",
                     r.mode, "'");
  }
  if ((is_linear && r.mode != kLinear[dims - 1]) || (cubic && dims != 2))
    fail<ValueError>(op, "(): mode '", r.mode, "' does not fit input of shape ", Show{x.shape()});
  if (r.antialias) fail<ValueError>(op, "(): antialias=True is not supported");
  if ((nearest || area) && r.align_corners) fail<ValueError>(op, "(): align_corners has no meaning in mode '", r.mode, "'");
  if (!is_floating(x.dtype()) && !(nearest && x.dtype() == DType::uint8))
    fail<RuntimeError>(op, "(): mode '", r.mode, "' is not defined for dtype ", x.dtype());

  const auto& factors = r.factors.values;
  if (r.size.has_value() == !factors.empty()) fail<ValueError>(op, "(): give size or scale_factor, and not both");
  if (r.size && r.recompute_scale_factor.value_or(0)) fail<ValueError>(op, "(): recompute_scale_factor needs scale_factor");
  const int given = r.size ? r.size->size() : int(factors.size());
  if (given != dims && (given != 1 || r.factors.listed)) {
    fail<ValueError>(op, "(): ", given, r.size ? " sizes" : " factors", " for the ", dims, " last dims of shape ",
                     Show{x.shape()});
  }
  Ints size;
  for (int d = 0; d < dims; ++d) {
    const int i = given == 1 ? 0 : d;
    const double wanted = r.size ? double((*r.size)[i]) : double(x.size(d + 2)) * factors[size_t(i)];
    if (!(wanted >= 1) || wanted > double(int64_t(1) << 53) || x.size(d + 2) < 1) {
      fail<RuntimeError>(op, "(): from size ", x.size(d + 2), " to ", wanted, " in dim ", d + 2, " is not possible");
    }
    size.push_back(r.size ? (*r.size)[i] : int64_t(wanted));
  }
  Shape shape{x.size(0), x.size(1)};
  for (int64_t s : size) shape.push_back(s);
  if (x.size(1) == 0) fail<RuntimeError>(op, "(): input of shape ", Show{x.shape()}, " has no channels");
  checked_numel(op, shape);
  if (area) return resize_area(op, x, size);

  const Mode mode = r.mode == "nearest" ? Mode::nearest : nearest ? Mode::exact : cubic ? Mode::cubic : Mode::linear;
  const bool keeps_factor = !r.size && !r.recompute_scale_factor.value_or(0);
  Tensor y = x;
  for (int d = dims - 1; d >= 0; --d) {
    const double factor = keeps_factor ? factors[factors.size() == 1 ? 0 : size_t(d)] : 0;
    const Axis axis{x.size(d + 2), size[d], r.align_corners.value_or(0) != 0, factor};
    y = tape::apply<Resample>(y, d + 2, taps_of(axis, mode, x.dtype()));
  }
  return y;
}

}  // namespace tg::ops
