"""`Conv2d`: two-dimensional convolution over images [N, C, H, W]."""

from __future__ import annotations

import math

from tinygrad_ext._core import Tensor, conv2d, dtype, zeros
from tinygrad_ext.nn import init
from tinygrad_ext.nn._pairs import Pair, pair
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter


class Conv2d(Module):
    """Cross-correlation of images with learned kernels, which deep learning calls convolution.

    Parameters
    ----------
    in_channels, out_channels : int
        Input ``[N, in_channels, H, W]`` or ``[in_channels, H, W]``; output the same with `out_channels` and
        ``H_out = (H + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1``, W likewise.
    kernel_size, stride, dilation : int or (int, int)
        In pixels; a pair is (vertical, horizontal).
    padding : int or (int, int), or "valid" or "same"
        Zeros added on each side, in pixels. "valid" adds none. "same" keeps the image's size, with the odd
        zero at the bottom and right; it needs stride 1.
    groups : int
        Splits the channels into groups that do not see each other; must divide both channel counts.
    bias : bool, default True
    dtype : dtype, default float32

    Attributes
    ----------
    weight : Parameter, [out_channels, in_channels // groups, kernel height, kernel width]
        Uniform in ±1/sqrt(values under one kernel) at first, as is the bias.
    bias : Parameter, [out_channels], or None

    Raises
    ------
    ValueError
        If a size is out of range, `groups` does not divide the channels, or padding "same" meets a stride.
    """

    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if groups < 1:
            raise ValueError(f"Conv2d: groups must be positive, got {groups}")
        if in_channels < 1 or out_channels < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                "Conv2d: channels must be positive multiples of groups, got "
                f"in_channels={in_channels}, out_channels={out_channels}, groups={groups}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size, least=1)
        self.stride = pair("Conv2d", "stride", stride, least=1)
        self.dilation = pair("Conv2d", "dilation", dilation, least=1)
        self.groups = groups
        if not isinstance(padding, str):
            self.padding: Pair | str = pair("Conv2d", "padding", padding, least=0)
        elif padding in ("same", "valid"):
            self.padding = padding
        else:
            raise ValueError(f'Conv2d: padding must be numbers, "same" or "valid", got {padding!r}')
        if padding == "same" and self.stride != (1, 1):
            raise ValueError(f'Conv2d: padding "same" needs stride 1, got {self.stride}')
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(zeros(shape, dtype=dtype))
        self.register_parameter("bias", Parameter(zeros((out_channels,), dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, in this order, so that a seed gives the values it gives in PyTorch."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}"]
        parts += [f"kernel_size={self.kernel_size}", f"stride={self.stride}"]
        if self.padding != (0, 0):
            parts.append(f"padding={self.padding}")
        if self.dilation != (1, 1):
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)
