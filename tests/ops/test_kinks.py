"""Gradients where there is no derivative: PyTorch's choices."""

from __future__ import annotations

import tinygrad_ext as tg


def leaf(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_ties_share_the_gradient():
    """Where a maximum is reached twice the gradient is halved between equals, as in PyTorch."""
    x, y = leaf(1.0, 2.0, 3.0), leaf(1.0, 5.0, 0.0)
    tg.maximum(x, y).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([0.5, 0.0, 1.0], [0.5, 1.0, 0.0])
    z = leaf(2.0, 7.0, 7.0)
    z.max().backward()
    assert z.grad.tolist() == [0.0, 0.5, 0.5]
    z.grad = None
    tg.amax(z, 0).backward()
    assert z.grad.tolist() == [0.0, 0.5, 0.5]
    z.grad = None
    z.max(0).values.backward()  # by dimension: the one whose index is returned
    assert z.grad.tolist() == [0.0, 1.0, 0.0]


def test_gradients_at_kinks():
    """PyTorch's choices at points without a derivative."""
    x = leaf(0.0)
    for f, want in (
        (tg.relu, 0.0),
        (tg.abs, 0.0),
        (tg.sign, 0.0),
        (lambda t: t**2, 0.0),
        (lambda t: t**1, 1.0),
    ):
        x.grad = None
        f(x).sum().backward()
        assert x.grad.item() == want
    x.grad = None
    (x**0).sum().backward()
    assert x.grad.item() == 0.0
    c = leaf(-1.0, 0.0, 1.0)
    c.clamp(-1.0, 1.0).sum().backward()
    assert c.grad.tolist() == [1.0, 1.0, 1.0]
    p = leaf(0.0, 2.0, 0.0)
    p.prod().backward()
    assert p.grad.tolist() == [0.0, 0.0, 0.0]
    p = leaf(3.0, 0.0, 2.0)
    p.prod().backward()
    assert p.grad.tolist() == [0.0, 6.0, 0.0]
