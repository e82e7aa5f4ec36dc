// Tensors made from Python objects: data, arrays, buffers; and the default dtype.
#include "ops/create.h"

#include "bind/cold.h"
#include "bind/dtype.h"
#include "bind/make.h"
#include "bind/module.h"

namespace tg::bind {
namespace {

using ops::Neutral;
using ops::OptDType;

bool is_array(PyObject* o) { return py::isinstance<py::array>(py::handle(o)); }
py::array as_array(PyObject* o) { return py::reinterpret_borrow<py::array>(py::handle(o)); }

// data without copying, or an empty handle where that takes a copy.
Tensor shared(const char* op, PyObject* data, OptDType dtype) {
  if (is_tensor(data)) return !dtype || *dtype == as_tensor(data).dtype() ? as_tensor(data) : Tensor();
  if (!is_array(data)) return Tensor();
  const py::array a = as_array(data);
  const OptDType own = dtype_of_array(a);
  const bool fits = own && a.writeable() && shareable(a) && (!dtype || *dtype == *own);
  return fits ? tensor_from_array(op, a, true) : Tensor();
}

struct MakeTensor {
  static constexpr OpInfo info{
      .name = "tensor",
      .signature =
          "(data: object, dtype: dtype | None = None, requires_grad: bool = False, label: str = '', *, device: object = None, "
          "pin_memory: bool = False) -> Tensor",
      .doc =
          "A new tensor with a copy of data: a number, nested lists, an array or a tensor. Python floats become float32, ints "
          "int64.",
      .example = "tg.tensor([[1, 2], [3, 4]])",
      .face = Face::function,
      .bfloat16 = true};
  static Tensor forward(Object data, OptDType dtype, bool grad, std::string_view label, Neutral, Neutral) {
    Tensor t = ops::with_grad(info.name, tensor_from_data(info.name, data.o, dtype), grad);
    if (!label.empty()) t.meta().label = py::str(label.data(), label.size()).release().ptr();
    return t;
  }
};

struct AsTensor {
  static constexpr OpInfo info{.name = "as_tensor",
                               .signature = "(data: object, dtype: dtype | None = None, device: object = None) -> Tensor",
                               .doc = "data as a tensor, without copying where that is possible.",
                               .example = "tg.as_tensor([1.0, 2.0])",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(Object data, OptDType dtype, Neutral) {
    Tensor t = shared(info.name, data.o, dtype);
    if (t) return t;
    return is_tensor(data.o) ? ops::cast(as_tensor(data.o), *dtype) : tensor_from_data(info.name, data.o, dtype);
  }
};

Tensor from_buffer(const char* op, PyObject* object, DType dtype, int64_t count, int64_t offset);

struct AsArray {
  static constexpr OpInfo info{
      .name = "asarray",
      .signature =
          "(obj: object, *, dtype: dtype | None = None, device: object = None, copy: bool | None = None, requires_grad: bool "
          "= False) -> Tensor",
      .doc = "obj as a tensor without history: shares its memory where that is possible, unless copy says otherwise.",
      .example = "tg.asarray([1.0, 2.0])",
      .face = Face::function,
      .bfloat16 = true};
  static Tensor forward(Object obj, OptDType dtype, Neutral, Object copy, bool grad) {
    if (copy.o != Py_None && !PyBool_Check(copy.o)) fail<TypeError>("asarray(): argument 'copy' must be bool | None");
    Tensor t = copy.o == Py_True ? Tensor() : shared(info.name, obj.o, dtype);
    if (!t && copy.o == Py_False) fail<ValueError>("asarray(): a copy is needed, and copy=False forbids it");
    if (!t) {
      t = tensor_from_data(info.name, obj.o, dtype);
    } else if (t.requires_grad()) {
      t = alias(t);
    }
    return grad && !t->requires_grad ? ops::with_grad(info.name, t->base || is_tensor(obj.o) ? alias(t) : t, true) : t;
  }
};

struct FromNumpy {
  static constexpr OpInfo info{.name = "from_numpy",
                               .signature = "(array: object) -> Tensor",
                               .doc = "A tensor on the memory of a NumPy array.",
                               .example = "tg.from_numpy(tg.ones(2).numpy())",
                               .face = Face::function,
                               .bfloat16 = true};
  static Tensor forward(Object array) {
    if (!is_array(array.o))
      fail<TypeError>("from_numpy(): argument 'array' must be a NumPy array, got ", Py_TYPE(array.o)->tp_name);
    return tensor_from_array(info.name, as_array(array.o), true);
  }
};

struct FromBuffer {
  static constexpr OpInfo info{
      .name = "frombuffer",
      .signature = "(buffer: object, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor",
      .doc = "A 1-d tensor on the memory of an object with Python's buffer protocol; of read-only memory it is a copy.",
      .example = "tg.frombuffer(bytes([1, 2, 3]), dtype=tg.uint8)",
      .face = Face::function,
      .bfloat16 = true};
  static Tensor forward(Object buffer, DType dtype, int64_t count, int64_t offset, bool grad) {
    return ops::with_grad(info.name, from_buffer(info.name, buffer.o, dtype, count, offset), grad);
  }
};

Tensor from_buffer(const char* op, PyObject* object, DType dtype, int64_t count, int64_t offset) {
  if (!PyObject_CheckBuffer(object)) {
    fail<TypeError>(op, "(): argument 'buffer' must have Python's buffer protocol, got ", Py_TYPE(object)->tp_name);
  }
  auto view = std::make_unique<Py_buffer>();
  const bool writable = PyObject_GetBuffer(object, view.get(), PyBUF_WRITABLE) == 0;
  if (!writable) {
    PyErr_Clear();
    if (PyObject_GetBuffer(object, view.get(), PyBUF_SIMPLE) != 0) {
      PyErr_Clear();
      fail<ValueError>(op, "(): the buffer's memory must be contiguous");
    }
  }
  struct Release {
    Py_buffer* view;
    ~Release() {
      if (view) PyBuffer_Release(view);
    }
  } release{view.get()};
  const int64_t size = int64_t(itemsize(dtype)), length = view->len;
  if (length == 0 || count == 0)
    fail<ValueError>(op, "(): neither the buffer's length ", length, " nor count ", count, " may be 0");
  if (offset < 0 || offset >= length)
    fail<ValueError>(op, "(): offset ", offset, " must be within the buffer's ", length, " bytes");
  if (count < 0 && (length - offset) % size != 0) {
    fail<ValueError>(op, "(): ", length - offset, " bytes are no whole number of elements of ", size, " bytes");
  }
  const int64_t n = count < 0 ? (length - offset) / size : count;
  if (n > (length - offset) / size) {
    fail<ValueError>(op, "(): ", count, " elements of ", size, " bytes are more than the buffer's ", length - offset,
                     " bytes after offset");
  }
  char* data = static_cast<char*>(view->buf) + offset;
  if (!writable || reinterpret_cast<uintptr_t>(data) % uintptr_t(size) != 0) {
    Tensor copy = empty({n}, dtype);
    std::copy_n(data, n * size, copy.bytes());
    return copy;
  }
  release.view = nullptr;
  Storage* storage = Storage::borrow(data, size_t(n * size), view.release(), [](void* owner) {
    const PyGILState_STATE lock = PyGILState_Ensure();
    PyBuffer_Release(static_cast<Py_buffer*>(owner));
    PyGILState_Release(lock);
    delete static_cast<Py_buffer*>(owner);
  });
  Tensor t = on_storage(storage, data, Shape{n}, Ints{1}, dtype);
  storage->drop();
  return t;
}

struct ResultType {
  static constexpr OpInfo info{.name = "result_type",
                               .signature = "(tensor1: Tensor | Number, tensor2: Tensor | Number) -> dtype",
                               .doc = "The dtype that an operation on both would have.",
                               .bfloat16 = true};
  static PyObject* forward(const Tensor& a, const Tensor& b) { return Py_NewRef(dtype_object(ops::result_type(a, b))); }
};

struct PromoteTypes {
  static constexpr OpInfo info{.name = "promote_types",
                               .signature = "(type1: dtype, type2: dtype) -> dtype",
                               .doc = "The smallest dtype that both convert to: that of an operation on tensors of both.",
                               .bfloat16 = true};
  static PyObject* forward(DType a, DType b) { return Py_NewRef(dtype_object(promote(a, b))); }
};

struct CanCast {
  static constexpr OpInfo info{.name = "can_cast",
                               .signature = "(from_: dtype, to: dtype) -> bool",
                               .doc =
                                   "Whether results of one dtype may be stored in a tensor of another: not floats as integers, "
                                   "nor numbers as bools.",
                               .bfloat16 = true};
  static PyObject* forward(DType from, DType to) { return PyBool_FromLong(category(from) <= category(to)); }
};

struct GetDefaultDtype {
  static constexpr OpInfo info{
      .name = "get_default_dtype", .signature = "() -> dtype", .doc = "What Python floats become: float32 unless set."};
  static PyObject* forward() { return Py_NewRef(dtype_object(default_float())); }
};

struct SetDefaultDtype {
  static constexpr OpInfo info{.name = "set_default_dtype",
                               .signature = "(d: dtype) -> None",
                               .doc = "Lets Python floats become float32 or float64.",
                               .bfloat16 = true};
  static PyObject* forward(DType d) {
    if (!is_floating(d) || d == DType::bfloat16)
      fail<TypeError>("set_default_dtype(): only float32 and float64 are supported, got ", d);
    g_default_float = d;
    return Py_NewRef(Py_None);
  }
};

}  // namespace

void add_conversions(std::vector<Entry>& entries) {
  add_entries<ops::OpList<MakeTensor, AsTensor, AsArray, FromNumpy, FromBuffer>>(entries, "create");
}

void init_create(py::module_& m) {
  def_function<ResultType>(m);
  def_function<PromoteTypes>(m);
  def_function<CanCast>(m);
  def_function<GetDefaultDtype>(m);
  def_function<SetDefaultDtype>(m);
}

}  // namespace tg::bind
