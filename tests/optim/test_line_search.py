"""The line search of LBFGS: its conditions hold, and it tries PyTorch's steps."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.optim.line_search import strong_wolfe

# Functions of the length of a step with a falling slope at 0, and their derivatives.
CURVES = {
    "parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "steep wall": (
        lambda t: math.exp(min(8 * t, 300)) - 30 * t,
        lambda t: 8 * math.exp(min(8 * t, 300)) - 30,
    ),
    "far away": (lambda t: (t - 1000) ** 4 / 1e9, lambda t: 4 * (t - 1000) ** 3 / 1e9),
    "waves": (lambda t: math.sin(5 * t) - 6 * t + t * t, lambda t: 5 * math.cos(5 * t) - 6 + 2 * t),
    "kink": (lambda t: abs(t - 0.7) ** 1.2, lambda t: 1.2 * abs(t - 0.7) ** 0.2 * math.copysign(1, t - 0.7)),
    "well": (lambda t: -1 / (1 + 40 * (t - 2) ** 2), lambda t: 80 * (t - 2) / (1 + 40 * (t - 2) ** 2) ** 2),
    "logarithm": (lambda t: t - 9 * math.log(t + 0.01), lambda t: 1 - 9 / (t + 0.01)),
}
FIRST = (1e-4, 0.03, 0.5, 1.0, 7.0, 60.0)


def search(name, first, most=25):
    """What the search finds, and every length that it tries."""
    f, slope = CURVES[name]
    tried = []

    def value(length):
        tried.append(length)
        return f(length), tg.tensor([slope(length)], dtype=tg.float64)

    start = tg.tensor([slope(0.0)], dtype=tg.float64)
    loss, gradient, length, calls = strong_wolfe(
        value, first, tg.ones(1, dtype=tg.float64), f(0.0), start, slope(0.0), most
    )
    assert calls == len(tried)
    assert (loss, gradient.item()) == (f(length), slope(length))
    return length, tried


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("name", CURVES)
def test_conditions_hold(name, first):
    f, slope = CURVES[name]
    length, tried = search(name, first)
    if len(tried) < 26 and (name, first) not in {("kink", 60.0)}:
        assert f(length) <= f(0.0) + 1e-4 * length * slope(0.0)
        assert abs(slope(length)) <= 0.9 * abs(slope(0.0))
    assert f(length) <= f(0.0)


def test_overflow_halves_the_bracket(monkeypatch):
    """Losses whose squares are infinite; PyTorch's search ends at NaN."""
    wall = (lambda t: math.exp(min(8 * t, 600)) - 30 * t, lambda t: 8 * math.exp(min(8 * t, 600)) - 30)
    monkeypatch.setitem(CURVES, "wall", wall)
    length, _ = search("wall", 60.0)
    assert wall[0](length) < wall[0](0.0)


@pytest.mark.parametrize("most", [25, 3, 1, 0])
@pytest.mark.parametrize("name", CURVES)
def test_tries_the_steps_of_torch(name, most):
    lbfgs = pytest.importorskip("torch.optim.lbfgs")
    torch = pytest.importorskip("torch")
    f, slope = CURVES[name]
    for first in FIRST:
        theirs = []

        def value(x, t, d, theirs=theirs):
            theirs.append(float(t))
            return f(float(t)), torch.tensor([slope(float(t))], dtype=torch.float64)

        start = torch.tensor([slope(0.0)], dtype=torch.float64)
        direction = torch.ones(1, dtype=torch.float64)
        *_, found, calls = lbfgs._strong_wolfe(
            value, None, first, direction, f(0.0), start, start.dot(direction), max_ls=most
        )
        length, ours = search(name, first, most)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
        assert length == pytest.approx(float(found), rel=1e-9)
        assert calls == len(ours)
