// MT19937 (Matsumoto and Nishimura, 1998) and PyTorch's ways of drawing from it.
#include "core/random.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include "core/errors.h"

namespace tg {

void Generator::manual_seed(uint64_t seed) {
  seed_ = seed;
  state_[0] = uint32_t(seed);
  for (uint32_t i = 1; i < kN; ++i) state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  at_ = kN;
  has_normal_ = false;
}

void Generator::refill() {
  const auto twist = [](uint32_t high, uint32_t low) {
    const uint32_t y = (high & 0x80000000U) | (low & 0x7fffffffU);
    return (y >> 1) ^ (low & 1 ? 0x9908b0dfU : 0U);
  };
  for (int i = 0; i < kN; ++i) state_[i] = state_[(i + kM) % kN] ^ twist(state_[i], state_[(i + 1) % kN]);
  at_ = 0;
}

uint32_t Generator::random() {
  if (at_ == kN) refill();
  uint32_t y = state_[at_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680U;
  y ^= (y << 15) & 0xefc60000U;
  return y ^ (y >> 18);
}

uint64_t Generator::random64() {
  const uint64_t high = random();
  return (high << 32) | random();
}

double Generator::normal() {
  if (has_normal_) {
    has_normal_ = false;
    return next_normal_;
  }
  const double u1 = uniform_double();
  const double u2 = uniform_double();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2));
  const double angle = 2.0 * std::numbers::pi * u1;
  next_normal_ = radius * std::sin(angle);
  has_normal_ = true;
  return radius * std::cos(angle);
}

int64_t Generator::integer(int64_t low, uint64_t range) {
  const uint64_t draw = range >= (uint64_t(1) << 28) ? random64() : random();
  return int64_t(uint64_t(low) + draw % range);
}

// at_, has_normal_, next_normal_, seed_, then the 624 words, all in native order.
std::string Generator::state() const {
  std::string bytes(sizeof(*this), '\0');
  std::memcpy(bytes.data(), static_cast<const void*>(this), sizeof(*this));
  return bytes;
}

void Generator::set_state(const std::string& bytes) {
  if (bytes.size() != sizeof(*this)) {
    fail<ValueError>("set_state(): expected a state of ", sizeof(*this), " bytes as get_state() gives, got ", bytes.size());
  }
  Generator next(0);
  std::memcpy(static_cast<void*>(&next), bytes.data(), sizeof(next));
  if (next.at_ < 0 || next.at_ > kN) fail<ValueError>("set_state(): the bytes are not a state that get_state() gave");
  *this = next;
}

Generator& default_generator() {
  static Generator g;
  return g;
}

namespace {

template <class T>
T uniform(Generator& g) {
  if constexpr (sizeof(T) == 4) {
    return g.uniform_float();
  } else {
    return g.uniform_double();
  }
}

template <class T>
void box_muller_16(T* x, T mean, T std) {
  for (int j = 0; j < 8; ++j) {
    const T radius = std::sqrt(T(-2) * std::log(T(1) - x[j]));
    const T angle = T(2) * std::numbers::pi_v<T> * x[j + 8];
    x[j] = radius * std::cos(angle) * std + mean;
    x[j + 8] = radius * std::sin(angle) * std + mean;
  }
}

template <class T>
void fill(Generator& g, T* out, int64_t n, double mean, double std) {
  if (n < 16) {
    for (int64_t i = 0; i < n; ++i) out[i] = T(g.normal() * std + mean);
    return;
  }
  for (int64_t i = 0; i < n; ++i) out[i] = uniform<T>(g);
  for (int64_t i = 0; i + 16 <= n; i += 16) box_muller_16(out + i, T(mean), T(std));
  if (n % 16 != 0) {  // the last 16 are drawn again, overlapping the block before
    T* tail = out + n - 16;
    for (int j = 0; j < 16; ++j) tail[j] = uniform<T>(g);
    box_muller_16(tail, T(mean), T(std));
  }
}

}  // namespace

void fill_normal(Generator& g, float* out, int64_t n, double mean, double std) { fill(g, out, n, mean, std); }
void fill_normal(Generator& g, double* out, int64_t n, double mean, double std) { fill(g, out, n, mean, std); }

}  // namespace tg
