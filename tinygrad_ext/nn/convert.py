"""`Module.to`: what it was asked for, and the conversion of one module's own parameters and buffers."""

from __future__ import annotations

from typing import Any

from tinygrad_ext._core import Tensor, bfloat16, dtype, float32, float64

_FLOATING = (float32, float64, bfloat16)


def wanted_dtype(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dtype | None:
    """Return the dtype among the arguments of `Module.to`, or None.

    Raises
    ------
    RuntimeError, TypeError
        If a device is not the CPU; if the dtype is not floating point.
    """
    wanted = None
    kwargs = {name: value for name, value in kwargs.items() if name not in ("non_blocking", "copy")}
    for value in (*args, *kwargs.values()):
        if isinstance(value, str):
            if value.split(":")[0] != "cpu":
                raise RuntimeError(f"Module.to: the only device is 'cpu', got {value!r}")
        elif value is not None and not isinstance(value, bool):
            wanted = value.dtype if isinstance(value, Tensor) else value
    if wanted is not None and wanted not in _FLOATING:
        raise TypeError(f"Module.to: expected tinygrad_ext.float32, float64 or bfloat16, got {wanted!r}")
    return wanted


def convert(module: Any, wanted: dtype) -> None:
    """Convert a module's own floating-point parameters, their gradients and its buffers in place."""
    for parameter in module._parameters.values():
        if parameter is None:
            continue
        # Through .data, so that optimizers and other owners keep the same parameter.
        grad, parameter.grad = parameter.grad, None
        if parameter.dtype in _FLOATING:
            parameter.data = parameter.data.to(wanted)
        parameter.grad = None if grad is None else grad.to(wanted)
    for name, buffer in module._buffers.items():
        if buffer is not None and buffer.dtype in _FLOATING:
            setattr(module, name, buffer.to(wanted))
