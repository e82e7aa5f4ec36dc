// bfloat16 and float32, one made the other: a bfloat16 is the upper half of a float32.
#include "kernels/bfloat16.h"

#include "kernels/loops.h"

namespace tg::kernels {
namespace {

struct Widen {
  float operator()(uint16_t x) const { return __builtin_bit_cast(float, uint32_t(x) << 16); }
};
// To the nearest, ties to even; NaN stays NaN.
struct Narrow {
  uint16_t operator()(float x) const {
    const uint32_t u = __builtin_bit_cast(uint32_t, x), rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    return uint16_t(x != x ? u >> 16 | 0x40 : rounded);
  }
};
struct Copy {
  uint16_t operator()(uint16_t x) const { return x; }
};

}  // namespace

namespace TG_ISA {

void fill_bfloat16(Bfloat16Table& t) {
  t.widen = map<Widen, float, uint16_t>;
  t.narrow = map<Narrow, uint16_t, float>;
  t.copy = map<Copy, uint16_t, uint16_t>;
  fill_bfloat16_gemm(t);
}

}  // namespace TG_ISA
}  // namespace tg::kernels
