"""Random numbers equal to PyTorch's for the same seed: golden/make_random.py wrote random.json."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ext as tg

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "random.json").read_text())
# Uniform numbers are equal to the bit. Normal ones pass through log and cos, whose last bits differ.
NORMAL = {"float32": {"rtol": 2e-6, "atol": 2e-7}, "float64": {"rtol": 1e-14, "atol": 1e-15}}


def numbers(hexes) -> list[float]:
    return [float.fromhex(h) for h in hexes]


def ids(row) -> str:
    return "-".join(str(v) for k, v in row.items() if k != "values")


@pytest.mark.parametrize("row", GOLDEN["rand"], ids=ids)
def test_rand(row):
    tg.manual_seed(row["seed"])
    got = tg.rand(row["n"], dtype=getattr(tg, row["dtype"]))
    assert got.tolist() == numbers(row["values"])


@pytest.mark.parametrize("row", GOLDEN["randn"], ids=ids)
def test_randn(row):
    tg.manual_seed(row["seed"])
    got = tg.randn(row["n"], dtype=getattr(tg, row["dtype"])).numpy()
    np.testing.assert_allclose(got, numbers(row["values"]), **NORMAL[row["dtype"]])


@pytest.mark.parametrize("row", GOLDEN["randint"], ids=ids)
def test_randint(row):
    tg.manual_seed(row["seed"])
    got = tg.randint(row["low"], row["high"], (20,))
    assert got.dtype == tg.int64
    assert got.tolist() == row["values"]


@pytest.mark.parametrize("row", GOLDEN["randperm"], ids=ids)
def test_randperm(row):
    tg.manual_seed(row["seed"])
    got = tg.randperm(row["n"])
    assert got.dtype == tg.int64
    assert got.tolist() == row["values"]


@pytest.mark.parametrize("row", GOLDEN["sequence"], ids=ids)
def test_sequence(row):
    """Every kind of draw consumes as many numbers of the stream as PyTorch's, the spare normal included."""
    tg.manual_seed(row["seed"])
    f64 = tg.float64
    draws = [
        tg.rand(3),
        tg.randn(3),
        tg.randint(0, 100, (5,)),
        tg.randn(3),
        tg.randn(20, dtype=f64),
        tg.randperm(7),
        tg.randn(1, dtype=f64),
        tg.rand(2, 3, dtype=f64),
        tg.randn(17),
        tg.randint(-3, 3, (2, 2)),
        tg.rand(1),
    ]
    for got, want in zip(draws, row["values"], strict=True):
        if got.dtype == tg.int64:
            assert got.tolist() == want
        else:
            np.testing.assert_allclose(got.numpy().ravel(), numbers(want), rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("name", GOLDEN["sha256"])
def test_long_draws(name):
    """100,003 numbers, to the bit."""
    tg.manual_seed(1)
    n = 100_003
    draw = {
        "rand-float32": lambda: tg.rand(n),
        "rand-float64": lambda: tg.rand(n, dtype=tg.float64),
        "randint": lambda: tg.randint(0, 1000, (n,)),
        "randperm": lambda: tg.randperm(n),
    }[name]()
    assert hashlib.sha256(draw.numpy()).hexdigest() == GOLDEN["sha256"][name]


def test_uniform_range():
    x = tg.rand(100_000)
    assert 0 <= x.min().item() < 1e-4
    assert 1 - 1e-4 < x.max().item() < 1
    # Mean of n uniforms has standard deviation sqrt(1 / 12 n).
    assert abs(x.mean().item() - 0.5) < 5 * math.sqrt(1 / 12 / 100_000)


def test_normal_moments():
    x = tg.randn(100_000, dtype=tg.float64)
    assert abs(x.mean().item()) < 5 / math.sqrt(100_000)
    assert abs(x.var().item() - 1) < 5 * math.sqrt(2 / 100_000)


def test_state_round_trip():
    """The state holds the spare normal as well."""
    tg.manual_seed(3)
    tg.randn(3)
    state = tg.get_rng_state()
    first = (tg.randn(3).tolist(), tg.rand(5).tolist(), tg.randperm(5).tolist())
    tg.set_rng_state(state)
    assert (tg.randn(3).tolist(), tg.rand(5).tolist(), tg.randperm(5).tolist()) == first


def test_generator_is_independent():
    g = tg.Generator()
    assert g.manual_seed(5) is g
    assert g.initial_seed() == 5
    tg.manual_seed(9)
    want = tg.rand(4).tolist()
    tg.manual_seed(9)
    mine = tg.rand(4, generator=g).tolist()
    assert tg.rand(4).tolist() == want
    assert mine != want
    tg.manual_seed(5)
    assert tg.rand(4).tolist() == mine
    for draw in (
        lambda g: tg.randn(20, generator=g),
        lambda g: tg.randint(0, 9, (20,), generator=g),
        lambda g: tg.randperm(20, generator=g),
    ):
        state = g.get_state()
        first = draw(g).tolist()
        assert draw(g).tolist() != first
        g.set_state(state)
        assert draw(g).tolist() == first


def test_manual_seed_returns_the_default_generator():
    g = tg.manual_seed(7)
    assert isinstance(g, tg.Generator)
    assert g.initial_seed() == 7
    state = g.get_state()
    a = tg.rand(2).tolist()
    g.set_state(state)
    assert tg.rand(2).tolist() == a


def test_forms_and_arguments():
    assert tg.rand(()).shape == ()
    assert tg.rand(0, 3).shape == (0, 3)
    assert tg.rand((2, 3)).shape == (2, 3)
    assert tg.randn(2, requires_grad=True).requires_grad
    assert tg.randint(5, (3,)).shape == (3,)
    assert tg.rand(2).dtype == tg.float32
    tg.manual_seed(0)
    a = tg.rand(2, 3).tolist()
    tg.manual_seed(0)
    assert tg.rand_like(tg.ones(2, 3)).tolist() == a
    tg.manual_seed(0)
    b = tg.randn(4).tolist()
    tg.manual_seed(0)
    assert tg.randn_like(tg.ones(4)).tolist() == b


@pytest.mark.parametrize(
    "bad",
    [
        lambda: tg.rand(-1),
        lambda: tg.randint(5, 5, (2,)),
        lambda: tg.randint(5, 2, (2,)),
        lambda: tg.randperm(-1),
        lambda: tg.rand(2, dtype=tg.int64),
        lambda: tg.randn(2, dtype=tg.bool),
        lambda: tg.set_rng_state(tg.zeros(3, dtype=tg.uint8)),
        lambda: tg.rand(2, generator="text"),
    ],
)
def test_bad_arguments_leave_the_state_alone(bad):
    tg.manual_seed(0)
    want = tg.rand(3).tolist()
    tg.manual_seed(0)
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        bad()
    assert tg.rand(3).tolist() == want
