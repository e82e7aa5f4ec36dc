"""Convolution over sequences [N, C, L] and images [N, C, H, W], and its transpose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor, dtype
from tinygrad_ext.nn import init
from tinygrad_ext.nn._sizes import Sizes, sizes
from tinygrad_ext.nn.make import Device, blank
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter

_MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Module):
    """What all share: settings, checks, and the parameters with their initial values."""

    dims: ClassVar[int]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None
    padding: tuple[int, ...] | str

    def _configure(
        self,
        channels: tuple[int, int],
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes | str,
        dilation: Sizes,
        output_padding: Sizes,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Device,
        dtype: dtype | None,
    ) -> None:
        name = type(self).__name__
        in_channels, out_channels = channels
        if groups < 1:
            raise ValueError(f"{name}: groups must be positive, got {groups}")
        if in_channels < 1 or out_channels < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: channels must be positive multiples of groups, got "
                f"in_channels={in_channels}, out_channels={out_channels}, groups={groups}"
            )
        self.in_channels, self.out_channels = channels
        self.kernel_size = sizes(name, "kernel_size", kernel_size, self.dims, least=1)
        self.stride = sizes(name, "stride", stride, self.dims, least=1)
        self.dilation = sizes(name, "dilation", dilation, self.dims, least=1)
        self.output_padding = sizes(name, "output_padding", output_padding, self.dims, least=0)
        self.groups = groups
        if not isinstance(padding, str):
            self.padding = sizes(name, "padding", padding, self.dims, least=0)
        elif padding in ("same", "valid") and not self.transposed:
            self.padding = padding
        else:
            raise ValueError(f'{name}: padding must be numbers, "same" or "valid", got {padding!r}')
        if padding == "same" and self.stride != (1,) * self.dims:
            raise ValueError(f'{name}: padding "same" needs stride 1, got {self.stride}')
        modes = _MODES[:1] if self.transposed else _MODES
        if padding_mode not in modes:
            raise ValueError(f"{name}: padding_mode must be one of {', '.join(modes)}, got {padding_mode!r}")
        self.padding_mode = padding_mode
        of, to = channels if self.transposed else (out_channels, in_channels)
        self.weight = blank((of, to // groups, *self.kernel_size), device, dtype)
        self.register_parameter("bias", blank((out_channels,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, in this order, so that a seed gives the values it gives in PyTorch."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        zeros, ones = (0,) * self.dims, (1,) * self.dims
        parts = [f"{self.in_channels}, {self.out_channels}"]
        parts += [f"kernel_size={self.kernel_size}", f"stride={self.stride}"]
        usual = {"padding": zeros, "dilation": ones, "output_padding": zeros, "groups": 1}
        parts += [f"{n}={getattr(self, n)}" for n, v in usual.items() if getattr(self, n) != v]
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Forward(_Conv):
    """Convolution itself: the constructor and what a call does, over any number of dimensions."""

    function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        window = kernel_size, stride, padding, dilation, 0
        self._configure((in_channels, out_channels), *window, groups, bias, padding_mode, device, dtype)
        self._edges: tuple[int, ...] = ()  # what `pad` adds where the mode is not zeros
        if padding_mode != "zeros":
            for d in reversed(range(self.dims)):
                if isinstance(self.padding, tuple):
                    before = after = self.padding[d]
                else:
                    total = self.dilation[d] * (self.kernel_size[d] - 1) if padding == "same" else 0
                    before, after = total // 2, total - total // 2
                self._edges += (before, after)

    def forward(self, input: Tensor) -> Tensor:
        padding: Sizes | str = self.padding
        if self._edges:
            input, padding = _core.pad(input, self._edges, self.padding_mode), 0
        return self.function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Forward):
    """`Conv2d` over sequences: input [N, in_channels, L] or [in_channels, L].

    Parameters, attributes and errors as there, with one number, or a tuple of one, for each size.
    """

    dims = 1
    function = staticmethod(_core.conv1d)


class Conv2d(_Forward):
    """Cross-correlation of images with learned kernels, which deep learning calls convolution.

    Parameters
    ----------
    in_channels, out_channels : int
        Input ``[N, in_channels, H, W]`` or ``[in_channels, H, W]``; output the same with `out_channels` and
        ``H_out = (H + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1``, W likewise.
    kernel_size, stride, dilation : int or (int, int)
        In pixels; a pair is (vertical, horizontal).
    padding : int or (int, int), or "valid" or "same"
        Pixels added on each side. "valid" adds none. "same" keeps the image's size, with the odd
        one at the bottom and right; it needs stride 1.
    groups : int
        Splits the channels into groups that do not see each other; must divide both channel counts.
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What is added, as in `functional.pad`.
    device, dtype
        As in `Linear`.

    Attributes
    ----------
    weight : Parameter, [out_channels, in_channels // groups, kernel height, kernel width]
        Uniform in ±1/sqrt(values under one kernel) at first, as is the bias.
    bias : Parameter, [out_channels], or None

    Raises
    ------
    ValueError
        If a size is out of range, `groups` does not divide the channels, padding "same" meets a stride, or
        the mode is unknown.
    """

    dims = 2
    function = staticmethod(_core.conv2d)


class _Transposed(_Conv):
    """The transpose of a convolution, over any number of dimensions."""

    transposed = True
    function: ClassVar[Callable[..., Tensor]]
    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        window = kernel_size, stride, padding, dilation, output_padding
        self._configure((in_channels, out_channels), *window, groups, bias, padding_mode, device, dtype)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the transposed convolution, of the size asked for where several are possible."""
        extra = self.output_padding if output_size is None else self._reach(input, list(output_size))
        return self.function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _reach(self, input: Tensor, wanted: list[int]) -> tuple[int, ...]:
        """The output padding that gives an output size, which may be given with the leading dims."""
        place = tuple(input.shape)[-self.dims :]
        leading = input.ndim - self.dims
        given = wanted[leading:] if len(wanted) == input.ndim else wanted
        least = [
            (place[d] - 1) * self.stride[d]
            - 2 * self.padding[d]
            + self.dilation[d] * (self.kernel_size[d] - 1)
            + 1
            for d in range(self.dims)
        ]
        most = [least[d] + self.stride[d] - 1 for d in range(self.dims)]
        if len(given) != self.dims or any(
            not a <= n <= b for a, n, b in zip(least, given, most, strict=True)
        ):
            raise ValueError(
                f"{type(self).__name__}: output_size {wanted} is not possible for an input of "
                f"{tuple(input.shape)}; the sizes go from {least} to {most}"
            )
        return tuple(n - a for n, a in zip(given, least, strict=True))


class ConvTranspose1d(_Transposed):
    """`ConvTranspose2d` over sequences: input [N, in_channels, L] or [in_channels, L].

    Parameters, attributes and errors as there, with one number, or a tuple of one, for each size.
    """

    dims = 1
    function = staticmethod(_core.conv_transpose1d)


class ConvTranspose2d(_Transposed):
    """The transpose of `Conv2d`: it makes images larger where a stride makes them smaller.

    It is the gradient of a convolution by its input, also called a fractionally strided convolution or,
    wrongly, a deconvolution (Zeiler et al., 2010).

    Parameters
    ----------
    in_channels, out_channels : int
        Input ``[N, in_channels, H, W]`` or ``[in_channels, H, W]``; output the same with `out_channels` and
        ``H_out = (H - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1``.
    kernel_size, stride, padding, dilation : int or (int, int)
        Those of the convolution whose transpose it is.
    output_padding : int or (int, int)
        Added to one side of the output's size: with a stride, several sizes have the same convolution.
    groups, bias, device, dtype
        As in `Conv2d`.
    padding_mode : {"zeros"}

    Attributes
    ----------
    weight : Parameter, [in_channels, out_channels // groups, kernel height, kernel width]
    bias : Parameter, [out_channels], or None

    Raises
    ------
    ValueError
        As `Conv2d`; and from a call, if its `output_size` is not possible.
    """

    dims = 2
    function = staticmethod(_core.conv_transpose2d)
