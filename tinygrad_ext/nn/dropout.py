"""Dropout: while training, silences random entries so that no unit can rely on another."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.module import Module


class Dropout(Module):
    """While training, zeroes each entry with probability `p` and scales the others by ``1 / (1 - p)``.

    In evaluation mode it returns its input (Srivastava et al., 2014).

    Parameters
    ----------
    p : float, default 0.5
        In [0, 1].
    inplace : bool, default False
        Write the result over the input.

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    function: ClassVar[Callable[..., Tensor]] = staticmethod(_core.dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p must be in [0, 1], got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """`Dropout` of whole channels of [N, C, L] or [C, L] (Tompson et al., 2015)."""

    function = staticmethod(_core.dropout1d)


class Dropout2d(Dropout):
    """`Dropout` of whole channels of [N, C, H, W] or [C, H, W] (Tompson et al., 2015)."""

    function = staticmethod(_core.dropout2d)


class Dropout3d(Dropout):
    """`Dropout` of whole channels of [N, C, D, H, W] or [C, D, H, W] (Tompson et al., 2015)."""

    function = staticmethod(_core.dropout3d)


class AlphaDropout(Dropout):
    """`Dropout` for networks of `SELU`: keeps mean and variance, does not zero (Klambauer et al., 2017)."""

    function = staticmethod(_core.alpha_dropout)


class FeatureAlphaDropout(Dropout):
    """`AlphaDropout` of whole channels, the second dimension."""

    function = staticmethod(_core.feature_alpha_dropout)
