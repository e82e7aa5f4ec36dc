"""Measures cases: results are compared first, then the libraries take turns, each in its own process."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.case import Case
from bench.libraries import LIBRARIES, installed
from bench.startup import OUTSIDE
from bench.worker import said, serve

OURS = "tinygrad_ext"
PATIENCE = 600.0  # seconds after which a library is taken to hang
REST = 0.04  # seconds after which every pool sleeps and no longer spins beside the next library
BYTES = ("peak", "size")  # the kinds that are not seconds
ROUNDS = {"peak": 3, "size": 1}  # at most, by kind: a fresh process each; always the same


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

    def _ratios(self, peer: str) -> Any:
        """A peer's time over ours in each round, or one that is not a number."""
        ours, theirs = self.outcomes[OURS].turns, self.outcomes[peer].turns
        return np.divide(theirs, ours) if ours and theirs else np.array([np.nan])

    def ratio(self, peer: str) -> float:
        """A peer's time over ours: the median over rounds, each of which compares two neighbouring turns."""
        return float(np.median(self._ratios(peer)))

    def ratio_quartiles(self, peer: str) -> tuple[float, float]:
        low, high = np.percentile(self._ratios(peer), [25, 75])
        return float(low), float(high)

    @property
    def best_peer(self) -> str | None:
        """The peer with the least ratio, of those that have one."""
        ratios = {p: self.ratio(p) for p in self.outcomes if p != OURS}
        ratios = {p: r for p, r in ratios.items() if r == r}
        return min(ratios, key=ratios.__getitem__, default=None)

    @property
    def rival(self) -> str | None:
        """The peer that the target speaks of, if it was measured."""
        if not self.case.rival:
            return self.best_peer
        measured = self.case.rival in self.outcomes and self.ratio(self.case.rival) == self.ratio(
            self.case.rival
        )
        return self.case.rival if measured else None


class Processes:
    """One process for each library, started when first asked.

    Parameters
    ----------
    threads : int
        For every library.
    source : str
        The module whose `find(label)` gives the processes their cases.
    """

    def __init__(self, threads: int, source: str = "bench.cases") -> None:
        self.threads = threads
        self.source = source
        self.context = multiprocessing.get_context("spawn")
        self.running: dict[str, tuple[Any, Any]] = {}  # a process and the pipe to it
        self.absent: dict[str, str] = {}

    def start(self, name: str) -> Any:
        """The pipe to a library's process."""
        if name not in self.running:
            here, there = self.context.Pipe()
            arguments = (name, self.threads, there, self.source)
            process = self.context.Process(target=serve, args=arguments, daemon=True)
            process.start()
            there.close()
            self.running[name] = process, here
            state, value = self.answer(name)
            if state != "ok":
                self.close(name)
                self.absent[name] = f"does not import: {value}"
        return self.running[name][1] if name in self.running else None

    def answer(self, name: str) -> tuple[str, Any]:
        pipe = self.running[name][1]
        if not pipe.poll(PATIENCE):
            self.running[name][0].kill()
            self.close(name)
            return "failed", f"no answer within {PATIENCE:.0f} s"
        return pipe.recv()

    def ask(self, name: str, kind: str, label: str = "", argument: Any = None) -> tuple[str, Any]:
        """("ok", value) or ("failed", reason). A process that died is started anew the next time."""
        if name not in self.absent and not installed(name):
            self.absent[name] = "not installed"
        if name in self.absent:
            return "failed", self.absent[name]
        if kind in OUTSIDE:
            try:
                return "ok", OUTSIDE[kind](name)
            except Exception as error:
                return "failed", said(error)
        if kind == "peak":  # which only a fresh process can tell
            self.close(name)
        try:
            pipe = self.start(name)
            if pipe is None:
                return "failed", self.absent[name]
            pipe.send((kind, label, argument))
            return self.answer(name)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.close(name)
            return "failed", "its process died"

    def close(self, name: str | None = None) -> None:
        """End one process, or all; returns when they are gone, with their memory."""
        ended = [
            self.running.pop(each)
            for each in ([name] if name else list(self.running))
            if each in self.running
        ]
        for process, pipe in ended:
            pipe.close()
            process.kill()  # it has nothing to lose, and some libraries' threads are slow to end
            process.join()

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
    if case.kind not in OUTSIDE:
        check(case, processes, outcomes)
    found = []
    for turn in range(min(rounds, ROUNDS.get(case.kind, rounds))):
        sound = [name for name in names if not outcomes[name].problem]
        for name in sound[turn % len(sound) :] + sound[: turn % len(sound)] if sound else ():
            time.sleep(REST)
            state, value = processes.ask(name, case.kind, case.label, seconds)
            if state == "ok":
                outcomes[name].turns.append(value)
            else:
                outcomes[name] = Outcome(problem=problem(value))
        if peaks and case.flops and case.kind == "time" and not outcomes[OURS].problem:
            time.sleep(REST)
            state, value = processes.ask(OURS, "flops", argument=case.double)
            found += [value] if state == "ok" else []
    return Measured(case, outcomes, float(np.max(found)) if found else float("nan"))


def check(case: Case, processes: Processes, outcomes: Mapping[str, Outcome]) -> None:
    """Note who fails, and who disagrees with the first that does not: with this library if it works."""
    expected: list[np.ndarray] = []
    for name, outcome in outcomes.items():
        state, value = processes.ask(name, "check", case.label)
        if state != "ok":
            outcome.problem = problem(value)
        elif expected:
            outcome.problem = disagreement(case, value, expected)
        else:
            expected = value


def problem(reason: str) -> str:
    return reason if reason == "not installed" else f"failed: {reason}"
