"""Normalisation beyond the table: running statistics, accuracy, what is refused; attention without keys."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
import tinygrad_ext.nn.functional as F


def test_running_statistics(rng):
    """Blended in place, unbiased variance, nothing recorded."""
    x = rng.standard_normal((6, 3, 5))
    mean, var = tg.zeros(3, dtype=tg.float64), tg.ones(3, dtype=tg.float64)
    t = tg.tensor(x, requires_grad=True)
    F.batch_norm(t, mean, var, training=True, momentum=0.3).sum().backward()
    np.testing.assert_allclose(mean.numpy(), 0.3 * x.mean((0, 2)), rtol=1e-12)
    np.testing.assert_allclose(var.numpy(), 0.7 + 0.3 * x.var((0, 2), ddof=1), rtol=1e-12)
    assert not mean.requires_grad
    mean, var = tg.zeros(3, dtype=tg.float64), tg.ones(3, dtype=tg.float64)
    F.instance_norm(t, mean, var, momentum=0.3)
    np.testing.assert_allclose(mean.numpy(), 0.3 * x.mean(2).mean(0), rtol=1e-12)
    np.testing.assert_allclose(var.numpy(), 0.7 + 0.3 * x.var(2, ddof=1).mean(0), rtol=1e-12)


def test_statistics_stay_after_an_error():
    mean, var = tg.zeros(3), tg.ones(3)
    with pytest.raises(RuntimeError, match="weight"):
        F.batch_norm(tg.ones(4, 3), mean, var, tg.ones(2), training=True)
    assert mean.tolist() == [0.0] * 3


def test_evaluation_survives_a_later_training_step():
    """The statistics that a forward used are its own."""
    x = tg.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    mean, var = tg.zeros(2), tg.full((2,), 4.0)
    y = F.batch_norm(x, mean, var, eps=0.0)
    F.batch_norm(x, mean, var, training=True)
    y.sum().backward()
    assert x.grad.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    "norm",
    [
        lambda x: F.layer_norm(x, (512,)),
        lambda x: F.batch_norm(x.transpose(0, 1), None, None, training=True).transpose(0, 1),
        lambda x: F.group_norm(x.reshape(64, 4, 128), 1).reshape(64, 512),
    ],
)
def test_float32_accuracy(norm, rng):
    """A mean far from zero costs no more digits than the input has lost by it."""
    x = (rng.standard_normal((64, 512)) + 100).astype("float32")
    wide = x.astype("float64")
    want = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    assert np.abs(norm(tg.tensor(x)).numpy() - want).max() < 2e-5


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (lambda: F.batch_norm(tg.ones(1, 3), None, None, training=True), ValueError),
        (lambda: F.batch_norm(tg.ones(2, 3), None, None), RuntimeError),
        (lambda: F.batch_norm(tg.ones(2, 3), tg.ones(2), tg.ones(2)), RuntimeError),
        (lambda: F.batch_norm(tg.ones(2, 3), None, None, training=True, momentum=None), TypeError),
        (lambda: F.layer_norm(tg.ones(2, 3), (4,)), RuntimeError),
        (lambda: F.layer_norm(tg.ones(2, 3), ()), RuntimeError),
        (lambda: F.layer_norm(tg.ones(2, 3), (3,), tg.ones(2)), RuntimeError),
        (lambda: F.group_norm(tg.ones(2, 3), 2), RuntimeError),
        (lambda: F.group_norm(tg.ones(2, 3), 0), RuntimeError),
        (lambda: F.instance_norm(tg.ones(2, 3, 1)), ValueError),
        (lambda: F.bilinear(tg.ones(2, 3), tg.ones(2, 4), tg.ones(5, 3, 3)), RuntimeError),
        (
            lambda: F.scaled_dot_product_attention(
                tg.ones(2, 3), tg.ones(2, 3), tg.ones(2, 3), tg.ones(2, 2), is_causal=True
            ),
            RuntimeError,
        ),
        (
            lambda: F.scaled_dot_product_attention(tg.ones(2, 3), tg.ones(2, 4), tg.ones(2, 3)),
            RuntimeError,
        ),
        (
            lambda: F.scaled_dot_product_attention(tg.ones(2, 3), tg.ones(4, 3), tg.ones(2, 3)),
            RuntimeError,
        ),
    ],
)
def test_errors(bad, error):
    with pytest.raises(error):
        bad()


def test_zero_vectors_have_zero_gradients():
    x = tg.tensor([[0.0, 0.0]], requires_grad=True)
    F.normalize(x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    x.grad = None
    F.pairwise_distance(x, tg.zeros(1, 2), eps=0.0).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0]]


def test_a_query_that_sees_nothing():
    """Zeros, and gradients without NaN."""
    q, k, v = (tg.ones(2, 3).requires_grad_() for _ in range(3))
    mask = tg.tensor([[True, True], [False, False]])
    y = F.scaled_dot_product_attention(q, k, v, mask)
    assert y.tolist() == [[1.0] * 3, [0.0] * 3]
    y.sum().backward()
    assert all(np.isfinite(t.grad.numpy()).all() for t in (q, k, v))
