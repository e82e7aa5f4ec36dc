"""Modules that add a border to sequences [N, C, L] or images [N, C, H, W]; the batch may be missing."""

from __future__ import annotations

from typing import ClassVar

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn._sizes import Sizes
from tinygrad_ext.nn.module import Module


class _Pad(Module):
    """A border of one kind.

    Parameters
    ----------
    padding : int or tuple of int
        How many are added: on every side, or (left, right), then (top, bottom) of images. Negative ones
        take away.

    Raises
    ------
    ValueError
        If it is not one int or two per dimension; from a call, if the input has too few dimensions.
    """

    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Sizes) -> None:
        super().__init__()
        given = (padding,) * (2 * self.dims) if isinstance(padding, int) else tuple(padding)
        if len(given) != 2 * self.dims:
            raise ValueError(
                f"{type(self).__name__}: padding must be an int or {2 * self.dims} ints, got {padding!r}"
            )
        self.padding = given

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise ValueError(
                f"{type(self).__name__}: expected {self.dims + 1} or {self.dims + 2} dimensions, "
                f"got {tuple(input.shape)}"
            )
        return _core.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    """A border of one value; any dimensions may stand before those padded."""

    def __init__(self, padding: Sizes, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return _core.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Adds `value` on both sides of the last dimension; `padding` is a number or (left, right)."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """Adds `value` around the last two dimensions; `padding` is a number or (left, right, top, bottom)."""

    dims = 2


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Sizes) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return str(self.padding)


class ZeroPad1d(_ZeroPad):
    """Adds zeros on both sides of the last dimension; `padding` as in `ConstantPad1d`."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Adds zeros around the last two dimensions; `padding` as in `ConstantPad2d`."""

    dims = 2


class ReflectionPad1d(_Pad):
    """Mirrors a sequence at its first and last value; `padding` as in `ConstantPad1d`."""

    dims, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Mirrors an image at its border pixels; `padding` as in `ConstantPad2d`."""

    dims, mode = 2, "reflect"


class ReplicationPad1d(_Pad):
    """Repeats the first and the last value; `padding` as in `ConstantPad1d`."""

    dims, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Repeats the border pixels; `padding` as in `ConstantPad2d`."""

    dims, mode = 2, "replicate"


class CircularPad1d(_Pad):
    """Continues a sequence as if it were a ring; `padding` as in `ConstantPad1d`."""

    dims, mode = 1, "circular"


class CircularPad2d(_Pad):
    """Continues an image as if it were a torus; `padding` as in `ConstantPad2d`."""

    dims, mode = 2, "circular"
