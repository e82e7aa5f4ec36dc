"""CIFAR-10, EMNIST, tables and texts: small files made here, whole and damaged."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from test_idx import encode

import tinygrad_ext as tg
from tinygrad_ext.data import Blocks, DataLoader, Text, cifar10, csv, mnist, text

# ---- EMNIST ----------------------------------------------------------------------------------------------


def test_emnist(tmp_path, rng):
    """Stored on its side: the file's rows are the picture's columns."""
    images = rng.integers(0, 255, (3, 28, 28)).astype(np.uint8)
    for part in ("train", "test"):
        stem = tmp_path / f"emnist-letters-{part}"
        stem.with_name(f"{stem.name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(encode(images)))
        labels = np.array([1, 26, 5], np.uint8)
        stem.with_name(f"{stem.name}-labels-idx1-ubyte").write_bytes(encode(labels))
    train, test = mnist(tmp_path, "letters")
    assert test.labels.tolist() == [1, 26, 5]
    expected = images.swapaxes(1, 2)[:, None] / np.float32(255)
    np.testing.assert_array_equal(train.images.numpy(), expected.astype(np.float32))
    with pytest.raises(FileNotFoundError, match=r"emnist-digits-train-images.*nist\.gov"):
        mnist(tmp_path, "digits")
    with pytest.raises(ValueError, match="'byletter'"):
        mnist(tmp_path, "byletter")


def test_other_spelling(tmp_path):
    """Some copies have a dot in the names, as in train-images.idx3-ubyte."""
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images.idx3-ubyte").write_bytes(encode(np.zeros((1, 28, 28), np.uint8)))
        (tmp_path / f"{part}-labels.idx1-ubyte").write_bytes(encode(np.zeros(1, np.uint8)))
    assert mnist(tmp_path).train.images.shape == (1, 1, 28, 28)


# ---- CIFAR-10 --------------------------------------------------------------------------------------------


@pytest.fixture
def cifar(tmp_path, rng):
    """Six files of two images; returns the records of the first."""
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    blocks = {}
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        block = rng.integers(0, 255, (2, 3073)).astype(np.uint8)
        block[:, 0] = rng.integers(0, 10, 2)
        (folder / f"{name}.bin").write_bytes(block.tobytes())
        blocks[name] = block
    return folder, blocks


def test_cifar(cifar, tmp_path):
    folder, blocks = cifar
    train, test = cifar10(folder)
    assert train.images.shape == (10, 3, 32, 32)
    block = blocks["data_batch_2"]
    # Red first, row by row.
    assert train.images[2, 0, 1, 5].item() == np.float32(block[0, 1 + 37]) / np.float32(255)
    assert train.images[3, 2, 0, 0].item() == np.float32(block[1, 1 + 2048]) / np.float32(255)
    assert test.labels.tolist() == blocks["test_batch"][:, 0].tolist()
    assert cifar10(tmp_path).test.labels.tolist() == test.labels.tolist()


def test_damaged_cifar(cifar):
    folder, _ = cifar
    path = folder / "data_batch_3.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=r"data_batch_3\.bin: at byte 3073: expected a record.*after 3072"):
        cifar10(folder)
    path.write_bytes(whole[:3073] + b"\x0a" + whole[3074:])
    with pytest.raises(ValueError, match=r"data_batch_3\.bin: at byte 3073: expected a label.*got 10"):
        cifar10(folder)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"at byte 0"):
        cifar10(folder)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_3\.bin.*cs\.toronto\.edu.*put them into"):
        cifar10(folder)


# ---- tables ----------------------------------------------------------------------------------------------

HOUSES = (
    'area,size,price,kind\n94110,1500,1.25e6,"flat, small"\n94114,900.5,8e5,house\n94110,2000,2e6,house\n'
)


@pytest.fixture
def houses(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text(HOUSES)
    return path


def test_csv(houses):
    table = csv(houses, target="price", categorical=["area", "kind"])
    assert table.names == ["area=94110", "area=94114", "size", "kind=flat, small", "kind=house"]
    assert table.features.tolist() == [[1, 0, 1500, 1, 0], [0, 1, 900.5, 0, 1], [1, 0, 2000, 0, 1]]
    assert table.target.tolist() == [1.25e6, 8e5, 2e6]
    assert table.categories == {"area": ["94110", "94114"], "kind": ["flat, small", "house"]}
    assert csv(houses, categorical=["kind"]).target is None


def test_csv_with_categories_of_another(houses, tmp_path):
    table = csv(houses, target="price", categorical=["area", "kind"])
    other = tmp_path / "new.csv"
    other.write_bytes(b"\xef\xbb\xbfarea;size;kind\r\n94114;700;house\r\n\r\n")
    assert csv(other, categorical=table.categories, delimiter=";").features.tolist() == [[0, 1, 700, 0, 1]]
    other.write_text("area,size,kind\n94114,1,house\n94999,700,house\n")
    with pytest.raises(ValueError, match=r"line 3, column 'area'.*'94999'.*94110, 94114"):
        csv(other, categorical=table.categories)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("a,b\n1,\n", r"line 2, column 'b': the value is missing"),
        ("a,b\n1,2\n3,x\n", r"line 3, column 'b': expected a number, got 'x'.*categorical"),
        ("a,b\n1,nan\n", r"line 2, column 'b'.*'nan'"),
        ("a,b\n1,1e60\n", r"line 2, column 'b'.*'1e60'"),
        ("a,b\n1,2,3\n", "line 2: expected 2 values, got 3"),
        ("a,a\n1,2\n", "must differ"),
        ("a,b\n", "got none"),
        ("", "got none"),
        ('a,b\n"1,2\n', "line"),
    ],
)
def test_bad_tables(tmp_path, content, named):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"table\.csv.*{named}"):
        csv(path)


def test_bad_arguments(houses, tmp_path):
    with pytest.raises(ValueError, match=r"no column 'cost'.*area, size, price, kind"):
        csv(houses, target="cost")
    with pytest.raises(ValueError, match="target"):
        csv(houses, target="price", categorical=["price"])
    with pytest.raises(FileNotFoundError, match=r"none\.csv.*first line"):
        csv(tmp_path / "none.csv")
    houses.write_bytes(b"a,b\n1,\xff\n")
    with pytest.raises(ValueError, match=r"at byte 6.*UTF-8.*0xff"):
        csv(houses)


# ---- text ------------------------------------------------------------------------------------------------


def test_text(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("emma\nolivia\n", encoding="utf-8")
    names = text(path)
    assert names.vocabulary == "\naeilmov"
    assert names.tokens.tolist() == [names.vocabulary.index(c) for c in "emma\nolivia\n"]
    assert names.decode(names.tokens) == names.content == "emma\nolivia\n"
    assert Text("mama", names.vocabulary).tokens.tolist() == names.encode("mama").tolist()
    with pytest.raises(ValueError, match="'x' at position 2"):
        names.encode("max")
    with pytest.raises(ValueError, match="token 8, expected 0 to 7"):
        names.decode([1, 8])


def test_blocks():
    tokens = tg.arange(10, 20)
    for step, starts in (1, range(7)), (3, (0, 3, 6)), (4, (0, 4)):
        blocks = Blocks(tokens, 3, step)
        expected = [([10 + a, 11 + a, 12 + a], [11 + a, 12 + a, 13 + a]) for a in starts]
        assert [(x.tolist(), y.tolist()) for x, y in (blocks[i] for i in range(len(blocks)))] == expected
        x, y = next(iter(DataLoader(blocks, len(blocks))))
        assert list(zip(x.tolist(), y.tolist(), strict=True)) == expected
    assert len(Text("abcab").blocks(4)) == 1
    with pytest.raises(ValueError, match=r"more than 5.*\(5,\)"):
        Text("abcab").blocks(5)
    with pytest.raises(IndexError, match="index 1"):
        Text("abcab").blocks(4)[1]


def test_bad_texts(tmp_path):
    path = tmp_path / "text.txt"
    with pytest.raises(FileNotFoundError, match=r"text\.txt.*gutenberg"):
        text(path)
    path.write_bytes(b"ab\xff")
    with pytest.raises(ValueError, match=r"text\.txt: at byte 2.*0xff"):
        text(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"text\.txt: at byte 0"):
        text(path)
