// Elements by number along a dim.
#include "ops/gather.h"

#include <limits>

#include "ops/mask.h"

namespace tg::ops {
namespace {

// A 0-d tensor takes part as one of one element.
Tensor at_least_1d(const Tensor& t) { return t.ndim() ? t : alias(t, Shape{1}, Ints{1}, 0); }

// fn on f, whose index is checked piece by piece, each while it is in the cache.
void follow_checked(const char* op, Scatters::Fn fn, const kernels::Follow& f, int64_t width, int dim) {
  constexpr int64_t kPiece = 4096;
  const auto run = [&](int64_t o, int64_t j, int64_t outer, int64_t m) {
    const int64_t at = (o * f.m + j) * f.inner, count = outer * m * f.inner;
    if (!table().index.check(f.index + at, nullptr, count, 0, f.n)) {
      const int64_t* p = f.index + at;
      while (*p >= 0 && *p < f.n) ++p;
      fail<IndexError>(op, "(): index ", *p, " is out of range for dim ", dim, " of size ", f.n);
    }
    fn({static_cast<char*>(f.x) + o * f.outer_step * width, f.index + at, static_cast<char*>(f.y) + at * width, outer, f.n, m,
        f.inner, f.outer_step, f.step});
  };
  const int64_t row = f.m * f.inner;
  if (f.outer * row <= kPiece) return run(0, 0, f.outer, f.m);
  if (row <= kPiece) {
    for (int64_t o = 0, step = kPiece / row; o < f.outer; o += step) run(o, 0, std::min(step, f.outer - o), f.m);
    return;
  }
  const int64_t step = std::max<int64_t>(1, kPiece / f.inner);
  for (int64_t o = 0; o < f.outer; ++o)
    for (int64_t j = 0; j < f.m; j += step) run(o, j, 1, std::min(step, f.m - j));
}

// Throws unless index has x's number of dims and fits it outside dim.
void require_fit(const char* op, const Tensor& x, int dim, const Tensor& index) {
  bool fits = x.ndim() == index.ndim();
  for (int d = 0; fits && d < x.ndim(); ++d) fits = d == dim || index.size(d) <= x.size(d);
  if (!fits) {
    fail<RuntimeError>(op, "(): index of shape ", Show{index.shape()}, " does not fit a tensor of shape ", Show{x.shape()},
                       " outside dim ", dim);
  }
}

// x cut to index's sizes outside dim.
Tensor cut_outside(const Tensor& x, int dim, const Tensor& index) {
  Shape shape = index.shape();
  shape[dim] = x.size(dim);
  return same(shape, x.shape()) ? x : alias(x, shape, x.strides(), 0);
}

Tensor cut_source(const char* op, const Tensor& source, const Tensor& index) {
  bool fits = source.ndim() == index.ndim();
  for (int d = 0; fits && d < source.ndim(); ++d) fits = index.size(d) <= source.size(d);
  if (!fits)
    fail<RuntimeError>(op, "(): index of shape ", Show{index.shape()}, " does not fit src of shape ", Show{source.shape()});
  return same(source.shape(), index.shape()) ? source : alias(source, index.shape(), source.strides(), 0);
}

BasicIndex corner_of(Span shape) {
  BasicIndex corner;
  for (int64_t n : shape) corner.push({BasicIndex::range, 0, 1, n});
  return corner;
}

// source at index's sizes, recorded: what the rules of the reductions expect.
Tensor cut_recorded(const char* op, const Tensor& source, const Tensor& index) {
  if (same(source.shape(), index.shape()) || index.numel() == 0) return source;
  cut_source(op, at_least_1d(source), at_least_1d(index));
  if (source.ndim() != index.ndim()) return reshape(source, index.shape());
  return tape::apply<Slice>(source, corner_of(index.shape()));
}

// src, or the number that stands for it, spread over index's places.
Tensor source_of(const char* op, const Tensor& x, const Tensor& index, const Tensor& src, const Tensor& value) {
  if (bool(src) == bool(value)) fail<TypeError>(op, "(): give either src or value");
  const Tensor& given = src ? src : value;
  if (!given->weak && !value) return given;
  if (given.ndim()) fail<TypeError>(op, "(): value must be a number, got a tensor of shape ", Show{given.shape()});
  return expand_values(cast(given, x.dtype()), index.shape());
}

const Scatters::Fn* scatter_fn(std::string_view reduce) {
  if (reduce.empty()) return table().index.scatter;
  if (reduce == "add") return table().index.scatter_add;
  if (reduce == "multiply") return table().index.scatter_mul;
  fail<RuntimeError>("scatter(): reduce must be 'add' or 'multiply', got '", reduce, "'");
}

// What changes nothing in a reduction of elements of the dtype.
Tensor neutral(std::string_view reduce, DType dtype) {
  return visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    using Limits = std::numeric_limits<T>;
    Tensor t = empty({}, dtype);
    const T lowest = Limits::has_infinity ? T(-Limits::infinity()) : Limits::lowest();
    const T highest = Limits::has_infinity ? Limits::infinity() : Limits::max();
    *t.data<T>() = reduce == "prod" ? T(1) : reduce == "amax" ? lowest : reduce == "amin" ? highest : T(0);
    return t;
  });
}

}  // namespace

Tensor Gather::forward(Saved& s, const Tensor& input, int64_t dim, const Tensor& index, bool) {
  s.dim = normalize_dim(info.name, dim, input.ndim());
  s.shape = input.shape();
  s.index = index;
  const Tensor x = at_least_1d(input), at = at_least_1d(index);
  if (index.numel() == 0) return empty(index.shape(), x.dtype());
  require_fit(info.name, x, s.dim, at);
  require_index(info.name, index);
  const Tensor places = contiguous_values(cast(at, DType::int64));
  Tensor from = cut_outside(x, s.dim, at);
  if (!Around(from, s.dim).even) from = clone_values(from);
  Tensor y = empty(index.shape(), x.dtype());
  follow_checked(info.name, table().index.gather[int(x.dtype())], Around(from, s.dim).follow(from, places, y, at.size(s.dim), 1),
                 int64_t(itemsize(x.dtype())), s.dim);
  return y;
}

Tensor TakeAlongDim::forward(const Tensor& input, const Tensor& indices, std::optional<int64_t> dim) {
  if (indices.dtype() != DType::int64)
    fail<RuntimeError>("take_along_dim(): indices must be an int64 tensor, got dtype ", indices.dtype());
  if (dim && input.ndim() != indices.ndim()) {
    fail<RuntimeError>("take_along_dim(): input and indices must have as many dims, got shapes ", Show{input.shape()}, " and ",
                       Show{indices.shape()});
  }
  const Tensor x = dim ? input : reshape(input, {-1});
  const int d = dim ? normalize_dim(info.name, *dim, x.ndim()) : 0;
  const Tensor at = checked_index(info.name, dim ? indices : reshape(indices, {-1}), size_at(x, d), d, true);
  if (x.ndim() == 0) return gather(x, 0, at);
  Shape of_x = x.shape(), of_index = at.shape();
  of_x[d] = of_index[d] = 1;
  Shape both = broadcast_shapes(info.name, of_x, of_index);
  both[d] = at.size(d);
  const Tensor places = same(both, at.shape()) ? at : expand(at, both);
  both[d] = x.size(d);
  return gather(same(both, x.shape()) ? x : expand(x, both), d, places);
}

void Scatters::write(const char* op, const Fn* fn, const Tensor& self, int64_t dim_any, const Tensor& index, const Tensor& source,
                     bool fresh) {
  require_same_dtype(op, self, source);
  const int dim = normalize_dim(op, dim_any, self.ndim());
  const Tensor out = at_least_1d(self), at = at_least_1d(index);
  if (at.numel() == 0) return;
  require_index(op, index);
  require_fit(op, out, dim, at);
  Tensor from = contiguous_values(cut_source(op, at_least_1d(source), at)), places = contiguous_values(cast(at, DType::int64));
  if (from->storage == out->storage) from = clone_values(from);
  if (!fresh) places = checked_index(op, places, out.size(dim), dim, false, places->storage != out->storage);
  const Tensor part = cut_outside(out, dim, at), whole = Around(part, dim).even ? part : clone_values(part);
  const kernels::Follow f = Around(whole, dim).follow(whole, places, from, at.size(dim), 1);
  if (fresh) {
    follow_checked(op, fn[int(out.dtype())], f, int64_t(itemsize(out.dtype())), dim);
  } else {
    fn[int(out.dtype())](f);
  }
  if (!whole.is(part)) copy_values(part, whole);
  self.wrote();
}

Tensor Scatters::source_gradient(const Saved& s, const Tensor& dy) {
  Tensor g = gather(dy, s.dim, s.index.unpack());
  if (same(g.shape(), s.source)) return g;
  if (g.numel() == 0) return zeros(s.source, dy.dtype());
  if (g.ndim() != s.source.size()) return reshape(g, s.source);
  return tape::apply<SliceGrad>(g, corner_of(g.shape()), s.source);
}

Grads<3> ScatterPut::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor& index = s.index.unpack();
  Grads<3> g;
  if (needs[0]) g[0] = tape::apply<ScatterPut>(dy, s.dim, index, expand_values(zeros({}, dy.dtype()), index.shape()));
  if (needs[2]) g[2] = source_gradient(s, dy);
  return g;
}

Tensor Scatter::forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, const Tensor& value,
                        std::string_view reduce) {
  scatter_fn(reduce);
  const Tensor source = source_of(info.name, x, index, src, value);
  if (reduce == "add") return scatter_add(x, dim, index, source);
  if (reduce == "multiply") return tape::apply<ScatterProd>(x, dim, index, cut_recorded(info.name, source, index));
  return tape::apply<ScatterPut>(x, dim, index, source);
}

void Scatter::into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, const Tensor& value,
                   std::string_view reduce) {
  const auto fn = scatter_fn(reduce);
  Scatters::write(info.name, fn, x, dim, index, source_of(info.name, x, index, src, value));
}

Tensor ScatterReduce::forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                              bool include_self) {
  const bool mean = reduce == "mean", extreme = reduce == "amax" || reduce == "amin";
  if (!mean && !extreme && reduce != "sum" && reduce != "prod")
    fail<RuntimeError>("scatter_reduce(): reduce must be 'sum', 'prod', 'mean', 'amax' or 'amin', got '", reduce, "'");
  const Tensor start =
      include_self ? x : tape::apply<ScatterPut>(x, dim, index, expand_values(neutral(reduce, x.dtype()), index.shape()));
  if (reduce == "prod") return tape::apply<ScatterProd>(start, dim, index, cut_recorded(info.name, src, index));
  if (extreme) return tape::apply<ScatterExtreme>(start, dim, index, cut_recorded(info.name, src, index), reduce == "amax");
  const Tensor total = scatter_add(start, dim, index, src);
  if (!mean) return total;
  if (x.dtype() == DType::bool_) fail<RuntimeError>("scatter_reduce(): a mean is not defined for dtype bool");
  const Tensor one = expand_values(full({}, 1, x.dtype()), index.shape());
  const Tensor own = full(x.shape(), include_self, x.dtype());
  Scatters::write(info.name, table().index.scatter_add, own, dim, index, one);
  const Tensor count = maximum(own, full({}, 1, x.dtype()));
  return is_floating(x.dtype()) ? total / count : floor_divide(total, count);
}

Grads<3> ScatterProd::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor &x = s.x.unpack(), &src = s.src.unpack(), &index = s.index.unpack();
  const Tensor zero = zeros({}, dy.dtype()), one = full({}, 1, dy.dtype());
  Grads<3> g;
  if (needs[0]) {  // the product of the others, also where x itself is 0
    const Tensor nonzero = where(eq(x, zero), one, x);
    g[0] = dy * tape::apply<ScatterProd>(nonzero, s.dim, index, src) / nonzero;
  }
  if (needs[2]) {
    const Tensor y = s.y.unpack(), is_zero = eq(src, zero);
    g[2] = gather(dy * y, s.dim, index) / where(is_zero, one, src);
    const Tensor zeros_there = gather(Scatters::values(info.label, table().index.scatter_add, zeros(x.shape(), dy.dtype()), s.dim,
                                                       index, to(is_zero, dy.dtype())),
                                      s.dim, index);
    const Tensor alone = bitwise_and(is_zero, eq(zeros_there, one));
    if (count_true(contiguous_values(alone))) {  // the product of the others is not y divided by it
      const Tensor others = tape::apply<ScatterProd>(x, s.dim, index, where(alone, one, src));
      g[2] = where(alone, gather(dy * others, s.dim, index), g[2]);
    }
  }
  return g;
}

Grads<3> ScatterExtreme::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor &x = s.x.unpack(), &src = s.src.unpack(), &index = s.index.unpack();
  const Tensor y = s.y.unpack();
  const Tensor own = to(eq(x, y), dy.dtype());
  const Tensor from_src = to(eq(src, gather(y, s.dim, index)), dy.dtype());
  const Tensor share = dy / Scatters::values(info.label, table().index.scatter_add, own, s.dim, index, from_src);
  return {needs[0] ? own * share : Tensor(), Tensor(), needs[2] ? from_src * gather(share, s.dim, index) : Tensor()};
}

}  // namespace tg::ops
