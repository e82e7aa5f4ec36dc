"""How samples become a batch: `default_collate`, and `default_convert` for a single sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_ext._core import Tensor, float64, from_numpy, stack, tensor


def default_collate(batch: Any) -> Any:
    """Join samples of equal structure into one: numbers and arrays become tensors with a new first dimension.

    Parameters
    ----------
    batch : sequence
        Samples: tensors, NumPy arrays or scalars, Python numbers, strings, or mappings, named tuples and
        sequences of these.

    Returns
    -------
    Tensors [B, ...] in the structure of a sample. Python floats become float64, ints int64; strings a list of
    them; a tuple a list.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If samples are of another type, if sequences or arrays differ in size; names the sizes.
    """
    samples = list(batch)
    if not samples:
        raise ValueError("default_collate: the batch is empty")
    first = samples[0]
    if isinstance(first, Tensor):
        return _stack(samples)
    if isinstance(first, np.ndarray | np.generic):
        return _stack([_converted(sample) for sample in samples])
    if isinstance(first, float):
        return tensor(samples, dtype=float64)
    if isinstance(first, int):
        return tensor(samples)
    if isinstance(first, str | bytes):
        return samples
    if isinstance(first, Mapping):
        joined = {key: default_collate([sample[key] for sample in samples]) for key in first}
        return joined if type(first) is dict else _like(first, joined)
    if isinstance(first, Sequence):
        sizes = sorted({len(sample) for sample in samples})
        if len(sizes) > 1:
            raise RuntimeError(f"default_collate: sequences in a batch must be of equal size, got {sizes}")
        columns = [default_collate(column) for column in zip(*samples, strict=True)]
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    raise TypeError(
        "default_collate: expected tensors, arrays, numbers, strings, mappings or sequences, got "
        f"{type(first).__name__}; give the DataLoader a collate_fn"
    )


def default_convert(data: Any) -> Any:
    """Turn the NumPy arrays in one sample into tensors and leave the rest as it is."""
    if isinstance(data, np.ndarray | np.generic):
        return _converted(data) if data.dtype.kind in "fiub" else data
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return [default_convert(value) for value in data]
    return data


def _stack(tensors: list[Tensor]) -> Tensor:
    shapes = {tuple(t.shape) for t in tensors}
    if len(shapes) > 1:
        raise RuntimeError(
            f"default_collate: tensors in a batch must be of equal shape, got {sorted(shapes)}"
        )
    return stack(tensors)


def _converted(array: Any) -> Tensor:
    if array.dtype.kind not in "fiub":
        raise TypeError(f"default_collate: expected an array of numbers, got dtype {array.dtype}")
    return from_numpy(np.array(array))


def _like(sample: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    try:
        return type(sample)(values)  # type: ignore[call-arg]
    except TypeError:  # a mapping that cannot be made from a dict
        return values
