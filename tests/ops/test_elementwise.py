"""What rows cannot say of elementwise operations: errors, kinks, aliases, Python's own protocols."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_ext as tg


def leaf(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_alpha_keeps_integers():
    x = tg.tensor([1, 2])
    assert tg.add(x, x, alpha=3).dtype == tg.int64
    assert tg.add(x, 2**53, alpha=3).tolist() == [1 + 3 * 2**53, 2 + 3 * 2**53]
    for name in ("add", "sub"):
        with pytest.raises(RuntimeError, match=name):
            getattr(tg, name)(x, x, alpha=1.5)
    with pytest.raises(RuntimeError, match="bool"):
        tg.add(x, x, alpha=True)
    with pytest.raises(RuntimeError, match="bool"):
        tg.sub(tg.tensor([True]), tg.tensor([True]))
    assert tg.add(tg.tensor([False]), tg.tensor([True]), alpha=True).tolist() == [True]


def test_division_with_rounding():
    x, y = tg.tensor([-7, 7]), tg.tensor([2, 2])
    assert tg.div(x, y, rounding_mode="floor").tolist() == [-4, 3]
    assert tg.div(x, y, rounding_mode="trunc").tolist() == [-3, 3]
    assert tg.div(x, y, rounding_mode="trunc").dtype == tg.int64
    assert x.clone().div_(y, rounding_mode="floor").tolist() == [-4, 3]
    with pytest.raises(RuntimeError, match="rounding_mode"):
        tg.div(x, y, rounding_mode="up")
    for mode in ("floor", "trunc"):
        with pytest.raises(RuntimeError, match="zero"):
            tg.div(x, tg.tensor([1, 0]), rounding_mode=mode)
    z = leaf(7.0)
    tg.div(z, 2.0, rounding_mode="floor").backward()
    assert z.grad.tolist() == [0.0]


def test_one_element_divisors_that_are_zero():
    for name in ("floor_divide", "remainder", "fmod"):
        with pytest.raises(RuntimeError, match="zero"):
            getattr(tg, name)(tg.tensor([1, 2]), 0)
    assert tg.fmod(tg.tensor([-(2**63)]), -1).tolist() == [0]


@pytest.mark.parametrize(
    ("name", "values", "gradient"),
    [
        ("fmax", ([1.0, 2.0, np.nan, 1.0], [1.0, 3.0, 1.0, np.nan]), ([1, 0, 0, 1], [0, 1, 1, 0])),
        ("fmin", ([1.0, 2.0, np.nan, 1.0], [1.0, 3.0, 1.0, np.nan]), ([1, 1, 0, 1], [0, 0, 1, 0])),
        ("copysign", ([0.0, 2.0, 2.0], [1.0, -1.0, -0.0]), ([0, -1, -1], [0, 0, 0])),
        ("xlogy", ([0.0, 0.0, 2.0], [0.0, 1.0, 1.0]), ([0, 0, 0], [np.nan, 0, 2])),
    ],
)
def test_gradients_at_kinks(name, values, gradient):
    """PyTorch's choices at ties, zeros and NaN."""
    x = [leaf(*v) for v in values]
    got = tg.autograd.grad(getattr(tg, name)(*x).sum(), x)
    for g, want in zip(got, gradient, strict=True):
        np.testing.assert_array_equal(g.numpy(), want)


def test_gradients_at_single_points():
    for f, at, want in (
        (tg.sinc, 0.0, 0.0),
        (tg.special.i1, 0.0, 0.5),
        (lambda x: tg.logit(x, 0.1), 0.05, 0.0),
        (tg.nan_to_num, np.inf, 0.0),
        (lambda x: tg.clamp(x, 0.0, 1.0), np.nan, 0.0),
        (lambda x: tg.clamp_min(x, 1.0), 1.0, 1.0),
        (tg.floor, 0.5, 0.0),
        (tg.special.entr, 1.0, -1.0),
    ):
        x = leaf(at)
        f(x).sum().backward()
        assert x.grad.tolist() == [want]
    x = leaf(0.0)
    (g,) = tg.autograd.grad(tg.sinc(x).sum(), x, create_graph=True)
    (h,) = tg.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(h.numpy(), [-(np.pi**2) / 3], rtol=1e-15)


def test_where_and_masked_fill_refuse():
    x, m = tg.tensor([1, 2]), tg.tensor([True, False])
    for call, error in (
        (lambda: tg.where(x, x, x), RuntimeError),
        (lambda: tg.masked_fill(x, x, 1), RuntimeError),
        (lambda: tg.masked_fill(x, m, float("nan")), RuntimeError),
        (lambda: tg.masked_fill(x, m, tg.tensor([1, 2])), RuntimeError),
        (lambda: x.masked_fill_(tg.ones(3, 2, dtype=tg.bool), 0), RuntimeError),
        (lambda: tg.clamp(x), RuntimeError),
        (lambda: tg.polygamma(-1, x), RuntimeError),
        (lambda: tg.lerp(x, x, 0.5), RuntimeError),
        (lambda: tg.addcdiv(x, x, x), RuntimeError),
        (lambda: tg.isclose(x, x, rtol=-1.0), RuntimeError),
    ):
        with pytest.raises(error):
            call()
    assert x.tolist() == [1, 2]


def test_masked_fill_in_place():
    x = tg.zeros(2, 3)
    assert x.masked_fill_(tg.tensor([True, False, True]), 5) is x
    assert x.tolist() == [[5, 0, 5], [5, 0, 5]]
    y = tg.zeros(2, 3).T
    y.masked_fill_(tg.tensor([True, False]), 1.0)
    assert y.tolist() == [[1, 0]] * 3


def test_whole_answers():
    a = tg.tensor([1.0, np.nan])
    assert tg.equal(tg.tensor([1, 2]), tg.tensor([1, 2])) is True
    assert a.equal(a) is False
    assert tg.equal(tg.ones(2), tg.ones(2, 1)) is False
    assert tg.allclose(a, a) is False
    assert a.allclose(a, equal_nan=True) is True
    assert tg.allclose(tg.tensor([100.0]), tg.tensor([100.0005])) is True


def test_operators():
    x = tg.tensor([12, -7])
    assert [t.tolist() for t in divmod(x, 5)] == [[2, -2], [2, 3]]
    assert [t.tolist() for t in divmod(5, tg.tensor([2]))] == [[2], [1]]
    assert (x << 2).tolist() == [48, -28]
    assert (1 << tg.tensor([3])).tolist() == [8]
    assert (x >> 1).tolist() == [6, -4]
    assert (+x).tolist() == x.tolist()
    same = x
    x //= 5
    x %= 7
    x |= 8
    x &= 13
    x ^= 1
    x <<= 3
    x >>= 1
    assert same is x
    want = np.array([12, -7])
    want = ((((((want // 5) % 7) | 8) & 13) ^ 1) << 3) >> 1
    assert x.tolist() == want.tolist()
    y = tg.tensor(2.5)
    assert (round(y).item(), math.floor(y).item(), math.ceil(y).item(), math.trunc(y).item()) == (2, 2, 3, 2)
    assert round(tg.tensor(2.346), 2).item() == pytest.approx(2.35, abs=1e-6)


def test_shifts_beyond_the_width():
    x = tg.tensor([5, -5])
    assert (x << 64).tolist() == [0, 0]
    assert (x >> 64).tolist() == [0, -1]
    assert (tg.tensor([200], dtype=tg.uint8) >> 8).tolist() == [0]


def test_rounding_to_decimals():
    x = np.array([1.2345, -1234.5, 15.0, 25.0])
    for d in (2, -1, 0, 3):
        np.testing.assert_allclose(tg.round(tg.tensor(x), decimals=d).numpy(), np.round(x, d), rtol=1e-15)


def test_numpys_names():
    x = tg.tensor([0.25, 0.5], requires_grad=True)
    for name in ("arcsin", "log1p", "floor", "hypot", "arctan2", "logaddexp", "expm1", "square"):
        ufunc = getattr(np, name)
        got = ufunc(*[x] * ufunc.nin)
        assert isinstance(got, tg.Tensor)
        np.testing.assert_allclose(got.detach().numpy(), ufunc(*[x.detach().numpy()] * ufunc.nin), rtol=1e-6)
    assert np.isfinite(x).tolist() == [True, True]
    assert np.left_shift(tg.tensor([1]), 3).tolist() == [8]


def test_far_negative_polygamma():
    """Left of zero the terms are summed from both ends: no loop over them."""
    got = tg.polygamma(2, tg.tensor([-1e12 + 0.25], dtype=tg.float64))
    # psi''(1 - x) - psi''(x) = pi d^2/dx^2 cot(pi x); far to the left psi''(1 - x) vanishes
    s, c = math.sin(math.pi * 0.25), math.cos(math.pi * 0.25)
    assert got.item() == pytest.approx(-2 * math.pi**3 * c / s**3, rel=1e-12)
