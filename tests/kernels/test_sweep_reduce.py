"""Reductions and scans over every set of dims, of every size up to 70, contiguous, transposed and strided.

A sum is off by at most the longest chain of additions in it times the sum of absolute values times the unit
roundoff (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2); sums of small
whole numbers and whatever only compares are exact.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from lib import EPS, assert_close
from placing import PLACES, SIZES, place

import tinygrad_ext as tg

DTYPES = ("float32", "float64")
DIMS = [dims for count in (1, 2, 3) for dims in combinations(range(3), count)]
ORDERS = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0)]
# A long row beside short ones, a block and one more, what two threads share.
LARGE = [
    (2, 127, 3),
    (3, 2049, 1),
    (1, 70, 129),
    (257, 3, 65),
    (2, 3, 4097),
    (131_075, 1, 1),
    (3, 45_000, 1),
    (1, 1, 300_001),
]


def shapes(rng):
    """Every size in every dim, beside two that are drawn."""
    for size in SIZES:
        for dim in range(3):
            shape = [int(s) for s in rng.integers(1, 20, 3)]
            shape[dim] = size
            yield tuple(shape)
    yield from LARGE


def some_dims(rng):
    """Three of the sets of dims; over all shapes every set comes up."""
    return [DIMS[i] for i in rng.choice(len(DIMS), 3, replace=False)]


def lay(rng, array):
    """`array` with its dims in memory in an order that is drawn, and in a place that is."""
    order, where = ORDERS[rng.integers(len(ORDERS))], str(rng.choice(PLACES))
    back = tuple(int(i) for i in np.argsort(order))
    return place(array.transpose(order), where).permute(back), f"{array.shape} as {order} {where}"


def chain(x, dims):
    """How many additions follow each other at most: rows are summed in pieces, and those in pairs."""
    return min(int(np.prod([x.shape[d] for d in dims])), 150)


# What each must be, and the error allowed, in EPS.
def total(x, dims):
    return x.sum(dims), chain(x, dims) * np.abs(x).sum(dims)


def mean(x, dims):
    return x.mean(dims), (chain(x, dims) + 1) * np.abs(x).mean(dims)


def norm(x, dims):
    want = np.sqrt((x * x).sum(dims))
    return want, (chain(x, dims) / 2 + 2) * want


def logsumexp(x, dims):
    top = x.max(dims, keepdims=True)
    want = np.log(np.exp(x - top).sum(dims)) + top.squeeze(dims)
    return want, chain(x, dims) + 4 + np.abs(want) + np.abs(x).max(dims)


def variance(x, dims):
    want = x.var(dims)
    return want, (chain(x, dims) + 4) * (want + x.mean(dims) ** 2)


SUMS = {
    "sum": (lambda x, dims: x.sum(dims), total),
    "mean": (lambda x, dims: x.mean(dims), mean),
    "norm": (lambda x, dims: tg.linalg.vector_norm(x, 2, dims), norm),
    "logsumexp": (lambda x, dims: x.logsumexp(dims), logsumexp),
    "var": (lambda x, dims: x.var(dims, correction=0), variance),
    "nansum": (lambda x, dims: x.nansum(dims), total),
    "norm of order 1": (
        lambda x, dims: tg.linalg.vector_norm(x, 1, dims),
        lambda x, dims: total(np.abs(x), dims),
    ),
}
EXACT = {
    "amax": (lambda x, dims: x.amax(dims), lambda x, dims: x.max(dims)),
    "amin": (lambda x, dims: x.amin(dims), lambda x, dims: x.min(dims)),
    "largest norm": (
        lambda x, dims: tg.linalg.vector_norm(x, np.inf, dims),
        lambda x, dims: np.abs(x).max(dims),
    ),
    "all": (lambda x, dims: (x > -1).all(dims), lambda x, dims: (x > -1).all(dims)),
    "any": (lambda x, dims: (x > 2).any(dims), lambda x, dims: (x > 2).any(dims)),
    "count_nonzero": (lambda x, dims: (x > 0).count_nonzero(dims), lambda x, dims: (x > 0).sum(dims)),
}


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sums(dtype, name, rng):
    function, reference = SUMS[name]
    for shape in shapes(rng):
        x = rng.standard_normal(shape).astype(dtype)
        for dims in some_dims(rng):
            placed, what = lay(rng, x)
            want, allowed = reference(x.astype("float64"), dims)
            assert_close(
                function(placed, dims).numpy(), want, EPS[dtype] * allowed, f"{name} over {dims} of {what}"
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_of_whole_numbers(dtype, rng):
    """Exact, so that no element can be missing or counted twice."""
    for shape in shapes(rng):
        x = rng.integers(-8, 9, shape).astype(dtype)
        for dims in some_dims(rng):
            placed, what = lay(rng, x)
            np.testing.assert_array_equal(
                placed.sum(dims).numpy(), x.sum(dims), err_msg=f"over {dims} of {what}"
            )
            squares = tg.linalg.vector_norm(placed, 2, dims).square().numpy()
            np.testing.assert_allclose(
                squares, np.square(x).sum(dims), rtol=4 * EPS[dtype], err_msg=f"{dims} of {what}"
            )


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_comparisons(dtype, name, rng):
    function, reference = EXACT[name]
    for shape in shapes(rng):
        x = rng.standard_normal(shape).astype(dtype)
        for dims in some_dims(rng):
            placed, what = lay(rng, x)
            np.testing.assert_array_equal(
                function(placed, dims).numpy(), reference(x, dims), err_msg=f"{name} over {dims} of {what}"
            )


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
def test_integers(dtype, rng):
    """Sums and products as int64, extremes and their places in the type itself."""
    for shape in shapes(rng):
        x = rng.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)
        for dims in some_dims(rng):
            placed, what = lay(rng, x)
            np.testing.assert_array_equal(
                placed.sum(dims).numpy(), x.sum(dims, "int64"), err_msg=f"sum over {dims} of {what}"
            )
            np.testing.assert_array_equal(
                placed.amax(dims).numpy(), x.max(dims), err_msg=f"amax over {dims} of {what}"
            )
            np.testing.assert_array_equal(
                placed.amin(dims).numpy(), x.min(dims), err_msg=f"amin over {dims} of {what}"
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_along_one_dim(dtype, rng):
    """Products, places of extremes (the first of equals) and scans along each dim."""
    for shape in shapes(rng):
        x = rng.uniform(0.8, 1.2, shape).astype(dtype)
        ties = np.round(rng.uniform(-3, 3, shape)).astype(dtype)
        wide = x.astype("float64")
        for dim in range(3):
            n = shape[dim]
            placed, what = lay(rng, x)
            what = f"along {dim} of {what}"
            want = wide.prod(dim)
            if n <= 2049:  # longer ones leave the range of float32
                assert_close(
                    placed.prod(dim).numpy(), want, EPS[dtype] * chain(x, (dim,)) * want, f"prod {what}"
                )
            place_in_row = np.arange(1, n + 1).reshape([-1 if d == dim else 1 for d in range(3)])
            want = wide.cumsum(dim)
            assert_close(placed.cumsum(dim).numpy(), want, EPS[dtype] * place_in_row * want, f"cumsum {what}")
            if n <= 2049:
                want = wide.cumprod(dim)
                assert_close(
                    placed.cumprod(dim).numpy(), want, EPS[dtype] * place_in_row * want, f"cumprod {what}"
                )
            placed, what = lay(rng, ties)
            what = f"along {dim} of {what}"
            np.testing.assert_array_equal(
                placed.argmax(dim).numpy(), ties.argmax(dim), err_msg=f"argmax {what}"
            )
            np.testing.assert_array_equal(
                placed.argmin(dim).numpy(), ties.argmin(dim), err_msg=f"argmin {what}"
            )
            values, indices = placed.max(dim)
            np.testing.assert_array_equal(values.numpy(), ties.max(dim), err_msg=f"max {what}")
            np.testing.assert_array_equal(indices.numpy(), ties.argmax(dim), err_msg=f"max {what}")
            values, indices = placed.cummax(dim)
            np.testing.assert_array_equal(
                values.numpy(), np.maximum.accumulate(ties, dim), err_msg=f"cummax {what}"
            )
            at = np.take_along_axis(ties, indices.numpy(), dim)
            np.testing.assert_array_equal(at, values.numpy(), err_msg=f"indices of cummax {what}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_anywhere(dtype, rng):
    """A NaN wins every extreme of its row, wherever it stands, and no other row's."""
    for n in SIZES:
        x = rng.standard_normal((3, n)).astype(dtype)
        at = int(rng.integers(n))
        x[1, at] = np.nan
        for t, dim in (
            (place(x, str(rng.choice(PLACES))), 1),
            (place(x.T.copy(), str(rng.choice(PLACES))), 0),
        ):
            for name, numpy_name in (("amax", "max"), ("amin", "min"), ("sum", "sum")):
                got = getattr(t, name)(dim).numpy()
                assert np.isnan(got).tolist() == [False, True, False], f"{name} of {n}, NaN at {at}"
                if name != "sum":
                    np.testing.assert_array_equal(got, getattr(np, numpy_name)(x, 1))
            assert t.argmax(dim).numpy()[1] == at
            assert t.argmin(dim).numpy()[1] == at


@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_of_zero(dtype):
    """Sums of nothing are 0, products 1, means NaN; over the other dim the result is empty."""
    for n in (1, 5, 17):
        x = tg.zeros(0, n, dtype=getattr(tg, dtype))
        assert x.sum(0).numpy().tolist() == [0.0] * n
        assert x.prod(0).numpy().tolist() == [1.0] * n
        assert np.isnan(x.mean(0).numpy()).all()
        for name in ("sum", "mean", "amax", "prod", "logsumexp", "cumsum", "argmax", "var"):
            assert getattr(x, name)(1).numel() == 0, name
