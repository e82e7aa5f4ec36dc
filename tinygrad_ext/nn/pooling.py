"""Pooling over windows of sequences [N, C, L] and images [N, C, H, W]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn._sizes import Sizes, checked, sizes
from tinygrad_ext.nn.module import Module


class _MaxPool(Module):
    """The largest value in each window, over any number of dimensions."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        name, dims = type(self).__name__, self.dims
        self.kernel_size = checked(name, "kernel_size", kernel_size, dims, least=1)
        self.stride = self.kernel_size if stride is None else checked(name, "stride", stride, dims, least=1)
        self.padding = checked(name, "padding", padding, dims, least=0)
        self.dilation = checked(name, "dilation", dilation, dims, least=1)
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self.function(
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


class MaxPool1d(_MaxPool):
    """`MaxPool2d` over sequences [N, C, L] or [C, L]; parameters and errors as there."""

    dims = 1
    function = staticmethod(_core.max_pool1d)


class MaxPool2d(_MaxPool):
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

    dims = 2
    function = staticmethod(_core.max_pool2d)


class _Window(Module):
    """A window with a stride and padding, as its repr shows it."""

    kernel_size: Sizes
    stride: Sizes
    padding: Sizes

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_Window):
    """`AvgPool2d` over sequences [N, C, L] or [C, L]; parameters and errors as there."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        given = kernel_size if stride is None else stride
        self.kernel_size = sizes("AvgPool1d", "kernel_size", kernel_size, 1, least=1)
        self.stride = sizes("AvgPool1d", "stride", given, 1, least=1)
        self.padding = sizes("AvgPool1d", "padding", padding, 1, least=0)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return _core.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AvgPool2d(_Window):
    """The mean of each window of each channel.

    Parameters
    ----------
    kernel_size, stride, padding : int or (int, int)
        As in `MaxPool2d`; padding is zeros.
    ceil_mode : bool, default False
        As in `MaxPool2d`.
    count_include_pad : bool, default True
        Whether padding counts in the mean's divisor.
    divisor_override : int, optional
        Divides the window's sum instead of its size.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = checked("AvgPool2d", "kernel_size", kernel_size, 2, least=1)
        self.stride = kernel_size if stride is None else checked("AvgPool2d", "stride", stride, 2, least=1)
        self.padding = checked("AvgPool2d", "padding", padding, 2, least=0)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return _core.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class _LPPool(Module):
    """The p-norm of each window, over any number of dimensions."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, norm_type: float, kernel_size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.norm_type = norm_type
        self.kernel_size = checked(name, "kernel_size", kernel_size, self.dims, least=1)
        self.stride = None if stride is None else checked(name, "stride", stride, self.dims, least=1)
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """`LPPool2d` over sequences [N, C, L] or [C, L]; parameters as there."""

    dims = 1
    function = staticmethod(_core.lp_pool1d)


class LPPool2d(_LPPool):
    """``sum(x^p)^(1/p)`` of each window of each channel.

    Parameters
    ----------
    norm_type : float
        The p: 1 is the sum, infinity the maximum.
    kernel_size, stride : int or (int, int)
        As in `MaxPool2d`.
    ceil_mode : bool, default False
    """

    dims = 2
    function = staticmethod(_core.lp_pool2d)


class _MaxUnpool(_Window):
    """Maxima back to where they were found, over any number of dimensions."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        super().__init__()
        name, given = type(self).__name__, kernel_size if stride is None else stride
        self.kernel_size = sizes(name, "kernel_size", kernel_size, self.dims, least=1)
        self.stride = sizes(name, "stride", given, self.dims, least=1)
        self.padding = sizes(name, "padding", padding, self.dims, least=0)

    def forward(self, input: Tensor, indices: Tensor, output_size: tuple[int, ...] | None = None) -> Tensor:
        return self.function(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpool):
    """`MaxUnpool2d` over sequences [N, C, L] or [C, L]; parameters as there."""

    dims = 1
    function = staticmethod(_core.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Puts maxima back where `MaxPool2d` found them, zeros elsewhere (Zeiler & Fergus, 2014).

    Called with the maxima, the indices that `MaxPool2d` returned, and, where the pooling lost the input's
    size by rounding, that size.

    Parameters
    ----------
    kernel_size, stride, padding : int or (int, int)
        Those of the pooling.
    """

    dims = 2
    function = staticmethod(_core.max_unpool2d)
