// The operations as functions that record.
#include "ops/functions.h"

#include "ops/all.h"

namespace tg::ops {

using tape::apply;

Tensor add(const Tensor& a, const Tensor& b) { return apply<Add>(a, b, kOne); }
Tensor sub(const Tensor& a, const Tensor& b) { return apply<Sub>(a, b, kOne); }
Tensor mul(const Tensor& a, const Tensor& b) { return apply<Mul>(a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return apply<Div>(a, b, std::optional<std::string_view>()); }
Tensor neg(const Tensor& x) { return apply<Neg>(x); }
Tensor pow(const Tensor& x, const Tensor& exponent) { return apply<Pow>(x, exponent); }
Tensor sign(const Tensor& x) { return apply<Sign>(x); }
Tensor floor_divide(const Tensor& a, const Tensor& b) { return apply<FloorDivide>(a, b); }
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) { return apply<Choose>(condition, a, b); }
Tensor div_trunc(const Tensor& a, const Tensor& b) { return apply<Div>(a, b, std::optional<std::string_view>("trunc")); }
Tensor maximum(const Tensor& a, const Tensor& b) { return apply<Maximum>(a, b); }

Tensor rsqrt(const Tensor& x) { return apply<Rsqrt>(x); }
Tensor sinh(const Tensor& x) { return apply<Sinh>(x); }
Tensor cosh(const Tensor& x) { return apply<Cosh>(x); }
Tensor digamma(const Tensor& x) { return apply<Digamma>(x); }
Tensor polygamma(int64_t n, const Tensor& x) { return apply<Polygamma>(n, x); }
Tensor i1(const Tensor& x) { return apply<I1>(x); }

Tensor exp(const Tensor& x) { return apply<Exp>(x); }
Tensor log(const Tensor& x) { return apply<Log>(x); }
Tensor sqrt(const Tensor& x) { return apply<Sqrt>(x); }
Tensor sin(const Tensor& x) { return apply<Sin>(x); }
Tensor cos(const Tensor& x) { return apply<Cos>(x); }
Tensor tanh(const Tensor& x) { return apply<Tanh>(x); }
Tensor sigmoid(const Tensor& x) { return apply<Sigmoid>(x); }
Tensor relu(const Tensor& x) { return apply<Relu>(x, Inplace{}); }
Tensor tanh_grad(const Tensor& dy, const Tensor& y) { return apply<TanhGrad>(dy, y); }
Tensor sigmoid_grad(const Tensor& dy, const Tensor& y) { return apply<SigmoidGrad>(dy, y); }
Tensor relu_grad(const Tensor& dy, const Tensor& y) { return apply<ReluGrad>(dy, y); }

// Also of two numbers, which a rule may have been given; Python may not.
Tensor eq(const Tensor& a, const Tensor& b) { return binary_bool("eq", table().elementwise.eq, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return binary_bool("ne", table().elementwise.ne, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return binary_bool("lt", table().elementwise.lt, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return binary_bool("le", table().elementwise.le, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return binary_bool("gt", table().elementwise.gt, a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return binary_bool("ge", table().elementwise.ge, a, b); }
Tensor isfinite(const Tensor& x) { return apply<IsFinite>(x); }
Tensor logical_not(const Tensor& x) { return apply<LogicalNot>(x); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return apply<LogicalOr>(a, b); }
Tensor bitwise_and(const Tensor& a, const Tensor& b) { return apply<BitwiseAnd>(a, b); }

Tensor reshape(const Tensor& x, const Ints& shape) { return apply<Reshape>(x, shape); }
Tensor permute(const Tensor& x, const Ints& dims) { return apply<Permute>(x, dims); }
Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1) { return apply<Transpose>(x, dim0, dim1); }
Tensor expand(const Tensor& x, const Ints& shape) { return apply<Expand>(x, shape); }
Tensor unsqueeze(const Tensor& x, int64_t dim) { return apply<Unsqueeze>(x, dim); }
Tensor squeeze(const Tensor& x, int64_t dim) { return apply<Squeeze>(x, std::optional(Ints{dim})); }
Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length) { return apply<Narrow>(x, dim, start, length); }
Tensor select(const Tensor& x, int64_t dim, int64_t index) { return apply<Select>(x, dim, index); }
Tensor as_strided(const Tensor& x, const Ints& shape, const Ints& strides, int64_t offset) {
  return apply<Strided>(x, shape, strides, offset);
}
Tensor contiguous(const Tensor& x) { return apply<Contiguous>(x); }
Tensor clone(const Tensor& x) { return apply<Clone>(x); }
Tensor to(const Tensor& x, DType dtype) { return x.dtype() == dtype ? x : apply<Cast>(x, dtype); }

Tensor sum(const Tensor& x, const Ints& dims, bool keepdim) { return apply<Sum>(x, dims, keepdim, std::optional<DType>()); }
Tensor mean(const Tensor& x, const Ints& dims, bool keepdim) { return apply<Mean>(x, dims, keepdim, std::optional<DType>()); }
Tensor amax(const Tensor& x, const Ints& dims, bool keepdim) { return apply<Amax>(x, dims, keepdim); }

Tensor sum_to(const Tensor& x, Span shape) {
  if (same(x.shape(), shape)) return x;
  const int lead = x.ndim() - int(shape.size());
  Ints dims;
  for (int d = 0; d < x.ndim(); ++d)
    if (d < lead || (shape[size_t(d - lead)] == 1 && x.size(d) != 1)) dims.push_back(d);
  Tensor y = dims.empty() ? x : sum(x, dims, true);
  return lead ? reshape(y, shape) : y;
}

Tensor cat(const TensorList& tensors, int64_t dim) { return apply<Cat>(tensors, dim); }

Tensor gather(const Tensor& x, int64_t dim, const Tensor& index) { return apply<Gather>(x, dim, index, false); }
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  return apply<ScatterAdd>(x, dim, index, source);
}
Tensor take_rows(const Tensor& x, const Tensor& rows) { return apply<TakeAt>(x, rows, 0, 1); }
Tensor add_rows(const Tensor& y, const Tensor& rows, int64_t count) {
  return apply<AddAt>(y, rows, Shape{count, y.size(1)}, 0, 1);
}

Tensor matmul(const Tensor& a, const Tensor& b) { return apply<MatMul>(a, b); }
Tensor mm(const Tensor& a, const Tensor& b) { return apply<MatMul>(a, b); }

Tensor softmax(const Tensor& x, int64_t dim) { return apply<Softmax>(x, dim, std::optional<DType>(), int64_t(3)); }
Tensor log_softmax(const Tensor& x, int64_t dim) { return apply<LogSoftmax>(x, dim, std::optional<DType>(), int64_t(3)); }

}  // namespace tg::ops
