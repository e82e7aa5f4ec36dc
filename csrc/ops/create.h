// Tensors out of nothing: of one value, of a range, with the values not set. Knows no Python objects and no randomness.
#pragma once
#include "ops/arguments.h"
#include "ops/common.h"
#include "ops/list.h"

namespace tg::ops {

// "(*size: int, dtype: ...": a signature with the keyword arguments that all functions of this family end with.
template <size_t N>
struct Text {
  char chars[N];
  constexpr Text(const char (&text)[N]) { std::copy_n(text, N, chars); }
};
template <Text kHead, Text kOptions>
struct Joined {
  char chars[sizeof(kHead.chars) + sizeof(kOptions.chars) - 1];
  constexpr Joined() {
    std::copy_n(kHead.chars, sizeof(kHead.chars) - 1, chars);
    std::copy_n(kOptions.chars, sizeof(kOptions.chars), chars + sizeof(kHead.chars) - 1);
  }
  static const Joined value;
};
template <Text kHead, Text kOptions>
constexpr Joined<kHead, kOptions> Joined<kHead, kOptions>::value{};

template <Text kHead>
constexpr const char* with_options =
    Joined<kHead,
           "dtype: dtype | None = None, layout: object = None, device: object = None, pin_memory: bool = False, "
           "requires_grad: bool = False) -> Tensor">::value.chars;
template <Text kHead>
constexpr const char* like_options =
    Joined<kHead,
           "dtype: dtype | None = None, layout: object = None, device: object = None, pin_memory: bool = False, "
           "requires_grad: bool = False, memory_format: object = None) -> Tensor">::value.chars;

// Empty tensors for what the user asked for; they throw naming the operation.
Tensor checked_empty(const char* op, Span size, DType dtype);
// t with requires_grad set, if it may be.
Tensor with_grad(const char* op, Tensor t, bool requires_grad);
// The dims of t from the slowest to the fastest in memory: the order in which PyTorch walks a tensor that it fills.
Ints memory_order(const Tensor& t);
// Of t's shape, its dims in memory in the order of t's, as PyTorch's preserve_format has it. Values are not set.
Tensor empty_preserving(const Tensor& t, DType dtype);
inline Tensor empty_in_format(const Tensor& t, DType dtype, Neutral format) {
  return format.contiguous || t.contiguous() ? empty(t.shape(), dtype) : empty_preserving(t, dtype);
}
void fill_with(const char* op, const Tensor& t, const Number& value);  // refuses what the dtype cannot hold

struct Zeros {
  static constexpr OpInfo info{.name = "zeros",
                               .signature = with_options<"(*size: int, ">,
                               .doc = "A tensor of zeros; float32 unless dtype is given.",
                               .example = "tg.zeros(2, 3)",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct Ones {
  static constexpr OpInfo info{.name = "ones",
                               .signature = with_options<"(*size: int, ">,
                               .doc = "A tensor of ones; float32 unless dtype is given.",
                               .example = "tg.ones(2, 3)",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct Empty {
  static constexpr OpInfo info{.name = "empty",
                               .signature = like_options<"(*size: int, ">,
                               .doc = "A tensor whose values are whatever the memory holds.",
                               .example = "tg.empty(2, 0)",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral);
};

struct Full {
  static constexpr OpInfo info{.name = "full",
                               .signature = with_options<"(size: tuple, fill_value: Number, *, ">,
                               .doc = "A tensor of one value, whose kind (bool, int or float) gives the dtype unless dtype does.",
                               .example = "tg.full((2, 2), 7)",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Ints& size, const Number& value, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct ZerosLike {
  static constexpr OpInfo info{.name = "zeros_like",
                               .signature = like_options<"(input: Tensor, *, ">,
                               .doc = "Zeros of input's shape and dtype.",
                               .example = "tg.zeros_like(tg.tensor([1.0, 2.0]))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format);
};

struct OnesLike {
  static constexpr OpInfo info{.name = "ones_like",
                               .signature = like_options<"(input: Tensor, *, ">,
                               .doc = "Ones of input's shape and dtype.",
                               .example = "tg.ones_like(tg.tensor([3.0, 2.0]))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format);
};

struct EmptyLike {
  static constexpr OpInfo info{.name = "empty_like",
                               .signature = like_options<"(input: Tensor, *, ">,
                               .doc = "A tensor of input's shape and dtype, its values not set.",
                               .example = "tg.empty_like(tg.zeros(0, 3))",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format);
};

struct FullLike {
  static constexpr OpInfo info{.name = "full_like",
                               .signature = like_options<"(input: Tensor, fill_value: Number, *, ">,
                               .doc = "A tensor of one value, of input's shape and dtype.",
                               .example = "tg.full_like(tg.tensor([1.0, 2.0]), 5)",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Number& value, OptDType dtype, Neutral, Neutral, Neutral, bool grad,
                        Neutral format);
};

struct NewZeros {
  static constexpr OpInfo info{.name = "new_zeros",
                               .signature = with_options<"(input: Tensor, *size: int, ">,
                               .doc = "Zeros of another shape in input's dtype.",
                               .example = "tg.tensor([1.0]).new_zeros(2, 2)",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct NewOnes {
  static constexpr OpInfo info{.name = "new_ones",
                               .signature = with_options<"(input: Tensor, *size: int, ">,
                               .doc = "Ones of another shape in input's dtype.",
                               .example = "tg.tensor([1.0]).new_ones(2, 2)",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct NewEmpty {
  static constexpr OpInfo info{.name = "new_empty",
                               .signature = with_options<"(input: Tensor, *size: int, ">,
                               .doc = "A tensor of another shape in input's dtype, its values not set.",
                               .example = "tg.tensor([1.0]).new_empty(2, 0)",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& size, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct NewFull {
  static constexpr OpInfo info{.name = "new_full",
                               .signature = with_options<"(input: Tensor, size: tuple, fill_value: Number, *, ">,
                               .doc = "A tensor of another shape and of one value in input's dtype.",
                               .example = "tg.tensor([1.0]).new_full((2,), 7)",
                               .face = Face::method,
                               .bfloat16 = true};
  static Tensor forward(const Tensor& x, const Ints& size, const Number& value, OptDType dtype, Neutral, Neutral, Neutral,
                        bool grad);
};

struct ScalarTensor {
  static constexpr OpInfo info{.name = "scalar_tensor",
                               .signature = with_options<"(s: Number, *, ">,
                               .doc = "A number as a 0-d tensor; float32 unless dtype is given.",
                               .example = "tg.scalar_tensor(2.5)",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(const Number& s, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct Arange {
  static constexpr OpInfo info{
      .name = "arange",
      .signature = with_options<"(start: Number | None = None, end: Number | None = None, step: Number = 1, *, ">,
      .doc = "start, start + step, ... before end; arange(end) starts at 0. int64 where all numbers are ints, else float32.",
      .shapes = "[ceil((end - start) / step)]",
      .example = "tg.arange(1, 4)",
      .face = Face::function};
  static Tensor forward(const std::optional<Number>& start, const std::optional<Number>& end, const Number& step, OptDType dtype,
                        Neutral, Neutral, Neutral, bool grad);
};

struct Linspace {
  static constexpr OpInfo info{.name = "linspace",
                               .signature = with_options<"(start: Number, end: Number, steps: int, *, ">,
                               .doc = "`steps` values from start to end, both included, evenly spaced.",
                               .shapes = "[steps]",
                               .example = "tg.linspace(0, 1, 5)",
                               .face = Face::function};
  static Tensor forward(const Number& start, const Number& end, int64_t steps, OptDType dtype, Neutral, Neutral, Neutral,
                        bool grad);
};

struct Logspace {
  static constexpr OpInfo info{.name = "logspace",
                               .signature = with_options<"(start: Number, end: Number, steps: int, base: float = 10.0, *, ">,
                               .doc = "`steps` powers of base, their exponents evenly spaced from start to end, both included.",
                               .shapes = "[steps]",
                               .example = "tg.logspace(0, 3, 4)",
                               .face = Face::function};
  static Tensor forward(const Number& start, const Number& end, int64_t steps, double base, OptDType dtype, Neutral, Neutral,
                        Neutral, bool grad);
};

struct Eye {
  static constexpr OpInfo info{.name = "eye",
                               .signature = with_options<"(n: int, m: int | None = None, *, ">,
                               .doc = "Ones on the diagonal of an n x m matrix of zeros; m is n unless given.",
                               .shapes = "[n, m]",
                               .example = "tg.eye(2, 3)",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(int64_t n, std::optional<int64_t> m, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct TrilIndices {
  static constexpr OpInfo info{.name = "tril_indices",
                               .signature =
                                   "(row: int, col: int, offset: int = 0, *, dtype: dtype | None = None, layout: object = "
                                   "None, device: object = None, pin_memory: bool = False) -> Tensor",
                               .doc = "Rows and columns of the entries of a row x col matrix on and below a diagonal.",
                               .shapes = "[2, entries]",
                               .example = "tg.tril_indices(2, 2)",
                               .face = Face::function};
  static Tensor forward(int64_t row, int64_t col, int64_t offset, OptDType dtype, Neutral, Neutral, Neutral);
};

struct TriuIndices {
  static constexpr OpInfo info{.name = "triu_indices",
                               .signature =
                                   "(row: int, col: int, offset: int = 0, *, dtype: dtype | None = None, layout: object = "
                                   "None, device: object = None, pin_memory: bool = False) -> Tensor",
                               .doc = "Rows and columns of the entries of a row x col matrix on and above a diagonal.",
                               .shapes = "[2, entries]",
                               .example = "tg.triu_indices(2, 2)",
                               .face = Face::function};
  static Tensor forward(int64_t row, int64_t col, int64_t offset, OptDType dtype, Neutral, Neutral, Neutral);
};

// Windows w_k, k < n, for spectra; periodic ones are the first n of n + 1.
struct HannWindow {
  static constexpr OpInfo info{.name = "hann_window",
                               .signature = with_options<"(window_length: int, periodic: bool = True, *, ">,
                               .doc = "Hann's window.",
                               .formula = "w_k = 1/2 - 1/2 cos(2 pi k / n), n - 1 for n unless periodic",
                               .example = "tg.hann_window(4)",
                               .face = Face::function};
  static Tensor forward(int64_t n, bool periodic, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct HammingWindow {
  static constexpr OpInfo info{
      .name = "hamming_window",
      .signature = with_options<"(window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, ">,
      .doc = "Hamming's window.",
      .formula = "w_k = alpha - beta cos(2 pi k / n), n - 1 for n unless periodic",
      .example = "tg.hamming_window(4)",
      .face = Face::function};
  static Tensor forward(int64_t n, bool periodic, double alpha, double beta, OptDType dtype, Neutral, Neutral, Neutral,
                        bool grad);
};

struct BlackmanWindow {
  static constexpr OpInfo info{.name = "blackman_window",
                               .signature = with_options<"(window_length: int, periodic: bool = True, *, ">,
                               .doc = "Blackman's window.",
                               .formula = "w_k = 0.42 - 0.5 cos(2 pi k / n) + 0.08 cos(4 pi k / n), n - 1 for n unless periodic",
                               .example = "tg.blackman_window(4)",
                               .face = Face::function};
  static Tensor forward(int64_t n, bool periodic, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct BartlettWindow {
  static constexpr OpInfo info{.name = "bartlett_window",
                               .signature = with_options<"(window_length: int, periodic: bool = True, *, ">,
                               .doc = "Bartlett's window, a triangle.",
                               .formula = "w_k = 1 - |2 k / n - 1|, n - 1 for n unless periodic",
                               .example = "tg.bartlett_window(4)",
                               .face = Face::function};
  static Tensor forward(int64_t n, bool periodic, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct KaiserWindow {
  static constexpr OpInfo info{.name = "kaiser_window",
                               .signature = with_options<"(window_length: int, periodic: bool = True, beta: float = 12.0, *, ">,
                               .doc = "Kaiser's window; I0 is the modified Bessel function of order 0.",
                               .formula = "w_k = I0(beta sqrt(1 - (2 k / n - 1)^2)) / I0(beta), n - 1 for n unless periodic",
                               .example = "tg.kaiser_window(4)",
                               .face = Face::function};
  static Tensor forward(int64_t n, bool periodic, double beta, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

using Creations = OpList<Zeros, Ones, Empty, Full, ZerosLike, OnesLike, EmptyLike, FullLike, NewZeros, NewOnes, NewEmpty, NewFull,
                         ScalarTensor, Arange, Linspace, Logspace, Eye, TrilIndices, TriuIndices, HannWindow, HammingWindow,
                         BlackmanWindow, BartlettWindow, KaiserWindow>;

}  // namespace tg::ops
