// DLPack, the exchange of arrays between libraries without copying (https://dmlc.github.io/dlpack, ABI of version 0.x).
#include "bind/cold.h"
#include "bind/interop.h"
#include "bind/module.h"
#include "tape/mode.h"

namespace tg::bind {
namespace {

constexpr int32_t kCpu = 1;
enum Code : uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kBfloat = 4, kBool = 6 };

struct DLDevice {
  int32_t device_type, device_id;
};
struct DLDataType {
  uint8_t code, bits;
  uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; may be null for a compact array
  uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor tensor;
  void* context;
  void (*deleter)(DLManagedTensor*);
};

constexpr DLDataType kTypes[] = {{kFloat, 32, 1}, {kFloat, 64, 1}, {kInt, 64, 1},   {kInt, 32, 1},
                                 {kUInt, 8, 1},   {kBool, 8, 1},   {kBfloat, 16, 1}};

// What the consumer gets: the tensor is kept alive by its storage.
struct Export {
  DLManagedTensor managed;
  int64_t shape[kMaxDims], strides[kMaxDims];
  Storage* storage;
};

void drop_export(DLManagedTensor* m) {
  auto* e = static_cast<Export*>(m->context);
  const PyGILState_STATE lock = PyGILState_Ensure();  // consumers may call this from anywhere
  e->storage->drop();
  PyGILState_Release(lock);
  delete e;
}

void drop_unused(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, "dltensor")) return;  // consumed: renamed by the consumer
  auto* m = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor"));
  m->deleter(m);
}

py::object to_dlpack(py::object self) {
  const Tensor t = as_tensor(self.ptr());
  if (t.requires_grad())
    fail<RuntimeError>("__dlpack__(): this tensor requires grad, which the other library would not record; detach it first");
  auto* e = new Export;
  for (int d = 0; d < t.ndim(); ++d) {
    e->shape[d] = t.size(d);
    e->strides[d] = t.stride(d);
  }
  char* data = t.bytes();
  e->storage = t->storage;
  e->storage->retain();
  e->managed = {{data, {kCpu, 0}, t.ndim(), kTypes[int(t.dtype())], e->shape, e->strides, 0}, e, drop_export};
  PyObject* capsule = PyCapsule_New(&e->managed, "dltensor", drop_unused);
  if (!capsule) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(capsule);
}

Tensor from_dlpack(py::object source) {
  if (!PyCapsule_CheckExact(source.ptr()) && !py::hasattr(source, "__dlpack__")) {
    fail<TypeError>("from_dlpack(): argument 'source' must have __dlpack__, got ", Py_TYPE(source.ptr())->tp_name);
  }
  py::object capsule = PyCapsule_CheckExact(source.ptr()) ? source : source.attr("__dlpack__")();
  auto* m = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), "dltensor"));
  if (!m) throw py::error_already_set();
  const DLTensor& dl = m->tensor;
  if (dl.device.device_type != kCpu)
    fail<ValueError>("from_dlpack(): the array is on device type ", dl.device.device_type, "; only the CPU (1) is supported");
  std::optional<DType> dtype;
  for (int i = 0; i < kNumDTypes; ++i) {
    const DLDataType& t = kTypes[i];
    if (dl.dtype.code == t.code && dl.dtype.bits == t.bits && dl.dtype.lanes == 1) dtype = DType(i);
  }
  if (!dtype)
    fail<TypeError>("from_dlpack(): type code ", int(dl.dtype.code), " with ", int(dl.dtype.bits),
                    " bits has no counterpart here");
  Shape shape(Span(dl.shape, size_t(dl.ndim)));
  Ints strides = dl.strides ? Ints(Span(dl.strides, size_t(dl.ndim))) : contiguous_strides(shape);
  for (int64_t s : strides)
    if (s < 0) fail<ValueError>("from_dlpack(): negative strides are not supported; pass a copy");
  PyCapsule_SetName(capsule.ptr(), "used_dltensor");
  Storage* storage = Storage::borrow(static_cast<char*>(dl.data) + dl.byte_offset, size_t(product(shape)) * itemsize(*dtype), m,
                                     [](void* owner) {
                                       auto* managed = static_cast<DLManagedTensor*>(owner);
                                       if (managed->deleter) managed->deleter(managed);
                                     });
  Tensor t = on_storage(storage, storage->data(), shape, strides, *dtype);
  storage->drop();
  return t;
}

struct FromDlpack {
  static constexpr OpInfo info{
      .name = "from_dlpack",
      .signature = "(source: object) -> Tensor",
      .doc = "A tensor on the memory of any object with __dlpack__ (NumPy, PyTorch, JAX, ...), without copying."};
  static Tensor forward(Object source) { return from_dlpack(py::reinterpret_borrow<py::object>(source.o)); }
};

}  // namespace

void init_dlpack(py::module_& m) {
  m.def("_to_dlpack", &to_dlpack);
  def_function<FromDlpack>(m);
}

}  // namespace tg::bind
