// The arguments of convolutions as users give them: checked, and turned into a ConvShape. Computes nothing.
#include "ops/conv.h"

namespace tg::ops {
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
