"""Every case with every library that can do it: what was measured, in pytest-benchmark's tables and files.

The libraries of a case take turns, each in a process of its own (measure.py); the tests only hand over what
came of it, by a clock that stands at the sum of the turns told so far.
"""

from __future__ import annotations

import pytest

from bench.cases import every
from bench.libraries import version
from bench.measure import BYTES, OURS


class Clock:
    """Goes on by a turn each time one is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def tell(self, turns) -> None:
        self.now += next(turns)


CLOCK = Clock()
TESTS = [
    pytest.param(label, library, id=f"{label}, {library}")
    for label, case in every().items()
    for library in case.makers
]


@pytest.mark.parametrize(("label", "library"), TESTS)
@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.filterwarnings("ignore:Benchmark fixture was not used")  # where there is nothing to tell
def test_case(label, library, measured, benchmark):
    """Skipped without the library; where a peer fails or disagrees, xfailed with the reason."""
    found = measured(label)
    case, outcome = found.case, found.outcomes[library]
    if outcome.problem == "not installed":
        pytest.skip(f"{library} is not installed")
    if outcome.problem and library == OURS:
        pytest.fail(outcome.problem)
    if outcome.problem:
        pytest.xfail(f"{library} {outcome.problem}")
    benchmark.group = label + (" (bytes, not seconds)" if case.kind in BYTES else "")
    benchmark.name = library
    low, high = outcome.quartiles
    benchmark.extra_info |= {
        "case": label,
        "kind": case.kind,
        "library": library,
        "version": version(library),
        "spread": (high - low) / outcome.median if outcome.median else 0.0,
    }
    if library != OURS:
        benchmark.extra_info["ratio"] = found.ratio(library)
    if case.flops:
        benchmark.extra_info["flops"] = case.flops
        benchmark.extra_info["peak share"] = case.flops / outcome.median / found.peak
    turns = iter(outcome.turns)
    benchmark.pedantic(CLOCK.tell, (turns,), rounds=len(outcome.turns))
