// Values of repetitions, flips, rolls and overlapping windows.
#include "ops/repeat.h"

#include "ops/blocks.h"
#include "ops/select.h"

namespace tg::ops {

Tensor RepeatBlocks::forward(Saved& s, const Tensor& x, const Shape& shape, int64_t outer, int64_t times, int64_t block) {
  s = {x.shape(), outer, times, block};
  const Tensor in = contiguous_values(x);
  Tensor out = empty(shape, x.dtype());
  if (out.numel() == 0) return out;
  if (out.numel() <= kFewElements && (block > 8 || outer <= times)) {
    const int64_t bytes = block * int64_t(itemsize(x.dtype()));
    for (int64_t i = 0; i < outer; ++i) copy_blocks(out->data + i * times * bytes, bytes, in->data + i * bytes, 0, bytes, times);
  } else {
    copy_values(alias(out, Shape{outer, times, block}, Ints{times * block, block, 1}, 0),
                alias(in, Shape{outer, times, block}, Ints{block, 0, 1}, 0));
  }
  return out;
}

Tensor Repeat::repeated(const char* op, const Tensor& x, const Ints& repeats) {
  const int lead = repeats.size() - x.ndim();
  if (lead < 0)
    fail<RuntimeError>(op, "(): ", repeats.size(), " repeats are fewer than the dims of a tensor of shape ", Show{x.shape()});
  Shape shape, whole;
  for (int d = 0; d < repeats.size(); ++d) {
    shape.push_back(d < lead ? 1 : x.size(d - lead));
    if (repeats[d] < 0) fail<RuntimeError>(op, "(): repeats must not be negative, got ", Show{repeats});
    int64_t n;
    if (__builtin_mul_overflow(shape[d], repeats[d], &n)) checked_numel(op, Shape{shape[d], repeats[d]});
    whole.push_back(n);
  }
  checked_numel(op, whole);
  Tensor y = x;
  int64_t block = 1;
  for (int d = repeats.size() - 1; d >= 0; --d) {
    block *= shape[d];
    if (repeats[d] == 1) continue;
    shape[d] = whole[d];
    y = tape::apply<RepeatBlocks>(y, shape, product(Span(shape).first(size_t(d))), repeats[d], block);
    block *= repeats[d];
  }
  if (y.is(x)) y = clone(x);
  return y.ndim() == shape.size() ? y : reshape(y, shape);
}

Tensor RepeatInterleave::forward(const Tensor& x, const IntsOrTensor& repeats, std::optional<int64_t> dim,
                                 std::optional<int64_t> output_size) {
  // A lone tensor says how often each of its positions comes.
  if (!repeats.given()) {
    if (x.ndim() != 1)
      fail<RuntimeError>("repeat_interleave(): repeats is missing; a lone tensor of repeats must be 1-d, got shape ",
                         Show{x.shape()});
    Tensor positions = empty({x.numel()}, DType::int64);
    for (int64_t i = 0; i < x.numel(); ++i) positions.data<int64_t>()[i] = i;
    return forward(positions, {{}, false, x}, 0, output_size);
  }
  const Tensor in = dim && x.ndim() ? x : reshape(x, {x.numel()});
  const int d = normalize_dim(info.name, dim.value_or(0), in.ndim());
  const int64_t size = in.size(d);
  const auto check_total = [&](int64_t total) {
    if (output_size && *output_size != total)
      fail<RuntimeError>("repeat_interleave(): output_size ", *output_size, " is not the sum of the repeats, ", total);
  };
  Shape shape = in.shape();
  if (!repeats.tensor || repeats.tensor.numel() == 1) {
    if (repeats.tensor && (is_floating(repeats.tensor.dtype()) || repeats.tensor.ndim() > 1))
      fail<RuntimeError>("repeat_interleave(): repeats must be integers in at most 1 dim, got shape ",
                         Show{repeats.tensor.shape()}, " and dtype ", repeats.tensor.dtype());
    const int64_t times = repeats.tensor ? repeats.tensor.scalar<int64_t>() : repeats.ints[0];
    if (times < 0) fail<RuntimeError>("repeat_interleave(): repeats must not be negative, got ", times);
    if (__builtin_mul_overflow(size, times, &shape[d])) checked_numel(info.name, Shape{size, times});
    checked_numel(info.name, shape);
    check_total(shape[d]);
    return tape::apply<RepeatBlocks>(in, shape, product(Span(in.shape()).first(size_t(d + 1))), times,
                                     product(Span(shape).subspan(size_t(d + 1))));
  }
  const Tensor& counts = repeats.tensor;
  if ((counts.dtype() != DType::int64 && counts.dtype() != DType::int32) || counts.ndim() > 1) {
    fail<RuntimeError>("repeat_interleave(): repeats must be int64 or int32 in at most 1 dim, got shape ", Show{counts.shape()},
                       " and dtype ", counts.dtype());
  }
  if (counts.numel() != size) {
    fail<RuntimeError>("repeat_interleave(): ", counts.numel(), " repeats for dim ", d, " of size ", size);
  }
  const Tensor each = contiguous_values(cast(counts, DType::int64));
  const int64_t* p = each.data<int64_t>();
  int64_t total = 0;
  for (int64_t i = 0; i < size; ++i) {
    if (p[i] < 0) fail<RuntimeError>("repeat_interleave(): repeats must not be negative, got ", p[i]);
    if (__builtin_add_overflow(total, p[i], &total)) fail<RuntimeError>("repeat_interleave(): the repeats add up to too many");
  }
  shape[d] = total;
  checked_numel(info.name, shape);
  check_total(total);
  Tensor rows = empty({total}, DType::int64);
  int64_t* q = rows.data<int64_t>();
  for (int64_t i = 0; i < size; ++i) q = std::fill_n(q, p[i], i);
  return tape::apply<IndexSelect>(in, int64_t(d), rows);
}

Tensor Flip::values(const char* op, const Tensor& x, const Ints& dims) {
  Ints strides = x.strides();
  int64_t offset = 0;
  unsigned seen = 0;
  for (int64_t dim : dims) {
    const int d = normalize_dim(op, dim, x.ndim());
    if (seen >> d & 1) fail<RuntimeError>(op, "(): dim ", dim, " appears more than once in ", Show{dims});
    seen |= 1u << d;
    if (x.ndim() == 0 || x.size(d) == 0) continue;
    offset += (x.size(d) - 1) * strides[d];
    strides[d] = -strides[d];
  }
  Tensor out = empty(x.shape(), x.dtype());
  if (out.numel()) copy_values(out, alias(x, x.shape(), strides, offset));
  return out;
}

namespace {

// Copies `from` to `to` with each of dims moved on by its amount in [0, size): in each dim two pieces change places.
void copy_rolled(const Tensor& to, const Tensor& from, Span dims, Span amounts) {
  if (dims.empty()) return copy_values(to, from);
  const int d = int(dims[0]);
  const int64_t n = from.size(d), k = amounts[0];
  const auto piece = [&](const Tensor& t, int64_t start, int64_t length) {
    Shape shape = t.shape();
    shape[d] = length;
    return alias(t, shape, t.strides(), start * t.stride(d));
  };
  copy_rolled(piece(to, k, n - k), piece(from, 0, n - k), dims.subspan(1), amounts.subspan(1));
  if (k) copy_rolled(piece(to, 0, k), piece(from, n - k, k), dims.subspan(1), amounts.subspan(1));
}

}  // namespace

Tensor Roll::forward(Saved& s, const Tensor& x, const Ints& shifts, const std::optional<Ints>& dims) {
  const bool flat = !dims || dims->empty();
  if (flat ? shifts.size() != 1 : shifts.size() != dims->size()) {
    fail<RuntimeError>("roll(): shifts ", Show{shifts}, " and dims ", Show{dims.value_or(Ints())},
                       " differ in length; without dims there is one shift");
  }
  Ints amount = Ints::filled(kMaxDims, 0);
  unsigned rolled = 0;
  for (int i = 0; i < shifts.size(); ++i) {
    const int d = flat ? 0 : normalize_dim(info.name, (*dims)[i], x.ndim());
    if (!flat && x.ndim() == 0) fail<IndexError>("roll(): a 0-d tensor has no dim ", (*dims)[i]);
    rolled |= 1u << d;
    const int64_t n = flat ? x.numel() : x.size(d);
    if (n) amount[d] = (amount[d] + shifts[i] % n + n) % n;
  }
  Ints along, by;
  for (int d = 0; d < kMaxDims; ++d) {
    if (!(rolled >> d & 1)) continue;
    along.push_back(d);
    by.push_back(amount[d]);
    s.back.push_back(-amount[d]);
  }
  if (flat) {
    s.back = {-amount[0]};
  } else {
    s.dims = along;
  }
  Tensor out = empty(x.shape(), x.dtype());
  if (out.numel() == 0) return out;
  if (x.ndim() == 0) {
    copy_values(out, x);
  } else if (x.numel() <= kFewElements && x.contiguous()) {
    Tensor from = x;
    for (int i = 0; i < along.size(); ++i) {
      Tensor to = i == 0 ? out : empty_like(x);
      const int d = int(along[i]);
      const int64_t n = flat ? x.numel() : x.size(d), outer = flat ? 1 : product(x.shape().first(size_t(d)));
      const int64_t step = x.numel() / outer * int64_t(itemsize(x.dtype())), cut = step / n * by[i];
      copy_blocks(to->data + cut, step, from.bytes(), step, step - cut, outer);
      copy_blocks(to->data, step, from.bytes() + step - cut, step, cut, outer);
      from = to;
    }
    return from;
  } else if (flat) {
    const Tensor in = contiguous_values(x);
    copy_rolled(alias(out, Shape{x.numel()}, Ints{1}, 0), alias(in, Shape{x.numel()}, Ints{1}, 0), along, by);
  } else {
    copy_rolled(out, x, along, by);
  }
  return out;
}

Tensor SlidingWindows::forward(Saved& s, const Tensor& x, int64_t dimension, int64_t size, int64_t step) {
  const int d = normalize_dim("unfold", dimension, x.ndim());
  const int64_t n = x.ndim() ? x.size(d) : 1;
  if (size < 0 || size > n) fail<RuntimeError>("unfold(): size ", size, " does not fit dim ", d, " of size ", n);
  if (step < 1) fail<RuntimeError>("unfold(): step must be positive, got ", step);
  s = {x.shape(), d, size, step};
  Shape shape = x.shape();
  Ints strides = x.strides();
  shape.push_back(size);
  strides.push_back(x.ndim() ? x.stride(d) : 1);
  if (x.ndim()) {
    shape[d] = (n - size) / step + 1;
    if (shape[d] > 1) strides[d] *= step;
  }
  return view(x, shape, strides, 0);
}

Tensor AddWindows::forward(Saved& s, const Tensor& x, const Shape& shape, int dim, int64_t step) {
  const int last = x.ndim() - 1;
  s = {dim, x.size(last), step};
  Tensor out = zeros(shape, x.dtype());
  if (x.numel() == 0) return out;
  Shape cut = x.shape();
  Ints to = out.strides(), from = x.strides();
  cut.erase(last);
  from.erase(last);
  if (shape.size() && cut[dim] > 1) to[dim] *= step;
  const int64_t stride = shape.size() ? out.stride(dim) : 0;
  for (int64_t j = 0; j < s.size; ++j) {
    binary_into("add", table().elementwise.add, alias(out, cut, to, j * stride), alias(x, cut, from, j * x.stride(last)), false);
  }
  return out;
}

}  // namespace tg::ops
