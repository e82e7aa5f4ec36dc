// Uniform numbers to normal ones. Compiled without fused multiply-adds (CMakeLists.txt): every instruction set gives the same
// numbers for the same seed.
#include "kernels/fill.h"
#include "kernels/math.h"

namespace tg::kernels {
namespace {

// Box and Muller on blocks of 16: [u1 8][u2 8] -> [cosines 8][sines 8]. Wide registers take two blocks at once.
template <class T>
constexpr int kBlocks = kLanes<T> > 8 ? kLanes<T> / 8 : 1;

template <class T>
inline void turn(T* x, T mean, T std) {
  constexpr int n = kLanes<T>;
  for (int j = 0; j < 8 * kBlocks<T>; j += n) {
    const auto place = [&](int lane) { return (j + lane) / 8 * 16 + (j + lane) % 8; };
    Vec<T> u1, u2;
    for (int l = 0; l < n; ++l) u1[l] = x[place(l)];
    for (int l = 0; l < n; ++l) u2[l] = x[place(l) + 8];
    const Vec<T> radius = sqrt(T(-2) * log(T(1) - u1)), angle = T(6.283185307179586476925286766559) * u2;
    const Vec<T> first = radius * cos(angle) * std + mean, second = radius * sin(angle) * std + mean;
    for (int l = 0; l < n; ++l) x[place(l)] = first[l];
    for (int l = 0; l < n; ++l) x[place(l) + 8] = second[l];
  }
}

template <class T>
void box_muller(void* values, int64_t blocks, double mean, double std) {
  T* x = static_cast<T*>(values);
  int64_t b = 0;
  for (; b + kBlocks<T> <= blocks; b += kBlocks<T>) turn(x + 16 * b, T(mean), T(std));
  if (b == blocks) return;
  T last[16 * kBlocks<T>] = {};
  const int64_t count = 16 * (blocks - b);
  for (int64_t i = 0; i < count; ++i) last[i] = x[16 * b + i];
  turn(last, T(mean), T(std));
  for (int64_t i = 0; i < count; ++i) x[16 * b + i] = last[i];
}

}  // namespace

namespace TG_ISA {
void fill_random(RandomTable& t) {
  t.box_muller[0] = box_muller<float>;
  t.box_muller[1] = box_muller<double>;
}
}  // namespace TG_ISA

}  // namespace tg::kernels
