// Matrix products on values: cuts the work into panels for the pool and hands them to the kernel.
// The kernel's result for an element does not depend on the panel it is in, so neither does it on the threads.
#pragma once
#include "ops/common.h"

namespace tg::ops {

// One operand: element (i, j) stands at data[i * row + j * col].
struct Matrix {
  const char* data;
  int64_t row, col;

  Matrix transposed() const { return {data, col, row}; }
};

// C[m, n] (+)= A[m, k] B[k, n] + bias[n]; C's rows are c_row elements apart, its columns adjacent. bfloat16: run_gemm()
// alone, without accumulate.
struct GemmCall {
  DType dtype;
  int64_t m, n, k;
  Matrix a, b;
  char* c;
  int64_t c_row;
  const char* bias = nullptr;
  bool accumulate = false;
  bool relu = false;  // C is clamped at 0 in the end, panel by panel, while it is near; floats only

  int64_t work() const { return m * n * k; }
  int64_t scratch_bytes() const;
  void run(char* scratch) const;  // on this thread
};

// One product, on several threads where that pays. `operands` are kept alive meanwhile.
void run_gemm(const GemmCall& call, std::initializer_list<const Tensor*> operands);

// Throws where the dtypes differ or are bool.
void check_product(const char* op, const Tensor& a, const Tensor& b);
// The matrix product of tensors of any ranks from 1 on, as PyTorch's matmul defines it.
Tensor matmul_values(const char* op, const Tensor& a, const Tensor& b);

// The product of integer matrices, which wraps on overflow; a plain loop, since nothing trains on integers.
// The operands and the result begin this many elements into the call's.
void integer_product(const GemmCall& call, int64_t a_offset, int64_t b_offset, int64_t c_offset);

// Where matrix i of the broadcast batch begins in t, in elements.
int64_t batch_offset(const Tensor& t, const Shape& batch, int64_t i);

inline Matrix matrix_of(const Tensor& t) {  // the last two dims
  return {t.bytes(), t.stride(t.ndim() - 2), t.stride(t.ndim() - 1)};
}

}  // namespace tg::ops
