"""How a batch is fetched: from numbers to samples to one batch. It knows nothing of workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from tinygrad_ext.data.collate import default_collate
from tinygrad_ext.data.dataset import gatherer, positions

EXHAUSTED = "exhausted"  # what an iterable dataset gives after its last batch; a str, as it crosses processes


class Fetcher:
    """Fetches batches of a dataset that is addressed by number.

    Parameters
    ----------
    dataset : Dataset
    collate : callable
        Makes a batch of a list of samples; of one sample where `batched` is False.
    batched : bool
        Whether a task is the numbers of a batch or a single number.

    Attributes
    ----------
    at : int or None
        The number of the sample being fetched, for error messages; None while a whole batch is.
    """

    def __init__(self, dataset: Any, collate: Callable[[Any], Any], batched: bool) -> None:
        self.dataset = dataset
        self.collate = collate
        self.batched = batched
        self.at: Any = None

    def restart(self) -> None:
        """Begin an epoch."""

    def __call__(self, task: Any) -> Any:
        """Return the batch of a task."""
        self.at = None
        if not self.batched:
            self.at = int(task)
            return self.collate(self.dataset[self.at])
        if self.collate is default_collate and (gather := gatherer(self.dataset)) is not None:
            return gather(positions(task))
        numbers = task if isinstance(task, list) else task.tolist() if hasattr(task, "tolist") else list(task)
        if hasattr(self.dataset, "__getitems__"):  # PyTorch's way to fetch several at once
            samples = self.dataset.__getitems__(numbers)
        else:
            samples = []
            for self.at in numbers:
                samples.append(self.dataset[self.at])
            self.at = None
        return self.collate(samples)


class IterableFetcher(Fetcher):
    """Fetches batches of an `IterableDataset`; a task is how many samples, None for a single one."""

    def __init__(self, dataset: Any, collate: Callable[[Any], Any], batched: bool, drop_last: bool) -> None:
        super().__init__(dataset, collate, batched)
        self.drop_last = drop_last
        self.samples: Iterator[Any] | None = None

    def restart(self) -> None:
        self.samples = None

    def __call__(self, task: int | None) -> Any:
        if self.samples is None:
            self.samples = iter(self.dataset)
        samples = list(islice(self.samples, 1 if task is None else task))
        if not samples or (self.drop_last and task is not None and len(samples) < task):
            return EXHAUSTED
        return self.collate(samples if self.batched else samples[0])
