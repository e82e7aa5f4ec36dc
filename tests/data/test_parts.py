"""Splits with equal class shares; `random_split`'s order is in test_order.py."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tinygrad_ext as tg
from tinygrad_ext.data import TensorDataset, train_val_test_split


def numbers(part):
    return [part.indices[i] for i in range(len(part))]


def test_parts_cover_everything_once():
    parts = train_val_test_split(range(50), (0.5, 0.3, 0.2), seed=3)
    assert [len(part) for part in parts] == [25, 15, 10]
    assert sorted(chain(*map(numbers, parts))) == list(range(50))
    again = train_val_test_split(range(50), (25, 15, 10), seed=tg.Generator().manual_seed(3))
    assert [numbers(part) for part in again] == [numbers(part) for part in parts]
    assert numbers(train_val_test_split(range(50), seed=4)[0])[:25] != numbers(parts[0])


def test_tensors_and_gathering():
    x, y = tg.arange(20).reshape(10, 2), tg.arange(10)
    train, _, test = train_val_test_split((x, y), (6, 2, 2), seed=0)
    assert isinstance(train.dataset, TensorDataset)
    features, labels = train.gather(tg.arange(6))
    assert labels.tolist() == numbers(train)
    assert features.tolist() == x.numpy()[numbers(train)].tolist()
    assert [int(label) for _, label in (test[i] for i in range(2))] == numbers(test)


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.integers(0, 5), min_size=3, max_size=80),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    seed=st.integers(0, 9),
)
def test_every_class_has_its_share(labels, cut, seed):
    """Each class's count in each part is its share to within one sample, and totals are those asked for."""
    n = len(labels)
    low, high = sorted(round(c * n) for c in cut)
    counts = (low, high - low, n - high)
    parts = train_val_test_split(range(n), counts, seed=seed, stratify=tg.tensor(labels))
    assert tuple(map(len, parts)) == counts
    assert sorted(chain(*map(numbers, parts))) == list(range(n))
    labels = np.array(labels)
    for part, count in zip(parts, counts, strict=True):
        inside = labels[numbers(part)]
        for label in set(labels.tolist()):
            share = (labels == label).sum() * count / n
            assert abs((inside == label).sum() - share) <= 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"lengths": (5, 5)}, "three"),
        ({"lengths": (5, 5, 5)}, r"sum to 10.*15"),
        ({"lengths": (0.5, 0.5, 0.5)}, r"1\.5"),
        ({"lengths": (-1, 10, 1)}, "negative"),
        ({"stratify": [1, 2]}, r"10 samples.*\(2,\)"),
    ],
)
def test_refusals(arguments, named):
    with pytest.raises(ValueError, match=rf"train_val_test_split.*{named}"):
        train_val_test_split(range(10), **arguments)


def test_an_empty_part_is_told():
    with pytest.warns(UserWarning, match="part 2 of 3 samples is empty"):
        train_val_test_split(range(3), (0.4, 0.4, 0.2))
