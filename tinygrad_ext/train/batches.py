"""What a training loop is given, as batches: tensors, datasets or loaders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_ext._core import Tensor, arange, as_tensor
from tinygrad_ext.data.dataset import IterableDataset, TensorDataset, gatherer
from tinygrad_ext.data.loader import DataLoader


def batches_of(owner: str, data: Any, batch_size: int, shuffle: bool) -> Iterable[Any]:
    """Return something to iterate over again and again, for batches.

    Parameters
    ----------
    owner : str
        The function that complains.
    data : (Tensor or ndarray, ...), Dataset, DataLoader or other iterable of batches
    batch_size : int
    shuffle : bool
        These two apply where `data` is not made of batches yet.

    Raises
    ------
    TypeError, ValueError
        If `data` is something else or empty, or `batch_size` not positive.
    """
    if isinstance(data, tuple) and data and all(isinstance(part, Tensor | np.ndarray) for part in data):
        data = TensorDataset(*(as_tensor(part) for part in data))
    is_dataset = hasattr(data, "__getitem__") or isinstance(data, IterableDataset)
    if hasattr(data, "__len__") and len(data) == 0:
        raise ValueError(f"{owner}: the data is empty: {type(data).__name__} of length 0")
    if isinstance(data, DataLoader) or (isinstance(data, Iterable) and not is_dataset):
        return data
    if not is_dataset:
        raise TypeError(
            f"{owner}: data must be a tuple of tensors, a dataset, or an iterable of batches, got "
            f"{type(data).__name__}"
        )
    return DataLoader(data, batch_size, shuffle=shuffle and not isinstance(data, IterableDataset))


def unpack(owner: str, batch: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the model's inputs and the target, the last part of a batch.

    Raises
    ------
    TypeError
        If the batch is not a tuple or list of at least two.
    """
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        size = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
        raise TypeError(
            f"{owner}: a batch must be a tuple or list of inputs and, last, the target, got "
            f"{type(batch).__name__}{size}"
        )
    *inputs, target = batch
    return tuple(inputs), target


def samples_in(loader: Any) -> int | None:
    """How many samples an epoch has, as far as that can be told beforehand."""
    if isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset):
        if loader.batch_size is None:
            return None
        whole = len(loader) * loader.batch_size
        return whole if loader.drop_last else min(whole, len(loader.sampler))  # type: ignore[arg-type]
    return None


def unit_of(loader: Any) -> str:
    """What a sample is called: an image where the first tensor of the data has the shape of images."""
    dataset: Any = getattr(loader, "dataset", None)
    while hasattr(dataset, "dataset"):  # a part of another one
        dataset = dataset.dataset
    tensors = getattr(dataset, "tensors", None)
    return "image" if tensors and tensors[0].ndim == 4 else "sample"


def label_outside(loader: Any, classes: int) -> tuple[int, int] | None:
    """Return the number and the label of the first sample whose label is not a class.

    An operation that complains of a label knows its place in the batch only. None where there are no tensors.
    """
    dataset = getattr(loader, "dataset", None)
    gather = gatherer(dataset)
    if dataset is None or gather is None:
        return None
    for begin in range(0, len(dataset), 1024):
        labels = gather(arange(begin, min(begin + 1024, len(dataset))))[-1]
        wrong = ((labels < 0) | (labels >= classes)).nonzero()
        if len(wrong):
            place = tuple(wrong[0].tolist())
            return begin + place[0], int(labels[place].item())
    return None
