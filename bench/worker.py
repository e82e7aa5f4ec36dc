"""One library in a process of its own, which answers requests: its thread pool meets no other's."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.case import Run
from bench.libraries import limit_threads, load


def numbers(result: Any) -> list[np.ndarray]:
    """What a run returned, as arrays of float64."""
    if isinstance(result, tuple | list):
        return [array for part in result for array in numbers(part)]
    if hasattr(result, "detach"):
        result = result.detach()
    return [np.asarray(result, dtype=np.float64)]


def mean_time(run: Run, seconds: float) -> float:
    """Seconds per call over about `seconds`, the first call left out."""
    run()
    start = time.perf_counter()
    run()
    once = time.perf_counter() - start
    few = max(1, int(seconds / 20 / max(once, 1e-8)))
    count, start = 0, time.perf_counter()
    while True:
        for _ in range(few):
            run()
        count += few
        spent = time.perf_counter() - start
        if spent > seconds:
            return spent / count


def rss(field: str) -> int:
    """A figure of this process' memory from /proc, in bytes: VmRSS now, VmHWM at most."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field))


def peak_memory(make: Any, module: Any, runs: int = 5) -> float:
    """Bytes that a case takes at its peak beyond what the process had after import."""
    before = rss("VmRSS")
    run = make(module)
    for _ in range(runs):
        run()
    return float(rss("VmHWM") - before)


def serve(name: str, threads: int, pipe: Any) -> None:
    """Answer ("check" | "time" | "peak" | "flops", case label, argument) until the other end closes.

    Answers are ("ok", value) or ("failed", what was raised).
    """
    limit_threads(threads)
    from bench.cases import find

    try:
        module = load(name, threads)
    except Exception as error:
        pipe.send(("failed", f"{type(error).__name__}: {error}"))
        return
    pipe.send(("ok", None))
    label, run = "", None
    while True:
        try:
            kind, wanted, argument = pipe.recv()
        except EOFError:  # the parent is done
            return
        try:
            if kind == "flops":
                value: Any = module._core._peak_flops(argument)
            elif kind == "peak":
                value = peak_memory(find(wanted).makers[name], module)
            else:
                if wanted != label:
                    run = None  # the former case's memory goes first
                    label, run = wanted, find(wanted).makers[name](module)
                assert run is not None
                value = numbers(run()) if kind == "check" else mean_time(run, argument)
            pipe.send(("ok", value))
        except Exception as error:
            label = ""
            pipe.send(("failed", f"{type(error).__name__}: {error}"))
