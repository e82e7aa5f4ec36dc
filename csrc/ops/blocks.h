// Moving blocks of memory that lie a step apart: what joins and repetitions of contiguous tensors come down to.
#pragma once
#include <cstdint>
#include <cstring>

namespace tg::ops {

// Up to this many elements are moved here, beyond them by the threads of the strided loops.
inline constexpr int64_t kFewElements = 65536;

// `count` blocks of `size` bytes; the steps are in bytes, from one block to the next.
inline void copy_blocks(char* to, int64_t to_step, const char* from, int64_t from_step, int64_t size, int64_t count) {
  if (to_step == size && from_step == size) {
    size *= count;
    count = 1;
  }
  if (count == 0 || size == 0) return;
  const auto one_by_one = [&]<class Word>(Word) {  // a single word: a call of memcpy would cost more than the copy
    for (; count > 0; --count, to += to_step, from += from_step) {
      Word w;
      std::memcpy(&w, from, sizeof(w));
      std::memcpy(to, &w, sizeof(w));
    }
  };
  if (size == 4) return one_by_one(uint32_t{});
  if (size == 8) return one_by_one(uint64_t{});
  for (; count > 0; --count, to += to_step, from += from_step) std::memcpy(to, from, size_t(size));
}

}  // namespace tg::ops
