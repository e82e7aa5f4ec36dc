// The caching allocator: size-class free lists over 2 MB-aligned blocks. Knows no tensors.
// All of core/ is called with Python's lock held, so nothing here is atomic.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tg {

struct MemoryStats {
  int64_t in_use, cached, peak;      // bytes
  int64_t limit;                     // bytes; -1: none
  int64_t allocations, from_system;  // how often memory was asked for, here and from the system
};

namespace memory {

// Classes: every 64 bytes up to 1 KiB, then four to each doubling. Fine blocks come and go several times an operation,
// so they only count towards what is in use; the peak is looked at when a coarse block is taken or new memory is.
inline constexpr size_t kFine = 1024;
inline constexpr int kFineClasses = 16;

struct FreeBlock {
  FreeBlock* next;
};
struct Lists {
  static constexpr int kClasses = kFineClasses + 4 * 40;
  FreeBlock* head[kClasses] = {};
  int64_t in_use = 0, peak = 0, reserved = 0;  // bytes
  int64_t allocations = 0;
};
extern Lists g_lists;

int coarse_class(size_t bytes);
size_t class_bytes(int size_class);
void* refill(int size_class);  // throws MemoryError
void init_from_environment();  // TINYGRAD_EXT_MEMORY_LIMIT
void note_peak();

constexpr int fine_class(size_t bytes) { return int((bytes + 63) / 64) - (bytes != 0); }

}  // namespace memory

// Memory of at least `bytes`, 64-byte aligned, not cleared. Throws MemoryError when there is none, or none below the limit.
inline void* allocate(size_t bytes) {
  const bool fine = bytes <= memory::kFine;
  const int c = fine ? memory::fine_class(bytes) : memory::coarse_class(bytes);
  memory::FreeBlock* block = memory::g_lists.head[c];
  ++memory::g_lists.allocations;
  if (!block) [[unlikely]]
    return memory::refill(c);
  memory::g_lists.head[c] = block->next;
  memory::g_lists.in_use += fine ? (c + 1) * 64 : int64_t(memory::class_bytes(c));
  if (!fine) memory::note_peak();
  return block;
}

// Gives back what allocate(bytes) returned.
inline void deallocate(void* p, size_t bytes) {
  const bool fine = bytes <= memory::kFine;
  const int c = fine ? memory::fine_class(bytes) : memory::coarse_class(bytes);
  auto* block = static_cast<memory::FreeBlock*>(p);
  block->next = memory::g_lists.head[c];
  memory::g_lists.head[c] = block;
  memory::g_lists.in_use -= fine ? (c + 1) * 64 : int64_t(memory::class_bytes(c));
}

// The same for the standard library's containers.
template <class T>
struct Pooled {
  using value_type = T;
  Pooled() = default;
  template <class U>
  Pooled(const Pooled<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(tg::allocate(n * sizeof(T))); }
  void deallocate(T* p, size_t n) { tg::deallocate(p, n * sizeof(T)); }
  bool operator==(const Pooled&) const { return true; }
};

MemoryStats memory_stats();
void reset_peak_memory_stats();
// Returns to the system what no tensor uses; gives the number of bytes returned.
int64_t empty_cache();
// What may be in use and cached together, in bytes; -1: whatever the machine has. Above it allocate throws.
void set_memory_limit(int64_t bytes);

}  // namespace tg
