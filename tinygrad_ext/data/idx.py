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
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_ext.data.files import fail

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


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
        fail(path, 0, "4 bytes of magic number", f"the end of the file after {len(head)}")
    if head[:2] != b"\0\0" or head[2] not in _TYPES or not head[3]:
        types = " ".join(f"{code:02x}" for code in _TYPES)
        expected = f"00 00, an element type ({types}), a number of dimensions"
        fail(path, 0, expected, head.hex(" "))
    dtype, rank = np.dtype(_TYPES[head[2]]), head[3]
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        fail(path, 4, f"{4 * rank} bytes of dimensions", f"the end of the file after {len(sizes)}")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    # In pieces, so that a false size fails at the file's end and not by asking for all the memory there is.
    wanted, pieces, begin = math.prod(shape) * dtype.itemsize, [], 4 + 4 * rank
    left = wanted
    while left and (piece := file.read(min(left, 1 << 24))):
        pieces.append(piece)
        left -= len(piece)
    if left:
        what = f"{wanted} bytes of data for shape {shape}"
        fail(path, begin, what, f"the end of the file after {wanted - left}")
    if file.read(1):
        fail(path, begin + wanted, f"the end of the file for shape {shape}", "more bytes")
    array = np.frombuffer(b"".join(pieces), dtype).astype(dtype.newbyteorder("="))
    try:
        return array.reshape(shape)
    except ValueError as error:  # too many dimensions for NumPy, or absurd ones beside a zero
        fail(path, 4, "dimensions of an array", f"{shape}: {error}")
