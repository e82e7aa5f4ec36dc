// What every kernel file provides at its instruction-set level: a function that fills its part of the table.
#pragma once
#include "kernels/table.h"

#ifdef TG_ISA
namespace tg::kernels::TG_ISA {
void fill_elementwise(ElementwiseTable&);
void fill_math(ElementwiseTable&);
void fill_cast(ElementwiseTable&);
void fill_reduce(ReduceTable&);
void fill_softmax(SoftmaxTable&);
void fill_gemm(GemmTable&);
void fill_window(WindowTable&);
void fill_index(IndexTable&);
void fill_optim(OptimTable&);
void fill(Table&);  // all of the above (level.cpp)
}  // namespace tg::kernels::TG_ISA
#endif
