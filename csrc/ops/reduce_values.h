// Reductions on values alone: brings any set of dims into the form the kernels take, and cuts the work.
#pragma once
#include "ops/common.h"

namespace tg::ops {

Shape kept_shape(Span shape, const Ints& dims);  // reduced dims as size 1
Shape result_shape(Span shape, const Ints& dims, bool keepdim);
int64_t count(Span shape, const Ints& dims);  // elements reduced into one

// dims are normalized. Throws where a reduction of nothing has no value.
Tensor reduce_values(const char* op, const kernels::ReduceFn* fn, const Tensor& x, const Ints& dims, bool keepdim, DType out);
Tensor sum_values(const Tensor& x, const Ints& dims, bool keepdim);  // float or int64; zero over nothing
Tensor arg_values(const char* op, const kernels::ReduceFn* fn, const Tensor& x, std::optional<int64_t> dim, bool keepdim);

}  // namespace tg::ops
