"""Weight normalisation in its two forms, and parametrizations in general."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn
from tinygrad_ext.nn.utils import parametrizations, parametrize, remove_weight_norm, weight_norm


def older(module, **settings):
    with pytest.warns(FutureWarning, match="parametrizations"):
        return weight_norm(module, **settings)


def newer(module, **settings):
    return parametrizations.weight_norm(module, **settings)


def lengths(w, dim):
    others = tuple(range(w.ndim)) if dim is None else tuple(d for d in range(w.ndim) if d != dim % w.ndim)
    return np.sqrt((w * w).sum(others, keepdims=dim is not None))


@pytest.mark.parametrize("dim", [0, 1, -1, None])
@pytest.mark.parametrize("make", [lambda: nn.Linear(3, 4), lambda: nn.Conv2d(2, 3, 2)])
@pytest.mark.parametrize(
    ("form", "g", "v"),
    [(older, "weight_g", "weight_v"), (newer, *("parametrizations.weight.original" + n for n in "01"))],
)
def test_weight_norm(form, g, v, make, dim):
    """The weight stays; its lengths and directions are trained; the gradient is that of differences."""
    m = make().double()
    w = m.weight.detach().numpy().copy()
    assert form(m, dim=dim) is m
    assert list(m.state_dict()) == ["bias", g, v]
    np.testing.assert_allclose(m.get_parameter(g).detach().numpy(), lengths(w, dim), rtol=1e-14)
    np.testing.assert_allclose(m.weight.detach().numpy(), w, rtol=1e-14)
    with tg.no_grad():
        m.get_parameter(g).mul_(2)
    x = tg.randn(2, 3, dtype=tg.float64) if w.ndim == 2 else tg.randn(1, 2, 4, 4, dtype=tg.float64)
    m(x)
    np.testing.assert_allclose(m.weight.detach().numpy(), 2 * w, rtol=1e-14)
    for name in (g, v):
        p = m.get_parameter(name)
        (m(x) ** 2).sum().backward()
        rng = np.random.default_rng(0)
        step = tg.tensor(rng.standard_normal(tuple(p.shape))) * 1e-6
        slope = (p.grad * step).sum().item() / 1e-6
        values = []
        for sign in (1, -2):
            with tg.no_grad():
                p.add_(sign * step)
                values.append((m(x) ** 2).sum().item())
        assert (values[0] - values[1]) / 2e-6 == pytest.approx(slope, rel=1e-6, abs=1e-6)
        m.zero_grad()


def test_taking_them_back():
    x = tg.randn(2, 3)
    for form, back in (
        (older, remove_weight_norm),
        (newer, lambda m: parametrize.remove_parametrizations(m, "weight")),
    ):
        m = form(nn.Linear(3, 4))
        y = m(x).tolist()
        assert back(m) is m
        assert sorted(m.state_dict()) == ["bias", "weight"]
        assert isinstance(m.weight, nn.Parameter)
        assert type(m) is nn.Linear
        assert not m._hooked
        np.testing.assert_allclose(m(x).tolist(), y, rtol=1e-6)
    for bad in (lambda m: remove_weight_norm(m), lambda m: parametrize.remove_parametrizations(m, "weight")):
        with pytest.raises(ValueError, match="'weight'"):
            bad(nn.Linear(2, 2))
    with pytest.warns(FutureWarning), pytest.raises(ValueError, match="'scale'"):
        weight_norm(nn.Linear(2, 2), "scale")


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x

    def right_inverse(self, x):
        return x / 2


def test_parametrizations():
    m = nn.Linear(3, 3)
    weight, x = m.weight, tg.randn(2, 3)
    start = weight.tolist()
    parametrize.register_parametrization(m, "weight", Doubled())
    assert type(m).__name__ == "ParametrizedLinear"
    assert isinstance(m, nn.Linear)
    assert parametrize.is_parametrized(m)
    assert parametrize.is_parametrized(m, "weight")
    assert not parametrize.is_parametrized(m, "bias")
    assert m.parametrizations.weight.original is weight
    assert m.weight.tolist() == start
    assert (weight * 2).tolist() == start
    parametrize.register_parametrization(m, "weight", Symmetric())
    assert m.weight.tolist() == m.weight.T.tolist()
    m(x).sum().backward()
    assert weight.grad.shape == (3, 3)
    assert weight.grad[2, 0].item() == 0.0
    other = copy.deepcopy(m)
    assert other(x).tolist() == m(x).tolist()
    assert other.parametrizations.weight.original is not weight
    value = m.weight.tolist()
    parametrize.remove_parametrizations(m, "weight")
    assert m.weight is weight
    assert weight.tolist() == value
    assert not parametrize.is_parametrized(m)
    assert type(m) is nn.Linear


def test_assigning_and_leaving_the_original():
    m = nn.Linear(2, 2)
    parametrize.register_parametrization(m, "weight", Doubled())
    parametrize.register_parametrization(m, "bias", Doubled())
    m.weight = tg.full((2, 2), 6.0)
    assert m.parametrizations.weight.original.tolist() == [[3.0, 3.0]] * 2
    parametrize.remove_parametrizations(m, "weight", leave_parametrized=False)
    assert m.weight.tolist() == [[3.0, 3.0]] * 2
    assert parametrize.is_parametrized(m, "bias")
    n = newer(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="2 originals"):
        parametrize.remove_parametrizations(n, "weight", leave_parametrized=False)


def test_buffers_can_be_parametrized():
    m = nn.BatchNorm1d(2)
    parametrize.register_parametrization(m, "running_mean", Doubled())
    assert [n for n, _ in m.named_buffers()] == [
        "running_var",
        "num_batches_tracked",
        "parametrizations.running_mean.original",
    ]
    parametrize.remove_parametrizations(m, "running_mean")
    assert "running_mean" in dict(m.named_buffers())


def test_what_parametrizations_refuse():
    class Flat(nn.Module):
        def forward(self, x):
            return x.flatten()

    m = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="no tensor 'scale'"):
        parametrize.register_parametrization(m, "scale", Doubled())
    with pytest.raises(ValueError, match=r"from \(2, 2\).*to \(4,\)"):
        parametrize.register_parametrization(m, "weight", Flat())
    assert type(m) is nn.Linear
    assert list(m.state_dict()) == ["weight", "bias"]
    parametrize.register_parametrization(m, "weight", Flat(), unsafe=True)
    assert m.weight.shape == (4,)
