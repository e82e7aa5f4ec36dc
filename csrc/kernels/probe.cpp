// What the machine can do at most: chains of multiply-adds that touch no memory. The yardstick of the matrix products.
#include "kernels/fill.h"
#include "kernels/simd.h"

namespace tg::kernels {
namespace {

// As many chains as hide the latency of two units, and fewer than there are registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kChains = 24;
#else
constexpr int kChains = 12;
#endif

template <class T>
double multiply_adds(int64_t rounds, double start) {
  Vec<T> sum[kChains];
  for (int c = 0; c < kChains; ++c) sum[c] = splat(T(start + c));
  const Vec<T> factor = splat(T(0.5)), term = splat(T(start));
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 32
    for (int c = 0; c < kChains; ++c) sum[c] = sum[c] * factor + term;
  }
  Vec<T> total{};
  for (int c = 0; c < kChains; ++c) total += sum[c];
  return double(total[0]);
}

}  // namespace

namespace TG_ISA {
void fill_probe(ProbeTable& t) {
  t.multiply_adds[0] = multiply_adds<float>;
  t.multiply_adds[1] = multiply_adds<double>;
  t.per_round[0] = kChains * kLanes<float>;
  t.per_round[1] = kChains * kLanes<double>;
}
}  // namespace TG_ISA

}  // namespace tg::kernels
