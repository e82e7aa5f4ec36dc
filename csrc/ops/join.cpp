// Values of joined tensors: contiguous operands in blocks, others through strided loops.
#include "ops/join.h"

#include "ops/blocks.h"
#include "ops/select.h"

namespace tg::ops {
namespace {

// The tensors one after the other in [outer, length each] with `row` elements from one outer index to the next.
class Writer {
 public:
  Writer(const Tensor& out, int64_t outer, bool plain) : out_(out), outer_(outer), plain_(plain) {
    row_ = outer ? out.numel() / outer * item_ : 0;
  }
  // `shape` and `offset` say where t belongs, in elements of out.
  void write(const Tensor& t, Span shape, Span strides, int64_t offset) {
    if (t.numel() == 0) return;
    if (!plain_) return copy_values(alias(out_, shape, strides, offset), t);
    const int64_t block = t.numel() / outer_ * item_;
    copy_blocks(out_->data + offset * item_, row_, t.bytes(), block, block, outer_);
  }

 private:
  const Tensor& out_;
  int64_t outer_, row_, item_ = int64_t(itemsize(out_.dtype()));
  bool plain_;
};

// Whether blocks of memory can be moved as they are.
bool moves_in_blocks(const TensorList& tensors, const Tensor& out) {
  if (out.numel() > kFewElements) return false;
  for (const Tensor& t : tensors)
    if (!t.contiguous() || t.dtype() != out.dtype()) return false;
  return true;
}

int64_t outer_of(Span shape, int dim) { return product(shape.first(size_t(dim))); }

}  // namespace

Tensor Cat::forward(Saved& s, const TensorList& tensors, int64_t dim) {
  if (tensors.empty()) fail<ValueError>("cat(): expected at least one tensor, got an empty list");
  // An empty 1-d tensor joins anything, as in PyTorch.
  const auto skipped = [](const Tensor& t) { return t.ndim() == 1 && t.numel() == 0; };
  const Tensor* first = &tensors[0];
  DType dtype = tensors[0].dtype();
  for (const Tensor& t : tensors) {
    if (t.ndim() == 0) fail<RuntimeError>("cat(): a 0-d tensor cannot be joined; unsqueeze it or use stack()");
    if (skipped(*first) && !skipped(t)) first = &t;
    dtype = promote(dtype, t.dtype());
  }
  s.dim = normalize_dim(info.name, dim, first->ndim());
  s.sizes.reserve(tensors.size());
  int64_t total = 0;
  for (const Tensor& t : tensors) {
    if (skipped(t) && !skipped(*first)) {
      s.sizes.push_back(-1);
      continue;
    }
    bool fits = t.ndim() == first->ndim();
    for (int d = 0; fits && d < t.ndim(); ++d) fits = d == s.dim || t.size(d) == first->size(d);
    if (!fits) {
      fail<RuntimeError>("cat(): shapes ", Show{first->shape()}, " and ", Show{t.shape()}, " differ outside dim ", s.dim);
    }
    s.sizes.push_back(t.size(s.dim));
    if (__builtin_add_overflow(total, t.size(s.dim), &total)) fail<RuntimeError>("cat(): dim ", s.dim, " becomes too large");
  }
  Shape shape = first->shape();
  shape[s.dim] = total;
  Tensor out = empty(shape, dtype);
  Writer writer(out, outer_of(shape, s.dim), moves_in_blocks(tensors, out));
  int64_t at = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (s.sizes[i] < 0) continue;
    shape[s.dim] = s.sizes[i];
    writer.write(tensors[i], shape, out.strides(), at * out.stride(s.dim));
    at += s.sizes[i];
  }
  return out;
}

Tensor Stack::forward(Saved& s, const TensorList& tensors, int64_t dim) {
  if (tensors.empty()) fail<ValueError>("stack(): expected at least one tensor, got an empty list");
  const Tensor& first = tensors[0];
  s.dim = normalize_dim(info.name, dim, first.ndim() + 1);
  DType dtype = first.dtype();
  for (const Tensor& t : tensors) {
    if (!same(t.shape(), first.shape())) {
      fail<RuntimeError>("stack(): all shapes must be equal, got ", Show{first.shape()}, " and ", Show{t.shape()});
    }
    dtype = promote(dtype, t.dtype());
  }
  Shape shape = first.shape();
  shape.insert(s.dim, int64_t(tensors.size()));
  Tensor out = empty(shape, dtype);
  Ints strides = out.strides();
  const int64_t step = strides[s.dim];
  strides.erase(s.dim);
  Writer writer(out, outer_of(shape, s.dim), moves_in_blocks(tensors, out));
  for (size_t i = 0; i < tensors.size(); ++i) writer.write(tensors[i], first.shape(), strides, int64_t(i) * step);
  return out;
}

Tensor JoinDiagonal::forward(Saved& s, const TensorList& matrices, DType dtype) {
  int64_t rows = 0, columns = 0;
  for (const Tensor& m : matrices) {
    s.rows.push_back(m.size(0));
    s.columns.push_back(m.size(1));
    if (__builtin_add_overflow(rows, m.size(0), &rows) || __builtin_add_overflow(columns, m.size(1), &columns))
      fail<RuntimeError>("block_diag(): the result becomes too large");
  }
  checked_numel("block_diag", Shape{rows, columns});
  Tensor out = zeros(Shape{rows, columns}, dtype);
  int64_t offset = 0;
  for (const Tensor& m : matrices) {
    if (m.numel()) copy_values(alias(out, m.shape(), out.strides(), offset), m);
    offset += m.size(0) * columns + m.size(1);
  }
  return out;
}

Tensor BlockDiag::forward(const TensorArgs& tensors) {
  if (tensors.list.empty()) return empty({1, 0}, DType::float32);
  TensorList matrices;
  std::optional<DType> kinds[2];  // of the tensors without dims, and of those with
  for (const Tensor& t : tensors.list) {
    if (t.ndim() > 2) fail<RuntimeError>("block_diag(): at most 2 dims are expected, got shape ", Show{t.shape()});
    std::optional<DType>& kind = kinds[t.ndim() > 0];
    kind = kind ? promote(*kind, t.dtype()) : t.dtype();
    matrices.push_back(AtLeast2d::lift(t));
  }
  const bool lower = !kinds[1] || (kinds[0] && category(*kinds[0]) > category(*kinds[1]));
  return tape::apply<JoinDiagonal>(matrices, *kinds[!lower]);
}

TensorList Meshgrid::forward(const TensorArgs& tensors, std::string_view indexing) {
  if (indexing != "ij" && indexing != "xy") fail<RuntimeError>("meshgrid(): indexing must be 'ij' or 'xy', got '", indexing, "'");
  if (tensors.list.empty()) fail<RuntimeError>("meshgrid(): expected at least one tensor");
  Shape grid;
  for (const Tensor& t : tensors.list) {
    if (t.ndim() > 1) fail<RuntimeError>("meshgrid(): expected vectors or 0-d tensors, got shape ", Show{t.shape()});
    require_same_dtype(info.name, t, tensors.list[0]);
    grid.push_back(t.numel());
  }
  const bool swaps = indexing == "xy" && grid.size() > 1;
  if (swaps) std::swap(grid[0], grid[1]);
  TensorList out;
  out.reserve(tensors.list.size());
  for (int i = 0; i < grid.size(); ++i) {
    const int dim = swaps && i < 2 ? 1 - i : i;
    Shape column = Ints::filled(grid.size(), 1);
    column[dim] = grid[dim];
    out.push_back(expand(reshape(tensors.list[size_t(i)], column), grid));
  }
  return out;
}

Tensor CartesianProd::forward(const TensorArgs& tensors) {
  for (const Tensor& t : tensors.list)
    if (t.ndim() != 1) fail<RuntimeError>("cartesian_prod(): expected vectors, got shape ", Show{t.shape()});
  if (tensors.list.size() == 1) return tensors.list[0];
  TensorList columns = Meshgrid::forward(tensors, "ij");
  for (Tensor& column : columns) column = reshape(column, {-1});
  return tape::apply<Stack>(columns, int64_t(1));
}

Tensor Combinations::forward(const Tensor& x, int64_t r, bool with_replacement) {
  if (x.ndim() != 1) fail<RuntimeError>("combinations(): expected a vector, got shape ", Show{x.shape()});
  if (r < 0) fail<RuntimeError>("combinations(): r must not be negative, got ", r);
  if (r == 0) return empty({0}, x.dtype());
  const int64_t n = x.numel();
  if (r > INT64_MAX / 2) fail<RuntimeError>("combinations(): r = ", r, " is too large");
  const int64_t most = with_replacement ? n + r - 1 : n;
  // most over r, growing from one exact binomial to the next.
  int64_t count = n == 0 || r > most ? 0 : 1;
  const int64_t few = std::min(r, most - r);
  for (int64_t i = 1; i <= few && count; ++i) {
    if (__builtin_mul_overflow(count, most - few + i, &count)) checked_numel(info.name, Shape{INT64_MAX, r});
    count /= i;
  }
  checked_numel(info.name, Shape{count, r});
  Tensor rows = empty({count * r}, DType::int64);
  int64_t* p = rows.data<int64_t>();
  for (int64_t i = 0; i < count; ++i, p += r) {
    if (i == 0) {
      for (int64_t j = 0; j < r; ++j) p[j] = with_replacement ? 0 : j;
      continue;
    }
    // The last place that can still move on does; those behind it start again.
    std::copy(p - r, p, p);
    int64_t j = r - 1;
    while (p[j] == (with_replacement ? n - 1 : n - r + j)) --j;
    const int64_t start = ++p[j];
    for (int64_t k = j + 1; k < r; ++k) p[k] = with_replacement ? start : start + k - j;
  }
  return reshape(tape::apply<IndexSelect>(x, int64_t(0), rows), {count, r});
}

}  // namespace tg::ops
