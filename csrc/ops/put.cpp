// Whole slices by number, written.
#include "ops/put.h"

#include <cmath>

#include "ops/mask.h"

namespace tg::ops {

void PutAt::write(const Tensor& out, const Tensor& index, const Tensor& values, int dim, int dims, bool accumulate) {
  const Shape shape = shape_at(out.shape(), dim, dims, index.shape());
  Tensor from = contiguous_values(same(values.shape(), shape) ? values : expand_values(values, shape));
  if (from->storage == out->storage) from = clone_values(from);
  const Around a(out, dim, dims);
  const int64_t m = index.numel();
  if (accumulate) {
    AddAt::add_values(out, index, from, dim, dims);
  } else if (a.even) {
    table().index.put(a.follow(out, index, from, m, int64_t(itemsize(out.dtype()))));
  } else if (by_slices(out, m)) {
    const Shape flat = shape_at(out.shape(), dim, dims, Shape{m});
    from = alias(from, flat, contiguous_strides(flat), 0);
    for (int64_t j = 0; j < m; ++j) copy_values(slice_at(out, dim, dims, index.data<int64_t>()[j]), slice_at(from, dim, 1, j));
  } else {
    const Tensor whole = clone_values(out);
    write(whole, index, from, dim, dims, false);
    copy_values(out, whole);
  }
  out.wrote();
}

namespace {

[[noreturn, gnu::cold]] void refuse_shapes(const char* op, const std::vector<Advanced>& advanced) {
  std::ostringstream shapes;
  for (const Advanced& a : advanced) shapes << " " << Show{a.index.shape()};
  fail<IndexError>(op, "(): index tensors of shapes", shapes.str(), " do not broadcast");
}

}  // namespace

Positions::Positions(const char* op, const Tensor& x, const std::vector<Advanced>& advanced) {
  bool together = true;
  for (size_t i = 1; i < advanced.size(); ++i) together &= advanced[i].dim == advanced[i - 1].dim + advanced[i - 1].dims;
  for (const Advanced& a : advanced) dims += a.dims;
  if (together) {
    dim = advanced[0].dim;
  } else {
    bool indexed[kMaxDims] = {};
    for (const Advanced& a : advanced)
      for (int d = a.dim; d < a.dim + a.dims; ++d) {
        indexed[d] = true;
        order.push_back(d);
      }
    for (int d = 0; d < x.ndim(); ++d)
      if (!indexed[d]) order.push_back(d);
  }
  index = advanced[0].index;
  if (advanced.size() == 1) return;
  Shape shape;
  for (const Advanced& a : advanced) {
    const Span s = a.index.shape();
    for (size_t i = 1; i <= std::min(s.size(), size_t(shape.size())); ++i) {
      const int64_t m = s[s.size() - i], n = shape[shape.size() - int(i)];
      if (m != n && m != 1 && n != 1) refuse_shapes(op, advanced);
    }
    shape = broadcast_shapes(op, shape, s);
  }
  index = zeros(shape, DType::int64);
  int64_t* p = index.data<int64_t>();
  int64_t step = 1;
  for (size_t i = advanced.size(); i-- > 0;) {
    const Advanced& a = advanced[i];
    const Tensor part = same(a.index.shape(), shape) ? a.index : clone_values(expand_values(a.index, shape));
    const int64_t* q = part.data<int64_t>();
    for (int64_t j = 0; j < index.numel(); ++j) p[j] += q[j] * step;
    for (int d = a.dim; d < a.dim + a.dims; ++d) step *= x.size(d);
  }
}

Tensor Positions::ordered(const Tensor& x) const { return order.empty() ? x : permute(x, order); }

Shape Positions::shape(const Tensor& x) const {
  Shape sizes = x.shape();
  for (int d = 0; d < order.size(); ++d) sizes[d] = x.size(int(order[d]));
  return shape_at(sizes, dim, dims, index.shape());
}

Tensor Positions::take(const Tensor& x) const { return tape::apply<TakeAt>(ordered(x), index, dim, dims); }

Tensor Positions::put(const Tensor& x, const Tensor& values, bool accumulate) const {
  const Tensor y = tape::apply<PutAt>(ordered(x), index, values, dim, dims, accumulate);
  if (order.empty()) return y;
  Ints back = Ints::filled(order.size(), 0);
  for (int d = 0; d < order.size(); ++d) back[int(order[d])] = d;
  return permute(y, back);
}

void Positions::write(const Tensor& x, const Tensor& values, bool accumulate) const {
  Shape shape = x.shape();
  Ints strides = x.strides();
  for (int d = 0; d < order.size(); ++d) {
    shape[d] = x.size(int(order[d]));
    strides[d] = x.stride(int(order[d]));
  }
  PutAt::write(order.empty() ? x : alias(x, shape, strides, 0), index, values, dim, dims, accumulate);
}

Tensor fit_value(const char* op, const Tensor& value, const Shape& shape) {
  Tensor v = value;
  if (v.ndim() > shape.size()) {  // leading dims of size 1 may be too many
    const int lead = v.ndim() - shape.size();
    bool ones = true;
    for (int d = 0; d < lead; ++d) ones &= v.size(d) == 1;
    if (ones) v = reshape(v, Span(v.shape()).subspan(size_t(lead)));
  }
  if (!broadcastable_to(v.shape(), shape)) {
    fail<RuntimeError>(op, "(): a value of shape ", Show{value.shape()}, " does not broadcast to the indexed shape ",
                       Show{shape});
  }
  return v;
}

namespace {

// The arguments of index_add and its like, checked; a 0-d tensor takes part as one of one element.
struct Slices {
  int dim;
  Tensor index;

  Slices(const char* op, const Tensor& x, int64_t dim_any, const Tensor& index_any) {
    dim = normalize_dim(op, dim_any, x.ndim());
    if (index_any.ndim() > 1) fail<IndexError>(op, "(): index must be 1-d, got shape ", Show{index_any.shape()});
    index = checked_index(op, index_any, size_at(x, dim), dim, false);
    if (x.ndim() && index.ndim() == 0) index = alias(index, Shape{1}, Ints{1}, 0);
  }
  // source in the shape that is written.
  Tensor fit(const char* op, const Tensor& x, const Tensor& source) const {
    require_same_dtype(op, x, source);
    Shape shape = x.shape();
    if (x.ndim()) shape[dim] = index.numel();
    if (same(source.shape(), shape) || (x.ndim() <= 1 && source.ndim() <= 1 && source.numel() == index.numel())) {
      return x.ndim() == 0 ? reshape(source, index.shape()) : source.ndim() == 0 ? reshape(source, {1}) : source;
    }
    fail<RuntimeError>(op, "(): source must have shape ", Show{shape}, " for input ", Show{x.shape()}, " and ", index.numel(),
                       " indices along dim ", dim, ", got ", Show{source.shape()});
  }
  Tensor put(const Tensor& x, const Tensor& values, bool accumulate) const {
    return tape::apply<PutAt>(x, index, values, dim, x.ndim() ? 1 : 0, accumulate);
  }
  void write(const Tensor& x, const Tensor& values, bool accumulate) const {
    PutAt::write(x, index, values, dim, x.ndim() ? 1 : 0, accumulate);
  }
};

Tensor times(const char* op, const Tensor& source, double alpha) {
  if (alpha == 1) return source;
  if (is_floating(source.dtype())) return source * alpha;
  if (alpha != std::trunc(alpha))
    fail<RuntimeError>(op, "(): alpha must be an integer for dtype ", source.dtype(), ", got ", alpha);
  return source * scalar(alpha, source.dtype());
}

Tensor fill_value(const Tensor& x, const Tensor& value) {
  if (value.ndim()) fail<RuntimeError>("index_fill(): value must be a number or a 0-d tensor, got shape ", Show{value.shape()});
  return value.dtype() == x.dtype() && !value->weak ? value : to(value, x.dtype());
}

// The places without repetition, so that the gradient of what is put there counts once.
Tensor once_each(const Tensor& index) {
  if (index.ndim() == 0) return index;
  std::vector<int64_t> places(index.data<int64_t>(), index.data<int64_t>() + index.numel());
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  Tensor out = empty({int64_t(places.size())}, DType::int64);
  std::copy(places.begin(), places.end(), out.data<int64_t>());
  return out;
}

// index_put's indices resolved; None stands for a whole dim.
Positions positions_of(const Tensor& x, const TensorList& indices) {
  std::vector<Advanced> advanced;
  int dim = 0;
  for (const Tensor& t : indices) {
    const int dims = t && t.dtype() == DType::bool_ ? t.ndim() : 1;
    if (dim + dims > x.ndim()) fail<IndexError>("index_put(): too many indices for a tensor of shape ", Show{x.shape()});
    if (t) advanced.push_back({dim, dims, resolved("index_put", x, t, dim)});
    dim += dims;
  }
  if (advanced.empty()) fail<RuntimeError>("index_put(): indices must hold at least one tensor");
  return Positions("index_put", x, advanced);
}

Tensor values_for(const Tensor& x, const Positions& at, const Tensor& values) {
  require_same_dtype("index_put", x, values);
  return fit_value("index_put", values, at.shape(x));
}

}  // namespace

Tensor resolved(const char* op, const Tensor& x, const Tensor& index, int dim, bool at_once) {
  if (index.dtype() != DType::bool_) return checked_index(op, index, x.size(dim), dim, true, at_once);
  for (int d = 0; d < index.ndim(); ++d) {
    if (dim + d >= x.ndim() || x.size(dim + d) != index.size(d)) {
      fail<IndexError>(op, "(): a mask of shape ", Show{index.shape()}, " does not fit a tensor of shape ", Show{x.shape()},
                       " at dim ", dim);
    }
  }
  return flat_places_of(index);
}

Tensor IndexAdd::forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, double alpha) {
  const Slices at(info.name, x, dim, index);
  return at.put(x, times(info.name, at.fit(info.name, x, source), alpha), true);
}
void IndexAdd::into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, double alpha) {
  const Slices at(info.name, x, dim, index);
  at.write(x, times(info.name, at.fit(info.name, x, source), alpha), true);
}

Tensor IndexCopy::forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  const Slices at(info.name, x, dim, index);
  return at.put(x, at.fit(info.name, x, source), false);
}
void IndexCopy::into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source) {
  const Slices at(info.name, x, dim, index);
  at.write(x, at.fit(info.name, x, source), false);
}

Tensor IndexFill::forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& value) {
  Slices at(info.name, x, dim, index);
  if (value.requires_grad()) at.index = once_each(at.index);
  return at.put(x, fill_value(x, value), false);
}
void IndexFill::into(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& value) {
  Slices(info.name, x, dim, index).write(x, fill_value(x, value), false);
}

Tensor IndexReduce::forward(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, std::string_view reduce,
                            bool include_self) {
  if (reduce != "prod" && reduce != "mean" && reduce != "amax" && reduce != "amin")
    fail<RuntimeError>("index_reduce(): reduce must be 'prod', 'mean', 'amax' or 'amin', got '", reduce, "'");
  const Slices at(info.name, x, dim, index);
  const Tensor from = at.fit(info.name, x, source);
  Shape along = Ints::filled(from.ndim(), 1);
  if (from.ndim()) along[at.dim] = at.index.numel();
  const Tensor everywhere = clone_values(expand_values(alias(at.index, along, contiguous_strides(along), 0), from.shape()));
  return tape::apply<ScatterReduce>(x, at.dim, everywhere, from, reduce, include_self);
}

Tensor IndexPut::forward(const Tensor& x, const TensorList& indices, const Tensor& values, bool accumulate) {
  const Positions at = positions_of(x, indices);
  return at.put(x, values_for(x, at, values), accumulate);
}
void IndexPut::into(const Tensor& x, const TensorList& indices, const Tensor& values, bool accumulate) {
  const Positions at = positions_of(x, indices);
  at.write(x, values_for(x, at, values), accumulate);
}

Tensor Put::forward(const Tensor& x, const Tensor& index, const Tensor& source, bool accumulate) {
  require_same_dtype(info.name, x, source);
  if (index.dtype() != DType::int64) fail<RuntimeError>("put(): index must be an int64 tensor, got dtype ", index.dtype());
  if (index.numel() != source.numel()) {
    fail<IndexError>("put(): index and source must have as many elements, got shapes ", Show{index.shape()}, " and ",
                     Show{source.shape()});
  }
  const Tensor at = checked_index(info.name, index, x.numel(), 0, true);
  const Tensor from = same(source.shape(), at.shape()) ? source : reshape(source, at.shape());
  return tape::apply<PutAt>(x, at, from, 0, x.ndim(), accumulate);
}

}  // namespace tg::ops
