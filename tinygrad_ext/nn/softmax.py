"""Activations along a dimension: softmax and its kin, and the gated linear unit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import ClassVar

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.module import Module


class Softmax(Module):
    """``exp(x) / sum(exp(x))`` along a dimension; the shape stays.

    Parameters
    ----------
    dim : int
        The dimension whose entries sum to one afterwards. Left out, it is chosen from the number of
        dimensions, as in PyTorch, with a warning.
    """

    function: ClassVar[Callable[..., Tensor]] = staticmethod(_core.softmax)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        dim = self.dim
        if dim is None:
            dim = 0 if input.ndim in (0, 1, 3) else 1
            message = (
                f"{type(self).__name__}: no dim given, taking {dim} for {input.ndim} dimensions; give dim"
            )
            warnings.warn(message, stacklevel=2)
        return self.function(input, dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, computed without overflow or cancellation; `dim` as there."""

    function = staticmethod(_core.log_softmax)


class Softmin(Softmax):
    """`Softmax` of ``-x``: the smallest entry gets the largest share; `dim` as there."""

    function = staticmethod(_core.softmin)


class Softmax2d(Module):
    """`Softmax` over the channels of images [N, C, H, W] or [C, H, W], at each pixel.

    Raises
    ------
    ValueError
        From a call, if the input has another number of dimensions.
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected [N, C, H, W] or [C, H, W], got {tuple(input.shape)}")
        return _core.softmax(input, -3)


class GLU(Module):
    """``a sigmoid(b)`` where a and b are the halves of the input along `dim` (Dauphin et al., 2016).

    Parameters
    ----------
    dim : int, default -1
        Its size must be even; it is halved.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return _core.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
