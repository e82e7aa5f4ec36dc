// Pooling on values.
#include "ops/pool.h"

namespace tg::ops {
namespace {

// Runs f(first plane, window) for blocks of planes.
template <class F>
void for_planes(const PoolShape& s, std::initializer_list<const Tensor*> operands, const F& f) {
  const int64_t each = s.window.out_h * s.window.out_w * s.window.kernel_h * s.window.kernel_w + s.window.height * s.window.width;
  const int64_t grain = each * s.planes < (1 << 17) ? s.planes : std::max<int64_t>(1, (1 << 15) / each);
  Unlocked unlocked(each * s.planes, operands);
  parallel_ranges(s.planes, grain, [&](int64_t begin, int64_t end) {
    kernels::Window2d w = s.window;
    w.channels = end - begin;
    f(begin, w);
  });
}

}  // namespace

PoolShape pool_shape(const char* op, const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding,
                     const Ints& dilation, bool ceil_mode) {
  require_floating(op, "input", x);
  if (x.ndim() != 4 && x.ndim() != 3) {
    fail<RuntimeError>(op, "(): expected input [N, C, H, W] or [C, H, W], got shape ", Show{x.shape()});
  }
  const Pair k(op, "kernel_size", kernel, 1), s(op, "stride", stride, 1), p(op, "padding", padding, 0),
      d(op, "dilation", dilation, 1);
  check_window_range(op, {k.h, k.w, s.h, s.w, p.h, p.w, d.h, d.w});
  if (p.h > k.h / 2 || p.w > k.w / 2) {
    fail<RuntimeError>(op, "(): padding ", Show{padding}, " must be at most half of kernel_size ", Show{kernel});
  }
  PoolShape r;
  r.input = x.shape();
  r.output = x.shape();
  const int h = x.ndim() - 2, w = x.ndim() - 1;
  const int64_t height = x.size(h), width = x.size(w);
  r.planes = product(x.shape().first(size_t(h)));
  r.output[h] = window_count(op, height, k.h, s.h, p.h, d.h, ceil_mode);
  r.output[w] = window_count(op, width, k.w, s.w, p.w, d.w, ceil_mode);
  r.window = {r.planes, height, width, k.h, k.w, s.h, s.w, p.h, p.w, d.h, d.w, r.output[h], r.output[w]};
  return r;
}

MaxPool max_pool_values(const PoolShape& s, const Tensor& x_any) {
  Tensor x = contiguous_values(x_any), y = empty(s.output, x_any.dtype()), index = empty(s.output, DType::int64);
  if (y.numel() == 0) return {y, index};
  const int64_t size = int64_t(itemsize(x.dtype())), in = s.window.height * s.window.width, out = s.window.out_h * s.window.out_w;
  const auto kernel = table().window.max_pool[int(x.dtype())];
  const char* px = x.bytes();
  char* py = y.bytes();
  int64_t* pi = index.data<int64_t>();
  for_planes(s, {&x, &y, &index}, [&](int64_t first, const kernels::Window2d& w) {
    kernel(w, px + first * in * size, py + first * out * size, pi + first * out);
  });
  return {y, index};
}

Tensor avg_pool_values(const PoolShape& s, const Tensor& x_any, bool count_include_pad) {
  Tensor x = contiguous_values(x_any), y = empty(s.output, x_any.dtype());
  if (y.numel() == 0) return y;
  const int64_t size = int64_t(itemsize(x.dtype())), in = s.window.height * s.window.width, out = s.window.out_h * s.window.out_w;
  const auto kernel = table().window.avg_pool[int(x.dtype())];
  const char* px = x.bytes();
  char* py = y.bytes();
  for_planes(s, {&x, &y}, [&](int64_t first, const kernels::Window2d& w) {
    kernel(w, px + first * in * size, py + first * out * size, count_include_pad);
  });
  return y;
}

Tensor avg_pool_grad_values(const PoolShape& s, const Tensor& dy_any, bool count_include_pad) {
  Tensor dy = contiguous_values(dy_any), dx = zeros(s.input, dy_any.dtype());
  if (dy.numel() == 0) return dx;
  const int64_t size = int64_t(itemsize(dy.dtype())), in = s.window.height * s.window.width,
                out = s.window.out_h * s.window.out_w;
  const auto kernel = table().window.avg_pool_grad[int(dy.dtype())];
  const char* py = dy.bytes();
  char* px = dx.bytes();
  for_planes(s, {&dy, &dx}, [&](int64_t first, const kernels::Window2d& w) {
    kernel(w, py + first * out * size, px + first * in * size, count_include_pad);
  });
  return dx;
}

}  // namespace tg::ops
