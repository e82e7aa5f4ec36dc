"""Dropout where its outcome is random: what it is on average; values and gradients share a mask."""

from __future__ import annotations

import math

import pytest

import tinygrad_ext as tg
import tinygrad_ext.nn.functional as F

N = 100_000


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_share_and_scale(p, dtype):
    """Survivors are scaled by 1 / (1 - p); their number is binomial (five standard deviations allowed)."""
    y = F.dropout(tg.ones(N, dtype=getattr(tg, dtype)), p)
    assert str(y.dtype).endswith(dtype)
    kept = (y != 0).sum().item()
    assert abs(kept - N * (1 - p)) < 5 * math.sqrt(N * p * (1 - p))
    survivors = y[y != 0]
    scale = tg.tensor(1 / (1 - p), dtype=getattr(tg, dtype)).item()
    assert survivors.min().item() == survivors.max().item() == pytest.approx(scale, rel=1e-7)


def test_gradient_uses_the_same_mask():
    x = tg.rand(1000, dtype=tg.float64, requires_grad=True)
    y = F.dropout(x, 0.3)
    w = tg.rand(1000, dtype=tg.float64)
    (y * w).sum().backward()
    ratio = (y / x).detach()
    assert (x.grad - ratio * w).abs().max().item() < 1e-12


def test_seeded():
    results = []
    for _ in range(2):
        tg.manual_seed(4)
        results.append(F.dropout(tg.ones(50), 0.5).tolist())
    assert results[0] == results[1]
    assert F.dropout(tg.ones(50), 0.5).tolist() != results[0]


def test_no_draw_outside_training():
    """Nothing is drawn where nothing is random."""
    tg.manual_seed(0)
    want = tg.rand(3).tolist()
    tg.manual_seed(0)
    F.dropout(tg.ones(10), 0.5, training=False)
    F.dropout(tg.ones(10), 0.0)
    assert tg.rand(3).tolist() == want


@pytest.mark.parametrize(
    "name", ["feature_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]
)
def test_channels_are_dropped_whole(name):
    shape = {"dropout1d": (50, 40, 3), "dropout3d": (50, 40, 2, 1, 3)}.get(name, (50, 40, 2, 3))
    function = getattr(F, name, None) or getattr(tg, name)
    y = function(tg.ones(*shape), 0.4, True).flatten(2)
    assert (y == y[:, :, :1]).all().item()
    kept = (y[:, :, 0] > 0).sum().item()
    assert abs(kept - 2000 * 0.6) < 5 * math.sqrt(2000 * 0.4 * 0.6)


def test_no_batch():
    """dropout1d and dropout3d take one sample without its batch."""
    for name, shape in (("dropout1d", (4, 5)), ("dropout3d", (4, 2, 3, 2))):
        tg.manual_seed(2)
        alone = getattr(F, name)(tg.ones(*shape))
        tg.manual_seed(2)
        assert alone.tolist() == getattr(F, name)(tg.ones(1, *shape))[0].tolist()


@pytest.mark.parametrize("name", ["alpha_dropout", "feature_alpha_dropout"])
def test_alpha_dropout_keeps_moments(name):
    tg.manual_seed(3)
    x = tg.randn(N // 10, 10, dtype=tg.float64)
    y = getattr(F, name)(x, 0.2, True)
    assert abs(y.mean().item()) < 0.03
    assert abs(y.var().item() - 1) < 0.05


def test_in_place():
    x = tg.ones(1000)
    assert F.dropout(x, 0.5, inplace=True) is x
    assert set(x.tolist()) == {0.0, 2.0}
    w = tg.ones(1000, requires_grad=True)
    y = w * 3
    F.dropout(y, 0.5, True, True)
    y.sum().backward()
    assert (w.grad == y.detach()).all().item()
    with pytest.raises(RuntimeError, match="dropout_"):
        F.dropout(w, 0.5, inplace=True)
    assert F.dropout(w, 0.5, False, True) is w


def test_train_is_pytorchs_word_for_training():
    x = tg.ones(4)
    assert tg.dropout(x, 0.5, train=False) is x
    assert tg.feature_dropout(x, p=0.5, train=False) is x


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: F.dropout(tg.ones(2), 1.5), ValueError),
        (lambda: F.dropout(tg.ones(2), -0.1, False), ValueError),
        (lambda: F.dropout(tg.ones(2, dtype=tg.int64), 0.5), RuntimeError),
        (lambda: F.dropout2d(tg.ones(2)), RuntimeError),
        (lambda: F.dropout1d(tg.ones(2, 2, 2, 2)), RuntimeError),
        (lambda: F.dropout3d(tg.ones(2, 2, 2)), RuntimeError),
        (lambda: F.gumbel_softmax(tg.ones(2, dtype=tg.int64)), RuntimeError),
        (lambda: F.gumbel_softmax(tg.ones(2), dim=1), IndexError),
    ],
)
def test_bad_arguments(call, error):
    with pytest.raises(error):
        call()


def test_gumbel_softmax():
    """Hard samples are one-hot, chosen as often as softmax says, and have the gradient of soft ones."""
    logits = tg.tensor([[0.0, 1.0, -1.0]], dtype=tg.float64).expand(20_000, 3)
    hard = F.gumbel_softmax(logits, hard=True)
    assert (hard.sum(1) == 1).all().item()
    share = hard.mean(0) - logits[0].softmax(0)
    assert share.abs().max().item() < 5 * math.sqrt(0.25 / 20_000)
    gradients = []
    for kind in (False, True):
        x = tg.tensor([[0.3, -0.2, 0.1]], dtype=tg.float64, requires_grad=True)
        tg.manual_seed(0)
        (F.gumbel_softmax(x, 0.5, kind) * tg.tensor([1.0, 2.0, 3.0])).sum().backward()
        gradients.append(x.grad.tolist()[0])
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-12)
