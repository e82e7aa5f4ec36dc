"""What a call costs beyond its arithmetic: the operations of the test table on at most 64 elements.

`python -m bench.overhead [NAME ...]` prints nanoseconds per call here and in PyTorch, untracked and tracked
(recording, with the graph freed), and their ratios; the slowest ratios come last.
"""

from __future__ import annotations

import argparse
import timeit
import warnings
from typing import Any

import lib
import numpy as np
import torch
from case import FLOATS, draw
from cases import CASES

import tinygrad_ext as tg
from bench.cases.ops import function_of, small


def seconds(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], repeats: int) -> float:
    """The least time per call; the call is written out, as a user writes it."""
    names = {f"a{i}": v for i, v in enumerate(args)}
    words = [*names, *(f"{k}=k_{k}" for k in kwargs)]
    scope = {"f": function, **names, **{f"k_{k}": v for k, v in kwargs.items()}}
    timer = timeit.Timer(f"f({', '.join(words)})", globals=scope)
    count, spent = 1, timer.timeit(1)
    while spent < 2e-4:
        count *= 4
        spent = timer.timeit(count)
    return min(timer.repeat(repeats, count)) / count


def measure(case: Any, index: int, tracked: bool, repeats: int) -> tuple[float, float] | None:
    """Seconds per call here and in PyTorch for one sample."""
    dtype = next((d for d in case.dtypes if d in FLOATS), case.dtypes[0])
    drawn = draw(case, index, dtype)
    if not small(drawn) or (tracked and (dtype not in FLOATS or case.order == 0)):
        return None
    found = []
    for library in (tg, torch):
        sample = lib.tensors(library, drawn, dtype, requires_grad=tracked)
        try:
            function, args = function_of(library, case, sample)
            function(*args, **sample.kwargs)
            found.append(seconds(function, args, sample.kwargs, repeats))
        except (AttributeError, LookupError, TypeError, RuntimeError):
            return None
    return found[0], found[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="operations; all without names")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--below", type=float, default=np.inf, help="show only ratios below this")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    tg.set_num_threads(1)
    torch.set_num_threads(1)
    rows = []
    for case in CASES:
        if (arguments.names and case.name not in arguments.names) or case.forms == ("core",):
            continue
        for index, sample in enumerate(case.samples):
            for tracked in (False, True):
                times = measure(case, index, tracked, arguments.repeats)
                if times:
                    what = " ".join(f"{case.name}{sample}".split())
                    rows.append((times[1] / times[0], times, tracked, what))
    rows.sort(key=lambda row: -row[0])
    print(f"{'ours ns':>9} {'torch ns':>9} {'ratio':>6}")
    for ratio, (ours, theirs), tracked, what in rows:
        if ratio < arguments.below:
            kind = "tracked" if tracked else ""
            print(f"{ours * 1e9:9.0f} {theirs * 1e9:9.0f} {ratio:6.1f} {kind:8} {what[:110]}")
    ratios = np.array([row[0] for row in rows])
    print(
        f"{len(rows)} calls: least ratio {ratios.min():.1f}, median {np.median(ratios):.1f}, "
        f"{np.mean(ratios < 10):.0%} below 10"
    )


if __name__ == "__main__":
    main()
