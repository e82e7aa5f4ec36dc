// Calls with float32 in place of bfloat16.
#include "bind/bfloat16.h"

#include <string_view>

#include "ops/functions.h"
#include "ops/inplace.h"

namespace tg::bind {
namespace {

struct Owned {
  PyObject* o;
  explicit Owned(PyObject* p) : o(p) {
    if (!o) throw PythonError{};
  }
  Owned(Owned&& other) noexcept : o(std::exchange(other.o, nullptr)) {}
  ~Owned() { Py_XDECREF(o); }
  PyObject* release() { return std::exchange(o, nullptr); }
};

// What a dtype argument says; strings and types only where they can mean nothing else.
std::optional<DType> as_dtype(PyObject* o) {
  if (Py_TYPE(o) == Py_TYPE(dtype_object(DType::float32)) || PyType_Check(o)) return dtype_from(o);
  if (PyUnicode_Check(o)) {
    for (int t = 0; t < kNumDTypes; ++t)
      if (PyUnicode_CompareWithASCIIString(o, name(DType(t))) == 0) return DType(t);
  }
  return std::string_view(Py_TYPE(o)->tp_name).starts_with("numpy.dtype") ? dtype_from(o) : std::nullopt;
}

// One call's arguments, widened; they say which dtype its floating results have.
class Widened {
 public:
  PyObject* add(PyObject* o) {
    PyObject* wide = widen(o);
    kept_.emplace_back(wide);
    return wide;
  }

  // The call's result, of which this takes the reference. Gives null, with Python's error set, for null.
  PyObject* narrow(PyObject* result) {
    if (!result || result_type() != DType::bfloat16) return result;
    Owned given(result);
    if (is_tensor(result)) return narrowed(static_cast<TensorImpl*>(result));
    if (!PyTuple_Check(result)) return given.release();
    const Py_ssize_t n = PyTuple_GET_SIZE(result);
    Owned out(PyTuple_New(n));
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* item = narrow(Py_NewRef(PyTuple_GET_ITEM(result, i)));
      if (!item) throw PythonError{};
      PyTuple_SET_ITEM(out.o, i, item);
    }
    if (PyTuple_CheckExact(result)) return out.release();
    return Owned(PyObject_CallOneArg(reinterpret_cast<PyObject*>(Py_TYPE(result)), out.o)).release();  // with names
  }

 private:
  PyObject* widen(PyObject* o) {
    const std::string_view type = Py_TYPE(o)->tp_name;
    if (is_tensor(o)) return widened(o);
    if (type == "numpy.ndarray") return widened(as_operand(o).get());
    if (PyTuple_Check(o) || PyList_Check(o)) {
      const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
      bool any = false;
      for (Py_ssize_t i = 0; i < n && !any; ++i) any = is_tensor(PySequence_Fast_GET_ITEM(o, i));
      if (!any) return Py_NewRef(o);
      Owned out(PyTuple_New(n));
      for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(out.o, i, widen(PySequence_Fast_GET_ITEM(o, i)));
      return out.release();
    }
    if (const std::optional<DType> dtype = as_dtype(o)) {
      wanted_ = dtype;
      if (dtype == DType::bfloat16) return Py_NewRef(dtype_object(DType::float32));
    }
    return Py_NewRef(o);
  }

  PyObject* widened(PyObject* o) {
    const Tensor t = Tensor::borrow(static_cast<TensorImpl*>(o));
    if (is_floating(t.dtype()) && !t->weak) {
      std::optional<DType>& seen = of_rank_[t.ndim() > 0];
      seen = seen ? promote(*seen, t.dtype()) : t.dtype();
    }
    if (t.dtype() != DType::bfloat16) return Py_NewRef(o);
    for (const auto& [from, to] : pairs_)
      if (from.is(t)) return Py_NewRef(static_cast<PyObject*>(to.get()));
    tape::refresh(t);
    pairs_.emplace_back(t, ops::to(t, DType::float32));
    return Py_NewRef(static_cast<PyObject*>(pairs_.back().second.get()));
  }

  std::optional<DType> result_type() const { return wanted_ ? wanted_ : of_rank_[1] ? of_rank_[1] : of_rank_[0]; }

  PyObject* narrowed(TensorImpl* p) const {
    const Tensor y = Tensor::borrow(p);
    if (y.dtype() != DType::float32) return Tensor(y).release();
    for (const auto& [from, to] : pairs_)
      if (to.is(y)) {  // the operation gave its argument back: as it was, or filled in place (normal_)
        if (to->storage->version() != 0) ops::copy_inplace(from, to);
        return Tensor(from).release();
      }
    if (y->grad_fn) return ops::to(y, DType::bfloat16).release();
    Tensor leaf = ops::cast(y, DType::bfloat16);
    leaf->requires_grad = y->requires_grad;
    leaf->inference = y->inference;
    return leaf.release();
  }

  std::vector<Owned> kept_;
  std::vector<std::pair<Tensor, Tensor>> pairs_;
  std::optional<DType> wanted_, of_rank_[2];  // asked for; of tensors without and with dims
};

bool any_bfloat16(const TensorList& list) {
  for (const Tensor& t : list)
    if (t && t.dtype() == DType::bfloat16) return true;
  return false;
}

}  // namespace

bool is_bfloat16(const Arg<TensorList>& a) { return any_bfloat16(a.list); }
bool is_bfloat16(const Arg<ops::TensorArgs>& a) { return any_bfloat16(a.v.list); }

PyObject* through_float32(Call4* call, PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  Widened wide;
  if (self) self = wide.add(self);
  std::vector<PyObject*> all(args, args + nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0));
  for (PyObject*& o : all) o = wide.add(o);
  return wide.narrow(call(self, all.data(), nargs, kwnames));
}

PyObject* through_float32_inplace(const char* op, const Tensor& x, Call4* fresh, PyObject* self, PyObject* const* args,
                                  Py_ssize_t nargs, PyObject* kwnames) {
  ops::check_writable(op, x, ops::records_write(x));
  const Owned result(through_float32(fresh, self, args, nargs, kwnames));
  if (!is_tensor(result.o)) fail<TypeError>(op, "_(): cannot be stored in place");
  const Tensor y = Tensor::borrow(static_cast<TensorImpl*>(result.o));
  ops::check_storable(op, x, y);
  ops::copy_inplace(x, y);
  return Tensor(x).release();
}

PyObject* through_float32(unaryfunc slot, PyObject* a) {
  Widened wide;
  PyObject* x = wide.add(a);
  return wide.narrow(slot(x));
}

PyObject* through_float32(binaryfunc slot, PyObject* a, PyObject* b) {
  Widened wide;
  PyObject *x = wide.add(a), *y = wide.add(b);
  return wide.narrow(slot(x, y));
}

}  // namespace tg::bind
