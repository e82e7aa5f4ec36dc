"""Weights from lengths and directions that are trained apart (Salimans & Kingma, 2016)."""

from __future__ import annotations

import warnings
from typing import Any

from tinygrad_ext._core import Tensor, linalg_vector_norm
from tinygrad_ext._tensor import RemovableHandle
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


def lengths(v: Tensor, dim: int | None) -> Tensor:
    """Return the 2-norm of each slice along `dim`, which broadcasts against v; of all for None, 0-d."""
    if dim is None:
        return linalg_vector_norm(v, 2.0)
    others = tuple(d for d in range(v.ndim) if d != dim % v.ndim)
    return linalg_vector_norm(v, 2.0, others, True) if others else v.abs()


def direction(g: Tensor, v: Tensor, dim: int | None) -> Tensor:
    """Return ``g v / |v|``, the norm as in `lengths`."""
    return v * (g / lengths(v, dim))


class _Recompute:
    """The hook that sets the weight before each forward."""

    handle: RemovableHandle

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def weight(self, module: Module) -> Tensor:
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return direction(g, v, self.dim)

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.weight(module))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Replace a weight by its lengths ``name_g`` and directions ``name_v``; PyTorch's older way.

    `parametrizations.weight_norm` does the same with a parametrization and should be preferred.

    Parameters
    ----------
    module : Module
    name : str, default "weight"
    dim : int or None, default 0
        There is one length for each index along this dimension; None for one length in all.

    Returns
    -------
    Module

    Raises
    ------
    ValueError
        If there is no such parameter, or it is normalised already.

    Warns
    -----
    FutureWarning
        That it is the older way.
    """
    message = "weight_norm: is deprecated in favor of nn.utils.parametrizations.weight_norm"
    warnings.warn(message, FutureWarning, stacklevel=2)
    weight = module._parameters.get(name)
    if weight is None:
        raise ValueError(f"weight_norm: {type(module).__name__} has no parameter {name!r}")
    hook = _Recompute(name, dim)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(lengths(weight.detach(), dim).clone()))
    module.register_parameter(f"{name}_v", Parameter(weight.data))
    setattr(module, name, hook.weight(module))
    hook.handle = module.register_forward_pre_hook(hook)
    module.__dict__.setdefault("_weight_norms", {})[name] = hook
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Undo `weight_norm`: the weight is a parameter again, with its present value.

    Raises
    ------
    ValueError
        If it is not normalised.
    """
    hook = module.__dict__.get("_weight_norms", {}).pop(name, None)
    if hook is None:
        raise ValueError(f"remove_weight_norm: {name!r} of {type(module).__name__} is not normalised")
    value = hook.weight(module).detach()
    hook.handle.remove()
    for own in (name, f"{name}_g", f"{name}_v"):
        delattr(module, own)
    setattr(module, name, Parameter(value))
    return module
