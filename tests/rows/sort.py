"""Sorting and selecting, and counting into bins."""

from __future__ import annotations

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, C, Case, I, V, call, rough

NAN = float("nan")
BIG = 1e30
SHAPES = ((), (1,), (7,), (2, 3, 4), (3, 0))
LARGE = ((1003,), (37, 41), (900, 3), (2, 200))  # their elements are closer than a difference quotient needs


def distinct(*shape):
    return A(*shape, distinct=True)


SORTS = (
    *(call(distinct(*shape)) for shape in SHAPES),
    *(rough(distinct(*shape), stable=True) for shape in LARGE),
    call(distinct(2, 3, 4), 0),
    call(distinct(2, 3, 4), dim=1, descending=True),
    rough(distinct(900, 3), dim=0, descending=True, stable=True),
    call(distinct(40), stable=True, descending=True),
)
TIES = (
    rough(V([3.0, 1.0, 3.0, 1.0, 0.0, -0.0])),
    rough(V([3.0, 1.0, 3.0, 1.0, 0.0, -0.0]), descending=True, stable=True),
    rough(C(2000, low=0.0, high=5.0), stable=True),
    rough(C(2000, low=0.0, high=5.0), descending=True, stable=True),
    rough(V([NAN, 2.0, BIG, NAN, -BIG, 1.0])),
    rough(V([NAN, 2.0, BIG, NAN, -BIG, 1.0]), descending=True),
)


def order(x, dim=-1, descending=False, stable=True):
    """Positions in sorted order, equal elements as they stood; NaN is the largest."""
    if x.ndim == 0:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    return x.shape[dim] - 1 - np.flip(np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)


def take(x, at, dim):
    return np.take_along_axis(x, at, dim) if x.ndim else x


def sort(x, dim=-1, descending=False, stable=False):
    at = order(x, dim, descending)
    return take(x, at, dim), at


def topk(x, k, dim=-1, largest=True, sorted=True):
    at = order(x, dim, largest)
    at = np.take(at, np.arange(k), axis=dim) if x.ndim else at
    return take(x, at, dim), at


def kthvalue(x, k, dim=-1, keepdim=False):
    if x.ndim == 0:
        return x, np.zeros((), np.int64)
    at = np.take(order(x, dim), [k - 1], axis=dim)
    y = take(x, at, dim)
    return (y, at) if keepdim else (y.squeeze(dim), at.squeeze(dim))


def median(skip_nan):
    def one(row):
        if not skip_nan and np.isnan(row).any():
            return int(np.isnan(row).argmax())
        count = int((~np.isnan(row)).sum())
        return int(order(row)[max(count - 1, 0) // 2])

    def reference(x, dim=None, keepdim=False):
        if dim is None:
            flat = x.reshape(-1)
            return flat[one(flat)] if flat.size else np.asarray(np.nan).astype(x.dtype)
        return by_row(one, x, dim, keepdim)

    return reference


def by_row(one, x, dim, keepdim):
    if x.ndim == 0:
        return x, np.zeros((), np.int64)
    at = np.expand_dims(np.apply_along_axis(one, dim, x), dim)
    y = take(x, at, dim)
    return (y, at) if keepdim else (y.squeeze(dim), at.squeeze(dim))


def mode(x, dim=-1, keepdim=False):
    def one(row):
        values, counts = np.unique(row, return_counts=True)
        return int(np.flatnonzero(row == values[counts.argmax()])[-1])

    return by_row(one, x, dim, keepdim)


def quantile(reduce):
    def reference(x, q, dim=None, keepdim=False, interpolation="linear"):
        return reduce(x, q, axis=dim, keepdims=keepdim, method=interpolation)

    return reference


def unique(x, sorted=True, return_inverse=False, return_counts=False, dim=None):
    found = np.unique(x, return_inverse=True, return_counts=True, axis=dim)
    wanted = [found[0]]
    if return_inverse:
        wanted.append(found[1].reshape(x.shape if dim is None else x.shape[dim]))
    if return_counts:
        wanted.append(found[2])
    return tuple(wanted) if len(wanted) > 1 else wanted[0]


def unique_consecutive(x, return_inverse=False, return_counts=False, dim=None):
    rows = x.reshape(-1, 1) if dim is None else np.moveaxis(x, dim, 0).reshape(x.shape[dim], -1)
    new = np.ones(len(rows), bool)
    new[1:] = (rows[1:] != rows[:-1]).any(1)
    number = np.cumsum(new) - 1
    y = x.reshape(-1)[new] if dim is None else np.compress(new, x, axis=dim)
    wanted = [y]
    if return_inverse:
        wanted.append(number.reshape(x.shape) if dim is None else number)
    if return_counts:
        wanted.append(np.bincount(number))
    return tuple(wanted) if len(wanted) > 1 else wanted[0]


def searchsorted(edges, x, out_int32=False, right=False, side=None, sorter=None):
    side = side or ("right" if right else "left")
    dtype = np.int32 if out_int32 else np.int64
    if edges.ndim == 1:
        return np.asarray(np.searchsorted(edges, x, side, sorter)).astype(dtype)
    rows = [np.searchsorted(e, v, side) for e, v in zip(edges, x, strict=True)]
    return np.asarray(rows).reshape(x.shape).astype(dtype)


def histogram(x, bins, range=None, weight=None, density=False):
    return np.histogram(x, bins, range, weights=weight, density=density)


def histc(x, bins=100, min=0, max=0):
    return np.histogram(x, bins, None if min == max else (min, max))[0].astype(x.dtype)


def bincount(x, weights=None, minlength=0):
    return np.bincount(x, weights, minlength)


PICKS = (
    *(
        call(distinct(*shape), dim)
        for shape, dim in (((7,), 0), ((2, 3, 4), 1), ((2, 3, 4), -1), ((37, 41), 0))
    ),
    call(distinct(2, 3, 4), 0, True),
    call(distinct(2, 3), dim=1, keepdim=True),
    rough(distinct(250), -1),
)
QUANTILES = (
    call(distinct(7), 0.3),
    call(distinct(2, 3, 4), 0.25, 1),
    call(distinct(2, 3, 4), 0.6, 0, True),
    call(distinct(2, 5), V([0.0, 0.33, 1.0], "const"), -1),
    call(distinct(2, 5), V([0.1, 0.9], "const"), dim=0, keepdim=True),
    call(distinct(4, 5), 0.41, keepdim=True),
    *(call(distinct(6), 0.37, interpolation=i) for i in ("lower", "higher", "midpoint", "nearest")),
    rough(V([1.0, NAN, 3.0, 2.0]), 0.5),
    rough(V([[1.0, NAN, 3.0], [1.0, 5.0, 2.0]]), V([0.5, 0.75], "const"), 1),
)
FEW = I(40, high=9)
RISING = V(sorted([-1.5, -1.0, -0.25, 0.0, 0.5, 0.5, 1.75]), "const")

ROWS = (
    Case("sort", sort, (*SORTS, *TIES), NUMBERS, result=("same", "int64"), ulp=0.0),
    Case("argsort", order, (*SORTS, *TIES), NUMBERS, result="int64", order=0, ulp=0.0),
    Case(
        "msort",
        lambda x: np.sort(x, axis=0) if x.ndim else x,
        (*(call(distinct(*shape)) for shape in SHAPES), *(rough(distinct(*shape)) for shape in LARGE)),
        NUMBERS,
        ulp=0.0,
    ),
    Case(
        "topk",
        topk,
        (
            call(distinct(7), 3),
            call(distinct(2, 3, 4), 2, 1),
            call(distinct(2, 3, 4), 2, dim=0, largest=False),
            rough(distinct(250), 5),
            rough(distinct(250), 180, largest=False),
            rough(distinct(5, 41), 41),
            rough(distinct(4, 60), 3),
            call(distinct(5), 0),
            rough(V([NAN, 2.0, BIG, NAN, -BIG, 1.0]), 3),
        ),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case(
        "kthvalue",
        kthvalue,
        (
            call(distinct(7), 3),
            call(distinct(2, 3, 4), 2, 1),
            call(distinct(2, 3, 4), 1, dim=0, keepdim=True),
            rough(distinct(250), 77),
            rough(V([2.0, 1.0, 3.0, 4.0, NAN]), 4),
            rough(V([2.0, 1.0, 3.0, 4.0, NAN]), 5),
        ),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case(
        "median",
        median(False),
        (
            call(distinct(7)),
            call(distinct(2, 3, 4)),
            call(distinct(1003)),
            *PICKS,
            rough(V([1.0, NAN, 0.0]), 0),
        ),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case(
        "nanmedian",
        median(True),
        (
            call(distinct(7)),
            call(distinct(2, 3, 4)),
            *PICKS,
            rough(V([1.0, NAN, 0.0, 5.0]), 0),
            rough(V([1.0, NAN, 0.0, 5.0])),
            rough(V([NAN, NAN]), 0),
        ),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case(
        "mode",
        mode,
        (
            rough(V([3.0, 1.0, 3.0, 2.0])),
            rough(C(4, 12, low=0.0, high=3.0), 1),
            rough(C(12, 4, low=0.0, high=3.0), 0, True),
            call(distinct(5)),
        ),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case("quantile", quantile(np.quantile), QUANTILES, ulp=4.0, scale=4.0),
    Case("nanquantile", quantile(np.nanquantile), QUANTILES, ulp=4.0, scale=4.0),
    Case(
        "unique",
        unique,
        (
            rough(C(40, low=0.0, high=4.0)),
            rough(V([3.0, 1.0, 3.0, 2.0]), True, True, True),
            rough(V([[3.0, 1.0], [2.0, 3.0]]), return_inverse=True),
            rough(V([[3.0, 1.0], [2.0, 3.0], [3.0, 1.0]]), return_counts=True, return_inverse=True, dim=0),
            rough(V([[3.0, 1.0, 3.0], [2.0, 3.0, 2.0]]), dim=1),
            rough(C(0)),
        ),
        ALL,
        result=("same", "int64", "int64"),
        order=0,
        ulp=0.0,
    ),
    Case(
        "unique_consecutive",
        unique_consecutive,
        (
            rough(C(40, low=0.0, high=2.0)),
            rough(V([1.0, 1.0, 2.0, 1.0]), True, True),
            rough(V([[1.0, 1.0], [1.0, 1.0], [2.0, 1.0]]), return_counts=True, return_inverse=True, dim=0),
            rough(C(0)),
        ),
        NUMBERS,
        result=("same", "int64", "int64"),
        order=0,
        ulp=0.0,
    ),
    Case(
        "searchsorted",
        searchsorted,
        (
            call(RISING, C(9)),
            call(RISING, C(2, 3), right=True),
            call(RISING, V([-9.0, 0.5, NAN, 9.0], "const"), side="right"),
            call(RISING, V([-9.0, 0.5, 9.0], "const"), side="left"),
            call(V([[0.0, 1.0, 2.0], [1.0, 1.0, 5.0]], "const"), V([[1.0, 3.0], [1.0, 4.0]], "const")),
            call(V([3.0, 1.0, 2.0], "const"), C(5), sorter=V([1, 2, 0], "index")),
            call(RISING, 0.5),
            call(RISING, C(0)),
        ),
        FLOATS,
        result="int64",
        order=0,
        ulp=0.0,
        forms=("tg",),
    ),
    Case(
        "bucketize",
        lambda x, edges, right=False: searchsorted(edges, x, right=right),
        (call(C(9), RISING), call(C(2, 3), RISING, right=True), call(0.5, RISING)),
        FLOATS,
        result="int64",
        order=0,
        ulp=0.0,
        forms=("tg",),
    ),
    Case(
        "isin",
        lambda x, among, assume_unique=False, invert=False: np.isin(x, among, invert=invert),
        (
            call(C(40, low=0.0, high=20.0), C(5, low=0.0, high=20.0)),
            call(V([1.0, 2.0, 3.0, 7.0]), V([3.0, 1.0])),
            call(V([[1.0, 2.0], [3.0, 7.0]]), V([float(v) for v in range(3, 30)]), invert=True),
            call(V([1.0, 2.0]), 2),
            call(C(4), C(0)),
        ),
        NUMBERS,
        result="bool",
        order=0,
        ulp=0.0,
        forms=("tg",),
    ),
    Case(
        "histc",
        histc,
        (
            call(C(50)),
            call(C(50), 7),
            call(C(50), bins=4, min=-1, max=1),
            call(V([1.0, 2.0, 1.0, 5.0]), 4, 0, 3),
            call(V([2.0, 2.0]), 3),
        ),
        order=0,
        ulp=0.0,
    ),
    Case(
        "histogram",
        histogram,
        (
            call(C(50), 7),
            call(C(50), bins=4, range=(-1.0, 1.0)),
            call(C(5, 10, low=0.0, high=5.0), V([1.0, 2.0, 3.0, 4.0], "const")),
            call(C(5, 10), V([-1.0, 0.0, 0.25, 2.0], "const")),
            call(C(50), 5, weight=C(50, low=0.0, high=1.0)),
            call(C(50), 5, density=True),
        ),
        order=0,
        ulp=4.0,
        scale=16.0,
    ),
    Case(
        "bincount",
        bincount,
        (call(FEW), call(FEW, minlength=20), call(I(0, high=1))),
        ("int64",),
        result="int64",
        order=0,
        ulp=0.0,
    ),
)
