"""Activations beyond the table: accuracy over the whole range, kinks, writing in place."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import tinygrad_ext as tg
import tinygrad_ext.nn.functional as F


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# Worst error in ulp of float32 where the result is a normal number.
BOUNDS = {
    "gelu": (lambda x: x * special.ndtr(x), 5.0),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), 2.0),
    "logsigmoid": (lambda x: -softplus(-x), 3.0),
    "silu": (lambda x: x * special.expit(x), 4.0),
    "mish": (lambda x: x * np.tanh(softplus(x)), 4.0),
    "softsign": (lambda x: x / (1 + np.abs(x)), 2.0),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_accuracy(name):
    """Tails are as exact as the middle: nothing cancels."""
    reference, bound = BOUNDS[name]
    patterns = np.arange(0, 2**32, 4093, dtype=np.uint32).view(np.float32)
    x = np.concatenate([patterns[np.isfinite(patterns)], np.linspace(-20, 20, 100_001, dtype="float32")])
    got = getattr(F, name)(tg.tensor(x)).numpy()
    with np.errstate(all="ignore"):
        want = reference(x.astype("float64"))
    normal = np.abs(want) > 1e-34
    place = np.spacing(np.abs(want[normal]).astype("float32")).astype("float64")
    error = np.abs(got[normal] - want[normal]) / place
    assert error.max() <= bound, f"{name}({x[normal][error.argmax()]!r}) is {error.max():.2f} ulp off"


@pytest.mark.parametrize(
    ("function", "at", "slopes"),
    [
        (lambda x: F.leaky_relu(x, 0.25), [0.0], [0.25]),
        (lambda x: F.elu(x, 2.0), [0.0], [2.0]),
        (F.relu6, [0.0, 6.0], [0.0, 0.0]),
        (F.hardtanh, [-1.0, 1.0], [0.0, 0.0]),
        (F.hardswish, [-3.0, 3.0], [0.0, 1.0]),
        (F.hardsigmoid, [-3.0, 3.0], [0.0, 0.0]),
        (F.softshrink, [-0.5, 0.5], [0.0, 0.0]),
        (F.hardshrink, [-0.5, 0.5], [0.0, 0.0]),
        (lambda x: F.threshold(x, 1.0, 5.0), [1.0], [0.0]),
        (lambda x: F.prelu(x, tg.tensor([0.25], dtype=tg.float64)), [0.0], [0.25]),
        (F.step, [0.0, 1.0], [0.0, 0.0]),
    ],
)
def test_kinks(function, at, slopes):
    """PyTorch's choices."""
    x = tg.tensor(at, dtype=tg.float64, requires_grad=True)
    function(x).sum().backward()
    assert x.grad.tolist() == slopes


def test_step_at_zero():
    assert F.step(tg.tensor([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 1.0]


def test_inplace():
    """The keyword, the function and the method write into their argument and return it."""
    for write in (
        lambda x: F.relu(x, inplace=True),
        lambda x: F.relu(x, True),
        F.relu_,
        tg.relu_,
        lambda x: x.relu_(),
    ):
        x = tg.tensor([-1.0, 2.0])
        assert write(x) is x
        assert x.tolist() == [0.0, 2.0]
    for name in ("leaky_relu", "elu", "selu", "celu", "hardtanh", "rrelu"):
        x = tg.tensor([-1.5, 2.0])
        want = getattr(F, name)(x).tolist()
        assert getattr(F, name + "_")(x) is x
        assert x.tolist() == want
    x = tg.tensor([-1.0, 2.0], requires_grad=True)
    y = x * 1.0
    assert F.elu(y, inplace=True) is y
    y.sum().backward()
    np.testing.assert_allclose(x.grad.tolist(), [np.exp(-1), 1.0], rtol=1e-6)
    with pytest.raises(RuntimeError, match="leaf"):
        F.relu(x, inplace=True)
    assert x.tolist() == [-1.0, 2.0]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (lambda x: F.gelu(x, "fast"), RuntimeError),
        (lambda x: F.hardtanh(x, 2.0, 1.0), ValueError),
        (lambda x: F.softshrink(x, -1.0), RuntimeError),
        (lambda x: F.celu(x, 0.0), RuntimeError),
        (lambda x: F.glu(x), RuntimeError),
        (lambda x: F.prelu(x, tg.ones(2)), RuntimeError),
        (lambda x: F.softmax(x, 1), IndexError),
        (lambda x: F.silu(x.long()), RuntimeError),
    ],
)
def test_errors(bad, error):
    with pytest.raises(error):
        bad(tg.ones(3))


def test_rrelu_training():
    """Slopes lie in the range asked for; positive numbers stay."""
    x = tg.full((1000,), -1.0)
    slopes = -F.rrelu(x, 0.2, 0.4, training=True).numpy()
    assert slopes.min() >= 0.2
    assert slopes.max() <= 0.4
    assert slopes.std() > 0.04
    assert F.rrelu(tg.ones(3), training=True).tolist() == [1.0, 1.0, 1.0]
