// Convolution on values, one image and group at a time, so that no more is laid out than that.
#include "ops/conv_steps.h"
#include "ops/gemm.h"

namespace tg::ops {
namespace {

// The weight gradient is summed in this many fixed parts, whatever the number of threads.
constexpr int64_t kParts = 8;

// The padded image is not much larger than the operands.
bool is_compact(const kernels::Window2d& w) {
  const double rows = double(w.out_h - 1) * double(w.stride_h) + double(w.kernel_h - 1) * double(w.dilation_h) + 1;
  const double columns = double(w.out_w - 1) * double(w.stride_w) + double(w.kernel_w - 1) * double(w.dilation_w) + 1;
  return rows * columns <= 4 * double(w.height) * double(w.width) + 1024;
}

// Which algorithm serves which shape, in this order:
//   direct   few multiply-adds, or one channel in: tap after tap without a matrix product
//   deep     few places and many weights: the windows of all images side by side in one matrix product
//   strips   stride 1, long rows: a matrix product that reads the padded image, its vectors along the image
//   places   other windows of several taps: the same, its vectors along the outputs (an input's gradient only at stride 1)
//   as it is 1x1 windows at stride 1: a matrix product with the image
//   rows     the weight gradient, where a row of taps meets enough channels: matrix products that read the padded image
//   columns  the rest, and integers: a matrix product with the windows of one image side by side
bool is_direct(const ConvShape& s, DType dtype) {
  const auto& w = s.window;
  const int64_t taps = w.kernel_h * w.kernel_w, outputs = s.outputs / s.groups;
  const bool few = (w.channels == 1 && outputs <= 16) || s.work() <= (1 << 13) * s.n;
  return is_floating(dtype) && few && taps <= kernels::kDirectTaps && w.stride_w <= 8 && is_compact(w) && w.channels > 0;
}

// All columns together are no larger than the weights.
bool is_deep(const ConvShape& s, DType dtype) {
  const auto& w = s.window;
  const int64_t wide = s.n * w.out_h * w.out_w, taps = w.channels * w.kernel_h * w.kernel_w;
  return is_floating(dtype) && s.groups == 1 && wide <= 128 && wide <= s.outputs && wide > 0 && taps >= 256;
}

// A padded image is all that a matrix product needs.
bool reads_image(const kernels::Window2d& w, DType dtype) {
  return is_floating(dtype) && w.stride_w <= 8 && w.kernel_h * w.kernel_w > 1 && w.channels > 0 &&
         w.kernel_h * w.kernel_w <= kernels::kDirectTaps && is_compact(w);
}

// Strips compute what lies between rows too, places fill up the last vector of outputs and turn what they computed round.
const kernels::ImageProduct& image_product(const kernels::Window2d& w, int64_t outputs) {
  if (w.stride_h != 1 || w.stride_w != 1) return table().window.places;
  const int64_t pitch = w.out_w + (w.kernel_w - 1) * w.dilation_w, depth = w.channels * w.kernel_h * w.kernel_w;
  const double strips = double(pitch) / double(w.out_w);
  const double places = double((outputs + 15) / 16 * 16) / double(outputs) * (1 + 16 / double(depth));
  return places < strips ? table().window.places : table().window.strips;
}

// The columns of its products are whole vectors, or nearly. Its sums are stored once a row of outputs, which short rows
// do not pay for where many outputs share the columns.
bool is_rows(const kernels::Window2d& w, int64_t outputs, DType dtype) {
  const int64_t columns = w.channels * (w.dilation_w == 1 ? w.kernel_w : 1);
  const bool shared = w.stride_w == 1 && w.out_w < 20 && outputs >= 48;
  return is_floating(dtype) && w.kernel_h * w.kernel_w > 1 && columns >= 12 && !shared && is_compact(w);
}

// A 1x1 window at stride 1 is a matrix product as it stands.
bool needs_columns(const ConvShape& s) {
  const auto& w = s.window;
  return !(w.kernel_h == 1 && w.kernel_w == 1 && w.stride_h == 1 && w.stride_w == 1 && w.pad_h == 0 && w.pad_w == 0);
}

// Where a group of an image begins, in bytes.
struct Group {
  int64_t x, y, w, b;
};
// Runs f(group, chunk, scratch) for every image and group, for the direct kernels.
template <class F>
void for_each_group(const ConvShape& s, const ConvSteps& t, int64_t chunks, DType dtype,
                    std::initializer_list<const Tensor*> operands, const F& f) {
  const int64_t scratch = table().window.conv_scratch[int(dtype)](s.window, t.outputs) * t.size;
  for_each_image(s, chunks, 0, scratch, operands, [&](int64_t i, int64_t chunk, char*, char* memory) {
    for (int64_t g = 0; g < s.groups; ++g)
      f(Group{i * t.x_image + g * t.x_group, i * t.y_image + g * t.y_group, g * t.w_group, g * t.outputs * t.size}, chunk,
        memory);
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
  const ConvSteps t(s, x.dtype());
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
  if (is_deep(s, x.dtype())) {
    Tensor y = deep_forward(s, t, x, w);
    if (bias) binary_into("conv", table().elementwise.add, y, over_channels(s, bias), false);
    return y;
  }
  if (reads_image(s.window, x.dtype())) {
    Tensor y = empty(shape, x.dtype());
    if (y.numel() != 0) multiply_image(s, t, s.window, image_product(s.window, t.outputs), false, x, w, bias, y);
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
  const ConvSteps t(s, y.dtype());
  if (is_deep(s, y.dtype()) && !is_direct(s, y.dtype())) {
    Tensor x = deep_transposed(s, t, y, w);
    if (bias) binary_into("conv_transpose", table().elementwise.add, x, over_channels(s, bias), false);
    return x;
  }
  const kernels::Window2d back = adjoint_of(s.window, t.outputs);
  const bool padded = !is_direct(s, y.dtype()) && reads_image(back, y.dtype()) && s.window.stride_h == 1 &&
                      s.window.stride_w == 1 && back.pad_h >= 0 && back.pad_w >= 0 && y.numel() != 0;
  if (padded) {
    Tensor x = empty(s.input(), y.dtype());
    if (x.numel() != 0) multiply_image(s, t, back, image_product(back, s.window.channels), true, y, w, bias, x);
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
  const ConvSteps t(s, dy.dtype());
  Shape shape = s.weight();
  if (product(shape) == 0 || x.numel() == 0 || dy.numel() == 0) return zeros(shape, dy.dtype());
  const int64_t parts = s.work() < kParallelConv ? 1 : std::min(s.n, kParts);
  const bool direct = is_direct(s, x.dtype());
  if (!direct && is_deep(s, x.dtype())) return deep_weight_grad(s, t, dy, x);
  if (!direct && is_rows(s.window, t.outputs, x.dtype())) return weight_grad_rows(s, t, parts, dy, x);
  shape.insert(0, parts);
  Tensor sums = zeros(shape, dy.dtype());
  const int64_t part_size = s.groups * t.w_group;
  if (direct) {
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
