// Convolution on values: one image and group at a time, its windows laid out as columns, then one matrix product.
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

int64_t free_chunks(const ConvShape& s) { return s.work() < kParallelWork ? 1 : std::min<int64_t>(s.n, 4 * num_threads()); }

}  // namespace

ConvShape::ConvShape(const char* op, Span x, Span w, const Ints& stride, const Ints& padding, const Ints& dilation, int64_t g) {
  const Pair s(op, "stride", stride, 1), p(op, "padding", padding, 0), d(op, "dilation", dilation, 1);
  check_window_range(op, {s.h, s.w, p.h, p.w, d.h, d.w, w[2], w[3]});
  if (g < 1 || w[0] % g || x[1] != w[1] * g) {
    fail<RuntimeError>(op, "(): input ", Show{x}, " ([N, C, H, W]) does not fit weight ", Show{w},
                       " ([O, C/groups, kh, kw]) with groups=", g);
  }
  if (w[2] < 1 || w[3] < 1) fail<RuntimeError>(op, "(): weight ", Show{w}, " has an empty window");
  n = x[0], channels = x[1], height = x[2], width = x[3], outputs = w[0], groups = g;
  window = {w[1],
            height,
            width,
            w[2],
            w[3],
            s.h,
            s.w,
            p.h,
            p.w,
            d.h,
            d.w,
            window_count(op, height, w[2], s.h, p.h, d.h, false),
            window_count(op, width, w[3], s.w, p.w, d.w, false)};
  checked_numel(op, output());
  checked_numel(op, Shape{w[1], w[2], w[3], window.out_h, window.out_w});
}

Tensor conv_forward(const ConvShape& s, const Tensor& x_any, const Tensor& w_any, const Tensor& b_any) {
  Tensor x = contiguous_values(x_any), w = contiguous_values(w_any), y = empty(s.output(), x_any.dtype());
  // The bias goes in first, one value a plane; the product is added to it.
  if (b_any) copy_values(y, alias(b_any, Shape{1, s.outputs, 1, 1}, Ints{0, b_any.stride(0), 0, 0}, 0));
  if (y.numel() == 0) return y;
  const Steps t(s, x.dtype());
  if (t.taps == 0) return b_any ? y : zeros(s.output(), x.dtype());
  const bool lays_out = needs_columns(s);
  GemmCall call{x.dtype(), t.outputs, t.places, t.taps,     {nullptr, t.taps, 1}, {nullptr, t.places, 1},
                nullptr,   t.places,  nullptr,  bool(b_any)};
  const auto im2col = table().window.im2col[int(x.dtype())];
  const char* px = x.bytes();
  const char* pw = w.bytes();
  char* py = y.bytes();
  for_each_image(s, free_chunks(s), lays_out ? t.columns : 0, call.scratch_bytes(), {&x, &w, &y},
                 [&](int64_t i, int64_t, char* columns, char* scratch) {
                   for (int64_t g = 0; g < s.groups; ++g) {
                     const char* image = px + i * t.x_image + g * t.x_group;
                     if (lays_out) im2col(s.window, image, columns);
                     GemmCall c = call;
                     c.a.data = pw + g * t.w_group;
                     c.b.data = lays_out ? columns : image;
                     c.c = py + i * t.y_image + g * t.y_group;
                     c.run(scratch);
                   }
                 });
  return y;
}

Tensor conv_input_grad(const ConvShape& s, const Tensor& dy_any, const Tensor& w_any) {
  Tensor dy = contiguous_values(dy_any), w = contiguous_values(w_any), dx = zeros(s.input(), dy_any.dtype());
  const Steps t(s, dy.dtype());
  if (dx.numel() == 0 || dy.numel() == 0 || t.outputs == 0) return dx;
  const bool lays_out = needs_columns(s);
  // [taps, places] = W^T [taps, outputs] dY [outputs, places]
  GemmCall call{dy.dtype(), t.taps, t.places, t.outputs, {nullptr, 1, t.taps}, {nullptr, t.places, 1}, nullptr, t.places};
  const auto col2im = table().window.col2im[int(dy.dtype())];
  const char* py = dy.bytes();
  const char* pw = w.bytes();
  char* px = dx.bytes();
  for_each_image(s, free_chunks(s), lays_out ? t.columns : 0, call.scratch_bytes(), {&dy, &w, &dx},
                 [&](int64_t i, int64_t, char* columns, char* scratch) {
                   for (int64_t g = 0; g < s.groups; ++g) {
                     char* image = px + i * t.x_image + g * t.x_group;
                     GemmCall c = call;
                     c.a.data = pw + g * t.w_group;
                     c.b.data = py + i * t.y_image + g * t.y_group;
                     c.c = lays_out ? columns : image;
                     c.run(scratch);
                     if (lays_out) col2im(s.window, columns, image);
                   }
                 });
  return dx;
}

Tensor conv_weight_grad(const ConvShape& s, const Tensor& dy_any, const Tensor& x_any) {
  Tensor dy = contiguous_values(dy_any), x = contiguous_values(x_any);
  const Steps t(s, dy.dtype());
  Shape shape = s.weight();
  if (product(shape) == 0 || x.numel() == 0 || dy.numel() == 0) return zeros(shape, dy.dtype());
  const int64_t parts = s.work() < kParallelWork ? 1 : std::min(s.n, kParts);
  shape.insert(0, parts);
  Tensor sums = zeros(shape, dy.dtype());
  const bool lays_out = needs_columns(s);
  // dW [outputs, taps] += dY [outputs, places] columns^T [places, taps]
  GemmCall call{dy.dtype(), t.outputs, t.taps,  t.places, {nullptr, t.places, 1}, {nullptr, 1, t.places},
                nullptr,    t.taps,    nullptr, true};
  const auto im2col = table().window.im2col[int(dy.dtype())];
  const char* py = dy.bytes();
  const char* px = x.bytes();
  char* pw = sums.bytes();
  const int64_t part_size = s.groups * t.w_group;
  for_each_image(s, parts, lays_out ? t.columns : 0, call.scratch_bytes(), {&dy, &x, &sums},
                 [&](int64_t i, int64_t part, char* columns, char* scratch) {
                   for (int64_t g = 0; g < s.groups; ++g) {
                     const char* image = px + i * t.x_image + g * t.x_group;
                     if (lays_out) im2col(s.window, image, columns);
                     GemmCall c = call;
                     c.a.data = py + i * t.y_image + g * t.y_group;
                     c.b.data = lays_out ? columns : image;
                     c.c = pw + part * part_size + g * t.w_group;
                     c.run(scratch);
                   }
                 });
  tape::GradMode values_only(false);
  return parts == 1 ? alias(sums, s.weight(), contiguous_strides(s.weight()), 0) : sum(sums, {0});
}

namespace {

// 'same' keeps the size at stride 1; where that takes an odd number of zeros, the extra one goes behind.
Tensor pad_same(const Tensor& x, const Tensor& weight, const Ints& stride, const Ints& dilation, Ints& padding) {
  const Pair s("conv2d", "stride", stride, 1), d("conv2d", "dilation", dilation, 1);
  if (s.h != 1 || s.w != 1) fail<RuntimeError>("conv2d(): padding='same' needs stride 1, got ", Show{stride});
  const int64_t total_h = d.h * (weight.size(2) - 1), total_w = d.w * (weight.size(3) - 1);
  padding = {total_h / 2, total_w / 2};
  Tensor y = x;
  for (const auto& [dim, total] : {std::pair{2, total_h}, std::pair{3, total_w}}) {
    if (total % 2 == 0) continue;
    Shape shape = y.shape();
    shape[dim] = 1;
    y = cat({y, zeros(shape, x.dtype())}, dim);
  }
  return y;
}

}  // namespace

Tensor Conv2d::forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& stride, const Padding& padding,
                       const Ints& dilation, int64_t groups) {
  require_same_dtype(info.name, x, weight);
  require_floating(info.name, "input", x);
  if (weight.ndim() != 4 || (x.ndim() != 4 && x.ndim() != 3)) {
    fail<RuntimeError>("conv2d(): expected input [N, C, H, W] or [C, H, W] and weight [O, C/groups, kh, kw], got shapes ",
                       Show{x.shape()}, " and ", Show{weight.shape()});
  }
  if (bias) {
    require_same_dtype(info.name, x, bias);
    if (bias.ndim() != 1 || bias.size(0) != weight.size(0)) {
      fail<RuntimeError>("conv2d(): bias of shape ", Show{bias.shape()}, " for ", weight.size(0), " output channels");
    }
  }
  Tensor batch = x.ndim() == 3 ? unsqueeze(x, 0) : x;
  Ints pads = padding.values;
  if (padding.name == "same") {
    batch = pad_same(batch, weight, stride, dilation, pads);
  } else if (padding.name == "valid") {
    pads = {0};
  } else if (!padding.name.empty()) {
    fail<ValueError>("conv2d(): padding must be numbers, 'same' or 'valid', got '", padding.name, "'");
  }
  const ConvShape shape(info.name, batch.shape(), weight.shape(), stride, pads, dilation, groups);
  Tensor y = tape::apply<Conv>(batch, weight, bias, shape);
  return x.ndim() == 3 ? squeeze(y, 0) : y;
}

}  // namespace tg::ops
