// The caching allocator: where blocks come from and how they go back.
// Fresh pages cost more than most kernels, so a training loop must reach a steady state without any.
#include "core/memory.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <new>
#include <vector>

#include "core/errors.h"

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

struct Slab {
  char* begin;
  size_t carved;  // bytes handed out at least once
  size_t free;    // counted anew by every empty_cache()
};
std::vector<Slab> g_slabs;  // blocks are carved from the last
int64_t g_limit = -1;
int64_t g_from_system = 0;

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
  size_t most = physical_memory();
  if (g_limit >= 0) most = std::min(most, size_t(g_limit));
  if (bytes > most || size_t(g_lists.reserved) > most - bytes) return nullptr;
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
  void* p = reinterpret_cast<void*>(aligned);
#else
  void* p = std::aligned_alloc(kSlab, (bytes + kSlab - 1) / kSlab * kSlab);
  if (!p) return nullptr;
#endif
  g_lists.reserved += int64_t(bytes);
  ++g_from_system;
  return p;
}

void unmap(void* p, size_t bytes) {
#if defined(__linux__)
  munmap(p, bytes);
#else
  std::free(p);
#endif
  g_lists.reserved -= int64_t(bytes);
}

// Bytes as people write them, for messages.
struct Size {
  double bytes;
  friend std::ostream& operator<<(std::ostream& out, const Size& s) {
    if (s.bytes < 1024) return out << s.bytes << " bytes";
    static const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    const int unit = std::min(int(std::log2(s.bytes) / 10), 6);
    return out << std::setprecision(4) << s.bytes / std::exp2(10 * unit) << " " << units[unit - 1];
  }
};

[[noreturn, gnu::cold]] void refuse(size_t bytes) {
  const Size wanted{double(bytes)}, used{double(g_lists.in_use)}, kept{double(g_lists.reserved - g_lists.in_use)};
  if (g_limit >= 0 && double(g_lists.reserved) + double(bytes) > double(g_limit)) {
    fail<MemoryError>("not enough memory: an operation asked for ", wanted, "; ", used, " are in use and ", kept,
                      " cannot be given back, the limit is ", Size{double(g_limit)},
                      " (set_memory_limit, TINYGRAD_EXT_MEMORY_LIMIT)");
  }
  fail<MemoryError>("not enough memory: an operation asked for ", wanted, "; ", used, " are in use, the machine has ",
                    Size{double(physical_memory())});
}

// A mapping, if need be in place of what is cached.
char* map_or_refuse(size_t bytes, size_t wanted) {
  void* p = map_aligned(bytes);
  if (!p && empty_cache() > 0) p = map_aligned(bytes);
  if (!p) refuse(wanted);
  return static_cast<char*>(p);
}

// Only while g_slabs is sorted.
Slab& slab_of(const void* p) {
  const auto after = std::upper_bound(g_slabs.begin(), g_slabs.end(), p,
                                      [](const void* at, const Slab& s) { return std::less<const void*>()(at, s.begin); });
  return *std::prev(after);
}

// Unmaps the slabs of which no block is in use, except the one that blocks are carved from.
void return_slabs() {
  if (g_slabs.size() < 2) return;
  const char* current = g_slabs.back().begin;
  std::sort(g_slabs.begin(), g_slabs.end(), [](const Slab& a, const Slab& b) { return std::less<char*>()(a.begin, b.begin); });
  for (Slab& s : g_slabs) s.free = 0;
  for (int c = 0; class_bytes(c) < kLarge; ++c)
    for (FreeBlock* block = g_lists.head[c]; block; block = block->next) slab_of(block).free += class_bytes(c);
  const auto used = [&](const Slab& s) { return s.free != s.carved || s.begin == current; };
  for (int c = 0; class_bytes(c) < kLarge; ++c) {
    FreeBlock** link = &g_lists.head[c];
    while (FreeBlock* block = *link) {
      if (used(slab_of(block)))
        link = &block->next;
      else
        *link = block->next;
    }
  }
  const auto idle = std::partition(g_slabs.begin(), g_slabs.end(), used);
  for (auto s = idle; s != g_slabs.end(); ++s) unmap(s->begin, kSlab);
  g_slabs.erase(idle, g_slabs.end());
  std::swap(*std::find_if(g_slabs.begin(), g_slabs.end(), [&](const Slab& s) { return s.begin == current; }), g_slabs.back());
}

}  // namespace

int coarse_class(size_t bytes) {
  // bytes in (2^b, 2^(b+1)], in quarters of 2^b; 2^10 is the last fine class
  const int b = std::bit_width(bytes - 1) - 1;
  const int quarter = int((bytes - 1) >> (b - 2)) & 3;
  const int c = kFineClasses + (b - 10) * 4 + quarter;
  if (c >= Lists::kClasses) refuse(bytes);
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
  char* p = nullptr;
  if (bytes < kLarge) {
    if (g_slabs.empty() || bytes > kSlab - g_slabs.back().carved) {
      // What is left of the old slab is at most one block of a small class; let it go.
      g_slabs.reserve(g_slabs.size() + 1);
      char* fresh = map_or_refuse(kSlab, bytes);
      g_slabs.push_back({fresh, 0, 0});
    }
    p = g_slabs.back().begin + g_slabs.back().carved;
    g_slabs.back().carved += bytes;
  } else {
    p = map_or_refuse(bytes, bytes);
  }
  g_lists.in_use += int64_t(bytes);
  note_peak();
  return p;
}

void note_peak() {
  if (g_lists.in_use > g_lists.peak) g_lists.peak = g_lists.in_use;
}

void init_from_environment() {
  const char* text = std::getenv("TINYGRAD_EXT_MEMORY_LIMIT");
  if (!text || !*text) return;
  char* end = nullptr;
  const long long n = std::strtoll(text, &end, 10);
  if (*end || n < 0) fail<ValueError>("TINYGRAD_EXT_MEMORY_LIMIT=", text, " is not a number of bytes");
  set_memory_limit(n);
}

}  // namespace memory

MemoryStats memory_stats() {
  const auto& l = memory::g_lists;
  return {l.in_use, l.reserved - l.in_use, l.peak, memory::g_limit, l.allocations, memory::g_from_system};
}

void reset_peak_memory_stats() { memory::g_lists.peak = memory::g_lists.in_use; }

void set_memory_limit(int64_t bytes) {
  memory::g_limit = bytes;
  if (bytes >= 0 && memory::g_lists.reserved > bytes) empty_cache();
}

int64_t empty_cache() {
  auto& l = memory::g_lists;
  const int64_t before = l.reserved;
  for (int c = 0; c < memory::Lists::kClasses; ++c) {
    const size_t bytes = memory::class_bytes(c);
    if (bytes < memory::kLarge) continue;  // carved from slabs
    while (l.head[c]) {
      memory::FreeBlock* block = l.head[c];
      l.head[c] = block->next;
      memory::unmap(block, bytes);
    }
  }
  memory::return_slabs();
  return before - l.reserved;
}

}  // namespace tg
