"""Sequences of different lengths: padded to one tensor, or packed without their padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tinygrad_ext._core import Tensor, argsort, cat, full, int64, stack, tensor


class PackedSequence(NamedTuple):
    """Sequences of different lengths, step by step and without padding; see `pack_padded_sequence`.

    Attributes
    ----------
    data : Tensor, [sum of the lengths, ...]
        The first step of all sequences, the longest sequence first, then the second of those that have one.
    batch_sizes : Tensor, int64, [T]
        How many sequences each step has.
    sorted_indices : Tensor, int64, [N], or None
        Which sequence stands at each place; None if they were given in this order.
    unsorted_indices : Tensor, int64, [N], or None
        Where each sequence stands.
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stack sequences [length, ...] of different lengths, filled up with a value.

    Parameters
    ----------
    sequences : iterable of Tensor, [length, ...]
    batch_first : bool, default False
        Whether the result is ``[N, T, ...]`` and not ``[T, N, ...]``, T being the longest length.
    padding_value : float, default 0
    padding_side : {"right", "left"}
        The end or the beginning.

    Raises
    ------
    ValueError
        If there are no sequences, or the side is unknown.
    """
    given = list(sequences)
    if not given:
        raise ValueError("pad_sequence: expected at least one sequence")
    if padding_side not in ("right", "left"):
        raise ValueError(f'pad_sequence: padding_side must be "right" or "left", got {padding_side!r}')
    longest = max(len(s) for s in given)
    padded = []
    for s in given:
        filler = full((longest - len(s), *s.shape[1:]), padding_value, dtype=s.dtype)
        padded.append(cat((s, filler) if padding_side == "right" else (filler, s)))
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """Return the sequences of a padded tensor without their padding, which stands at their end."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(length)] for row, length in zip(rows.unbind(0), lengths.tolist(), strict=True)]


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Iterable[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave the padding out of a padded tensor, for `RNN`, `LSTM` and `GRU`.

    Parameters
    ----------
    input : Tensor, [T, N, ...], or [N, T, ...] if `batch_first`
    lengths : Tensor or iterable of int, [N]
        From 1 to T.
    batch_first : bool, default False
    enforce_sorted : bool, default True
        Whether the lengths must not increase; otherwise they are sorted.

    Raises
    ------
    RuntimeError, ValueError
        If the lengths are not N, out of range, or increase while `enforce_sorted`.
    """
    counts = [int(n) for n in (lengths.tolist() if isinstance(lengths, Tensor) else lengths)]
    rows = input.transpose(0, 1) if batch_first else input
    steps, batch = rows.shape[:2]
    if len(counts) != batch:
        raise ValueError(f"pack_padded_sequence: expected {batch} lengths, got {len(counts)}")
    if min(counts) < 1 or max(counts) > steps:
        raise RuntimeError(f"pack_padded_sequence: lengths must be from 1 to {steps}, got {counts}")
    order = None
    if enforce_sorted:
        if sorted(counts, reverse=True) != counts:
            raise RuntimeError(
                f"pack_padded_sequence: lengths must not increase, got {counts}; or pass enforce_sorted=False"
            )
    else:
        order = argsort(tensor(counts), descending=True, stable=True)
        counts = sorted(counts, reverse=True)
        rows = rows.index_select(1, order)
    sizes = [sum(n > step for n in counts) for step in range(counts[0])]
    data = cat([rows[step, :size] for step, size in enumerate(sizes)])
    return PackedSequence(data, tensor(sizes), order, None if order is None else argsort(order))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Put the padding back: the inverse of `pack_padded_sequence`.

    Parameters
    ----------
    sequence : PackedSequence
    batch_first : bool, default False
    padding_value : float, default 0
    total_length : int, optional
        Pad to this length instead of that of the longest sequence.

    Returns
    -------
    Tensor, [T, N, ...], or [N, T, ...] if `batch_first`
    Tensor, int64, [N]
        The lengths.

    Raises
    ------
    ValueError
        If `total_length` is less than the longest sequence.
    """
    sizes = sequence.batch_sizes.tolist()
    total = len(sizes) if total_length is None else total_length
    if total < len(sizes):
        raise ValueError(
            f"pad_packed_sequence: total_length {total} is less than the longest sequence, {len(sizes)}"
        )
    batch, rest = sizes[0], sequence.data.shape[1:]
    dtype = sequence.data.dtype
    steps = []
    for part in sequence.data.split(tuple(sizes)):
        filler = full((batch - len(part), *rest), padding_value, dtype=dtype)
        steps.append(cat((part, filler)) if len(part) < batch else part)
    steps += [full((batch, *rest), padding_value, dtype=dtype)] * (total - len(sizes))
    padded = stack(steps)
    lengths = tensor([sum(size > place for size in sizes) for place in range(batch)], dtype=int64)
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(1, sequence.unsorted_indices)
        lengths = lengths.index_select(0, sequence.unsorted_indices)
    return padded.transpose(0, 1) if batch_first else padded, lengths


def pack_sequence(sequences: Iterable[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences [length, ...] that are not padded yet; `enforce_sorted` as in `pack_padded_sequence`."""
    given = list(sequences)
    return pack_padded_sequence(pad_sequence(given), [len(s) for s in given], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences of a packed one, in the order in which they were given."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
