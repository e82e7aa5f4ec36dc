"""Work of growing size: elementwise additions of 1 to 10^7 elements, graphs of 10 to 10^6 nodes.

These are no comparison of their own but the points of the report's curves, so `python -m bench list` leaves
them out. Larger sizes than a library's limit are not asked of it.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from bench.case import Case, Make, Run
from bench.cases.inputs import of, tensors
from bench.cases.ops import chain

SIZES = tuple(10**k for k in range(8))
NODES = tuple(10**k for k in range(1, 7))
STABLE = (0.999, 0.001)  # factor and term of a chain whose values stay near 1, however long it is
LIMITS = {"torch": 10**5, "micrograd": 10**4}  # nodes: seconds per graph, and micrograd's recursion


def add(n: int) -> Make:
    def make(lib: Any) -> Run:
        a, b = tensors(lib, (n,), (n,))
        return lambda: a + b

    return make


def value_chain(n: int) -> Make:
    """n operations one after the other, forward and backward, on micrograd's numbers."""

    def make(lib: Any) -> Run:
        if lib.__name__ == "micrograd":
            from micrograd.engine import Value

            sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * n + 1000))
        else:
            from tinygrad_ext.micrograd.engine import Value

        factor, term = STABLE

        def run() -> Any:
            x = Value(1.0)
            y = x
            for _ in range(n // 2):
                y = y * factor
                y = y + term
            y.backward()
            return y.data, x.grad

        return run

    return make


@cache
def every() -> dict[str, tuple[Case, float]]:
    """Cases with their sizes, by label; a group is a curve."""
    found: list[tuple[Case, float]] = []
    for n in SIZES:
        both = of(lambda lib, a, b: a + b, (n,), (n,), backward=True)
        found.append((Case("add", str(n), dict.fromkeys(("tinygrad_ext", "torch", "numpy"), add(n))), n))
        found.append(
            (Case("add, forward and backward", str(n), dict.fromkeys(("tinygrad_ext", "torch"), both)), n)
        )
    for n in NODES:
        for group, make, peer in (
            ("chain of tensors", chain(n // 2, *STABLE), "torch"),
            ("chain of Values", value_chain(n), "micrograd"),
        ):
            libraries = ("tinygrad_ext", peer) if n <= LIMITS[peer] else ("tinygrad_ext",)
            found.append((Case(group, str(n), dict.fromkeys(libraries, make)), n))
    return {case.label: (case, size) for case, size in found}


def find(label: str) -> Case:
    return every()[label][0]
