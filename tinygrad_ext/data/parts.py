"""Cutting a dataset into parts: `random_split`, and `train_val_test_split`, which keeps class shares."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_ext._core import Generator, Tensor, randperm
from tinygrad_ext.data.dataset import Subset, TensorDataset


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[Any]]:
    """Cut a dataset at random into parts of given sizes; the same parts as PyTorch's for the same seed.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or of float
        Counts that sum to the dataset's length, or fractions that sum to 1: each part gets its share rounded
        down, and what is left goes to the first parts, one each.
    generator : Generator, optional
        The global one by default.

    Raises
    ------
    ValueError
        If the lengths do not sum to the whole, or a fraction is outside of [0, 1]; names what was seen.
    """
    counts = _counts("random_split", lengths, len(dataset))
    order = randperm(len(dataset), generator=generator)
    return [Subset(dataset, part) for part in order.split(counts)]


def train_val_test_split(
    data: Any,
    lengths: Sequence[int | float] = (0.8, 0.1, 0.1),
    *,
    seed: int | Generator | None = None,
    stratify: Any = None,
) -> tuple[Subset[Any], Subset[Any], Subset[Any]]:
    """Cut data at random into a training, a validation and a test part.

    Parameters
    ----------
    data : Dataset, or tuple of Tensor
        A tuple, such as ``(images, labels)``, is taken as a `TensorDataset`.
    lengths : three int, or three float
        Counts or fractions, as in `random_split`.
    seed : int or Generator, optional
        The same seed gives the same parts; by default the global generator draws.
    stratify : Tensor or array_like, int [N], optional
        Labels: each part then has each class's share of the samples, to within one sample.

    Returns
    -------
    (train, validation, test) : Subset

    Raises
    ------
    ValueError
        As `random_split`; if there are not three lengths, or as many labels as samples.

    Examples
    --------
    >>> x, y = tg.rand(100, 3), tg.arange(100) % 4
    >>> train, validation, test = tg.data.train_val_test_split((x, y), (60, 20, 20), seed=0, stratify=y)
    >>> len(train), len(validation), len(test)
    (60, 20, 20)
    """
    dataset = TensorDataset(*data) if isinstance(data, tuple) else data
    if len(lengths) != 3:
        raise ValueError(f"train_val_test_split: expected three lengths, got {lengths!r}")
    counts = _counts("train_val_test_split", lengths, len(dataset))
    generator = seed if isinstance(seed, Generator) or seed is None else Generator().manual_seed(seed)
    order = randperm(len(dataset), generator=generator).numpy()
    if stratify is None:
        pieces = [part.tolist() for part in np.split(order, np.cumsum(counts)[:-1])]
    else:
        labels = stratify.numpy() if isinstance(stratify, Tensor) else np.asarray(stratify)
        if labels.shape != order.shape:
            raise ValueError(
                f"train_val_test_split: stratify must hold one label for each of {len(order)} samples, "
                f"got shape {labels.shape}"
            )
        pieces = _stratified(order, labels, counts)
    train, validation, test = pieces
    return Subset(dataset, train), Subset(dataset, validation), Subset(dataset, test)


def _counts(owner: str, lengths: Sequence[int | float], n: int) -> list[int]:
    total = sum(lengths)
    if any(not length >= 0 for length in lengths):
        raise ValueError(f"{owner}: lengths must not be negative, got {list(lengths)}")
    # A single float shows that fractions are meant; (0, 1, 0) of one sample are counts.
    if any(isinstance(length, float) for length in lengths) or (total == 1 and n != 1):
        if not math.isclose(total, 1):
            raise ValueError(f"{owner}: fractions must sum to 1, got {list(lengths)}, which sum to {total:g}")
        counts = [math.floor(n * fraction) for fraction in lengths]
        for number in range(n - sum(counts)):
            counts[number % len(counts)] += 1
        for number, (count, fraction) in enumerate(zip(counts, lengths, strict=True)):
            if count == 0 < fraction:
                warnings.warn(f"{owner}: part {number} of {n} samples is empty", stacklevel=3)
        return counts
    if total != n:
        raise ValueError(
            f"{owner}: lengths must sum to {n}, the number of samples, got {list(lengths)}: {total}"
        )
    return [int(length) for length in lengths]


def _stratified(order: npt.NDArray[np.int64], labels: npt.NDArray[Any], counts: list[int]) -> list[list[int]]:
    """Deal each class out to the parts, in proportion; within a part the order is random again."""
    classes, numbers, sizes = np.unique(labels[order], return_inverse=True, return_counts=True)
    shares = np.outer(sizes, counts)  # exact, over n
    cells = shares // len(order)
    # Samples left over per class go to the parts that still lack most, at most one each. That this comes out
    # even is Ryser's construction of a 0-1 matrix from its sums (H. J. Ryser, 1957).
    lacking = np.array(counts) - cells.sum(axis=0)
    for row, left in enumerate(sizes - cells.sum(axis=1)):
        chosen = np.lexsort((-(shares[row] % len(order)), -lacking))[
            :left
        ]  # of equals, the closest to one more
        cells[row, chosen] += 1
        lacking[chosen] -= 1
    part = np.empty(len(order), dtype=np.int64)
    for row in range(len(classes)):
        part[numbers == row] = np.repeat(np.arange(len(counts)), cells[row])
    return [order[part == number].tolist() for number in range(len(counts))]
