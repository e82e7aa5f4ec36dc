// Layouts on values.
#include "ops/fold.h"

namespace tg::ops {
namespace {

// Runs kernel(window, image, columns) for every image of a batch.
template <class F>
void for_images(const FoldShape& s, const Tensor& images, const Tensor& columns, const F& f) {
  if (images.numel() == 0 || columns.numel() == 0) return;
  const int64_t size = int64_t(itemsize(images.dtype()));
  const int64_t image = images.numel() / s.n * size, column = columns.numel() / s.n * size;
  char* x = images.bytes();
  char* y = columns.bytes();
  Unlocked unlocked(columns.numel(), {&images, &columns});
  parallel_ranges(s.n, std::max<int64_t>(1, (1 << 15) * size / column), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(s.window, x + i * image, y + i * column);
  });
}

// Few elements are copied faster than a loop over strides is set up: y's in order, x's wherever they stand.
template <class T>
void copy_few(const T* x, T* y, const Ints& sizes, const Ints& strides, int dim) {
  int64_t at[kMaxDims] = {}, from = 0;
  const int last = dim - 1;
  for (int64_t left = product(sizes); left > 0; left -= sizes[last]) {
    for (int64_t i = 0; i < sizes[last]; ++i) *y++ = x[from + i * strides[last]];
    for (int d = last - 1; d >= 0; --d) {
      from += strides[d];
      if (++at[d] < sizes[d]) break;
      from -= sizes[d] * strides[d];
      at[d] = 0;
    }
  }
}

// x seen in `split` sizes, their order permuted, copied and seen in `shape`.
template <size_t N>
Tensor rearranged(const Tensor& x_any, const int64_t (&split)[N], const int (&order)[N], const Shape& shape) {
  Tensor x = contiguous_values(x_any), y = empty(shape, x.dtype());
  const Ints steps = contiguous_strides(Span(split, N));
  Ints sizes, strides;
  for (int d : order) {
    sizes.push_back(split[d]);
    strides.push_back(steps[d]);
  }
  if (y.numel() <= 256) {
    visit(x.dtype(), [&](auto zero) { copy_few(x.data<decltype(zero)>(), y.data<decltype(zero)>(), sizes, strides, int(N)); });
    return y;
  }
  copy_values(alias(y, sizes, contiguous_strides(sizes), 0), alias(x, sizes, strides, 0));
  return y;
}

// Bool counts as numbers that are 0 or 1.
Tensor as_number(const char* op, const Tensor& x) {
  if (x.dtype() == DType::bool_) return cast(x, DType::float32);
  require_floating(op, "input", x);
  return x;
}
Tensor as_given(const Tensor& y, const Tensor& x) { return x.dtype() == DType::bool_ ? cast(y, DType::bool_) : y; }

}  // namespace

Tensor im2col_values(const FoldShape& s, const Tensor& x_any) {
  Tensor x = contiguous_values(x_any), y = empty(s.columns, x.dtype());
  for_images(s, x, y, table().window.im2col[int(x.dtype())]);
  return y;
}

Tensor col2im_values(const FoldShape& s, const Tensor& columns_any) {
  Tensor columns = contiguous_values(columns_any), x = zeros(s.images, columns.dtype());
  const auto col2im = table().window.col2im[int(x.dtype())];
  for_images(s, x, columns, [&](const kernels::Window2d& w, char* image, char* column) { col2im(w, column, image); });
  return x;
}

Tensor Im2col::forward(const Tensor& x, const Ints& kernel_size, const Ints& dilation, const Ints& padding, const Ints& stride) {
  const char* op = "unfold";
  if (x.ndim() != 4 && x.ndim() != 3)
    fail<RuntimeError>("unfold(): expected input [N, C, H, W] or [C, H, W], got shape ", Show{x.shape()});
  const int channel = x.ndim() - 3;
  for (int d = channel; d < x.ndim(); ++d)
    if (x.size(d) == 0) fail<RuntimeError>("unfold(): input of shape ", Show{x.shape()}, " is empty beyond its batch dim");
  const Pair k(op, "kernel_size", kernel_size, 2, 1), d(op, "dilation", dilation, 2, 1), p(op, "padding", padding, 2, 0),
      s(op, "stride", stride, 2, 1);
  FoldShape f{x.shape(), {}, channel ? x.size(0) : 1, walk_over(op, x.shape(), 2, k, s, p, d)};
  auto& w = f.window;
  w.channels = x.size(channel);
  checked_numel(op, Shape{w.channels, k.h, k.w, w.out_h, w.out_w});
  if (channel) f.columns.push_back(f.n);
  f.columns.push_back(w.channels * k.h * k.w);
  f.columns.push_back(w.out_h * w.out_w);
  checked_numel(op, f.columns);
  return as_given(tape::apply<Im2colOf>(as_number(op, x), f), x);
}

Tensor Col2im::forward(const Tensor& x, const Ints& output_size, const Ints& kernel_size, const Ints& dilation,
                       const Ints& padding, const Ints& stride) {
  const char* op = "fold";
  if (x.ndim() != 3 && x.ndim() != 2)
    fail<RuntimeError>("fold(): expected input [N, C kh kw, places] or [C kh kw, places], got shape ", Show{x.shape()});
  const Pair size(op, "output_size", output_size, 2, 1), k(op, "kernel_size", kernel_size, 2, 1),
      d(op, "dilation", dilation, 2, 1), p(op, "padding", padding, 2, 0), s(op, "stride", stride, 2, 1);
  const int row = x.ndim() - 2;
  const int64_t taps = k.h * k.w;
  if (x.size(row) == 0 || x.size(row) % taps)
    fail<RuntimeError>("fold(): ", x.size(row), " rows of columns for windows of ", taps, " elements");
  FoldShape f{{}, x.shape(), row ? x.size(0) : 1, walk_over(op, Shape{x.size(row) / taps, size.h, size.w}, 2, k, s, p, d)};
  const auto& w = f.window;
  if (w.out_h * w.out_w != x.size(row + 1)) {
    fail<RuntimeError>("fold(): ", x.size(row + 1), " columns for an image of ", size.h, " x ", size.w, " with ", w.out_h, " x ",
                       w.out_w, " windows");
  }
  if (row) f.images.push_back(f.n);
  for (int64_t n : {w.channels, size.h, size.w}) f.images.push_back(n);
  checked_numel(op, f.images);
  return as_given(tape::apply<Col2imOf>(as_number(op, x), f), x);
}

Tensor PixelShuffle::forward(Saved& s, const Tensor& x, int64_t r) {
  s.factor = r;
  const int c = x.ndim() - 3;
  if (c < 0 || r < 1 || r > (int64_t(1) << 30) || x.size(c) % (r * r)) {
    fail<RuntimeError>("pixel_shuffle(): upscale_factor ", r, " needs [..., C r r, H, W], got shape ", Show{x.shape()});
  }
  const int64_t channels = x.size(c) / (r * r), h = x.size(c + 1), w = x.size(c + 2);
  Shape shape = x.shape();
  shape[c] = channels;
  shape[c + 1] *= r;
  shape[c + 2] *= r;
  checked_numel(info.name, shape);
  return rearranged(x, {product(x.shape().first(size_t(c))) * channels, r, r, h, w}, {0, 3, 1, 4, 2}, shape);
}

Tensor PixelUnshuffle::forward(Saved& s, const Tensor& x, int64_t r) {
  s.factor = r;
  const int c = x.ndim() - 3;
  if (c < 0 || r < 1 || r > (int64_t(1) << 30) || x.size(c + 1) % r || x.size(c + 2) % r) {
    fail<RuntimeError>("pixel_unshuffle(): downscale_factor ", r, " needs [..., C, H r, W r], got shape ", Show{x.shape()});
  }
  const int64_t h = x.size(c + 1) / r, w = x.size(c + 2) / r;
  Shape shape = x.shape();
  shape[c] *= r * r;
  shape[c + 1] = h;
  shape[c + 2] = w;
  checked_numel(info.name, shape);
  return rearranged(x, {product(x.shape().first(size_t(c) + 1)), h, r, w, r}, {0, 2, 4, 1, 3}, shape);
}

Tensor ChannelShuffle::forward(Saved& s, const Tensor& x, int64_t groups) {
  if (x.ndim() < 3 || groups < 1 || x.size(1) % groups) {
    fail<RuntimeError>("channel_shuffle(): groups ", groups, " needs [N, C, ...] with C a multiple of it, got shape ",
                       Show{x.shape()});
  }
  const int64_t each = x.size(1) / groups;
  s.back = std::max<int64_t>(1, each);
  return rearranged(x, {x.size(0), groups, each, product(x.shape().subspan(2))}, {0, 2, 1, 3}, Shape(x.shape()));
}

}  // namespace tg::ops
