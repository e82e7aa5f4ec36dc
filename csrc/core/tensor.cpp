// Making tensors and taking them apart.
#include "core/tensor.h"

#include "core/errors.h"

namespace tg {

PyTypeObject* g_tensor_type = nullptr;

void no_bfloat16() {
  fail<TypeError>(
      "internal error: bfloat16 reached code that knows other dtypes alone; convert with .float(), and please report it");
}

namespace {

// Objects ready for reuse, linked through their `data`; each keeps its reference to the type. Python's collector knows
// the type, for the sake of the few tensors that hold Python objects (attributes, hooks), but tracks none of the others.
TensorImpl* g_free = nullptr;
int g_free_count = 0;
constexpr int kMaxFree = 1 << 21;  // a graph of a million nodes is made again without asking the system

[[gnu::noinline]] TensorImpl* make_fresh_object() {
  TensorImpl* t = PyObject_GC_New(TensorImpl, g_tensor_type);
  if (!t) {
    PyErr_Clear();
    throw std::bad_alloc();
  }
  return t;
}

// A plain tensor object with its fields cleared; storage and layout are the caller's to set.
inline TensorImpl* make_object() {
  TensorImpl* t = g_free;
  if (t) [[likely]] {
    g_free = reinterpret_cast<TensorImpl*>(t->data);
    --g_free_count;
    Py_SET_REFCNT(t, 1);
  } else {
    t = make_fresh_object();
  }
  t->weakrefs = nullptr;
  t->dict = nullptr;
  t->grad_fn = nullptr;
  t->meta = nullptr;
  t->base = nullptr;
  t->requires_grad = t->weak = t->entombed = t->inference = t->tracked = false;
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
  fail<RuntimeError>(
      "the values of this tensor were freed: the graph keeps the shape of large intermediate results, not "
      "their values. Keep the tensor in a variable to look at it later.");
}

TensorMeta& Tensor::meta() const {
  if (!p_->meta) p_->meta = new (allocate(sizeof(TensorMeta))) TensorMeta;
  return *p_->meta;
}

namespace {

inline TensorImpl* with_storage(int64_t numel, DType dtype) {
  const size_t bytes = size_t(numel) * itemsize(dtype);
  Storage* storage;
  try {
    storage = Storage::create(bytes);
  } catch (const MemoryError& e) {
    fail<MemoryError>(e.what(), ", for a tensor of ", numel, " elements of ", dtype);
  }
  TensorImpl* t;
  try {
    t = make_object();
  } catch (...) {
    storage->drop();
    throw;
  }
  t->storage = storage;
  t->data = storage->data();
  t->numel = numel;
  t->dtype = dtype;
  t->contiguous = true;
  return t;
}

}  // namespace

Tensor empty(Span shape, DType dtype) {
  // Sizes that operations combine from several tensors may overflow where no single tensor's do.
  int64_t numel = 1;
  bool overflow = false;
  for (int64_t s : shape) overflow |= __builtin_mul_overflow(numel, s, &numel);
  if (overflow || numel > (INT64_MAX >> 4)) [[unlikely]]
    checked_numel("empty", shape);
  TensorImpl* t = with_storage(numel, dtype);
  int64_t step = 1;
  t->ndim = uint8_t(shape.size());
  for (size_t i = shape.size(); i-- > 0;) {
    t->shape[i] = shape[i];
    t->strides[i] = step;
    step *= shape[i] > 0 ? shape[i] : 1;
  }
  return Tensor::steal(t);
}

Tensor empty_like(const Tensor& like, DType dtype) {
  if (!like.contiguous()) return empty(like.shape(), dtype);
  TensorImpl* t = with_storage(like.numel(), dtype);
  t->ndim = like->ndim;
  for (int i = 0; i < like.ndim(); ++i) {
    t->shape[i] = like->shape[i];
    t->strides[i] = like->strides[i];
  }
  return Tensor::steal(t);
}

namespace {
template <class V>
Tensor make_scalar(V value, DType dtype) {
  Tensor t = empty({}, dtype);
  if (dtype == DType::bfloat16)
    *t.data<bfloat16>() = bfloat16::round(float(value));
  else
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

void track(TensorImpl* t) {
  if (!PyObject_GC_IsTracked(t)) PyObject_GC_Track(t);
  t->tracked = true;
}

namespace {

// Drops a gradient without recursing: gradients may form a chain, each the gradient of the next.
void drop_gradient(TensorImpl* grad) {
  static std::vector<TensorImpl*> waiting;
  static bool dropping = false;
  if (grad) waiting.push_back(grad);
  if (dropping) return;
  dropping = true;
  while (!waiting.empty()) {
    TensorImpl* next = waiting.back();
    waiting.pop_back();
    Py_DECREF(next);
  }
  dropping = false;
}

[[gnu::noinline]] void destroy_rare_fields(TensorImpl* t) {
  if (TensorMeta* meta = std::exchange(t->meta, nullptr)) {
    drop_gradient(meta->grad);
    Py_XDECREF(meta->incoming);
    Py_XDECREF(meta->label);
    for (const TensorMeta::Hook& hook : meta->hooks) Py_DECREF(hook.function);
    meta->~TensorMeta();
    deallocate(meta, sizeof(TensorMeta));
  }
  Py_CLEAR(t->dict);
  Py_CLEAR(t->base);
}

}  // namespace

void destroy_fields(TensorImpl* t) {
  if (t->meta || t->dict || t->base) destroy_rare_fields(t);
  if (t->storage) {
    t->storage->drop();
    t->storage = nullptr;
    t->data = nullptr;
  }
}

namespace {

void free_object(TensorImpl* t) {
  PyTypeObject* type = Py_TYPE(t);
  PyObject_GC_Del(t);
  Py_DECREF(type);
}

}  // namespace

int64_t drop_free_objects() {
  const int64_t bytes = int64_t(g_free_count) * int64_t(sizeof(TensorImpl));
  while (TensorImpl* t = g_free) {
    g_free = reinterpret_cast<TensorImpl*>(t->data);
    free_object(t);
  }
  g_free_count = 0;
  return bytes;
}

void recycle(TensorImpl* t) {
  if (g_free_count == kMaxFree) [[unlikely]]
    return free_object(t);
  t->data = reinterpret_cast<char*>(g_free);
  g_free = t;
  ++g_free_count;
}

}  // namespace tg
