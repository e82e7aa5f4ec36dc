// The table of kernel pointers: one instance per instruction set, all of the same shape.
// Raw pointers, sizes and steps only: no Tensor, no allocation, no threads, no Python.
#pragma once
#include "kernels/table_layers.h"

namespace tg::kernels {

// Inputs share the element type that indexes the entry; the output has it too unless the comment says otherwise.
struct ElementwiseTable {
  // Copies past the cache, for results that are larger than it. `to` is a multiple of 64 bytes.
  void (*stream)(void* to, const void* from, int64_t bytes) = nullptr;
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
  ByType gate, prelu;                                                    // (a, b) -> a sigmoid(b), (x, w) -> x > 0 ? x : w x
  ByType relu_grad;                                                      // (dy, y) -> y > 0 ? dy : 0, floats
  // three inputs
  ByType where;  // (bool condition, a, b) -> a or b
  ByType clamp;  // (x, low, high), numeric
  // floats, one input
  ByType exp2, expm1, log1p, log2, log10, rsqrt, sinh, cosh, asinh, acosh, atanh, tan, asin, acos, atan, sinc;
  ByType erf, erfc, erfcx, erfinv, ndtr, ndtri, log_ndtr, entr, lgamma, digamma, i0, i1;
  ByType floor, ceil, trunc, round;                     // round: to even
  ByType signbit, isinf, isfinite, isposinf, isneginf;  // -> bool; signbit: every numeric type
  ByType round_to, logit, nan_to_num;                   // (x, parameters): RoundTo, LogitEps, Replacements
  // two inputs
  ByType fmax, fmin, fmod, trunc_divide, rsub;   // numeric
  ByType atan2, hypot, copysign, polygamma;      // floats; polygamma: (order, x)
  ByType heaviside;                              // every type
  ByType xlogy, xlog1py, logaddexp, logaddexp2;  // floats
  ByType gcd, lcm, left_shift, right_shift;      // integers
  ByType logical_and, logical_or, logical_xor;   // any type -> bool
  // three inputs, or two and parameters
  ByType addcmul;        // a + b c, numeric
  ByType addcdiv, lerp;  // a + b / c; a to b by weight c; floats
  ByType isclose;        // (a, b, Tolerance) -> bool, floats
};

// Parameters of a kernel: one struct that all elements read as the last input, with step 0.
template <class T>
struct RoundTo {
  T scale;  // 10^decimals, or -10^-decimals where decimals is negative
};
template <class T>
struct LogitEps {
  T low, high;  // x is moved into [low, high]
};
template <class T>
struct Replacements {
  T nan, high, low;
};
template <class T>
struct Tolerance {
  T relative, absolute;
  bool equal_nan;
};

// Reduces x[o * outer_step + j * n_step + i] over j < n into y[o * inner + i], for o < outer, i < inner.
// Steps are in elements. Order is fixed by the sizes alone.
struct Reduce {
  const void* x;
  void* y;
  int64_t outer, n, inner;
  int64_t outer_step, n_step;
  void* second = nullptr;  // another result of the same layout, where the kernel has one
};
using ReduceFn = void (*)(const Reduce&);

struct ReduceTable {
  ReduceFn sum[kTypes] = {};                          // floats pairwise; integers and bool to int64
  ReduceFn prod[kTypes] = {};                         // floats and int64
  ReduceFn max[kTypes] = {}, min[kTypes] = {};        // every type; NaN wins
  ReduceFn argmax[kTypes] = {}, argmin[kTypes] = {};  // y may be null; second: the int64 position of the first winner
  // Floats: sums without NaN, of |x|, of x^2, and the extremes of |x|.
  ReduceFn nan_sum[kTypes] = {}, sum_abs[kTypes] = {}, sum_squares[kTypes] = {}, max_abs[kTypes] = {}, min_abs[kTypes] = {};
  ReduceFn any[kTypes] = {}, all[kTypes] = {};  // every type; y is bool
  ReduceFn count[kTypes] = {};                  // every type; y is int64: how many are not zero
  ReduceFn count_numbers[kTypes] = {};          // floats; y is int64: how many are not NaN
  ReduceFn var[kTypes] = {};                    // floats: sum (x - mean)^2; second: the mean, or null
  ReduceFn logsumexp[kTypes] = {};              // floats
};

// A running result along n over x[o, j, i] = x[(o * n + j) * inner + i], y likewise; `reverse` starts at the end.
struct Scan {
  const void* x;
  void* y;
  int64_t* index;  // where cummax and cummin found what y holds
  int64_t outer, n, inner;
  bool reverse;
};
using ScanFn = void (*)(const Scan&);

struct ScanTable {
  ScanFn sum[kTypes] = {}, prod[kTypes] = {};  // floats and int64; float32 runs in double
  ScanFn max[kTypes] = {}, min[kTypes] = {};   // every type; NaN wins, later ones win ties
  ScanFn logsumexp[kTypes] = {};               // floats
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
  float (*dot_f32)(int64_t n, const float* a, const float* b) = nullptr;  // one number: in several sums side by side
  double (*dot_f64)(int64_t n, const double* a, const double* b) = nullptr;
};

// How an index of n places is followed: x is [outer, n, inner], its inner elements side by side; y is [outer, m, inner].
struct Follow {
  void* x;
  const int64_t* index;  // [m]; gather and scatter: [outer, m, inner]; in [0, n)
  void* y;
  int64_t outer, n, m, inner;
  int64_t outer_step, step;  // of x
};
using FollowFn = void (*)(const Follow&);

struct IndexTable {
  // out[i] = index[i], negative ones counted from the end; whether all are in [low, size). out may be null.
  bool (*check)(const int64_t* index, int64_t* out, int64_t n, int64_t low, int64_t size) = nullptr;
  // y[o, j, :] = x[o, index[j], :] and back, in order of j; inner and steps are in bytes.
  FollowFn take = nullptr, put = nullptr;
  // x[o, index[j], :] += y[o, j, :], in order of j.
  FollowFn add[kTypes] = {};
  // y[o, j, i] = x[o, index[o, j, i], i].
  FollowFn gather[kTypes] = {};
  // x[o, index[o, j, i], i] (op)= y[o, j, i], in order of j; NaN wins in max and min.
  FollowFn scatter[kTypes] = {}, scatter_add[kTypes] = {}, scatter_mul[kTypes] = {};
  FollowFn scatter_max[kTypes] = {}, scatter_min[kTypes] = {};
  // Masks are bytes 0 or 1; elements are 1, 4 or 8 bytes wide.
  int64_t (*count)(const uint8_t* mask, int64_t n) = nullptr;
  // y = the elements of x where mask is set, in order: `count` of them.
  void (*compress)(const void* x, const uint8_t* mask, void* y, int64_t count, int64_t width) = nullptr;
  // The places of x where mask is set are y's elements, in order: `count` of them.
  void (*spread)(void* x, const uint8_t* mask, const void* y, int64_t count, int64_t width) = nullptr;
  // places[k * place_step + d * dim_step] is the coordinate along d of the k-th place where mask is set; `count` of them,
  // dims from 1 to 8.
  void (*places)(const uint8_t* mask, const int64_t* shape, int dims, int64_t* places, int64_t count, int64_t place_step,
                 int64_t dim_step) = nullptr;
};

// One step of an optimizer over one contiguous parameter.
struct OptimStep {
  static constexpr int kStates = 3;
  int64_t n;
  void* p;
  const void* grad;
  void* state[kStates];    // what the rule remembers of each element; null what the settings do without
  const double* settings;  // the rule's own, in the order in which its struct reads them
  double decay, keep;      // decay * p joins the gradient; p is multiplied by keep
  bool maximize;
};
struct OptimRule {
  const char* name;
  int settings, states, optional;  // how many; the last `optional` states may be null
  void (*fn[kFloatTypes])(const OptimStep&);
};

struct OptimTable {
  OptimRule rules[9] = {};
};

struct RandomTable {
  // In place, on blocks of 16 uniform numbers: each block's first 8 and last 8 become 16 normal ones.
  void (*box_muller[kFloatTypes])(void* x, int64_t blocks, double mean, double std) = {};
};

// Multiply-adds in registers; `start` keeps the compiler from knowing the result.
struct ProbeTable {
  double (*multiply_adds[kFloatTypes])(int64_t rounds, double start) = {};
  int64_t per_round[kFloatTypes] = {};
};

struct Table {
  const char* isa = nullptr;
  ElementwiseTable elementwise;
  ReduceTable reduce;
  ScanTable scan;
  SoftmaxTable softmax;
  ActivationTable activation;
  LossTable loss;
  NormTable norm;
  AttentionTable attention;
  RecurrentTable recurrent;
  GemmTable gemm;
  WindowTable window;
  ResampleTable resample;
  IndexTable index;
  OptimTable optim;
  RandomTable random;
  ProbeTable probe;
};

// The table chosen for this process (dispatch.cpp).
const Table& table();

}  // namespace tg::kernels
