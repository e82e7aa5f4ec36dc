// The loops around every elementwise kernel: which extent runs inside, and how an inner row is walked.
// Knows nothing of the operation, which is a stateless functor on elements (map) or on whole vectors (map_vector).
#pragma once
#include "kernels/simd.h"
#include "kernels/table.h"

namespace tg::kernels {
namespace {

// An input as an inner loop reads it: a plain pointer, one of these, or one value for all.
template <class T>
struct Strided {
  char* p;
  int64_t step;
  T& operator[](int64_t i) const { return *reinterpret_cast<T*>(p + i * step); }
};
template <class T>
struct Same {
  T value;
  T operator[](int64_t) const { return value; }
};

template <class... T>
struct Types {};

// Whether a row with these steps can be streamed: a contiguous output, inputs contiguous or broadcast.
template <class Out, class... In>
inline bool streams(const int64_t* step) {
  bool yes = step[0] == sizeof(Out);
  int k = 0;
  ((++k, yes = yes && (step[k] == 0 || step[k] == sizeof(In))), ...);
  return yes;
}

// Makes the inner extent the one worth looping over: one loop if the rows follow each other, else perhaps the rows.
template <class Out, class... In>
inline Loop arrange(const Loop& given) {
  Loop l = given;
  bool joined = true;
  for (int k = 0; k <= int(sizeof...(In)); ++k) joined = joined && l.row_step[k] == l.n * l.step[k];
  if (joined) {
    l.n *= l.rows;
    l.rows = 1;
  } else if ((l.n < 4 && l.rows > l.n) || (!streams<Out, In...>(l.step) && streams<Out, In...>(l.row_step))) {
    l.n = given.rows;
    l.rows = given.n;
    for (int k = 0; k <= int(sizeof...(In)); ++k) {
      l.step[k] = given.row_step[k];
      l.row_step[k] = given.step[k];
    }
  }
  return l;
}

template <int kOperands, class Row>
inline void for_rows(Loop l, Row row) {
  for (int64_t r = 0; r < l.rows; ++r) {
    row(l);
    for (int k = 0; k < kOperands; ++k) l.ptr[k] += l.row_step[k];
  }
}

// The same in tiles, so that a transposed operand's cache lines are used up before they are evicted.
template <int kOperands, class Row>
inline void for_tiles(const Loop& l, Row row) {
  constexpr int64_t kRows = 16, kColumns = 64;
  if (l.rows == 1) return row(l);
  for (int64_t r = 0; r < l.rows; r += kRows)
    for (int64_t i = 0; i < l.n; i += kColumns) {
      Loop tile = l;
      tile.rows = l.rows - r < kRows ? l.rows - r : kRows;
      tile.n = l.n - i < kColumns ? l.n - i : kColumns;
      for (int k = 0; k < kOperands; ++k) tile.ptr[k] += r * l.row_step[k] + i * l.step[k];
      for_rows<kOperands>(tile, row);
    }
}

// One streamed row: each input in turn is bound as a pointer or as a constant, so the compiler vectorises every mix.
// The loops themselves are not inlined: they are called from two places and would be there twice.
template <class Op, class Out, class... Bound>
[[gnu::noinline]] void stream_row(const Loop& l, Types<>, Bound... in) {
  Out* out = reinterpret_cast<Out*>(l.ptr[0]);
  const int64_t n = l.n;
#pragma GCC ivdep  // the output is disjoint from an input or is that input
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<Out>(Op{}(in[i]...));
}
template <class Op, class Out, class T, class... Rest, class... Bound>
inline void stream_row(const Loop& l, Types<T, Rest...>, Bound... in) {
  const T* p = reinterpret_cast<const T*>(l.ptr[sizeof...(Bound) + 1]);
  if (l.step[sizeof...(Bound) + 1] == 0)
    stream_row<Op, Out>(l, Types<Rest...>{}, in..., Same<T>{*p});
  else
    stream_row<Op, Out>(l, Types<Rest...>{}, in..., p);
}

template <class Op, class Out, class... Bound>
[[gnu::noinline]] void strided_row(const Loop& l, Types<>, Bound... in) {
  const Strided<Out> out{l.ptr[0], l.step[0]};
  for (int64_t i = 0; i < l.n; ++i) out[i] = static_cast<Out>(Op{}(in[i]...));
}
template <class Op, class Out, class T, class... Rest, class... Bound>
inline void strided_row(const Loop& l, Types<T, Rest...>, Bound... in) {
  constexpr int k = sizeof...(Bound) + 1;
  strided_row<Op, Out>(l, Types<Rest...>{}, in..., Strided<T>{l.ptr[k], l.step[k]});
}

// out = Op(in...) element by element.
template <class Op, class Out, class... In>
void map(const Loop& given) {
  constexpr int kOperands = 1 + sizeof...(In);
  const auto stream = [](const Loop& row) { stream_row<Op, Out>(row, Types<In...>{}); };
  if (given.n <= 0 || given.rows <= 0) return;
  if (given.rows == 1 && (given.n == 1 || streams<Out, In...>(given.step))) return stream(given);
  const Loop l = arrange<Out, In...>(given);
  if (streams<Out, In...>(l.step))
    for_rows<kOperands>(l, stream);
  else
    for_tiles<kOperands>(l, [](const Loop& row) { strided_row<Op, Out>(row, Types<In...>{}); });
}

// Lanes beyond count are 1, on which no function takes a way of its own.
template <class T>
inline Vec<T> load_lanes(const char* p, int64_t step, int64_t count) {
  const T* x = reinterpret_cast<const T*>(p);
  if (step == sizeof(T)) return load_some(x, count, T(1));
  if (step == 0) return splat(*x);
  T lanes[kLanes<T>];
  store(lanes, splat(T(1)));
#pragma GCC unroll 1
  for (int64_t l = 0; l < count; ++l) lanes[l] = *reinterpret_cast<const T*>(p + l * step);
  return load(lanes);
}
template <class T>
inline void store_lanes(char* p, int64_t step, int64_t count, Vec<T> v) {
  if (step == sizeof(T)) return store_some(reinterpret_cast<T*>(p), count, v);
  T lanes[kLanes<T>];
  store(lanes, v);
#pragma GCC unroll 1
  for (int64_t l = 0; l < count; ++l) *reinterpret_cast<T*>(p + l * step) = lanes[l];
}

// The first `count` lanes of Op(in...), the others being anything.
template <class Op, class... V>
inline auto first_lanes(int64_t count, V... in) {
  if constexpr (requires { Op::some(count, in...); })
    return Op::some(count, in...);
  else
    return Op{}(in...);
}

// Rows shorter than a vector are packed into vectors: the operation costs more than moving its operands.
template <class Op, class T, class... In>
[[gnu::noinline]] void short_rows(const Loop& l) {
  constexpr int kOperands = 1 + sizeof...(In);
  const int64_t total = l.rows * l.n;
  for (int64_t first = 0; first < total; first += kLanes<T>) {
    const int64_t count = total - first < kLanes<T> ? total - first : kLanes<T>;
    T lanes[kOperands][kLanes<T>];
    int64_t where[kLanes<T>];
    int64_t row = first / l.n, i = first % l.n;
    for (int k = 1; k < kOperands; ++k) store(lanes[k], splat(T(1)));
    for (int64_t n = 0; n < count; ++n) {
      for (int k = 1; k < kOperands; ++k)
        lanes[k][n] = *reinterpret_cast<const T*>(l.ptr[k] + row * l.row_step[k] + i * l.step[k]);
      where[n] = row * l.row_step[0] + i * l.step[0];
      if (++i == l.n) {
        i = 0;
        ++row;
      }
    }
    if constexpr (kOperands == 2)
      store(lanes[0], first_lanes<Op>(count, load(lanes[1])));
    else
      store(lanes[0], first_lanes<Op>(count, load(lanes[1]), load(lanes[2])));
    for (int64_t n = 0; n < count; ++n) *reinterpret_cast<T*>(l.ptr[0] + where[n]) = lanes[0][n];
  }
}

// out = Op(in...) on vectors, for operations that cost more than a branch per vector does. Tails and strided rows go
// through the same arithmetic, so an element's value does not depend on where it stands.
template <class Op, class T, class... In>
void map_vector(const Loop& given) {
  constexpr int kOperands = 1 + sizeof...(In);
  if (given.n <= 0 || given.rows <= 0) return;
  const Loop l = arrange<T, In...>(given);
  if (l.rows > 1 && l.n < kLanes<T>) return short_rows<Op, T, In...>(l);
  for_rows<kOperands>(l, [](const Loop& row) {
    for (int64_t i = 0; i < row.n; i += kLanes<T>) {
      const int64_t count = row.n - i < kLanes<T> ? row.n - i : kLanes<T>;
      int k = 0;
      const Vec<T> in[] = {(++k, load_lanes<In>(row.ptr[k] + i * row.step[k], row.step[k], count))...};
      if constexpr (sizeof...(In) == 1)
        store_lanes<T>(row.ptr[0] + i * row.step[0], row.step[0], count, first_lanes<Op>(count, in[0]));
      else
        store_lanes<T>(row.ptr[0] + i * row.step[0], row.step[0], count, first_lanes<Op>(count, in[0], in[1]));
    }
  });
}

}  // namespace
}  // namespace tg::kernels
