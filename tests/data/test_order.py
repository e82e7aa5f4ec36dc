"""Samplers, loader and splits visit samples in PyTorch's order: golden/make_loader.py wrote loader.json."""

from __future__ import annotations

import json
import sys
from itertools import chain
from pathlib import Path

import pytest

import tinygrad_ext as tg
from tinygrad_ext import data
from tinygrad_ext.utils import data as torch_path

GOLDEN_FOLDER = Path(__file__).parents[1] / "golden"
sys.path.insert(0, str(GOLDEN_FOLDER))

from orders import ORDERS  # noqa: E402

GOLDEN = json.loads((GOLDEN_FOLDER / "loader.json").read_text())


def test_golden_file_is_complete():
    assert GOLDEN.keys() == ORDERS.keys()


@pytest.mark.parametrize("name", ORDERS)
def test_equals_pytorch(name):
    assert ORDERS[name](tg, data) == GOLDEN[name]


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_workers_keep_the_order(workers):
    loaders = [
        data.DataLoader(
            data.TensorDataset(tg.arange(50)),
            7,
            shuffle=True,
            num_workers=count,
            generator=tg.Generator().manual_seed(1),
            workers=workers,
        )
        for count in (0, 2)
    ]
    for _ in range(2):
        here, there = ([batch.tolist() for (batch,) in loader] for loader in loaders)
        assert here == there
        assert sorted(chain(*here)) == list(range(50))


def test_pytorchs_path_has_the_same_objects():
    assert tg.utils.data is torch_path
    for name in torch_path.__all__:
        assert getattr(torch_path, name) is getattr(data, name)


class Backwards(data.RandomSampler):
    """A subclass whose own order must not be passed over by the fast way."""

    def __iter__(self):
        return iter(range(len(self))[::-1])


def test_samplers_of_ones_own():
    numbers = data.TensorDataset(tg.arange(5))
    assert [b.tolist() for (b,) in data.DataLoader(numbers, 2, sampler=Backwards(numbers))] == [
        [4, 3],
        [2, 1],
        [0],
    ]
    assert [b.tolist() for (b,) in data.DataLoader(numbers, 2, sampler=[3, 3, 1])] == [[3, 3], [1]]
    assert [b.tolist() for (b,) in data.DataLoader(numbers, batch_sampler=[[0, 4], [2]])] == [[0, 4], [2]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: data.RandomSampler([]),
        lambda: data.RandomSampler(range(3), num_samples=0),
        lambda: data.BatchSampler(range(3), 0, False),
        lambda: data.BatchSampler(range(3), True, False),
        lambda: data.BatchSampler(range(3), 2, 1),
        lambda: data.WeightedRandomSampler([1.0], 0),
        lambda: data.WeightedRandomSampler([[1.0]], 2),
        lambda: data.random_split(range(5), [2, 2]),
        lambda: data.random_split(range(5), [0.5, 0.6]),
        lambda: data.random_split(range(5), [1.5, -0.5]),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(ValueError, match=r"Sampler|random_split"):
        make()
