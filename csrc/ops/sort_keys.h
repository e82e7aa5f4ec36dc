// Elements as unsigned keys with their positions, and sorting those: by comparison where few, by radix where many.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace tg::ops {

struct WideItem {
  uint64_t key;
  int64_t index;
  bool operator<(const WideItem& o) const { return key < o.key || (key == o.key && index < o.index); }
};

// Keys order as the elements do, with NaN last and -0 equal to 0. An item is a key and a position below 2^32, so no two
// items are equal and every way of sorting them is stable.
template <class T>
struct Keys {
  static constexpr bool kWide = sizeof(T) == 8;
  using Key = std::conditional_t<kWide, uint64_t, uint32_t>;
  using Item = std::conditional_t<kWide, WideItem, uint64_t>;

  static Key key_of(T v) {
    if constexpr (std::is_floating_point_v<T>) {
      constexpr Key kSign = Key(1) << (8 * sizeof(Key) - 1);
      Key bits;
      v += T(0);  // -0 becomes 0
      std::memcpy(&bits, &v, sizeof bits);
      const Key mapped = bits ^ (bits & kSign ? ~Key(0) : kSign);
      return v == v ? mapped : ~Key(0);
    } else if constexpr (std::is_signed_v<T>) {
      return Key(v) ^ (Key(1) << (8 * sizeof(Key) - 1));
    } else {
      return v;
    }
  }
  static Item item(T v, int64_t i, bool descending) {
    Key k = key_of(v);
    if (descending) k = ~k;
    if constexpr (kWide)
      return {k, i};
    else
      return uint64_t(k) << 32 | uint64_t(i);
  }
  static Key key(const Item& item) {
    if constexpr (kWide)
      return item.key;
    else
      return Key(item >> 32);
  }
  // The element of an item that stood in row p. Most are read off the key, in order; zeros and NaN are several elements
  // under one key.
  static T value(const Item& item, bool descending, const T* p, int64_t step) {
    const Key k = descending ? ~key(item) : key(item);
    if constexpr (std::is_floating_point_v<T>) {
      constexpr Key kSign = Key(1) << (8 * sizeof(Key) - 1);
      if (k == kSign || k == ~Key(0)) return p[index(item) * step];
      const Key bits = k ^ (k & kSign ? kSign : ~Key(0));
      T v;
      std::memcpy(&v, &bits, sizeof v);
      return v;
    } else if constexpr (std::is_signed_v<T>) {
      return T(k ^ (Key(1) << (8 * sizeof(Key) - 1)));
    } else {
      return T(k);
    }
  }
  static int64_t index(const Item& item) {
    if constexpr (kWide)
      return item.index;
    else
      return int64_t(item & 0xffffffffu);
  }
};

inline uint64_t radix_key(uint64_t item) { return item >> 32; }
inline uint64_t radix_key(const WideItem& item) { return item.key; }

// Least digit first, over digits that differ at all; every pass is stable.
template <class Item>
void radix_sort(Item* items, Item* other, int64_t n) {
  constexpr int kDigit = 11, kBuckets = 1 << kDigit, kPasses = std::is_same_v<Item, WideItem> ? 6 : 3;
  uint32_t counts[kPasses][kBuckets] = {};
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t k = radix_key(items[i]);
    for (int p = 0; p < kPasses; ++p) ++counts[p][k >> (p * kDigit) & (kBuckets - 1)];
  }
  Item *from = items, *to = other;
  for (int p = 0; p < kPasses; ++p) {
    uint32_t* count = counts[p];
    if (count[radix_key(from[0]) >> (p * kDigit) & (kBuckets - 1)] == uint32_t(n)) continue;
    uint32_t sum = 0;
    for (int b = 0; b < kBuckets; ++b) {
      const uint32_t here = count[b];
      count[b] = sum;
      sum += here;
    }
    for (int64_t i = 0; i < n; ++i) to[count[radix_key(from[i]) >> (p * kDigit) & (kBuckets - 1)]++] = from[i];
    std::swap(from, to);
  }
  if (from != items) std::copy(from, from + n, items);
}

template <class Item>
void insertion_sort(Item* items, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const Item item = items[i];
    int64_t j = i;
    for (; j > 0 && item < items[j - 1]; --j) items[j] = items[j - 1];
    items[j] = item;
  }
}
constexpr int64_t kFewItems = 16;

// `other` has room for n items.
template <class Item>
void sort_items(Item* items, Item* other, int64_t n) {
  if (n < kFewItems) {
    insertion_sort(items, n);
  } else if (n < 768) {
    std::sort(items, items + n);
  } else {
    radix_sort(items, other, n);
  }
}

// Brings item number k of the order to its place, smaller ones before it.
template <class Item>
void nth_item(Item* items, int64_t k, int64_t n) {
  if (n < kFewItems)
    insertion_sort(items, n);
  else
    std::nth_element(items, items + k, items + n);
}

// Brings the first k of n items to the front, in order.
template <class Item>
void first_sorted(Item* items, Item* other, int64_t k, int64_t n) {
  nth_item(items, k - 1, n);
  if (n >= kFewItems) sort_items(items, other, k);
}

}  // namespace tg::ops
