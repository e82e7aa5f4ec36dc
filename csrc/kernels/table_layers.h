// The part of the table that holds what networks are made of, beyond arithmetic: softmax, activations, losses, norms,
// attention, recurrence, windows. The same rules as table.h's.
#pragma once
#include "kernels/types.h"

namespace tg::kernels {

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

// One step of a recurrent layer: contiguous rows of `size` values, of 4 size gates.
struct RecurrentTable {
  // Raw gates to activated ones in place, cell to c_new and h (Hochreiter & Schmidhuber, 1997).
  void (*lstm[kFloatTypes])(int64_t rows, int64_t size, void* gates, const void* c, void* c_new, void* h) = {};
  // dc: of c_new, then of c; dgates: of the raw gates.
  void (*lstm_grad[kFloatTypes])(int64_t rows, int64_t size, const void* gates, const void* c, const void* c_new, const void* dh,
                                 void* dc, void* dgates) = {};
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

// What the weight gradient without columns needs, in elements.
struct WeightStrips {
  int64_t scratch, sums;
};

// A convolution of one image and group as a matrix product with the padded image.
struct ImageProduct {
  int64_t (*packed_size[kFloatTypes])(const Window2d&, int64_t outputs) = {};  // elements
  void (*pack[kFloatTypes])(const Window2d&, int64_t outputs, const WindowWeights&, void* packed) = {};
  int64_t (*scratch_size[kFloatTypes])(const Window2d&) = {};  // elements
  // bias may be null.
  void (*run[kFloatTypes])(const Window2d&, int64_t outputs, const void* x, const void* packed, const void* bias, void* y,
                           void* scratch) = {};
};

struct WindowTable {
  ImageProduct strips;  // stride 1: vectors of neighbouring places, what lies between two rows of outputs with them
  ImageProduct places;  // vectors of outputs
  // The weight gradient of one image and group, added to sums in an order of their own, and those in the weight's.
  void (*weight_strips[kFloatTypes])(const Window2d&, int64_t outputs, const void* dy, const void* x, void* sums,
                                     void* scratch) = {};
  void (*unpack_weight_strips[kFloatTypes])(const Window2d&, int64_t outputs, const void* sums, void* dw) = {};
  WeightStrips (*weight_strips_size[kFloatTypes])(const Window2d&, int64_t outputs) = {};
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

}  // namespace tg::kernels
