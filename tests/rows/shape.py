"""Views, copies and dtype conversion: exact, so every tolerance is zero."""

from __future__ import annotations

import numpy as np
from case import ALL, A, C, Case, DType, call, ours, rough, torch


def moved(name, reference, samples, **options):
    return Case(name, reference, samples, **{"dtypes": ALL, "ulp": 0.0, **options})


def shape_of(*shape):
    return shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape


def reshape(x, *shape):
    return x.reshape(shape_of(*shape))


def squeeze(x, dim=None):
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    return x.squeeze(tuple(d for d in dims if x.shape[d] == 1)) if x.ndim else x


def expand(x, *shape, size=None):
    shape = size or shape_of(*shape)
    old = (1,) * (len(shape) - x.ndim) + x.shape
    return np.broadcast_to(x, [o if s == -1 else s for s, o in zip(shape, old, strict=True)])


def flatten(x, start_dim=0, end_dim=-1):
    if not x.ndim:
        return x.reshape(1)
    start, end = start_dim % x.ndim, end_dim % x.ndim
    middle = int(np.prod(x.shape[start : end + 1]))
    return x.reshape(*x.shape[:start], middle, *x.shape[end + 1 :])


def narrow(x, dim, start, length):
    start += x.shape[dim] if start < 0 else 0
    return np.take(x, np.arange(start, start + length), dim)


def unflatten(x, dim, sizes):
    dim %= x.ndim
    return x.reshape(*x.shape[:dim], *np.empty(x.shape[dim]).reshape(sizes).shape, *x.shape[dim + 1 :])


def atleast_3d(x):
    return x if x.ndim > 2 else x[:, :, None] if x.ndim == 2 else x.reshape(1, x.size, 1)


def each_of(f):
    return lambda *x: f(x[0]) if len(x) == 1 and not isinstance(x[0], list) else tuple(map(f, listed(x)))


def listed(x):
    return x[0] if isinstance(x[0], list) else x


def unfold(x, dimension, size, step):
    dimension %= x.ndim
    windows = np.lib.stride_tricks.sliding_window_view(x, size, dimension)
    return np.take(windows, range(0, windows.shape[dimension], step), dimension)


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
LIFTED = (
    call(A()),
    call(A(3)),
    call(A(2, 3)),
    call(A(2, 3, 4)),
    call(A(0)),
    call(A(), A(3)),
    call([A(), A(2, 3)]),
)

ROWS = (
    moved("view", reshape, RESHAPES, forms=("method",), layouts=False),
    moved("reshape", reshape, RESHAPES, forms=("method",)),
    moved(
        "view_as",
        lambda x, other: x.reshape(other.shape),
        (call(A(2, 3, 4), C(6, 4)), call(A(), C(1, 1)), call(A(0, 3), C(3, 0)), call(A(4, 6), other=C(24))),
        forms=("method",),
        layouts=False,
    ),
    moved(
        "reshape_as",
        lambda x, other: x.reshape(other.shape),
        (call(A(2, 3, 4), C(6, 4)), call(A(), C(1, 1)), call(A(0, 3), C(3, 0)), call(A(4, 6), other=C(24))),
        forms=("method",),
    ),
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
        "t",
        lambda x: x.T,
        (call(A(3, 4)), call(A(5)), call(A()), call(A(0, 3)), call(A(37, 41))),
        inplace=True,
    ),
    moved("detach", lambda x: x, (call(A(2, 3)), call(A()), call(A(0, 3))), order=0),
    moved(
        "adjoint",
        lambda x: np.swapaxes(x, -1, -2),
        (call(A(3, 4)), call(A(2, 3, 4)), call(A(0, 3)), call(A(37, 41))),
    ),
    moved(
        "movedim",
        np.moveaxis,
        (
            call(A(2, 3, 4), 0, -1),
            call(A(2, 3, 4), (0, 1), (-1, -2)),
            call(A(2, 3, 4, 5), source=(3, 1), destination=(0, 2)),
            call(A(2, 3), (), ()),
            call(A(0, 3), 1, 0),
        ),
    ),
    moved(
        "transpose",
        lambda x, dim0, dim1: np.swapaxes(x, dim0, dim1) if x.ndim else x,
        (
            call(A(2, 3, 4), 0, 2),
            call(A(2, 3, 4), -1, -2),
            call(A(2, 3), 1, 1),
            call(A(2, 3, 4), dim0=1, dim1=-1),
            call(A(0, 3), 0, 1),
            call(A(), 0, -1),
            call(A(37, 41), 0, 1),
        ),
        inplace=True,
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
            call(A(1, 2, 1), dim=-1),
            call(A(0, 1)),
        ),
        inplace=True,
    ),
    moved(
        "unsqueeze",
        np.expand_dims,
        (call(A(2, 3), 0), call(A(2, 3), 2), call(A(2, 3), -2), call(A(), 0), call(A(0), -1)),
        inplace=True,
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
        "expand_as",
        lambda x, other: np.broadcast_to(x, other.shape),
        (call(A(3, 1), C(2, 3, 4)), call(A(), C(2)), call(A(1), C(0)), call(A(2, 3), other=C(2, 3))),
        forms=("method",),
    ),
    moved(
        "broadcast_to",
        expand,
        (call(A(3, 1), (2, 3, 4)), call(A(), (2,)), call(A(1), (0,)), call(A(3, 1), size=(-1, 4))),
    ),
    moved(
        "broadcast_tensors",
        lambda *x: tuple(np.broadcast_arrays(*listed(x))),
        (call(A(3, 1), A(4)), call(A(), A(2, 3), A(3)), call([A(1), A(0)]), call(A(2))),
        torch=lambda *tensors: torch.broadcast_tensors(*listed(tensors)),
        forms=("tg",),
    ),
    moved(
        "unflatten",
        unflatten,
        (
            call(A(6, 2), 0, (2, 3)),
            call(A(2, 6), -1, (-1, 2, 1)),
            call(A(2, 6, 3), dim=1, sizes=(3, -1)),
            call(A(0, 3), 0, (2, 0)),
            call(A(1, 4), 0, (1, 1)),
        ),
    ),
    moved("ravel", lambda x: x.reshape(-1), (call(A(2, 3, 4)), call(A()), call(A(5)), call(A(0, 3)))),
    moved("atleast_1d", each_of(np.atleast_1d), LIFTED, forms=("tg",)),
    moved("atleast_2d", each_of(np.atleast_2d), LIFTED, forms=("tg",)),
    moved("atleast_3d", each_of(atleast_3d), LIFTED, forms=("tg",)),
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
    moved(
        "narrow",
        narrow,
        (call(A(5, 3), 0, 1, 3), call(A(5, 3), 1, 0, 2), call(A(5, 3), -1, -2, 2), call(A(5), 0, 5, 0)),
    ),
    moved(
        "narrow_copy",
        narrow,
        (call(A(5, 3), 0, 1, 3), ours(A(5, 3), dim=-1, start=-2, length=2), call(A(5), 0, 5, 0)),
    ),
    moved(
        "sliding_windows",
        unfold,
        (
            call(A(7), 0, 3, 2),
            call(A(2, 5, 3), 1, 2, 1),
            call(A(2, 5), dimension=-1, size=5, step=3),
            call(A(6, 2), 0, 2, 3),  # with gaps
            call(A(1003), 0, 7, 5),
        ),
        forms=("method",),
        called="unfold",
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
