// Making tensors and taking them apart.
#include "core/tensor.h"

#include "core/errors.h"

namespace tg {

PyTypeObject* g_tensor_type = nullptr;

namespace {

// Objects ready for reuse, linked through their `data`. Python's collector knows the type, for the sake of the few
// tensors that hold Python objects (attributes, hooks), but tracks none of the others.
TensorImpl* g_free = nullptr;
int g_free_count = 0;
constexpr int kMaxFree = 1 << 16;

// A plain tensor object with its fields cleared; storage and layout are the caller's to set.
TensorImpl* make_object() {
  TensorImpl* t = g_free;
  if (t) {
    g_free = reinterpret_cast<TensorImpl*>(t->data);
    --g_free_count;
    PyObject_Init(t, g_tensor_type);
  } else {
    t = PyObject_GC_New(TensorImpl, g_tensor_type);
    if (!t) {
      PyErr_Clear();
      throw std::bad_alloc();
    }
  }
  t->weakrefs = nullptr;
  t->dict = nullptr;
  t->grad_fn = nullptr;
  t->meta = nullptr;
  t->base = nullptr;
  t->requires_grad = t->weak = t->entombed = t->inference = false;
  t->history = t->base_history = 0;
  return t;
}

bool is_contiguous(Span shape, Span strides) {
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

void set_layout(TensorImpl* t, Span shape, Span strides) {
  t->ndim = uint8_t(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    t->shape[i] = shape[i];
    t->strides[i] = strides[i];
  }
  t->numel = product(shape);
  t->contiguous = is_contiguous(shape, strides);
}

}  // namespace

void Tensor::values_are_gone() {
  fail<RuntimeError>("the values of this tensor were freed: the graph keeps the shape of large intermediate results, not "
                     "their values. Keep the tensor in a variable to look at it later.");
}

TensorMeta& Tensor::meta() const {
  if (!p_->meta) p_->meta = new (allocate(sizeof(TensorMeta))) TensorMeta;
  return *p_->meta;
}

Tensor empty(Span shape, DType dtype) {
  const int n = int(shape.size());
  int64_t numel = 1;
  int64_t steps[kMaxDims];
  int64_t step = 1;
  for (int i = n - 1; i >= 0; --i) {
    steps[i] = step;
    step *= shape[size_t(i)] > 0 ? shape[size_t(i)] : 1;
    numel *= shape[size_t(i)];
  }
  Storage* storage = Storage::create(size_t(numel) * itemsize(dtype));
  TensorImpl* t = make_object();
  t->storage = storage;
  t->data = storage->data();
  t->numel = numel;
  t->dtype = dtype;
  t->ndim = uint8_t(n);
  t->contiguous = true;
  for (int i = 0; i < n; ++i) {
    t->shape[i] = shape[size_t(i)];
    t->strides[i] = steps[i];
  }
  return Tensor::steal(t);
}

namespace {
template <class V>
Tensor make_scalar(V value, DType dtype) {
  Tensor t = empty({}, dtype);
  visit(dtype, [&](auto zero) { *t.data<decltype(zero)>() = static_cast<decltype(zero)>(value); });
  return t;
}
}  // namespace

Tensor scalar(double value, DType dtype) { return make_scalar(value, dtype); }
Tensor scalar(int64_t value, DType dtype) { return make_scalar(value, dtype); }

Tensor on_storage(Storage* storage, char* data, Span shape, Span strides, DType dtype) {
  TensorImpl* t = make_object();
  storage->retain();
  t->storage = storage;
  t->data = data;
  t->dtype = dtype;
  set_layout(t, shape, strides);
  return Tensor::steal(t);
}

Tensor alias(const Tensor& t, Span shape, Span strides, int64_t offset) {
  char* data = t.bytes() + offset * int64_t(itemsize(t.dtype()));
  Tensor a = on_storage(t->storage, data, shape, strides, t.dtype());
  a->inference = t->inference;
  return a;
}

Tensor view(const Tensor& t, Span shape, Span strides, int64_t offset) {
  Tensor v = alias(t, shape, strides, offset);
  TensorImpl* base = t->base ? t->base : t.get();
  Py_INCREF(base);
  v->base = base;
  v->base_history = t->base ? t->base_history : base->history;
  return v;
}

void adopt(TensorImpl* fresh, const Tensor& source) {
  if (fresh->storage) fresh->storage->drop();
  source->storage->retain();
  fresh->storage = source->storage;
  fresh->data = source->data;
  fresh->dtype = source->dtype;
  fresh->weak = false;
  set_layout(fresh, source.shape(), source.strides());
}

void destroy_fields(TensorImpl* t) {
  if (TensorMeta* meta = t->meta) {
    t->meta = nullptr;
    Py_XDECREF(meta->grad);
    Py_XDECREF(meta->incoming);
    Py_XDECREF(meta->label);
    for (const TensorMeta::Hook& hook : meta->hooks) Py_DECREF(hook.function);
    meta->~TensorMeta();
    deallocate(meta, sizeof(TensorMeta));
  }
  Py_CLEAR(t->dict);
  Py_CLEAR(t->base);
  if (t->storage) {
    t->storage->drop();
    t->storage = nullptr;
    t->data = nullptr;
  }
}

void recycle(TensorImpl* t) {
  if (g_free_count == kMaxFree) return PyObject_GC_Del(t);
  t->data = reinterpret_cast<char*>(g_free);
  g_free = t;
  ++g_free_count;
}

}  // namespace tg
