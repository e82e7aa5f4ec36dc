"""One library in a process of its own, which answers requests: its thread pool meets no other's."""

from __future__ import annotations

import gc
import importlib
import time
from typing import Any

from bench.case import Case, Run, Step, numbers
from bench.libraries import limit_threads, load


def prepare(case: Case, name: str, module: Any) -> Step:
    """A case made ready for a library."""
    made = case.makers[name](module)
    return made if isinstance(made, Step) else Step(made, made)


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


def peak_memory(case: Case, name: str, module: Any, runs: int = 5) -> float:
    """Bytes that a case takes at its peak beyond what the process had after import."""
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the import's own peak is forgotten: VmHWM starts again from what is there now
    before = rss("VmRSS")
    run = prepare(case, name, module).run
    for _ in range(runs):
        run()
    return float(rss("VmHWM") - before)


def serve(name: str, threads: int, pipe: Any, source: str) -> None:
    """Answer ("check" | "time" | "peak" | "flops" | "file", case label, argument) until the other end closes.

    Answers are ("ok", value) or ("failed", what was raised). A case is made anew for each check, so that what
    is compared is the work from its beginning.

    Parameters
    ----------
    name : str
        The library, imported here and nowhere else.
    source : str
        The module whose `find(label)` gives the cases.
    """
    limit_threads(threads)
    find = importlib.import_module(source).find
    try:
        module = load(name, threads)
    except Exception as error:
        pipe.send(("failed", said(error)))
        return
    pipe.send(("ok", None))
    label, step = "", None
    while True:
        try:
            kind, wanted, argument = pipe.recv()
        except EOFError:  # the parent is done
            return
        try:
            if kind == "flops":
                value: Any = module._core._peak_flops(argument)
            elif kind == "file":  # which build of it this is
                value = module.__file__
            elif kind == "peak":
                value = peak_memory(find(wanted), name, module)
            else:
                if step is None or kind == "check" or wanted != label:
                    step = None  # the former case's memory goes first
                    label, step = wanted, prepare(find(wanted), name, module)
                value = numbers(step.compared()) if kind == "check" else mean_time(step.run, argument)
            pipe.send(("ok", value))
        except Exception as error:
            step = None
            pipe.send(("failed", said(error)))


def said(error: Exception) -> str:
    """What was raised, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
