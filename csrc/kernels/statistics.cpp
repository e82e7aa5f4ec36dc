// Reductions that keep more than an element: counts and truths, the squares around a mean, log-sum-exp.
// Sums around the mean run in double; like every order here, theirs is fixed by the sizes alone.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"
#include "kernels/rows.h"

namespace tg::kernels {
namespace {

// Tallies: an integer taken along the elements. kDone: nothing changes it any more.
struct Total {
  static constexpr int64_t kStart = 0, kDone = -1;
  template <class N, class T>
  static N add(N n, T x) {
    return N(uint64_t(n) + uint64_t(x));  // overflow wraps
  }
  static constexpr bool kStops = false;
};
struct Count {
  static constexpr int64_t kStart = 0, kDone = -1;
  template <class N, class T>
  static N add(N n, T x) {
    return n + (x != T(0));
  }
  static constexpr bool kStops = false;
};
struct CountNumbers : Count {
  template <class N, class T>
  static N add(N n, T x) {
    return n + (x == x);
  }
};
struct Any {
  static constexpr int64_t kStart = 0, kDone = 1;
  template <class N, class T>
  static N add(N n, T x) {
    return n | (x != T(0));
  }
  static constexpr bool kStops = true;
};
struct All {
  static constexpr int64_t kStart = 1, kDone = 0;
  template <class N, class T>
  static N add(N n, T x) {
    return n & (x != T(0));
  }
  static constexpr bool kStops = true;
};

template <class Op, class T>
int64_t tally_row(const T* x, int64_t n, int64_t step) {
  constexpr int64_t kPiece = 4096;
  typedef typename IntegerOf<sizeof(T) == 1 ? 4 : sizeof(T)>::type Local;  // holds a piece's count, or all of int64
  int64_t result = Op::kStart;
  if constexpr (__is_same(Op, Total)) {
    for (int64_t j = 0; j < n; ++j) result = Op::add(result, x[j * step]);
    return result;
  }
  for (int64_t j = 0; j < n; j += kPiece) {
    const int64_t count = n - j < kPiece ? n - j : kPiece;
    const T* piece = x + j * step;
    Local local = Op::kStart;
    if (step == 1)
      for (int64_t k = 0; k < count; ++k) local = Op::add(local, piece[k]);
    else
      for (int64_t k = 0; k < count; ++k) local = Op::add(local, piece[k * step]);
    if constexpr (!Op::kStops)
      result += local;
    else if (local == Op::kDone)
      return Op::kDone;
  }
  return result;
}

template <class Op, class Out, class T>
void tally(const Reduce& r) {
  constexpr int64_t kColumns = 1024;
  const T* x = static_cast<const T*>(r.x);
  Out* y = static_cast<Out*>(r.y);
  for (int64_t o = 0; o < r.outer; ++o, x += r.outer_step, y += r.inner) {
    if (r.inner == 1) {
      *y = Out(tally_row<Op>(x, r.n, r.n_step));
      continue;
    }
    for (int64_t start = 0; start < r.inner; start += kColumns) {
      const int64_t count = r.inner - start < kColumns ? r.inner - start : kColumns;
      Out* to = y + start;
      for (int64_t c = 0; c < count; ++c) to[c] = Out(Op::kStart);
      for (int64_t j = 0; j < r.n; ++j) {
        const T* row = x + j * r.n_step + start;
#pragma GCC ivdep  // the result is disjoint from what is read
        for (int64_t c = 0; c < count; ++c) to[c] = Op::add(to[c], row[c]);
      }
    }
  }
}

// Sums in double of f of each element: of a row dealt out to kWays lanes, or of kWays columns at once.
constexpr int kWays = 32;
struct Sums {
  double at[kWays];
};
// [rows, count] elements; whole pieces have a count known to the compiler.
template <class T, class F>
inline void add_rows(const T* x, int64_t rows, int64_t row_step, int64_t count, Sums& sums, F f) {
  for (int64_t j = 0; j < rows; ++j, x += row_step) {
    if (count == kWays)
      for (int c = 0; c < kWays; ++c) sums.at[c] += f(double(x[c]), c);
    else
      for (int c = 0; c < count; ++c) sums.at[c] += f(double(x[c]), c);
  }
}
template <class T, class F>
void sum_rows(const T* x, int64_t rows, int64_t row_step, int64_t count, Sums& sums, F f) {
  constexpr int64_t kRows = 256;
  for (double& s : sums.at) s = 0;
  if (rows <= kRows) return add_rows(x, rows, row_step, count, sums, f);
  const int64_t half = rows / 2;
  Sums rest;
  sum_rows(x, half, row_step, count, sums, f);
  sum_rows(x + half * row_step, rows - half, row_step, count, rest, f);
  for (int c = 0; c < kWays; ++c) sums.at[c] += rest.at[c];
}
// A row of n with any step.
template <class T, class F>
double sum_line(const T* x, int64_t n, int64_t step, F f) {
  double tail = 0;
  if (step != 1 || n < kWays) {
    for (int64_t j = 0; j < n; ++j) tail += f(double(x[j * step]), 0);
    return tail;
  }
  Sums sums;
  const int64_t rows = n / kWays;
  sum_rows(x, rows, int64_t(kWays), int64_t(kWays), sums, f);
  for (int64_t j = rows * kWays; j < n; ++j) tail += f(double(x[j]), 0);
  for (int half = kWays / 2; half > 0; half /= 2)
    for (int c = 0; c < half; ++c) sums.at[c] += sums.at[c + half];
  return sums.at[0] + tail;
}

// Two passes: the mean, then the squares around it.
template <class T>
void var(const Reduce& r) {
  const T* x = static_cast<const T*>(r.x);
  T* y = static_cast<T*>(r.y);
  T* means = static_cast<T*>(r.second);
  for (int64_t o = 0; o < r.outer; ++o, x += r.outer_step) {
    if (r.inner == 1) {
      const double mean = sum_line(x, r.n, r.n_step, [](double v, int) { return v; }) / double(r.n);
      if (means) means[o] = T(mean);
      y[o] = T(sum_line(x, r.n, r.n_step, [mean](double v, int) { return (v - mean) * (v - mean); }));
      continue;
    }
    for (int64_t i = 0; i < r.inner; i += kWays) {
      const int64_t count = r.inner - i < kWays ? r.inner - i : kWays;
      Sums mean, squares;
      sum_rows(x + i, r.n, r.n_step, count, mean, [](double v, int) { return v; });
      for (double& m : mean.at) m /= double(r.n);
      sum_rows(x + i, r.n, r.n_step, count, squares, [&mean](double v, int c) { return (v - mean.at[c]) * (v - mean.at[c]); });
      for (int64_t c = 0; c < count; ++c) {
        if (means) means[o * r.inner + i + c] = T(mean.at[c]);
        y[o * r.inner + i + c] = T(squares.at[c]);
      }
    }
  }
}

// An infinite maximum needs no shift: e^x is 0 or infinite already.
template <class T>
inline T finite_or_zero(T top) {
  return top - top == T(0) || top != top ? top : T(0);
}

// The sum of e^(x - top) over n vectors of `count` lanes, n_step apart, halved down to 128.
template <class T>
Vec<T> sum_exp_columns(const T* x, int64_t n, int64_t n_step, int64_t count, Vec<T> top) {
  if (n > 128) {
    const int64_t half = n / 2;
    return sum_exp_columns(x, half, n_step, count, top) + sum_exp_columns(x + half * n_step, n - half, n_step, count, top);
  }
  Vec<T> sum{};
  for (int64_t j = 0; j < n; ++j) sum += exp(load_some(x + j * n_step, count, T(0)) - top);
  return sum;
}

// The same over a contiguous row.
template <class T>
T sum_exp_row(const T* x, int64_t n, T top) {
  constexpr int64_t kPiece = 512;
  if (n > kPiece) {
    const int64_t half = (n / 2 + kPiece - 1) / kPiece * kPiece;
    return sum_exp_row(x, half, top) + sum_exp_row(x + half, n - half, top);
  }
  T piece[kPiece];
  for (int64_t i = 0; i < n; i += kLanes<T>) store_some(piece + i, n - i, exp(load_some(x + i, n - i, T(0)) - top));
  return reduce_row<Sum>(piece, n);
}

// `count` columns of n rows.
template <class T>
inline Vec<T> logsumexp_columns(const T* x, int64_t n, int64_t n_step, int64_t count) {
  Vec<T> top = load_some(x, count, T(0));
  for (int64_t j = 1; j < n; ++j) top = Max{}(top, load_some(x + j * n_step, count, T(0)));
  for (int l = 0; l < kLanes<T>; ++l) top[l] = finite_or_zero(top[l]);
  return log(sum_exp_columns(x, n, n_step, count, top)) + top;
}

template <class T>
void logsumexp(const Reduce& r) {
  constexpr int64_t kShort = 64;
  const T* x = static_cast<const T*>(r.x);
  T* y = static_cast<T*>(r.y);
  if (r.inner == 1 && r.n <= kShort && r.outer >= 8) {  // many short rows: turned into columns
    T tile[kShort * kLanes<T>] = {};
    for (int64_t o = 0; o < r.outer; o += kLanes<T>) {
      const int64_t count = r.outer - o < kLanes<T> ? r.outer - o : kLanes<T>;
      for (int64_t l = 0; l < count; ++l)
        for (int64_t j = 0; j < r.n; ++j) tile[j * kLanes<T> + l] = x[(o + l) * r.outer_step + j * r.n_step];
      store_some(y + o, count, logsumexp_columns(tile, r.n, int64_t(kLanes<T>), int64_t(kLanes<T>)));
    }
    return;
  }
  for (int64_t o = 0; o < r.outer; ++o, x += r.outer_step, y += r.inner) {
    if (r.inner == 1 && r.n_step == 1) {
      const T top = finite_or_zero(reduce_row<Max>(x, r.n));
      *y = log(splat(sum_exp_row(x, r.n, top)))[0] + top;
      continue;
    }
    for (int64_t i = 0; i < r.inner; i += kLanes<T>)
      store_some(y + i, r.inner - i, logsumexp_columns(x + i, r.n, r.n_step, r.inner - i));
  }
}

template <class T>
void fill_type(ReduceTable& t, int type) {
  t.count[type] = tally<Count, int64_t, T>;
  t.any[type] = tally<Any, uint8_t, T>;
  t.all[type] = tally<All, uint8_t, T>;
}
template <class T>
void fill_floats(ReduceTable& t, int type) {
  t.count_numbers[type] = tally<CountNumbers, int64_t, T>;
  t.var[type] = var<T>;
  t.logsumexp[type] = logsumexp<T>;
}

}  // namespace

namespace TG_ISA {
void fill_statistics(ReduceTable& t) {
  fill_type<float>(t, kFloat32);
  fill_type<double>(t, kFloat64);
  fill_type<int64_t>(t, kInt64);
  fill_type<int32_t>(t, kInt32);
  fill_type<uint8_t>(t, kUint8);
  fill_type<uint8_t>(t, kBool);
  fill_floats<float>(t, kFloat32);
  fill_floats<double>(t, kFloat64);
  t.sum[kInt32] = tally<Total, int64_t, int32_t>;
  t.sum[kUint8] = tally<Total, int64_t, uint8_t>;
  t.sum[kBool] = tally<Total, int64_t, uint8_t>;
}
}  // namespace TG_ISA

}  // namespace tg::kernels
