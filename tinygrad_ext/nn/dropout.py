"""Dropout: while training, silences random entries so that no unit can rely on another."""

from __future__ import annotations

from tinygrad_ext._core import Tensor, dropout
from tinygrad_ext.nn.module import Module


class Dropout(Module):
    """While training, zeroes each entry with probability `p` and scales the others by ``1 / (1 - p)``.

    In evaluation mode it returns its input (Srivastava et al., 2014).

    Parameters
    ----------
    p : float, default 0.5
        In [0, 1].

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p must be in [0, 1], got {p}")
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        return dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"
