"""What the tests of training share: a small classifier and data that it can learn."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn


def make_classifier():
    """A network [N, 5] -> [N, 3] with running means and draws of its own, always with the same weights."""
    tg.manual_seed(4)
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))


@pytest.fixture
def classifier():
    return make_classifier


@pytest.fixture
def data(rng):
    """50 samples of three classes."""
    x = rng.normal(size=(50, 5)).astype(np.float32)
    return tg.tensor(x), tg.tensor((x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5))
