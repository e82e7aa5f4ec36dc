// Reductions on values alone.
#include "ops/reduce_values.h"

#include <bit>

namespace tg::ops {
namespace {

constexpr int64_t kParallel = 1 << 17;  // elements below which one thread does it
constexpr int64_t kBlock = 1 << 15;     // the fixed cut of a long reduction
constexpr int64_t kPacked = 2048;       // bytes that are put in order on the stack

// Some dims of a tensor, in their order, joined where they lie evenly.
struct Joined {
  int count = 0;
  int64_t extent[kMaxDims], step[kMaxDims];

  void add(int64_t n, int64_t stride) {
    if (n == 1) return;
    if (count && step[count - 1] == stride * n) {
      extent[count - 1] *= n;
      step[count - 1] = stride;
    } else {
      extent[count] = n;
      step[count++] = stride;
    }
  }
  int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < count; ++i) n *= extent[i];
    return n;
  }
};

template <class T>
T* pack(const Joined& dims, int level, const T* from, T* to) {
  const int64_t n = dims.extent[level], step = dims.step[level];
  if (level + 1 < dims.count) {
    for (int64_t i = 0; i < n; ++i) to = pack(dims, level + 1, from + i * step, to);
    return to;
  }
  for (int64_t i = 0; i < n; ++i) to[i] = from[i * step];
  return to + n;
}
template <class T>
void pack(const Joined& dims, const char* from, char* to) {
  if (dims.count)
    pack(dims, 0, reinterpret_cast<const T*>(from), reinterpret_cast<T*>(to));
  else
    *reinterpret_cast<T*>(to) = *reinterpret_cast<const T*>(from);
}

// x as the kernels walk it; copied only when it does not lie so.
class Cube {
 public:
  int64_t outer = 1, n = 1, inner = 1, outer_step = 0, n_step = 0;

  Cube(const Tensor& t, Dims dims) {
    for (int d = 0; d < t.ndim(); ++d) (dims.has(d) ? reduced_ : kept_).add(t.size(d), t.stride(d));
    walks_ = reduced_.count <= 1 && (kept_.count <= 1 || (kept_.count == 2 && kept_.step[1] == 1));
    if (!walks_) return;
    x_ = t.bytes();
    if (reduced_.count) {
      n = reduced_.extent[0];
      n_step = reduced_.step[0];
    }
    const bool columns = kept_.count && kept_.step[kept_.count - 1] == 1 && n_step != 1;
    if (columns) inner = kept_.extent[kept_.count - 1];
    if (kept_.count > int(columns)) {
      outer = kept_.extent[0];
      outer_step = kept_.step[0];
      if (kept_.count == 2 && !columns) walks_ = false;
    }
  }

  bool walks() const { return walks_; }
  // Puts the elements in order: [outer, n], on the stack where they are few.
  void copy(const Tensor& t, Dims dims) {
    outer = kept_.numel();
    n = outer_step = reduced_.numel();
    inner = n_step = 1;
    const size_t size = itemsize(t.dtype());
    if (t.numel() * int64_t(size) > kPacked) {
      Shape shape;
      Ints strides;
      for (bool last : {false, true})
        for (int d = 0; d < t.ndim(); ++d) {
          if (dims.has(d) != last) continue;
          shape.push_back(t.size(d));
          strides.push_back(t.stride(d));
        }
      copied_ = clone_values(alias(t, shape, strides, 0));
      x_ = copied_.bytes();
      return;
    }
    Joined all = kept_;
    for (int i = 0; i < reduced_.count; ++i) all.add(reduced_.extent[i], reduced_.step[i]);
    x_ = packed_;
    visit(t.dtype(), [&](auto zero) { pack<decltype(zero)>(all, t.bytes(), packed_); });
  }
  const char* x() const { return x_; }
  const Tensor& copied() const { return copied_; }

 private:
  Joined kept_, reduced_;
  bool walks_;
  const char* x_ = nullptr;
  Tensor copied_;
  alignas(64) char packed_[kPacked];
};

// The whole reduction, cut between threads over what is kept.
void run(kernels::ReduceFn fn, const Cube& c, const Tensor& x, const Tensor& out, const Tensor* second) {
  char* y = out ? out.bytes() : nullptr;
  char* z = second ? second->bytes() : nullptr;
  const int64_t x_size = int64_t(itemsize(x.dtype())), y_size = y ? int64_t(itemsize(out.dtype())) : 0;
  const int64_t z_size = z ? int64_t(itemsize(second->dtype())) : 0;
  const auto part = [&](int64_t o0, int64_t o1, int64_t i0, int64_t i1) {
    const int64_t at = o0 * c.inner + i0;
    fn({c.x() + (o0 * c.outer_step + i0) * x_size, y + at * y_size, o1 - o0, c.n, i1 - i0, c.outer_step, c.n_step,
        z ? z + at * z_size : nullptr});
  };
  const int64_t work = c.outer * c.n * c.inner;
  if (work < kParallel) return part(0, c.outer, 0, c.inner);
  Unlocked unlocked(work, {&x, &c.copied(), &out, second ? second : &out});
  if (c.outer > 1) {
    const int64_t grain = std::max<int64_t>(1, kBlock / (c.n * c.inner));
    parallel_ranges(c.outer, grain, [&](int64_t a, int64_t b) { part(a, b, 0, c.inner); });
  } else {
    const int64_t grain = std::max<int64_t>(64, kBlock / c.n);
    parallel_ranges(c.inner, grain, [&](int64_t a, int64_t b) { part(0, 1, a, b); });
  }
}

// One long contiguous row after another: fixed blocks first, then the blocks' results.
Tensor block_results(kernels::ReduceFn fn, const Cube& c, const Tensor& x, DType dtype) {
  const int64_t blocks = c.n / kBlock, rest = c.n - blocks * kBlock, per_row = blocks + (rest > 0);
  Tensor partial = empty({c.outer, per_row}, dtype);
  const int64_t x_size = int64_t(itemsize(x.dtype())), y_size = int64_t(itemsize(dtype));
  char* to = partial.bytes();
  Unlocked unlocked(x.numel(), {&x, &c.copied(), &partial});
  parallel_for(c.outer * per_row, [&](int64_t i) {
    const int64_t row = i / per_row, block = i % per_row;
    const int64_t n = block < blocks ? kBlock : rest;
    fn({c.x() + (row * c.outer_step + block * kBlock * c.n_step) * x_size, to + i * y_size, 1, n, 1, 0, c.n_step});
  });
  return partial;
}

}  // namespace

Dims::Dims(const char* op, const Ints& dim, int ndim) {
  if (dim.empty()) {
    bits_ = (1u << ndim) - 1;
    return;
  }
  for (int64_t d : dim) {
    const uint32_t bit = 1u << normalize_dim(op, d, ndim);
    if (bits_ & bit) fail<RuntimeError>(op, "(): dim ", d, " appears more than once in ", Show{dim});
    bits_ |= bit;
  }
}

Ints Dims::list() const {
  Ints out;
  for (uint32_t rest = bits_; rest; rest &= rest - 1) out.push_back(std::countr_zero(rest));
  return out;
}

Shape kept_shape(Span shape, Dims dims) {
  Shape out(shape);
  for (int d = 0; d < out.size(); ++d)
    if (dims.has(d)) out[d] = 1;
  return out;
}

Shape result_shape(Span shape, Dims dims, bool keepdim) {
  if (keepdim) return kept_shape(shape, dims);
  Shape out;
  for (int d = 0; d < int(shape.size()); ++d)
    if (!dims.has(d)) out.push_back(shape[size_t(d)]);
  return out;
}

int64_t count(Span shape, Dims dims) {
  int64_t n = 1;
  for (int d = 0; d < int(shape.size()); ++d)
    if (dims.has(d)) n *= shape[size_t(d)];
  return n;
}

namespace {

kernels::ReduceFn kernel_for(const char* op, const kernels::ReduceFn* fn, const Tensor& x, Span result) {
  if (x.dtype() == DType::bfloat16 || !fn[int(x.dtype())]) fail<RuntimeError>(op, "(): not defined for dtype ", x.dtype());
  if (x.numel() == 0 && product(result) != 0) {
    fail<IndexError>(op, "(): a tensor of shape ", Show{x.shape()}, " has nothing to take it of; give a dim that has elements");
  }
  return fn[int(x.dtype())];
}

}  // namespace

void find_values(const char* op, const kernels::ReduceFn* fn, const Tensor& x, Dims dims, bool keepdim, Tensor* values,
                 Tensor& indices) {
  const Shape shape = result_shape(x.shape(), dims, keepdim);
  const kernels::ReduceFn kernel = kernel_for(op, fn, x, shape);
  if (values) *values = empty(shape, x.dtype());
  indices = empty(shape, DType::int64);
  if (indices.numel() == 0) return;
  Cube cube(x, dims);
  if (!cube.walks()) cube.copy(x, dims);
  run(kernel, cube, x, values ? *values : Tensor(), &indices);
}

Tensor spread_values(const char* op, const Tensor& x, Dims dims, bool keepdim, Tensor* mean) {
  const Shape shape = result_shape(x.shape(), dims, keepdim);
  const kernels::ReduceFn kernel = kernel_for(op, table().reduce.var, x, shape);
  Tensor out = empty(shape, x.dtype());
  if (mean) *mean = empty(shape, x.dtype());
  if (out.numel() == 0) return out;
  Cube cube(x, dims);
  if (!cube.walks()) cube.copy(x, dims);
  run(kernel, cube, x, out, mean);
  return out;
}

Tensor reduce_values(const char* op, Rule rule, const Tensor& x, Dims dims, bool keepdim, DType dtype) {
  if (x.dtype() == DType::bfloat16) {
    const bool same_type = dtype == DType::bfloat16;
    return cast(reduce_values(op, rule, cast(x, DType::float32), dims, keepdim, same_type ? DType::float32 : dtype), dtype);
  }
  const Shape shape = result_shape(x.shape(), dims, keepdim);
  const kernels::ReduceFn fn = kernel_for(op, rule.first, x, shape);
  Cube cube(x, dims);
  const bool partial = rule.rest && x.numel() > kPacked;
  if (!cube.walks() && x.numel() != 0) {
    if (partial) {  // the last run of reduced dims by itself, then the others
      Dims last = dims;
      int d = x.ndim() - 1;
      while (d >= 0 && !(dims.has(d) && x.size(d) != 1)) --d;
      while (d >= 0 && (dims.has(d) || x.size(d) == 1)) --d;
      bool others = false;
      for (; d >= 0; --d) {
        others |= dims.has(d) && x.size(d) != 1;
        last.remove(d);
      }
      if (others)
        return reduce_values(op, {rule.rest, rule.rest}, reduce_values(op, rule, x, last, true, dtype), dims, keepdim, dtype);
    }
    cube.copy(x, dims);
  }
  Tensor out = empty(shape, dtype);
  if (out.numel() == 0) return out;
  if (partial && cube.outer * cube.inner < 64 && cube.inner == 1 && cube.n >= 4 * kBlock) {
    Tensor some = block_results(fn, cube, x, dtype);
    run(rule.rest[int(dtype)], Cube(some, Dims("", Ints{1}, 2)), some, out, nullptr);
    return out;
  }
  run(fn, cube, x, out, nullptr);
  return out;
}

Tensor sum_values(const Tensor& x, Dims dims, bool keepdim) {
  const DType t = is_floating(x.dtype()) ? x.dtype() : DType::int64;
  if (x.numel() == 0) return zeros(result_shape(x.shape(), dims, keepdim), t);
  return reduce_values("sum", {table().reduce.sum, table().reduce.sum}, x, dims, keepdim, t);
}

}  // namespace tg::ops
