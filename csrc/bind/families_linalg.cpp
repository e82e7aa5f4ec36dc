// Trampolines of matrix products and linear algebra.
#include "bind/call.h"
#include "ops/addmm.h"
#include "ops/einsum.h"
#include "ops/linalg_norm.h"

namespace tg::bind {
namespace {

// einsum(a, [0, 1], b, [1, 2], [0, 2]) as einsum("AB,BC->AC", a, b).
PyObject* einsum(PyObject* module, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  if (kwnames || (nargs > 1 && !is_tensor(args[0]))) return Call<ops::Einsum>::function(module, args, nargs, kwnames);
  return guarded([&]() -> PyObject* {
    if (nargs == 0 || !is_tensor(args[0])) fail<ValueError>("einsum(): must provide an equation and at least one operand");
    std::string equation;
    std::vector<PyObject*> call{nullptr};
    const auto letters = [&](PyObject* list) {
      if (!looks_like_list(list)) fail<TypeError>("einsum(): every operand must be followed by a list of ints");
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list); ++i) {
        PyObject* item = PySequence_Fast_GET_ITEM(list, i);
        const int64_t label = item == Py_Ellipsis ? 0 : to_int("einsum", Call<ops::Einsum>::parsed->params[0], item);
        if (label < 0 || label >= 52) fail<RuntimeError>("einsum(): subscripts in lists must be in [0, 52), got ", label);
        equation += item == Py_Ellipsis ? "..." : std::string(1, char(label < 26 ? 'A' + label : 'a' + label - 26));
      }
    };
    for (Py_ssize_t i = 0; i < nargs; ++i) {
      if (is_tensor(args[i])) {
        if (i) equation += ',';
        call.push_back(args[i]);
        if (++i == nargs) fail<ValueError>("einsum(): the last operand has no list of subscripts");
      } else {
        equation += "->";
        if (i + 1 != nargs) fail<TypeError>("einsum(): argument ", i, " must be a Tensor");
      }
      letters(args[i]);
    }
    call[0] = PyUnicode_FromString(equation.c_str());
    if (!call[0]) throw PythonError{};
    PyObject* result = Call<ops::Einsum>::function(module, call.data(), Py_ssize_t(call.size()), kwnames);
    Py_DECREF(call[0]);
    return result;
  });
}

}  // namespace

void add_linalg(std::vector<Entry>& entries) {
  add_entries<ops::Products>(entries, "matmul");
  add_entries<ops::NamedProducts>(entries, "matmul");
  add_entries<ops::ScaledProducts>(entries, "matmul");
  add_entries<ops::Contractions>(entries, "matmul");
  entries.back().function = as_pycfunction(&einsum);
  add_entries<ops::LinearSystems>(entries, "linalg");
  add_internal<ops::LinearSystemRules>(entries, "linalg");
  add_entries<ops::Spectral>(entries, "linalg");
  add_internal<ops::SpectralRules>(entries, "linalg");
  add_entries<ops::LinalgNorms>(entries, "linalg");
}

}  // namespace tg::bind
