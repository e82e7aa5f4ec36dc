// Where values wait to be used again: always the lowest one that is free is taken, so that graph after graph, values made
// one after the other lie one after the other in memory. (A list in the order of last use is shuffled a little by every
// graph, until each step of a training waits for memory.) Knows nothing of what a value is.
#pragma once
#include <array>
#include <bit>
#include <cstdint>

namespace tg::micrograd {

struct Value;

class Pool {
 public:
  static constexpr uint32_t kSlots = 1 << 18, kNoSlot = kSlots;

  size_t alive = 0;  // values in use, with a slot or without

  // A slot for a new value, which is kept for good; kNoSlot where all are taken.
  uint32_t admit(Value* v) {
    if (admitted_ == kSlots) return kNoSlot;
    values_[admitted_] = v;
    return admitted_++;
  }

  // The free value with the lowest slot; null where there is none.
  Value* take() {
    if (!free_[lowest_]) [[unlikely]]
      if (!find_lowest()) return nullptr;
    uint64_t& word = free_[lowest_];
    Value* v = values_[lowest_ * 64 + uint32_t(std::countr_zero(word))];
    word &= word - 1;
    if (!word) [[unlikely]]
      forget(lowest_);
    return v;
  }

  void give(uint32_t slot) {
    const uint32_t index = slot / 64;
    if (!free_[index]) [[unlikely]]
      remember(index);
    free_[index] |= uint64_t(1) << slot % 64;
    if (index < lowest_) lowest_ = index;
  }

 private:
  void remember(uint32_t index) {
    groups_[index / 64] |= uint64_t(1) << index % 64;
    all_ |= uint64_t(1) << index / 64;
  }
  void forget(uint32_t index) {
    groups_[index / 64] &= ~(uint64_t(1) << index % 64);
    if (!groups_[index / 64]) all_ &= ~(uint64_t(1) << index / 64);
  }
  bool find_lowest() {
    if (!all_) return false;
    const uint32_t group = uint32_t(std::countr_zero(all_));
    lowest_ = group * 64 + uint32_t(std::countr_zero(groups_[group]));
    return true;
  }

  uint32_t admitted_ = 0;
  uint32_t lowest_ = 0;                       // no word below this one has a free slot
  uint64_t all_ = 0;                          // which groups have one
  std::array<uint64_t, 64> groups_{};         // which words of a group have one
  std::array<uint64_t, kSlots / 64> free_{};  // a bit for each slot
  std::array<Value*, kSlots> values_{};
};
static_assert(Pool::kSlots == 64 * 64 * 64);

extern Pool g_pool;

}  // namespace tg::micrograd
