"""What a report is made of; stored as every turn of every library, so that it can be made again."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.case import Case
from bench.measure import BYTES, OURS, Measured, Outcome


@dataclass
class Curve:
    """One library's growth: seconds per call (median) at each size or number of threads."""

    name: str
    library: str
    sizes: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def exponent(self) -> float:
        """The slope of log time over log size, by least squares, over the upper half of the sizes."""
        upper = slice(len(self.sizes) // 2, None)
        if len(self.sizes[upper]) < 2:
            return float("nan")
        slope, _ = np.polyfit(np.log(self.sizes[upper]), np.log(self.seconds[upper]), 1)
        return float(slope)


@dataclass
class Report:
    """Everything a page shows.

    Attributes
    ----------
    machine : mapping
        Words about machine, versions and commit, by the name of the row they stand in.
    settings : mapping
        threads, rounds and seconds of each turn.
    peaks : mapping
        "float32 1", "float64 2": operations per second on so many threads; "memory 1": bytes per second.
    cases : list
        With all turns.
    sizes, threads : list
        Curves over elements or nodes, and over threads.
    history : list
        Rows of `history.py`.
    """

    machine: Mapping[str, str]
    settings: Mapping[str, Any]
    peaks: Mapping[str, float]
    cases: list[Measured]
    sizes: list[Curve] = field(default_factory=list)
    threads: list[Curve] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def groups(self) -> Iterator[tuple[str, list[Measured]]]:
        for group in dict.fromkeys(m.case.group for m in self.cases):
            yield group, [m for m in self.cases if m.case.group == group]

    def write(self, path: Path) -> None:
        document = {
            **{f.name: getattr(self, f.name) for f in dataclasses.fields(self)},
            "cases": [stored(m) for m in self.cases],
            "sizes": [dataclasses.asdict(c) for c in self.sizes],
            "threads": [dataclasses.asdict(c) for c in self.threads],
        }
        path.write_text(json.dumps(document, indent=1))

    @staticmethod
    def read(path: Path) -> Report:
        document = json.loads(path.read_text())
        document["cases"] = [restored(m) for m in document["cases"]]
        for curves in ("sizes", "threads"):
            document[curves] = [Curve(**c) for c in document[curves]]
        return Report(**document)


def stored(m: Measured) -> dict[str, Any]:
    case = {f.name: getattr(m.case, f.name) for f in dataclasses.fields(m.case) if f.name != "makers"}
    outcomes = {name: dataclasses.asdict(outcome) for name, outcome in m.outcomes.items()}
    return {**case, "peak": m.peak if math.isfinite(m.peak) else None, "outcomes": outcomes}


def restored(document: dict[str, Any]) -> Measured:
    outcomes = {name: Outcome(**o) for name, o in document.pop("outcomes").items()}
    peak = document.pop("peak")
    return Measured(Case(makers={}, **document), outcomes, float("nan") if peak is None else peak)


def verdict(m: Measured) -> str:
    """Whether the best peer took longer: "won", "lost", or "even" where the quartiles lie on both sides of "
    "1."""
    if m.outcomes[OURS].problem or m.best_peer is None:
        return ""
    low, high = m.ratio_quartiles(m.best_peer)
    return "won" if low > 1 else "lost" if high < 1 else "even"


def tally(cases: Iterable[Measured]) -> dict[str, int]:
    found = [verdict(m) for m in cases]
    return {word: found.count(word) for word in ("won", "even", "lost")}


def mean_ratio(cases: Iterable[Measured]) -> float:
    """The geometric mean of the ratios to the best peer."""
    ratios = [m.ratio(m.best_peer) for m in cases if m.best_peer]
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else float("nan")


def problems(cases: Iterable[Measured]) -> list[str]:
    """Who did not take part where, and why; those that are not installed once for all cases."""
    absent: dict[str, int] = {}
    lines = []
    for m in cases:
        for name, outcome in m.outcomes.items():
            if outcome.problem == "not installed":
                absent[name] = absent.get(name, 0) + 1
            elif outcome.problem:
                lines.append(f"{m.case.label}: {name} {outcome.problem}")
    return [f"{name} is not installed: {n} cases without it" for name, n in absent.items()] + lines


def share_of_peak(m: Measured) -> float:
    """Of the FMA peak that was met between the turns of this very case."""
    return m.case.flops / m.outcomes[OURS].median / m.peak if m.case.flops else float("nan")


def share_of_memory(m: Measured, report: Report) -> float:
    """Of the bandwidth of memory; more than 1 where caches hold the data."""
    if not m.case.bytes or m.case.kind != "time":
        return float("nan")
    bandwidth = report.peaks.get(f"memory {report.settings['threads']}", float("nan"))
    return m.case.bytes / m.outcomes[OURS].median / bandwidth


def quantity(value: float, kind: str) -> str:
    """A time or a number of bytes, with three digits and a fitting unit."""
    if not math.isfinite(value):
        return "—"
    if kind in BYTES:
        units = (("GB", 2.0**30), ("MB", 2.0**20), ("kB", 2.0**10), ("B", 1.0))
    else:
        units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
    unit, scale = next((u for u in units if abs(value) >= u[1] * 0.9995), units[-1])
    return f"{digits(value / scale)} {unit}"


def digits(value: float) -> str:
    """Three significant digits, never with an exponent."""
    if not math.isfinite(value):
        return "—"
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value)) + 1e-4))}f}"
