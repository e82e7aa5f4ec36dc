"""tinygrad_ext: a small, fast tensor autograd library for the CPU.

The namespace that users see: tensors, functions on them under PyTorch's names, and the packages
`nn`, `optim`, `autograd` and `data`.
"""

from pkgutil import extend_path

# In a checkout this folder hides the installed package; its compiled core is then found through the path.
__path__ = extend_path(__path__, __name__)

from importlib.util import find_spec

if find_spec("tinygrad_ext._core") is None:
    raise ImportError("tinygrad_ext is not built yet: run `pip install .` in its folder first")

from tinygrad_ext import _core as _core
from tinygrad_ext import _functions, autograd, data, nn, optim
from tinygrad_ext import _tensor as _tensor  # attaches the cold methods
from tinygrad_ext._core import (
    Generator,
    Tensor,
    __version__,
    arange,
    as_tensor,
    bool,
    default_generator,
    dtype,
    empty,
    empty_cache,
    empty_like,
    eye,
    float32,
    float64,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    get_num_threads,
    int32,
    int64,
    is_grad_enabled,
    is_inference_mode_enabled,
    linspace,
    memory_stats,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    reset_peak_memory,
    result_type,
    set_num_threads,
    tensor,
    uint8,
    zeros,
    zeros_like,
)
from tinygrad_ext._functions import *  # noqa: F403 - generated, with __all__
from tinygrad_ext.autograd import enable_grad, inference_mode, no_grad, set_grad_enabled
from tinygrad_ext.random import get_rng_state, manual_seed, seed, set_rng_state

# PyTorch's shorter names.
float = float32
double = float64
long = int64
int = int32

__all__ = [
    "Generator",
    "Tensor",
    "__version__",
    "arange",
    "as_tensor",
    "autograd",
    "bool",
    "data",
    "default_generator",
    "double",
    "dtype",
    "empty",
    "empty_cache",
    "empty_like",
    "enable_grad",
    "eye",
    "float",
    "float32",
    "float64",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "get_num_threads",
    "get_rng_state",
    "inference_mode",
    "int",
    "int32",
    "int64",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "linspace",
    "long",
    "manual_seed",
    "memory_stats",
    "nn",
    "no_grad",
    "ones",
    "ones_like",
    "optim",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "reset_peak_memory",
    "result_type",
    "seed",
    "set_grad_enabled",
    "set_num_threads",
    "set_rng_state",
    "tensor",
    "uint8",
    "zeros",
    "zeros_like",
]
__all__ += _functions.__all__
