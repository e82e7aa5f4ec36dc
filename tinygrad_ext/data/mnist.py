"""MNIST, and the data sets that come in its format: Fashion-MNIST, KMNIST, EMNIST."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from tinygrad_ext.data.files import fail, find
from tinygrad_ext.data.idx import read_idx
from tinygrad_ext.data.split import Split, split_from_bytes

# EMNIST's ways to cut it, with the number of classes: labels count from 0, those of "letters" from 1 to 26.
_EMNIST = {"balanced": 47, "byclass": 62, "bymerge": 47, "digits": 10, "letters": 27, "mnist": 10}
_SOURCE = (
    "Get the four files of MNIST (http://yann.lecun.com/exdb/mnist) or of Fashion-MNIST "
    "(https://github.com/zalandoresearch/fashion-mnist)"
)
_EMNIST_SOURCE = "Get EMNIST's gzip files (https://www.nist.gov/itl/products-and-services/emnist-dataset)"


class Mnist(NamedTuple):
    """The data set in its two parts, originally 60,000 and 10,000 images [N, 1, 28, 28] of ten classes."""

    train: Split
    test: Split


def mnist(root: str | os.PathLike[str], split: str | None = None) -> Mnist:
    """Read MNIST, or a data set in the same four files, such as Fashion-MNIST, or a part of EMNIST.

    Parameters
    ----------
    root : path
        The directory with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each as it is or with ``.gz`` at the end.
    split : {"balanced", "byclass", "bymerge", "digits", "letters", "mnist"}, optional
        Reads ``emnist-letters-train-images-idx3-ubyte`` and so on instead, with EMNIST's images, which are
        stored on their side, turned upright.

    Returns
    -------
    Mnist
        Labels are the files' own; EMNIST's "letters" count from 1.

    Raises
    ------
    FileNotFoundError
        If a file is missing; says where to get it and where to put it.
    ValueError
        If a file is damaged or does not hold what its name promises; names file, offset, expected and seen.
        If `split` is none of EMNIST's.
    """
    if split is None:
        return Mnist(_part(root, "train", 10, _SOURCE), _part(root, "t10k", 10, _SOURCE))
    if split not in _EMNIST:
        raise ValueError(f"mnist: split must be one of {list(_EMNIST)}, got {split!r}")
    parts = (
        _part(root, f"emnist-{split}-{part}", _EMNIST[split], _EMNIST_SOURCE) for part in ("train", "test")
    )
    return Mnist(*(Split(images.transpose(-1, -2).contiguous(), labels) for images, labels in parts))


def _part(root: str | os.PathLike[str], part: str, classes: int, source: str) -> Split:
    image_path, label_path = (
        find(root, [name, f"{name}.gz", name.replace("-idx", ".idx")], source)
        for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte")
    )
    images, labels = read_idx(image_path), read_idx(label_path)
    for path, array, rank, what in (image_path, images, 3, "images"), (label_path, labels, 1, "labels"):
        if array.dtype != np.uint8 or array.ndim != rank:
            seen = f"{array.dtype} in {array.ndim}"
            fail(path, 2, f"uint8 {what} in {rank} dimension{'s'[: rank - 1]}", seen)
    if len(images) != len(labels):
        fail(label_path, 4, f"{len(images)} labels, one per image of {image_path.name}", str(len(labels)))
    if len(labels) and labels.max() >= classes:
        worst = int(np.argmax(labels >= classes))
        fail(label_path, 8 + worst, f"a label from 0 to {classes - 1}", str(labels[worst]))
    return split_from_bytes(images, labels, white=255)
