"""`DataLoader`: batches of a dataset, in order or shuffled, fetched here or by workers."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

from tinygrad_ext._core import Generator
from tinygrad_ext.data.collate import default_collate, default_convert
from tinygrad_ext.data.dataset import IterableDataset
from tinygrad_ext.data.fetch import EXHAUSTED, Fetcher, IterableFetcher
from tinygrad_ext.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    draw_seed,
    index_batches,
)


class DataLoader:
    """Iterates over a dataset in batches; equal seeds give the order of PyTorch's `DataLoader`.

    Parameters
    ----------
    dataset : Dataset
        Or anything with ``__getitem__`` and ``__len__``, or an `IterableDataset`. Where it has
        ``gather(indices)``, as `TensorDataset` has, a batch is one call.
    batch_size : int or None, default 1
        None gives single samples, without a batch dimension.
    shuffle : bool, default False
        Whether each epoch has a new random order.
    sampler : Sampler or iterable of int, optional
        The order, instead of `shuffle`.
    batch_sampler : Sampler or iterable of lists of int, optional
        The batches, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
    num_workers : int, default 0
        How many workers fetch batches ahead of their use. For tensors in memory 0 is fastest.
    collate_fn : callable, optional
        Makes a batch of a list of samples; `default_collate` by default.
    pin_memory : bool
        Accepted and ignored: there is no other memory.
    drop_last : bool, default False
        Whether a last batch smaller than the others is left out.
    timeout : float, default 0
        Seconds to wait for a worker's batch; 0 waits as long as the worker lives.
    worker_init_fn : callable, optional
        Called in each worker with its number before its first batch.
    multiprocessing_context : str or context, optional
        How processes are started: "fork", "spawn" or "forkserver"; Python's default otherwise.
    generator : Generator, optional
        What the order and the workers' seeds are drawn from; the global one by default.
    prefetch_factor : int, optional
        Batches that each worker keeps ready; 2 by default.
    persistent_workers : bool, default False
        Whether workers live on from epoch to epoch, with the copy of the dataset that they began with.
    workers : {"processes", "threads"}
        What workers are (not in PyTorch). Processes have random generators of their own, seeded anew at each
        epoch. Threads share the global one, and suit datasets that wait for files or compute in NumPy.

    Raises
    ------
    ValueError, TypeError
        If arguments exclude each other or are out of range.
    RuntimeError
        While iterating: if a worker dies or takes longer than `timeout`; names the worker.
    Exception
        While iterating: what the dataset raised; from a worker, of the same type, and with the worker and the
        number of the sample in its text.

    Examples
    --------
    >>> data = tg.data.TensorDataset(tg.arange(10), tg.rand(10, 3))
    >>> [len(x) for x, y in tg.data.DataLoader(data, batch_size=4, shuffle=True)]
    [4, 4, 2]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[int] | Iterable[int] | None = None,
        batch_sampler: Sampler[list[int]] | Iterable[list[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        workers: str = "processes",
    ) -> None:
        iterable = isinstance(dataset, IterableDataset)
        if isinstance(num_workers, bool) or not isinstance(num_workers, int) or num_workers < 0:
            raise ValueError(f"DataLoader: num_workers must be a whole number from 0, got {num_workers!r}")
        if workers not in ("processes", "threads"):
            raise ValueError(f'DataLoader: workers must be "processes" or "threads", got {workers!r}')
        if not timeout >= 0:
            raise ValueError(f"DataLoader: timeout must be a number of seconds from 0, got {timeout!r}")
        if num_workers == 0 and (timeout or prefetch_factor is not None or persistent_workers):
            raise ValueError(
                "DataLoader: timeout, prefetch_factor and persistent_workers need num_workers > 0"
            )
        if prefetch_factor is not None and prefetch_factor < 1:
            raise ValueError(f"DataLoader: prefetch_factor must be at least 1, got {prefetch_factor}")
        if iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError(
                "DataLoader: an IterableDataset sets its own order: no shuffle, sampler or batch_sampler"
            )
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: sampler and shuffle exclude each other")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "DataLoader: batch_sampler excludes batch_size, shuffle, sampler and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("DataLoader: drop_last needs a batch_size")
        if sampler is None and not iterable and batch_sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            # For an iterable dataset only the check of batch_size counts.
            batch_sampler = BatchSampler(() if sampler is None else sampler, batch_size, drop_last)

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = None if iterable else batch_sampler
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = prefetch_factor
        self.persistent_workers = persistent_workers
        self.workers = workers
        batched = batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self._fetch = (
            IterableFetcher(dataset, self.collate_fn, batched, drop_last)
            if iterable
            else Fetcher(dataset, self.collate_fn, batched)
        )
        self._epoch = 0
        self._lasting: list[Any] | None = None

    def __len__(self) -> int:
        """The number of batches; TypeError where the dataset or the sampler has no length."""
        if self.batch_sampler is not None:
            return len(self.batch_sampler)  # type: ignore[arg-type]
        if self.sampler is not None:
            return len(self.sampler)  # type: ignore[arg-type]
        if self.batch_size is None:
            return len(self.dataset)
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        seed = draw_seed(self.generator)  # here, before the sampler draws, as PyTorch does
        return self._by_workers(seed) if self.num_workers else self._here()

    def _tasks(self) -> Iterator[Any]:
        if self.batch_sampler is not None:
            return index_batches(self.batch_sampler)
        return repeat(self.batch_size) if self.sampler is None else iter(self.sampler)

    def _here(self) -> Iterator[Any]:
        self._fetch.restart()
        fetch = self._fetch
        for task in self._tasks():
            batch = fetch(task)
            if batch is EXHAUSTED:
                return
            yield batch

    def _by_workers(self, seed: int) -> Iterator[Any]:
        from tinygrad_ext.data.workers import Start, start_workers, stop_workers  # slow to import

        self._epoch += 1
        epoch, timeout = self._epoch, self.timeout or None
        workers = self._lasting
        if workers is None:
            workers = start_workers(
                self._fetch, self.num_workers, self.workers, self.multiprocessing_context, self.worker_init_fn
            )
            if self.persistent_workers:
                self._lasting = workers
                weakref.finalize(self, stop_workers, workers)
        tasks = self._tasks()
        turns = deque(workers)  # those that may get a task, the next one first
        pending: deque[Any] = deque()  # whose reply is the next batch, and so on

        def feed() -> None:
            if turns and (task := next(tasks, self)) is not self:
                worker = turns[0]
                turns.rotate(-1)
                worker.send(epoch, task)
                pending.append(worker)

        try:
            for worker in workers:
                worker.send(epoch, Start(seed))
            for _ in range(self.num_workers * (self.prefetch_factor or 2)):
                feed()
            while pending:
                worker = pending.popleft()
                batch = worker.receive(epoch, timeout)
                if isinstance(batch, str) and batch == EXHAUSTED:
                    if worker in turns:
                        turns.remove(worker)
                    continue
                feed()
                yield batch
        except Exception:
            self._lasting = None  # a worker that failed is not trusted with another epoch
            raise
        finally:
            if self._lasting is None:
                stop_workers(workers)
