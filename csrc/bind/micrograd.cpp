// micrograd's Value in the module.
#include "bind/module.h"
#include "micrograd/type.h"

namespace py = pybind11;

namespace tg::bind {

void init_micrograd(py::module_& m) {
  PyObject* type = micrograd::make_value_type();
  if (!type) throw py::error_already_set();
  m.attr("Value") = py::reinterpret_borrow<py::object>(type);
  if (PyModule_AddFunctions(m.ptr(), micrograd::module_functions()) < 0) throw py::error_already_set();
}

}  // namespace tg::bind
