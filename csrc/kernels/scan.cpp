// Running sums, products, extremes and log-sum-exps along one extent.
// float32 sums and products run in double, element after element: the order along the extent is the result's meaning.
#include "kernels/families.h"
#include "kernels/fill.h"
#include "kernels/math.h"
#include "kernels/rows.h"

namespace tg::kernels {
namespace {

// Element types and what their running results are kept in.
template <class T>
struct Running {
  typedef T type;
};
template <>
struct Running<float> {
  typedef double type;
};

constexpr int64_t kColumns = 64;

// Calls row(x, y, at, count) for every j in order, `at` being where the elements stand: kColumns neighbours at a time.
template <class T, class Start, class Row>
inline void walk(const Scan& s, Start start, Row row) {
  const T* x = static_cast<const T*>(s.x);
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t i = 0; i < s.inner; i += kColumns) {
      const int64_t count = s.inner - i < kColumns ? s.inner - i : kColumns;
      start();
      for (int64_t k = 0; k < s.n; ++k) {
        const int64_t j = s.reverse ? s.n - 1 - k : k, at = (o * s.n + j) * s.inner + i;
        row(x + at, at, j, count);
      }
    }
}

template <class Op, class T>
void accumulate(const Scan& s) {
  typedef typename Running<T>::type R;
  T* y = static_cast<T*>(s.y);
  const Op op;
  if (s.inner == 1) {  // the result stays in a register
    const int64_t step = s.reverse ? -1 : 1;
    for (int64_t o = 0; o < s.outer; ++o) {
      const int64_t first = o * s.n + (s.reverse ? s.n - 1 : 0);
      const T* from = static_cast<const T*>(s.x) + first;
      T* to = y + first;
      R sum = Op::template kStart<R>;
      for (int64_t j = 0; j < s.n; ++j) to[j * step] = T(sum = op(sum, R(from[j * step])));
    }
    return;
  }
  R sum[kColumns];
  walk<T>(
      s,
      [&] {
        for (R& v : sum) v = Op::template kStart<R>;
      },
      [&](const T* x, int64_t at, int64_t, int64_t count) {
        T* to = y + at;
#pragma GCC ivdep  // y is x or disjoint from it
        for (int64_t c = 0; c < count; ++c) to[c] = T(sum[c] = op(sum[c], R(x[c])));
      });
}

// NaN stays; of equal ones the later is named.
template <class Op, class T>
void extreme(const Scan& s) {
  T* y = static_cast<T*>(s.y);
  T best[kColumns];
  int64_t where[kColumns];
  bool first = true;
  walk<T>(
      s, [&] { first = true; },
      [&](const T* x, int64_t at, int64_t j, int64_t count) {
        for (int64_t c = 0; c < count; ++c) {
          const T v = x[c];
          if (first || v != v || (best[c] == best[c] && Op{}(v, best[c]) == v)) {
            best[c] = v;
            where[c] = j;
          }
          y[at + c] = best[c];
          s.index[at + c] = where[c];
        }
        first = false;
      });
}

// An infinite maximum needs no shift: e^x is 0 or infinite already.
inline double finite_or_zero(double top) { return top - top == 0 || top != top ? top : 0; }

// log of the running sum s of e^(x - m), m being the maximum so far: what takes long is done a vector at a time.
template <class T>
void log_sum_exp_line(const T* x, T* y, int64_t n, int64_t step) {
  constexpr int64_t kPiece = 64;
  constexpr int kLane = kLanes<double>;
  double top = -__builtin_inf(), sum = 0;
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t count = n - start < kPiece ? n - start : kPiece;
    double shift[kPiece], fall[kPiece], term[kPiece];
    for (int64_t j = 0; j < count; ++j) {
      const double v = double(x[(start + j) * step]), before = top;
      top = Max{}(v, top);
      shift[j] = finite_or_zero(top);
      fall[j] = before == top || before - before != 0 ? 0 : before - shift[j];  // a sum of nothing needs none
      term[j] = v - shift[j];
    }
    for (int64_t j = 0; j < count; j += kLane) {
      store_some(fall + j, count - j, exp(load_some(fall + j, count - j, 0.0)));
      store_some(term + j, count - j, exp(load_some(term + j, count - j, 0.0)));
    }
    for (int64_t j = 0; j < count; ++j) term[j] = sum = sum * fall[j] + term[j];
    for (int64_t j = 0; j < count; j += kLane)
      store_some(term + j, count - j, log(load_some(term + j, count - j, 1.0)) + load_some(shift + j, count - j, 0.0));
    for (int64_t j = 0; j < count; ++j) y[(start + j) * step] = T(term[j]);
  }
}
// The same for few elements, one by one.
template <class T>
void log_sum_exp_few(const T* x, T* y, int64_t n, int64_t step) {
  double sum = -__builtin_inf();
  for (int64_t j = 0; j < n; ++j) {
    const double v = double(x[j * step]), top = Max{}(v, sum), low = Min{}(v, sum);
    // Infinities of one sign are their own sum, and so are the first element and whatever is too small to count.
    sum = top - low < 40 ? top + __builtin_log1p(__builtin_exp(low - top)) : top;
    y[j * step] = T(sum);
  }
}

template <class T>
void log_sum_exp(const Scan& s) {
  const auto line = s.n < 32 ? log_sum_exp_few<T> : log_sum_exp_line<T>;
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t i = 0; i < s.inner; ++i) {
      const int64_t at = o * s.n * s.inner + i;
      line(static_cast<const T*>(s.x) + at, static_cast<T*>(s.y) + at, s.n, s.inner);
    }
}

template <class T>
void fill_extremes(ScanTable& t, int type) {
  t.max[type] = extreme<Max, T>;
  t.min[type] = extreme<Min, T>;
}
template <class T>
void fill_floats(ScanTable& t, int type) {
  t.sum[type] = accumulate<Sum, T>;
  t.prod[type] = accumulate<Prod, T>;
  t.logsumexp[type] = log_sum_exp<T>;
}

}  // namespace

namespace TG_ISA {
void fill_scan(ScanTable& t) {
  fill_floats<float>(t, kFloat32);
  fill_floats<double>(t, kFloat64);
  t.sum[kInt64] = accumulate<Sum, uint64_t>;  // unsigned: overflow wraps
  t.prod[kInt64] = accumulate<Prod, uint64_t>;
  fill_extremes<float>(t, kFloat32);
  fill_extremes<double>(t, kFloat64);
  fill_extremes<int64_t>(t, kInt64);
  fill_extremes<int32_t>(t, kInt32);
  fill_extremes<uint8_t>(t, kUint8);
  fill_extremes<uint8_t>(t, kBool);
}
}  // namespace TG_ISA

}  // namespace tg::kernels
