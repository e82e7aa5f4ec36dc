"""Layers that multiply by a matrix: `Linear` and `Bilinear`; and `Identity`, which does nothing."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_ext._core import Tensor, bilinear, dtype, linear
from tinygrad_ext.nn import init
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class Linear(Module):
    """``x @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features : int
        Input ``[..., in_features]``, output ``[..., out_features]``.
    bias : bool, default True
    device : {None, "cpu"}
        PyTorch's argument; there is one device.
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

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if in_features < 0 or out_features < 0:
            raise ValueError(f"Linear: sizes must not be negative, got {in_features} -> {out_features}")
        self.in_features = in_features
        self.out_features = out_features
        self.weight = blank((out_features, in_features), device, dtype)
        self.register_parameter("bias", blank((out_features,), device, dtype) if bias else None)
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


class Bilinear(Module):
    """``x1 @ weight[k] @ x2 + bias[k]`` for each output feature k.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Inputs ``[..., in1_features]`` and ``[..., in2_features]``, output ``[..., out_features]``.
    bias : bool, default True
    device, dtype
        As in `Linear`.

    Attributes
    ----------
    weight : Parameter, [out_features, in1_features, in2_features]
        Uniform in ±1/sqrt(in1_features) at first, as is the bias.
    bias : Parameter, [out_features], or None

    Raises
    ------
    ValueError
        If a size is out of range.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if in1_features < 1 or in2_features < 0 or out_features < 0:
            raise ValueError(
                "Bilinear: in1_features must be positive and the others not negative, got "
                f"{in1_features}, {in2_features} -> {out_features}"
            )
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = blank((out_features, in1_features, in2_features), device, dtype)
        self.register_parameter("bias", blank((out_features,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, in this order, so that a seed gives the values it gives in PyTorch."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Identity(Module):
    """Returns its input; takes and ignores any arguments, so it can stand in for another module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input
