// Generator: the MT19937 stream and the draws made from it, in PyTorch's order, so that equal seeds give equal numbers.
// Knows no tensors.
#pragma once
#include <cstdint>
#include <string>

namespace tg {

class Generator {
 public:
  static constexpr uint64_t kDefaultSeed = 67280421310721ULL;  // PyTorch's

  explicit Generator(uint64_t seed = kDefaultSeed) { manual_seed(seed); }
  void manual_seed(uint64_t seed);
  uint64_t initial_seed() const { return seed_; }

  uint32_t random();                                                                            // 32 bits
  uint64_t random64();                                                                          // two draws, the first one high
  float uniform_float() { return float(random() & 0xffffff) * 0x1p-24f; }                       // [0, 1)
  double uniform_double() { return double(random64() & ((uint64_t(1) << 53) - 1)) * 0x1p-53; }  // [0, 1)
  double normal();  // Box-Muller in double; every second value is kept for the next call
  // One integer in [low, low + range); range >= 1.
  int64_t integer(int64_t low, uint64_t range);

  // The whole state as bytes, and back; throws ValueError on anything else.
  std::string state() const;
  void set_state(const std::string& bytes);

 private:
  static constexpr int kN = 624, kM = 397;
  void refill();

  uint64_t seed_ = 0;
  uint32_t state_[kN];
  int32_t at_ = kN;
  bool has_normal_ = false;
  double next_normal_ = 0;
};

Generator& default_generator();

// One normal sample per element, as PyTorch fills a contiguous tensor: n < 16 through Generator::normal(),
// else uniforms in blocks of 16 turned pairwise by Box-Muller.
void fill_normal(Generator& g, float* out, int64_t n, double mean, double std);
void fill_normal(Generator& g, double* out, int64_t n, double mean, double std);

}  // namespace tg
