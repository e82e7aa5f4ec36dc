"""Measures how time grows: with the number of elements, of graph nodes, and shrinks with threads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from bench.cases import chosen, scaling
from bench.measure import OURS, REST, Measured, Outcome, Processes, measure
from bench.results import Curve, problems

THREADED = (
    "sgemm 1024^3",
    "conv 32,64,56,64,3,1,1 fb",
    "memory add 1e+07",
    "math tanh 1e+07",
    "training LeNet b64 Adam",
)


def sizes(
    peers: Iterable[str], rounds: int, seconds: float, largest: float, tick: Callable[[str], None]
) -> tuple[list[Curve], list[str]]:
    """A curve for each group of `cases/scaling.py` and each library, on one thread, and what went wrong."""
    curves: dict[tuple[str, str], Curve] = {}
    measured: list[Measured] = []
    peers = list(peers)
    with Processes(1, "bench.cases.scaling") as processes:
        for case, size in scaling.every().values():
            if size > largest:
                continue
            tick(case.label)
            found = measure(case, processes, peers=peers, rounds=rounds, seconds=seconds)
            measured.append(found)
            for library, outcome in found.outcomes.items():
                if outcome.turns:
                    curve = curves.setdefault((case.group, library), Curve(case.group, library))
                    curve.sizes.append(size)
                    curve.seconds.append(outcome.median)
    return list(curves.values()), problems(measured)


def counts() -> list[int]:
    """1, 2, 4, ... and all cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return sorted({*(2**k for k in range(cores.bit_length()) if 2**k <= cores), cores})


def threads(
    rounds: int, seconds: float, tick: Callable[[str], None], labels: Iterable[str] = THREADED
) -> tuple[list[Curve], list[str]]:
    """This library's time on 1, 2, 4, ... threads, in turns, a process for each number."""
    curves, wrong = [], []
    processes = {n: Processes(n) for n in counts()}
    try:
        for case in [c for c in chosen(labels) if c.label in labels]:
            outcomes = {n: Outcome() for n in processes}
            tick(f"threads: {case.label}")
            for _ in range(rounds):
                for n, each in processes.items():
                    time.sleep(REST)
                    state, value = each.ask(OURS, "time", case.label, seconds)
                    if state == "ok":
                        outcomes[n].turns.append(value)
                    else:
                        outcomes[n].problem = str(value)
            timed = {n: o for n, o in outcomes.items() if not o.problem}
            curves.append(Curve(case.label, OURS, list(timed), [o.median for o in timed.values()]))
            wrong += [f"{case.label} on {n} threads: {o.problem}" for n, o in outcomes.items() if o.problem]
    finally:
        for each in processes.values():
            each.close()
    return curves, wrong
