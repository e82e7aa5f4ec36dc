// What every kernel file provides at its instruction-set level: a function that fills its part of the table.
#pragma once
#include "kernels/table.h"

#ifdef TG_ISA
namespace tg::kernels::TG_ISA {
void fill_elementwise(ElementwiseTable&);
void fill_order(ElementwiseTable&);
void fill_math(ElementwiseTable&);
void fill_special(ElementwiseTable&);
void fill_cast(ElementwiseTable&);
void fill_reduce(ReduceTable&);
void fill_extreme(ReduceTable&);
void fill_statistics(ReduceTable&);
void fill_scan(ScanTable&);
void fill_softmax(SoftmaxTable&);
void fill_activation(ActivationTable&);
void fill_loss(LossTable&);
void fill_norm(NormTable&);
void fill_attention(AttentionTable&);
void fill_recurrent(RecurrentTable&);
void fill_gemm(GemmTable&);
void fill_window(WindowTable&);
void fill_conv(WindowTable&);
void fill_conv_strips(WindowTable&);
void fill_conv_places(WindowTable&);
void fill_conv_weight(WindowTable&);
void fill_stream(ElementwiseTable&);
void fill_pool(WindowTable&);
void fill_resample(ResampleTable&);
void fill_index(IndexTable&);
void fill_optim(OptimTable&);
void fill_random(RandomTable&);
void fill_probe(ProbeTable&);
void fill(Table&);  // all of the above (level.cpp)
}  // namespace tg::kernels::TG_ISA
#endif
