// Reductions over one extent that combine elements two by two: sums, products, extremes, the sums under norms.
// Must not know which axis of which tensor this is: the ops layer says it in three extents and two steps.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/rows.h"

namespace tg::kernels {
namespace {

struct NanSum : Sum {
  template <class V>
  static V map(V v) {
    return v == v ? v : V{};
  }
};
template <class V>
inline V absolute(V v) {
  return v < V{} ? -v : v + V{};  // -0 + 0 is 0
}
struct SumAbs : Sum {
  template <class V>
  static V map(V v) {
    return absolute(v);
  }
};
struct SumSquares : Sum {
  template <class V>
  static V map(V v) {
    return v * v;
  }
};
struct MaxAbs : Max {
  template <class T>
  static constexpr T kStart = T(0);
  template <class V>
  static V map(V v) {
    return absolute(v);
  }
};
struct MinAbs : Min {
  template <class V>
  static V map(V v) {
    return absolute(v);
  }
};

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
      acc.column[c] = op(acc.column[c], mapped<Op>(v));
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
    const T first = reduce_gathered<Op>(x, half, n_step);
    return Op{}(first, reduce_gathered<Op>(x + half * n_step, n - half, n_step));
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

template <class T>
void fill_floats(ReduceTable& t, int type) {
  t.sum[type] = reduce<Sum, T>;
  t.prod[type] = reduce<Prod, T>;
  t.nan_sum[type] = reduce<NanSum, T>;
  t.sum_abs[type] = reduce<SumAbs, T>;
  t.sum_squares[type] = reduce<SumSquares, T>;
  t.max_abs[type] = reduce<MaxAbs, T>;
  t.min_abs[type] = reduce<MinAbs, T>;
}
template <class T>
void fill_extremes(ReduceTable& t, int type) {
  t.max[type] = reduce<Max, T>;
  t.min[type] = reduce<Min, T>;
}

}  // namespace

namespace TG_ISA {
void fill_reduce(ReduceTable& t) {
  fill_floats<float>(t, kFloat32);
  fill_floats<double>(t, kFloat64);
  t.sum[kInt64] = reduce<Sum, uint64_t>;  // unsigned: overflow wraps
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
