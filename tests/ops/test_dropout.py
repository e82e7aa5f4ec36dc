"""Dropout where its outcome is random: what it is on average; values and gradients share a mask."""

from __future__ import annotations

import math

import pytest

import tinygrad_ext as tg
import tinygrad_ext.nn.functional as F

N = 100_000


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_share_and_scale(p, dtype):
    """Survivors are scaled by 1 / (1 - p); their number is binomial (five standard deviations allowed)."""
    y = F.dropout(tg.ones(N, dtype=getattr(tg, dtype)), p)
    assert str(y.dtype).endswith(dtype)
    kept = (y != 0).sum().item()
    assert abs(kept - N * (1 - p)) < 5 * math.sqrt(N * p * (1 - p))
    survivors = y[y != 0]
    scale = tg.tensor(1 / (1 - p), dtype=getattr(tg, dtype)).item()
    assert survivors.min().item() == survivors.max().item() == pytest.approx(scale, rel=1e-7)


def test_gradient_uses_the_same_mask():
    x = tg.rand(1000, dtype=tg.float64, requires_grad=True)
    y = F.dropout(x, 0.3)
    w = tg.rand(1000, dtype=tg.float64)
    (y * w).sum().backward()
    ratio = (y / x).detach()
    assert (x.grad - ratio * w).abs().max().item() < 1e-12


def test_seeded():
    results = []
    for _ in range(2):
        tg.manual_seed(4)
        results.append(F.dropout(tg.ones(50), 0.5).tolist())
    assert results[0] == results[1]
    assert F.dropout(tg.ones(50), 0.5).tolist() != results[0]


def test_no_draw_outside_training():
    """Nothing is drawn where nothing is random."""
    tg.manual_seed(0)
    want = tg.rand(3).tolist()
    tg.manual_seed(0)
    F.dropout(tg.ones(10), 0.5, training=False)
    F.dropout(tg.ones(10), 0.0)
    assert tg.rand(3).tolist() == want
