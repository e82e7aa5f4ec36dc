"""`Linear`, and the two modules that only pass or reshape: `Flatten`, `Identity`."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_ext._core import Tensor, dtype, linear, zeros
from tinygrad_ext.nn import init
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class Linear(Module):
    """``x @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features : int
        Input ``[..., in_features]``, output ``[..., out_features]``.
    bias : bool, default True
    dtype : dtype, default float32

    Attributes
    ----------
    weight : Parameter, [out_features, in_features]
        Uniform in ±1/sqrt(in_features) at first, as is the bias.
    bias : Parameter, [out_features], or None

    Raises
    ------
    ValueError
        If a size is negative.
    """

    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, dtype: dtype | None = None
    ) -> None:
        super().__init__()
        if in_features < 0 or out_features < 0:
            raise ValueError(f"Linear: sizes must not be negative, got {in_features} -> {out_features}")
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(zeros((out_features, in_features), dtype=dtype))
        self.register_parameter("bias", Parameter(zeros((out_features,), dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, in this order, so that a seed gives the values it gives in PyTorch."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class Flatten(Module):
    """Joins a range of dimensions into one; by default all but the first, the batch.

    Parameters
    ----------
    start_dim, end_dim : int
        The first and the last dimension joined; negative ones count from the end.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Identity(Module):
    """Returns its input; takes and ignores any arguments, so it can stand in for another module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input
