"""The program whose instructions `python -m bench count` counts: small calls, whose cost is all overhead.

Run as `python -m bench.counted CASE ...` it marks the beginning and the end of each case's calls for
callgrind.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

WARM, CALLS = 20, 100

Call = Callable[[], Any]


def elementwise(tg: Any) -> dict[str, Call]:
    """Operations on one element; "tracked" records a node and frees it again."""
    a, b = tg.tensor([1.0]), tg.tensor([2.0])
    p, q = tg.tensor([1.0], requires_grad=True), tg.tensor([2.0], requires_grad=True)
    return {
        "a + b": lambda: a + b,
        "a + b tracked": lambda: p + q,
        "a * 2.0": lambda: a * 2.0,
        "a * 2.0 tracked": lambda: p * 2.0,
        "relu": lambda: a.relu(),
        "tanh tracked": lambda: p.tanh(),
        "exp by function": lambda: tg.exp(a),
    }


def views(tg: Any) -> dict[str, Call]:
    """Reductions, indexing, views and a product of few elements."""
    x, w = tg.ones(4, 5), tg.ones(5, 3)
    return {
        "sum(dim=1, keepdim=True)": lambda: x.sum(dim=1, keepdim=True),
        "x[1:3]": lambda: x[1:3],
        "x.T": lambda: x.T,
        "4x5 @ 5x3": lambda: x @ w,
        "item": lambda: x[0, 0].item(),
    }


def graphs(tg: Any) -> dict[str, Call]:
    """Forward and backward."""
    x = tg.tensor(1.0, requires_grad=True)

    def chain() -> None:
        y = x
        for _ in range(50):
            y = y * 1.01
            y = y + 0.5
        y.backward()

    linear = tg.nn.Linear(3, 4)
    row = tg.ones(1, 3)
    return {"chain of 100": chain, "Linear(3, 4)": lambda: linear(row)}


def step(tg: Any) -> dict[str, Call]:
    """MLP(3, [4, 4, 1]) on the lecture's four examples: forward, backward, a step of Adam."""
    nn = tg.nn
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1), nn.Tanh())
    x = tg.tensor([[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]])
    y = tg.tensor([[1.0], [-1.0], [-1.0], [1.0]])
    criterion = nn.MSELoss()
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)

    def run() -> None:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return {"MLP step with Adam": run}


def values(tg: Any) -> dict[str, Call]:
    """micrograd's numbers."""
    from tinygrad_ext.micrograd.engine import Value

    a, b = Value(2.0), Value(-3.0)
    return {"Value a + b": lambda: a + b, "Value backward": lambda: (a * b + b).relu().backward()}


FAMILIES = (elementwise, views, graphs, step, values)


def every(tg: Any) -> dict[str, Call]:
    return {name: call for family in FAMILIES for name, call in family(tg).items()}


def main() -> None:
    """Run the cases, each of them warm, between two marks."""
    import tinygrad_ext as tg

    tg.manual_seed(0)
    tg.set_num_threads(1)
    calls = every(tg)
    chosen = [(name, calls[name]) for name in sys.argv[1:]] or list(calls.items())
    gc.disable()
    for _, call in chosen:
        for _ in range(WARM):
            call()
        times = range(CALLS)
        os.getppid()
        for _ in times:
            call()
        os.getppid()


if __name__ == "__main__":
    main()
