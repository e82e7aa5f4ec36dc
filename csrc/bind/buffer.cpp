// Python's buffer protocol: a tensor's memory for other libraries to look at.
#include "bind/slots.h"
#include "tape/mode.h"

namespace tg::bind {
namespace {

const Tensor& handle(PyObject* const& o) { return Tensor::view_handle(reinterpret_cast<TensorImpl* const&>(o)); }

// What a buffer refers to while it is out; the tensor itself may get other memory meanwhile.
struct Lent {
  Py_ssize_t shape[kMaxDims], strides[kMaxDims];
  StoragePtr storage;
};

}  // namespace

int get_buffer(PyObject* a, Py_buffer* view, int flags) {
  return guarded_int([&] {
    const Tensor& t = handle(a);
    if (tape::recording(t))
      fail<RuntimeError>("a tensor that requires grad cannot be read through a buffer; call .detach() first");
    if (!(flags & PyBUF_STRIDES) && !t.contiguous()) {
      PyErr_SetString(PyExc_BufferError, "this tensor is not contiguous; call .contiguous() first");
      throw PythonError{};
    }
    if (t.dtype() == DType::bfloat16) fail<TypeError>("a bfloat16 tensor cannot be read through a buffer; call .float() first");
    static const char* formats[] = {"f", "d", "q", "i", "B", "?"};
    const Py_ssize_t size = Py_ssize_t(itemsize(t.dtype()));
    char* data = t.bytes();
    auto* lent = new Lent{{}, {}, StoragePtr(t->storage)};
    for (int d = 0; d < t.ndim(); ++d) {
      lent->shape[d] = t.size(d);
      lent->strides[d] = t.stride(d) * size;
    }
    *view = {};
    view->buf = data;
    view->obj = Py_NewRef(a);
    view->len = t.numel() * size;
    view->itemsize = size;
    view->ndim = t.ndim();
    view->format = flags & PyBUF_FORMAT ? const_cast<char*>(formats[int(t.dtype())]) : nullptr;
    view->shape = flags & PyBUF_ND ? lent->shape : nullptr;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? lent->strides : nullptr;
    view->internal = lent;
    return 0;
  });
}

void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<Lent*>(view->internal); }

}  // namespace tg::bind
