"""Samplers: in which order a loader visits a dataset.

Equal seeds give PyTorch's orders: each sampler makes the draws that PyTorch's makes, at the same moments.
Samplers of the package hand out their numbers as tensors (`_pieces`), which become batches without a Python
object per sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

from tinygrad_ext._core import (
    Generator,
    Tensor,
    arange,
    as_tensor,
    cat,
    default_generator,
    empty,
    float64,
    int64,
    multinomial,
    randint,
    randperm,
)

T = TypeVar("T", covariant=True)


class Sampler(Generic[T]):
    """The base class of samplers; a subclass defines ``__iter__`` and, as a rule, ``__len__``."""

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__(self)")


class _Drawn(Sampler[int]):
    """A sampler whose numbers come as tensors."""

    def _pieces(self) -> Iterator[Tensor]:
        """The numbers in order, int64, in pieces of any length."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        for piece in self._pieces():
            yield from piece.tolist()


class SequentialSampler(_Drawn):
    """0, 1, 2, ... in order.

    Parameters
    ----------
    data_source : sized
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def _pieces(self) -> Iterator[Tensor]:
        yield arange(len(self.data_source))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(_Drawn):
    """All numbers in random order, or independent draws.

    Parameters
    ----------
    data_source : sized
    replacement : bool, default False
        Whether each draw is independent of the others.
    num_samples : int, optional
        How many numbers; ``len(data_source)`` by default. More than that begin a new order.
    generator : Generator, optional
        By default each iteration draws a seed from the global generator, for a generator of its own.

    Raises
    ------
    TypeError, ValueError
        If `replacement` is not a bool; if there is nothing to sample.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement must be True or False, got {replacement!r}")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        _check_count("RandomSampler", "num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many numbers an iteration gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def _pieces(self) -> Iterator[Tensor]:
        n, wanted = len(self.data_source), self.num_samples
        generator = Generator().manual_seed(draw_seed()) if self.generator is None else self.generator
        if self.replacement:
            # PyTorch draws 32 at a time; so the numbers after them, too, are the same.
            for begin in range(0, wanted, 32):
                yield randint(n, (min(32, wanted - begin),), generator=generator)
            return
        for _ in range(wanted // n):
            yield randperm(n, generator=generator)
        yield randperm(n, generator=generator)[: wanted % n]  # drawn even where nothing of it is used

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(_Drawn):
    """The given numbers in random order.

    Parameters
    ----------
    indices : sequence of int
    generator : Generator, optional
        The global one by default.
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def _pieces(self) -> Iterator[Tensor]:
        order = randperm(len(self.indices), generator=self.generator)
        yield as_tensor(self.indices, dtype=int64).index_select(0, order)

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(_Drawn):
    """Numbers drawn with given probabilities, for example to see rare classes as often as others.

    Parameters
    ----------
    weights : sequence of float or Tensor, [N]
        Proportional to each number's probability; they need not sum to 1.
    num_samples : int
        How many numbers.
    replacement : bool, default True
        Without, a number comes at most once.
    generator : Generator, optional
        The global one by default.

    Raises
    ------
    ValueError
        If `weights` is not one-dimensional, `num_samples` not positive or `replacement` not a bool.
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count("WeightedRandomSampler", "num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"WeightedRandomSampler: replacement must be True or False, got {replacement!r}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            shape = tuple(self.weights.shape)
            raise ValueError(f"WeightedRandomSampler: weights must be one-dimensional, got shape {shape}")
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def _pieces(self) -> Iterator[Tensor]:
        yield multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Groups a sampler's numbers into lists of `batch_size`.

    Parameters
    ----------
    sampler : Sampler or iterable of int
    batch_size : int
    drop_last : bool
        Whether the last batch is left out when it would be smaller.

    Raises
    ------
    ValueError
        If `batch_size` is not a positive int or `drop_last` not a bool.
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_count("BatchSampler", "batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last must be True or False, got {drop_last!r}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        numbers = iter(self.sampler)
        while batch := list(islice(numbers, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return full + (rest > 0 and not self.drop_last)

    def _batches(self, pieces: Iterator[Tensor]) -> Iterator[Tensor]:
        """What ``__iter__`` gives, as tensors; a piece is asked for only when the ones before are used up."""
        waiting: list[Tensor] = []
        missing = self.batch_size
        for piece in pieces:
            for part in _cut(piece, missing, self.batch_size):
                waiting.append(part)
                missing -= len(part)
                if not missing:
                    yield waiting[0] if len(waiting) == 1 else cat(waiting)
                    waiting, missing = [], self.batch_size
        if missing < self.batch_size and not self.drop_last:
            yield cat(waiting)


def index_batches(batch_sampler: Any) -> Iterator[Any]:
    """The batches of a batch sampler: tensors where it and its sampler are the package's own, else lists."""
    if type(batch_sampler).__iter__ is BatchSampler.__iter__:
        sampler = batch_sampler.sampler
        if isinstance(sampler, _Drawn) and type(sampler).__iter__ is _Drawn.__iter__:
            return batch_sampler._batches(sampler._pieces())  # type: ignore[no-any-return]
    return iter(batch_sampler)


def draw_seed(generator: Generator | None = None) -> int:
    """Draw a number of 63 bits from a generator, by default the global one."""
    number = empty((), dtype=int64).random_(generator=default_generator if generator is None else generator)
    return int(number.item())


def _cut(piece: Tensor, first: int, size: int) -> Sequence[Tensor]:
    """A piece in parts: one of `first` numbers, others of `size`, and what is left."""
    if len(piece) <= first:
        return [piece] if len(piece) else []
    full, rest = divmod(len(piece) - first, size)
    return piece.split([first] + [size] * full + [rest] * (rest > 0))


def _check_count(owner: str, name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{owner}: {name} must be a positive whole number, got {value!r}")
