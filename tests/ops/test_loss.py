"""Losses beyond the table: what is refused, PyTorch's old arguments, ignored classes."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
import tinygrad_ext.nn.functional as F

X = tg.tensor([[0.5, -1.0, 2.0], [0.0, 1.0, 0.5]])


@pytest.mark.parametrize(
    "loss",
    [
        *(F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.soft_margin_loss, F.hinge_loss, F.kl_div),
        *(F.binary_cross_entropy_with_logits, F.poisson_nll_loss, F.hinge_embedding_loss),
    ],
)
def test_shapes_must_be_equal(loss):
    """(N, 1) against (N) would broadcast to (N, N): it raises."""
    with pytest.raises(ValueError, match="shape"):
        loss(tg.ones(4, 1), tg.ones(4))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (lambda: F.cross_entropy(X, tg.tensor([0, 3])), IndexError),
        (lambda: F.cross_entropy(X, tg.tensor([0, -1])), IndexError),
        (lambda: F.nll_loss(X, tg.tensor([5, 0])), IndexError),
        (lambda: F.cross_entropy(X, tg.tensor([0])), ValueError),
        (lambda: F.cross_entropy(X, tg.tensor([0, 1]), tg.ones(2)), RuntimeError),
        (lambda: F.cross_entropy(X, tg.tensor([0, 1]), label_smoothing=2.0), RuntimeError),
        (lambda: F.cross_entropy(X, tg.tensor([0, 1]), reduction="average"), ValueError),
        (lambda: F.binary_cross_entropy(tg.tensor([1.5]), tg.tensor([1.0])), RuntimeError),
        (lambda: F.binary_cross_entropy(tg.tensor([float("nan")]), tg.tensor([1.0])), RuntimeError),
        (lambda: F.smooth_l1_loss(X, X, beta=-1.0), RuntimeError),
        (lambda: F.huber_loss(X, X, delta=0.0), RuntimeError),
        (lambda: F.gaussian_nll_loss(X, X, tg.tensor([[1.0], [-1.0]])), ValueError),
        (lambda: F.triplet_margin_loss(X, X, X, margin=0.0), ValueError),
        (lambda: F.triplet_margin_with_distance_loss(X, X, X, distance_function=3), TypeError),
        (lambda: F.triplet_margin_with_distance_loss(X, X, X, distance_function=lambda a, b: 1), TypeError),
        (lambda: F.multi_margin_loss(X, tg.tensor([0, 1]), p=3), ValueError),
        (lambda: F.multilabel_margin_loss(X, tg.tensor([[0, 7, -1], [0, 0, 0]])), RuntimeError),
    ],
)
def test_errors(bad, error):
    with pytest.raises(error):
        bad()


def test_old_arguments():
    """size_average and reduce, as PyTorch had them, win where they are given."""
    t = X * 0.0
    each = (X**2).tolist()
    assert F.mse_loss(X, t, reduce=False).tolist() == each
    assert F.mse_loss(X, t, size_average=False).item() == np.sum(each)
    assert F.mse_loss(X, t, True, True, "sum").item() == pytest.approx(np.mean(each))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ignored_rows_get_no_gradient(reduction):
    """Not even where they hold infinities."""
    x = tg.tensor([[0.5, float("inf")], [1.0, 2.0]], requires_grad=True)
    loss = F.cross_entropy(x, tg.tensor([-100, 0]), reduction=reduction)
    loss.sum().backward()
    assert x.grad[0].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(x.grad[1].tolist(), [-0.7310586, 0.7310586], rtol=1e-6)


def test_nothing_counted():
    """The mean of nothing is not a number, as in PyTorch."""
    assert np.isnan(F.cross_entropy(X, tg.tensor([-100, -100])).item())
    assert np.isnan(F.nll_loss(tg.ones(0, 3), tg.zeros(0, dtype=tg.int64)).item())


def test_cross_entropy_is_one_node():
    x = tg.tensor(X.numpy(), requires_grad=True)
    loss = F.cross_entropy(x, tg.tensor([0, 2]))
    assert loss._op == "cross_entropy"
    assert loss._prev[0] is x
