"""Parameters of a shape, before they get their values."""

from __future__ import annotations

from typing import TypeAlias

from tinygrad_ext._core import dtype, zeros
from tinygrad_ext.nn.parameter import Parameter

Device: TypeAlias = str | None


def blank(shape: tuple[int, ...], device: Device = None, dtype: dtype | None = None) -> Parameter:
    """Return a parameter of zeros; `device` can only be "cpu", `dtype` is the default one unless given."""
    return Parameter(zeros(shape, dtype=dtype, device=device))
