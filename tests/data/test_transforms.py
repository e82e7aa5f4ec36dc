"""Transforms against NumPy, given the numbers that they draw."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.data import Compose, Normalize, OneHot, RandomCrop, RandomHorizontalFlip, RandomShift


@pytest.fixture
def images(rng):
    return rng.random((16, 3, 8, 10), dtype=np.float32)


def draws(count, n):
    """The rows and columns that a transform with a generator of seed 5 starts its windows at."""
    generator = tg.Generator().manual_seed(5)
    return (tg.randint(c, (n,), generator=generator).tolist() for c in count)


@pytest.mark.parametrize(("size", "padding", "fill"), [(5, 0, 0.0), ((8, 10), 2, 0.5), ((3, 7), 1, 0.0)])
def test_random_crop(images, size, padding, fill):
    height, width = (size, size) if isinstance(size, int) else size
    result = RandomCrop(size, padding, fill, tg.Generator().manual_seed(5))(tg.tensor(images)).numpy()
    padded = np.pad(images, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2), constant_values=fill)
    rows, columns = draws((padded.shape[2] - height + 1, padded.shape[3] - width + 1), 16)
    for i, (row, column) in enumerate(zip(rows, columns, strict=True)):
        np.testing.assert_array_equal(
            result[i], padded[i, :, row : row + height, column : column + width], strict=True
        )
    assert len(set(zip(rows, columns, strict=True))) > 1 if padding or height < 8 else True


def test_random_shift(images):
    result = RandomShift(2, generator=tg.Generator().manual_seed(5))(tg.tensor(images)).numpy()
    rows, columns = draws((5, 5), 16)
    for i, (row, column) in enumerate(zip(rows, columns, strict=True)):
        moved = np.zeros_like(images[i])
        down, right = 2 - row, 2 - column
        for y in range(8):
            for x in range(10):
                if 0 <= y - down < 8 and 0 <= x - right < 10:
                    moved[:, y, x] = images[i, :, y - down, x - right]
        np.testing.assert_array_equal(result[i], moved)


def test_random_horizontal_flip(images):
    result = RandomHorizontalFlip(0.3, tg.Generator().manual_seed(5))(tg.tensor(images)).numpy()
    mirrored = tg.rand(16, generator=tg.Generator().manual_seed(5)).numpy() < np.float32(0.3)
    assert 0 < mirrored.sum() < 16
    np.testing.assert_array_equal(result[mirrored], images[mirrored][..., ::-1])
    np.testing.assert_array_equal(result[~mirrored], images[~mirrored])


def test_normalize(images):
    mean, std = np.float32([0.1, 0.2, 0.3]), np.float32([0.5, 1.0, 2.0])
    expected = (images - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(Normalize(mean, std.tolist())(tg.tensor(images)).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(
        Normalize(0.5, 2)(tg.tensor(images[0])).numpy(), (images[0] - 0.5) / 2, rtol=1e-6
    )


def test_one_hot():
    assert OneHot(3)(tg.tensor([[2, 0]])).tolist() == [[[0, 0, 1], [1, 0, 0]]]
    assert OneHot(2)(1).tolist() == [0, 1]
    assert OneHot(2)(1).dtype == tg.float32


def test_compose_single_images_and_the_global_generator(images):
    transform = Compose([RandomCrop(6, 1), RandomHorizontalFlip(), Normalize(0.5, 0.5)])
    assert transform(tg.tensor(images)).shape == (16, 3, 6, 6)
    tg.manual_seed(1)
    first = transform(tg.tensor(images[0]))
    tg.manual_seed(1)
    assert first.shape == (3, 6, 6)
    assert transform(tg.tensor(images[0])).tolist() == first.tolist()
    assert "RandomCrop(size=(6, 6), padding=1)" in repr(transform)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: Normalize(0.0, 0.0), "std must be positive"),
        (lambda: Normalize([0.0] * 2, 1.0)(tg.zeros(3, 4, 4)), "mean of 2 channels"),
        (lambda: OneHot(3)([0, 3]), "class number 3 at position 1, expected 0 to 2"),
        (lambda: OneHot(0), "num_classes"),
        (lambda: RandomCrop(9)(tg.zeros(1, 8, 8)), r"\(9, 9\).*\(8, 8\)"),
        (lambda: RandomCrop(0), "size"),
        (lambda: RandomShift(-1), "pixels"),
        (lambda: RandomHorizontalFlip(1.5), "p must"),
        (lambda: RandomHorizontalFlip()(tg.zeros(8, 8)), r"\(8, 8\)"),
        (lambda: RandomHorizontalFlip()(np.zeros((3, 8, 8))), "ndarray"),
    ],
)
def test_refusals(call, named):
    with pytest.raises(ValueError, match=named):
        call()
