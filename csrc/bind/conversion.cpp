// Tensors in another dtype: to(), type() and the methods named after dtypes.
#include <string>

#include "bind/slots.h"
#include "ops/functions.h"
#include "ops/views.h"

namespace tg::bind {
namespace {

const Tensor& handle(PyObject* const& o) { return Tensor::view_handle(reinterpret_cast<TensorImpl* const&>(o)); }

// The tensor itself where nothing changes.
PyObject* convert(PyObject* self, DType wanted, bool copy = false) {
  const Tensor& t = handle(self);
  if (t.dtype() != wanted) return tape::apply<ops::Cast>(t, wanted).release();
  return copy ? ops::clone(t).release() : Py_NewRef(self);
}

template <DType D>
PyObject* to_fixed(PyObject* self, PyObject*) {
  return guarded([&] { return convert(self, D); });
}

template <const char* Name>
PyObject* refuse(PyObject*, PyObject*) {
  return guarded([]() -> PyObject* {
    fail<TypeError>(Name, "(): there is no such dtype here; use float32, float64, bfloat16, int64, int32, uint8 or bool");
  });
}
constexpr char kHalf[] = "half", kShort[] = "short", kChar[] = "char", kCfloat[] = "cfloat", kCdouble[] = "cdouble",
               kChalf[] = "chalf";

// What the arguments of to() ask for.
struct Request {
  std::optional<DType> dtype;
  bool copy = false;

  void device(PyObject* o) {
    if (o == Py_None) return;
    const char* name = PyUnicode_Check(o) ? PyUnicode_AsUTF8(o) : nullptr;
    if (!name) {
      PyErr_Clear();
      fail<TypeError>("to(): device must be 'cpu', got ", Py_TYPE(o)->tp_name);
    }
    const std::string text = name;
    if (text != "cpu" && !text.starts_with("cpu:")) fail<RuntimeError>("to(): the only device is 'cpu', got '", text, "'");
  }
  void set_dtype(PyObject* o) {
    if (o != Py_None) dtype = to_dtype("to", o);
  }
  void other(PyObject* o) {
    if (!is_tensor(o)) fail<TypeError>("to(): other must be a Tensor, got ", Py_TYPE(o)->tp_name);
    dtype = handle(o).dtype();
  }
  static bool flag(const char* name, PyObject* o) {
    if (!PyBool_Check(o)) fail<TypeError>("to(): ", name, " must be a bool, got ", Py_TYPE(o)->tp_name);
    return o == Py_True;
  }

  // A device, a dtype or a tensor; a string is a device unless it names a dtype.
  void positional(PyObject* o) {
    if (is_tensor(o)) {
      other(o);
    } else if (PyUnicode_Check(o)) {
      if (PyUnicode_CompareWithASCIIString(o, "cpu") != 0) {
        const std::optional<DType> named = dtype_from(o);
        named ? dtype = named : (device(o), dtype);
      }
    } else {
      set_dtype(o);
    }
  }
  void keyword(PyObject* key, PyObject* o) {
    const char* text = PyUnicode_AsUTF8(key);
    const std::string name = text ? text : "?";
    if (name == "dtype") {
      set_dtype(o);
    } else if (name == "device") {
      device(o);
    } else if (name == "other") {
      other(o);
    } else if (name == "copy") {
      copy = flag("copy", o);
    } else if (name == "non_blocking") {
      flag("non_blocking", o);
    } else if (name == "memory_format") {
      static const Param param = [] {
        Param p;
        p.name = "memory_format";
        return p;
      }();
      Arg<ops::MemoryFormat>().set("to", param, o);
    } else {
      fail<TypeError>("to(): unknown argument '", name, "'; it has: dtype, device, other, non_blocking, copy, memory_format");
    }
  }
};

// to(dtype, non_blocking=False, copy=False), to(device=None, dtype=None, ...), to(other, ...)
PyObject* to(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&] {
    Request wanted;
    int flags = 0;
    for (Py_ssize_t i = 0; i < nargs; ++i) {
      if (PyBool_Check(args[i])) {
        if (++flags == 2) wanted.copy = args[i] == Py_True;
      } else if (flags || i > 1) {
        fail<TypeError>("to(): argument ", i + 1, " must be a bool, got ", Py_TYPE(args[i])->tp_name);
      } else {
        wanted.positional(args[i]);
      }
    }
    if (flags > 2) fail<TypeError>("to(): takes a device, a dtype, non_blocking and copy, got ", nargs, " arguments");
    const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    for (Py_ssize_t k = 0; k < keywords; ++k) wanted.keyword(PyTuple_GET_ITEM(kwnames, k), args[nargs + k]);
    return convert(self, wanted.dtype.value_or(handle(self).dtype()), wanted.copy);
  });
}

PyObject* type(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
  return guarded([&]() -> PyObject* {
    if (nargs > 2) fail<TypeError>("type(): takes dtype and non_blocking, got ", nargs, " arguments");
    if (nargs && args[0] != Py_None) return convert(self, to_dtype("type", args[0]));
    static const char* names[] = {"Float", "Double", "Long", "Int", "Byte", "Bool", "BFloat16"};
    return PyUnicode_FromFormat("tinygrad_ext.%sTensor", names[int(handle(self).dtype())]);
  });
}

PyObject* type_as(PyObject* self, PyObject* other) {
  return guarded([&] {
    if (!is_tensor(other)) fail<TypeError>("type_as(): other must be a Tensor, got ", Py_TYPE(other)->tp_name);
    return convert(self, handle(other).dtype());
  });
}

PyObject* cpu(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) { return Py_NewRef(self); }

}  // namespace

std::vector<PyMethodDef> conversion_methods() {
  constexpr int plain = METH_NOARGS;
  static const char* missing = "Not supported: the dtypes are float32, float64, bfloat16, int64, int32, uint8 and bool.";
  return {
      {"to", as_pycfunction(to), METH_FASTCALL | METH_KEYWORDS,
       "to(dtype), to(other), to(device=None, dtype=None, non_blocking=False, copy=False)\n\n"
       "The values in another dtype; the tensor itself where nothing changes. The only device is 'cpu'."},
      {"type", as_pycfunction(type), METH_FASTCALL, "type(dtype=None): the values in a dtype, or the name of the tensor's type."},
      {"type_as", type_as, METH_O, "The values in the dtype of another tensor."},
      {"cpu", as_pycfunction(cpu), METH_FASTCALL | METH_KEYWORDS, "The tensor itself."},
      {"float", to_fixed<DType::float32>, plain, "The values as float32; the tensor itself where it has that dtype."},
      {"double", to_fixed<DType::float64>, plain, "The values as float64; the tensor itself where it has that dtype."},
      {"bfloat16", to_fixed<DType::bfloat16>, plain,
       "The values as bfloat16, rounded to the nearest; the tensor itself where it has that dtype."},
      {"long", to_fixed<DType::int64>, plain, "The values as int64; the tensor itself where it has that dtype."},
      {"int", to_fixed<DType::int32>, plain, "The values as int32; the tensor itself where it has that dtype."},
      {"byte", to_fixed<DType::uint8>, plain, "The values as uint8; the tensor itself where it has that dtype."},
      {"bool", to_fixed<DType::bool_>, plain, "The values as bool; the tensor itself where it has that dtype."},
      {"half", refuse<kHalf>, plain, missing},
      {"short", refuse<kShort>, plain, missing},
      {"char", refuse<kChar>, plain, missing},
      {"chalf", refuse<kChalf>, plain, missing},
      {"cfloat", refuse<kCfloat>, plain, missing},
      {"cdouble", refuse<kCdouble>, plain, missing},
  };
}

}  // namespace tg::bind
