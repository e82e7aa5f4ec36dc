"""Random numbers equal to PyTorch's for the same seed: golden/make_random.py wrote random.json."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ext as tg

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from draws import DRAWS, SEED, SEQUENCE, shown, tolerance
from lib import drawn_by_mkl

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "random.json").read_text())


def digest(t) -> str:
    return hashlib.sha256(np.ascontiguousarray(t.numpy())).hexdigest()


def check(name, got, dtype, shape, want):
    """Compare a draw with what PyTorch drew."""
    assert got.dtype == getattr(tg, dtype)
    assert list(got.shape) == shape
    allowed = tolerance(name, dtype)
    if isinstance(want, str):
        assert digest(got)[:16] == want, name
        return
    ours, theirs = ([float.fromhex(x) for x in numbers] for numbers in (shown(got.flatten().tolist()), want))
    np.testing.assert_allclose(ours, theirs, **allowed, err_msg=name)


def test_golden_file_is_complete():
    assert GOLDEN["draws"].keys() == DRAWS.keys()
    assert len(GOLDEN["sequence"]) == len(SEQUENCE)


@pytest.mark.parametrize("kind", sorted({name.split()[0] for name in DRAWS}))
def test_draws(kind):
    """Every function, dtype, size and layout draws what PyTorch drew."""
    for name in DRAWS:
        if name.split()[0] != kind:
            continue
        tg.manual_seed(SEED)
        check(name, DRAWS[name](tg, None), *GOLDEN["draws"][name])
        if "drop" in name or "like" in name or "gumbel" in name:
            continue
        tg.manual_seed(1)
        check(name, DRAWS[name](tg, tg.Generator().manual_seed(SEED)), *GOLDEN["draws"][name])


def test_sequence():
    """Every kind of draw consumes as many numbers of the stream as PyTorch's, the spare normal included."""
    tg.manual_seed(SEED)
    for name, want in zip(SEQUENCE, GOLDEN["sequence"], strict=True):
        check(name, DRAWS[name](tg, None), *want)
    assert digest(tg.get_rng_state())[:24] == GOLDEN["state"][:24]


def test_long_draws():
    """100,003 numbers, to the bit."""
    tg.manual_seed(1)
    n = 100_003
    draws = {
        "rand-float32": tg.rand(n),
        "rand-float64": tg.rand(n, dtype=tg.float64),
        "randint": tg.randint(0, 1000, (n,)),
        "randperm": tg.randperm(n),
        "bernoulli": tg.zeros(n).bernoulli_(0.37),
    }
    assert {name: digest(t) for name, t in draws.items()} == GOLDEN["sha256"]


@pytest.mark.parametrize("seed", [0, 1, -1, 2**63, 12345])
def test_sequence_equals_torch(seed):
    """Draws in random order beside an installed PyTorch, from the global generator and from another."""
    torch = pytest.importorskip("torch")
    order = np.random.default_rng(abs(seed)).choice(sorted(DRAWS), 80)
    mkl, dropouts = drawn_by_mkl(), ("dropout", "alpha", "feature")
    generators = torch.Generator().manual_seed(5), tg.Generator().manual_seed(5)
    torch.manual_seed(seed)
    tg.manual_seed(seed)
    assert tg.initial_seed() == torch.initial_seed()
    for i, name in enumerate(order):
        own = i % 3 == 0
        theirs = DRAWS[name](torch, generators[0] if own else None).numpy()
        ours = DRAWS[name](tg, generators[1] if own else None).numpy()
        if mkl and name.startswith(("bernoulli_ ", "exponential_", "multinomial", "gumbel", *dropouts)):
            tg.set_rng_state(tg.from_numpy(torch.get_rng_state().numpy()))
            generators[1].set_state(tg.from_numpy(generators[0].get_state().numpy()))
            continue
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, **tolerance(name, str(ours.dtype)), err_msg=name)
    assert tg.get_rng_state().tolist() == torch.get_rng_state().tolist()
    assert generators[1].get_state().tolist() == generators[0].get_state().tolist()
    torch.set_rng_state(torch.from_numpy(tg.get_rng_state().numpy()))
    assert torch.randn(3).tolist() == pytest.approx(tg.randn(3).tolist(), rel=1e-6)


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
        lambda: tg.randint(0, 300, (2,), dtype=tg.uint8),
        lambda: tg.randint(3, (2,), requires_grad=True),
        lambda: tg.randint(5),
        lambda: tg.randint((2,)),
        lambda: tg.randperm(300, dtype=tg.uint8),
        lambda: tg.randperm(3, dtype=tg.bool),
        lambda: tg.normal(0.0, 1.0),
        lambda: tg.normal(tg.zeros(2), -1.0),
        lambda: tg.normal(tg.zeros(2), tg.tensor([1.0, -1.0])),
        lambda: tg.normal(tg.zeros(2), tg.ones(3)),
        lambda: tg.bernoulli(tg.tensor([0.5, 1.5])),
        lambda: tg.bernoulli(tg.tensor([1, 0])),
        lambda: tg.zeros(2).bernoulli_(-0.1),
        lambda: tg.zeros(2).bernoulli_(tg.ones(3)),
        lambda: tg.zeros(2).bernoulli_(tg.tensor([1, 0])),
        lambda: tg.zeros(2).uniform_(1.0, 0.0),
        lambda: tg.zeros(2).uniform_(-3e38, 3e38),
        lambda: tg.zeros(2, dtype=tg.int64).uniform_(),
        lambda: tg.zeros(2).normal_(0.0, -1.0),
        lambda: tg.zeros(2).log_normal_(0.0, 0.0),
        lambda: tg.zeros(2).exponential_(0.0),
        lambda: tg.zeros(2).exponential_(math.nan),
        lambda: tg.zeros(2).cauchy_(0.0, 0.0),
        lambda: tg.zeros(2).geometric_(1.0),
        lambda: tg.zeros(2, dtype=tg.bool).geometric_(0.5),
        lambda: tg.zeros(2).random_(5, 5),
        lambda: tg.zeros(2, dtype=tg.bool).random_(0, 3),
        lambda: tg.zeros(2).expand(3, 2).uniform_(),
        lambda: tg.zeros(2, requires_grad=True).uniform_(),
        lambda: tg.poisson(tg.tensor([1.0, -1.0])),
        lambda: tg.poisson(tg.tensor([1])),
        lambda: tg.binomial(tg.tensor([5]), tg.tensor([0.5])),
        lambda: tg.multinomial(tg.tensor([0.5, 0.5]), 3),
        lambda: tg.multinomial(tg.tensor([0.5, -0.5]), 1),
        lambda: tg.multinomial(tg.tensor([0.0, 0.0]), 1),
        lambda: tg.multinomial(tg.tensor([1.0, math.inf]), 1),
        lambda: tg.multinomial(tg.ones(2, 2, 2), 1),
        lambda: tg.multinomial(tg.ones(2, 0), 1),
        lambda: tg.multinomial(tg.ones(2), 0),
        lambda: tg.multinomial(tg.tensor([1, 1]), 1),
        lambda: tg.Generator("cuda"),
        lambda: tg.manual_seed("text"),
        lambda: tg.manual_seed(2**64),
        lambda: tg.set_rng_state(tg.zeros(5056, dtype=tg.uint8)),
        lambda: tg.set_rng_state([1, 2]),
    ],
)
def test_bad_arguments_leave_the_state_alone(bad):
    tg.manual_seed(0)
    want = tg.rand(3).tolist()
    tg.manual_seed(0)
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        bad()
    assert tg.rand(3).tolist() == want


def test_fork_rng():
    """A block leaves the global generator as it found it."""
    tg.manual_seed(0)
    want = tg.rand(3).tolist()
    tg.manual_seed(0)
    with tg.random.fork_rng(), pytest.raises(RuntimeError):
        tg.randn(5).normal_(0.0, -1.0)
    assert tg.rand(3).tolist() == want
    with tg.random.fork_rng(enabled=False):
        tg.rand(1)
    assert tg.rand(3).tolist() != want


def test_generator_methods():
    g = tg.Generator(device="cpu")
    assert g.device == "cpu"
    seed = g.seed()
    assert g.initial_seed() == seed
    twin = g.clone_state()
    assert twin is not g
    assert tg.rand(3, generator=twin).tolist() == tg.rand(3, generator=g).tolist()
    assert g.manual_seed(seed=-3).initial_seed() == 2**64 - 3
    assert tg.seed() == tg.initial_seed()


def test_the_gradient_of_a_sample_is_zero():
    p = tg.tensor([0.25, 0.5], requires_grad=True)
    for draw in (tg.bernoulli, tg.poisson, lambda x: tg.normal(x, x), lambda x: tg.binomial(x, x)):
        (grad,) = tg.autograd.grad(draw(p).sum(), p)
        assert grad.tolist() == [0, 0]
    x = tg.ones(2, requires_grad=True) * 2
    y = x * 3
    y.exponential_()
    assert y.requires_grad
    y.sum().backward()
