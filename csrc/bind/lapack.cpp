// NumPy's LAPACK behind ops/lapack.h, and the exception of linear algebra.
#include "ops/lapack.h"

#include "bind/errors.h"
#include "bind/interop.h"
#include "bind/module.h"

namespace tg::bind {
namespace {

// Looked up when first used; never released, as modules are not.
struct NumPy {
  py::object linalg = py::module_::import("numpy.linalg"), error = linalg.attr("LinAlgError");
};
const NumPy& numpy() {
  static const NumPy* n = new NumPy;
  return *n;
}

Tensor tensor_of(const py::handle& result) {
  return tensor_from_array("linalg", py::array::ensure(result, py::array::c_style), false);
}

TensorList call_numpy(std::string_view routine, const TensorList& operands, bool full) {
  py::list arguments;
  for (const Tensor& t : operands) arguments.append(array_on(t));
  py::dict options;
  std::string name(routine);
  if (name == "svd") options["full_matrices"] = full;
  if (name == "svdvals") {
    name = "svd";
    options["compute_uv"] = false;
  }
  if (name == "qr") options["mode"] = full ? "complete" : "reduced";
  try {
    const py::object result = numpy().linalg.attr(name.c_str())(*arguments, **options);
    if (!py::isinstance<py::tuple>(result)) return {tensor_of(result)};
    TensorList list;
    for (py::handle part : result) list.push_back(tensor_of(part));
    return list;
  } catch (py::error_already_set& e) {
    if (!e.matches(numpy().error)) throw;
    return {};
  }
}

}  // namespace

PyObject* g_linalg_error = nullptr;

void init_lapack(py::module_& m) {
  g_linalg_error = PyErr_NewExceptionWithDoc("tinygrad_ext.linalg.LinAlgError",
                                             "A matrix is singular, not positive-definite, or an algorithm did not converge.",
                                             PyExc_RuntimeError, nullptr);
  if (!g_linalg_error) throw py::error_already_set();
  m.attr("LinAlgError") = py::reinterpret_borrow<py::object>(g_linalg_error);
  ops::lapack = call_numpy;
  const auto refuse = [&](const char* name) {
    const auto f = [text = std::string(name)](const py::args&, const py::kwargs&) {
      fail<RuntimeError>("linalg.", text,
                         "(): the eigenvalues of a general matrix are complex numbers, which tensors here cannot hold; ",
                         "use eigh or eigvalsh for symmetric matrices, or numpy.linalg.", text, "(x.numpy())");
    };
    m.def((std::string("linalg_") + name).c_str(), f, "Refused: the results would be complex numbers.");
  };
  refuse("eig");
  refuse("eigvals");
}

}  // namespace tg::bind
