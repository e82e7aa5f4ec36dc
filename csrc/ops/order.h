// The larger, the smaller and the chosen of several tensors, elementwise.
#pragma once
#include "ops/common.h"
#include "ops/functions.h"
#include "ops/list.h"
#include "ops/mask.h"

namespace tg::ops {

// Both get the gradient where one is NaN, as in PyTorch.
using Comparison = Tensor (*)(const Tensor&, const Tensor&);
inline Grads<2> split_gradient(Needs needs, const Tensor& dy, const Tensor& a, const Tensor& b, Comparison loses) {
  const Tensor zero = number(0), shared = where(eq(a, b), dy * 0.5, dy);
  return {needs[0] ? where(loses(a, b), zero, shared) : Tensor(), needs[1] ? where(loses(b, a), zero, shared) : Tensor()};
}

struct Maximum {
  static constexpr OpInfo info{.name = "maximum",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The larger of both, elementwise; NaN wins.",
                               .formula = "y = max(a, b)",
                               .gradient = "the gradient goes to the larger one, halves to both where they are equal",
                               .example = "tg.maximum(tg.tensor([1.0, 5.0]), tg.tensor([3.0, 2.0]))"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.maximum, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return split_gradient(needs, dy, s.a.unpack(), s.b.unpack(), lt);
  }
};

struct Minimum {
  static constexpr OpInfo info{.name = "minimum",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The smaller of both, elementwise; NaN wins.",
                               .formula = "y = min(a, b)",
                               .gradient = "the gradient goes to the smaller one, halves to both where they are equal",
                               .example = "tg.minimum(tg.tensor([1.0, 5.0]), tg.tensor([3.0, 2.0]))"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.minimum, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs needs, const Tensor& dy) {
    return split_gradient(needs, dy, s.a.unpack(), s.b.unpack(), gt);
  }
};

struct Fmax {
  static constexpr OpInfo info{.name = "fmax",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The larger of both, elementwise; a number wins over NaN.",
                               .formula = "y = max(a, b)",
                               .gradient = "the gradient goes to the larger one, to input where they are equal",
                               .example = "tg.fmax(tg.tensor([1.0, float(\"nan\")]), tg.tensor([3.0, 2.0]))"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.fmax, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    const Tensor first = logical_or(ge(a, b), ne(b, b)), zero = number(0);
    return {where(first, dy, zero), where(first, zero, dy)};
  }
};

struct Fmin {
  static constexpr OpInfo info{.name = "fmin",
                               .signature = "(input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "The smaller of both, elementwise; a number wins over NaN.",
                               .formula = "y = min(a, b)",
                               .gradient = "the gradient goes to the smaller one, to input where they are equal",
                               .example = "tg.fmin(tg.tensor([1.0, float(\"nan\")]), tg.tensor([3.0, 2.0]))"};
  struct Saved {
    SavedInput a, b;
  };
  static Tensor forward(Saved& s, const Tensor& a, const Tensor& b) {
    require_tensor(info.name, a, b);
    s.a = a;
    s.b = b;
    return binary(info.name, table().elementwise.fmin, a, b);
  }
  static Grads<2> backward(const Saved& s, Needs, const Tensor& dy) {
    const Tensor &a = s.a.unpack(), &b = s.b.unpack();
    const Tensor first = logical_or(le(a, b), ne(b, b)), zero = number(0);
    return {where(first, dy, zero), where(first, zero, dy)};
  }
};

struct Clamp {
  static constexpr OpInfo info{
      .name = "clamp",
      .signature = "(input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None) -> Tensor",
      .doc = "Each element moved into [min, max]; the gradient passes inside, bounds included.",
      .formula = "y = min(max(x, low), high)",
      .gradient = "dx = dy where low <= x <= high, the bounds get dy where they win",
      .example = "tg.clamp(tg.tensor([-2.0, 0.5, 3.0]), -1, 1)",
      .aliases = "clip",
      .inplace = true};
  struct Saved {
    SavedInput x, low, high;
  };
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& low, const Tensor& high) {
    if (!low && !high) fail<RuntimeError>("clamp(): at least one of min and max must be given");
    const DType t = !high ? result_type(x, low) : !low ? result_type(x, high) : result_type(x, low, high);
    if (t == DType::bool_) fail<RuntimeError>("clamp(): not defined for bool");
    s.x = x;
    s.low = low;
    s.high = high;
    const auto& k = table().elementwise;
    if (!high) return binary(info.name, k.maximum, x, low);
    if (!low) return binary(info.name, k.minimum, x, high);
    return ternary(info.name, k.clamp, x, low, high, t);
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& x = s.x.unpack();
    const Tensor& low = s.low.unpack();
    const Tensor& high = s.high.unpack();
    const Tensor zero = number(0);
    Tensor above = low ? ge(x, low) : Tensor();
    Tensor below = high ? le(x, high) : Tensor();
    Tensor inside = above && below ? bitwise_and(above, below) : above ? above : below;
    Grads<3> g;
    if (needs[0]) g[0] = where(inside, dy, zero);
    if (needs[1]) {
      Tensor wins = lt(x, low);
      g[1] = where(high ? bitwise_and(wins, lt(low, high)) : wins, dy, zero);
    }
    if (needs[2]) {
      Tensor loses = le(x, high);
      g[2] = where(low ? bitwise_and(loses, ge(high, low)) : loses, zero, dy);
    }
    return g;
  }
};

struct ClampMin {
  static constexpr OpInfo info{.name = "clamp_min",
                               .signature = "(input: Tensor, min: Tensor | Number) -> Tensor",
                               .doc = "Each element, at least min.",
                               .example = "tg.clamp_min(tg.tensor([-2.0, 3.0]), 0)",
                               .inplace = true};
  static Tensor forward(const Tensor& x, const Tensor& bound) {
    if (x.dtype() == DType::bool_) return tape::apply<Maximum>(x, bound);
    return tape::apply<Clamp>(x, bound, Tensor());
  }
};

struct ClampMax {
  static constexpr OpInfo info{.name = "clamp_max",
                               .signature = "(input: Tensor, max: Tensor | Number) -> Tensor",
                               .doc = "Each element, at most max.",
                               .example = "tg.clamp_max(tg.tensor([-2.0, 3.0]), 0)",
                               .inplace = true};
  static Tensor forward(const Tensor& x, const Tensor& bound) {
    if (x.dtype() == DType::bool_) return tape::apply<Minimum>(x, bound);
    return tape::apply<Clamp>(x, Tensor(), bound);
  }
};

struct Choose {
  static constexpr OpInfo info{.name = "choose",
                               .signature = "(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor",
                               .doc = "where with all its arguments.",
                               .formula = "y = condition ? a : b",
                               .gradient = "da = condition ? dy : 0, db = condition ? 0 : dy",
                               .face = Face::internal,
                               .label = "where"};
  struct Saved {
    SavedInput condition;
  };
  static Tensor forward(Saved& s, const Tensor& condition, const Tensor& a, const Tensor& b) {
    if (condition.dtype() != DType::bool_)
      fail<RuntimeError>("where(): condition must be a bool tensor, got dtype ", condition.dtype());
    s.condition = condition;
    return where_values("where", condition, a, b, result_type(a, b));
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& c = s.condition.unpack();
    return {Tensor(), needs[1] ? where(c, dy, number(0)) : Tensor(), needs[2] ? where(c, number(0), dy) : Tensor()};
  }
};

struct Where {
  static constexpr OpInfo info{
      .name = "where",
      .signature =
          "(condition: Tensor, input: Tensor | Number | None = None, other: Tensor | Number | None = None) -> Tensor | tuple",
      .doc = "input where condition is true, other elsewhere; of condition alone, nonzero(condition, as_tuple=True).",
      .formula = "y = condition ? a : b",
      .example = "tg.where(tg.tensor([True, False]), tg.tensor([1.0, 2.0]), 0.0)",
      .face = Face::function};
  static OneOrMany forward(const Tensor& condition, const Tensor& a, const Tensor& b) {
    if (!a && !b) return Nonzero::forward(condition, true);
    if (!a || !b) fail<TypeError>("where(): give both input and other, or neither");
    return {tape::apply<Choose>(condition, a, b), {}};
  }
};

struct MaskedFill {
  static constexpr OpInfo info{.name = "masked_fill",
                               .signature = "(input: Tensor, mask: Tensor, value: Tensor | Number) -> Tensor",
                               .doc = "value where mask is true, input elsewhere; the dtype is that of input.",
                               .formula = "y = mask ? v : x",
                               .gradient = "dx = mask ? 0 : dy, dv = the sum of dy where mask",
                               .example = "tg.masked_fill(tg.tensor([1.0, 2.0]), tg.tensor([True, False]), -1.0)",
                               .inplace = true};
  struct Saved {
    SavedInput mask;
  };
  static bool fits(double v, DType integers) {
    return integers == DType::uint8   ? v > -256 && v < 256
           : integers == DType::int32 ? v > -0x1p31 - 1 && v < 0x1p31
                                      : v >= -0x1p63 && v <= 0x1p63;
  }
  static void check(const Tensor& x, const Tensor& mask, const Tensor& value) {
    if (mask.dtype() != DType::bool_) fail<RuntimeError>("masked_fill(): mask must be a bool tensor, got dtype ", mask.dtype());
    if (value.ndim() != 0)
      fail<RuntimeError>("masked_fill(): value must be a number or a 0-d tensor, got shape ", Show{value.shape()});
    if (category(x.dtype()) == Category::integer && !fits(value.scalar<double>(), x.dtype()))
      fail<RuntimeError>("masked_fill(): the value ", value.scalar<double>(), " does not fit into dtype ", x.dtype());
  }
  static Tensor forward(Saved& s, const Tensor& x, const Tensor& mask, const Tensor& value) {
    check(x, mask, value);
    s.mask = mask;
    return where_values(info.name, mask, value, x, x.dtype());
  }
  static Grads<3> backward(const Saved& s, Needs needs, const Tensor& dy) {
    const Tensor& m = s.mask.unpack();
    return {needs[0] ? where(m, number(0), dy) : Tensor(), Tensor(), needs[2] ? where(m, dy, number(0)) : Tensor()};
  }
  static void into(const Tensor& self, const Tensor& mask, const Tensor& value) {
    check(self, mask, value);
    if (!broadcastable_to(mask.shape(), self.shape()))
      fail<RuntimeError>("masked_fill_(): mask of shape ", Show{mask.shape()}, " does not broadcast to ", Show{self.shape()});
    const bool overlaps = mask->storage == self->storage;
    where_values(info.name, overlaps ? clone_values(mask) : mask, value, self, self.dtype(), self);
    self.wrote();
  }
};

struct Heaviside {
  static constexpr OpInfo info{.name = "heaviside",
                               .signature = "(input: Tensor, values: Tensor) -> Tensor",
                               .doc = "0 where input is negative, values where it is zero, 1 elsewhere.",
                               .example = "tg.heaviside(tg.tensor([-1.0, 0.0, 2.0]), tg.tensor(0.5))",
                               .inplace = true};
  static Tensor forward(const Tensor& x, const Tensor& values) {
    require_same_dtype(info.name, x, values);
    return binary(info.name, table().elementwise.heaviside, x, values);
  }
};

using Order = OpList<Maximum, Minimum, Fmax, Fmin, Clamp, ClampMin, ClampMax, Where, MaskedFill, Heaviside>;
using OrderInternal = OpList<Choose>;

}  // namespace tg::ops
