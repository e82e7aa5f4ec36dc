"""Views, joins, splits, copies and dtype conversion: exact, so every tolerance is zero."""

from __future__ import annotations

import numpy as np
from case import ALL, A, Case, DType, call, rough


def moved(name, reference, samples, **options):
    return Case(name, reference, samples, **{"dtypes": ALL, "ulp": 0.0, **options})


def shape_of(*shape):
    return shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape


def reshape(x, *shape):
    return x.reshape(shape_of(*shape))


def squeeze(x, dim=None):
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    return x.squeeze(tuple(d for d in dims if x.shape[d] == 1)) if x.ndim else x


def expand(x, *shape):
    shape = shape_of(*shape)
    old = (1,) * (len(shape) - x.ndim) + x.shape
    return np.broadcast_to(x, [o if s == -1 else s for s, o in zip(shape, old, strict=True)])


def flatten(x, start_dim=0, end_dim=-1):
    if not x.ndim:
        return x.reshape(1)
    start, end = start_dim % x.ndim, end_dim % x.ndim
    middle = int(np.prod(x.shape[start : end + 1]))
    return x.reshape(*x.shape[:start], middle, *x.shape[end + 1 :])


def split(x, size, dim=0):
    edges = np.cumsum(size)[:-1] if isinstance(size, list) else range(size, x.shape[dim], size)
    return tuple(np.split(x, list(edges), dim))


def chunk(x, chunks, dim=0):
    return split(x, -(-x.shape[dim] // chunks), dim)


def narrow(x, dim, start, length):
    start += x.shape[dim] if start < 0 else 0
    return np.take(x, np.arange(start, start + length), dim)


RESHAPES = (
    call(A(2, 3, 4), 6, 4),
    call(A(2, 3, 4), (4, 6)),
    call(A(2, 3, 4), -1),
    call(A(2, 3, 4), 3, -1, 2),
    call(A(), 1, 1),
    call(A(1, 1), ()),
    call(A(0, 3), 3, 0),
    call(A(0, 3), -1, 3),
)
JOINS = (
    call([A(2, 3), A(4, 3), A(1, 3)], 0),
    call([A(2, 3), A(2, 1)], dim=1),
    call([A(2, 3), A(2, 3)], -1),
    call([A(2, 3)]),
    call([A(0, 3), A(2, 3)]),
    call((A(3), A(5))),
    call([A(2, 3, 4), A(2, 5, 4)], 1),
    call([A(37, 41), A(37, 3)], 1),
)

ROWS = (
    moved("view", reshape, RESHAPES, forms=("method",), layouts=False),
    moved("reshape", reshape, RESHAPES, forms=("method",)),
    moved(
        "permute",
        lambda x, *dims: x.transpose(shape_of(*dims)),
        (
            call(A(2, 3, 4), (2, 0, 1)),
            call(A(2, 3, 4), (-1, 1, 0)),
            call(A(), ()),
            call(A(0, 3), (1, 0)),
            call(A(37, 41), (1, 0)),
        ),
    ),
    moved(
        "transpose",
        np.swapaxes,
        (
            call(A(2, 3, 4), 0, 2),
            call(A(2, 3, 4), -1, -2),
            call(A(2, 3), 1, 1),
            call(A(0, 3), 0, 1),
            call(A(37, 41), 0, 1),
        ),
    ),
    moved(
        "squeeze",
        squeeze,
        (
            call(A(2, 1, 3, 1)),
            call(A(2, 1, 3), 1),
            call(A(2, 1, 3), 0),
            call(A(1)),
            call(A()),
            call(A(1, 2, 1), (0, 2)),
        ),
    ),
    moved(
        "unsqueeze",
        np.expand_dims,
        (call(A(2, 3), 0), call(A(2, 3), 2), call(A(2, 3), -2), call(A(), 0), call(A(0), -1)),
    ),
    moved(
        "expand",
        expand,
        (
            call(A(3, 1), 3, 4),
            call(A(3, 1), (2, 3, 4)),
            call(A(3, 1), -1, 4),
            call(A(), 2, 3),
            call(A(1), 0),
            call(A(2, 3), 2, 3),
        ),
        forms=("method",),
    ),
    moved(
        "flatten",
        flatten,
        (
            call(A(2, 3, 4)),
            call(A(2, 3, 4), 1),
            call(A(2, 3, 4), 0, 1),
            call(A(2, 3, 4, 5), 1, -2),
            call(A()),
            call(A(0, 3)),
        ),
    ),
    moved("cat", lambda tensors, dim=0: np.concatenate(tensors, dim), JOINS, forms=("tg",)),
    moved(
        "stack",
        lambda tensors, dim=0: np.stack(tensors, dim),
        (
            call([A(2, 3), A(2, 3)]),
            call([A(2, 3), A(2, 3), A(2, 3)], 1),
            call([A(2, 3), A(2, 3)], dim=-1),
            call([A(), A()]),
            call([A(0, 2), A(0, 2)], 1),
        ),
        forms=("tg",),
    ),
    moved(
        "split",
        split,
        (call(A(7, 3), 3), call(A(3, 6), 2, 1), call(A(6, 2), [1, 3, 2]), call(A(2, 5), [4, 1], dim=-1)),
    ),
    moved("chunk", chunk, (call(A(7, 3), 3), call(A(3, 6), 2, 1), call(A(2, 5), 2, dim=-1), call(A(5), 1))),
    moved(
        "unbind",
        lambda x, dim=0: tuple(np.moveaxis(x, dim, 0)),
        (call(A(3, 2)), call(A(3, 2), 1), call(A(2, 3, 4), -1), call(A(3))),
    ),
    moved(
        "narrow",
        narrow,
        (call(A(5, 3), 0, 1, 3), call(A(5, 3), 1, 0, 2), call(A(5, 3), -1, -2, 2), call(A(5), 0, 5, 0)),
    ),
    moved(
        "select",
        lambda x, dim, index: np.take(x, index, dim),
        (call(A(5, 3), 0, 2), call(A(5, 3), 1, -1), call(A(2, 3, 4), -2, 1), call(A(4), 0, 0)),
    ),
    moved(
        "as_strided",
        lambda x, size, stride, storage_offset=0: np.lib.stride_tricks.as_strided(
            x.ravel()[storage_offset:], size, [n * x.itemsize for n in stride]
        ),
        (
            call(A(3, 4), (2, 3), (4, 1)),
            call(A(12), (3, 3), (2, 1), 4),  # overlapping: gradients add up
            call(A(6), (2, 2, 3), (0, 3, 1)),
            call(A(5), (), (), 3),
        ),
        layouts=False,
    ),
    moved("clone", np.copy, (call(A()), call(A(2, 3, 4)), call(A(0, 3)), call(A(1003)))),
    moved(
        "contiguous",
        np.ascontiguousarray,
        (call(A(2, 3, 4)), call(A(0, 3)), call(A(37, 41))),
        forms=("method",),
    ),
    moved(
        "to",
        lambda x, dtype: np.trunc(x).astype(dtype) if dtype.kind in "iu" else x.astype(dtype),
        tuple((call if d == "float64" else rough)(A(2, 3), DType(d)) for d in ALL if d != "uint8"),
        forms=("method",),
        result="given",
        away=0.2,
        sugar=True,
    ),
)
