"""IDX files: the format itself, and what becomes of damaged ones."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from tinygrad_ext.data import mnist, read_idx

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def encode(a: np.ndarray) -> bytes:
    """`a` in IDX format, written out from its definition."""
    head = bytes([0, 0, CODES[a.dtype.name], a.ndim]) + struct.pack(f">{a.ndim}I", *a.shape)
    return head + a.astype(a.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dtype", CODES)
def test_round_trip(tmp_path, dtype, suffix, rng):
    a = rng.integers(0, 100, (3, 4, 5)).astype(dtype)
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(encode(a)) if suffix else encode(a))
    b = read_idx(path)
    assert b.dtype == a.dtype
    np.testing.assert_array_equal(a, b)


GOOD = encode(np.arange(24, dtype="uint8").reshape(2, 3, 4))
BAD = {
    "empty": b"",
    "short magic": GOOD[:3],
    "bad magic": b"\1\0" + GOOD[2:],
    "bad type": GOOD[:2] + b"\x07" + GOOD[3:],
    "short shape": GOOD[:9],
    "truncated": GOOD[:-1],
    "no data": GOOD[:16],
    "too long": GOOD + b"\0",
    "huge shape": GOOD[:4] + b"\xff" * 12 + GOOD[16:],
    "text": b"<html>404</html>",
}


@pytest.mark.parametrize("name", BAD)
def test_damaged(tmp_path, name):
    """The file and the place in it are named."""
    path = tmp_path / "broken-idx"
    path.write_bytes(BAD[name])
    with pytest.raises(ValueError, match=r"broken-idx.*byte \d+"):
        read_idx(path)


@pytest.mark.parametrize(
    "data", [gzip.compress(GOOD)[:-9], gzip.compress(GOOD)[:12], b"not gzip at all", b""]
)
def test_damaged_gzip(tmp_path, data):
    path = tmp_path / "broken.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"broken\.gz"):
        read_idx(path)


def write(folder, images=None, labels=None):
    """A whole data set of three images, or a faulty one."""
    for part in ("train", "t10k"):
        i = np.arange(3 * 28 * 28, dtype="uint8").reshape(3, 28, 28) if images is None else images
        k = np.array([1, 9, 0], "uint8") if labels is None else labels
        (folder / f"{part}-images-idx3-ubyte").write_bytes(encode(i))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(encode(k)))


def test_mnist(tmp_path):
    write(tmp_path)
    train, test = mnist(tmp_path)
    assert tuple(train.images.shape) == (3, 1, 28, 28)
    assert train.images.max().item() == 1.0
    assert train.images[0, 0, 1, 23].item() == pytest.approx(51 / 255)
    assert test.labels.tolist() == [1, 9, 0]


def test_mnist_faults(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images"):
        mnist(tmp_path)
    for faulty in (
        {"labels": np.array([1, 2], "uint8")},
        {"labels": np.array([1, 2, 10], "uint8")},
        {"labels": np.array([[1, 2, 3]], "uint8")},
        {"images": np.zeros((3, 28), "uint8")},
        {"images": np.zeros((3, 28, 28), "float32")},
    ):
        write(tmp_path, **faulty)
        with pytest.raises(ValueError, match="idx"):
            mnist(tmp_path)
