"""Pooling over windows of images [N, C, H, W]."""

from __future__ import annotations

from typing import Any

from tinygrad_ext._core import Tensor, avg_pool2d, max_pool2d
from tinygrad_ext.nn._pairs import Pair, checked
from tinygrad_ext.nn.module import Module


class MaxPool2d(Module):
    """The largest value in each window of each channel; padding never wins.

    Parameters
    ----------
    kernel_size, stride, padding, dilation : int or (int, int)
        In pixels; a pair is (vertical, horizontal). `stride` None means `kernel_size`; `padding` is at most
        half of `kernel_size`. Output size ``(H + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1``.
    return_indices : bool, default False
        Whether to return also where each maximum was found, as int64 positions ``h * W + w``.
    ceil_mode : bool, default False
        Whether the output size is rounded up, so that windows may hang over the edge.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = checked("MaxPool2d", "kernel_size", kernel_size, least=1)
        self.stride = kernel_size if stride is None else checked("MaxPool2d", "stride", stride, least=1)
        self.padding = checked("MaxPool2d", "padding", padding, least=0)
        self.dilation = checked("MaxPool2d", "dilation", dilation, least=1)
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class AvgPool2d(Module):
    """The mean of each window of each channel.

    Parameters
    ----------
    kernel_size, stride, padding : int or (int, int)
        As in `MaxPool2d`; padding is zeros.
    ceil_mode : bool, default False
        As in `MaxPool2d`.
    count_include_pad : bool, default True
        Whether padding counts in the mean's divisor.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = checked("AvgPool2d", "kernel_size", kernel_size, least=1)
        self.stride = kernel_size if stride is None else checked("AvgPool2d", "stride", stride, least=1)
        self.padding = checked("AvgPool2d", "padding", padding, least=0)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
