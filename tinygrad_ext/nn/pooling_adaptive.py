"""Pooling to an output of a given size, whatever the input's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.module import Module

Output: TypeAlias = int | tuple[int | None, ...] | None


class _AdaptiveAvgPool(Module):
    """The mean of each of `output_size` windows, over any number of dimensions."""

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, output_size: Output) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """`AdaptiveAvgPool2d` over sequences [N, C, L] or [C, L]; parameters as there."""

    function = staticmethod(_core.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The mean of windows that divide images [N, C, H, W] or [C, H, W] as evenly as possible.

    Window i goes from ``floor(i H / H_out)`` to ``ceil((i + 1) H / H_out)``.

    Parameters
    ----------
    output_size : int, None or a pair of them
        The output's height and width; None keeps the input's.
    """

    function = staticmethod(_core.adaptive_avg_pool2d)


class _AdaptiveMaxPool(Module):
    """The largest value of each of `output_size` windows, over any number of dimensions."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Output, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return self.function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """`AdaptiveMaxPool2d` over sequences [N, C, L] or [C, L]; parameters as there."""

    function = staticmethod(_core.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest value of each window of `AdaptiveAvgPool2d`.

    Parameters
    ----------
    output_size : int, None or a pair of them
    return_indices : bool, default False
        Whether to return also where each maximum was found, as int64 positions ``h * W + w``.
    """

    function = staticmethod(_core.adaptive_max_pool2d)
