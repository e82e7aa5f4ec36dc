"""Operands of the kernel sweeps: where they lie in memory, and poison in every element beside theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lib import EPS

import tinygrad_ext as tg

SIZES = range(1, 71)
PLACES = (
    "contiguous",
    "offset 1",
    "offset 2",
    "offset 3",
    "in wide rows",
    "every other row",
    "in columns",
    "transposed",
)
POISON = {"f": np.nan, "i": 7777, "u": 177, "b": True}


def frame(shape: tuple[int, ...], where: str) -> tuple[tuple[int, ...], Callable[[Any], Any]]:
    """The shape of the memory around an array of `shape`, and what finds the array in it: NumPy's or ours."""
    if where.startswith("offset"):
        start, size = int(where[-1]), int(np.prod(shape))
        return (size + 8,), lambda x: x[start : start + size].reshape(shape)
    if where == "contiguous" or not shape:
        return shape, lambda x: x
    *outer, n = shape
    if where == "in wide rows":
        return (*outer, n + 5), lambda x: x[..., 1 : n + 1]
    if where == "in columns":
        return (*outer, 2 * n + 1), lambda x: x[..., 1::2]
    if where == "every other row":
        return (2 * shape[0] + 1, *shape[1:]), lambda x: x[1::2]
    if len(shape) == 1:  # every third element
        return (3 * n + 2,), lambda x: x[2::3]
    return (*outer[:-1], n, outer[-1]), lambda x: x.swapaxes(-1, -2)


def place(array: np.ndarray, where: str) -> tg.Tensor:
    """A tensor equal to `array` that lies as `where` says."""
    return Framed(array, where).tensor


class Framed:
    """A tensor to be written to, and the memory around it."""

    def __init__(self, array: np.ndarray, where: str) -> None:
        shape, self.find = frame(array.shape, where)
        memory = np.full(shape, POISON[array.dtype.kind], array.dtype)
        self.find(memory)[...] = array
        self.memory = tg.tensor(memory)
        self.tensor = self.find(self.memory)

    def assert_untouched(self, what: str) -> None:
        """Everything around the tensor is as it was."""
        memory = self.memory.numpy().copy()
        poison = POISON[memory.dtype.kind]
        self.find(memory)[...] = poison
        np.testing.assert_array_equal(
            memory, np.full_like(memory, poison), err_msg=f"{what}: beside the result"
        )


def gamma(n: int | np.ndarray, dtype: str) -> Any:
    """The relative error of `n` rounded operations in a row; in float64 the reference has it too.

    N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., lemma 3.1.
    """
    unit = n * EPS[dtype] / 2
    return unit / (1 - unit) * (2 if dtype == "float64" else 1)
