// Convolution on values, one image and group at a time, so that no more is laid out than that.
#include "ops/conv.h"

#include "ops/gemm.h"

namespace tg::ops {
namespace {

// Work below this many multiply-adds stays on one thread.
constexpr int64_t kParallelWork = 1 << 19;
// The weight gradient is summed in this many fixed parts, whatever the number of threads.
constexpr int64_t kParts = 8;

// What one image and group need of the operands, in bytes.
struct Steps {
  int64_t size, x_group, x_image, y_group, y_image, w_group, columns;
  int64_t taps, places, outputs;  // the matrix product: [outputs, taps] x [taps, places]

  Steps(const ConvShape& s, DType dtype) {
    const auto& w = s.window;
    size = int64_t(itemsize(dtype));
    taps = w.channels * w.kernel_h * w.kernel_w;
    places = w.out_h * w.out_w;
    outputs = s.outputs / s.groups;
    x_group = w.channels * s.height * s.width * size;
    x_image = x_group * s.groups;
    y_group = outputs * places * size;
    y_image = y_group * s.groups;
    w_group = outputs * taps * size;
    columns = taps * places * size;
  }
};

// Which algorithm serves which shape, in this order:
//   direct   few multiply-adds, or one channel in: tap after tap without a matrix product
//   strips   stride 1: a matrix product that reads the padded image (not the weight gradient)
//   as it is 1x1 windows at stride 1: a matrix product with the image
//   columns  the rest, and integers: a matrix product with the windows of one image side by side
bool is_direct(const ConvShape& s, DType dtype) {
  const auto& w = s.window;
  const int64_t taps = w.kernel_h * w.kernel_w, outputs = s.outputs / s.groups;
  const bool few = (w.channels == 1 && outputs <= 16) || s.work() <= (1 << 13) * s.n;
  // What a kernel lays out is not much larger than the operands.
  const double rows = double(w.out_h - 1) * double(w.stride_h) + double(w.kernel_h - 1) * double(w.dilation_h) + 1;
  const double columns = double(w.out_w - 1) * double(w.stride_w) + double(w.kernel_w - 1) * double(w.dilation_w) + 1;
  const bool compact = w.stride_w <= 8 && rows * columns <= 4 * double(s.height * s.width) + 1024;
  return is_floating(dtype) && few && taps <= kernels::kDirectTaps && compact && w.channels > 0;
}

// At stride 1 a padded image, which is hardly larger than the image, is all that a matrix product needs.
bool is_strips(const kernels::Window2d& w, DType dtype) {
  const double padded = double(w.out_h + (w.kernel_h - 1) * w.dilation_h) * double(w.out_w + (w.kernel_w - 1) * w.dilation_w);
  return is_floating(dtype) && w.stride_h == 1 && w.stride_w == 1 && w.kernel_h * w.kernel_w > 1 && w.channels > 0 &&
         w.kernel_h * w.kernel_w <= kernels::kDirectTaps && padded <= 4 * double(w.height) * double(w.width) + 1024;
}

// A 1x1 window at stride 1 is a matrix product as it stands.
bool needs_columns(const ConvShape& s) {
  const auto& w = s.window;
  return !(w.kernel_h == 1 && w.kernel_w == 1 && w.stride_h == 1 && w.stride_w == 1 && w.pad_h == 0 && w.pad_w == 0);
}

int64_t align(int64_t bytes) { return (bytes + 63) / 64 * 64; }

int64_t free_chunks(const ConvShape& s) { return s.work() < kParallelWork ? 1 : std::min<int64_t>(s.n, 4 * num_threads()); }

// Where a group of an image begins, in bytes.
struct Group {
  int64_t x, y, w, b;
};
// Runs f(image, columns, scratch) for every image, each chunk of images with memory of its own.
template <class F>
void for_each_image(const ConvShape& s, int64_t chunks, int64_t columns_bytes, int64_t scratch_bytes,
                    std::initializer_list<const Tensor*> operands, const F& f) {
  columns_bytes = align(columns_bytes);
  scratch_bytes = align(scratch_bytes);
  Tensor memory = empty({chunks * (columns_bytes + scratch_bytes)}, DType::uint8);
  char* base = memory.bytes();
  Unlocked unlocked(s.work(), operands);
  parallel_for(chunks, [&](int64_t chunk) {
    char* columns = base + chunk * (columns_bytes + scratch_bytes);
    const int64_t begin = s.n * chunk / chunks, end = s.n * (chunk + 1) / chunks;
    for (int64_t i = begin; i < end; ++i) f(i, chunk, columns, columns + columns_bytes);
  });
}

// Runs f(group, chunk, scratch) for every image and group, for the direct kernels.
template <class F>
void for_each_group(const ConvShape& s, const Steps& t, int64_t chunks, DType dtype,
                    std::initializer_list<const Tensor*> operands, const F& f) {
  const int64_t scratch = table().window.conv_scratch[int(dtype)](s.window, t.outputs) * t.size;
  for_each_image(s, chunks, 0, scratch, operands, [&](int64_t i, int64_t chunk, char*, char* memory) {
    for (int64_t g = 0; g < s.groups; ++g)
      f(Group{i * t.x_image + g * t.x_group, i * t.y_image + g * t.y_group, g * t.w_group, g * t.outputs * t.size}, chunk,
        memory);
  });
}

// y = conv(x, weight) + bias for every image and group, in strips. In the adjoint x and y have changed places, and each group's
// weights are read backwards.
void run_strips(const ConvShape& s, const Steps& t, const kernels::Window2d& w, bool adjoint, const Tensor& x,
                const Tensor& weight, const Tensor& bias, const Tensor& y) {
  const int type = int(x.dtype());
  const int64_t outputs = adjoint ? s.window.channels : t.outputs, taps = w.kernel_h * w.kernel_w;
  const auto& window = table().window;
  const Tensor b = bias ? contiguous_values(bias) : Tensor(), packed = empty({weight.numel()}, x.dtype());
  const char *px = x.bytes(), *pw = weight.bytes(), *pb = b ? b.bytes() : nullptr;
  char *py = y.bytes(), *factors = packed.bytes();
  for (int64_t g = 0; g < s.groups; ++g) {
    const char* own = pw + g * t.w_group;
    const kernels::WindowWeights weights = adjoint ? kernels::WindowWeights{own + (taps - 1) * t.size, taps, t.taps, -1}
                                                   : kernels::WindowWeights{own, t.taps, taps, 1};
    window.pack_strips[type](w, outputs, weights, factors + g * t.w_group);
  }
  for_each_image(s, free_chunks(s), 0, window.strips_scratch[type](w) * t.size, {&x, &b, &y},
                 [&](int64_t i, int64_t, char*, char* scratch) {
                   for (int64_t g = 0; g < s.groups; ++g) {
                     const char* from = px + i * (adjoint ? t.y_image : t.x_image) + g * (adjoint ? t.y_group : t.x_group);
                     char* to = py + i * (adjoint ? t.x_image : t.y_image) + g * (adjoint ? t.x_group : t.y_group);
                     window.conv_strips[type](w, outputs, from, factors + g * t.w_group, pb ? pb + g * outputs * t.size : nullptr,
                                              to, scratch);
                   }
                 });
}

// The window of the adjoint of a convolution at stride 1, which is one too.
kernels::Window2d adjoint_of(const kernels::Window2d& w, int64_t outputs) {
  return {outputs,
          w.out_h,
          w.out_w,
          w.kernel_h,
          w.kernel_w,
          1,
          1,
          (w.kernel_h - 1) * w.dilation_h - w.pad_h,
          (w.kernel_w - 1) * w.dilation_w - w.pad_w,
          w.dilation_h,
          w.dilation_w,
          w.height,
          w.width};
}

// The sum of the parts of a weight gradient.
Tensor joined(const ConvShape& s, const Tensor& sums, int64_t parts) {
  const Shape shape = s.weight();
  if (parts == 1) return alias(sums, shape, contiguous_strides(shape), 0);
  tape::GradMode values_only(false);
  return sum(sums, {0});
}

// One matrix product a group and image. Integers are only convolved, never trained on.
struct Product {
  GemmCall call;
  explicit Product(const GemmCall& c) : call(c) {}
  int64_t scratch_bytes() const { return is_floating(call.dtype) ? call.scratch_bytes() : 0; }
  void run(const char* a, const char* b, char* c, char* scratch) const {
    GemmCall one = call;
    one.a.data = a;
    one.b.data = b;
    one.c = c;
    if (is_floating(call.dtype))
      one.run(scratch);
    else
      integer_product(one, 0, 0, 0);
  }
};

// A bias beside [N, channels, H, W].
Tensor over_channels(const ConvShape& s, const Tensor& bias) {
  Shape shape{bias.numel(), 1};
  Ints strides{bias.stride(0), 0};
  if (s.dims == 2) {
    shape.push_back(1);
    strides.push_back(0);
  }
  return alias(bias, shape, strides, 0);
}

// What the products are added to.
Tensor with_bias(const ConvShape& s, const Shape& shape, DType dtype, const Tensor& bias, bool cleared) {
  if (!bias) return cleared ? zeros(shape, dtype) : empty(shape, dtype);
  Tensor y = empty(shape, dtype);
  copy_values(y, over_channels(s, bias));
  return y;
}

}  // namespace

Shape ConvShape::shape(int64_t c, int64_t h, int64_t w) const {
  Shape r;
  if (batched) r.push_back(n);
  r.push_back(c);
  if (dims == 2) r.push_back(h);
  r.push_back(w);
  return r;
}

Shape ConvShape::weight() const {
  return dims == 2 ? Shape{outputs, channels / groups, window.kernel_h, window.kernel_w}
                   : Shape{outputs, channels / groups, window.kernel_w};
}

Ints ConvShape::all_but_channels() const {
  Ints r;
  const int channel = int(batched);
  for (int d = 0; d <= dims + channel; ++d)
    if (d != channel) r.push_back(d);
  return r;
}

Tensor conv_forward(const ConvShape& s, const Tensor& x_any, const Tensor& w_any, const Tensor& bias) {
  if (bias && !is_floating(x_any.dtype())) return add(conv_forward(s, x_any, w_any, {}), over_channels(s, bias));
  Tensor x = contiguous_values(x_any), w = contiguous_values(w_any);
  const Steps t(s, x.dtype());
  const Shape shape = s.output();
  if (t.taps == 0) return bias ? contiguous_values(expand_values(over_channels(s, bias), shape)) : zeros(shape, x.dtype());
  if (is_direct(s, x.dtype())) {
    Tensor y = empty(shape, x.dtype());
    if (y.numel() == 0) return y;
    const Tensor b = bias ? contiguous_values(bias) : Tensor();
    const auto kernel = table().window.conv[int(x.dtype())];
    const char *px = x.bytes(), *pw = w.bytes(), *pb = b ? b.bytes() : nullptr;
    char* py = y.bytes();
    for_each_group(s, t, free_chunks(s), x.dtype(), {&x, &w, &b, &y}, [&](const Group& g, int64_t, char* scratch) {
      kernel(s.window, t.outputs, px + g.x, pw + g.w, pb ? pb + g.b : nullptr, py + g.y, scratch);
    });
    return y;
  }
  if (is_strips(s.window, x.dtype())) {
    Tensor y = empty(shape, x.dtype());
    if (y.numel() != 0) run_strips(s, t, s.window, false, x, w, bias, y);
    return y;
  }
  // The bias goes in first, one value a plane; the product is added to it.
  Tensor y = with_bias(s, shape, x.dtype(), bias, false);
  if (y.numel() == 0) return y;
  const bool lays_out = needs_columns(s);
  const Product product({x.dtype(),
                         t.outputs,
                         t.places,
                         t.taps,
                         {nullptr, t.taps, 1},
                         {nullptr, t.places, 1},
                         nullptr,
                         t.places,
                         nullptr,
                         bool(bias)});
  const auto im2col = table().window.im2col[int(x.dtype())];
  const char* px = x.bytes();
  const char* pw = w.bytes();
  char* py = y.bytes();
  for_each_image(s, free_chunks(s), lays_out ? t.columns : 0, product.scratch_bytes(), {&x, &w, &y},
                 [&](int64_t i, int64_t, char* columns, char* scratch) {
                   for (int64_t g = 0; g < s.groups; ++g) {
                     const char* image = px + i * t.x_image + g * t.x_group;
                     if (lays_out) im2col(s.window, image, columns);
                     product.run(pw + g * t.w_group, lays_out ? columns : image, py + i * t.y_image + g * t.y_group, scratch);
                   }
                 });
  return y;
}

Tensor conv_transposed(const ConvShape& s, const Tensor& y_any, const Tensor& w_any, const Tensor& bias) {
  if (bias && !is_floating(y_any.dtype())) return add(conv_transposed(s, y_any, w_any, {}), over_channels(s, bias));
  Tensor y = contiguous_values(y_any), w = contiguous_values(w_any);
  const Steps t(s, y.dtype());
  const kernels::Window2d back = adjoint_of(s.window, t.outputs);
  const bool strips = !is_direct(s, y.dtype()) && is_strips(back, y.dtype()) && s.window.stride_h == 1 &&
                      s.window.stride_w == 1 && back.pad_h >= 0 && back.pad_w >= 0 && y.numel() != 0;
  if (strips) {
    Tensor x = empty(s.input(), y.dtype());
    if (x.numel() != 0) run_strips(s, t, back, true, y, w, bias, x);
    return x;
  }
  Tensor x = with_bias(s, s.input(), y.dtype(), bias, true);
  if (x.numel() == 0 || y.numel() == 0 || t.outputs == 0) return x;
  if (is_direct(s, x.dtype())) {
    const auto kernel = table().window.conv_transposed[int(x.dtype())];
    const char *py = y.bytes(), *pw = w.bytes();
    char* px = x.bytes();
    for_each_group(s, t, free_chunks(s), x.dtype(), {&x, &w, &y}, [&](const Group& g, int64_t, char* scratch) {
      kernel(s.window, t.outputs, py + g.y, pw + g.w, px + g.x, scratch);
    });
    return x;
  }
  const bool lays_out = needs_columns(s);
  // [taps, places] = W^T [taps, outputs] Y [outputs, places]
  const Product product({y.dtype(),
                         t.taps,
                         t.places,
                         t.outputs,
                         {nullptr, 1, t.taps},
                         {nullptr, t.places, 1},
                         nullptr,
                         t.places,
                         nullptr,
                         !lays_out});
  const auto col2im = table().window.col2im[int(y.dtype())];
  const char* py = y.bytes();
  const char* pw = w.bytes();
  char* px = x.bytes();
  for_each_image(s, free_chunks(s), lays_out ? t.columns : 0, product.scratch_bytes(), {&y, &w, &x},
                 [&](int64_t i, int64_t, char* columns, char* scratch) {
                   for (int64_t g = 0; g < s.groups; ++g) {
                     char* image = px + i * t.x_image + g * t.x_group;
                     product.run(pw + g * t.w_group, py + i * t.y_image + g * t.y_group, lays_out ? columns : image, scratch);
                     if (lays_out) col2im(s.window, columns, image);
                   }
                 });
  return x;
}

Tensor conv_weight_grad(const ConvShape& s, const Tensor& dy_any, const Tensor& x_any) {
  Tensor dy = contiguous_values(dy_any), x = contiguous_values(x_any);
  const Steps t(s, dy.dtype());
  Shape shape = s.weight();
  if (product(shape) == 0 || x.numel() == 0 || dy.numel() == 0) return zeros(shape, dy.dtype());
  const int64_t parts = s.work() < kParallelWork ? 1 : std::min(s.n, kParts);
  shape.insert(0, parts);
  Tensor sums = zeros(shape, dy.dtype());
  const int64_t part_size = s.groups * t.w_group;
  if (is_direct(s, x.dtype())) {
    const auto kernel = table().window.conv_weight_grad[int(x.dtype())];
    const char *py = dy.bytes(), *px = x.bytes();
    char* pw = sums.bytes();
    for_each_group(s, t, parts, x.dtype(), {&dy, &x, &sums}, [&](const Group& g, int64_t part, char* scratch) {
      kernel(s.window, t.outputs, py + g.y, px + g.x, pw + part * part_size + g.w, scratch);
    });
    return joined(s, sums, parts);
  }
  const bool lays_out = needs_columns(s);
  // dW [outputs, taps] += dY [outputs, places] columns^T [places, taps]
  const Product product(
      {dy.dtype(), t.outputs, t.taps, t.places, {nullptr, t.places, 1}, {nullptr, 1, t.places}, nullptr, t.taps, nullptr, true});
  const auto im2col = table().window.im2col[int(dy.dtype())];
  const char* py = dy.bytes();
  const char* px = x.bytes();
  char* pw = sums.bytes();
  for_each_image(s, parts, lays_out ? t.columns : 0, product.scratch_bytes(), {&dy, &x, &sums},
                 [&](int64_t i, int64_t part, char* columns, char* scratch) {
                   for (int64_t g = 0; g < s.groups; ++g) {
                     const char* image = px + i * t.x_image + g * t.x_group;
                     if (lays_out) im2col(s.window, image, columns);
                     product.run(py + i * t.y_image + g * t.y_group, lays_out ? columns : image,
                                 pw + part * part_size + g * t.w_group, scratch);
                   }
                 });
  return joined(s, sums, parts);
}

Tensor convolve(const ConvShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return s.dims == 1 ? tape::apply<Conv<1>>(x, weight, bias, s) : tape::apply<Conv<2>>(x, weight, bias, s);
}
Tensor convolve_transposed(const ConvShape& s, const Tensor& y, const Tensor& weight, const Tensor& bias) {
  return s.dims == 1 ? tape::apply<ConvTransposed<1>>(y, weight, bias, s) : tape::apply<ConvTransposed<2>>(y, weight, bias, s);
}

}  // namespace tg::ops
