"""The digits that come with the package: whole, fixed, and split so that no image is seen twice."""

from __future__ import annotations

import numpy as np

import tinygrad_ext as tg
from tinygrad_ext.data import digits


def test_shapes_and_ranges():
    data = digits()
    assert [tuple(part.images.shape) for part in data] == [(1257, 1, 8, 8), (180, 1, 8, 8), (360, 1, 8, 8)]
    for images, labels in data:
        assert images.dtype == tg.float32
        assert labels.dtype == tg.int64
        assert tuple(labels.shape) == (images.shape[0],)
        assert images.min().item() == 0.0
        assert images.max().item() == 1.0


def test_contents():
    """The published file optdigits.tes has 561,718 units of ink and these class counts."""
    data = digits()
    ink = sum(round(16 * part.images.double().sum().item()) for part in data)
    assert ink == 561_718
    labels = np.concatenate([part.labels.numpy() for part in data])
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_classes_are_balanced_in_every_part():
    for part in digits():
        counts = np.bincount(part.labels.numpy(), minlength=10)
        assert counts.max() - counts.min() <= max(2, 0.08 * counts.mean())


def test_parts_are_disjoint_and_always_the_same():
    parts = [{row.tobytes() for row in part.images.numpy()} for part in digits()]
    assert not parts[0] & parts[2]
    assert not parts[0] & parts[1]
    assert not parts[1] & parts[2]
    again = digits()
    assert again.test.images.tolist() == digits().test.images.tolist()
    again.test.images.zero_()
    assert digits().test.images.sum().item() > 0
