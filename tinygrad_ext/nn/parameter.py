"""`Parameter`: a tensor that a `Module` counts among the things it trains. It knows nothing of modules."""

from __future__ import annotations

from typing import Any

from tinygrad_ext._core import Tensor


class Parameter(Tensor):
    """A tensor that registers itself when it is assigned as an attribute of a `Module`.

    Arithmetic on a parameter gives plain tensors.

    Parameters
    ----------
    data : Tensor or array_like
        The initial value, of any shape. A tensor's storage is shared, not copied; its history is dropped.
    requires_grad : bool, default True
        Whether gradients are wanted; only floating-point data can have them.

    Raises
    ------
    RuntimeError
        If `requires_grad` is True and `data` is not floating point.
    """

    def __new__(cls, data: Any, requires_grad: bool = True) -> Parameter:
        return super().__new__(cls, data, requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
