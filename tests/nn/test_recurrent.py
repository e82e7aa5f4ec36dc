"""Recurrent layers beyond the table: their graphs, second derivatives, and training that must succeed."""

from __future__ import annotations

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn


def nodes(t):
    """The number of recorded operations behind a tensor."""
    seen, waiting = set(), [t]
    while waiting:
        for parent in waiting.pop()._prev:
            if id(parent) not in seen:
                seen.add(id(parent))
                waiting.append(parent)
    return len(seen)


# Each step's operations and the slice of its input; the count is what a longer sequence adds.
@pytest.mark.parametrize(("kind", "most"), [("RNN", 3), ("LSTM", 14), ("GRU", 10)])
def test_few_nodes_per_step(kind, most):
    layer = getattr(nn, kind)(3, 4)
    counts = [nodes(layer(tg.randn(length, 2, 3))[0].sum()) for length in (5, 15)]
    assert (counts[1] - counts[0]) / 10 <= most


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_second_derivatives(kind):
    layer = getattr(nn, kind)(2, 2, 2, bidirectional=True).double()
    x = tg.randn(3, 1, 2, dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradgradcheck(lambda x: layer(x)[0], (x,))


def test_an_lstm_remembers():
    """The first of eight signs, which a linear model of the last input cannot know."""
    tg.manual_seed(0)
    layer, head = nn.LSTM(1, 8), nn.Linear(8, 1)
    optimizer = tg.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    x = tg.randn(8, 64, 1).sign()
    y = (x[0] + 1) / 2
    for _ in range(120):
        _, (h, _) = layer(x)
        loss = nn.functional.binary_cross_entropy_with_logits(head(h[-1]), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        optimizer.step()
    assert loss.item() < 0.05


def test_empty_state_is_zeros():
    layer = nn.LSTM(2, 3, proj_size=1)
    x = tg.randn(4, 5, 2)
    state = tg.zeros(1, 5, 1), tg.zeros(1, 5, 3)
    assert layer(x)[0].tolist() == layer(x, state)[0].tolist()
    assert len(layer.all_weights[0]) == 5
    layer.flatten_parameters()
