// Two-dimensional pooling.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/window.h"

namespace tg::ops {

// x [N, C, H, W] or [C, H, W] seen as planes.
struct PoolShape {
  Shape input, output;
  int64_t planes;
  kernels::Window2d window;
};
PoolShape pool_shape(const char* op, const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding,
                     const Ints& dilation, bool ceil_mode);

struct MaxPool {
  Tensor values, indices;
};
MaxPool max_pool_values(const PoolShape& s, const Tensor& x);
Tensor avg_pool_values(const PoolShape& s, const Tensor& x, bool count_include_pad);
Tensor avg_pool_grad_values(const PoolShape& s, const Tensor& dy, bool count_include_pad);

struct MaxPool2dAt {
  static constexpr OpInfo info{.name = "max_pool2d_at",
                               .signature = "(input: Tensor, indices: Tensor, geometry: object) -> Tensor",
                               .doc = "The elements of each plane that max_pool2d chose.",
                               .formula = "y = x at the winners, positions h * W + w within each plane",
                               .gradient = "dx = dy added where the winners stood",
                               .face = Face::internal,
                               .label = "max_pool2d"};
  struct Saved {
    Tensor indices;
    Shape input;
  };
  // `values` are what the kernel found beside the indices; nothing is gathered twice.
  static Tensor forward(Saved& s, const Tensor& x, Made indices, Made values) {
    s.indices = indices.tensor;
    s.input = x.shape();
    return values.tensor;
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    const int n = s.input.size();
    const int64_t plane = s.input[n - 1] * s.input[n - 2];
    const int64_t planes = product(Span(s.input).first(size_t(n) - 2)), places = dy.size(n - 1) * dy.size(n - 2);
    Tensor dx = scatter_add(zeros(Shape{planes, plane}, dy.dtype()), 1,
                            alias(s.indices, Shape{planes, places}, Ints{places, 1}, 0), reshape(dy, {planes, places}));
    return {reshape(dx, s.input)};
  }
};

struct MaxPool2d {
  static constexpr OpInfo info{
      .name = "max_pool2d",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "dilation: int | tuple = 1, ceil_mode: bool = False, return_indices: bool = False) -> Tensor | tuple",
      .doc = "The maximum of each window of [N, C, H, W] or [C, H, W]; stride is kernel_size where not given.",
      .face = Face::functional};
  struct Result {
    Tensor values, indices;
  };
  static Result forward(const Tensor& x, const Ints& kernel_size, const std::optional<Ints>& stride, const Ints& padding,
                        const Ints& dilation, bool ceil_mode, bool return_indices) {
    const PoolShape s = pool_shape(info.name, x, kernel_size, stride ? *stride : kernel_size, padding, dilation, ceil_mode);
    MaxPool found = max_pool_values(s, x);
    Tensor y = tape::apply<MaxPool2dAt>(x, Made{found.indices}, Made{found.values});
    return {y, return_indices ? found.indices : Tensor()};
  }
};

struct AvgPoolGrad;

struct AvgPool {
  static constexpr OpInfo info{.name = "avg_pool2d_geometry",
                               .signature = "(input: Tensor, geometry: object, count_include_pad: bool) -> Tensor",
                               .doc = "avg_pool2d with a checked geometry.",
                               .formula = "y = mean over each window",
                               .gradient = "dx = dy spread over it",
                               .face = Face::internal,
                               .label = "avg_pool2d"};
  struct Saved {
    PoolShape shape;
    bool include;
  };
  static Tensor forward(Saved& s, const Tensor& x, const PoolShape& shape, bool include) {
    s = {shape, include};
    return avg_pool_values(shape, x, include);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct AvgPoolGrad {
  static constexpr OpInfo info{.name = "avg_pool2d_grad",
                               .signature = "(grad: Tensor, geometry: object, count_include_pad: bool) -> Tensor",
                               .doc = "The gradient of avg_pool2d.",
                               .formula = "dx = dy spread over each window",
                               .gradient = "d(dy) = the means of g",
                               .face = Face::internal};
  using Saved = AvgPool::Saved;
  static Tensor forward(Saved& s, const Tensor& dy, const PoolShape& shape, bool include) {
    s = {shape, include};
    return avg_pool_grad_values(shape, dy, include);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& g) { return {tape::apply<AvgPool>(g, s.shape, s.include)}; }
};

inline Grads<1> AvgPool::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<AvgPoolGrad>(dy, s.shape, s.include)};
}

struct AvgPool2d {
  static constexpr OpInfo info{
      .name = "avg_pool2d",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "ceil_mode: bool = False, count_include_pad: bool = True) -> Tensor",
      .doc = "The mean of each window of [N, C, H, W] or [C, H, W]; stride is kernel_size where not given.",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Ints& kernel_size, const std::optional<Ints>& stride, const Ints& padding,
                        bool ceil_mode, bool count_include_pad) {
    const PoolShape s = pool_shape(info.name, x, kernel_size, stride ? *stride : kernel_size, padding, {1}, ceil_mode);
    return tape::apply<AvgPool>(x, s, count_include_pad);
  }
};

using Pools = OpList<MaxPool2d, AvgPool2d>;
using PoolsInternal = OpList<MaxPool2dAt, AvgPool, AvgPoolGrad>;

}  // namespace tg::ops
