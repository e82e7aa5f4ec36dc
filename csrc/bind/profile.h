// Modules by number, for the profiler.
#pragma once
#include <Python.h>

#include <cstdint>

namespace tg::bind {

// The number of a module that is about to run. Where the profile has not met it, it and all modules below it get one.
uint32_t profiled_module(PyObject* module);

}  // namespace tg::bind
