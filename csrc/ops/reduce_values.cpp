// Reductions on values alone.
#include "ops/reduce_values.h"

namespace tg::ops {
namespace {

constexpr int64_t kParallel = 1 << 17;  // elements below which one thread does it
constexpr int64_t kBlock = 1 << 15;     // the fixed cut of a long reduction

bool reduced(const Ints& dims, int d) { return std::find(dims.begin(), dims.end(), d) != dims.end(); }

// x as [outer, n, inner] with the reduced dims in the middle; copied only when the dims do not lie so.
struct Cube {
  Tensor x;
  int64_t outer = 1, n = 1, inner = 1;

  Cube(const Tensor& t, const Ints& dims) {
    bool run = t.contiguous();
    for (int i = 1; i < dims.size(); ++i) run &= dims[i] == dims[i - 1] + 1;
    if (run) {
      x = t;
      for (int d = 0; d < t.ndim(); ++d) {
        (dims.empty() || d < dims[0] ? outer : d <= dims.back() ? n : inner) *= t.size(d);
      }
      return;
    }
    Shape shape;
    Ints strides;
    for (int pass = 0; pass < 2; ++pass)  // kept dims first, then the reduced ones
      for (int d = 0; d < t.ndim(); ++d) {
        if (reduced(dims, d) != (pass == 1)) continue;
        shape.push_back(t.size(d));
        strides.push_back(t.stride(d));
        (pass ? n : outer) *= t.size(d);
      }
    x = contiguous_values(alias(t, shape, strides, 0));
  }
};

void run(kernels::ReduceFn fn, const Cube& cube, const Tensor& out) {
  const char* x = cube.x.bytes();
  char* y = out.bytes();
  const int64_t x_size = int64_t(itemsize(cube.x.dtype())), y_size = int64_t(itemsize(out.dtype()));
  const auto part = [&](int64_t o0, int64_t o1, int64_t i0, int64_t i1) {
    // A part of inner writes rows that are not adjacent, so it goes one outer index at a time.
    if (i0 == 0 && i1 == cube.inner) {
      fn({x + o0 * cube.n * cube.inner * x_size, y + o0 * cube.inner * y_size, o1 - o0, cube.n, cube.inner, cube.n * cube.inner,
          cube.inner});
      return;
    }
    for (int64_t o = o0; o < o1; ++o) {
      fn({x + (o * cube.n * cube.inner + i0) * x_size, y + (o * cube.inner + i0) * y_size, 1, cube.n, i1 - i0, 0, cube.inner});
    }
  };
  const int64_t work = cube.outer * cube.n * cube.inner;
  if (work < kParallel) return part(0, cube.outer, 0, cube.inner);
  Unlocked unlocked(work, {&cube.x, &out});
  if (cube.outer > 1) {
    const int64_t grain = std::max<int64_t>(1, kBlock / (cube.n * cube.inner));
    parallel_ranges(cube.outer, grain, [&](int64_t a, int64_t b) { part(a, b, 0, cube.inner); });
  } else {
    const int64_t grain = std::max<int64_t>(64, kBlock / cube.n);
    parallel_ranges(cube.inner, grain, [&](int64_t a, int64_t b) { part(0, 1, a, b); });
  }
}

}  // namespace

Shape kept_shape(Span shape, const Ints& dims) {
  Shape out(shape);
  for (int64_t d : dims)
    if (d < out.size()) out[int(d)] = 1;
  return out;
}

Shape result_shape(Span shape, const Ints& dims, bool keepdim) {
  if (keepdim) return kept_shape(shape, dims);
  Shape out;
  for (int d = 0; d < int(shape.size()); ++d)
    if (!reduced(dims, d)) out.push_back(shape[size_t(d)]);
  return out;
}

int64_t count(Span shape, const Ints& dims) {
  int64_t n = 1;
  for (int64_t d : dims) n *= d < int64_t(shape.size()) ? shape[size_t(d)] : 1;
  return n;
}

Tensor reduce_values(const char* op, const kernels::ReduceFn* fn, const Tensor& x, const Ints& dims, bool keepdim, DType dtype) {
  kernels::ReduceFn f = fn[int(x.dtype())];
  if (!f) fail<TypeError>(op, "(): not defined for dtype ", x.dtype());
  Tensor out = empty(result_shape(x.shape(), dims, keepdim), dtype);
  if (out.numel() == 0) return out;
  if (x.numel() == 0) fail<IndexError>(op, "(): a tensor of shape ", Show{x.shape()}, " has nothing to take it of");
  Cube cube(x, dims);
  const bool splits = cube.outer * cube.inner < 64 && cube.n >= 4 * kBlock && cube.inner == 1 && dtype == x.dtype();
  if (splits) {
    // Few results of long rows: fixed blocks first, then the blocks' results.
    const int64_t blocks = cube.n / kBlock, rest = cube.n - blocks * kBlock;
    Tensor partial = empty({cube.outer, blocks + (rest > 0)}, dtype);
    const int64_t size = int64_t(itemsize(dtype));
    {
      const char* from = cube.x.bytes();
      char* to = partial.bytes();
      Unlocked unlocked(x.numel(), {&cube.x, &partial});
      const int64_t per_row = partial.size(1);
      parallel_for(cube.outer * per_row, [&](int64_t i) {
        const int64_t row = i / per_row, block = i % per_row;
        const int64_t n = block < blocks ? kBlock : rest;
        f({from + (row * cube.n + block * kBlock) * size, to + i * size, 1, n, 1, 0, 1});
      });
    }
    run(f, Cube(partial, {1}), out);
    return out;
  }
  run(f, cube, out);
  return out;
}

Tensor sum_values(const Tensor& x, const Ints& dims, bool keepdim) {
  if (x.numel() == 0) return zeros(result_shape(x.shape(), dims, keepdim), x.dtype());
  if (x.dtype() != DType::int64 && !is_floating(x.dtype())) {
    return cast(sum_values(cast(x, DType::int64), dims, keepdim), x.dtype());
  }
  return reduce_values("sum", table().reduce.sum, x, dims, keepdim, x.dtype());
}

Tensor arg_values(const char* op, const kernels::ReduceFn* fn, const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
  if (x.dtype() == DType::bool_) fail<RuntimeError>(op, "(): not defined for bool tensors");
  if (!dim) {
    if (x.numel() == 0) fail<IndexError>(op, "(): a tensor of shape ", Show{x.shape()}, " has no elements; give a dim that has");
    Tensor flat = contiguous_values(x);
    flat = alias(flat, Shape{x.numel()}, Ints{1}, 0);
    Tensor y = reduce_values(op, fn, flat, {0}, false, DType::int64);
    if (!keepdim) return y;
    const Shape shape = Ints::filled(x.ndim(), 1);
    return alias(y, shape, shape, 0);
  }
  Ints dims{normalize_dim(op, *dim, x.ndim())};
  if (x.ndim() == 0) dims = {};
  return reduce_values(op, fn, x, dims, keepdim, DType::int64);
}

}  // namespace tg::ops
