// Convolution of few places with many weights, as in the last layers of a network: the windows of all images side by side, in
// one matrix product, so that the weights are read once and not once for each image.
#include "ops/conv_steps.h"
#include "ops/gemm.h"

namespace tg::ops {
namespace {

// [taps, images, places] as [images, taps, places], and the like.
Tensor images_first(const Tensor& t) {
  return alias(t, Shape{t.size(1), t.size(0), t.size(2)}, Ints{t.stride(1), t.stride(0), t.stride(2)}, 0);
}
Tensor reshaped(const Tensor& t, const Shape& shape) { return alias(t, shape, contiguous_strides(shape), 0); }

// The windows under each tap, of all images: [taps, images, places].
Tensor all_columns(const ConvShape& s, const ConvSteps& t, const Tensor& x) {
  Tensor apart = empty(Shape{s.n, t.taps, t.places}, x.dtype()), columns = empty(Shape{t.taps, s.n, t.places}, x.dtype());
  for (int64_t i = 0; i < s.n; ++i)
    table().window.im2col[int(x.dtype())](s.window, x.bytes() + i * t.x_image, apart.bytes() + i * t.columns);
  copy_values(images_first(columns), apart);
  return columns;
}
// y [images, outputs, places] as [outputs, images * places].
Tensor outputs_first(const ConvShape& s, const ConvSteps& t, const Tensor& y) {
  return contiguous_values(images_first(reshaped(y, Shape{s.n, t.outputs, t.places})));
}

}  // namespace

Tensor deep_forward(const ConvShape& s, const ConvSteps& t, const Tensor& x, const Tensor& weight) {
  const int64_t wide = s.n * t.places;
  const Tensor columns = all_columns(s, t, x), product = empty(Shape{t.outputs, s.n, t.places}, x.dtype());
  const GemmCall call{x.dtype(),       t.outputs, wide, t.taps, {weight.bytes(), t.taps, 1}, {columns.bytes(), wide, 1},
                      product.bytes(), wide};
  run_gemm(call, {&weight, &columns, &product});
  return reshaped(contiguous_values(images_first(product)), s.output());
}

Tensor deep_transposed(const ConvShape& s, const ConvSteps& t, const Tensor& y, const Tensor& weight) {
  const int64_t wide = s.n * t.places;
  const Tensor dy = outputs_first(s, t, y), columns = empty(Shape{t.taps, s.n, t.places}, y.dtype());
  const GemmCall call{y.dtype(),       t.taps, wide, t.outputs, {weight.bytes(), 1, t.taps}, {dy.bytes(), wide, 1},
                      columns.bytes(), wide};
  run_gemm(call, {&weight, &dy, &columns});
  const Tensor apart = contiguous_values(images_first(columns)), x = zeros(s.input(), y.dtype());
  for (int64_t i = 0; i < s.n; ++i)
    table().window.col2im[int(y.dtype())](s.window, apart.bytes() + i * t.columns, x.bytes() + i * t.x_image);
  return x;
}

Tensor deep_weight_grad(const ConvShape& s, const ConvSteps& t, const Tensor& dy_any, const Tensor& x) {
  const int64_t wide = s.n * t.places;
  const Tensor dy = outputs_first(s, t, dy_any), columns = all_columns(s, t, x), dw = empty(s.weight(), x.dtype());
  const GemmCall call{x.dtype(), t.outputs, t.taps, wide, {dy.bytes(), wide, 1}, {columns.bytes(), 1, wide}, dw.bytes(), t.taps};
  run_gemm(call, {&dy, &columns, &dw});
  return dw;
}

}  // namespace tg::ops
