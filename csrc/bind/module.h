// The parts of the module, by file.
#pragma once
#include <pybind11/pybind11.h>

namespace tg::bind {

void init_layout(pybind11::module_& m);
void init_attributes(pybind11::module_& m);
void init_create(pybind11::module_& m);
void init_random(pybind11::module_& m);
void init_autograd(pybind11::module_& m);
void init_function(pybind11::module_& m);
void init_forward(pybind11::module_& m);
void init_optim(pybind11::module_& m);
void init_profile(pybind11::module_& m);
void init_dlpack(pybind11::module_& m);
void init_lapack(pybind11::module_& m);
void init_micrograd(pybind11::module_& m);

}  // namespace tg::bind
