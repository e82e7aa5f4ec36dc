// Random numbers, the same as PyTorch's for the same seed. The distributions are in core/distributions.h; here is what they
// fill: tensors in the order of their memory. Gradients of samples are zero.
#pragma once
#include "core/random.h"
#include "ops/create.h"

namespace tg::ops {

// Fill t, whose values need no history yet.
void draw_normal(Generator& g, const Tensor& t, double mean, double std);
void draw_exponential(Generator& g, const Tensor& t, double rate);
// off or on: what an element becomes with probability p and else.
void draw_choice(Generator& g, const Tensor& t, double p, double on, double off);

struct Rand {
  static constexpr OpInfo info{.name = "rand",
                               .signature = with_options<"(*size: int, generator: Generator | None = None, ">,
                               .doc = "Numbers uniform in [0, 1).",
                               .example = "tg.rand(2, generator=tg.Generator().manual_seed(0))",
                               .face = Face::function};
  static Tensor forward(const Ints& size, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct Randn {
  static constexpr OpInfo info{.name = "randn",
                               .signature = with_options<"(*size: int, generator: Generator | None = None, ">,
                               .doc = "Standard normal numbers.",
                               .example = "tg.randn(2, generator=tg.Generator().manual_seed(0))",
                               .face = Face::function};
  static Tensor forward(const Ints& size, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct Randint {
  static constexpr OpInfo info{
      .name = "randint",
      .signature =
          with_options<"(low: int | None = None, high: int | tuple | None = None, size: tuple | None = None, *, generator: "
                       "Generator | None = None, ">,
      .doc = "Integers in [low, high), int64 unless dtype is given; randint(high, size) starts at 0.",
      .example = "tg.randint(0, 10, (3,), generator=tg.Generator().manual_seed(0))",
      .face = Face::function};
  static Tensor forward(std::optional<int64_t> low, const IntOrInts& high, const std::optional<Ints>& size, Generator* g,
                        OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct Randperm {
  static constexpr OpInfo info{.name = "randperm",
                               .signature = with_options<"(n: int, *, generator: Generator | None = None, ">,
                               .doc = "The numbers 0 to n - 1 in random order, int64 unless dtype is given.",
                               .example = "tg.randperm(4, generator=tg.Generator().manual_seed(0))",
                               .face = Face::function};
  static Tensor forward(int64_t n, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad);
};

struct RandLike {
  static constexpr OpInfo info{.name = "rand_like",
                               .signature = like_options<"(input: Tensor, *, generator: Generator | None = None, ">,
                               .doc = "Numbers uniform in [0, 1), of input's shape and dtype.",
                               .example = "tg.rand_like(tg.zeros(2), generator=tg.Generator().manual_seed(0))",
                               .face = Face::function};
  static Tensor forward(const Tensor& x, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format);
};

struct RandnLike {
  static constexpr OpInfo info{.name = "randn_like",
                               .signature = like_options<"(input: Tensor, *, generator: Generator | None = None, ">,
                               .doc = "Standard normal numbers, of input's shape and dtype.",
                               .example = "tg.randn_like(tg.zeros(2), generator=tg.Generator().manual_seed(0))",
                               .face = Face::function};
  static Tensor forward(const Tensor& x, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format);
};

struct RandintLike {
  static constexpr OpInfo info{
      .name = "randint_like",
      .signature =
          like_options<"(input: Tensor, low: int | None = None, high: int | None = None, *, generator: Generator | None = "
                       "None, ">,
      .doc = "Integers in [low, high), of input's shape and dtype; randint_like(input, high) starts at 0.",
      .example = "tg.randint_like(tg.zeros(2), 10, generator=tg.Generator().manual_seed(0))",
      .face = Face::function};
  static Tensor forward(const Tensor& x, std::optional<int64_t> low, std::optional<int64_t> high, Generator* g, OptDType dtype,
                        Neutral, Neutral, Neutral, bool grad, Neutral format);
};

struct Normal {
  static constexpr OpInfo info{
      .name = "normal",
      .signature =
          "(mean: Tensor | Number, std: Tensor | Number = 1.0, size: tuple | None = None, *, generator: Generator | None = "
          "None, dtype: dtype | None = None, layout: object = None, device: object = None, pin_memory: bool = False, "
          "requires_grad: bool = False) -> Tensor",
      .doc = "Normal numbers: one for each element of mean and std, or of the size given where both are numbers.",
      .example = "tg.normal(tg.tensor([0.0, 100.0]), 1.0, generator=tg.Generator().manual_seed(0))",
      .face = Face::function};
  static Tensor forward(const Tensor& mean, const Tensor& std, const std::optional<Ints>& size, Generator* g, OptDType dtype,
                        Neutral, Neutral, Neutral, bool grad);
};

struct Bernoulli {
  static constexpr OpInfo info{
      .name = "bernoulli",
      .signature = "(input: Tensor, p: Tensor | Number | None = None, *, generator: Generator | None = None) -> Tensor",
      .doc = "Ones with the probabilities that input holds, or with probability p, else zeros; in input's shape and dtype.",
      .example = "tg.bernoulli(tg.tensor([0.0, 1.0]))"};
  static Tensor forward(const Tensor& x, const Tensor& p, Generator* g);
};

struct Poisson {
  static constexpr OpInfo info{.name = "poisson",
                               .signature = "(input: Tensor, generator: Generator | None = None) -> Tensor",
                               .doc = "Poisson numbers with the rates that input holds.",
                               .example = "tg.poisson(tg.tensor([0.0, 5.0]), tg.Generator().manual_seed(0))",
                               .face = Face::function};
  static Tensor forward(const Tensor& rates, Generator* g);
};

struct Binomial {
  static constexpr OpInfo info{.name = "binomial",
                               .signature = "(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor",
                               .doc = "How many of count trials succeed, each with probability prob.",
                               .example = "tg.binomial(tg.tensor([10.0]), tg.tensor([1.0]))",
                               .face = Face::function};
  static Tensor forward(const Tensor& count, const Tensor& prob, Generator* g);
};

struct Multinomial {
  static constexpr OpInfo info{
      .name = "multinomial",
      .signature =
          "(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor",
      .doc = "Indices drawn from each row with probabilities proportional to its entries, with or without replacement.",
      .shapes = "[rows, categories] -> [rows, num_samples]; without rows likewise",
      .example = "tg.multinomial(tg.tensor([0.0, 1.0, 0.0]), 1)"};
  static Tensor forward(const Tensor& weights, int64_t count, bool replacement, Generator* g);
};

// Into a tensor that exists, in place.
struct UniformInto {
  static constexpr OpInfo info{
      .name = "uniform_",
      .signature = "(input: Tensor, from: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor",
      .doc = "Fills with numbers uniform in [from, to), in place.",
      .example = "tg.zeros(2).uniform_(3.0, 3.0)",
      .face = Face::method};
  static Tensor forward(const Tensor& self, double from, double to, Generator* g);
};

struct NormalInto {
  static constexpr OpInfo info{
      .name = "normal_",
      .signature = "(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor",
      .doc = "Fills with normal numbers, in place.",
      .example = "tg.zeros(2).normal_(3.0, 0.0)",
      .face = Face::method};
  static Tensor forward(const Tensor& self, double mean, double std, Generator* g);
};

struct LogNormalInto {
  static constexpr OpInfo info{
      .name = "log_normal_",
      .signature = "(input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor",
      .doc = "Fills with exponentials of normal numbers, in place.",
      .example = "tg.zeros(2).log_normal_(0.0, 1e-9)",
      .face = Face::method};
  static Tensor forward(const Tensor& self, double mean, double std, Generator* g);
};

struct ExponentialInto {
  static constexpr OpInfo info{
      .name = "exponential_",
      .signature = "(input: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor",
      .doc = "Fills with exponential numbers of rate lambd, in place.",
      .example = "tg.zeros(2).exponential_(float('inf'))",
      .face = Face::method};
  static Tensor forward(const Tensor& self, double rate, Generator* g);
};

struct CauchyInto {
  static constexpr OpInfo info{
      .name = "cauchy_",
      .signature = "(input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor",
      .doc = "Fills with Cauchy's numbers, in place.",
      .example = "tg.zeros(2).cauchy_(1.0, 1e-30)",
      .face = Face::method};
  static Tensor forward(const Tensor& self, double median, double sigma, Generator* g);
};

struct GeometricInto {
  static constexpr OpInfo info{.name = "geometric_",
                               .signature = "(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor",
                               .doc = "Fills with the number of trials up to the first success, each of probability p, in place.",
                               .example = "tg.zeros(2).geometric_(0.999999999)",
                               .face = Face::method};
  static Tensor forward(const Tensor& self, double p, Generator* g);
};

struct BernoulliInto {
  static constexpr OpInfo info{
      .name = "bernoulli_",
      .signature = "(input: Tensor, p: Tensor | Number = 0.5, *, generator: Generator | None = None) -> Tensor",
      .doc = "Fills with ones with probability p, else zeros, in place; p may be a tensor that broadcasts.",
      .example = "tg.zeros(2).bernoulli_(1.0)",
      .face = Face::method};
  static Tensor forward(const Tensor& self, const Tensor& p, Generator* g);
};

struct RandomInto {
  static constexpr OpInfo info{
      .name = "random_",
      .signature =
          "(input: Tensor, from: int | None = None, to: int | None = None, *, generator: Generator | None = None) -> Tensor",
      .doc =
          "Fills with integers, in place: in [from, to), in [0, to) where one is given, else any that the dtype holds and "
          "that are not negative.",
      .example = "tg.zeros(2).random_(5, 6)",
      .face = Face::method};
  static Tensor forward(const Tensor& self, std::optional<int64_t> from, std::optional<int64_t> to, Generator* g);
};

using Randoms =
    OpList<Rand, Randn, Randint, Randperm, RandLike, RandnLike, RandintLike, Normal, Bernoulli, Poisson, Binomial, Multinomial,
           UniformInto, NormalInto, LogNormalInto, ExponentialInto, CauchyInto, GeometricInto, BernoulliInto, RandomInto>;

}  // namespace tg::ops
