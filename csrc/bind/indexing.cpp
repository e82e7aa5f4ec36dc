// x[...] and x[...] = v: an index is a basic part (ints, slices, None, ...: a view) and, on what that leaves, an
// advanced part: integer and bool tensors, arrays and sequences.
#include "bind/indexing.h"

#include "bind/convert.h"
#include "bind/interop.h"
#include "ops/inplace.h"
#include "ops/put.h"

namespace tg::bind {
namespace {

using ops::BasicIndex;

struct Index {
  BasicIndex basic;
  bool trivial = true;                  // the basic part takes everything
  std::vector<ops::Advanced> advanced;  // on what the basic part leaves
};

BasicIndex::Item slice_item(PyObject* slice, int64_t size) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(slice, &start, &stop, &step) < 0) throw PythonError{};
  if (step < 1) fail<ValueError>("index: a slice step must be positive, got ", step, "; use flip for the reverse order");
  const Py_ssize_t length = PySlice_AdjustIndices(size, &start, &stop, step);
  return {BasicIndex::range, length ? start : 0, step, length};
}

class Parser {
 public:
  // at_once: the index is used right away, and only to read.
  Parser(const Tensor& x, bool at_once) : x_(x), at_once_(at_once) {}

  Index parse(PyObject* key) {
    if (!PyTuple_Check(key)) {
      if (key == Py_Ellipsis) dims_left_ = x_.ndim();
      item(key);
    } else {
      const Py_ssize_t n = PyTuple_GET_SIZE(key);
      for (Py_ssize_t i = 0; i < n && dims_left_ < 0; ++i)
        if (PyTuple_GET_ITEM(key, i) == Py_Ellipsis) count_dims(key);
      for (Py_ssize_t i = 0; i < n; ++i) item(PyTuple_GET_ITEM(key, i));
    }
    while (dim_ < x_.ndim()) whole();
    return std::move(out_);
  }

 private:
  // How many dims an Ellipsis stands for: those that no other item does. Only masks stand for more than one.
  void count_dims(PyObject* key) {
    dims_left_ = x_.ndim();
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i) {
      PyObject* o = PyTuple_GET_ITEM(key, i);
      if (o == Py_None || o == Py_Ellipsis || PyBool_Check(o)) continue;
      const Tensor t = PyLong_Check(o) || PySlice_Check(o) ? Tensor() : as_index_tensor(o);
      dims_left_ -= t && t.dtype() == DType::bool_ ? t.ndim() : 1;
    }
    dims_left_ = std::max(dims_left_, 0);
  }

  // Tensors, arrays, NumPy's scalars and sequences; empty for anything else.
  static Tensor as_index_tensor(PyObject* o) {
    if (is_tensor(o)) return as_tensor(o);
    if (PyRange_Check(o)) {
      const auto list = py::reinterpret_steal<py::object>(PySequence_List(o));
      return as_index_tensor(list.ptr());
    }
    if (PyList_Check(o) || PyTuple_Check(o)) {
      Tensor t = tensor_from_data("index", o, {});
      return t.numel() ? t : ops::cast(t, DType::int64);
    }
    return from_array_like(o);
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
    if (PyLong_CheckExact(o)) {
      pick(integer(o));
    } else if (PySlice_Check(o)) {
      require_dim();
      const BasicIndex::Item part = slice_item(o, x_.size(dim_));
      out_.basic.push(part);
      out_.trivial &= part.step == 1 && part.length == x_.size(dim_);
      ++dim_;
      ++result_dim_;
    } else if (o == Py_Ellipsis) {
      if (ellipsis_) fail<IndexError>("index: only one ... is allowed");
      ellipsis_ = true;
      for (int i = 0; i < dims_left_; ++i) whole();
    } else if (o == Py_None) {
      new_dim();
    } else if (PyBool_Check(o)) {
      truth(o == Py_True);
    } else if (const Tensor t = as_index_tensor(o)) {
      tensor(t);
    } else if (PyIndex_Check(o)) {
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

  // A bool stands for a new dim, kept or emptied.
  void truth(bool keeps) {
    new_dim();
    out_.advanced.push_back({result_dim_ - 1, 1, ops::zeros(Shape{keeps}, DType::int64)});
  }

  void tensor(const Tensor& t) {
    if (is_floating(t.dtype())) fail<IndexError>("index: an index tensor must hold integers or bool, got dtype ", t.dtype());
    if (t.dtype() == DType::uint8)
      fail<IndexError>("index: uint8 may mean positions or a mask; convert it with .long() or .bool()");
    const bool mask = t.dtype() == DType::bool_;
    if (t.ndim() == 0) return mask ? truth(t.scalar<bool>()) : pick(t.scalar<int64_t>());
    if (!mask) require_dim();
    const int dims = mask ? t.ndim() : 1;
    out_.advanced.push_back({result_dim_, dims, ops::resolved("index", x_, t, dim_, at_once_)});
    for (int d = 0; d < dims; ++d) whole();
  }

  const Tensor& x_;
  const bool at_once_;
  Index out_;
  int dim_ = 0, result_dim_ = 0;
  int dims_left_ = -1;  // for an Ellipsis; unknown before one is seen
  bool ellipsis_ = false;
};

const Tensor& handle(PyObject* const& o) { return Tensor::view_handle(reinterpret_cast<TensorImpl* const&>(o)); }

// Nothing is recorded: values go straight to x's memory.
void write(const Tensor& x, const Index& index, const Tensor& v) {
  const Tensor y = index.trivial ? x : index.basic.of(x, false);
  if (!index.advanced.empty()) {
    const ops::Positions at("index", y, index.advanced);
    return at.write(y, ops::cast(ops::fit_value("index", v, at.shape(y)), x.dtype()), false);
  }
  const Tensor from = v.ndim() ? ops::fit_value("index", v, y.shape()) : v;
  ops::copy_values(y, from->storage == x->storage ? ops::clone_values(from) : from);
}

// x[mask] = number, the commonest write with a mask: no positions are looked for.
bool fill_where(const Tensor& x, PyObject* key, const Tensor& v) {
  if (!is_tensor(key) || v.ndim() > 0 || x.dtype() == DType::bfloat16) return false;
  const Tensor& mask = handle(key);
  if (mask.dtype() != DType::bool_ || mask.ndim() == 0 || !same(mask.shape(), x.shape())) return false;
  const Tensor value = ops::cast(v, x.dtype()), chosen = mask->storage == x->storage ? ops::clone_values(mask) : mask;
  const Tensor* inputs[] = {&chosen, &value, &x};
  ops::run_loop(ops::table().elementwise.where[int(x.dtype())], x, inputs, 3);
  x.wrote();
  return true;
}

}  // namespace

PyObject* get_item(PyObject* self, PyObject* key) {
  return guarded([&] {
    const Tensor& x = handle(self);
    const Index index = Parser(x, !tape::recording(x)).parse(key);
    if (index.advanced.empty()) return to_python(tape::apply<ops::Slice>(x, index.basic));
    const Tensor y = index.trivial ? x : tape::apply<ops::Slice>(x, index.basic);
    return to_python(ops::Positions("index", y, index.advanced).take(y));
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
    if (!records && fill_where(x, key, v)) return 0;
    const Index index = Parser(x, false).parse(key);
    if (!records) {
      write(x, index, v);
      return 0;
    }
    if (is_floating(v.dtype()) && !v->weak && !is_floating(x.dtype())) v = ops::to(v, x.dtype());
    const Tensor y = tape::apply<ops::Slice>(x, index.basic);
    if (index.advanced.empty()) {
      ops::copy_inplace(y, ops::fit_value("index", v, y.shape()));
      return 0;
    }
    const ops::Positions at("index", y, index.advanced);
    ops::copy_inplace(y, at.put(y, ops::to(ops::fit_value("index", v, at.shape(y)), x.dtype()), false));
    return 0;
  });
}

}  // namespace tg::bind
