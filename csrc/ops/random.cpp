// Filling tensors with random numbers.
#include "ops/random.h"

#include <cmath>
#include <limits>

#include "core/distributions.h"
#include "ops/functions.h"
#include "ops/inplace.h"

namespace tg::ops {
namespace {

Tensor in_order(const Tensor& t, const Ints& order) {
  Ints shape, strides;
  for (int64_t d : order) {
    shape.push_back(t.size(int(d)));
    strides.push_back(t.stride(int(d)));
  }
  return alias(t, shape, strides, 0);
}

// fill(T* out, n) for t's elements in the order of its memory.
template <class F>
void fill_in_order(const Tensor& t, F fill) {
  const auto run = [&](const Tensor& flat) {
    visit(flat.dtype(), [&](auto zero) { fill(flat.data<decltype(zero)>(), flat.numel()); });
  };
  if (t.contiguous()) return run(t);
  const Tensor seen = in_order(t, memory_order(t));
  if (seen.contiguous()) return run(seen);
  const Tensor drawn = empty(seen.shape(), seen.dtype());
  run(drawn);
  copy_values(seen, drawn);
}
template <class F>
void fill_floats_in_order(const Tensor& t, F fill) {
  fill_in_order(t, [&](auto* out, int64_t n) {
    if constexpr (std::is_floating_point_v<std::remove_pointer_t<decltype(out)>>) fill(out, n);
  });
}

void draw_uniform(Generator& g, const Tensor& t, double from, double to) {
  fill_floats_in_order(t, [&]<class T>(T* out, int64_t n) { draws::uniform(g, out, n, T(from), T(to)); });
}

// fill(tensor) into self: its values become the drawn ones, its gradient becomes zero. `op` is without the underscore.
template <class F>
Tensor write(const char* op, const Tensor& self, F fill) {
  tape::refresh(self);
  const bool records = records_write(self);
  check_writable(op, self, records);
  if (records) {
    const Tensor drawn = empty_preserving(self, self.dtype());
    fill(drawn);
    copy_inplace(self, drawn);
  } else {
    fill(self);
    self.wrote();
  }
  return self;
}

// A sample that x takes part in, with a gradient of zero.
Tensor without_gradient(const Tensor& sample, const Tensor& x) {
  if (!tape::grad_enabled() || !x.requires_grad()) return sample;
  return where(full({}, 1, DType::bool_), sample, x);
}

Tensor new_floats(const char* op, Span size, OptDType dtype) {
  const DType type = dtype.value_or(default_float());
  if (!is_floating(type)) fail<RuntimeError>(op, "(): dtype must be float32 or float64, got ", type);
  return checked_empty(op, size, type);
}
Tensor new_floats_like(const char* op, const Tensor& x, OptDType dtype, Neutral format) {
  const DType type = dtype.value_or(x.dtype());
  if (!is_floating(type)) fail<RuntimeError>(op, "(): dtype must be float32 or float64, got ", type);
  return empty_in_format(x, type, format);
}

void check_std(const char* op, double std) {
  if (!(std >= 0)) fail<RuntimeError>(op, "(): std must not be negative, got ", std);
}

// What integers in [from, to) are drawn as: floating types move the bounds to numbers they hold.
struct Range {
  int64_t low;
  uint64_t size;
};
template <class T>
Range floating_range(int64_t from, int64_t to) {
  const auto exact = [](T value) { return value >= T(0x1p63) ? std::numeric_limits<int64_t>::max() : int64_t(value); };
  constexpr T kInf = std::numeric_limits<T>::infinity();
  if (from < std::numeric_limits<int64_t>::max() && exact(T(from + 1)) < from) from = exact(std::nextafter(T(from + 1), kInf));
  if (to > std::numeric_limits<int64_t>::min() && exact(T(to - 1)) >= to) to = exact(std::nextafter(T(to - 1), -kInf));
  return {from, from < to ? uint64_t(to) - uint64_t(from) : 0};
}
Range checked_range(const char* op, DType dtype, int64_t from, int64_t to) {
  if (from >= to) fail<RuntimeError>(op, "(): low ", from, " must be below high ", to);
  Range range{from, uint64_t(to) - uint64_t(from)};
  if (is_floating(dtype)) {
    range = dtype == DType::float32 ? floating_range<float>(from, to) : floating_range<double>(from, to);
    if (range.size == 0) fail<RuntimeError>(op, "(): no number from ", from, " to ", to, " fits into dtype ", dtype);
    return range;
  }
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) {
      constexpr int64_t least = std::numeric_limits<T>::lowest(), most = std::numeric_limits<T>::max();
      if (from < least || to - 1 > most) {
        fail<RuntimeError>(op, "(): numbers from ", from, " to ", to - 1, " do not fit into dtype ", dtype);
      }
    }
  });
  return range;
}
void draw_integers(Generator& g, const Tensor& t, Range range) {
  fill_in_order(t, [&](auto* out, int64_t n) { draws::integers(g, out, n, range.low, range.size); });
}

void check_probability(const char* op, double p) {
  if (!(p >= 0 && p <= 1)) fail<RuntimeError>(op, "(): p must be between 0 and 1, got ", p);
}
template <class T>
void check_probabilities(const char* op, const T* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i) check_probability(op, double(p[i]));
}

// Ones with probability p: a number (it is weak) or a tensor that broadcasts.
void check_bernoulli(const char* op, const Tensor& self, const Tensor& p) {
  if (p->weak) return check_probability(op, p.scalar<double>());
  require_floating(op, "p", p);
  if (!broadcastable_to(p.shape(), self.shape())) {
    fail<RuntimeError>(op, "(): p of shape ", Show{p.shape()}, " does not broadcast to ", Show{self.shape()});
  }
  const Tensor flat = contiguous_values(p);
  visit_float(p.dtype(), [&](auto zero) { check_probabilities(op, flat.data<decltype(zero)>(), flat.numel()); });
}
void draw_bernoulli(Generator& g, const Tensor& t, const Tensor& p) {
  if (p->weak) {
    const double probability = p.scalar<double>();
    return fill_in_order(t, [&](auto* out, int64_t n) { draws::bernoulli(g, out, n, probability); });
  }
  const Tensor wide = expand_values(p, t.shape());
  const Tensor each = t.contiguous() ? contiguous_values(wide) : contiguous_values(in_order(wide, memory_order(t)));
  fill_in_order(t, [&](auto* out, int64_t n) {
    visit_float(p.dtype(), [&](auto zero) { draws::bernoulli(g, out, n, each.data<decltype(zero)>()); });
  });
}

}  // namespace

void draw_normal(Generator& g, const Tensor& t, double mean, double std) {
  const int64_t n = t.numel();
  if (n < 16 || !t.contiguous()) {  // PyTorch fills only contiguous tensors in blocks
    return fill_floats_in_order(t, [&](auto* out, int64_t count) { draws::normal(g, out, count, mean, std); });
  }
  visit_float(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto turn = table().random.box_muller[int(t.dtype())];
    T* out = t.data<T>();
    draws::uniform(g, out, n, T(0), T(1));
    turn(out, n / 16, mean, std);
    if (n % 16 == 0) return;
    T* tail = out + n - 16;  // the last 16 are drawn again, overlapping the block before
    draws::uniform(g, tail, 16, T(0), T(1));
    turn(tail, 1, mean, std);
  });
}

void draw_exponential(Generator& g, const Tensor& t, double rate) {
  fill_floats_in_order(t, [&](auto* out, int64_t n) { draws::exponential(g, out, n, rate); });
}

void draw_choice(Generator& g, const Tensor& t, double p, double on, double off) {
  fill_floats_in_order(t, [&]<class T>(T* out, int64_t n) { draws::choice(g, out, n, p, T(on), T(off)); });
}

Tensor Rand::forward(const Ints& size, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  Tensor t = new_floats(info.name, size, dtype);
  draw_uniform(*g, t, 0, 1);
  return with_grad(info.name, t, grad);
}

Tensor Randn::forward(const Ints& size, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  Tensor t = new_floats(info.name, size, dtype);
  draw_normal(*g, t, 0, 1);
  return with_grad(info.name, t, grad);
}

Tensor RandLike::forward(const Tensor& x, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format) {
  Tensor t = new_floats_like(info.name, x, dtype, format);
  draw_uniform(*g, t, 0, 1);
  return with_grad(info.name, t, grad);
}

Tensor RandnLike::forward(const Tensor& x, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format) {
  Tensor t = new_floats_like(info.name, x, dtype, format);
  draw_normal(*g, t, 0, 1);
  return with_grad(info.name, t, grad);
}

Tensor Randint::forward(std::optional<int64_t> low, const IntOrInts& high, const std::optional<Ints>& size, Generator* g,
                        OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  // randint(high, size) by position; size= and high= may be given by name.
  const bool two = high.listed || high.values.empty();
  if (high.listed && size) fail<TypeError>("randint(): argument 'high' must be an int where size is given, got a list");
  if (two && !low) fail<TypeError>("randint(): argument 'high' is missing");
  if (!high.listed && !size) fail<TypeError>("randint(): argument 'size' is missing");
  const DType type = dtype.value_or(DType::int64);
  const Range range =
      two ? checked_range(info.name, type, 0, *low) : checked_range(info.name, type, low.value_or(0), high.values[0]);
  if (grad && !is_floating(type)) with_grad(info.name, empty({}, type), grad);
  Tensor t = checked_empty(info.name, high.listed ? high.values : *size, type);
  draw_integers(*g, t, range);
  return with_grad(info.name, t, grad);
}

Tensor RandintLike::forward(const Tensor& x, std::optional<int64_t> low, std::optional<int64_t> high, Generator* g,
                            OptDType dtype, Neutral, Neutral, Neutral, bool grad, Neutral format) {
  if (!low && !high) fail<TypeError>("randint_like(): argument 'high' is missing");
  const DType type = dtype.value_or(x.dtype());
  const Range range = high ? checked_range(info.name, type, low.value_or(0), *high) : checked_range(info.name, type, 0, *low);
  if (grad && !is_floating(type)) with_grad(info.name, empty({}, type), grad);
  Tensor t = empty_in_format(x, type, format);
  draw_integers(*g, t, range);
  return with_grad(info.name, t, grad);
}

Tensor Randperm::forward(int64_t n, Generator* g, OptDType dtype, Neutral, Neutral, Neutral, bool grad) {
  if (n < 0) fail<RuntimeError>("randperm(): n must not be negative, got ", n);
  const DType type = dtype.value_or(DType::int64);
  if (grad) require_floating(info.name, "a tensor with requires_grad=True", empty({}, type));
  if (type == DType::bool_) fail<RuntimeError>("randperm(): dtype bool holds no permutations; use an integer dtype");
  if (n > 1) checked_range(info.name, type == DType::float32 ? DType::int32 : type, 0, n == INT64_MAX ? n : n + 1);
  if (type == DType::float32 && n > (1 << 24) + 1)
    fail<RuntimeError>("randperm(): numbers up to ", n, " do not fit into dtype float32");
  Tensor t = checked_empty(info.name, Shape{n}, type);
  visit(type, [&](auto zero) {
    using T = decltype(zero);
    T* p = t.data<T>();
    for (int64_t i = 0; i < n; ++i) p[i] = static_cast<T>(i);
    // Fisher and Yates, drawing for the front place first; the threshold is PyTorch's.
    if (n < int64_t(UINT32_MAX / 20)) {
      draws::for_each_draw<uint32_t>(*g, n - 1,
                                     [&](int64_t i, uint32_t bits) { std::swap(p[i], p[i + bits % uint32_t(n - i)]); });
    } else {
      draws::for_each_draw<uint64_t>(*g, n - 1,
                                     [&](int64_t i, uint64_t bits) { std::swap(p[i], p[i + int64_t(bits % uint64_t(n - i))]); });
    }
  });
  return with_grad(info.name, t, grad);
}

Tensor Normal::forward(const Tensor& mean, const Tensor& std, const std::optional<Ints>& size, Generator* g, OptDType dtype,
                       Neutral, Neutral, Neutral, bool grad) {
  if (mean->weak && std->weak) {
    if (!size) fail<TypeError>("normal(): argument 'size' is missing, as mean and std are numbers");
    check_std(info.name, std.scalar<double>());
    Tensor t = new_floats(info.name, *size, dtype);
    draw_normal(*g, t, mean.scalar<double>(), std.scalar<double>());
    return with_grad(info.name, t, grad);
  }
  if (size || dtype) fail<TypeError>("normal(): size and dtype follow from the tensors given");
  const Tensor& leading = mean->weak ? std : mean;
  require_floating(info.name, mean->weak ? "std" : "mean", leading);
  if (std->weak) {
    check_std(info.name, std.scalar<double>());
  } else {
    const Tensor flat = cast(contiguous_values(std), DType::float64);
    for (int64_t i = 0; i < flat.numel(); ++i) check_std(info.name, flat.data<double>()[i]);
  }
  Tensor t = empty(broadcast_shapes(info.name, mean.shape(), std.shape()), leading.dtype());
  Tensor sample;
  {
    tape::GradMode off(false);
    draw_normal(*g, t, 0, std->weak ? std.scalar<double>() : 1);
    sample = std->weak ? t : mul(t, std);
    sample = cast(add(sample, mean), t.dtype());
  }
  return without_gradient(without_gradient(sample, mean), std);
}

Tensor Bernoulli::forward(const Tensor& x, const Tensor& p, Generator* g) {
  if (!p) require_floating(info.name, "input", x);
  const Tensor& probability = p ? p : x;
  if (!p && x->weak) fail<TypeError>("bernoulli(): input must be a tensor");
  check_bernoulli(info.name, x, probability);
  Tensor t = empty(x.shape(), x.dtype());
  draw_bernoulli(*g, t, probability);
  return is_floating(x.dtype()) ? without_gradient(t, x) : t;
}

Tensor Poisson::forward(const Tensor& rates, Generator* g) {
  require_floating(info.name, "input", rates);
  const Tensor each = contiguous_values(rates);
  Tensor t = empty(rates.shape(), rates.dtype());
  visit_float(rates.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* rate = each.data<T>();
    for (int64_t i = 0; i < t.numel(); ++i)
      if (!(rate[i] >= 0)) fail<RuntimeError>("poisson(): rates must not be negative, got ", rate[i]);
    for (int64_t i = 0; i < t.numel(); ++i) t.data<T>()[i] = T(draws::poisson(*g, double(rate[i])));
  });
  return without_gradient(t, rates);
}

Tensor Binomial::forward(const Tensor& count, const Tensor& prob, Generator* g) {
  require_floating(info.name, "count", count);
  require_floating(info.name, "prob", prob);
  require_same_dtype(info.name, count, prob);
  const Shape shape = broadcast_shapes(info.name, count.shape(), prob.shape());
  const Tensor n = contiguous_values(expand_values(count, shape)), p = contiguous_values(expand_values(prob, shape));
  Tensor t = empty(shape, count.dtype());
  visit_float(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < t.numel(); ++i) t.data<T>()[i] = draws::binomial(*g, n.data<T>()[i], p.data<T>()[i]);
  });
  return without_gradient(without_gradient(t, count), prob);
}

Tensor UniformInto::forward(const Tensor& self, double from, double to, Generator* g) {
  require_floating(info.name, "the tensor", self);
  const double most =
      self.dtype() == DType::float32 ? double(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
  if (!(from <= to)) fail<RuntimeError>("uniform_(): from ", from, " must not be above to ", to);
  if (!(from >= -most && to <= most && to - from <= most)) {
    fail<RuntimeError>("uniform_(): the range from ", from, " to ", to, " is too wide for dtype ", self.dtype());
  }
  return write("uniform", self, [&](const Tensor& t) { draw_uniform(*g, t, from, to); });
}

Tensor NormalInto::forward(const Tensor& self, double mean, double std, Generator* g) {
  require_floating(info.name, "the tensor", self);
  check_std(info.name, std);
  return write("normal", self, [&](const Tensor& t) { draw_normal(*g, t, mean, std); });
}

Tensor LogNormalInto::forward(const Tensor& self, double mean, double std, Generator* g) {
  require_floating(info.name, "the tensor", self);
  if (!(std > 0)) fail<RuntimeError>("log_normal_(): std must be positive, got ", std);
  return write("log_normal", self, [&](const Tensor& t) {
    fill_floats_in_order(t, [&](auto* out, int64_t n) { draws::log_normal(*g, out, n, mean, std); });
  });
}

Tensor ExponentialInto::forward(const Tensor& self, double rate, Generator* g) {
  require_floating(info.name, "the tensor", self);
  if (!(rate > 0)) fail<RuntimeError>("exponential_(): lambd must be positive, got ", rate);
  return write("exponential", self, [&](const Tensor& t) { draw_exponential(*g, t, rate); });
}

Tensor CauchyInto::forward(const Tensor& self, double median, double sigma, Generator* g) {
  require_floating(info.name, "the tensor", self);
  if (!(sigma > 0)) fail<RuntimeError>("cauchy_(): sigma must be positive, got ", sigma);
  return write("cauchy", self, [&](const Tensor& t) {
    fill_floats_in_order(t, [&](auto* out, int64_t n) { draws::cauchy(*g, out, n, median, sigma); });
  });
}

Tensor GeometricInto::forward(const Tensor& self, double p, Generator* g) {
  if (self.dtype() == DType::bool_) fail<RuntimeError>("geometric_(): not defined for dtype bool");
  if (!(p > 0 && p < 1)) fail<RuntimeError>("geometric_(): p must be between 0 and 1, exclusively, got ", p);
  return write("geometric", self,
               [&](const Tensor& t) { fill_in_order(t, [&](auto* out, int64_t n) { draws::geometric(*g, out, n, p); }); });
}

Tensor BernoulliInto::forward(const Tensor& self, const Tensor& p, Generator* g) {
  check_bernoulli(info.name, self, p);
  const Tensor fixed = p->storage == self->storage && !p->weak ? clone_values(p) : p;
  return write("bernoulli", self, [&](const Tensor& t) { draw_bernoulli(*g, t, fixed); });
}

Tensor RandomInto::forward(const Tensor& self, std::optional<int64_t> from, std::optional<int64_t> to, Generator* g) {
  if (!from && !to) {
    return write("random", self,
                 [&](const Tensor& t) { fill_in_order(t, [&](auto* out, int64_t n) { draws::integers(*g, out, n); }); });
  }
  const Range range = checked_range(info.name, self.dtype(), to ? from.value_or(0) : 0, to ? *to : *from);
  return write("random", self, [&](const Tensor& t) { draw_integers(*g, t, range); });
}

}  // namespace tg::ops
