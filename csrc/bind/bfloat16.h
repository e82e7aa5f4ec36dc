// Operations that do not know bfloat16 (OpInfo::bfloat16): given float32 instead, recorded, and rounded once at the end.
// The one place where that is decided: dtypes by PyTorch's promotion.
#pragma once
#include "bind/arguments.h"

namespace tg::bind {

inline bool is_bfloat16(const Arg<Tensor>& a) { return a.p && a.p->dtype == DType::bfloat16; }
inline bool is_bfloat16(const Arg<DType>& a) { return a.v == DType::bfloat16; }
inline bool is_bfloat16(const Arg<std::optional<DType>>& a) { return a.v == DType::bfloat16; }
inline bool is_bfloat16(const Arg<ops::IntOrTensor>& a) { return a.v.tensor && a.v.tensor.dtype() == DType::bfloat16; }
bool is_bfloat16(const Arg<TensorList>& a);
bool is_bfloat16(const Arg<ops::TensorArgs>& a);
template <class T>
constexpr bool is_bfloat16(const Arg<T>&) {
  return false;
}

using Call4 = PyObject*(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames);

// call() with its arguments in float32, and its floating results as PyTorch's promotion has them.
PyObject* through_float32(Call4* call, PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames);
// The same, the result stored in x, the call's first argument. `fresh` gives a new tensor.
PyObject* through_float32_inplace(const char* op, const Tensor& x, Call4* fresh, PyObject* self, PyObject* const* args,
                                  Py_ssize_t nargs, PyObject* kwnames);
// The same for operators.
PyObject* through_float32(unaryfunc slot, PyObject* a);
PyObject* through_float32(binaryfunc slot, PyObject* a, PyObject* b);

}  // namespace tg::bind
