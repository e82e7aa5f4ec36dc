// The factorisations that come from LAPACK, through a hook that bind/ fills in at import with NumPy's: the one place where
// ops/ calls upwards. Small matrices, and what NumPy lacks, are factored in ops/factor.h.
#pragma once
#include <string_view>

#include "core/errors.h"
#include "core/tensor.h"

namespace tg::ops {

// A matrix has no such inverse or factorisation: tg.linalg.LinAlgError in Python.
struct LinAlgError : RuntimeError {
  using RuntimeError::RuntimeError;
};

// routine: inv solve cholesky det slogdet eigh eigvalsh qr svd svdvals, of batches of contiguous float matrices. `full`: the
// complete Q, or the square U and V. No results where the algorithm gives up.
using Lapack = TensorList (*)(std::string_view routine, const TensorList& operands, bool full);
extern Lapack lapack;

}  // namespace tg::ops
