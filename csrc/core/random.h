// Generator: the MT19937 stream and the draws made from it, in PyTorch's order, so that equal seeds give equal numbers.
// Its state has PyTorch's layout, so that either library goes on where the other one stopped. Knows no tensors.
#pragma once
#include <cstdint>
#include <string>

namespace tg {

class Generator {
 public:
  static constexpr uint64_t kDefaultSeed = 67280421310721ULL;  // PyTorch's

  explicit Generator(uint64_t seed = kDefaultSeed) { manual_seed(seed); }
  void manual_seed(uint64_t seed);
  uint64_t seed();  // starts the stream of a seed from the system's source of randomness; gives the seed
  uint64_t initial_seed() const { return seed_; }

  uint32_t random() {  // 32 bits
    if (at_ >= kN) refill();
    return temper(state_[at_++]);
  }
  uint64_t random64() {  // two draws, the first one high
    const uint64_t high = random();
    return (high << 32) | random();
  }
  void random(uint32_t* out, int64_t n);
  float uniform_float() { return float(random() & 0xffffff) * 0x1p-24f; }                // [0, 1)
  double uniform_double() { return double(int64_t(random64() & kMantissa)) * 0x1p-53; }  // [0, 1)
  double normal();  // Box-Muller in double; every second value is kept for the next call

  // The whole state as bytes, and back; throws on anything else.
  std::string state() const;
  void set_state(const std::string& bytes);

  static constexpr uint64_t kMantissa = (uint64_t(1) << 53) - 1;

 private:
  static constexpr int kN = 624, kM = 397;
  static uint32_t temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
  }
  void refill();

  uint64_t seed_ = 0;
  uint32_t state_[kN];
  int32_t at_ = kN;  // the next word; past kN where the seed's own words have not been stirred yet
  bool has_normal_ = false;
  double next_normal_ = 0;
};

Generator& default_generator();

}  // namespace tg
