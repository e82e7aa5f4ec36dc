// The caching allocator: where blocks come from and how they go back.
// Fresh pages cost more than most kernels, so a training loop must reach a steady state without any.
#include "core/memory.h"

#include <bit>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace tg {
namespace memory {

Lists g_lists;

namespace {

constexpr size_t kSlab = size_t(2) << 20;   // small classes are carved from slabs of this size
constexpr size_t kLarge = size_t(1) << 20;  // from here on a block is its own mapping
char* g_slab = nullptr;
size_t g_slab_left = 0;

// More than this in use at once would swap rather than work; asking for more is a MemoryError.
size_t physical_memory() {
#if defined(__linux__)
  static const size_t bytes = size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGE_SIZE));
  return bytes;
#else
  return SIZE_MAX;
#endif
}

void* map_aligned(size_t bytes) {
  if (bytes > physical_memory() || size_t(g_lists.reserved) > physical_memory() - bytes) return nullptr;
#if defined(__linux__)
  // Map one slab more than needed and cut both ends, so that the block can lie on huge pages.
  const size_t mapped = bytes + kSlab;
  void* raw = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(raw);
  const uintptr_t aligned = (begin + kSlab - 1) / kSlab * kSlab;
  if (aligned > begin) munmap(raw, aligned - begin);
  const uintptr_t tail = begin + mapped - (aligned + bytes);
  if (tail) munmap(reinterpret_cast<void*>(aligned + bytes), tail);
  if (bytes >= kSlab) madvise(reinterpret_cast<void*>(aligned), bytes, MADV_HUGEPAGE);
  return reinterpret_cast<void*>(aligned);
#else
  return std::aligned_alloc(kSlab, (bytes + kSlab - 1) / kSlab * kSlab);
#endif
}

void unmap(void* p, size_t bytes) {
#if defined(__linux__)
  munmap(p, bytes);
#else
  (void)bytes;
  std::free(p);
#endif
}

}  // namespace

int coarse_class(size_t bytes) {
  // bytes in (2^b, 2^(b+1)], in quarters of 2^b; 2^10 is the last fine class
  const int b = std::bit_width(bytes - 1) - 1;
  const int quarter = int((bytes - 1) >> (b - 2)) & 3;
  const int c = kFineClasses + (b - 10) * 4 + quarter;
  if (c >= Lists::kClasses) throw std::bad_alloc();
  return c;
}

size_t class_bytes(int c) {
  if (c < kFineClasses) return size_t(c + 1) * 64;
  const int b = (c - kFineClasses) / 4 + 10;
  const int quarter = (c - kFineClasses) % 4;
  return (size_t(1) << b) + size_t(quarter + 1) * (size_t(1) << (b - 2));
}

void* refill(int c) {
  const size_t bytes = class_bytes(c);
  void* p = nullptr;
  if (bytes < kLarge) {
    if (bytes > g_slab_left) {
      // What is left of the old slab is at most one block of a small class; let it go.
      char* slab = static_cast<char*>(map_aligned(kSlab));
      if (!slab) throw std::bad_alloc();
      g_lists.reserved += int64_t(kSlab);
      g_slab = slab;
      g_slab_left = kSlab;
    }
    p = g_slab;
    g_slab += bytes;
    g_slab_left -= bytes;
  } else {
    p = map_aligned(bytes);
    if (!p && empty_cache() > 0) p = map_aligned(bytes);
    if (!p) throw std::bad_alloc();
    g_lists.reserved += int64_t(bytes);
  }
  g_lists.in_use += int64_t(bytes);
  note_peak();
  return p;
}

void note_peak() {
  if (g_lists.in_use > g_lists.peak) g_lists.peak = g_lists.in_use;
}

}  // namespace memory

MemoryStats memory_stats() {
  const auto& l = memory::g_lists;
  return {l.in_use, l.reserved - l.in_use, l.peak};
}

void reset_peak_memory() { memory::g_lists.peak = memory::g_lists.in_use; }

int64_t empty_cache() {
  auto& l = memory::g_lists;
  int64_t returned = 0;
  for (int c = 0; c < memory::Lists::kClasses; ++c) {
    const size_t bytes = memory::class_bytes(c);
    if (bytes < memory::kLarge) continue;  // carved from slabs
    while (l.head[c]) {
      memory::FreeBlock* block = l.head[c];
      l.head[c] = block->next;
      memory::unmap(block, bytes);
      returned += int64_t(bytes);
    }
  }
  l.reserved -= returned;
  return returned;
}

}  // namespace tg
