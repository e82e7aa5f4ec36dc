// Registers one operation for a family of element types: which loop serves which entry of the table.
// Knows the numbering of the types; must not know any operation.
#pragma once
#include "kernels/loops.h"
#include "kernels/table.h"

namespace tg::kernels {
namespace {

enum Type { kFloat32, kFloat64, kInt64, kInt32, kUint8, kBool };  // as table.h numbers them; a bool is a byte 0 or 1

// The loop of an operation whose inputs, as many as it takes, all have type T.
template <class Op, class Out, class T>
constexpr LoopFn loop_of() {
  if constexpr (requires(T x) { Op{}(x); })
    return map<Op, Out, T>;
  else if constexpr (requires(T x) { Op{}(x, x); })
    return map<Op, Out, T, T>;
  else
    return map<Op, Out, T, T, T>;
}

template <class Op>
void floats(ByType& entry, Op) {
  entry.fn[kFloat32] = loop_of<Op, float, float>();
  entry.fn[kFloat64] = loop_of<Op, double, double>();
}
// Integers as they are, where order or sign matters.
template <class Op>
void integers(ByType& entry, Op) {
  entry.fn[kInt64] = loop_of<Op, int64_t, int64_t>();
  entry.fn[kInt32] = loop_of<Op, int32_t, int32_t>();
  entry.fn[kUint8] = loop_of<Op, uint8_t, uint8_t>();
}
// Integers through unsigned arithmetic, where overflow must wrap.
template <class Op>
void wrapping(ByType& entry, Op) {
  entry.fn[kInt64] = loop_of<Op, uint64_t, uint64_t>();
  entry.fn[kInt32] = loop_of<Op, uint32_t, uint32_t>();
  entry.fn[kUint8] = loop_of<Op, uint8_t, uint8_t>();
}
template <class Op>
void bools(ByType& entry, Op) {
  entry.fn[kBool] = loop_of<Op, uint8_t, uint8_t>();
}
// Any type to bool.
template <class Op>
void predicate(ByType& entry, Op) {
  entry.fn[kFloat32] = loop_of<Op, uint8_t, float>();
  entry.fn[kFloat64] = loop_of<Op, uint8_t, double>();
  entry.fn[kInt64] = loop_of<Op, uint8_t, int64_t>();
  entry.fn[kInt32] = loop_of<Op, uint8_t, int32_t>();
  entry.fn[kUint8] = loop_of<Op, uint8_t, uint8_t>();
  entry.fn[kBool] = entry.fn[kUint8];
}

}  // namespace
}  // namespace tg::kernels
