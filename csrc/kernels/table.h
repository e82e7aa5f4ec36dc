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

// Lines of n elements that lie `step` apart: element j of line i of block o stands at (o * n + j) * step + i, i < inner.
struct Lines {
  int64_t outer, n, inner, step;
};
using LineFn = void (*)(const Lines&, const void* x, void* y);
using LineGradFn = void (*)(const Lines&, const void* dy, const void* y, void* dx);

struct SoftmaxTable {
  LineFn softmax[kFloatTypes] = {}, log_softmax[kFloatTypes] = {};
  LineGradFn softmax_grad[kFloatTypes] = {};      // dx = y (dy - sum(dy y))
  LineGradFn log_softmax_grad[kFloatTypes] = {};  // dx = dy - exp(y) sum(dy)
};

// y = f(x) and dx = dy f'(x) over n contiguous elements; p: up to three parameters.
struct Curve {
  void (*value[kFloatTypes])(const void* x, void* y, int64_t n, const double* p) = {};
  void (*grad[kFloatTypes])(const void* dy, const void* x, void* dx, int64_t n, const double* p) = {};
};
struct ActivationTable {
  Curve leaky_relu, elu, gelu, gelu_tanh, silu, mish, softplus, logsigmoid, hardtanh, hardswish, hardsigmoid, softsign,
      tanhshrink, softshrink, hardshrink, threshold;
};

// A loss of input x and target t, elementwise: y = f(x, t), its sum, and dx = dy scale df/dx. p: up to two parameters.
struct PairLoss {
  void (*value[kFloatTypes])(const void* x, const void* t, void* y, int64_t n, const double* p) = {};
  double (*total[kFloatTypes])(const void* x, const void* t, int64_t n, const double* p) = {};
  // dy_step: 1, or 0 for one dy for all.
  void (*grad[kFloatTypes])(const void* dy, int64_t dy_step, double scale, const void* x, const void* t, void* dx, int64_t n,
                            const double* p) = {};
};
// Class numbers t[outer, inner] for scores x[outer, classes, inner]; weight[classes] may be null; t = ignored counts nothing.
struct Classes {
  int64_t outer, classes, inner, ignored;
  const int64_t* target;
  const void* weight;
};
struct LossTable {
  PairLoss mse, l1, smooth_l1, huber, bce, bce_logits, soft_margin, hinge;
  // y = -weight[t] x[t] where y is not null; adds up y and the weights. Gives the position of a bad t, else -1.
  int64_t (*nll[kFloatTypes])(const Classes&, const void* x, void* y, double* sum, double* weights) = {};
  // dx += -weight[t] dy scale at t.
  void (*nll_grad[kFloatTypes])(const Classes&, const void* dy, int64_t dy_step, double scale, void* dx) = {};
  // The same for y = -weight[t] log_softmax(x)[t], inner = 1; lse[outer] takes log sum e^x of each row.
  int64_t (*cross_entropy[kFloatTypes])(const Classes&, const void* x, void* lse, void* y, double* sum, double* weights) = {};
  void (*cross_entropy_grad[kFloatTypes])(const Classes&, const void* dy, int64_t dy_step, double scale, const void* x,
                                          const void* lse, void* dx) = {};
};

// Rows of n elements brought to mean 0 (where centred) and variance 1; then y = xhat weight + bias, each null or indexed by
// (row % groups) * (n / run) + position / run. mean and rstd hold a number per row.
struct RowNorm {
  int64_t rows, n, groups, run;
  bool centred;
  double eps;
  const void *weight, *bias;
};
// x[outer, channels, run], statistics per channel.
struct ChannelNorm {
  int64_t outer, channels, run;
};
struct NormTable {
  void (*rows[kFloatTypes])(const RowNorm&, const void* x, void* y, void* mean, void* rstd) = {};
  void (*rows_grad[kFloatTypes])(const RowNorm&, const void* dy, const void* x, const void* mean, const void* rstd,
                                 void* dx) = {};
  // Adds sum dy xhat to dweight and sum dy to dbias; either may be null.
  void (*rows_weight_grad[kFloatTypes])(const RowNorm&, const void* dy, const void* x, const void* mean, const void* rstd,
                                        void* dweight, void* dbias) = {};
  void (*moments[kFloatTypes])(const ChannelNorm&, const void* x, void* mean, void* var) = {};
  // y = (x - mean) scale + shift; shift may be null.
  void (*apply[kFloatTypes])(const ChannelNorm&, const void* x, const void* mean, const void* scale, const void* shift,
                             void* y) = {};
  // sum dy and sum dy (x - mean)
  void (*sums[kFloatTypes])(const ChannelNorm&, const void* dy, const void* x, const void* mean, void* sum, void* dot) = {};
  // dx = scale (dy - a - (x - mean) b)
  void (*grad[kFloatTypes])(const ChannelNorm&, const void* dy, const void* x, const void* mean, const void* scale, const void* a,
                            const void* b, void* dx) = {};
};

// A strip of attention's scores: element (r, j) is query `first` + r against key j and stands at r * step + j. The score is
// scale times that plus mask (null, or contiguous rows mask_step apart); a causal row sees the keys up to its own number.
struct AttentionRows {
  int64_t rows, keys, step, first;
  bool causal;
  double scale;
  const void* mask;
  int64_t mask_step;
};
struct AttentionTable {
  // Raw products to weights in place, and log sum e^score of each row: inf where a row sees nothing, whose weights are 0.
  void (*weights[kFloatTypes])(const AttentionRows&, void* scores, void* lse) = {};
  // Raw products to weights, and their gradient to that of the raw products: w (d - dot) scale; both in place.
  void (*weights_grad[kFloatTypes])(const AttentionRows&, void* scores, void* slopes, const void* lse, const void* dots) = {};
  void (*row_dots[kFloatTypes])(int64_t rows, int64_t n, const void* a, const void* b, void* y) = {};
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

// The geometry of one two-dimensional window walk over planes [channels, height, width].
struct Window2d {
  int64_t channels, height, width;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  int64_t out_h, out_w;
};

// Windows with more taps are not convolved directly.
inline constexpr int64_t kDirectTaps = 64;

// The weight of (output, channel, tap) stands at data[output * i + channel * c + tap * t].
struct WindowWeights {
  const void* data;
  int64_t output, channel, tap;
};

struct WindowTable {
  // One image and group at stride 1, as a matrix product with the padded image; packed has the weight's size, bias may be null.
  void (*pack_strips[kFloatTypes])(const Window2d&, int64_t outputs, const WindowWeights&, void* packed) = {};
  void (*conv_strips[kFloatTypes])(const Window2d&, int64_t outputs, const void* x, const void* packed, const void* bias, void* y,
                                   void* scratch) = {};
  int64_t (*strips_scratch[kFloatTypes])(const Window2d&) = {};  // elements
  // One image and group without columns: y = conv(x, weight) + bias (which may be null) and, adding, its gradients. Weight is
  // [outputs, channels, kernel_h, kernel_w], at most kDirectTaps taps a channel; scratch holds conv_scratch elements.
  void (*conv[kFloatTypes])(const Window2d&, int64_t outputs, const void* x, const void* weight, const void* bias, void* y,
                            void* scratch) = {};
  void (*conv_transposed[kFloatTypes])(const Window2d&, int64_t outputs, const void* y, const void* weight, void* x,
                                       void* scratch) = {};
  void (*conv_weight_grad[kFloatTypes])(const Window2d&, int64_t outputs, const void* dy, const void* x, void* dw,
                                        void* scratch) = {};
  int64_t (*conv_scratch[kFloatTypes])(const Window2d&, int64_t outputs) = {};
  // x[channels, height, width] -> columns[channels * kernel_h * kernel_w, out_h * out_w], padding reads as zero. Floats and
  // int64.
  void (*im2col[kTypes])(const Window2d&, const void* x, void* columns) = {};
  // The adjoint: adds columns into x (x is not cleared first).
  void (*col2im[kTypes])(const Window2d&, const void* columns, void* x) = {};
  // y[channels, out_h, out_w] and, unless null, the winner's flat position h * width + w in its plane; NaN wins, padding never.
  void (*max_pool[kTypes])(const Window2d&, const void* x, void* y, int64_t* index) = {};
  // The mean over the window. count_include_pad: padding counts in the divisor, unless that is given (not 0). Floats and int64.
  void (*avg_pool[kTypes])(const Window2d&, const void* x, void* y, bool count_include_pad, int64_t divisor) = {};
  // The adjoint: adds into dx (not cleared first).
  void (*avg_pool_grad[kFloatTypes])(const Window2d&, const void* dy, void* dx, bool count_include_pad, int64_t divisor) = {};
  // The same over windows from floor(o * size / out) to ceil((o + 1) * size / out); kernel, stride and padding are not read.
  void (*adaptive_max_pool[kFloatTypes])(const Window2d&, const void* x, void* y, int64_t* index) = {};
  void (*adaptive_avg_pool[kFloatTypes])(const Window2d&, const void* x, void* y) = {};
  void (*adaptive_avg_pool_grad[kFloatTypes])(const Window2d&, const void* dy, void* dx) = {};
};

// y[u, o, i] = sum_k weight[o, k] x[u, index[o, k], i] for [outer, n, inner] -> [outer, outputs, inner]; without weights
// there is one tap.
struct Resample {
  int64_t n, outputs, inner, taps;
  const int64_t* index;
  const void* weight;  // of x's type, or null
};

struct ResampleTable {
  void (*forward[kTypes])(const Resample&, int64_t outer, const void* x, void* y) = {};
  // Adds into dx (not cleared first).
  void (*adjoint[kFloatTypes])(const Resample&, int64_t outer, const void* dy, void* dx) = {};
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
