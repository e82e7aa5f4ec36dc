// The kernels of bfloat16, which is stored and not computed with: conversions and the matrix product. A table of its own,
// since no other kernel takes these elements; they are numbered nowhere else.
#pragma once
#include "kernels/table.h"

namespace tg::kernels {

struct Bfloat16Table {
  LoopFn widen = nullptr, narrow = nullptr, copy = nullptr;  // to float32; from it, to the nearest; as it is
  // The product, of bits; null where the machine has no instruction for it. Does not accumulate.
  void (*gemm)(const Gemm<uint16_t>&) = nullptr;
  int64_t (*gemm_scratch)(int64_t m, int64_t n, int64_t k) = nullptr;  // elements
};

// The table chosen for this process (dispatch.cpp).
const Bfloat16Table& bfloat16_table();

#ifdef TG_ISA
namespace TG_ISA {
void fill_bfloat16(Bfloat16Table&);
void fill_bfloat16_gemm(Bfloat16Table&);
}  // namespace TG_ISA
#endif

}  // namespace tg::kernels
