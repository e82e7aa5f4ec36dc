// Whole slices by number, read.
#include "ops/select.h"

#include <cmath>

#include "ops/gather.h"
#include "ops/mask.h"

namespace tg::ops {
namespace {

// Rows taken or added are split between threads only beyond this many bytes.
constexpr int64_t kParallelBytes = 1 << 20;

// input's rows of weight, each of norm at most max_norm from now on.
void shorten_rows(const Tensor& weight, const Tensor& rows, double max_norm, double norm_type) {
  if (weight.dtype() == DType::bfloat16) {
    const Tensor wide = cast(weight, DType::float32);
    shorten_rows(wide, rows, max_norm, norm_type);
    return copy_values(weight, wide);
  }
  const int64_t width = weight.size(1);
  const bool infinite = std::isinf(norm_type);
  visit_float(weight.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < rows.numel(); ++i) {
      T* row = weight.data<T>() + rows.data<int64_t>()[i] * weight.stride(0);
      double total = 0;
      for (int64_t j = 0; j < width; ++j) {
        const double v = std::abs(double(row[j * weight.stride(1)]));
        total = infinite ? std::max(total, v) : total + (norm_type == 2 ? v * v : std::pow(v, norm_type));
      }
      const double norm = infinite ? total : norm_type == 2 ? std::sqrt(total) : std::pow(total, 1 / norm_type);
      if (!(norm > max_norm)) continue;
      const T scale = T(max_norm / (norm + 1e-7));
      for (int64_t j = 0; j < width; ++j) row[j * weight.stride(1)] *= scale;
    }
  });
  weight.wrote();
}

// padding_idx in [0, rows); -1 without one.
int64_t padding_row(const char* op, std::optional<int64_t> padding_idx, int64_t rows) {
  if (!padding_idx) return -1;
  if (*padding_idx < -rows || *padding_idx >= rows)
    fail<RuntimeError>(op, "(): padding_idx ", *padding_idx, " is out of range for weight with ", rows, " rows");
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}

// The largest of the rows in each bag, elementwise; 0 in an empty bag.
Tensor largest_of_bags(const Tensor& rows, const Tensor& bag, const Shape& shape) {
  if (rows.size(0) == 0) return zeros(shape, rows.dtype());
  Tensor winner = full(shape, -1, DType::int64), none = empty(shape, DType::bool_);
  const Tensor from = contiguous_values(rows);
  const int64_t width = shape[1];
  int64_t* w = winner.data<int64_t>();
  visit_float(from.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* x = from.data<T>();
    for (int64_t i = 0; i < rows.size(0); ++i) {
      int64_t* best = w + bag.data<int64_t>()[i] * width;
      for (int64_t j = 0; j < width; ++j)
        if (best[j] < 0 || x[i * width + j] > x[best[j] * width + j]) best[j] = i;
    }
  });
  for (int64_t i = 0; i < winner.numel(); ++i) {
    none.data<bool>()[i] = w[i] < 0;
    w[i] = std::max<int64_t>(w[i], 0);
  }
  return where(none, number(0), gather(rows, 0, winner));
}

Tensor checked_rows(const char* op, const Tensor& input, const Tensor& weight, std::optional<double> max_norm, double norm_type,
                    bool sparse) {
  if (weight.ndim() != 2) fail<RuntimeError>(op, "(): weight must be 2-d, got shape ", Show{weight.shape()});
  if (sparse) fail<RuntimeError>(op, "(): sparse=True is not supported; gradients are dense here");
  const Tensor rows = checked_index(op, input, weight.size(0), 0, false, !tape::recording(weight));
  if (max_norm) {
    require_floating(op, "weight", weight);
    shorten_rows(weight, rows, *max_norm, norm_type);
  }
  return rows;
}

}  // namespace

void require_index(const char* op, const Tensor& index) {
  if (index.dtype() != DType::int64 && index.dtype() != DType::int32)
    fail<RuntimeError>(op, "(): an index must be an int64 or int32 tensor, got dtype ", index.dtype());
}

Tensor checked_index(const char* op, const Tensor& index, int64_t size, int dim, bool wraps, bool at_once) {
  require_index(op, index);
  const Tensor from = contiguous_values(cast(index, DType::int64));
  const int64_t *p = from.data<int64_t>(), lowest = wraps ? -size : 0;
  if (at_once && table().index.check(p, nullptr, from.numel(), 0, size)) return from;
  Tensor out = empty_like(from);
  if (!table().index.check(p, out.data<int64_t>(), from.numel(), lowest, size)) {
    while (*p >= lowest && *p < size) ++p;
    fail<IndexError>(op, "(): index ", *p, " is out of range for dim ", dim, " of size ", size);
  }
  return out;
}

Around::Around(const Tensor& t, int dim, int dims) {
  // Merges the dims [from, to): their extent, and the step between their elements where there is one.
  const auto merge = [&](int from, int to, int64_t& extent, int64_t& extent_step) {
    for (int d = to - 1; d >= from; --d) {
      if (t.size(d) == 1) continue;
      if (extent == 1) extent_step = t.stride(d);
      even &= extent == 1 || t.stride(d) == extent * extent_step;
      extent *= t.size(d);
    }
  };
  int64_t inner_step = 1;
  merge(dim + dims, t.ndim(), inner, inner_step);
  even &= inner_step == 1;
  merge(dim, std::min(dim + dims, t.ndim()), n, step);  // a 0-d tensor has no dim 0
  merge(0, dim, outer, outer_step);
  even |= t.numel() == 0;
}

Shape shape_at(Span x, int dim, int dims, Span index) {
  Shape shape(x.first(size_t(dim)));
  for (int64_t n : index) shape.push_back(n);
  for (int64_t n : x.subspan(size_t(dim + dims))) shape.push_back(n);
  return shape;
}

Tensor slice_at(const Tensor& t, int dim, int dims, int64_t place) {
  Shape shape;
  Ints strides;
  int64_t offset = 0;
  for (int d = dim + dims - 1; d >= dim; --d) {
    offset += place % t.size(d) * t.stride(d);
    place /= t.size(d);
  }
  for (int d = 0; d < t.ndim(); ++d) {
    if (d >= dim && d < dim + dims) continue;
    shape.push_back(t.size(d));
    strides.push_back(t.stride(d));
  }
  return alias(t, shape, strides, offset);
}

bool by_slices(const Tensor& x, int64_t count) { return count * 128 < x.numel(); }

Tensor TakeAt::values(const Tensor& x, const Tensor& index, int dim, int dims) {
  Tensor y = empty(shape_at(x.shape(), dim, dims, index.shape()), x.dtype());
  const int64_t m = index.numel(), width = int64_t(itemsize(x.dtype())), bytes = y.numel() * width;
  if (bytes == 0) return y;
  const Around a(x, dim, dims);
  if (!a.even) {
    if (!by_slices(x, m)) return values(clone_values(x), index, dim, dims);
    const Tensor flat =
        alias(y, shape_at(x.shape(), dim, dims, Shape{m}), contiguous_strides(shape_at(x.shape(), dim, dims, Shape{m})), 0);
    for (int64_t j = 0; j < m; ++j) copy_values(slice_at(flat, dim, 1, j), slice_at(x, dim, dims, index.data<int64_t>()[j]));
    return y;
  }
  const kernels::Follow f = a.follow(x, index, y, m, width);
  if (bytes < kParallelBytes) {
    table().index.take(f);
    return y;
  }
  Unlocked unlocked(index->storage->unique() ? bytes : 0, {&x, &index, &y});  // else others might change it meanwhile
  parallel_ranges(f.outer * m, std::max<int64_t>(1, kParallelBytes / 4 / f.inner), [&](int64_t begin, int64_t end) {
    while (begin < end) {  // whole or partial runs of the index, one outer slice at a time
      const int64_t o = begin / m, j = begin % m;
      kernels::Follow part = f;
      part.x = static_cast<char*>(f.x) + o * f.outer_step;
      part.index += j;
      part.y = static_cast<char*>(f.y) + begin * f.inner;
      part.outer = 1;
      part.m = std::min(m - j, end - begin);
      table().index.take(part);
      begin += part.m;
    }
  });
  return y;
}

void AddAt::add_values(const Tensor& out, const Tensor& index, const Tensor& values, int dim, int dims) {
  const Around a(out, dim, dims);
  if (out.dtype() == DType::bfloat16) {  // added up in float32
    const Tensor whole = cast(out, DType::float32);
    add_values(whole, index, cast(values, DType::float32), dim, dims);
    return copy_values(out, whole);
  }
  if (!a.even) {
    const Tensor whole = clone_values(out);
    add_values(whole, index, values, dim, dims);
    return copy_values(out, whole);
  }
  const Tensor from = contiguous_values(values);
  const kernels::Follow f = a.follow(out, index, from, index.numel(), 1);
  const auto fn = table().index.add[int(out.dtype())];
  Unlocked unlocked(from.numel(), {&out, &index, &from});
  fn(f);
}

Grads<2> TakeShared::backward(const Saved& s, Needs, const Tensor& dy) {
  const Tensor& rows = s.rows.unpack();
  Tensor g = dy;
  if (s.by_frequency) {
    const Tensor counts = zeros(Shape{s.shape[0]}, dy.dtype());
    AddAt::add_values(counts, rows, full(rows.shape(), 1, dy.dtype()), 0, 1);
    g = g / unsqueeze(TakeAt::values(counts, rows, 0, 1), -1);
  }
  if (s.padding >= 0) g = where(unsqueeze(eq(rows, scalar(s.padding, DType::int64)), -1), number(0), g);
  return {tape::apply<AddAt>(g, rows, s.shape, 0, 1), Tensor()};
}

Tensor IndexSelect::forward(const Tensor& x, int64_t dim, const Tensor& index) {
  const int d = normalize_dim(info.name, dim, x.ndim());
  if (index.ndim() > 1) fail<IndexError>("index_select(): index must be 1-d, got shape ", Show{index.shape()});
  Tensor at = checked_index(info.name, index, size_at(x, d), d, false, !tape::recording(x));
  if (at.ndim() == 0) at = alias(at, Shape{1}, Ints{1}, 0);
  if (x.ndim()) return tape::apply<TakeAt>(x, at, d, 1);
  if (at.numel() != 1) fail<RuntimeError>("index_select(): a 0-d tensor takes one index, got ", at.numel());
  return clone(x);
}

Tensor Take::forward(const Tensor& x, const Tensor& index) {
  if (index.dtype() != DType::int64) fail<RuntimeError>("take(): index must be an int64 tensor, got dtype ", index.dtype());
  const Tensor at = checked_index(info.name, index, x.numel(), 0, true, !tape::recording(x));
  return tape::apply<TakeAt>(x.contiguous() ? x : contiguous(x), at, 0, x.ndim());
}

Tensor OneHot::forward(const Tensor& x, int64_t num_classes) {
  if (is_floating(x.dtype()) || x.dtype() == DType::bool_) {
    fail<RuntimeError>("one_hot(): class numbers must be integers, got dtype ", x.dtype());
  }
  const Tensor classes = contiguous_values(cast(x, DType::int64));
  const int64_t* p = classes.data<int64_t>();
  const int64_t n = classes.numel();
  if (num_classes < -1 || num_classes == 0)
    fail<RuntimeError>("one_hot(): num_classes must be positive or -1, got ", num_classes);
  if (num_classes == -1) {
    if (n == 0) fail<RuntimeError>("one_hot(): give num_classes for an empty tensor");
    num_classes = std::max<int64_t>(0, *std::max_element(p, p + n)) + 1;
  }
  for (int64_t i = 0; i < n; ++i) {
    if (p[i] < 0 || p[i] >= num_classes) {
      fail<RuntimeError>("one_hot(): class ", p[i], " at position ", i, " is not in [0, ", num_classes, ")");
    }
  }
  Shape shape = x.shape();
  shape.push_back(num_classes);
  Tensor out = zeros(shape, DType::int64);
  int64_t* q = out.data<int64_t>();
  for (int64_t i = 0; i < n; ++i) q[i * num_classes + p[i]] = 1;
  return out;
}

Tensor Embedding::forward(const Tensor& input, const Tensor& weight, std::optional<int64_t> padding_idx,
                          std::optional<double> max_norm, double norm_type, bool scale_grad_by_freq, bool sparse) {
  const int64_t padding = weight.ndim() == 2 ? padding_row(info.name, padding_idx, weight.size(0)) : -1;
  const Tensor rows = checked_rows(info.name, input, weight, max_norm, norm_type, sparse);
  if (padding < 0 && !scale_grad_by_freq) return tape::apply<TakeAt>(weight, rows, 0, 1);
  return tape::apply<TakeShared>(weight, rows, padding, scale_grad_by_freq);
}

Tensor EmbeddingBag::forward(const Tensor& input, const Tensor& weight, const Tensor& offsets, std::optional<double> max_norm,
                             double norm_type, bool scale_grad_by_freq, std::string_view mode, bool sparse,
                             const Tensor& per_sample_weights, bool include_last_offset, std::optional<int64_t> padding_idx) {
  if (mode != "sum" && mode != "mean" && mode != "max")
    fail<ValueError>("embedding_bag(): mode must be 'sum', 'mean' or 'max', got '", mode, "'");
  if (input.ndim() != 1 && input.ndim() != 2)
    fail<ValueError>("embedding_bag(): input must be 1-d or 2-d, got shape ", Show{input.shape()});
  if ((input.ndim() == 1) != bool(offsets))
    fail<ValueError>("embedding_bag(): a 1-d input takes offsets, a 2-d input, whose rows are the bags, takes none");
  if (per_sample_weights && (mode != "sum" || !same(per_sample_weights.shape(), input.shape()))) {
    fail<ValueError>("embedding_bag(): per_sample_weights goes with mode='sum' and has input's shape ", Show{input.shape()},
                     ", got mode '", mode, "' and shape ", Show{per_sample_weights.shape()});
  }
  if (scale_grad_by_freq && mode == "max") fail<RuntimeError>("embedding_bag(): mode 'max' does not take scale_grad_by_freq");
  if (weight.ndim() == 2) require_floating(info.name, "weight", weight);
  const int64_t padding = weight.ndim() == 2 ? padding_row(info.name, padding_idx, weight.size(0)) : -1;
  Tensor rows = checked_rows(info.name, input, weight, max_norm, norm_type, sparse);
  // The bag of each row taken.
  const int64_t n = rows.numel();
  rows = alias(rows, Shape{n}, Ints{1}, 0);
  int64_t bags = input.size(0);
  Tensor bag = empty({n}, DType::int64);
  if (!offsets) {
    for (int64_t i = 0; i < n; ++i) bag.data<int64_t>()[i] = i / input.size(1);
  } else {
    require_index(info.name, offsets);
    if (offsets.ndim() != 1) fail<ValueError>("embedding_bag(): offsets must be 1-d, got shape ", Show{offsets.shape()});
    const Tensor starts = contiguous_values(cast(offsets, DType::int64));
    const int64_t* p = starts.data<int64_t>();
    const int64_t given = starts.numel();
    if (include_last_offset && given == 0) fail<RuntimeError>("embedding_bag(): include_last_offset takes at least one offset");
    bags = given - include_last_offset;
    if (given && p[0] != 0) fail<RuntimeError>("embedding_bag(): offsets must begin with 0, got ", p[0]);
    for (int64_t b = 0; b < given; ++b) {
      if (p[b] > n || (b && p[b] < p[b - 1]))
        fail<RuntimeError>("embedding_bag(): offsets must ascend and stay within the ", n, " rows of input, got ", p[b]);
    }
    if (given ? include_last_offset && p[given - 1] != n : n > 0)
      fail<RuntimeError>("embedding_bag(): offsets put not all of the ", n, " rows of input into a bag");
    for (int64_t b = 0; b < bags; ++b)
      for (int64_t i = p[b], end = b + 1 < bags ? p[b + 1] : n; i < end; ++i) bag.data<int64_t>()[i] = b;
  }
  Tensor samples = per_sample_weights ? reshape(per_sample_weights, {n, 1}) : Tensor();
  if (padding >= 0) {  // left out altogether
    const Tensor kept = flat_places_of(ne(rows, number(double(padding))));
    rows = TakeAt::values(rows, kept, 0, 1);
    bag = TakeAt::values(bag, kept, 0, 1);
    if (samples) samples = tape::apply<TakeAt>(samples, kept, 0, 1);
  }
  Tensor taken = tape::apply<TakeShared>(weight, rows, int64_t(-1), scale_grad_by_freq);
  const Shape shape{bags, weight.size(1)};
  if (mode == "max") return largest_of_bags(taken, bag, shape);
  if (samples) {
    require_same_dtype(info.name, weight, samples);
    taken = taken * samples;
  }
  Tensor total = tape::apply<AddAt>(taken, bag, shape, 0, 1);
  if (mode == "sum") return total;
  Tensor counts = zeros(Shape{bags, 1}, weight.dtype());
  AddAt::add_values(counts, bag, full(Shape{bag.numel(), 1}, 1, weight.dtype()), 0, 1);
  return total / maximum(counts, number(1));
}

}  // namespace tg::ops
