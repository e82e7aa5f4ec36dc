// Elements chosen by a mask.
#include "ops/mask.h"

namespace tg::ops {

Tensor whole_mask(const char* op, const Tensor& mask, Span shape) {
  if (mask.dtype() != DType::bool_) fail<RuntimeError>(op, "(): mask must be a bool tensor, got dtype ", mask.dtype());
  if (!broadcastable_to(mask.shape(), shape))
    fail<RuntimeError>(op, "(): a mask of shape ", Show{mask.shape()}, " does not broadcast to ", Show{shape});
  return same(mask.shape(), shape) ? contiguous_values(mask) : clone_values(expand_values(mask, shape));
}

int64_t count_true(const Tensor& whole_mask) { return table().index.count(whole_mask.data<uint8_t>(), whole_mask.numel()); }

Tensor places_of(const Tensor& t, bool by_dim) {
  const Tensor mask = contiguous_values(cast(t, DType::bool_));
  const int64_t count = count_true(mask), dims = t.ndim();
  Tensor places = by_dim ? empty({dims, count}, DType::int64) : empty({count, dims}, DType::int64);
  if (dims) {
    table().index.places(mask.data<uint8_t>(), mask->shape, int(dims), places.data<int64_t>(), count, by_dim ? 1 : dims,
                         by_dim ? count : 1);
  }
  return places;
}

Tensor flat_places_of(const Tensor& t) {
  const Tensor mask = contiguous_values(cast(t, DType::bool_));
  const int64_t n = mask.numel(), count = count_true(mask);
  Tensor places = empty({count}, DType::int64);
  table().index.places(mask.data<uint8_t>(), &n, 1, places.data<int64_t>(), count, 1, 1);
  return places;
}

Tensor MaskedSelect::forward(Saved& s, const Tensor& x, const Tensor& mask) {
  s.mask = mask;
  s.shape = broadcast_shapes(info.name, x.shape(), mask.shape());
  const Tensor chosen = whole_mask(info.name, mask, s.shape);
  const Tensor from = contiguous_values(same(x.shape(), s.shape) ? x : expand_values(x, s.shape));
  Tensor y = empty({count_true(chosen)}, x.dtype());
  table().index.compress(from.bytes(), chosen.data<uint8_t>(), y.bytes(), y.numel(), int64_t(itemsize(x.dtype())));
  return y;
}

Grads<2> MaskedSelect::backward(const Saved& s, Needs, const Tensor& dy) {
  return {tape::apply<MaskedScatter>(zeros(s.shape, dy.dtype()), s.mask.unpack(), dy), Tensor()};
}

Tensor MaskedScatter::forward(Saved& s, const Tensor& x, const Tensor& mask, const Tensor& source) {
  require_same_dtype(info.name, x, source);
  s.mask = mask;
  s.source = source.shape();
  const Shape shape = broadcast_shapes(info.name, x.shape(), mask.shape());
  const Tensor chosen = whole_mask(info.name, mask, shape);
  const Tensor from = contiguous_values(source);
  const int64_t count = count_true(chosen);
  if (count > from.numel())
    fail<RuntimeError>("masked_scatter(): source has ", from.numel(), " elements for the ", count, " places that mask chooses");
  Tensor y = clone_values(same(x.shape(), shape) ? x : expand_values(x, shape));
  table().index.spread(y.bytes(), chosen.data<uint8_t>(), from.bytes(), count, int64_t(itemsize(x.dtype())));
  return y;
}

Grads<3> MaskedScatter::backward(const Saved& s, Needs needs, const Tensor& dy) {
  const Tensor& mask = s.mask.unpack();
  Tensor dsource;
  if (needs[2]) {
    BasicIndex first;
    dsource = tape::apply<MaskedSelect>(dy, mask);
    first.push({BasicIndex::range, 0, 1, dsource.numel()});
    if (dsource.numel() < product(s.source)) dsource = tape::apply<SliceGrad>(dsource, first, Shape{product(s.source)});
    dsource = reshape(dsource, s.source);
  }
  return {needs[0] ? where(mask, number(0), dy) : Tensor(), Tensor(), dsource};
}

OneOrMany Nonzero::forward(const Tensor& x, bool as_tuple) {
  if (!as_tuple) return {places_of(x, false), {}};
  const Tensor places = places_of(x.ndim() ? x : alias(x, Shape{1}, Ints{1}, 0), true);
  TensorList by_dim;
  const int64_t count = places.size(1);
  for (int d = 0; d < places.size(0); ++d) by_dim.push_back(alias(places, Shape{count}, Ints{1}, d * count));
  return {Tensor(), by_dim};
}

Tensor NonzeroStatic::forward(const Tensor& x, int64_t size, int64_t fill_value) {
  if (size < 0) fail<RuntimeError>("nonzero_static(): size must not be negative, got ", size);
  checked_numel(info.name, Shape{size, x.ndim()});
  const Tensor places = places_of(x, false);
  Tensor y = empty({size, x.ndim()}, DType::int64);
  const int64_t taken = std::min(size, places.size(0)) * x.ndim();
  std::copy_n(places.data<int64_t>(), taken, y.data<int64_t>());
  std::fill_n(y.data<int64_t>() + taken, y.numel() - taken, fill_value);
  return y;
}

TensorList UnravelIndex::forward(const Tensor& indices, const Ints& shape) {
  if (category(indices.dtype()) != Category::integer)
    fail<TypeError>("unravel_index(): indices must be integers, got dtype ", indices.dtype());
  for (int64_t size : shape)
    if (size < 0) fail<ValueError>("unravel_index(): shape must not be negative, got ", Show{shape});
  const Tensor at = contiguous_values(cast(indices, DType::int64));
  const Ints steps = contiguous_strides(shape);
  if (at.numel() && product(shape) == 0)
    fail<RuntimeError>("unravel_index(): shape ", Show{shape}, " has no elements to point at");
  TensorList by_dim;
  for (int d = 0; d < shape.size(); ++d) {
    Tensor y = empty(at.shape(), DType::int64);
    for (int64_t i = 0; i < at.numel(); ++i) {
      // Divided downwards, so that positions before the start wrap too.
      const int64_t position = at.data<int64_t>()[i], step = steps[d];
      const int64_t whole = position / step - (position % step < 0), rest = whole % shape[d];
      y.data<int64_t>()[i] = rest < 0 ? rest + shape[d] : rest;
    }
    by_dim.push_back(y);
  }
  return by_dim;
}

}  // namespace tg::ops
