// Kernels that follow an index or a mask: slices taken, put and added, elements gathered, scattered and compressed.
// Indices were checked by the caller; no bounds are known here but in check() itself.
#include "kernels/families.h"
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

bool check(const int64_t* index, int64_t* out, int64_t n, int64_t low, int64_t size) {
  uint64_t outside = 0;  // its sign bit, once a difference was negative or overflowed
  if (!out) {
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t at = uint64_t(index[i]);
      outside |= (at - uint64_t(low)) | (uint64_t(size) - 1 - at);
    }
  } else {
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t at = uint64_t(index[i]);
      outside |= (at - uint64_t(low)) | (uint64_t(size) - 1 - at);
      out[i] = int64_t(at + (index[i] < 0 ? uint64_t(size) : 0));
    }
  }
  return int64_t(outside) >= 0;
}

// Calls f with a block width that is a constant where it is a common one: memcpy of a constant size is one move, where
// a call would cost more than the block.
template <int64_t kBytes>
struct Fixed {
  operator int64_t() const { return kBytes; }
};
template <class F>
inline void with_width(int64_t bytes, F f) {
  switch (bytes) {
    case 1:
      return f(Fixed<1>{});
    case 4:
      return f(Fixed<4>{});
    case 8:
      return f(Fixed<8>{});
    case 16:
      return f(Fixed<16>{});
    case 32:
      return f(Fixed<32>{});
    case 64:
      return f(Fixed<64>{});
    default:
      return f(bytes);
  }
}

// Elements as their bytes, whatever their type.
using Bits8 [[gnu::may_alias]] = uint8_t;
using Bits32 [[gnu::may_alias]] = uint32_t;
using Bits64 [[gnu::may_alias]] = uint64_t;

template <class T>
void take_elements(const Follow& f) {
  const T* x = static_cast<const T*>(f.x);
  T* __restrict y = static_cast<T*>(f.y);
  for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step / int64_t(sizeof(T)), y += f.m)
    for (int64_t j = 0; j < f.m; ++j) y[j] = x[f.index[j]];
}

void take(const Follow& f) {
  if (f.inner == 4 && f.step == 4) return take_elements<Bits32>(f);
  if (f.inner == 8 && f.step == 8) return take_elements<Bits64>(f);
  with_width(f.inner, [&](auto bytes) {
    const char* x = static_cast<const char*>(f.x);
    char* y = static_cast<char*>(f.y);
    for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step)
      for (int64_t j = 0; j < f.m; ++j, y += bytes) __builtin_memcpy(y, x + f.index[j] * f.step, bytes);
  });
}

void put(const Follow& f) {
  with_width(f.inner, [&](auto bytes) {
    char* x = static_cast<char*>(f.x);
    const char* y = static_cast<const char*>(f.y);
    for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step)
      for (int64_t j = 0; j < f.m; ++j, y += bytes) __builtin_memcpy(x + f.index[j] * f.step, y, bytes);
  });
}

// Integers wrap and booleans saturate, as everywhere in the library.
template <class T>
struct Wide {
  using type = T;
};
template <>
struct Wide<int64_t> {
  using type = uint64_t;
};
template <>
struct Wide<int32_t> {
  using type = uint32_t;
};
struct Set {
  template <class T>
  T operator()(T, T b) const {
    return b;
  }
};
struct Plus {
  template <class T>
  T operator()(T a, T b) const {
    return T(typename Wide<T>::type(a) + typename Wide<T>::type(b));
  }
};
struct Times {
  template <class T>
  T operator()(T a, T b) const {
    return T(typename Wide<T>::type(a) * typename Wide<T>::type(b));
  }
};
struct Larger {
  template <class T>
  T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};
struct Smaller {
  template <class T>
  T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};

template <class T>
void add(const Follow& f) {
  T* x = static_cast<T*>(f.x);
  const T* y = static_cast<const T*>(f.y);
  for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step)
    for (int64_t j = 0; j < f.m; ++j, y += f.inner) {
      T* __restrict to = x + f.index[j] * f.step;
      const T* __restrict from = y;
      for (int64_t i = 0; i < f.inner; ++i) to[i] = Plus{}(to[i], from[i]);
    }
}

template <class T>
void gather(const Follow& f) {
  const T* x = static_cast<const T*>(f.x);
  T* __restrict y = static_cast<T*>(f.y);
  const int64_t* index = f.index;
  if (f.inner == 1 && f.step == 1) {
    for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step, index += f.m, y += f.m)
      for (int64_t j = 0; j < f.m; ++j) y[j] = x[index[j]];
    return;
  }
  for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step)
    for (int64_t j = 0; j < f.m; ++j, index += f.inner, y += f.inner)
      for (int64_t i = 0; i < f.inner; ++i) y[i] = x[index[i] * f.step + i];
}

template <class T, class Op>
void scatter(const Follow& f) {
  T* x = static_cast<T*>(f.x);
  const T* __restrict y = static_cast<const T*>(f.y);
  const int64_t* index = f.index;
  if (f.inner == 1 && f.step == 1) {
    for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step, index += f.m, y += f.m)
      for (int64_t j = 0; j < f.m; ++j) x[index[j]] = Op{}(x[index[j]], y[j]);
    return;
  }
  for (int64_t o = 0; o < f.outer; ++o, x += f.outer_step)
    for (int64_t j = 0; j < f.m; ++j, index += f.inner, y += f.inner)
      for (int64_t i = 0; i < f.inner; ++i) {
        T& to = x[index[i] * f.step + i];
        to = Op{}(to, y[i]);
      }
}

int64_t count(const uint8_t* mask, int64_t n) {
  int64_t total = 0;
  for (int64_t i = 0; i < n; i += 4096) {
    const int64_t end = n - i < 4096 ? n : i + 4096;
    uint32_t some = 0;  // narrow sums vectorise better
    for (int64_t j = i; j < end; ++j) some += mask[j];
    total += some;
  }
  return total;
}

// Calls step(i) for the places i where mask may be set until `count` have been: step moves k on where it is. Steps without
// branches touch the next element whether or not the mask is set, so all but the last few are taken eight at a time, and
// eight unset ones are skipped.
template <class Step>
inline void for_set(const uint8_t* mask, int64_t n, const int64_t& k, int64_t count, Step step) {
  int64_t i = 0;
  for (; i + 8 <= n && k + 8 <= count; i += 8) {
    uint64_t eight;
    __builtin_memcpy(&eight, mask + i, 8);
    if (!eight) continue;
    for (int64_t j = i; j < i + 8; ++j) step(j);
  }
  for (; i < n && k < count; ++i) step(i);
}
constexpr int64_t kNoEnd = int64_t(1) << 62;  // the count ends the walk

template <class T>
void compress(const void* x_void, const uint8_t* mask, void* y_void, int64_t count) {
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  int64_t k = 0;
  for_set(mask, kNoEnd, k, count, [&](int64_t i) {
    y[k] = x[i];
    k += mask[i];
  });
}
void compress_any(const void* x, const uint8_t* mask, void* y, int64_t count, int64_t width) {
  (width == 8 ? compress<Bits64> : width == 4 ? compress<Bits32> : compress<Bits8>)(x, mask, y, count);
}

template <class T>
void spread(void* x_void, const uint8_t* mask, const void* y_void, int64_t count) {
  T* x = static_cast<T*>(x_void);
  const T* y = static_cast<const T*>(y_void);
  int64_t k = 0;
  for_set(mask, kNoEnd, k, count, [&](int64_t i) {
    const T chosen = T(-T(mask[i]));  // all ones or all zeros: a branch would be guessed wrong half of the time
    x[i] = T((y[k] & chosen) | (x[i] & ~chosen));
    k += mask[i];
  });
}
void spread_any(void* x, const uint8_t* mask, const void* y, int64_t count, int64_t width) {
  (width == 8 ? spread<Bits64> : width == 4 ? spread<Bits32> : spread<Bits8>)(x, mask, y, count);
}

void places(const uint8_t* mask, const int64_t* shape, int dims, int64_t* places, int64_t count, int64_t place_step,
            int64_t dim_step) {
  constexpr int kDims = 8;
  int64_t at[kDims] = {};  // the coordinates of the row being read
  const int last = dims - 1;
  int64_t* column = places + last * dim_step;
  for (int64_t k = 0; k < count; mask += shape[last]) {
    const int64_t first = k;
    for_set(mask, shape[last], k, count, [&](int64_t i) {
      column[k * place_step] = i;
      k += mask[i];
    });
    for (int d = 0; d < last; ++d)
      for (int64_t j = first; j < k; ++j) places[j * place_step + d * dim_step] = at[d];
    for (int d = last - 1; d >= 0 && ++at[d] == shape[d]; --d) at[d] = 0;
  }
}

template <class T>
void fill_type(IndexTable& t, int type) {
  t.add[type] = add<T>;
  t.gather[type] = gather<T>;
  t.scatter[type] = scatter<T, Set>;
  t.scatter_add[type] = scatter<T, Plus>;
  t.scatter_mul[type] = scatter<T, Times>;
  t.scatter_max[type] = scatter<T, Larger>;
  t.scatter_min[type] = scatter<T, Smaller>;
}

}  // namespace

namespace TG_ISA {

void fill_index(IndexTable& t) {
  t.check = check;
  t.take = take;
  t.put = put;
  t.count = count;
  t.compress = compress_any;
  t.spread = spread_any;
  t.places = places;
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
  fill_type<int64_t>(t, kInt64);
  fill_type<int32_t>(t, kInt32);
  fill_type<uint8_t>(t, kUint8);
  fill_type<bool>(t, kBool);
}

}  // namespace TG_ISA
}  // namespace tg::kernels
