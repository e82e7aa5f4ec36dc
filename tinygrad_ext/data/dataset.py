"""Datasets: something with a length and samples by number, or something to iterate over.

A dataset that can fetch many samples at once also has ``gather(indices)``, which returns them as one batch;
`DataLoader` then makes one call per batch instead of one per sample.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import index as integer
from typing import Any, Generic, TypeVar

from tinygrad_ext._core import Tensor, as_tensor, int64, tensor
from tinygrad_ext.data.collate import default_collate

T = TypeVar("T", covariant=True)


class Dataset(Generic[T]):
    """The base class of datasets; a subclass defines ``__getitem__`` and, as a rule, ``__len__``.

    Anything with these two methods serves as a dataset, a list or a tensor too. ``a + b`` is
    ``ConcatDataset([a, b])``.
    """

    def __getitem__(self, index: Any) -> T:
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__(self, index)")

    def __add__(self, other: Dataset[Any]) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T], Iterable[T]):
    """The base class of datasets that are read in one go, such as a stream; a subclass defines ``__iter__``.

    With several workers each iterates over a dataset of its own: ``get_worker_info()`` tells which share to
    read.
    """

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__(self)")


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Samples along the first dimension of tensors: sample i is ``(t[i] for t in tensors)``.

    Parameters
    ----------
    *tensors : Tensor, [N, ...]

    Raises
    ------
    ValueError
        If there is no tensor, or they differ in length; names the lengths.
    """

    def __init__(self, *tensors: Tensor) -> None:
        lengths = [len(t) if t.ndim else None for t in tensors]
        if not tensors or None in lengths or len(set(lengths)) > 1:
            shapes = ", ".join(str(tuple(t.shape)) for t in tensors) or "none"
            raise ValueError(f"TensorDataset: expected tensors of equal first dimension, got {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def gather(self, indices: Tensor) -> list[Tensor]:
        """Return the samples at int64 positions [B] as one batch: a tensor [B, ...] per tensor."""
        return [t.index_select(0, indices) for t in self.tensors]


class Subset(Dataset[T]):
    """The samples of a dataset at some positions.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int, or Tensor, int64 [M]
        Positions in `dataset`.
    """

    def __init__(self, dataset: Any, indices: Sequence[int] | Tensor) -> None:
        self.dataset = dataset
        self.indices: Sequence[int] = indices.tolist() if isinstance(indices, Tensor) else indices
        self._positions: Tensor | None = None

    def __getitem__(self, index: Any) -> T:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]  # type: ignore[no-any-return]
        return self.dataset[self.indices[index]]  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self.indices)

    def gather(self, indices: Tensor) -> Any:
        """Return the samples at int64 positions [B] as one batch."""
        if self._positions is None or len(self._positions) != len(self.indices):
            self._positions = as_tensor(self.indices, dtype=int64)
        picked = self._positions.index_select(0, indices)
        whole = gatherer(self.dataset)
        return default_collate([self.dataset[i] for i in picked.tolist()]) if whole is None else whole(picked)


class ConcatDataset(Dataset[Any]):
    """Several datasets one after the other.

    Parameters
    ----------
    datasets : iterable of Dataset
        At least one, each with a length.

    Raises
    ------
    ValueError
        If there is none, or one is an `IterableDataset`.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: datasets is empty")
        for number, dataset in enumerate(self.datasets):
            if isinstance(dataset, IterableDataset):
                raise ValueError(
                    f"ConcatDataset: dataset {number} is an IterableDataset, which has no length"
                )
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __getitem__(self, index: int) -> Any:
        position = integer(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"ConcatDataset of {len(self)} samples: index {position} is out of range")
        position %= len(self)
        number = bisect_right(self.cumulative_sizes, position)
        begin = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number][position - begin]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def gatherer(dataset: Any) -> Callable[[Tensor], Any] | None:
    """Return the function from positions, int64 [B], to a batch, or None where samples are fetched singly."""
    if isinstance(dataset, Tensor):
        return lambda indices: dataset.index_select(0, indices)
    for kind in type(dataset).__mro__:
        if "gather" in vars(kind):
            # A part's `gather` is only worth it where the whole has one.
            there = not isinstance(dataset, Subset) or gatherer(dataset.dataset) is not None
            return dataset.gather if there else None
        if "__getitem__" in vars(kind):  # a subclass that changes samples, and nothing said of batches
            return None
    return None


def positions(indices: Any) -> Tensor:
    """The numbers of a batch's samples as int64 [B]."""
    return indices if isinstance(indices, Tensor) else tensor(list(indices), dtype=int64)
