"""Elementwise mathematics, work that only moves memory, and layers that are one pass over it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.case import Case, Make, Run, alike
from bench.cases.inputs import of, tensors


def gathered(rows: int, width: int) -> Make:
    def make(lib: Any) -> Run:
        (x,) = tensors(lib, (rows, width))
        index = lib.tensor(np.random.default_rng(1).integers(0, rows, rows))
        return lambda: x[index]

    return make


def entropy(lib: Any, x: Any) -> Any:
    targets = lib.tensor(np.arange(x.shape[0]) % x.shape[1])
    return lib.nn.functional.cross_entropy(x, targets)


def attention(batch: int, heads: int, time_steps: int, width: int, backward: bool) -> Make:
    shape = (batch, heads, time_steps, width)
    return of(
        lambda lib, q, k, v: lib.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True),
        shape, shape, shape, backward=backward,
    )  # fmt: skip


def mathematics() -> list[Case]:
    found = []
    for name in ("exp", "log", "tanh", "sigmoid", "erf", "sin"):
        for n in (100_000, 10_000_000):
            make = of(lambda lib, x, f=name: getattr(lib, f)(x if f != "log" else x * x), (n,))
            found.append(Case("math", f"{name} {n:.0e}", alike(make), bytes=8.0 * n, target=1.5))
    return found


def memory() -> list[Case]:
    found = []
    for n in (1_000, 100_000, 10_000_000):
        s = int(n**0.5)
        for name, size, make in (
            ("add", 12.0 * n, of(lambda lib, a, b: a + b, (n,), (n,))),
            ("relu", 8.0 * n, of(lambda lib, a: a.relu(), (n,))),
            ("sum", 4.0 * n, of(lambda lib, a: a.sum(), (n,))),
            ("transpose", 8.0 * s * s, of(lambda lib, a: a.t().contiguous(), (s, s))),
            ("cat", 16.0 * s * (s // 2), of(lambda lib, a, b: lib.cat([a, b], 1), (s, s // 2), (s, s // 2))),
            ("gather", 8.0 * n, gathered(n // 100, 100)),
        ):
            found.append(Case("memory", f"{name} {n:.0e}", alike(make), bytes=size))
    return found


def fused() -> list[Case]:
    found = []
    for name, make in {
        "softmax 256x1000": of(lambda lib, x: lib.softmax(x, 1), (256, 1000), backward=True),
        "log_softmax 64x10": of(lambda lib, x: lib.log_softmax(x, 1), (64, 10), backward=True),
        "layer_norm 512x256": of(
            lambda lib, x, w, b: lib.nn.functional.layer_norm(x, (256,), w, b),
            (512, 256), (256,), (256,), backward=True,
        ),
        "batch_norm 32x64x28x28": of(
            lambda lib, x, w, b: lib.nn.functional.batch_norm(x, None, None, w, b, True),
            (32, 64, 28, 28), (64,), (64,), backward=True,
        ),
        "group_norm 16x32x14x14": of(
            lambda lib, x, w, b: lib.nn.functional.group_norm(x, 8, w, b),
            (16, 32, 14, 14), (32,), (32,), backward=True,
        ),
        "cross_entropy 256x1000": of(entropy, (256, 1000), backward=True),
        "cross_entropy 64x10": of(entropy, (64, 10), backward=True),
        "max_pool 64x8x28x28": of(
            lambda lib, x: lib.nn.functional.max_pool2d(x, 2), (64, 8, 28, 28), backward=True
        ),
    }.items():  # fmt: skip
        found.append(Case("fused", name + " fb", alike(make), target=1.2))
    return found


def cases() -> list[Case]:
    found = mathematics() + memory() + fused()
    for shape in ((16, 4, 32, 16), (12, 4, 64, 32), (4, 8, 512, 64)):
        found.append(Case("attention", f"{shape} causal", alike(attention(*shape, False))))
        found.append(Case("attention", f"{shape} causal fb", alike(attention(*shape, True))))
    return found
