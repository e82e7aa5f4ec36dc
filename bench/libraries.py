"""The libraries that are compared: how each is imported, told its number of threads, and named."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
from typing import Any

# name here: (module, distribution)
LIBRARIES = {
    "tinygrad_ext": ("tinygrad_ext", "tinygrad_ext"),
    "torch": ("torch", "torch"),
    "numpy": ("numpy", "numpy"),
    "jax": ("jax", "jax"),
    "autograd": ("autograd", "autograd"),
    "micrograd": ("micrograd", "micrograd"),
    "tinygrad": ("tinygrad", "tinygrad"),
}
PEERS = tuple(name for name in LIBRARIES if name != "tinygrad_ext")


def installed(name: str) -> bool:
    return importlib.util.find_spec(LIBRARIES[name][0]) is not None


def version(name: str) -> str:
    try:
        return importlib.metadata.version(LIBRARIES[name][1])
    except importlib.metadata.PackageNotFoundError:  # a source tree on the path
        return str(getattr(importlib.import_module(LIBRARIES[name][0]), "__version__", "unknown"))


def limit_threads(threads: int) -> None:
    """Before any import: what thread pools read when they start, and on how many cores JAX's may run."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def load(name: str, threads: int) -> Any:
    """Import a library, told to use so many threads."""
    module = importlib.import_module(LIBRARIES[name][0])
    if name == "jax":
        module.config.update("jax_enable_x64", True)  # as in NumPy: float64 where it is asked for
        module.config.update("jax_platforms", "cpu")
    if name in ("torch", "tinygrad_ext"):
        module.set_num_threads(threads)
        importlib.import_module(f"{name}.nn.functional")
    return module
