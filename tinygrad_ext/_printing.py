"""How tensors are printed: `repr(x)` and the options for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=float("inf")),
}
_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors are printed from here on; what is not given stays as it is.

    Parameters
    ----------
    precision : int, optional
        Digits after the point of floating elements; 4 at first.
    threshold : float, optional
        Tensors of more elements are shortened; 1000 at first.
    edgeitems : int, optional
        Elements at each end of each dim of a shortened tensor; 3 at first.
    linewidth : int, optional
        Characters in a line; 80 at first.
    profile : {'default', 'short', 'full'}, optional
        All of the above at once: as at first, with 2 digits and 2 elements at each end, or never shortened.
    sci_mode : bool, optional
        Whether floating elements are printed as 1.0000e+00. Unless given, their range decides.

    Raises
    ------
    ValueError
        A profile of another name, or a negative number.
    """
    if profile is not None and profile not in _PROFILES:
        raise ValueError(
            f"set_printoptions(): profile must be one of {', '.join(_PROFILES)}, got {profile!r}"
        )
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is not None and not value >= 0:
            raise ValueError(f"set_printoptions(): {name} must not be negative, got {value}")
    if profile is not None:
        vars(_options).update(vars(_PROFILES[profile]))
    vars(_options).update({name: value for name, value in given.items() if value is not None})
    _options.sci_mode = sci_mode


def _number_format(values: Any) -> Callable[[Any], str]:
    """PyTorch's choice for a whole tensor: integral, with decimals, or scientific for a wide range."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    digits, scientific = _options.precision, _options.sci_mode
    integral = bool((sizes == np.round(sizes)).all())
    if scientific is None and sizes.size:
        least, most = float(sizes.min()), float(sizes.max())
        scientific = bool(most > 1e8 or most > 1000 * least or (least < 1e-4 and not integral))
    if scientific:
        return lambda x: f"{x:.{digits}e}"
    if integral:
        return lambda x: f"{x:.0f}." if np.isfinite(x) else str(x)
    return lambda x: f"{x:.{digits}f}"


def _shown(values: Any) -> Any:
    """The elements that are printed."""
    if values.size <= _options.threshold:
        return values
    for axis, size in enumerate(values.shape):
        ends = np.arange(size)
        ends = ends[(ends < _options.edgeitems) | (ends >= size - _options.edgeitems)]
        values = values.take(ends, axis)
    return values


def represent(self: Tensor) -> str:
    """The values, and the dtype where it is not the one that such values have by default."""
    try:
        kept = self.detach()
        values = np.asarray((kept.float() if kept.dtype == _core.bfloat16 else kept).numpy())
    except RuntimeError:
        return f"tensor(<values freed>, shape={list(self.shape)}, dtype={self.dtype!r})"
    formatter: Any = None
    if self.dtype.is_floating_point and values.size:
        shown = _shown(values)
        number = _number_format(shown)
        width = max((len(number(x)) for x in shown.flat), default=0) if self.ndim else 0
        formatter = {"float_kind": lambda x: number(x).rjust(width)}
    text = np.array2string(
        values,
        separator=", ",
        prefix="tensor(",
        formatter=formatter,
        threshold=int(min(_options.threshold, values.size)),
        edgeitems=_options.edgeitems,
        max_line_width=_options.linewidth,
    )
    parts = [text]
    if values.size == 0 and self.ndim != 1:
        parts = [f"[], size={tuple(self.shape)}"]
    floating = _core.get_default_dtype()
    plain = self.dtype == floating if values.size == 0 else self.dtype in (floating, _core.int64, _core.bool)
    if not plain:
        parts.append(f"dtype={self.dtype!r}")
    if not self.is_leaf:
        parts.append(f"grad_fn=<{self._op}>")
    elif self.requires_grad:
        parts.append("requires_grad=True")
    if self.label:
        parts.append(f"label={self.label!r}")
    return f"tensor({', '.join(parts)})"
