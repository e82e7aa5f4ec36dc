// The tensor: storage + layout + what the tape hangs on it, and the counted handle that everything passes around.
// A tensor is a Python object from birth (one allocation, one count, identity for free), so this is the one header
// below bind/ that includes Python's; it knows no kernels, no operations and no gradient rules.
#pragma once
#include <Python.h>

#include <utility>
#include <vector>

#include "core/dtype.h"
#include "core/layout.h"
#include "core/memory.h"
#include "core/storage.h"

namespace tg {

namespace tape {
struct Node;
}
class Tensor;
struct TensorImpl;

// What only some tensors have: leaves with gradients, labelled tensors, tensors with hooks.
struct TensorMeta {
  struct Hook {
    int64_t id;
    PyObject* function;  // owned
  };
  TensorImpl* grad = nullptr;      // owned
  TensorImpl* incoming = nullptr;  // owned: what the running backward has gathered for this leaf
  const void* run = nullptr;       // the backward that gathers it
  PyObject* label = nullptr;       // owned
  std::vector<Hook> hooks;
  bool retains_grad = false;
};

struct TensorImpl : PyObject {
  PyObject* weakrefs;
  PyObject* dict;       // owned; attributes that users set, null until then
  Storage* storage;     // owned; null once the graph has let the values go and keeps only the shape
  char* data;           // first element
  tape::Node* grad_fn;  // owned, except while the node owns this tensor (entombed)
  TensorMeta* meta;     // owned; null until needed
  TensorImpl* base;     // owned; for views, the tensor whose storage this looks at
  int64_t numel;
  DType dtype;
  uint8_t ndim;
  bool requires_grad;  // asked for by the user; see Tensor::requires_grad()
  bool weak;           // a Python number: its dtype yields in promotion
  bool entombed;       // only the graph still refers to it (tape/life.h)
  bool inference;      // made under inference_mode
  bool contiguous;
  bool tracked;      // by Python's collector
  uint32_t history;  // raised when a recorded in-place write changes grad_fn; views compare it with their base's
  uint32_t base_history;
  int64_t shape[kMaxDims];
  int64_t strides[kMaxDims];  // in elements
};

// The type object of plain tensors; bind/ makes it before any tensor exists.
extern PyTypeObject* g_tensor_type;

class Tensor {
 public:
  Tensor() = default;
  Tensor(const Tensor& o) : p_(o.p_) { Py_XINCREF(p_); }
  Tensor(Tensor&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Tensor& operator=(Tensor o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Tensor() { Py_XDECREF(p_); }

  static Tensor borrow(TensorImpl* p) {
    Py_XINCREF(p);
    return steal(p);
  }
  static Tensor steal(TensorImpl* p) {
    Tensor t;
    t.p_ = p;
    return t;
  }
  // Not a copy: seen as a handle for the length of a call (argument parsing).
  static const Tensor& view_handle(TensorImpl* const& p) { return reinterpret_cast<const Tensor&>(p); }
  TensorImpl* release() { return std::exchange(p_, nullptr); }

  explicit operator bool() const { return p_; }
  TensorImpl* get() const { return p_; }
  TensorImpl* operator->() const { return p_; }
  bool is(const Tensor& o) const { return p_ == o.p_; }

  DType dtype() const { return p_->dtype; }
  int ndim() const { return p_->ndim; }
  int64_t numel() const { return p_->numel; }
  int64_t size(int dim) const { return p_->shape[dim]; }
  int64_t stride(int dim) const { return p_->strides[dim]; }
  Span shape() const { return {p_->shape, size_t(p_->ndim)}; }
  Span strides() const { return {p_->strides, size_t(p_->ndim)}; }
  bool contiguous() const { return p_->contiguous; }
  bool requires_grad() const { return p_->requires_grad || p_->grad_fn; }
  bool is_leaf() const { return !p_->grad_fn; }
  Tensor grad() const { return p_->meta ? borrow(p_->meta->grad) : Tensor(); }

  // The values. Throws when the graph kept only this tensor's shape.
  char* bytes() const {
    if (!p_->data) [[unlikely]]
      values_are_gone();
    return p_->data;
  }
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(bytes());
  }
  template <class T>
  T scalar() const;  // the value of a one-element tensor, converted
  void wrote() const { p_->storage->bump_version(); }
  TensorMeta& meta() const;  // made when missing

 private:
  [[noreturn, gnu::cold]] static void values_are_gone();
  TensorImpl* p_ = nullptr;
};
static_assert(sizeof(Tensor) == sizeof(TensorImpl*));

using TensorList = std::vector<Tensor, Pooled<Tensor>>;

// New tensors; values are not set. The shape's product is not checked again: callers that take a shape from
// the user call checked_numel first.
Tensor empty(Span shape, DType dtype);
inline Tensor empty(std::initializer_list<int64_t> shape, DType dtype) { return empty(Span(shape.begin(), shape.size()), dtype); }
// Contiguous, of t's shape.
Tensor empty_like(const Tensor& t, DType dtype);
inline Tensor empty_like(const Tensor& t) { return empty_like(t, t.dtype()); }
Tensor scalar(double value, DType dtype);
Tensor scalar(int64_t value, DType dtype);

// Another layout over the storage of t (offset in elements from t's first element); records nothing and has no base.
Tensor alias(const Tensor& t, Span shape, Span strides, int64_t offset);
inline Tensor alias(const Tensor& t) { return alias(t, t.shape(), t.strides(), 0); }
// A view: an alias that remembers its base, so that in-place writes through it reach the base's history.
Tensor view(const Tensor& t, Span shape, Span strides, int64_t offset);
// A tensor on existing storage.
Tensor on_storage(Storage* storage, char* data, Span shape, Span strides, DType dtype);

// Fields of a fresh object of a tensor type (a Python subclass's too), as if made by empty().
void adopt(TensorImpl* fresh, const Tensor& source);
// Lets Python's collector see t: from here on t may be part of a cycle of Python objects.
void track(TensorImpl* t);
// Drops everything the object owns apart from grad_fn, which the tape has dealt with (tape/life.h).
void destroy_fields(TensorImpl* t);
// Takes back a plain tensor whose fields are destroyed, with its reference to the type.
void recycle(TensorImpl* t);
int64_t drop_free_objects();  // those kept for reuse; gives their bytes

template <class T>
T Tensor::scalar() const {
  if (dtype() == DType::bfloat16) return T(float(*data<bfloat16>()));
  return visit(dtype(), [&](auto zero) { return T(*data<decltype(zero)>()); });
}

}  // namespace tg
