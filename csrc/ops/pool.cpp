// Pooling on values, and the arguments of pooling.
#include "ops/pool.h"

#include <cmath>

#include "ops/pool_adaptive.h"

namespace tg::ops {
namespace {

// The work of one plane.
int64_t work_of(const PoolShape& s) {
  return s.places() * std::max<int64_t>(1, s.window.kernel_h * s.window.kernel_w) + s.plane();
}

bool is_adaptive(const PoolShape& s) { return s.window.kernel_h == 0; }

int64_t bytes_of(const Tensor& t) { return int64_t(itemsize(t.dtype())); }

}  // namespace

// Which element types there is a kernel for.
void require_kernel(const char* op, const Tensor& x, bool there_is) {
  if (!there_is) fail<RuntimeError>(op, "(): not defined for dtype ", x.dtype());
}

PoolShape pool_shape(const char* op, int dims, const Tensor& x, const Ints& kernel, const std::optional<Ints>& stride,
                     const Ints& padding, const Ints& dilation, bool ceil_mode) {
  if (x.ndim() != dims + 2 && x.ndim() != dims + 1) {
    fail<RuntimeError>(op, "(): expected input ", dims == 2 ? "[N, C, H, W] or [C, H, W]" : "[N, C, L] or [C, L]", ", got shape ",
                       Show{x.shape()});
  }
  const bool given = stride && !stride->empty();
  const Pair k(op, "kernel_size", kernel, dims, 1), s(op, "stride", given ? *stride : kernel, dims, 1),
      p(op, "padding", padding, dims, 0, 0), d(op, "dilation", dilation, dims, 1);
  if (p.h > k.h / 2 || p.w > k.w / 2) {
    fail<RuntimeError>(op, "(): padding ", Show{padding}, " must be at most half of kernel_size ", Show{kernel});
  }
  for (int i = x.ndim() - dims - 1; i < x.ndim(); ++i)
    if (x.size(i) == 0) fail<RuntimeError>(op, "(): input of shape ", Show{x.shape()}, " is empty beyond its batch dim");
  PoolShape r{x.shape(), x.shape(), walk_over(op, x.shape(), dims, k, s, p, d, ceil_mode)};
  if (dims == 2) r.output[x.ndim() - 2] = r.window.out_h;
  r.output[x.ndim() - 1] = r.window.out_w;
  checked_numel(op, r.output);
  return r;
}

PoolShape adaptive_shape(const char* op, int dims, const Tensor& x, const SizesOrNone& output_size) {
  require_floating(op, "input", x);
  const Ints& sizes = output_size.values;
  if (x.ndim() != dims + 2 && x.ndim() != dims + 1) {
    fail<RuntimeError>(op, "(): expected input ", dims == 2 ? "[N, C, H, W] or [C, H, W]" : "[N, C, L] or [C, L]", ", got shape ",
                       Show{x.shape()});
  }
  if (sizes.size() != 1 && sizes.size() != dims)
    fail<RuntimeError>(op, "(): output_size must be an int or ", dims, " of them, got ", sizes.size());
  PoolShape s{x.shape(), x.shape(), {}};
  bool regular = true;
  for (int d = x.ndim() - dims, i = 0; d < x.ndim(); ++d, ++i) {
    const int64_t given = sizes[sizes.size() == 1 ? 0 : i], size = given == SizesOrNone::kNone ? x.size(d) : given;
    if (size < 0) fail<RuntimeError>(op, "(): output_size must not be negative, got ", Show{sizes});
    if (x.size(d) == 0) fail<RuntimeError>(op, "(): input of shape ", Show{x.shape()}, " is empty beyond its batch dim");
    s.output[d] = size;
    regular &= size > 0 && x.size(d) % size == 0;
  }
  if (x.size(x.ndim() - dims - 1) == 0 && x.ndim() == dims + 2)
    fail<RuntimeError>(op, "(): input of shape ", Show{x.shape()}, " is empty beyond its batch dim");
  checked_numel(op, s.output);
  const int h = x.ndim() - 2, w = x.ndim() - 1;
  const int64_t height = dims == 2 ? x.size(h) : 1, out_h = dims == 2 ? s.output[h] : 1, width = x.size(w), out_w = s.output[w];
  const int64_t planes = product(x.shape().first(size_t(x.ndim() - dims)));
  s.window = {planes, height, width, 0, 0, 1, 1, 0, 0, 1, 1, out_h, out_w};
  if (regular) {  // windows side by side
    s.window.kernel_h = s.window.stride_h = height / out_h;
    s.window.kernel_w = s.window.stride_w = width / out_w;
  }
  return s;
}

MaxPool max_pool_values(const PoolShape& s, const Tensor& x_any, bool wants_indices) {
  Tensor x = contiguous_values(x_any), y = empty(s.output, x_any.dtype());
  Tensor index = wants_indices ? empty(s.output, DType::int64) : Tensor();
  if (y.numel() == 0) return {y, index};
  const auto& w = table().window;
  const auto kernel = is_adaptive(s) ? w.adaptive_max_pool[int(x.dtype())] : w.max_pool[int(x.dtype())];
  const int64_t size = bytes_of(x), in = s.plane(), out = s.places();
  const char* px = x.bytes();
  char* py = y.bytes();
  int64_t* pi = index ? index.data<int64_t>() : nullptr;
  for_planes(s.window.channels, work_of(s), {&x, &y, &index}, [&](int64_t first, int64_t count) {
    kernels::Window2d part = s.window;
    part.channels = count;
    kernel(part, px + first * in * size, py + first * out * size, pi ? pi + first * out : nullptr);
  });
  return {y, index};
}

Tensor avg_pool_values(const PoolShape& s, const Tensor& x_any, Divisor divisor) {
  Tensor x = contiguous_values(x_any), y = empty(s.output, x_any.dtype());
  if (y.numel() == 0) return y;
  const int64_t size = bytes_of(x), in = s.plane(), out = s.places();
  const auto& w = table().window;
  const int type = int(x.dtype());
  const char* px = x.bytes();
  char* py = y.bytes();
  for_planes(s.window.channels, work_of(s), {&x, &y}, [&](int64_t first, int64_t count) {
    kernels::Window2d part = s.window;
    part.channels = count;
    if (is_adaptive(s))
      w.adaptive_avg_pool[type](part, px + first * in * size, py + first * out * size);
    else
      w.avg_pool[type](part, px + first * in * size, py + first * out * size, divisor.counts_padding, divisor.fixed);
  });
  return y;
}

Tensor avg_pool_grad_values(const PoolShape& s, const Tensor& dy_any, Divisor divisor) {
  Tensor dy = contiguous_values(dy_any), dx = zeros(s.input, dy_any.dtype());
  if (dy.numel() == 0) return dx;
  const int64_t size = bytes_of(dy), in = s.plane(), out = s.places();
  const auto& w = table().window;
  const int type = int(dy.dtype());
  const char* py = dy.bytes();
  char* px = dx.bytes();
  for_planes(s.window.channels, work_of(s), {&dy, &dx}, [&](int64_t first, int64_t count) {
    kernels::Window2d part = s.window;
    part.channels = count;
    if (is_adaptive(s))
      w.adaptive_avg_pool_grad[type](part, py + first * out * size, px + first * in * size);
    else
      w.avg_pool_grad[type](part, py + first * out * size, px + first * in * size, divisor.counts_padding, divisor.fixed);
  });
  return dx;
}

ValuesIndices max_pool(const PoolShape& s, int dims, const Tensor& x, bool wants_indices) {
  tape::refresh(x);
  const bool records = tape::t_mode.grad && x.requires_grad();
  MaxPool found = max_pool_values(s, x, wants_indices || records);
  Tensor y = tape::apply<MaxPoolAt>(x, Made{found.indices}, Made{found.values}, dims);
  return {y, wants_indices ? found.indices : Tensor()};
}

namespace {

int64_t plane_of(Span shape, int dims) { return product(shape.last(size_t(dims))); }

}  // namespace

Tensor PlaneAt::forward(Saved& s, const Tensor& x_any, Made indices, int dims) {
  const Tensor& at = indices.tensor;
  s = {at, x_any.shape(), dims};
  Tensor x = contiguous_values(x_any), y = empty(at.shape(), x.dtype());
  if (y.numel() == 0) return y;
  const int64_t places = plane_of(at.shape(), dims);
  const int64_t plane = plane_of(x.shape(), dims);
  table().index.gather[int(x.dtype())](
      {x.bytes(), at.data<int64_t>(), y.bytes(), y.numel() / places, plane, places, 1, plane, 1});
  return y;
}

Tensor PlaneAdd::forward(Saved& s, const Tensor& dy_any, Made indices, const Shape& shape, int dims) {
  const Tensor& at = indices.tensor;
  s = {at, shape, dims};
  Tensor dy = contiguous_values(dy_any), x = zeros(shape, dy.dtype());
  if (dy.numel() == 0) return x;
  const int64_t places = plane_of(at.shape(), dims);
  const int64_t plane = plane_of(shape, dims);
  table().index.scatter_add[int(x.dtype())](
      {x.bytes(), at.data<int64_t>(), dy.bytes(), dy.numel() / places, plane, places, 1, plane, 1});
  return x;
}

Tensor MaxUnpool::forward(Saved& s, const Tensor& x_any, Made indices, const Shape& shape, int dims) {
  const Tensor& at = indices.tensor;
  s = {at, shape, dims};
  Tensor x = contiguous_values(x_any), y = zeros(shape, x.dtype());
  const int64_t places = plane_of(at.shape(), dims), plane = plane_of(shape, dims);
  const int64_t* p = at.data<int64_t>();
  visit_float(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.data<T>();
    for (int64_t i = 0; i < x.numel(); ++i) to[i / places * plane + p[i]] = from[i];
  });
  return y;
}

Tensor max_unpool(const char* op, int dims, const Tensor& x, const Tensor& indices, const Ints& kernel,
                  const std::optional<Ints>& stride, const Ints& padding, const std::optional<Ints>& output_size) {
  require_floating(op, "input", x);
  if (indices.dtype() != DType::int64) fail<RuntimeError>(op, "(): indices must be int64, got dtype ", indices.dtype());
  if (!same(x.shape(), indices.shape()))
    fail<RuntimeError>(op, "(): input ", Show{x.shape()}, " and indices ", Show{indices.shape()}, " differ in shape");
  if (x.ndim() != dims + 2 && x.ndim() != dims + 1) {
    fail<RuntimeError>(op, "(): expected input ", dims == 2 ? "[N, C, H, W] or [C, H, W]" : "[N, C, L] or [C, L]", ", got shape ",
                       Show{x.shape()});
  }
  const Pair k(op, "kernel_size", kernel, dims, 1), s(op, "stride", stride && !stride->empty() ? *stride : kernel, dims, 1),
      p(op, "padding", padding, dims, 0, 0);
  Span wanted;
  if (output_size) {
    wanted = *output_size;
    if (int(wanted.size()) == dims + 2) wanted = wanted.last(size_t(dims));
    if (int(wanted.size()) != dims)
      fail<ValueError>(op, "(): output_size must have ", dims, " or ", dims + 2, " sizes, got ", Show{*output_size});
  }
  Shape shape = x.shape();
  for (int i = 0; i < dims; ++i) {
    const bool across = i == dims - 1;
    const int64_t step = across ? s.w : s.h;
    int64_t& size = shape[x.ndim() - dims + i];
    if (i + x.ndim() - dims > 0 && size == 0) fail<RuntimeError>(op, "(): input of shape ", Show{x.shape()}, " is empty");
    const int64_t usual = (size - 1) * step + (across ? k.w : k.h) - 2 * (across ? p.w : p.h);
    size = output_size ? wanted[size_t(i)] : usual;
    if (output_size && (size <= usual - step || size >= usual + step)) {
      fail<ValueError>(op, "(): output_size ", Show{*output_size}, " must be within ", step, " of ", usual, " in dim ", i);
    }
    if (size < 0) fail<ValueError>(op, "(): the result would have ", size, " elements in dim ", i);
  }
  checked_numel(op, shape);
  Tensor at = contiguous_values(indices);
  const int64_t plane = plane_of(shape, dims);
  const int64_t* q = at.data<int64_t>();
  for (int64_t i = 0; i < at.numel(); ++i)
    if (q[i] < 0 || q[i] >= plane) fail<RuntimeError>(op, "(): index ", q[i], " is outside planes of ", plane, " elements");
  return tape::apply<MaxUnpool>(x, Made{at}, shape, dims);
}

Tensor lp_pool(const char* op, int dims, const Tensor& x, double norm_type, const Ints& kernel, const std::optional<Ints>& stride,
               bool ceil_mode) {
  require_kernel(op, x, is_floating(x.dtype()) || x.dtype() == DType::int64 || x.dtype() == DType::bool_);
  const PoolShape s = pool_shape(op, dims, x, kernel, stride, {0}, {1}, ceil_mode);
  const auto magnitude = [&] { return x * sign(x); };
  if (norm_type == INFINITY) return max_pool(s, dims, magnitude(), false).values;
  if (norm_type == -INFINITY) return -max_pool(s, dims, -magnitude(), false).values;
  const Tensor means = tape::apply<AvgPool>(pow(x, number(norm_type)), s, Divisor{});
  return pow(means * double(s.window.kernel_h * s.window.kernel_w), number(1 / norm_type));
}

}  // namespace tg::ops
