"""One piece of work that several libraries can do; it says how each of them is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Run = Callable[[], Any]


@dataclass(frozen=True)
class Step:
    """A run that changes what it works on, or computes more than it returns.

    Attributes
    ----------
    run : callable
        What is timed.
    compared : callable
        What gives the results to compare; called once, instead of the first `run`.
    """

    run: Run
    compared: Run


Make = Callable[[Any], Run | Step]


def steps(run: Run, gradients: Callable[[], Sequence[Any]], count: int = 3) -> Step:
    """Steps of a training: compared are the gradients of the first and the losses of the first `count`.

    A loss tells of the updates before it, in a measure that forgives what they do to a weight without
    influence, where Adam makes a whole step of a rounding error.

    Parameters
    ----------
    run : callable
        One step; returns its loss.
    gradients : callable
        Those of the last step, for each parameter in the model's order.
    """

    def compared() -> Any:
        first = numbers(run())
        return [first, numbers(list(gradients())), [numbers(run()) for _ in range(count - 1)]]

    return Step(run, compared)


def numbers(result: Any) -> list[np.ndarray]:
    """What a run returned, as arrays of float64."""
    if isinstance(result, tuple | list):
        return [array for part in result for array in numbers(part)]
    if hasattr(result, "detach"):
        result = result.detach()
    return [np.array(result, dtype=np.float64)]  # a copy: the next step may write where the result lies


@dataclass(frozen=True)
class Case:
    """A piece of work: `makers[library](module)` prepares it and gives a function that does it, or a `Step`.

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
        The ratio to `rival` that the project asks of itself.
    rival : str
        The peer that the target was set against; the best one if it is empty.
    tolerance : float
        Greatest difference between two libraries' results, as a part of the largest value.
    double : bool
        Whether the peak to compare with is that of double precision.
    kind : str
        "time", in seconds; "peak": bytes that a fresh process takes at most, beyond what it has after
        importing the library; "import": seconds; "size": bytes installed. The last two need no maker.
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
    rival: str = ""

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
