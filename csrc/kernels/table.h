// The table of kernel pointers: one instance per instruction set, all of the same shape.
// Raw pointers, sizes and steps only: no Tensor, no allocation, no threads, no Python.
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

// Inputs share the element type that indexes the entry; the output has it too unless the comment says otherwise.
struct ElementwiseTable {
  LoopFn cast[kTypes][kTypes] = {};  // [from][to]; the diagonal is the strided copy
  // one input
  ByType neg, abs, sign, relu;                     // every numeric type
  ByType exp, log, sqrt, sin, cos, tanh, sigmoid;  // floats
  ByType logical_not;                              // any type -> bool
  ByType bitwise_not;                              // integers and bool
  ByType isnan;                                    // floats -> bool
  // two inputs
  ByType add, sub, mul, maximum, minimum, pow, floor_divide, remainder;  // numeric (add mul maximum minimum: bool too)
  ByType div;                                                            // floats
  ByType eq, ne, lt, le, gt, ge;                                         // any type -> bool
  ByType bitwise_and, bitwise_or, bitwise_xor;                           // integers and bool
  ByType tanh_grad, sigmoid_grad;                                        // (dy, y) -> dx, floats
  ByType relu_grad;                                                      // (dy, y) -> y > 0 ? dy : 0, floats
  // three inputs
  ByType where;  // (bool condition, a, b) -> a or b
  ByType clamp;  // (x, low, high), numeric
};

// Reduces x[o * outer_step + j * n_step + i] over j < n into y[o * inner + i], for o < outer, i < inner.
// Steps are in elements. Order is fixed by the sizes alone.
struct Reduce {
  const void* x;
  void* y;
  int64_t outer, n, inner;
  int64_t outer_step, n_step;
};
using ReduceFn = void (*)(const Reduce&);

struct ReduceTable {
  ReduceFn sum[kTypes] = {}, prod[kTypes] = {};       // floats and int64; floats pairwise
  ReduceFn max[kTypes] = {}, min[kTypes] = {};        // every type; NaN wins
  ReduceFn argmax[kTypes] = {}, argmin[kTypes] = {};  // y is int64; first winner, NaN wins
};

// Row-wise over contiguous [rows, n].
using RowFn = void (*)(const void* x, void* y, int64_t rows, int64_t n);
using RowGradFn = void (*)(const void* dy, const void* y, void* dx, int64_t rows, int64_t n);

struct SoftmaxTable {
  RowFn softmax[kFloatTypes] = {}, log_softmax[kFloatTypes] = {};
  RowGradFn softmax_grad[kFloatTypes] = {};      // dx = y (dy - sum(dy y))
  RowGradFn log_softmax_grad[kFloatTypes] = {};  // dx = dy - exp(y) sum(dy)
};

// C[m, n] (+)= A[m, k] B[k, n] + bias[n]; element (i, j) of A stands at a[i * a_row + j * a_col], so all four
// transposes are one kernel. C has unit column step. bias may be null. scratch holds gemm_scratch() elements.
template <class T>
struct Gemm {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_col;
  T* c;
  int64_t c_row;
  const T* bias;
  bool accumulate;
  T* scratch;
};

struct GemmTable {
  void (*f32)(const Gemm<float>&) = nullptr;
  void (*f64)(const Gemm<double>&) = nullptr;
  int64_t (*scratch_f32)(int64_t m, int64_t n, int64_t k) = nullptr;  // elements, 64-byte aligned by the caller
  int64_t (*scratch_f64)(int64_t m, int64_t n, int64_t k) = nullptr;
};

// The geometry of one two-dimensional window walk over planes [channels, height, width].
struct Window2d {
  int64_t channels, height, width;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  int64_t out_h, out_w;
};

struct WindowTable {
  // x[channels, height, width] -> columns[channels * kernel_h * kernel_w, out_h * out_w], padding reads as zero.
  void (*im2col[kFloatTypes])(const Window2d&, const void* x, void* columns) = {};
  // The adjoint: adds columns into x (x is not cleared first).
  void (*col2im[kFloatTypes])(const Window2d&, const void* columns, void* x) = {};
  // y[channels, out_h, out_w] and the winner's flat position h * width + w in its plane; NaN wins, padding never.
  void (*max_pool[kFloatTypes])(const Window2d&, const void* x, void* y, int64_t* index) = {};
  // The mean over the window; count_include_pad: padding counts in the divisor.
  void (*avg_pool[kFloatTypes])(const Window2d&, const void* x, void* y, bool count_include_pad) = {};
  // The adjoint: adds into dx (not cleared first).
  void (*avg_pool_grad[kFloatTypes])(const Window2d&, const void* dy, void* dx, bool count_include_pad) = {};
};

struct IndexTable {
  // y[i, :] = x[index[i], :], rows of row_bytes bytes; index is already checked.
  void (*take_rows)(const void* x, const int64_t* index, void* y, int64_t n, int64_t row_bytes) = nullptr;
  // x[index[i], :] = y[i, :], in order of i.
  void (*put_rows)(void* x, const int64_t* index, const void* y, int64_t n, int64_t row_bytes) = nullptr;
  // x[index[i], :] += y[i, :], in order of i; rows of `row` elements.
  void (*add_rows[kTypes])(void* x, const int64_t* index, const void* y, int64_t n, int64_t row) = {};
  // y[o, j, i] = x[o, index[o, j, i], i]; x is [outer, n, inner], index and y are [outer, m, inner].
  void (*gather[kTypes])(const void* x, const int64_t* index, void* y, int64_t outer, int64_t n, int64_t m, int64_t inner) = {};
  // x[o, index[o, j, i], i] += y[o, j, i].
  void (*scatter_add[kTypes])(void* x, const int64_t* index, const void* y, int64_t outer, int64_t n, int64_t m,
                              int64_t inner) = {};
};

struct Sgd {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize, first;  // first: the momentum buffer is filled with the gradient, not blended
};
struct Adam {
  double lr, beta1, beta2, eps, weight_decay;
  double bias1, bias2;       // 1 - beta^t
  bool decoupled, maximize;  // decoupled: AdamW's weight decay
};

struct OptimTable {
  // One contiguous parameter; buffer may be null when momentum is 0.
  void (*sgd[kFloatTypes])(const Sgd&, int64_t n, void* p, const void* grad, void* buffer) = {};
  // max_v is null unless amsgrad.
  void (*adam[kFloatTypes])(const Adam&, int64_t n, void* p, const void* grad, void* m, void* v, void* max_v) = {};
};

struct Table {
  const char* isa = nullptr;
  ElementwiseTable elementwise;
  ReduceTable reduce;
  SoftmaxTable softmax;
  GemmTable gemm;
  WindowTable window;
  IndexTable index;
  OptimTable optim;
};

// The table chosen for this process (dispatch.cpp).
const Table& table();

}  // namespace tg::kernels
