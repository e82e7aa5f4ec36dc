"""tinygrad_ext: a small, fast tensor autograd library for the CPU.

The namespace that users see: tensors, functions on them under PyTorch's names, and the packages
`nn`, `optim`, `autograd`, `data`, `train`, `viz` and `micrograd`.
"""

from pkgutil import extend_path

# In a checkout this folder hides the installed package; its compiled core is then found through the path.
__path__ = extend_path(__path__, __name__)

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if find_spec("tinygrad_ext._core") is None:
    raise ImportError("tinygrad_ext is not built yet: run `pip install .` in its folder first")

from tinygrad_ext import (
    _core as _core,
    _functions,
    _tensor as _tensor,  # attaches the cold methods
    autograd,
    data,
    linalg,
    nn,
    optim,
    random,
    special,
)
from tinygrad_ext._core import (
    Generator,
    Size,
    Tensor,
    __version__,
    bfloat16,
    bool,
    broadcast_shapes,
    can_cast,
    contiguous_format,
    default_generator,
    detach_,
    dtype,
    empty_cache,
    float32,
    float64,
    from_dlpack,
    get_default_dtype,
    get_num_threads,
    int32,
    int64,
    is_complex,
    is_floating_point,
    is_grad_enabled,
    is_inference,
    is_inference_mode_enabled,
    is_nonzero,
    is_same_size,
    is_signed,
    is_tensor,
    memory_stats,
    numel,
    preserve_format,
    promote_types,
    reset_peak_memory_stats,
    result_type,
    set_default_dtype,
    set_memory_limit,
    set_num_threads,
    uint8,
    zero_,
)
from tinygrad_ext._functions import *  # noqa: F403 - generated, with __all__
from tinygrad_ext._printing import set_printoptions
from tinygrad_ext.autograd import enable_grad, inference_mode, no_grad, set_grad_enabled
from tinygrad_ext.random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state

if TYPE_CHECKING:
    from tinygrad_ext import io, micrograd, profiler, train, utils, viz
    from tinygrad_ext.io import load, save
    from tinygrad_ext.profiler import profile
    from tinygrad_ext.train.summary import summary

# Imported when they are first asked for: what many programs do without, and import would wait for.
_LATER = {
    "io": "",
    "load": "io",
    "micrograd": "",
    "profile": "profiler",
    "profiler": "",
    "save": "io",
    "summary": "train",
    "train": "",
    "utils": "",
    "viz": "",
}

# PyTorch's shorter names.
float = float32
double = float64
long = int64
int = int32

strided = "strided"  # the only layout there is

__all__ = [
    "Generator",
    "Size",
    "Tensor",
    "__version__",
    "autograd",
    "bfloat16",
    "bool",
    "broadcast_shapes",
    "can_cast",
    "contiguous_format",
    "data",
    "default_generator",
    "detach_",
    "double",
    "dtype",
    "empty_cache",
    "enable_grad",
    "float",
    "float32",
    "float64",
    "from_dlpack",
    "get_default_dtype",
    "get_num_threads",
    "get_rng_state",
    "inference_mode",
    "initial_seed",
    "int",
    "int32",
    "int64",
    "io",
    "is_complex",
    "is_floating_point",
    "is_grad_enabled",
    "is_inference",
    "is_inference_mode_enabled",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_tensor",
    "linalg",
    "load",
    "long",
    "manual_seed",
    "memory_stats",
    "micrograd",
    "nn",
    "no_grad",
    "numel",
    "optim",
    "preserve_format",
    "profile",
    "profiler",
    "promote_types",
    "random",
    "reset_peak_memory_stats",
    "result_type",
    "save",
    "seed",
    "set_default_dtype",
    "set_grad_enabled",
    "set_memory_limit",
    "set_num_threads",
    "set_printoptions",
    "set_rng_state",
    "special",
    "strided",
    "summary",
    "train",
    "uint8",
    "utils",
    "viz",
    "zero_",
]
__all__ += _functions.__all__


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_LATER[name] or name}")
    found = globals()[name] = getattr(home, name) if _LATER[name] else home
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
