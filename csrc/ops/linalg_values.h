// What linear algebra does on values: factors of small matrices from ops/factor.h, of larger ones from LAPACK.
#pragma once
#include <string>

#include "ops/linalg_solve.h"

namespace tg::ops {

// routine: qr eigh eigvalsh svd svdvals. The signs of singular and eigenvectors are fixed. Throws where the algorithm gives up.
TensorList factors(const char* op, const char* routine, const Tensor& a, bool full);

inline int64_t rows(const Tensor& x) { return x.size(x.ndim() - 2); }
inline int64_t columns(const Tensor& x) { return x.size(x.ndim() - 1); }
inline Shape batch_of(const Tensor& x) { return Shape(x.shape().first(size_t(x.ndim()) - 2)); }

inline Shape matrices(Shape batch, int64_t rows, int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}

// Up to this size an LU or Cholesky factorisation here beats the call of LAPACK.
constexpr int64_t kOwnSystem = 48;
// The transpose of every matrix, contiguous.
Tensor transposed_values(const Tensor& x);
// "batch element 2: " where there is a batch, for messages.
std::string which(const Tensor& x, int64_t i);

}  // namespace tg::ops
