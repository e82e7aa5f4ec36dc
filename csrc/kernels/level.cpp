// Joins one instruction-set level: fills its table from every kernel file.
#include "kernels/fill.h"

namespace tg::kernels::TG_ISA {

void fill(Table& t) {
  fill_elementwise(t.elementwise);
  fill_order(t.elementwise);
  fill_math(t.elementwise);
  fill_special(t.elementwise);
  fill_cast(t.elementwise);
  fill_stream(t.elementwise);
  fill_reduce(t.reduce);
  fill_extreme(t.reduce);
  fill_statistics(t.reduce);
  fill_scan(t.scan);
  fill_softmax(t.softmax);
  fill_activation(t.activation);
  fill_loss(t.loss);
  fill_norm(t.norm);
  fill_attention(t.attention);
  fill_recurrent(t.recurrent);
  fill_gemm(t.gemm);
  fill_window(t.window);
  fill_conv(t.window);
  fill_conv_strips(t.window);
  fill_conv_places(t.window);
  fill_conv_weight(t.window);
  fill_pool(t.window);
  fill_resample(t.resample);
  fill_index(t.index);
  fill_optim(t.optim);
  fill_random(t.random);
  fill_probe(t.probe);
}

}  // namespace tg::kernels::TG_ISA
