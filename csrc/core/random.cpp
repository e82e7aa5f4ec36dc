// MT19937 (Matsumoto and Nishimura, 1998) and PyTorch's ways of drawing from it.
#include "core/random.h"

#include <cmath>
#include <cstring>
#include <numbers>
#include <random>

#include "core/errors.h"

namespace tg {

void Generator::manual_seed(uint64_t seed) {
  seed_ = seed;
  state_[0] = uint32_t(seed);
  for (uint32_t i = 1; i < kN; ++i) state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  at_ = kN + 1;
  has_normal_ = false;
}

uint64_t Generator::seed() {
  std::random_device source;
  const uint64_t high = source();
  manual_seed(((high << 32) | source()) & kMantissa);  // as many bits as a double can hold
  return seed_;
}

void Generator::refill() {
  const auto twist = [](uint32_t high, uint32_t low) {
    const uint32_t y = (high & 0x80000000U) | (low & 0x7fffffffU);
    return (y >> 1) ^ (0x9908b0dfU & (0U - (low & 1)));
  };
  for (int i = 0; i < kN - kM; ++i) state_[i] = state_[i + kM] ^ twist(state_[i], state_[i + 1]);
  for (int i = kN - kM; i < kN - 1; ++i) state_[i] = state_[i + kM - kN] ^ twist(state_[i], state_[i + 1]);
  state_[kN - 1] = state_[kM - 1] ^ twist(state_[kN - 1], state_[0]);
  at_ = 0;
}

void Generator::random(uint32_t* out, int64_t n) {
  while (n > 0) {
    if (at_ >= kN) refill();
    const int count = int(n < kN - at_ ? n : kN - at_);
    const uint32_t* words = state_ + at_;
    for (int i = 0; i < count; ++i) out[i] = temper(words[i]);
    at_ += count;
    out += count;
    n -= count;
  }
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

namespace {

// What PyTorch's get_rng_state() gives.
struct State {
  uint64_t seed;
  int32_t left, seeded;  // draws until the words are stirred again, counting that one
  uint64_t next;
  uint64_t words[624];
  double unused_x, normal, unused_rho;
  int32_t has_normal;
  float unused_float;
  bool unused_flag;
};
constexpr size_t kStateBytes = 5056;
static_assert(sizeof(State) == kStateBytes);

}  // namespace

std::string Generator::state() const {
  std::string bytes(kStateBytes, '\0');
  State s;
  std::memset(static_cast<void*>(&s), 0, sizeof(s));
  s.seed = seed_;
  s.next = at_ > kN ? 0 : uint64_t(at_);
  s.left = s.next == 0 ? 1 : kN + 1 - at_;
  s.seeded = 1;
  for (int i = 0; i < kN; ++i) s.words[i] = state_[i];
  s.has_normal = has_normal_;
  s.normal = has_normal_ ? next_normal_ : 0;
  std::memcpy(bytes.data(), &s, sizeof(s));
  return bytes;
}

void Generator::set_state(const std::string& bytes) {
  if (bytes.size() != kStateBytes) {
    fail<ValueError>("set_state(): expected a state of ", kStateBytes, " bytes as get_state() gives, got ", bytes.size());
  }
  State s;
  std::memcpy(&s, bytes.data(), offsetof(State, unused_flag));
  const bool fresh = s.next == 0 && s.left == 1;
  if (s.seeded != 1 || !(fresh || (s.next <= kN && s.left == kN + 1 - int64_t(s.next)))) {
    fail<ValueError>("set_state(): the bytes are not a state that get_state() gave");
  }
  seed_ = s.seed;
  for (int i = 0; i < kN; ++i) state_[i] = uint32_t(s.words[i]);
  at_ = fresh ? kN + 1 : int32_t(s.next);
  has_normal_ = s.has_normal;
  next_normal_ = s.normal;
}

Generator& default_generator() {
  static Generator g;
  return g;
}

}  // namespace tg
