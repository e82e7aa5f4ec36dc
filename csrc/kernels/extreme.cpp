// Where the extremes of one extent stand, and what they are.
// Ties go to the first, NaN beats everything; knows no more of the tensor than reduce.cpp does.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/rows.h"

namespace tg::kernels {
namespace {

// The first NaN, else the first of the winning values.
template <class Op, class T>
inline bool beats(T a, T b) {
  return a != b && b == b && (a != a || Op{}(a, b) == a);
}

// A contiguous row: find the block that holds the winner, then look for it there.
template <class Op, class T>
int64_t first_in_row(const T* x, int64_t n) {
  constexpr int64_t kPiece = 1024;
  T best = x[0];
  int64_t start = 0;
  for (int64_t i = 0; i < n; i += kPiece) {
    const T winner = reduce_row<Op>(x + i, n - i < kPiece ? n - i : kPiece);
    if (!beats<Op>(winner, best)) continue;
    best = winner;
    start = i;
  }
  while (x[start] != best && (best == best || x[start] == x[start])) ++start;
  return start;
}

// Several columns at once, so that memory is read in order.
template <class Op, class T>
void first_in_columns(const T* x, int64_t n, int64_t n_step, int64_t columns, T* values, int64_t* y) {
  constexpr int64_t kColumns = 64;
  T best[kColumns];
  for (int64_t i = 0; i < columns; i += kColumns) {
    const int64_t count = columns - i < kColumns ? columns - i : kColumns;
    for (int64_t c = 0; c < count; ++c) {
      best[c] = x[i + c];
      y[i + c] = 0;
    }
    for (int64_t j = 1; j < n; ++j)
      for (int64_t c = 0; c < count; ++c) {
        const T value = x[j * n_step + i + c];
        if (!beats<Op>(value, best[c])) continue;
        best[c] = value;
        y[i + c] = j;
      }
    for (int64_t c = 0; values && c < count; ++c) values[i + c] = best[c];
  }
}

// A short or strided row. Whatever is not within the best so far beats it, NaN too.
template <class Op, class T>
int64_t first_in_line(const T* x, int64_t n, int64_t n_step) {
  T best = x[0];
  int64_t where = 0;
  for (int64_t j = 1; j < n && best == best; ++j) {
    const T v = x[j * n_step];
    if (__is_same(Op, Max) ? v <= best : v >= best) continue;
    best = v;
    where = j;
  }
  return where;
}

template <class Op, class T>
void position(const Reduce& r) {
  const T* x = static_cast<const T*>(r.x);
  T* values = static_cast<T*>(r.y);
  int64_t* y = static_cast<int64_t*>(r.second);
  for (int64_t o = 0; o < r.outer; ++o, x += r.outer_step, y += r.inner) {
    T* found = values ? values + o * r.inner : nullptr;
    if (r.inner == 1) {
      *y = r.n_step == 1 && r.n >= 48 ? first_in_row<Op>(x, r.n) : first_in_line<Op>(x, r.n, r.n_step);
      if (found) *found = x[*y * r.n_step];
    } else {
      first_in_columns<Op>(x, r.n, r.n_step, r.inner, found, y);
    }
  }
}

template <class T>
void fill_type(ReduceTable& t, int type) {
  t.argmax[type] = position<Max, T>;
  t.argmin[type] = position<Min, T>;
}

}  // namespace

namespace TG_ISA {
void fill_extreme(ReduceTable& t) {
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
  fill_type<int64_t>(t, kInt64);
  fill_type<int32_t>(t, kInt32);
  fill_type<uint8_t>(t, kUint8);
  fill_type<uint8_t>(t, kBool);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
