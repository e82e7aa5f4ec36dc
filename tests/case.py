"""The vocabulary of the op table: an array to draw, a sample call, and a row (`Case`).

Nothing here knows the library under test; `lib.py` does.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FLOATS = ("float32", "float64")
INTS = ("int64", "int32", "uint8")
NUMBERS = FLOATS + INTS
ALL = (*NUMBERS, "bool")


class Late:
    """A module that is imported when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


torch: Any = Late("torch")  # rows say with it what PyTorch says otherwise; the table does without PyTorch


@dataclass(frozen=True)
class Arr:
    """An array to be drawn: a `value` has the dtype under test and is differentiated, other kinds are not."""

    shape: tuple[int, ...]
    kind: str = "value"  # value | const | mask | index
    low: float | None = None  # None: the domain of the row
    high: float | None = None
    distinct: bool = False  # evenly spaced values in random order: no ties, no kinks nearby
    values: Any = field(default=None, hash=False)  # given instead of drawn

    def __repr__(self) -> str:
        return f"{self.kind}{self.shape if self.values is None else self.values}"


@dataclass(frozen=True)
class DType:
    """A dtype by name, turned into the library's own object at the call; None means the dtype under test."""

    name: str | None = None


@dataclass(frozen=True)
class Sample:
    """One call of an op."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    smooth: bool = True  # False: a kink or a pole lies in the data, so no gradient is compared
    torch: bool = True  # False: PyTorch cannot differentiate this call

    def __repr__(self) -> str:
        return f"({', '.join([*map(repr, self.args), *(f'{k}={v!r}' for k, v in self.kwargs.items())])})"


def call(*args: Any, **kwargs: Any) -> Sample:
    """A sample call."""
    return Sample(args, kwargs)


def rough(*args: Any, **kwargs: Any) -> Sample:
    """A sample whose value is compared but not its gradient."""
    return Sample(args, kwargs, smooth=False)


def ours(*args: Any, **kwargs: Any) -> Sample:
    """A sample whose gradient PyTorch does not give."""
    return Sample(args, kwargs, torch=False)


def A(*shape: int, low: float | None = None, high: float | None = None, distinct: bool = False) -> Arr:
    """A differentiated array of the dtype under test."""
    return Arr(shape, "value", low, high, distinct)


def C(*shape: int, low: float | None = None, high: float | None = None) -> Arr:
    """An array of the dtype under test that is never differentiated."""
    return Arr(shape, "const", low, high)


def M(*shape: int) -> Arr:
    """A boolean array."""
    return Arr(shape, "mask")


def I(*shape: int, high: int, low: int = 0) -> Arr:  # noqa: E743 - one letter, as its neighbours
    """An int64 array with values in [low, high)."""
    return Arr(shape, "index", low, high)


def V(values: Any, kind: str = "value") -> Arr:
    """An array with given values."""
    return Arr(np.shape(values), kind, values=values)


@dataclass(frozen=True)
class Case:
    """One op: how to call it, what it must return, how exact it is and where it is defined.

    `reference` takes the arguments of the call with NumPy arrays in place of tensors; it is given float64
    for every float dtype and its result is cast to the dtype that `result` names.
    """

    name: str
    reference: Callable[..., Any]
    samples: tuple[Sample, ...]
    dtypes: tuple[str, ...] = FLOATS
    # same | float (integers become float32) | wide (integers become int64) | given |
    # a dtype; or one of these per output
    result: str | tuple[str, ...] = "same"
    order: int = 2  # how often it is differentiable
    domain: tuple[float, float] = (-2.0, 2.0)
    away: float = 0.0  # |x| >= away, for kinks and poles at zero
    # |got - want| <= eps (ulp |want| + scale max|x|), or eps ulp reference(|x|) when `by_abs`
    ulp: float = 1.0
    scale: float = 0.0
    by_abs: bool = False
    absolute: float = 0.0  # allowed on top, in eps, where small results are differences of large ones
    # tg: tg.name(x); method: x.name(); F: tg.nn.functional.name(x); core: tg._core.name(x), for internal ops;
    # linalg: tg.linalg.norm(x) for an op named linalg_norm; special likewise
    forms: tuple[str, ...] = ("tg", "method")
    called: str = ""  # the name in these forms, where that is not the op's
    operator: Callable[..., Any] | None = None  # the only way to call it with a leading scalar
    layouts: bool = True  # also called on transposed and sliced arrays
    inplace: bool = False  # has a form with a trailing underscore
    torch: Callable[..., Any] | None = None  # PyTorch's way to say it, when it is not by the same name
    sugar: bool = False  # made of other ops: not in `_core.OPS`

    def __repr__(self) -> str:
        return self.name


def functional(name: str, reference: Callable[..., Any], samples: tuple[Sample, ...], **options: Any) -> Case:
    """A row of nn.functional."""
    return Case(name, reference, samples, **{"forms": ("F",), **options})


def tree_map(f: Callable[[Any], Any], x: Any) -> Any:
    """`x` with `f` applied to every leaf of its nested tuples, lists and dicts."""
    if isinstance(x, (tuple, list)):
        return type(x)(tree_map(f, v) for v in x)
    if isinstance(x, dict):
        return {k: tree_map(f, v) for k, v in x.items()}
    return f(x)


def leaves(x: Any) -> list[Any]:
    """The leaves of nested tuples, lists and dicts, in order."""
    found: list[Any] = []
    tree_map(found.append, x)
    return found


def samples_for(case: Case, dtype: str) -> list[tuple[int, Sample]]:
    """The samples that make sense in `dtype`.

    A Python float would promote an integer array, and some ranges contain no integer; nor is NaN one.
    """

    def fits(v: Any) -> bool:
        if isinstance(v, Arr) and v.values is not None:
            return bool(np.isfinite(np.asarray(v.values, float)).all())
        if isinstance(v, Arr) and None not in (v.low, v.high):
            return int(np.ceil(v.low)) <= int(np.floor(v.high))
        return not isinstance(v, float)

    return [
        (i, s)
        for i, s in enumerate(case.samples)
        if dtype in FLOATS or all(map(fits, leaves((s.args, s.kwargs))))
    ]


def draw(case: Case, index: int, dtype: str) -> Sample:
    """Sample `index` of `case` with its `Arr` replaced by `Drawn` arrays; the same on every run."""
    sample = case.samples[index]
    rng = np.random.default_rng(zlib.crc32(f"{case.name}/{index}".encode()))

    def convert(v: Any) -> Any:
        return Drawn(v.kind, array(v, case, rng, dtype)) if isinstance(v, Arr) else v

    return tree_map_sample(convert, sample)


@dataclass(frozen=True, eq=False)
class Drawn:
    """An `Arr` with its numbers."""

    kind: str
    array: np.ndarray


def tree_map_sample(f: Callable[[Any], Any], s: Sample) -> Sample:
    """`tree_map` over the arguments of a sample."""
    return Sample(tree_map(f, s.args), tree_map(f, s.kwargs), s.smooth, s.torch)


def array(spec: Arr, case: Case, rng: np.random.Generator, dtype: str) -> np.ndarray:
    """Draw one array."""
    dtype = {"mask": "bool", "index": "int64"}.get(spec.kind, dtype)
    if spec.values is not None:
        return np.array(spec.values, dtype)
    if dtype == "bool":
        return rng.random(spec.shape) < 0.5
    low = case.domain[0] if spec.low is None else spec.low
    high = case.domain[1] if spec.high is None else spec.high
    size = int(np.prod(spec.shape))
    if spec.kind == "index":
        return rng.integers(int(low), max(int(high), int(low) + 1), spec.shape)
    if dtype in FLOATS:
        x = rng.permutation(np.linspace(low, high, size)) if spec.distinct else rng.uniform(low, high, size)
        if case.away:
            x = np.where(np.abs(x) < case.away, np.copysign(case.away + np.abs(x), x), x)
        return x.reshape(spec.shape).astype(dtype)
    first, last = int(np.ceil(low)), int(np.floor(high))
    first = max(first, 0) if dtype == "uint8" else first
    x = first + rng.permutation(size) if spec.distinct else rng.integers(first, last + 1, size)
    if case.away:
        x = np.where(x == 0, max(last, 1), x)
    return np.asarray(x).reshape(spec.shape).astype(dtype)
