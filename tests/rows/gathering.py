"""Elements by number along a dimension: gather, scatter and what scatter reduces with."""

from __future__ import annotations

import warnings

import numpy as np
from case import ALL, NUMBERS, A, Case, I, V, call, ours, rough

GATHERS = (
    call(A(4, 5), 0, I(2, 5, high=4)),
    call(A(4, 5), 1, I(4, 7, high=5)),
    call(A(4, 5), -1, I(3, 2, high=5)),
    call(A(2, 3, 4), 1, I(2, 5, 3, high=3)),
    call(A(2, 3, 4), dim=0, index=I(1, 2, 4, high=2), sparse_grad=False),
    call(A(5), 0, I(9, high=5)),
    call(A(4, 5), 0, I(0, 5, high=4)),
    call(A(), 0, V(0, "index")),
    call(A(7, 151), 1, I(7, 160, high=151)),
)

# No place twice: which write wins is PyTorch's secret.
SCATTERS = (
    call(A(4, 5), 0, V([[3, 1, 0, 2, 1], [0, 2, 3, 1, 3]], "index"), A(2, 5)),
    ours(A(4, 5), 1, V([[4, 0, 2], [1, 3, 0]], "index"), A(3, 4)),
    call(A(2, 3, 4), -2, V(np.argsort(np.arange(24).reshape(2, 3, 4) % 7, 1), "index"), A(2, 3, 4)),
    call(A(5), 0, V([3], "index"), A(1)),
    call(A(5), 0, I(0, high=5), A(0)),
    call(A(), 0, V(0, "index"), A()),
    call(A(3, 400), 1, V(np.arange(400)[::-1][None].repeat(3, 0), "index"), A(3, 400)),
)
SUMS = (
    call(A(4, 5), 0, I(2, 5, high=4), A(2, 5)),
    call(A(4, 5), 1, I(4, 7, high=5), A(4, 7)),
    ours(A(4, 5), -1, I(3, 2, high=5), A(4, 6)),
    call(A(2, 3, 4), 1, I(2, 5, 4, high=3), A(2, 5, 4)),
    call(A(5), 0, I(0, high=5), A(0)),
    call(A(), 0, V(0, "index"), A()),
    call(A(3, 17), dim=1, index=I(3, 400, high=17), src=A(3, 400)),
)


def quietly(name):
    """PyTorch's function without what it says about its future."""

    def called(*args, **kwargs):
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(torch, name)(*args, **kwargs)

    return called


def along(x, dim, index):
    """The places that index names along dim: every other dimension keeps its own coordinate."""
    at = list(np.indices(index.shape, sparse=True)) if index.ndim else [np.array(0)]
    at[dim] = index
    return tuple(at)


def gather(x, dim, index, sparse_grad=False):
    """out[i, j, k] = x[index[i, j, k], j, k] for dim 0."""
    return np.atleast_1d(x)[along(x, dim, index)].reshape(index.shape)


def cut(src, index):
    return src[tuple(map(slice, index.shape))]


def scatter(x, dim, index, src=None, *, value=None, reduce=None):
    """out[i, index[i, j, k], k] = src[i, j, k] for dim 1, in order."""
    y = np.atleast_1d(x).copy()
    src = np.full(index.shape, value if src is None else src) if np.ndim(src) == 0 else src
    ufunc = {"add": np.add, "multiply": np.multiply}.get(reduce)
    if ufunc:
        ufunc.at(y, along(x, dim, index), cut(src, index))
    else:
        y[along(x, dim, index)] = cut(src, index)
    return y.reshape(x.shape)


def scatter_add(x, dim, index, src):
    return scatter(x, dim, index, src, reduce="add")


def scatter_reduce(x, dim, index, src, reduce, *, include_self=True):
    """Every place's own list of values, reduced by NumPy."""
    y = np.atleast_1d(x).copy()
    bins = {place: [y[place]] if include_self else [] for place in np.ndindex(y.shape)}
    at = np.broadcast_arrays(*along(x, dim, index))
    for source in np.ndindex(index.shape or (1,)):
        bins[tuple(int(a.reshape(index.shape or (1,))[source]) for a in at)].append(
            np.atleast_1d(src)[source]
        )
    floor = np.issubdtype(y.dtype, np.integer)
    mean = (lambda v: np.floor_divide(np.sum(v, dtype=y.dtype), len(v))) if floor else np.mean
    reduction = {"sum": np.sum, "prod": np.prod, "mean": mean, "amax": np.max, "amin": np.min}[reduce]
    for place, values in bins.items():
        if values:
            y[place] = reduction(np.array(values, y.dtype))
    return y.reshape(x.shape)


REDUCTIONS = tuple(
    sample
    for reduce in ("sum", "prod", "mean", "amax", "amin")
    for sample in (
        call(A(4, 5), 0, I(6, 5, high=4), A(6, 5), reduce),
        call(A(4, 5), 1, I(4, 3, high=5), A(4, 3), reduce, include_self=False),
        call(A(2, 3, 4), -1, I(2, 2, 5, high=4), A(2, 2, 5), reduce=reduce, include_self=True),
        ours(A(4, 5), 1, I(3, 2, high=5), A(4, 6), reduce),
        call(A(3), 0, I(0, high=3), A(0), reduce),
        (rough if reduce.startswith("am") else call)(
            A(2, 11), 1, I(2, 600, high=11), A(2, 600, low=0.9, high=1.1), reduce
        ),
    )
)

TIES = tuple(
    rough(V([1, 0, 2, 0]), 0, V([0, 0, 1, 1, 2, 3], "index"), V([1, 1, 0, 0, 2, 3]), reduce)
    for reduce in ("prod", "amax", "amin")
)


def take_along_dim(x, indices, dim=None):
    if dim is None:
        return x.reshape(-1)[indices.reshape(-1)]
    both = np.broadcast_shapes(
        *(tuple(1 if d == dim % x.ndim else n for d, n in enumerate(a.shape)) for a in (x, indices))
    )
    x, indices = (
        np.broadcast_to(a, tuple(a.shape[d] if d == dim % x.ndim else n for d, n in enumerate(both)))
        for a in (x, indices)
    )
    return np.take_along_axis(x, indices, dim)


ROWS = (
    Case("gather", gather, GATHERS, ALL, ulp=0.0),
    Case(
        "take_along_dim",
        take_along_dim,
        (
            call(A(4, 5), I(2, 5, high=4), 0),
            call(A(4, 5), I(4, 2, high=5, low=-5), dim=-1),
            call(A(4, 5), I(1, 2, high=5), 1),
            call(A(1, 5), I(3, 2, high=5), 1),
            call(A(4, 5), I(3, 2, high=20)),
            call(A(4, 5), I(4, 0, high=1), 1),
        ),
        ALL,
        ulp=0.0,
    ),
    Case(
        "scatter",
        scatter,
        (
            *SCATTERS,
            call(A(4, 5), 0, V([[3, 1, 0, 2, 1]], "index"), 1),
            call(A(4, 5), 1, V([[3], [1]], "index"), value=1.5),
            ours(A(4, 5), 0, I(6, 5, high=4), A(6, 5), reduce="add"),
            ours(A(4, 5), 0, I(6, 5, high=4), A(6, 5), reduce="multiply"),
            ours(A(4, 5), 0, I(6, 5, high=4), value=1.5, reduce="multiply"),
        ),
        NUMBERS,
        ulp=8.0,
        scale=8.0,
        inplace=True,
        torch=quietly("scatter"),
    ),
    Case("scatter_add", scatter_add, SUMS, NUMBERS, ulp=4.0, scale=16.0, inplace=True),
    Case(
        "scatter_reduce",
        scatter_reduce,
        (*REDUCTIONS, *TIES),
        NUMBERS,
        ulp=700.0,
        scale=64.0,
        inplace=True,
        torch=quietly("scatter_reduce"),
    ),
)
