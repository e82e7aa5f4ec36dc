"""What the measurements were made on: machine, versions, commit; the most that it can compute and move."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from bench.builds import git
from bench.libraries import LIBRARIES, installed, version
from bench.measure import OURS, Processes


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def caches() -> dict[str, int]:
    """Bytes of the first core's caches, by name (L1d, L2, L3), where Linux tells."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind = (folder / "level").read_text().strip(), (folder / "type").read_text().strip()
        if kind != "Instruction":
            size = (folder / "size").read_text().strip()
            found[f"L{level}{'d' if kind == 'Data' else ''}"] = int(size.removesuffix("K")) * 1024
    return found


def commit() -> str:
    """The commit, with "+ changes" where files differ from it."""
    try:
        found = git("log", "-1", "--format=%h %cs %s")
        return found + (" + changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (subprocess.CalledProcessError, FileNotFoundError):
        return "not in a git repository"


def describe() -> dict[str, str]:
    """Rows for the page."""
    import tinygrad_ext as tg

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    sizes = ", ".join(f"{name} {size // 1024} kB" for name, size in caches().items())
    found = {
        "processor": f"{cpu_name()}, {os.cpu_count()} cores visible",
        "instruction set": f"{tg._core.isa()} (the machine has {', '.join(tg._core.levels())})",
        "caches": sizes or "unknown",
        "memory": f"{memory:.0f} GB",
        "system": platform.platform(),
        "Python": f"{platform.python_version()}, {platform.python_compiler()}",
        "build of tinygrad_ext": str(tg._core.build),
        "commit": commit(),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }
    versions = [f"{name} {version(name) if installed(name) else 'not installed'}" for name in LIBRARIES]
    return {**found, "libraries": ", ".join(versions)}


def bandwidth(threads: int, seconds: float = 1.0) -> float:
    """Bytes read and written per second by NumPy's copies of arrays larger than the caches.

    What a store fetches before it overwrites is not counted, as is the custom of such figures.
    """
    size = max(4 * max(caches().values(), default=2**25), 2**26) // 8
    source, target = np.ones(size), np.zeros(size)
    parts = list(zip(np.array_split(source, threads), np.array_split(target, threads), strict=True))
    best, end = 0.0, time.perf_counter() + seconds
    with ThreadPoolExecutor(threads) as pool:
        while time.perf_counter() < end:
            start = time.perf_counter()
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), parts))  # which releases the GIL
            best = max(best, 2 * source.nbytes / (time.perf_counter() - start))
    return best


def peaks(threads: int, seconds: float = 1.0) -> dict[str, float]:
    """Peaks of multiply-adds in both precisions and of memory, on one thread and on `threads`."""
    found: dict[str, float] = {}
    for n in dict.fromkeys((1, threads)):
        with Processes(n) as processes:
            for name, double in (("float32", False), ("float64", True)):
                answers = [processes.ask(OURS, "flops", argument=double) for _ in range(5)]
                rates = [value for state, value in answers if state == "ok"]
                found[f"{name} {n}"] = max(rates, default=float("nan"))
        found[f"memory {n}"] = bandwidth(n, seconds)
    return found
