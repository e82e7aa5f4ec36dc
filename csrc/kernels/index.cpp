// Kernels that follow an index: whole rows taken, put and added, and single elements gathered and scattered.
// Indices were checked by the caller; no bounds are known here.
#include "kernels/fill.h"

namespace tg::kernels {
namespace {

// Integers wrap and booleans saturate, as everywhere in the library.
inline float add(float a, float b) { return a + b; }
inline double add(double a, double b) { return a + b; }
inline int64_t add(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
inline int32_t add(int32_t a, int32_t b) { return int32_t(uint32_t(a) + uint32_t(b)); }
inline uint8_t add(uint8_t a, uint8_t b) { return uint8_t(a + b); }
inline bool add(bool a, bool b) { return a | b; }

// memcpy of a constant size is one move, where a call would cost more than the row.
template <int64_t kBytes>
void take_small(const char* x, const int64_t* index, char* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) __builtin_memcpy(y + i * kBytes, x + index[i] * kBytes, kBytes);
}

void take_rows(const void* x_void, const int64_t* index, void* y_void, int64_t n, int64_t row_bytes) {
  const char* x = static_cast<const char*>(x_void);
  char* y = static_cast<char*>(y_void);
  switch (row_bytes) {
    case 0:
      return;
    case 1:
      return take_small<1>(x, index, y, n);
    case 4:
      return take_small<4>(x, index, y, n);
    case 8:
      return take_small<8>(x, index, y, n);
    case 16:
      return take_small<16>(x, index, y, n);
    case 32:
      return take_small<32>(x, index, y, n);
    case 64:
      return take_small<64>(x, index, y, n);
  }
  for (int64_t i = 0; i < n; ++i) __builtin_memcpy(y + i * row_bytes, x + index[i] * row_bytes, row_bytes);
}

template <int64_t kBytes>
void put_small(char* x, const int64_t* index, const char* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) __builtin_memcpy(x + index[i] * kBytes, y + i * kBytes, kBytes);
}

void put_rows(void* x_void, const int64_t* index, const void* y_void, int64_t n, int64_t row_bytes) {
  char* x = static_cast<char*>(x_void);
  const char* y = static_cast<const char*>(y_void);
  switch (row_bytes) {
    case 0:
      return;
    case 1:
      return put_small<1>(x, index, y, n);
    case 4:
      return put_small<4>(x, index, y, n);
    case 8:
      return put_small<8>(x, index, y, n);
  }
  for (int64_t i = 0; i < n; ++i) __builtin_memcpy(x + index[i] * row_bytes, y + i * row_bytes, row_bytes);
}

template <class T>
void add_rows(void* x_void, const int64_t* index, const void* y_void, int64_t n, int64_t row) {
  T* x = static_cast<T*>(x_void);
  const T* y = static_cast<const T*>(y_void);
  for (int64_t i = 0; i < n; ++i) {
    T* __restrict to = x + index[i] * row;
    const T* __restrict from = y + i * row;
    for (int64_t j = 0; j < row; ++j) to[j] = add(to[j], from[j]);
  }
}

template <class T>
void gather(const void* x_void, const int64_t* index, void* y_void, int64_t outer, int64_t n, int64_t m, int64_t inner) {
  const T* x = static_cast<const T*>(x_void);
  T* y = static_cast<T*>(y_void);
  for (int64_t o = 0; o < outer; ++o, x += n * inner)
    for (int64_t j = 0; j < m; ++j, index += inner, y += inner)
      for (int64_t i = 0; i < inner; ++i) y[i] = x[index[i] * inner + i];
}

template <class T>
void scatter_add(void* x_void, const int64_t* index, const void* y_void, int64_t outer, int64_t n, int64_t m, int64_t inner) {
  T* x = static_cast<T*>(x_void);
  const T* y = static_cast<const T*>(y_void);
  for (int64_t o = 0; o < outer; ++o, x += n * inner)
    for (int64_t j = 0; j < m; ++j, index += inner, y += inner)
      for (int64_t i = 0; i < inner; ++i) x[index[i] * inner + i] = add(x[index[i] * inner + i], y[i]);
}

template <class T>
void fill_type(IndexTable& t, int type) {
  t.add_rows[type] = add_rows<T>;
  t.gather[type] = gather<T>;
  t.scatter_add[type] = scatter_add<T>;
}

}  // namespace

namespace TG_ISA {

void fill_index(IndexTable& t) {
  t.take_rows = take_rows;
  t.put_rows = put_rows;
  fill_type<float>(t, 0);
  fill_type<double>(t, 1);
  fill_type<int64_t>(t, 2);
  fill_type<int32_t>(t, 3);
  fill_type<uint8_t>(t, 4);
  fill_type<bool>(t, 5);
}

}  // namespace TG_ISA
}  // namespace tg::kernels
