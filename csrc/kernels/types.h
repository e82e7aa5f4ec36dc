// What every part of the table of kernels is made of: the numbering of element types, and strided loops.
#pragma once
#include <cstdint>

namespace tg::kernels {

// Element types are numbered as core/dtype.h numbers them (ops/common.h asserts that both agree):
// float32 float64 int64 int32 uint8 bool.
inline constexpr int kTypes = 6;
inline constexpr int kFloatTypes = 2;

// A two-level strided loop. Operand 0 is the output, the others are inputs. Steps are in bytes and may
// be zero (broadcast) or anything else; the output of one loop never overlaps an input except exactly.
struct Loop {
  int64_t n;     // inner extent
  int64_t rows;  // outer extent
  char* ptr[4];
  int64_t step[4];
  int64_t row_step[4];
};
using LoopFn = void (*)(const Loop&);

// One entry per element type; nullptr where the operation is not defined on the type.
struct ByType {
  LoopFn fn[kTypes] = {};
  LoopFn operator[](int type) const { return fn[type]; }
};

}  // namespace tg::kernels
