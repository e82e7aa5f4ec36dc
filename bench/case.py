"""One piece of work that several libraries can do; it says how each of them is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Run = Callable[[], Any]
Make = Callable[[Any], Run]


@dataclass(frozen=True)
class Case:
    """A piece of work: `makers[library](module)` prepares it and gives a function that does it.

    The function takes nothing and returns what it computed (an array, a tensor or a tuple of them: outputs
    and gradients), finished and not merely promised, so that results can be compared before any timing.

    Attributes
    ----------
    group, name : str
        Shown as "group name", which is unique.
    makers : mapping
        One for each library that has the means, by its name in `libraries.py`.
    flops : float
        Floating-point operations, a multiply-add as two; 0 where their number says nothing.
    bytes : float
        What has to be read and written at least, from and to memory; 0 likewise.
    target : float
        The ratio to the best peer that the project asks of itself.
    tolerance : float
        Greatest difference between two libraries' results, as a part of the largest value.
    double : bool
        Whether the peak to compare with is that of double precision.
    kind : str
        "time"; "peak": the peak of a fresh process' memory beyond what importing the library takes.
    """

    group: str
    name: str
    makers: Mapping[str, Make]
    flops: float = 0.0
    bytes: float = 0.0
    target: float = 1.0
    tolerance: float = 1e-4
    double: bool = False
    kind: str = "time"

    @property
    def label(self) -> str:
        return f"{self.group} {self.name}"

    @property
    def peers(self) -> tuple[str, ...]:
        return tuple(name for name in self.makers if name != "tinygrad_ext")


def alike(make: Make, *others: str) -> dict[str, Make]:
    """The same function for both libraries with PyTorch's names, and for `others` that it serves too."""
    return dict.fromkeys(("tinygrad_ext", "torch", *others), make)


def arrays(*shapes: tuple[int, ...], double: bool = False, seed: int = 0) -> list[np.ndarray]:
    """Normal numbers, the same for every library."""
    random = np.random.default_rng(seed)
    return [random.standard_normal(s).astype(np.float64 if double else np.float32) for s in shapes]
