// The operations as plain C++ functions that record: what gradient rules are written in. One line per operation;
// the families define them.
#pragma once
#include "core/tensor.h"

namespace tg::ops {

// arithmetic.h
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor neg(const Tensor& x);
Tensor pow(const Tensor& x, const Tensor& exponent);
Tensor sign(const Tensor& x);
Tensor floor_divide(const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor div_trunc(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);
// exponential.h, trigonometry.h, special.h
Tensor rsqrt(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor digamma(const Tensor& x);
Tensor polygamma(int64_t n, const Tensor& x);
Tensor i1(const Tensor& x);
// math.h
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor relu(const Tensor& x);
Tensor tanh_grad(const Tensor& dy, const Tensor& y);
Tensor sigmoid_grad(const Tensor& dy, const Tensor& y);
Tensor relu_grad(const Tensor& dy, const Tensor& y);
// compare.h
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);
Tensor isfinite(const Tensor& x);
Tensor logical_not(const Tensor& x);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor bitwise_and(const Tensor& a, const Tensor& b);
// views.h
Tensor reshape(const Tensor& x, const Ints& shape);
Tensor permute(const Tensor& x, const Ints& dims);
Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1);
Tensor expand(const Tensor& x, const Ints& shape);
Tensor unsqueeze(const Tensor& x, int64_t dim);
Tensor squeeze(const Tensor& x, int64_t dim);
Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length);
Tensor select(const Tensor& x, int64_t dim, int64_t index);
Tensor as_strided(const Tensor& x, const Ints& shape, const Ints& strides, int64_t offset);
Tensor contiguous(const Tensor& x);
Tensor clone(const Tensor& x);
Tensor to(const Tensor& x, DType dtype);
// reduce.h
Tensor sum(const Tensor& x, const Ints& dims = {}, bool keepdim = false);
Tensor mean(const Tensor& x, const Ints& dims = {}, bool keepdim = false);
Tensor amax(const Tensor& x, const Ints& dims = {}, bool keepdim = false);
Tensor sum_to(const Tensor& x, Span shape);  // undoes broadcasting
// join.h
Tensor cat(const TensorList& tensors, int64_t dim = 0);
// index.h
Tensor gather(const Tensor& x, int64_t dim, const Tensor& index);
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
Tensor take_rows(const Tensor& x, const Tensor& rows);
Tensor add_rows(const Tensor& y, const Tensor& rows, int64_t count);
// matmul.h
Tensor matmul(const Tensor& a, const Tensor& b);
Tensor mm(const Tensor& a, const Tensor& b);
// linalg_solve.h, linalg_norm.h
Tensor linalg_inv(const Tensor& a);
Tensor linalg_vector_norm(const Tensor& x, double ord, const Ints& dims = {}, bool keepdim = false);
// softmax.h
Tensor softmax(const Tensor& x, int64_t dim);
Tensor log_softmax(const Tensor& x, int64_t dim);

}  // namespace tg::ops

namespace tg {

// Gradient rules read like the mathematics above them. A C++ number acts as a Python number does: it has no dtype.
inline Tensor number(double value) {
  Tensor t = scalar(value, DType::float64);
  t->weak = true;
  return t;
}
inline Tensor operator+(const Tensor& a, const Tensor& b) { return ops::add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return ops::sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return ops::mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return ops::div(a, b); }
inline Tensor operator-(const Tensor& a) { return ops::neg(a); }
inline Tensor operator+(const Tensor& a, double b) { return ops::add(a, number(b)); }
inline Tensor operator-(const Tensor& a, double b) { return ops::sub(a, number(b)); }
inline Tensor operator*(const Tensor& a, double b) { return ops::mul(a, number(b)); }
inline Tensor operator/(const Tensor& a, double b) { return ops::div(a, number(b)); }
inline Tensor operator-(double a, const Tensor& b) { return ops::sub(number(a), b); }
inline Tensor operator/(double a, const Tensor& b) { return ops::div(number(a), b); }

}  // namespace tg
