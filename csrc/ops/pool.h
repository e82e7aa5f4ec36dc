// Pooling: the maximum, the mean or a power mean of each window of signals and images, and what undoes the maximum.
// Windows are regular here; those of adaptive pooling are in pool_adaptive.h.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/window.h"

namespace tg::ops {

// x [N, C, H, W] or with fewer dims, seen as planes. A kernel of 0 stands for the windows of adaptive pooling.
struct PoolShape {
  Shape input, output;
  kernels::Window2d window;

  int64_t plane() const { return window.height * window.width; }
  int64_t places() const { return window.out_h * window.out_w; }
};
// An empty stride is the kernel's size.
PoolShape pool_shape(const char* op, int dims, const Tensor& x, const Ints& kernel, const std::optional<Ints>& stride,
                     const Ints& padding, const Ints& dilation, bool ceil_mode);

struct MaxPool {
  Tensor values, indices;
};
struct Divisor {
  bool counts_padding = true;
  int64_t fixed = 0;  // 0: as many elements as there are in the window
};

void require_kernel(const char* op, const Tensor& x, bool there_is);

// Values only (pool.cpp).
MaxPool max_pool_values(const PoolShape& s, const Tensor& x, bool wants_indices);
Tensor avg_pool_values(const PoolShape& s, const Tensor& x, Divisor divisor);
Tensor avg_pool_grad_values(const PoolShape& s, const Tensor& dy, Divisor divisor);
// Runs f(first plane, count) for blocks of planes, each of so much work.
template <class F>
void for_planes(int64_t planes, int64_t work, std::initializer_list<const Tensor*> operands, const F& f) {
  const int64_t grain = work * planes < (1 << 17) ? planes : std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, work));
  Unlocked unlocked(work * planes, operands);
  parallel_ranges(planes, grain, [&](int64_t begin, int64_t end) { f(begin, end - begin); });
}

// Positions h * W + w within each plane, for each of its places.
struct PlaneAt {
  static constexpr OpInfo info{.name = "plane_at",
                               .signature = "(input: Tensor, indices: Tensor, plane: int, dims: int) -> Tensor",
                               .doc = "The elements at given positions of each plane.",
                               .formula = "y[p, i] = x[p, indices[p, i]]",
                               .gradient = "dx = dy added where the elements stood",
                               .face = Face::internal};
  struct Saved {
    Tensor indices;
    Shape shape;
    int dims;
  };
  static Tensor forward(Saved& s, const Tensor& x, Made indices, int dims);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct PlaneAdd {
  static constexpr OpInfo info{.name = "plane_add",
                               .signature = "(grad: Tensor, indices: Tensor, shape: tuple) -> Tensor",
                               .doc = "Elements added to planes of zeros at given positions.",
                               .formula = "x[p, indices[p, i]] += y[p, i]",
                               .gradient = "for a gradient g: dy = g at the positions",
                               .face = Face::internal};
  using Saved = PlaneAt::Saved;
  static Tensor forward(Saved& s, const Tensor& dy, Made indices, const Shape& shape, int dims);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& g) { return {tape::apply<PlaneAt>(g, Made{s.indices}, s.dims)}; }
};

inline Grads<1> PlaneAt::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<PlaneAdd>(dy, Made{s.indices}, s.shape, s.dims)};
}

struct MaxPoolAt {
  static constexpr OpInfo info{.name = "max_pool_at",
                               .signature = "(input: Tensor, indices: Tensor, values: Tensor) -> Tensor",
                               .doc = "The elements of each plane that a max pooling chose.",
                               .formula = "y = x at the winners",
                               .gradient = "dx = dy added where the winners stood",
                               .face = Face::internal,
                               .label = "max_pool2d"};
  using Saved = PlaneAt::Saved;
  // `values` are what the kernel found beside the indices; nothing is gathered twice.
  static Tensor forward(Saved& s, const Tensor& x, Made indices, Made values, int dims) {
    s = {indices.tensor, x.shape(), dims};
    return values.tensor;
  }
  static Grads<1> backward(const Saved& s, Needs needs, const Tensor& dy) { return PlaneAt::backward(s, needs, dy); }
};

ValuesIndices max_pool(const PoolShape& s, int dims, const Tensor& x, bool wants_indices);

template <class Op, int kDims, bool kAlwaysIndices = false>
struct MaxPooling {
  static ValuesIndices forward(const Tensor& x, const Ints& kernel_size, const std::optional<Ints>& stride, const Ints& padding,
                               const Ints& dilation, bool ceil_mode, bool return_indices) {
    require_kernel(Op::info.name, x,
                   table().window.max_pool[int(x.dtype())] && (kDims == 2 || kAlwaysIndices || is_floating(x.dtype())));
    return max_pool(pool_shape(Op::info.name, kDims, x, kernel_size, stride, padding, dilation, ceil_mode), kDims, x,
                    return_indices || kAlwaysIndices);
  }
};

struct MaxPool1d : MaxPooling<MaxPool1d, 1> {
  static constexpr OpInfo info{
      .name = "max_pool1d",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "dilation: int | tuple = 1, ceil_mode: bool = False, return_indices: bool = False) -> Tensor | tuple",
      .doc = "The maximum of each window of [N, C, L] or [C, L]; stride is kernel_size where not given.",
      .example = "tg.max_pool1d(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)",
      .face = Face::function | Face::functional};
};

struct MaxPool2d : MaxPooling<MaxPool2d, 2> {
  static constexpr OpInfo info{
      .name = "max_pool2d",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "dilation: int | tuple = 1, ceil_mode: bool = False, return_indices: bool = False) -> Tensor | tuple",
      .doc =
          "The maximum of each window of [N, C, H, W] or [C, H, W]; stride is kernel_size where not given. The gradient goes to "
          "the first maximum of a window.",
      .example = "tg.max_pool2d(tg.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2)",
      .face = Face::function | Face::functional};
};

struct MaxPool1dWithIndices : MaxPooling<MaxPool1dWithIndices, 1, true> {
  static constexpr OpInfo info{
      .name = "max_pool1d_with_indices",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "dilation: int | tuple = 1, ceil_mode: bool = False, return_indices: bool = False) -> tuple",
      .doc = "max_pool1d and where in its row each maximum stands.",
      .example = "tg.max_pool1d_with_indices(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)",
      .face = Face::function | Face::functional};
};

struct MaxPool2dWithIndices : MaxPooling<MaxPool2dWithIndices, 2, true> {
  static constexpr OpInfo info{
      .name = "max_pool2d_with_indices",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "dilation: int | tuple = 1, ceil_mode: bool = False, return_indices: bool = False) -> tuple",
      .doc = "max_pool2d and where in its plane each maximum stands, h * W + w.",
      .example = "tg.nn.functional.max_pool2d_with_indices(tg.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2)",
      .face = Face::functional};
};

struct AvgPoolGrad;

struct AvgPool {
  static constexpr OpInfo info{.name = "avg_pool_geometry",
                               .signature = "(input: Tensor, geometry: object, divisor: object) -> Tensor",
                               .doc = "Average pooling with a checked geometry.",
                               .formula = "y = mean over each window",
                               .gradient = "dx = dy spread over it",
                               .face = Face::internal,
                               .label = "avg_pool2d"};
  struct Saved {
    PoolShape shape;
    Divisor divisor;
  };
  static Tensor forward(Saved& s, const Tensor& x, const PoolShape& shape, Divisor divisor) {
    s = {shape, divisor};
    return avg_pool_values(shape, x, divisor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy);
};

struct AvgPoolGrad {
  static constexpr OpInfo info{.name = "avg_pool_grad",
                               .signature = "(grad: Tensor, geometry: object, divisor: object) -> Tensor",
                               .doc = "The gradient of average pooling.",
                               .formula = "dx = dy spread over each window",
                               .gradient = "d(dy) = the means of g",
                               .face = Face::internal};
  using Saved = AvgPool::Saved;
  static Tensor forward(Saved& s, const Tensor& dy, const PoolShape& shape, Divisor divisor) {
    s = {shape, divisor};
    return avg_pool_grad_values(shape, dy, divisor);
  }
  static Grads<1> backward(const Saved& s, Needs, const Tensor& g) { return {tape::apply<AvgPool>(g, s.shape, s.divisor)}; }
};

inline Grads<1> AvgPool::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<AvgPoolGrad>(dy, s.shape, s.divisor)};
}

struct AvgPool1d {
  static constexpr OpInfo info{
      .name = "avg_pool1d",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "ceil_mode: bool = False, count_include_pad: bool = True) -> Tensor",
      .doc = "The mean of each window of [N, C, L] or [C, L]; stride is kernel_size where not given.",
      .example = "tg.avg_pool1d(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)",
      .face = Face::function | Face::functional};
  static Tensor forward(const Tensor& x, const Ints& kernel_size, const std::optional<Ints>& stride, const Ints& padding,
                        bool ceil_mode, bool count_include_pad) {
    require_kernel(info.name, x, table().window.avg_pool[int(x.dtype())]);
    return tape::apply<AvgPool>(x, pool_shape(info.name, 1, x, kernel_size, stride, padding, {1}, ceil_mode),
                                Divisor{count_include_pad});
  }
};

struct AvgPool2d {
  static constexpr OpInfo info{
      .name = "avg_pool2d",
      .signature =
          "(input: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, padding: int | tuple = 0, "
          "ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor",
      .doc = "The mean of each window of [N, C, H, W] or [C, H, W]; stride is kernel_size where not given.",
      .example = "tg.nn.functional.avg_pool2d(tg.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, const Ints& kernel_size, const std::optional<Ints>& stride, const Ints& padding,
                        bool ceil_mode, bool count_include_pad, std::optional<int64_t> divisor_override) {
    if (divisor_override == 0) fail<RuntimeError>("avg_pool2d(): divisor_override must not be zero");
    require_kernel(info.name, x, table().window.avg_pool[int(x.dtype())]);
    return tape::apply<AvgPool>(x, pool_shape(info.name, 2, x, kernel_size, stride, padding, {1}, ceil_mode),
                                Divisor{count_include_pad, divisor_override.value_or(0)});
  }
};

// (sum over the window of x^p)^(1/p), from the mean as PyTorch has it.
Tensor lp_pool(const char* op, int dims, const Tensor& x, double norm_type, const Ints& kernel, const std::optional<Ints>& stride,
               bool ceil_mode);

struct LpPool1d {
  static constexpr OpInfo info{
      .name = "lp_pool1d",
      .signature =
          "(input: Tensor, norm_type: float, kernel_size: int | tuple, stride: int | tuple | None = None, "
          "ceil_mode: bool = False) -> Tensor",
      .doc = "The power sum (sum x^p)^(1/p) of each window of [N, C, L] or [C, L]; NaN where the sum is negative.",
      .example = "tg.nn.functional.lp_pool1d(tg.tensor([[3.0, 4.0, 6.0, 8.0]]), 2, 2)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, double norm_type, const Ints& kernel_size, const std::optional<Ints>& stride,
                        bool ceil_mode) {
    return lp_pool(info.name, 1, x, norm_type, kernel_size, stride, ceil_mode);
  }
};

struct LpPool2d {
  static constexpr OpInfo info{
      .name = "lp_pool2d",
      .signature =
          "(input: Tensor, norm_type: float, kernel_size: int | tuple, stride: int | tuple | None = None, "
          "ceil_mode: bool = False) -> Tensor",
      .doc = "The power sum (sum x^p)^(1/p) of each window of [N, C, H, W] or [C, H, W]; NaN where the sum is negative.",
      .example = "tg.nn.functional.lp_pool2d(tg.tensor([[[3.0, 4.0], [0.0, 0.0]]]), 2, 2)",
      .face = Face::functional};
  static Tensor forward(const Tensor& x, double norm_type, const Ints& kernel_size, const std::optional<Ints>& stride,
                        bool ceil_mode) {
    return lp_pool(info.name, 2, x, norm_type, kernel_size, stride, ceil_mode);
  }
};

struct MaxUnpool {
  static constexpr OpInfo info{.name = "max_unpool_at",
                               .signature = "(input: Tensor, indices: Tensor, shape: tuple) -> Tensor",
                               .doc = "Max unpooling with checked indices.",
                               .formula = "y[p, indices[p, i]] = x[p, i], 0 elsewhere",
                               .gradient = "dx = dy at the indices",
                               .face = Face::internal,
                               .label = "max_unpool2d"};
  using Saved = PlaneAt::Saved;
  static Tensor forward(Saved& s, const Tensor& x, Made indices, const Shape& shape, int dims);
  static Grads<1> backward(const Saved& s, Needs, const Tensor& dy) {
    return {tape::apply<PlaneAt>(dy, Made{s.indices}, s.dims)};
  }
};

Tensor max_unpool(const char* op, int dims, const Tensor& x, const Tensor& indices, const Ints& kernel,
                  const std::optional<Ints>& stride, const Ints& padding, const std::optional<Ints>& output_size);

template <class Op, int kDims>
struct MaxUnpooling {
  static Tensor forward(const Tensor& x, const Tensor& indices, const Ints& kernel_size, const std::optional<Ints>& stride,
                        const Ints& padding, const std::optional<Ints>& output_size) {
    return max_unpool(Op::info.name, kDims, x, indices, kernel_size, stride, padding, output_size);
  }
};

struct MaxUnpool1d : MaxUnpooling<MaxUnpool1d, 1> {
  static constexpr OpInfo info{
      .name = "max_unpool1d",
      .signature =
          "(input: Tensor, indices: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, "
          "padding: int | tuple = 0, output_size: tuple | None = None) -> Tensor",
      .doc = "The maxima put back where max_pool1d found them, among zeros.",
      .example = "tg.nn.functional.max_unpool1d(tg.tensor([[3.0, 2.0]]), tg.tensor([[1, 2]]), 2)",
      .face = Face::functional};
};

struct MaxUnpool2d : MaxUnpooling<MaxUnpool2d, 2> {
  static constexpr OpInfo info{
      .name = "max_unpool2d",
      .signature =
          "(input: Tensor, indices: Tensor, kernel_size: int | tuple, stride: int | tuple | None = None, "
          "padding: int | tuple = 0, output_size: tuple | None = None) -> Tensor",
      .doc = "The maxima put back where max_pool2d found them, among zeros.",
      .example = "tg.nn.functional.max_unpool2d(tg.tensor([[[3.0]]]), tg.tensor([[[1]]]), 2)",
      .face = Face::functional};
};

using Pools = OpList<MaxPool1d, MaxPool2d, MaxPool1dWithIndices, MaxPool2dWithIndices, AvgPool1d, AvgPool2d, LpPool1d, LpPool2d,
                     MaxUnpool1d, MaxUnpool2d>;
using PoolsInternal = OpList<MaxPoolAt, PlaneAt, PlaneAdd, AvgPool, AvgPoolGrad, MaxUnpool>;

}  // namespace tg::ops
