"""Reader of IDX files, the format of MNIST, plain or compressed with gzip.

An IDX file is: two zero bytes, a byte for the element type, a byte for the number of dimensions, each
dimension as a big-endian 32-bit number, and then the elements, big-endian, last dimension fastest
(http://yann.lecun.com/exdb/mnist).
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from io import BufferedIOBase
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from tinygrad_ext.data.split import Split, split_from_bytes

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class Mnist(NamedTuple):
    """The data set in its two parts, originally 60,000 and 10,000 images [N, 1, 28, 28] of ten classes."""

    train: Split
    test: Split


def mnist(root: str | os.PathLike[str]) -> Mnist:
    """Read MNIST, or a data set in the same four files, such as Fashion-MNIST.

    Parameters
    ----------
    root : path
        The directory with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each as it is or with ``.gz`` at the end.

    Returns
    -------
    Mnist

    Raises
    ------
    FileNotFoundError
        If a file is missing; says where to get it and where to put it.
    ValueError
        If a file is damaged or does not hold what its name promises; names file, offset, expected and seen.
    """
    return Mnist(_split(Path(root), "train"), _split(Path(root), "t10k"))


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Read an IDX file.

    Parameters
    ----------
    path : path
        A name that ends in ``.gz`` is read as compressed.

    Returns
    -------
    ndarray
        Of the shape and element type that the file states, in native byte order.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not an IDX file, too short, too long, or its compression is damaged; names file, offset (in
        the uncompressed data), expected and seen.
    """
    try:
        with gzip.open(path) if os.fspath(path).endswith(".gz") else open(path, "rb") as file:
            return _parse(file, path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{os.fspath(path)}: not a sound gzip file: {error}") from None


def _parse(file: BufferedIOBase, path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    head = file.read(4)
    if len(head) < 4:
        _fail(path, 0, "4 bytes of magic number", f"the end of the file after {len(head)}")
    if head[:2] != b"\0\0" or head[2] not in _TYPES or not head[3]:
        types = " ".join(f"{code:02x}" for code in _TYPES)
        expected = f"00 00, an element type ({types}), a number of dimensions"
        _fail(path, 0, expected, head.hex(" "))
    dtype, rank = np.dtype(_TYPES[head[2]]), head[3]
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        _fail(path, 4, f"{4 * rank} bytes of dimensions", f"the end of the file after {len(sizes)}")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    # In pieces, so that a false size fails at the file's end and not by asking for all the memory there is.
    wanted, pieces, begin = math.prod(shape) * dtype.itemsize, [], 4 + 4 * rank
    left = wanted
    while left and (piece := file.read(min(left, 1 << 24))):
        pieces.append(piece)
        left -= len(piece)
    if left:
        what = f"{wanted} bytes of data for shape {shape}"
        _fail(path, begin, what, f"the end of the file after {wanted - left}")
    if file.read(1):
        _fail(path, begin + wanted, f"the end of the file for shape {shape}", "more bytes")
    array = np.frombuffer(b"".join(pieces), dtype).astype(dtype.newbyteorder("="))
    try:
        return array.reshape(shape)
    except ValueError as error:  # too many dimensions for NumPy, or absurd ones beside a zero
        _fail(path, 4, "dimensions of an array", f"{shape}: {error}")


def _fail(path: str | os.PathLike[str], offset: int, expected: str, seen: str) -> NoReturn:
    raise ValueError(f"{os.fspath(path)}: at byte {offset}: expected {expected}, got {seen}")


def _split(root: Path, part: str) -> Split:
    image_path = _find(root, f"{part}-images-idx3-ubyte")
    label_path = _find(root, f"{part}-labels-idx1-ubyte")
    images, labels = read_idx(image_path), read_idx(label_path)
    for path, array, rank, what in (image_path, images, 3, "images"), (label_path, labels, 1, "labels"):
        if array.dtype != np.uint8 or array.ndim != rank:
            seen = f"{array.dtype} in {array.ndim}"
            _fail(path, 2, f"uint8 {what} in {rank} dimension{'s'[: rank - 1]}", seen)
    if len(images) != len(labels):
        _fail(label_path, 4, f"{len(images)} labels, one per image of {image_path.name}", str(len(labels)))
    if len(labels) and labels.max() > 9:
        worst = int(np.argmax(labels > 9))
        _fail(label_path, 8 + worst, "a label from 0 to 9", str(labels[worst]))
    return split_from_bytes(images, labels, white=255)


def _find(root: Path, name: str) -> Path:
    for path in root / name, root / f"{name}.gz":
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{root / name}: no such file, nor with .gz at the end. Get the four files of the MNIST database of "
        f"handwritten digits, whose home page is http://yann.lecun.com/exdb/mnist, and put them into {root}"
    )
