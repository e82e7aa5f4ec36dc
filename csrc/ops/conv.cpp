// Convolution on values, one image and group at a time, so that no more is laid out than that; and the arguments of users.
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

// How a convolution is computed: directly where a window has few elements and columns would cost more than they save, else as
// a matrix product with columns, or with the images as they stand where a window is 1x1 at stride 1. Integers have no direct
// kernel.
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

// A 1x1 window at stride 1 is a matrix product as it stands.
bool needs_columns(const ConvShape& s) {
  const auto& w = s.window;
  return !(w.kernel_h == 1 && w.kernel_w == 1 && w.stride_h == 1 && w.stride_w == 1 && w.pad_h == 0 && w.pad_w == 0);
}

int64_t align(int64_t bytes) { return (bytes + 63) / 64 * 64; }

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

// Where a group of an image begins, in bytes.
struct Group {
  int64_t x, y, w, b;
};
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

int64_t free_chunks(const ConvShape& s) { return s.work() < kParallelWork ? 1 : std::min<int64_t>(s.n, 4 * num_threads()); }

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

namespace {

void check_operands(const char* op, int dims, const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t outputs) {
  require_same_dtype(op, x, weight);
  if (!is_floating(x.dtype()) && x.dtype() != DType::int64)
    fail<RuntimeError>(op, "(): input must be floating or int64, got dtype ", x.dtype());
  if (weight.ndim() != dims + 2 || (x.ndim() != dims + 2 && x.ndim() != dims + 1)) {
    fail<RuntimeError>(op, "(): expected input [N, C, ", dims == 2 ? "H, W" : "L", "] with or without N and a weight of ",
                       dims + 2, " dims, got shapes ", Show{x.shape()}, " and ", Show{weight.shape()});
  }
  if (bias) {
    require_same_dtype(op, x, bias);
    if (bias.ndim() != 1 || bias.size(0) != outputs)
      fail<RuntimeError>(op, "(): bias of shape ", Show{bias.shape()}, " for ", outputs, " output channels");
  }
}

// The sizes that input (of a convolution: its input; of a transposed one: what is the output of the convolution) and
// weight tell.
ConvShape shape_of(const char* op, int dims, Span x, Span w, int64_t groups, bool transposed) {
  ConvShape s;
  s.dims = dims;
  s.batched = int(x.size()) == dims + 2;
  s.n = s.batched ? x[0] : 1;
  s.groups = groups;
  const size_t at = size_t(s.batched);
  const int64_t wanted = transposed ? w[0] : groups * w[1];
  if (groups < 1 || w[0] % groups || x[at] != wanted) {
    fail<RuntimeError>(op, "(): input ", Show{x}, " does not fit weight ", Show{w},
                       transposed ? " ([C, O/groups, ...])" : " ([O, C/groups, ...])", " with groups=", groups);
  }
  for (int64_t size : w.last(size_t(dims)))
    if (size < 1) fail<RuntimeError>(op, "(): weight ", Show{w}, " has an empty window");
  s.outputs = w[0];
  s.channels = w[1] * groups;
  return s;
}

void check_sizes(const char* op, const ConvShape& s) {
  const auto& w = s.window;
  checked_numel(op, s.input());
  checked_numel(op, s.output());
  checked_numel(op, Shape{w.channels, w.kernel_h, w.kernel_w, w.out_h, w.out_w});
}

}  // namespace

Tensor conv(const char* op, int dims, const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride,
            const Padding& padding, const Ints& dilation, int64_t groups) {
  check_operands(op, dims, x, weight, bias, weight.ndim() ? weight.size(0) : 0);
  ConvShape shape = shape_of(op, dims, x.shape(), weight.shape(), groups, false);
  const Span sizes = weight.shape().last(size_t(dims));
  const Pair k(op, "weight", Ints(sizes), dims, 1), s(op, "stride", stride, dims, 1), d(op, "dilation", dilation, dims, 1);
  const bool same = padding.name == "same";
  if (same && (s.h != 1 || s.w != 1)) fail<RuntimeError>(op, "(): padding='same' needs stride 1, got ", Show{stride});
  if (!same && !padding.name.empty() && padding.name != "valid")
    fail<RuntimeError>(op, "(): padding must be numbers, 'same' or 'valid', got '", padding.name, "'");
  const Pair p(op, "padding", padding.name.empty() ? padding.values : Ints{0}, dims, 0, 0);
  auto& w = shape.window;
  if (same) {
    // As many outputs as inputs; where that takes an odd number of zeros, the extra one stands behind.
    const Span in = x.shape().last(size_t(dims));
    const int64_t height = dims == 2 ? in[0] : 1, width = in.back();
    w = {weight.size(1), height, width, k.h, k.w, 1, 1, d.h * (k.h - 1) / 2, d.w * (k.w - 1) / 2, d.h, d.w, height, width};
  } else {
    w = walk_over(op, x.shape(), dims, k, s, p, d);
    w.channels = weight.size(1);
  }
  shape.height = w.height;
  shape.width = w.width;
  check_sizes(op, shape);
  return convolve(shape, x, weight, bias);
}

Tensor conv_transpose(const char* op, int dims, const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride,
                      const Ints& padding, const Ints& output_padding, int64_t groups, const Ints& dilation) {
  check_operands(op, dims, x, weight, bias, weight.ndim() > 1 ? weight.size(1) * groups : 0);
  ConvShape shape = shape_of(op, dims, x.shape(), weight.shape(), groups, true);
  const Span sizes = weight.shape().last(size_t(dims));
  const Pair k(op, "weight", Ints(sizes), dims, 1), s(op, "stride", stride, dims, 1), p(op, "padding", padding, dims, 0, 0),
      d(op, "dilation", dilation, dims, 1), extra(op, "output_padding", output_padding, dims, 0, 0);
  if (extra.h >= std::max(s.h, d.h) || extra.w >= std::max(s.w, d.w)) {
    fail<RuntimeError>(op, "(): output_padding ", Show{output_padding}, " must be smaller than stride ", Show{stride},
                       " or dilation ", Show{dilation});
  }
  const Span in = x.shape().last(size_t(dims));
  const int64_t out_h = dims == 2 ? in[0] : 1, out_w = in.back();
  shape.height = (out_h - 1) * s.h - 2 * p.h + d.h * (k.h - 1) + extra.h + 1;
  shape.width = (out_w - 1) * s.w - 2 * p.w + d.w * (k.w - 1) + extra.w + 1;
  if (shape.height < 1 || shape.width < 1) {
    fail<RuntimeError>(op, "(): input ", Show{x.shape()}, " with stride ", Show{stride}, " and padding ", Show{padding},
                       " has an empty result of ", shape.height, " x ", shape.width);
  }
  shape.window = {weight.size(1), shape.height, shape.width, k.h, k.w, s.h, s.w, p.h, p.w, d.h, d.w, out_h, out_w};
  check_sizes(op, shape);
  return convolve_transposed(shape, x, weight, bias);
}

}  // namespace tg::ops
