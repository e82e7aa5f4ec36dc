// Reductions over one extent: sums and products, extremes and their positions.
// Must not know which axis of which tensor this is: the ops layer says it in three extents and two steps.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/rows.h"

namespace tg::kernels {
namespace {

template <class T>
inline void load_into(Vec<T>& v, const T* p) {
  v = load(p);
}
template <class T>
inline void load_into(T& v, const T* p) {
  v = *p;
}

// kCount neighbouring columns of V (elements or vectors), added up along n: 128 rows in registers, then pairwise.
template <class V, int kCount>
struct Strip {
  V column[kCount];
};
template <class Op, class V, int kCount, class T>
Strip<V, kCount> reduce_strip(const T* x, int64_t n, int64_t n_step) {
  constexpr int64_t kRows = 128;
  constexpr int kWidth = sizeof(V) / sizeof(T);
  const Op op;
  Strip<V, kCount> acc;
  if (n > kRows) {
    const int64_t half = (n / 2 + kRows - 1) / kRows * kRows;
    acc = reduce_strip<Op, V, kCount>(x, half, n_step);
    const Strip<V, kCount> rest = reduce_strip<Op, V, kCount>(x + half * n_step, n - half, n_step);
    for (int c = 0; c < kCount; ++c) acc.column[c] = op(acc.column[c], rest.column[c]);
    return acc;
  }
  for (int c = 0; c < kCount; ++c) acc.column[c] = Op::template kStart<T> + V{};
  for (int64_t j = 0; j < n; ++j, x += n_step) {
#pragma GCC unroll 8
    for (int c = 0; c < kCount; ++c) {
      V v;
      load_into(v, x + c * kWidth);
      acc.column[c] = op(acc.column[c], v);
    }
  }
  return acc;
}

// As many whole strips as fit from column i on.
template <class Op, class V, int kCount, class T>
inline int64_t reduce_strips(const T* x, T* y, int64_t i, const Reduce& r) {
  constexpr int64_t kWidth = kCount * sizeof(V) / sizeof(T);
  for (; i + kWidth <= r.inner; i += kWidth) {
    const Strip<V, kCount> strip = reduce_strip<Op, V, kCount>(x + i, r.n, r.n_step);
    __builtin_memcpy(y + i, strip.column, sizeof strip.column);
  }
  return i;
}

template <class T>
[[gnu::noinline]] void gather(const T* x, int64_t n, int64_t n_step, T* row) {
  for (int64_t j = 0; j < n; ++j) row[j] = x[j * n_step];
}

// A strided row, gathered piece by piece; same order as the contiguous one.
template <class Op, class T>
T reduce_gathered(const T* x, int64_t n, int64_t n_step) {
  if (n > kBlock) {
    const int64_t half = (n / 2 + kBlock - 1) / kBlock * kBlock;
    return Op{}(reduce_gathered<Op>(x, half, n_step), reduce_gathered<Op>(x + half * n_step, n - half, n_step));
  }
  T row[kBlock];
  gather(x, n, n_step, row);
  return reduce_row<Op>(row, n);
}

template <class Op, class T>
void reduce(const Reduce& r) {
  const T* x = static_cast<const T*>(r.x);
  T* y = static_cast<T*>(r.y);
  for (int64_t o = 0; o < r.outer; ++o, x += r.outer_step, y += r.inner) {
    if (r.inner == 1) {
      *y = r.n_step == 1 ? reduce_row<Op>(x, r.n) : reduce_gathered<Op>(x, r.n, r.n_step);
    } else {
      int64_t i = reduce_strips<Op, Vec<T>, 4>(x, y, 0, r);
      i = reduce_strips<Op, Vec<T>, 1>(x, y, i, r);
      i = reduce_strips<Op, T, 4>(x, y, i, r);
      reduce_strips<Op, T, 1>(x, y, i, r);
    }
  }
}

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
void first_in_columns(const T* x, int64_t n, int64_t n_step, int64_t columns, int64_t* y) {
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
  }
}

template <class Op, class T>
void position(const Reduce& r) {
  const T* x = static_cast<const T*>(r.x);
  int64_t* y = static_cast<int64_t*>(r.y);
  for (int64_t o = 0; o < r.outer; ++o, x += r.outer_step, y += r.inner) {
    if (r.inner == 1 && r.n_step == 1)
      *y = first_in_row<Op>(x, r.n);
    else
      first_in_columns<Op>(x, r.n, r.n_step, r.inner, y);
  }
}

template <class T>
void fill_extremes(ReduceTable& t, int type) {
  t.max[type] = reduce<Max, T>;
  t.min[type] = reduce<Min, T>;
  t.argmax[type] = position<Max, T>;
  t.argmin[type] = position<Min, T>;
}

}  // namespace

namespace TG_ISA {
void fill_reduce(ReduceTable& t) {
  t.sum[kFloat32] = reduce<Sum, float>;
  t.sum[kFloat64] = reduce<Sum, double>;
  t.sum[kInt64] = reduce<Sum, uint64_t>;  // unsigned: overflow wraps
  t.prod[kFloat32] = reduce<Prod, float>;
  t.prod[kFloat64] = reduce<Prod, double>;
  t.prod[kInt64] = reduce<Prod, uint64_t>;
  fill_extremes<float>(t, kFloat32);
  fill_extremes<double>(t, kFloat64);
  fill_extremes<int64_t>(t, kInt64);
  fill_extremes<int32_t>(t, kInt32);
  fill_extremes<uint8_t>(t, kUint8);
  fill_extremes<uint8_t>(t, kBool);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
