"""Elementwise activations and softmax as modules."""

from __future__ import annotations

from tinygrad_ext._core import Tensor, log_softmax, relu, sigmoid, softmax, tanh
from tinygrad_ext.nn.module import Module


class ReLU(Module):
    """``max(x, 0)``, elementwise; any shape."""

    def forward(self, x: Tensor) -> Tensor:
        return relu(x)


class Tanh(Module):
    """The hyperbolic tangent, elementwise; any shape."""

    def forward(self, x: Tensor) -> Tensor:
        return tanh(x)


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``, elementwise; any shape."""

    def forward(self, x: Tensor) -> Tensor:
        return sigmoid(x)


class Softmax(Module):
    """``exp(x) / sum(exp(x))`` along a dimension; the shape stays.

    Parameters
    ----------
    dim : int
        The dimension whose entries sum to one afterwards.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, computed without overflow or cancellation.

    Parameters
    ----------
    dim : int
    """

    def forward(self, x: Tensor) -> Tensor:
        return log_softmax(x, self.dim)
