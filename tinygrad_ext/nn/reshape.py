"""Modules that only move or resize values: flattening, shuffling, unfolding windows, resampling images."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn._sizes import Sizes
from tinygrad_ext.nn.module import Module

Factor: TypeAlias = float | tuple[float, ...]


class _Reshaping(Module):
    """A module whose repr shows the settings named in `shown`."""

    shown: ClassVar[tuple[str, ...]] = ()

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)


class Flatten(_Reshaping):
    """Joins a range of dimensions into one; by default all but the first, the batch.

    Parameters
    ----------
    start_dim, end_dim : int
        The first and the last dimension joined; negative ones count from the end.
    """

    shown = ("start_dim", "end_dim")

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)


class Unflatten(_Reshaping):
    """Splits one dimension into several, whose product is its size; one of them may be -1.

    Parameters
    ----------
    dim : int
    unflattened_size : tuple of int

    Raises
    ------
    TypeError
        If the sizes are not a tuple or list of integers.
    """

    shown = ("dim", "unflattened_size")

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, tuple | list) or any(
            not isinstance(n, int) for n in unflattened_size
        ):
            raise TypeError(f"Unflatten: unflattened_size must be a tuple of ints, got {unflattened_size!r}")
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)


class PixelShuffle(_Reshaping):
    """[..., C r², H, W] to [..., C, H r, W r]: channels become pixels (Shi et al., 2016)."""

    shown = ("upscale_factor",)

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return _core.pixel_shuffle(input, self.upscale_factor)


class PixelUnshuffle(_Reshaping):
    """[..., C, H r, W r] to [..., C r², H, W]: the inverse of `PixelShuffle`."""

    shown = ("downscale_factor",)

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return _core.pixel_unshuffle(input, self.downscale_factor)


class ChannelShuffle(_Reshaping):
    """Deals the channels of [N, C, ...] out to groups in turn (Zhang et al., 2018)."""

    shown = ("groups",)

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return _core.channel_shuffle(input, self.groups)


class Unfold(_Reshaping):
    """The windows of images [N, C, H, W] as columns [N, C window, number of windows]."""

    shown = ("kernel_size", "dilation", "padding", "stride")

    def __init__(
        self, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
    ) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return _core.im2col(input, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(_Reshaping):
    """The sum of windows, given as columns, into images of `output_size`: the transpose of `Unfold`."""

    shown = ("output_size", "kernel_size", "dilation", "padding", "stride")

    def __init__(
        self,
        output_size: Sizes,
        kernel_size: Sizes,
        dilation: Sizes = 1,
        padding: Sizes = 0,
        stride: Sizes = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        window = self.kernel_size, self.dilation, self.padding, self.stride
        return _core.col2im(input, self.output_size, *window)


class Upsample(Module):
    """Resamples sequences or images to a size, or by a factor; see `functional.interpolate`.

    Parameters
    ----------
    size : int or tuple, optional
        The output's, in pixels.
    scale_factor : float or tuple, optional
        Or how many times larger it is.
    mode : {"nearest", "linear", "bilinear", "bicubic"} and those of `interpolate`
    align_corners : bool, optional
        Whether the corner pixels' centres stay where they are; not for "nearest".
    recompute_scale_factor : bool, optional
        Whether the factor used is that of the rounded sizes.
    """

    def __init__(
        self,
        size: Sizes | None = None,
        scale_factor: Factor | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.scale_factor: Factor | None = None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(float(factor) for factor in scale_factor)
        elif scale_factor is not None:
            self.scale_factor = float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        factor: Any = self.scale_factor
        return _core.interpolate(
            input, self.size, factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        how = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{how}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """`Upsample` of images by repeating pixels."""

    def __init__(self, size: Sizes | None = None, scale_factor: Factor | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """`Upsample` of images between pixels, with aligned corners."""

    def __init__(self, size: Sizes | None = None, scale_factor: Factor | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
