"""Reader of CIFAR-10 in its binary version: 32 x 32 colour images of ten kinds of things.

A record is a byte for the label and 3,072 for the image: 1,024 of red, then green, then blue, each row by row
(https://www.cs.toronto.edu/~kriz/cifar.html). The Python version holds pickles, which can run code when
they are read, and is not accepted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinygrad_ext.data.files import fail, find
from tinygrad_ext.data.split import Split, split_from_bytes

_RECORD = 1 + 3 * 32 * 32
_SOURCE = "Get CIFAR-10's binary version (https://www.cs.toronto.edu/~kriz/cifar.html), unpack it"

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Cifar10(NamedTuple):
    """The data set in its two parts, originally 50,000 and 10,000 images [N, 3, 32, 32]."""

    train: Split
    test: Split


def cifar10(root: str | os.PathLike[str]) -> Cifar10:
    """Read CIFAR-10's binary version.

    Parameters
    ----------
    root : path
        The directory with ``data_batch_1.bin`` to ``data_batch_5.bin`` and ``test_batch.bin``, or the one
        that has ``cifar-10-batches-bin`` in it.

    Returns
    -------
    Cifar10
        The names of the classes are in ``tinygrad_ext.data.cifar.CLASSES``.

    Raises
    ------
    FileNotFoundError
        If a file is missing; says where to get it and where to put it.
    ValueError
        If a file is damaged; names file, offset, expected and seen.
    """
    inner = Path(root) / "cifar-10-batches-bin"
    folder = inner if inner.is_dir() else Path(root)
    return Cifar10(
        _part(folder, [f"data_batch_{number}.bin" for number in range(1, 6)]),
        _part(folder, ["test_batch.bin"]),
    )


def _part(folder: Path, names: list[str]) -> Split:
    records = []
    for path in [find(folder, [name], _SOURCE) for name in names]:
        data = np.fromfile(path, dtype=np.uint8)
        whole = len(data) - len(data) % _RECORD
        if len(data) != whole or not whole:
            fail(
                path, whole, f"a record of {_RECORD} bytes", f"the end of the file after {len(data) - whole}"
            )
        block = data.reshape(-1, _RECORD)
        wrong = np.flatnonzero(block[:, 0] > 9)
        if len(wrong):
            fail(path, int(wrong[0]) * _RECORD, "a label from 0 to 9", str(block[wrong[0], 0]))
        records.append(block)
    joined = np.concatenate(records)
    return split_from_bytes(joined[:, 1:].reshape(-1, 3, 32, 32), joined[:, 0], white=255)
