// Sorting and selecting on values alone.
#include "ops/sorting.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <type_traits>

#include "ops/sort_keys.h"

namespace tg::ops {
namespace {

// [outer, n, inner] around dim.
struct Walk {
  int64_t outer = 1, n = 1, inner = 1;
  Walk(const Tensor& t, int dim) {
    for (int d = 0; d < t.ndim(); ++d) (d < dim ? outer : d == dim ? n : inner) *= t.size(d);
  }
};

// Calls f(o, i, scratch) for every row, which starts at [o, 0, i], on several threads where it is much;
// scratch holds `space` items. The operands stay alive meanwhile, without Python's lock.
template <class Item, class F>
void each_row(const Walk& w, int64_t space, std::initializer_list<const Tensor*> operands, const F& f) {
  const int64_t rows = w.outer * w.inner, work = rows * w.n;
  if (w.n >= int64_t(1) << 32) fail<RuntimeError>("sort(): at most 2^32 - 1 elements along the dim, got ", w.n);
  std::atomic<bool> full{false};
  {
    Unlocked unlocked(work * 8, operands);
    parallel_ranges(rows, std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(w.n, 1)), [&](int64_t begin, int64_t end) {
      constexpr int64_t kFew = 128;
      Item few[kFew];
      const std::unique_ptr<Item[]> many(space > kFew ? new (std::nothrow) Item[size_t(space)] : nullptr);
      Item* scratch = space > kFew ? many.get() : few;
      if (!scratch) {
        full = true;
        return;
      }
      int64_t o = begin / w.inner, i = begin % w.inner;
      for (int64_t r = begin; r < end; ++r) {
        f(o, i, scratch);
        if (++i == w.inner) {
          i = 0;
          ++o;
        }
      }
    });
  }
  if (full) fail<MemoryError>("sort(): no memory to sort rows of ", w.n, " elements");
}

// Calls f with the C++ type whose elements are stored and compared: a bool is a byte.
template <class F>
void visit_keyed(DType t, F&& f) {
  visit(t, [&](auto zero) {
    using T = decltype(zero);
    f(std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>{});
  });
}

Shape with_size(const Tensor& x, int dim, int64_t n) {
  Shape shape = x.shape();
  if (dim < shape.size()) shape[dim] = n;
  return shape;
}

}  // namespace

void sort_values(const Tensor& given, int dim, bool descending, Tensor* values, Tensor& indices) {
  const Tensor x = contiguous_values(given);
  indices = empty_like(x, DType::int64);
  if (values) *values = empty_like(x);
  if (x.numel() == 0) return;
  const Walk w(x, dim);
  visit_keyed(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using K = Keys<T>;
    const T* from = x.data<T>();
    T* to = values ? values->data<T>() : nullptr;
    int64_t* at = indices.data<int64_t>();
    each_row<typename K::Item>(w, 2 * w.n, {&x, &indices, values ? values : &x}, [&](int64_t o, int64_t i, auto* items) {
      const int64_t start = o * w.n * w.inner + i;
      for (int64_t j = 0; j < w.n; ++j) items[j] = K::item(from[start + j * w.inner], j, descending);
      sort_items(items, items + w.n, w.n);
      for (int64_t j = 0; j < w.n; ++j) {
        at[start + j * w.inner] = K::index(items[j]);
        if (to) to[start + j * w.inner] = K::value(items[j], descending, from + start, w.inner);
      }
    });
  });
}

void top_values(const Tensor& given, int dim, int64_t k, bool descending, Tensor* values, Tensor& indices) {
  const Tensor x = contiguous_values(given);
  const Shape shape = with_size(x, dim, k);
  indices = empty(shape, DType::int64);
  if (values) *values = empty(shape, x.dtype());
  if (indices.numel() == 0) return;
  const Walk w(x, dim);
  // Few of many: only what may still be among the first k is kept.
  const int64_t space = std::max<int64_t>(64, 4 * k) < w.n ? std::max<int64_t>(64, 4 * k) : w.n;
  visit_keyed(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using K = Keys<T>;
    const T* from = x.data<T>();
    T* to = values ? values->data<T>() : nullptr;
    int64_t* at = indices.data<int64_t>();
    each_row<typename K::Item>(w, 2 * space, {&x, &indices, values ? values : &x}, [&](int64_t o, int64_t column, auto* items) {
      const T* p = from + o * w.n * w.inner + column;
      int64_t kept = 0, j = 0;
      for (; j < space; ++j) items[kept++] = K::item(p[j * w.inner], j, descending);
      if (j < w.n) {
        std::nth_element(items, items + k - 1, items + kept);
        kept = k;
        auto last = items[k - 1];
        for (; j < w.n; ++j) {
          const auto item = K::item(p[j * w.inner], j, descending);
          if (!(item < last)) continue;
          items[kept++] = item;
          if (kept < space) continue;
          std::nth_element(items, items + k - 1, items + kept);
          kept = k;
          last = items[k - 1];
        }
      }
      first_sorted(items, items + space, k, kept);
      const int64_t out = o * k * w.inner + column;
      for (j = 0; j < k; ++j) {
        const int64_t i = K::index(items[j]);
        at[out + j * w.inner] = i;
        if (to) to[out + j * w.inner] = p[i * w.inner];
      }
    });
  });
}

namespace {

// The position of the element that `rank` asks for.
template <class T, class Item>
int64_t pick(const T* p, int64_t step, int64_t n, Rank rank, int64_t k, Item* items) {
  using K = Keys<T>;
  int64_t numbers = n;
  for (int64_t j = 0; j < n; ++j) {
    const T v = p[j * step];
    if (v != v) {
      if (rank == Rank::median) return j;
      --numbers;
    }
    items[j] = K::item(v, j, false);
  }
  if (rank != Rank::mode) {
    if (rank != Rank::kth) k = numbers ? (numbers - 1) / 2 : 0;
    nth_item(items, k, n);
    return K::index(items[k]);
  }
  sort_items(items, items + n, n);
  int64_t longest = 0, best = 0, length = 0;
  for (int64_t j = 0; j < n; ++j) {
    ++length;
    if (j + 1 < n && p[K::index(items[j]) * step] == p[K::index(items[j + 1]) * step]) continue;
    if (length > longest) {
      longest = length;
      best = K::index(items[j]);
    }
    length = 0;
  }
  return best;
}

}  // namespace

void pick_values(const Tensor& given, int dim, bool keepdim, Rank rank, int64_t k, Tensor& values, Tensor& indices) {
  const Tensor x = contiguous_values(given);
  Shape shape = with_size(x, dim, 1);
  if (!keepdim && dim < shape.size()) shape.erase(dim);
  values = empty(shape, x.dtype());
  indices = empty(shape, DType::int64);
  if (values.numel() == 0) return;
  const Walk w(x, dim);
  visit_keyed(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = values.data<T>();
    int64_t* at = indices.data<int64_t>();
    each_row<typename Keys<T>::Item>(w, 2 * w.n, {&x, &values, &indices}, [&](int64_t o, int64_t i, auto* items) {
      const int64_t row = o * w.inner + i, start = o * w.n * w.inner + i;
      at[row] = pick(from + start, w.inner, w.n, rank, k, items);
      to[row] = from[start + at[row] * w.inner];
    });
  });
}

Unique unique_values(const Tensor& given, bool consecutive) {
  const Tensor x = contiguous_values(given);
  const int64_t n = x.numel();
  Tensor flat = alias(x, Shape{n}, Ints{1}, 0), order;
  Unique u;
  u.inverse = empty_like(x, DType::int64);
  if (!consecutive) sort_values(flat, 0, false, nullptr, order);
  Tensor starts = empty({n + 1}, DType::int64);
  visit_keyed(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    const int64_t* at = order ? order.data<int64_t>() : nullptr;
    int64_t *inverse = u.inverse.data<int64_t>(), *start = starts.data<int64_t>(), count = 0;
    for (int64_t j = 0; j < n; ++j) {
      const int64_t i = at ? at[j] : j;
      if (j == 0 || p[i] != p[at ? at[j - 1] : j - 1]) start[count++] = j;  // NaN differs from NaN, as in PyTorch
      inverse[i] = count - 1;
    }
    start[count] = n;
    u.values = empty({count}, x.dtype());
    u.counts = empty({count}, DType::int64);
    for (int64_t g = 0; g < count; ++g) {
      u.values.data<T>()[g] = p[at ? at[start[g]] : start[g]];
      u.counts.data<int64_t>()[g] = start[g + 1] - start[g];
    }
  });
  return u;
}

Unique unique_slices(const Tensor& given, int dim, bool consecutive) {
  // The slices become rows.
  Ints shape = given.shape(), strides = given.strides();
  const int64_t n = shape[dim], stride = strides[dim];
  shape.erase(dim);
  strides.erase(dim);
  shape.insert(0, n);
  strides.insert(0, stride);
  const Tensor rows = contiguous_values(alias(given, shape, strides, 0));
  const int64_t length = n ? rows.numel() / n : 0;
  Unique u;
  u.inverse = empty({n}, DType::int64);
  Tensor order = empty({n}, DType::int64), starts = empty({n + 1}, DType::int64);
  int64_t *at = order.data<int64_t>(), *start = starts.data<int64_t>(), count = 0;
  for (int64_t i = 0; i < n; ++i) at[i] = i;
  visit_keyed(rows.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = rows.data<T>();
    if (!consecutive)
      std::stable_sort(at, at + n, [&](int64_t a, int64_t b) {
        for (int64_t k = 0; k < length; ++k) {
          const auto ka = Keys<T>::key_of(p[a * length + k]), kb = Keys<T>::key_of(p[b * length + k]);
          if (ka != kb) return ka < kb;
        }
        return false;
      });
    for (int64_t j = 0; j < n; ++j) {
      const T* row = p + at[j] * length;
      if (j == 0 || !std::equal(row, row + length, p + at[j - 1] * length)) start[count++] = j;
      u.inverse.data<int64_t>()[at[j]] = count - 1;
    }
    start[count] = n;
    shape[0] = count;
    Tensor kept = empty(shape, rows.dtype());
    u.counts = empty({count}, DType::int64);
    for (int64_t g = 0; g < count; ++g) {
      std::copy_n(p + at[start[g]] * length, length, kept.data<T>() + g * length);
      u.counts.data<int64_t>()[g] = start[g + 1] - start[g];
    }
    Ints back = contiguous_strides(shape), back_shape = shape;
    const int64_t step = back[0];
    back.erase(0);
    back_shape.erase(0);
    back.insert(dim, step);
    back_shape.insert(dim, count);
    u.values = clone_values(alias(kept, back_shape, back, 0));
  });
  return u;
}

Tensor search_values(const Tensor& sorted, const Tensor& x, const Tensor& sorter, bool right, DType dtype) {
  const int64_t n = sorted.ndim() ? sorted.size(sorted.ndim() - 1) : 1;
  const int64_t m = x.ndim() ? x.size(x.ndim() - 1) : 1;
  Tensor out = empty(x.shape(), dtype);
  Unlocked unlocked(x.numel() * 16, {&sorted, &x, &out, sorter ? &sorter : &x});
  visit_keyed(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *edges = reinterpret_cast<const T*>(sorted->data), *p = reinterpret_cast<const T*>(x->data);
    const int64_t* by = sorter ? reinterpret_cast<const int64_t*>(sorter->data) : nullptr;
    char* to = out->data;
    const bool lone = sorted->ndim == 1;
    parallel_ranges(x->numel, 1 << 12, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = lone ? 0 : i / m * n;
        const T* e = edges + row;
        const int64_t* s = by ? by + row : nullptr;
        int64_t low = 0, size = n;
        while (size > 0) {  // NaN belongs behind everything
          const int64_t half = size / 2, middle = low + half;
          const T v = e[s ? s[middle] : middle];
          const bool before = right ? !(v > p[i]) : !(v >= p[i]);
          low = before ? middle + 1 : low;
          size = before ? size - half - 1 : half;
        }
        if (dtype == DType::int32)
          reinterpret_cast<int32_t*>(to)[i] = int32_t(low);
        else
          reinterpret_cast<int64_t*>(to)[i] = low;
      }
    });
  });
  return out;
}

Tensor contains_values(const Tensor& given, const Tensor& among, bool invert) {
  const Tensor x = contiguous_values(given);
  Tensor list = contiguous_values(among), order;
  const int64_t n = list.numel();
  list = alias(list, Shape{n}, Ints{1}, 0);
  if (n > 8) {
    Tensor sorted;
    sort_values(list, 0, false, &sorted, order);
    list = sorted;
  }
  Tensor out = empty_like(x, DType::bool_);
  visit_keyed(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *p = x.data<T>(), *v = list.data<T>();
    bool* to = out.data<bool>();
    int64_t numbers = n;
    while (n > 8 && numbers && v[numbers - 1] != v[numbers - 1]) --numbers;  // NaN equals nothing
    for (int64_t i = 0; i < x.numel(); ++i) {
      bool found = false;
      if (n > 8)
        found = p[i] == p[i] && std::binary_search(v, v + numbers, p[i]);
      else
        for (int64_t k = 0; k < n; ++k) found |= v[k] == p[i];
      to[i] = found != invert;
    }
  });
  return out;
}

}  // namespace tg::ops
