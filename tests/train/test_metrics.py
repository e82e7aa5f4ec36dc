"""Metrics against NumPy, by hand, and scikit-learn where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.train import accuracy, confusion_matrix, mean_absolute_error, r2_score, top_k_accuracy

SCORES = tg.tensor([[0.1, 0.7, 0.2], [0.5, 0.1, 0.4], [0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
LABELS = tg.tensor([1, 2, 2, 1])


def test_by_hand():
    assert accuracy(SCORES, LABELS) == 0.5
    assert accuracy(tg.tensor([1, 0, 2, 2]), LABELS) == 0.5
    assert [top_k_accuracy(SCORES, LABELS, k) for k in (1, 2, 3)] == [0.5, 1.0, 1.0]
    assert confusion_matrix(SCORES, LABELS).tolist() == [[0, 0, 0], [1, 1, 0], [1, 0, 1]]
    assert confusion_matrix(tg.tensor([0, 1]), tg.tensor([1, 1])).tolist() == [[0, 0], [1, 1]]
    assert mean_absolute_error(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 2.5])) == 1.25
    assert r2_score(tg.tensor([1.0, 2.0, 4.0]), tg.tensor([1.0, 2.0, 3.0])) == 0.5
    assert r2_score(tg.ones(3), tg.ones(3)) == 1
    assert r2_score(tg.zeros(3), tg.ones(3)) == 0
    pixels = tg.rand(2, 3, 4, 4)
    assert accuracy(pixels, tg.tensor(pixels.numpy().argmax(1))) == 1


def test_scikit_learn(rng):
    theirs = pytest.importorskip("sklearn.metrics")
    scores, labels = rng.random((200, 6), dtype=np.float32), rng.integers(0, 6, 200)
    x, y = tg.tensor(scores), tg.tensor(labels)
    guess = scores.argmax(1)
    assert accuracy(x, y) == theirs.accuracy_score(labels, guess)
    for k in 2, 3:
        assert top_k_accuracy(x, y, k) == pytest.approx(theirs.top_k_accuracy_score(labels, scores, k=k))
    np.testing.assert_array_equal(confusion_matrix(x, y).numpy(), theirs.confusion_matrix(labels, guess))
    a, b = rng.normal(size=(50, 1)), rng.normal(size=(50, 1))
    assert r2_score(tg.tensor(a), tg.tensor(b)) == pytest.approx(theirs.r2_score(b, a), rel=1e-12)
    ours = mean_absolute_error(tg.tensor(a), tg.tensor(b))
    assert ours == pytest.approx(theirs.mean_absolute_error(b, a), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: accuracy(tg.rand(4, 3), tg.arange(3)), r"accuracy.*\[4, 3\].*\[3\]"),
        (lambda: accuracy(tg.rand(4), tg.arange(4)), "accuracy.*float32"),
        (lambda: accuracy(tg.rand(4, 3), tg.rand(4)), "float32"),
        (lambda: accuracy(tg.rand(0, 3), tg.arange(0)), "no sample"),
        (lambda: top_k_accuracy(SCORES, LABELS, 4), "from 1 to 3"),
        (lambda: top_k_accuracy(LABELS, LABELS), r"scores \[N, C\]"),
        (lambda: confusion_matrix(SCORES, LABELS, 2), "class 2, expected 0 to 1"),
        (lambda: confusion_matrix(tg.tensor([-1]), tg.tensor([1])), "class -1"),
        (lambda: r2_score(tg.rand(3, 1), tg.rand(3)), r"r2_score.*\[3, 1\].*\[3\]"),
        (lambda: mean_absolute_error(tg.rand(0), tg.rand(0)), "mean_absolute_error"),
    ],
)
def test_refusals(call, named):
    with pytest.raises(ValueError, match=named):
        call()
