"""Elementwise activations and softmax as modules."""

from __future__ import annotations

from tinygrad_ext._core import Tensor, log_softmax, relu, sigmoid, softmax, tanh
from tinygrad_ext.nn.module import Module


class ReLU(Module):
    """``max(x, 0)``, elementwise; any shape.

    Parameters
    ----------
    inplace : bool, default False
        Write the result over the input.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return input.relu_() if self.inplace else relu(input)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    """The hyperbolic tangent, elementwise; any shape."""

    def forward(self, input: Tensor) -> Tensor:
        return tanh(input)


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``, elementwise; any shape."""

    def forward(self, input: Tensor) -> Tensor:
        return sigmoid(input)


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

    def forward(self, input: Tensor) -> Tensor:
        return softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, computed without overflow or cancellation.

    Parameters
    ----------
    dim : int
    """

    def forward(self, input: Tensor) -> Tensor:
        return log_softmax(input, self.dim)
