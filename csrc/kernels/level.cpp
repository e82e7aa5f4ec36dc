// Joins one instruction-set level: fills its table from every kernel file.
#include "kernels/fill.h"

namespace tg::kernels::TG_ISA {

void fill(Table& t) {
  fill_elementwise(t.elementwise);
  fill_math(t.elementwise);
  fill_cast(t.elementwise);
  fill_reduce(t.reduce);
  fill_softmax(t.softmax);
  fill_gemm(t.gemm);
  fill_window(t.window);
  fill_index(t.index);
  fill_optim(t.optim);
}

}  // namespace tg::kernels::TG_ISA
