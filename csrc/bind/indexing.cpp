// x[...] and x[...] = v: an index is a basic part (ints, slices, None, ...: a view) and, on what that leaves, an
// advanced part (integer and bool tensors), which is rows by number.
#include "bind/indexing.h"

#include "bind/convert.h"
#include "bind/interop.h"
#include "ops/index.h"
#include "ops/inplace.h"

namespace tg::bind {
namespace {

using ops::BasicIndex;

struct Advanced {
  int dim;       // of the basic view
  Tensor index;  // int64 once resolved
};

struct Index {
  BasicIndex basic;
  bool trivial = true;  // the basic part takes everything
  std::vector<Advanced> advanced;
};

// The bool mask's true positions, one int64 [count] tensor per dim of the mask.
std::vector<Tensor> positions_of(const Tensor& mask_any) {
  const Tensor mask = ops::contiguous_values(mask_any);
  const bool* m = mask.data<bool>();
  const int64_t count = std::count(m, m + mask.numel(), true);
  std::vector<Tensor> out;
  int64_t inner = mask.numel();
  for (int d = 0; d < mask.ndim(); ++d) {
    out.push_back(empty({count}, DType::int64));
    inner = mask.size(d) ? inner / mask.size(d) : 0;
    int64_t* p = out.back().data<int64_t>();
    for (int64_t i = 0; i < mask.numel(); ++i)
      if (m[i]) *p++ = i / inner % mask.size(d);
  }
  return out;
}

BasicIndex::Item slice_item(PyObject* slice, int64_t size) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(slice, &start, &stop, &step) < 0) throw PythonError{};
  if (step < 1) fail<ValueError>("index: a slice step must be positive, got ", step, "; use flip for the reverse order");
  const Py_ssize_t length = PySlice_AdjustIndices(size, &start, &stop, step);
  return {BasicIndex::range, length ? start : 0, step, length};
}

class Parser {
 public:
  explicit Parser(const Tensor& x) : x_(x) {}

  Index parse(PyObject* key) {
    if (!PyTuple_Check(key)) {
      dims_left_ = x_.ndim() - consumed(key);
      item(key);
    } else {
      const Py_ssize_t n = PyTuple_GET_SIZE(key);
      int used = 0;
      for (Py_ssize_t i = 0; i < n; ++i) used += consumed(PyTuple_GET_ITEM(key, i));
      dims_left_ = x_.ndim() - used;
      for (Py_ssize_t i = 0; i < n; ++i) item(PyTuple_GET_ITEM(key, i));
    }
    while (dim_ < x_.ndim()) whole();
    return std::move(out_);
  }

 private:
  // How many dims of x an item stands for; an Ellipsis takes what is left.
  int consumed(PyObject* o) {
    if (o == Py_None || o == Py_Ellipsis || PyBool_Check(o)) return 0;
    if (Tensor t = as_index_tensor(o)) {
      tensors_.push_back(t);
      return t.dtype() == DType::bool_ ? t.ndim() : 1;
    }
    return 1;
  }

  static Tensor as_index_tensor(PyObject* o) {
    if (is_tensor(o)) return as_tensor(o);
    if (PyList_Check(o)) {
      Tensor t = tensor_from_data("index", o, {});
      return t.numel() ? t : ops::cast(t, DType::int64);
    }
    if (PyLong_Check(o) || PySlice_Check(o)) return Tensor();
    if (PyRange_Check(o)) {
      const auto list = py::reinterpret_steal<py::object>(PySequence_List(o));
      return as_index_tensor(list.ptr());
    }
    if (py::isinstance<py::array>(py::handle(o))) return from_array_like(o);
    return Tensor();
  }

  void whole() {
    out_.basic.push({BasicIndex::range, 0, 1, x_.size(dim_++)});
    ++result_dim_;
  }

  void pick(int64_t index) {
    require_dim();
    const int64_t size = x_.size(dim_);
    const int64_t i = index < 0 ? index + size : index;
    if (i < 0 || i >= size) fail<IndexError>("index: ", index, " is out of range for dim ", dim_, " of size ", size);
    out_.basic.push({BasicIndex::pick, i, 1, 1});
    out_.trivial = false;
    ++dim_;
  }

  void require_dim() const {
    if (dim_ >= x_.ndim()) fail<IndexError>("index: too many indices for a tensor of shape ", Show{x_.shape()});
  }

  void item(PyObject* o) {
    if (o == Py_Ellipsis) {
      if (ellipsis_) fail<IndexError>("index: only one ... is allowed");
      ellipsis_ = true;
      for (int i = 0; i < dims_left_; ++i) whole();
    } else if (o == Py_None) {
      new_dim();
    } else if (PyBool_Check(o)) {
      new_dim();  // a new dim, kept or emptied
      Tensor mask = empty({1}, DType::int64);
      *mask.data<int64_t>() = 0;
      if (o == Py_False) mask = empty({0}, DType::int64);
      out_.advanced.push_back({result_dim_ - 1, mask});
    } else if (PySlice_Check(o)) {
      require_dim();
      out_.basic.push(slice_item(o, x_.size(dim_++)));
      out_.trivial = false;
      ++result_dim_;
    } else if (PyLong_Check(o)) {
      pick(integer(o));
    } else if (is_tensor(o) || PyList_Check(o) || PyRange_Check(o) || py::isinstance<py::array>(py::handle(o))) {
      tensor(tensors_[at_++]);
    } else if (PyIndex_Check(o)) {  // a NumPy integer, say
      pick(integer(o));
    } else {
      fail<IndexError>("index: expected ints, slices, None, ..., or integer or bool tensors, got ", Py_TYPE(o)->tp_name);
    }
  }

  static int64_t integer(PyObject* o) {
    const Py_ssize_t i = PyNumber_AsSsize_t(o, PyExc_IndexError);
    if (i == -1 && PyErr_Occurred()) throw PythonError{};
    return i;
  }

  void new_dim() {
    out_.basic.push({BasicIndex::new_dim, 0, 1, 1});
    out_.trivial = false;
    ++result_dim_;
  }

  void tensor(const Tensor& t) {
    if (is_floating(t.dtype())) fail<IndexError>("index: an index tensor must hold integers or bool, got dtype ", t.dtype());
    if (t.dtype() == DType::uint8)
      fail<IndexError>("index: uint8 may mean positions or a mask; convert it with .long() or .bool()");
    if (t.dtype() != DType::bool_) {
      if (t.ndim() == 0) return pick(t.scalar<int64_t>());
      require_dim();
      out_.advanced.push_back({result_dim_, ops::checked_index("index", t, x_.size(dim_), dim_, true)});
      out_.advanced.back().index = alias(out_.advanced.back().index, t.shape(), contiguous_strides(t.shape()), 0);
      whole();
      return;
    }
    if (t.ndim() == 0) {
      new_dim();
      out_.advanced.push_back(
          {result_dim_ - 1, t.scalar<int64_t>() ? ops::zeros(Shape{1}, DType::int64) : empty({0}, DType::int64)});
      return;
    }
    for (int d = 0; d < t.ndim(); ++d) {
      if (dim_ + d >= x_.ndim() || x_.size(dim_ + d) != t.size(d)) {
        fail<IndexError>("index: a mask of shape ", Show{t.shape()}, " does not fit a tensor of shape ", Show{x_.shape()},
                         " at dim ", dim_);
      }
    }
    for (Tensor& p : positions_of(t)) {
      out_.advanced.push_back({result_dim_, p});
      whole();
    }
  }

  const Tensor& x_;
  Index out_;
  std::vector<Tensor> tensors_;  // the index tensors, in order of appearance
  size_t at_ = 0;
  int dim_ = 0, result_dim_ = 0, dims_left_ = 0;
  bool ellipsis_ = false;
};

// The advanced part on a basic view y: y's dims in the order [indexed..., rest...], and the number of each row taken.
struct Rows {
  Ints order;         // the permutation of y's dims
  Shape broadcast;    // the index tensors' common shape
  Shape rest;         // the sizes of the dims not indexed
  Tensor numbers;     // int64 [product(broadcast)]
  int64_t count = 1;  // rows there are
  int64_t row = 1;    // elements in a row
  Ints place;         // the permutation that takes [broadcast..., rest...] to the result's order

  Rows(const Tensor& y, const std::vector<Advanced>& advanced) {
    bool indexed[kMaxDims] = {};
    for (const Advanced& a : advanced) {
      indexed[a.dim] = true;
      order.push_back(a.dim);
      broadcast = broadcast_shapes("index", broadcast, a.index.shape());
      count *= y.size(a.dim);
    }
    for (int d = 0; d < y.ndim(); ++d) {
      if (indexed[d]) continue;
      order.push_back(d);
      rest.push_back(y.size(d));
      row *= y.size(d);
    }
    numbers = ops::zeros(Shape{product(broadcast)}, DType::int64);
    int64_t* p = numbers.data<int64_t>();
    int64_t step = count;
    for (const Advanced& a : advanced) {
      step = y.size(a.dim) ? step / y.size(a.dim) : 0;
      const Tensor index = ops::contiguous_values(ops::expand_values(a.index, broadcast));
      const int64_t* q = index.data<int64_t>();
      for (int64_t i = 0; i < numbers.numel(); ++i) p[i] += q[i] * step;
    }
    // Indexed dims that stand together keep their place; otherwise the index comes first.
    bool together = true;
    for (size_t i = 1; i < advanced.size(); ++i) together &= advanced[i].dim == advanced[i - 1].dim + 1;
    const int lead = together ? advanced[0].dim : 0, b = broadcast.size();
    for (int i = 0; i < lead; ++i) place.push_back(b + i);
    for (int i = 0; i < b; ++i) place.push_back(i);
    for (int i = lead; i < rest.size(); ++i) place.push_back(b + i);
  }

  Shape front_shape() const {
    Shape s = broadcast;
    for (int64_t n : rest) s.push_back(n);
    return s;
  }
  bool in_order() const { return std::is_sorted(place.begin(), place.end()); }
  Ints inverse(const Ints& p) const {
    Ints r = Ints::filled(p.size(), 0);
    for (int i = 0; i < p.size(); ++i) r[int(p[i])] = i;
    return r;
  }
};

Tensor in_order(const Tensor& x, const Ints& order) {
  return std::is_sorted(order.begin(), order.end()) ? x : ops::permute(x, order);
}

Tensor take(const Tensor& y, const Rows& r) {
  Tensor taken = ops::take_rows(ops::reshape(in_order(y, r.order), {r.count, r.row}), r.numbers);
  return in_order(ops::reshape(taken, r.front_shape()), r.place);
}

// y with v at the rows, recorded.
Tensor put(const Tensor& y, const Rows& r, const Tensor& v) {
  Shape result;
  const Shape front = r.front_shape();
  for (int64_t d : r.place) result.push_back(front[int(d)]);
  if (!broadcastable_to(v.shape(), result)) {
    fail<RuntimeError>("index: a value of shape ", Show{v.shape()}, " does not broadcast to the indexed shape ", Show{result});
  }
  Tensor rows = ops::reshape(in_order(ops::expand(v, result), r.inverse(r.place)), {r.numbers.numel(), r.row});
  Tensor permuted = in_order(y, r.order);
  Tensor changed = tape::apply<ops::PutRows>(ops::reshape(permuted, {r.count, r.row}), r.numbers, rows);
  return in_order(ops::reshape(changed, permuted.shape()), r.inverse(r.order));
}

const Tensor& handle(PyObject* const& o) { return Tensor::view_handle(reinterpret_cast<TensorImpl* const&>(o)); }

}  // namespace

PyObject* get_item(PyObject* self, PyObject* key) {
  return guarded([&] {
    const Tensor& x = handle(self);
    Index index = Parser(x).parse(key);
    Tensor y = index.trivial && !index.advanced.empty() ? x : tape::apply<ops::Slice>(x, index.basic);
    if (!index.advanced.empty()) y = take(y, Rows(y, index.advanced));
    return to_python(std::move(y));
  });
}

int set_item(PyObject* self, PyObject* key, PyObject* value) {
  return guarded_int([&] {
    const Tensor& x = handle(self);
    if (!value) fail<TypeError>("index: elements of a tensor cannot be deleted");
    Tensor v = as_operand(value);
    if (!v) v = tensor_from_data("index", value, {});
    tape::refresh(x);
    tape::refresh(v);
    const bool records = ops::records_write(x) || (tape::grad_enabled() && v.requires_grad());
    ops::check_writable("index", x, records);
    Index index = Parser(x).parse(key);
    if (is_floating(v.dtype()) && !v->weak && !is_floating(x.dtype())) v = ops::to(v, x.dtype());
    Tensor y = tape::apply<ops::Slice>(x, index.basic);
    if (index.advanced.empty()) {
      ops::copy_inplace(y, v);
      return 0;
    }
    const Rows rows(y, index.advanced);
    Tensor changed = put(y, rows, ops::to(v, x.dtype()));
    ops::copy_inplace(y, changed);
    return 0;
  });
}

}  // namespace tg::bind
