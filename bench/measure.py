"""Measures cases: results are compared first, then the libraries take turns, each in its own process."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.case import Case
from bench.libraries import LIBRARIES, installed
from bench.worker import serve

OURS = "tinygrad_ext"
REST = 0.04  # seconds after which every pool sleeps and no longer spins beside the next library


@dataclass
class Outcome:
    """What one library made of a case: `turns` in seconds per call (or bytes), or why there are none."""

    turns: list[float] = field(default_factory=list)
    problem: str = ""  # "not installed", "failed: ...", "disagrees: ..."

    @property
    def median(self) -> float:
        return float(np.median(self.turns)) if self.turns else float("nan")

    @property
    def quartiles(self) -> tuple[float, float]:
        low, high = np.percentile(self.turns, [25, 75]) if self.turns else (np.nan, np.nan)
        return float(low), float(high)


@dataclass
class Measured:
    """A case with every library's outcome, and the FMA peak met between its turns (operations per second)."""

    case: Case
    outcomes: dict[str, Outcome]
    peak: float = float("nan")

    def ratio(self, peer: str) -> float:
        """A peer's time over ours: the median over rounds, each of which compares two neighbouring turns."""
        ours, theirs = self.outcomes[OURS], self.outcomes[peer]
        if not ours.turns or not theirs.turns:
            return float("nan")
        return float(np.median(np.divide(theirs.turns, ours.turns)))

    def ratio_quartiles(self, peer: str) -> tuple[float, float]:
        ours, theirs = self.outcomes[OURS], self.outcomes[peer]
        if not ours.turns or not theirs.turns:
            return float("nan"), float("nan")
        low, high = np.percentile(np.divide(theirs.turns, ours.turns), [25, 75])
        return float(low), float(high)

    @property
    def best_peer(self) -> str | None:
        """The peer with the least ratio, of those that have one."""
        ratios = {p: self.ratio(p) for p in self.outcomes if p != OURS}
        ratios = {p: r for p, r in ratios.items() if r == r}
        return min(ratios, key=ratios.__getitem__, default=None)


class Processes:
    """One process for each library, started when first asked."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.context = multiprocessing.get_context("spawn")
        self.pipes: dict[str, Any] = {}
        self.absent: dict[str, str] = {}

    def start(self, name: str) -> Any:
        here, there = self.context.Pipe()
        self.context.Process(target=serve, args=(name, self.threads, there), daemon=True).start()
        there.close()
        return here

    def ask(self, name: str, kind: str, label: str = "", argument: Any = None) -> tuple[str, Any]:
        """("ok", value) or ("failed", reason). A process that died is started anew the next time."""
        if name in self.absent:
            return "failed", self.absent[name]
        if kind == "peak":  # which only a fresh process can tell
            self.close(name)
        try:
            if name not in self.pipes:
                if not installed(name):
                    self.absent[name] = "not installed"
                    return "failed", "not installed"
                self.pipes[name] = self.start(name)
                state, value = self.pipes[name].recv()
                if state != "ok":
                    self.close(name)
                    self.absent[name] = f"does not import: {value}"
                    return "failed", self.absent[name]
            self.pipes[name].send((kind, label, argument))
            return self.pipes[name].recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.close(name)
            return "failed", "its process died"

    def close(self, name: str | None = None) -> None:
        """End one process, or all."""
        for each in [name] if name else list(self.pipes):
            if each in self.pipes:
                self.pipes.pop(each).close()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def disagreement(case: Case, found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> str:
    """Why two results of a case are not the same, or an empty text."""
    if [a.shape for a in found] != [a.shape for a in expected]:
        return f"disagrees: shapes {[a.shape for a in found]}, expected {[a.shape for a in expected]}"
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        scale = float(np.abs(b).max(initial=0.0)) + 1e-30
        worst = float(np.abs(a - b).max(initial=0.0)) / scale
        if not worst <= case.tolerance:  # also where it is not a number
            return f"disagrees: result {i} by {worst:.1e} of its largest value, {case.tolerance:.0e} allowed"
    return ""


def measure(
    case: Case,
    processes: Processes,
    *,
    peers: Iterable[str] = tuple(LIBRARIES),
    rounds: int = 7,
    seconds: float = 0.03,
    peaks: bool = True,
) -> Measured:
    """Compare the results of a case and time it in turns: this library, a peer, the next, and again.

    Who begins moves on by one from round to round, so that none always follows the same one.
    """
    names = [OURS, *(p for p in case.peers if p in peers)]
    outcomes = {name: Outcome() for name in names}
    expected: list[np.ndarray] = []
    for name in names if case.kind == "time" else ():
        state, value = processes.ask(name, "check", case.label)
        if state != "ok":
            outcomes[name].problem = value if value == "not installed" else f"failed: {value}"
        elif name == OURS:
            expected = value
        elif expected:
            outcomes[name].problem = disagreement(case, value, expected)
    found = []
    for turn in range(rounds):
        sound = [name for name in names if not outcomes[name].problem]
        for name in sound[turn % len(sound) :] + sound[: turn % len(sound)] if sound else ():
            time.sleep(REST)
            state, value = processes.ask(name, case.kind, case.label, seconds)
            if state == "ok":
                outcomes[name].turns.append(value)
            else:
                outcomes[name] = Outcome(problem=f"failed: {value}")
        if peaks and case.flops and not outcomes[OURS].problem:
            time.sleep(REST)
            found.append(processes.ask(OURS, "flops", argument=case.double)[1])
    return Measured(case, outcomes, float(np.max(found)) if found else float("nan"))
