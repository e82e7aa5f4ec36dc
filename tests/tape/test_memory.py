"""Training reaches a steady state: neither live bytes nor the process grow."""

from __future__ import annotations

import gc
import resource
import sys

import pytest

import tinygrad_ext as tg


def in_use() -> int:
    """Bytes held by living tensors."""
    return tg.memory_stats()["in_use"]


def peak_rss() -> int:
    """The largest resident size so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def step(x, y, p):
    hidden = (x @ p[0]).relu()
    loss = ((hidden @ p[1] - y) ** 2).mean()
    for w in p:
        w.grad = None
    loss.backward()
    with tg.no_grad():
        for w in p:
            w -= 0.01 * w.grad
    return loss


def test_training_is_flat():
    """10,000 steps after the first thousand: not one byte more in use."""
    x, y = tg.randn(32, 8), tg.randn(32, 3)
    p = [tg.randn(8, 16, requires_grad=True), tg.randn(16, 3, requires_grad=True)]
    for _ in range(1000):
        step(x, y, p)
    gc.collect()
    gc.disable()  # nothing may hang on the cycle collector
    try:
        before, rss = in_use(), peak_rss()
        for _ in range(10_000):
            step(x, y, p)
        assert in_use() == before
        assert peak_rss() - rss < 2_000_000
    finally:
        gc.enable()


CYCLES = {
    "saved output": lambda x: x.exp().tanh().sigmoid().sqrt().sum().backward(),
    "never differentiated": lambda x: x.exp().softmax(0).logsumexp(0),
    "retained": lambda x: x.exp().sum().backward(retain_graph=True),
    "views": lambda x: x.view(-1, 1)[2:].transpose(0, 1).sum().backward(),
    "inplace": lambda x: (x * 1).mul_(2).add_(x).sum().backward(),
    "setitem": lambda x: (x * 1).__setitem__(0, x[1]),
    "second order": lambda x: tg.autograd.grad(
        tg.autograd.grad(x.exp().sum(), x, create_graph=True)[0].sum(), x
    ),
    "retain_grad": lambda x: retained(x),
    "hook": lambda x: hooked(x),
    "numpy": lambda x: x.detach().numpy(),
    "error": lambda x: refused(x),
}


def retained(x):
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()


def refused(x):
    with pytest.raises(RuntimeError):
        (x * 1).backward()


def hooked(x):
    y = x * 2
    y.register_hook(lambda g: g + y.detach())
    y.sum().backward()


@pytest.mark.parametrize("name", CYCLES)
def test_nothing_leaks(name):
    """What a graph held is free as soon as its last name is gone (a hook's own cycle: when collected)."""
    x = tg.rand(1000, dtype=tg.float64, requires_grad=True)
    for _ in range(3):
        CYCLES[name](x)
        x.grad = None
    gc.collect()
    before = in_use()
    for _ in range(20):
        CYCLES[name](x)
        x.grad = None
    if name in ("hook", "error"):
        gc.collect()
    assert in_use() == before


def test_backward_frees_as_it_goes():
    """Saved values are given back while the pass runs, so its peak is hardly above the forward pass."""
    size, depth = 400_000, 50
    x = tg.rand(size // 4, requires_grad=True)
    y = x
    gc.collect()
    tg.reset_peak_memory_stats()
    before = in_use()
    for _ in range(depth):
        y = y.sigmoid()
    assert in_use() - before == pytest.approx(depth * size, rel=0.3)
    y.sum().backward()
    assert tg.memory_stats()["peak"] - before < (depth + 8) * size * 1.3
    del y
    x.grad = None
    assert in_use() - before < size


def test_stats():
    before = in_use()
    t = tg.zeros(1_000_000)
    assert in_use() - before >= 4_000_000
    stats = tg.memory_stats()
    assert stats["peak"] >= stats["in_use"] >= 4_000_000
    assert stats["cached"] >= 0
    v = t[10:20]
    del t
    assert in_use() - before >= 4_000_000, "a view keeps its storage"
    del v
    assert in_use() == before
