"""Kernels and training steps beside PyTorch, NumPy and JAX: `python bench/kernels.py [GROUP ...]`.

Every case is made once per library from the same numbers, checked to give the same result, and then timed in
turns (this library, a peer, this library, ...), on the same number of threads. Each library has a process of
its own, and rests between turns, since the others' thread pools spin for a while. The best time counts.
`target` is the ratio that the project asks of itself; `peak` the share of the multiply-adds per second that
the machine reaches in registers.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import time
from typing import Any

import numpy as np
from kernel_cases import ALL, Run, cases

import tinygrad_ext as tg
from tinygrad_ext import _core

REST = 0.04  # seconds after which every pool sleeps


def numbers(result: Any) -> np.ndarray:
    return np.asarray(result.detach() if hasattr(result, "detach") else result, dtype=np.float64)


def library(name: str) -> Any:
    if name == "jax.numpy":
        import jax

        jax.config.update("jax_enable_x64", True)
    module = importlib.import_module(name)
    if name in ("torch", "tinygrad_ext"):
        importlib.import_module(f"{name}.nn.functional")
    return module


def once(run: Run, seconds: float) -> float:
    """The mean time of a call over about `seconds`, the first call left out."""
    run()
    count, start = 0, time.perf_counter()
    while True:
        run()
        count += 1
        spent = time.perf_counter() - start
        if spent > seconds:
            return spent / count


def serve(name: str, threads: int, pipe: Any) -> None:
    """One library in a process of its own: it answers with results and times of the cases it is asked for."""
    try:
        lib = library(name)
    except ImportError:
        pipe.send(None)
        return
    if hasattr(lib, "set_num_threads"):
        lib.set_num_threads(threads)
    pipe.send(name)
    index, run, known = -1, None, cases()
    while True:
        try:
            request = pipe.recv()
        except EOFError:  # the parent is done
            return
        if request[0] != index:
            index, run = request[0], known[request[0]].make(lib)
        assert run is not None
        pipe.send(numbers(run()) if request[1] is None else once(run, request[1]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("groups", nargs="*", help="groups, or parts of the names of cases; all without any")
    parser.add_argument("--seconds", type=float, default=0.03, help="of each turn")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Any] = {}
    for name in ("tinygrad_ext", *ALL):
        here, there = context.Pipe()
        context.Process(target=serve, args=(name, arguments.threads, there), daemon=True).start()
        if here.recv() is None:
            print(f"not installed: {name}")
        else:
            pipes[name] = here

    def ask(name: str, index: int, seconds: float | None) -> Any:
        pipes[name].send((index, seconds))
        return pipes[name].recv()

    tg.set_num_threads(arguments.threads)
    print(f"{'case':44} {'us':>9} {'GF/s':>6} {'peak':>5}  ratio to the peers (target)")
    for index, case in enumerate(cases()):
        if arguments.groups and not any(g == case.group or g in case.name for g in arguments.groups):
            continue
        names = ["tinygrad_ext", *(p for p in case.peers if p in pipes)]
        expected, *others = [ask(name, index, None) for name in names]
        for name, other in zip(names[1:], others, strict=True):
            if not np.allclose(other, expected, rtol=0, atol=1e-4 * (np.abs(expected).max() + 1e-30)):
                print(f"{case.name}: {name} gives another result")
        best = dict.fromkeys(names, np.inf)
        peaks = []
        for _ in range(arguments.rounds):
            for name in names:
                time.sleep(REST)
                best[name] = min(best[name], ask(name, index, arguments.seconds))
            if case.flops:
                time.sleep(REST)
                peaks.append(_core._peak_flops(case.double))
        ours = best.pop("tinygrad_ext")
        rate = case.flops / ours
        share = f"{rate / max(peaks):.0%}" if peaks else ""
        ratios = " ".join(f"{n.split('.')[0]} {t / ours:.2f}" for n, t in best.items())
        missed = "" if min(best.values(), default=np.inf) / ours >= case.target else " *"
        label = f"{case.group} {case.name}"
        print(
            f"{label:44} {ours * 1e6:9.1f} {rate / 1e9:6.0f} {share:>5}  {ratios} ({case.target}){missed}",
            flush=True,
        )


if __name__ == "__main__":
    main()
