"""Repetitions, flips, diagonals, triangles and replaced parts: exact, but for gradients that add up."""

from __future__ import annotations

import numpy as np
from case import A, I, call, torch

from rows.shape import moved, shape_of


def repeat(x, *repeats):
    return np.tile(x, shape_of(*repeats))


def repeat_interleave(x, repeats=None, dim=None, *, output_size=None):
    return np.repeat(np.arange(len(x)), x) if repeats is None else np.repeat(x, repeats, dim)


def flip(x, *dims):
    return np.flip(x, shape_of(*dims) if dims else ())


def roll(x, shifts, dims=None):
    return np.roll(x, shifts, dims)


def rot90(x, k=1, dims=(0, 1)):
    return np.rot90(x, k, dims)


def diagonal(x, offset=0, dim1=0, dim2=1):
    return np.diagonal(x, offset, dim1, dim2)


def linalg_diagonal(x, *, offset=0, dim1=-2, dim2=-1):
    return np.diagonal(x, offset, dim1, dim2)


def diag_embed(x, offset=0, dim1=-2, dim2=-1):
    side = x.shape[-1] + abs(offset)
    y = np.zeros((*x.shape[:-1], side, side), x.dtype)
    at = np.arange(x.shape[-1])
    y[..., at - min(offset, 0), at + max(offset, 0)] = x
    return np.moveaxis(y, (-2, -1), (dim1, dim2))


def written(part):
    """The scatter form of what looks at a part of an array."""

    def scatter(x, src, *args, **kwargs):
        y = x.copy()
        part(y, *args, **kwargs)[...] = src
        return y

    return scatter


@written
def select_scatter(x, dim, index):
    return np.moveaxis(x, dim, 0)[index, ...]


@written
def slice_scatter(x, dim=0, start=None, end=None, step=1):
    return np.moveaxis(np.moveaxis(x, dim, 0)[start:end:step], 0, dim)


@written
def diagonal_scatter(x, offset=0, dim1=0, dim2=1):
    y = np.diagonal(x, offset, dim1, dim2)
    y.flags.writeable = True
    return y


@written
def as_strided_scatter(x, size, stride, storage_offset=0):
    flat = x.reshape(-1)[storage_offset:]
    return np.lib.stride_tricks.as_strided(flat, size, [n * x.itemsize for n in stride])


TRIANGLES = (
    call(A(3, 4)),
    call(A(4, 3), 1),
    call(A(2, 3, 3), -1),
    call(A(3, 3), diagonal=5),
    call(A(3, 3), -7),
    call(A(0, 3)),
    call(A(37, 41), 3),
)

ROWS = (
    moved(
        "repeat",
        repeat,
        (
            call(A(3), 2),
            call(A(2, 3), 2, 2),
            call(A(2, 3), (4, 2, 1)),
            call(A(2, 3), 1, 1),
            call(A(), 3),
            call(A(2, 3), 0, 2),
            call(A(2, 0), 2, 3),
            call(A(2, 1, 2, 1, 2), 2, 3, 1, 2, 2),
            call(A(300, 3), 2, 41),
        ),
        forms=("method",),
    ),
    moved(
        "tile",
        lambda x, *reps, dims=None: np.tile(x, shape_of(*reps) if dims is None else dims),
        (
            call(A(3), (2,)),
            call(A(2, 3), (2,)),
            call(A(2, 3), (4, 2, 1)),
            call(A(2, 3), dims=()),
            call(A(), (2, 2)),
        ),
    ),
    moved(
        "repeat_interleave",
        repeat_interleave,
        (
            call(A(3), 2),
            call(A(2, 3), 2),
            call(A(2, 3), 3, 0),
            call(A(2, 3), repeats=2, dim=-1),
            call(A(4, 2), I(4, high=4), 0),
            call(A(2, 3), I(3, low=1, high=3), dim=1),
            call(A(2, 3), I(6, high=3)),
            call(A(2, 3), I(1, low=2, high=3), dim=1, output_size=6),
            call(A(), 3),
            call(A(0, 3), 2, 1),
            call(A(1003), 3),
        ),
    ),
    moved(
        "flip",
        flip,
        (
            call(A(5), (0,)),
            call(A(2, 3), (0, 1)),
            call(A(2, 3, 4), (-1,)),
            call(A(2, 3), ()),
            call(A(0, 3), (0,)),
            call(A(), ()),
            call(A(37, 41), (1,)),
        ),
    ),
    moved("fliplr", np.fliplr, (call(A(2, 3)), call(A(2, 3, 4)), call(A(0, 3)))),
    moved("flipud", np.flipud, (call(A(3)), call(A(2, 3)), call(A(0, 3)))),
    moved(
        "rot90",
        rot90,
        (
            call(A(2, 3)),
            call(A(2, 3), 2),
            call(A(2, 3), -1, (0, 1)),
            call(A(2, 3, 4), k=1, dims=(1, 2)),
            call(A(2, 3, 4), 5, (2, 0)),
            call(A(2, 3), 4),
        ),
    ),
    moved(
        "roll",
        roll,
        (
            call(A(5), 2),
            call(A(2, 3), 1),
            call(A(2, 3), 1, 1),
            call(A(2, 3, 4), (1, -2), (0, 2)),
            call(A(2, 3), -7, dims=-1),
            call(A(4), (1, 2), (0, 0)),
            call(A(0, 3), 1, 1),
            call(A(), 3),
            call(A(37, 41), 5, 0),
            call(A(300, 300), 7),
        ),
    ),
    moved(
        "diagonal",
        diagonal,
        (
            call(A(3, 3)),
            call(A(3, 4), 1),
            call(A(4, 3), -2),
            call(A(2, 3, 4), offset=1, dim1=-1, dim2=0),
            call(A(3, 3), 7),
            call(A(0, 3)),
            call(A(37, 41), 3),
        ),
    ),
    moved(
        "linalg_diagonal",
        linalg_diagonal,
        (call(A(3, 3)), call(A(2, 3, 4)), call(A(2, 3, 4), offset=-1, dim1=0, dim2=2)),
        forms=("linalg",),
    ),
    moved(
        "diag_embed",
        diag_embed,
        (
            call(A(3)),
            call(A(2, 3), 1),
            call(A(2, 3), offset=-1, dim1=0, dim2=2),
            call(A(2, 3), 0, 0, 1),
            call(A(0)),
            call(A(37)),
        ),
    ),
    moved(
        "diag",
        lambda x, diagonal=0: np.diag(x, diagonal),
        (call(A(3)), call(A(3), 1), call(A(3, 4)), call(A(3, 4), diagonal=-1), call(A(0))),
    ),
    moved(
        "diagflat",
        lambda x, offset=0: np.diagflat(x, offset),
        (call(A(3)), call(A(2, 2), 1), call(A(2), offset=-1), call(A())),
    ),
    moved("tril", lambda x, diagonal=0: np.tril(x, diagonal), TRIANGLES, inplace=True),
    moved("triu", lambda x, diagonal=0: np.triu(x, diagonal), TRIANGLES, inplace=True),
    moved(
        "select_scatter",
        select_scatter,
        (call(A(2, 3), A(3), 0, 1), call(A(2, 3, 4), A(2, 4), dim=1, index=-1), call(A(3), A(), 0, 0)),
    ),
    moved(
        "slice_scatter",
        slice_scatter,
        (
            call(A(4), A(2), start=1, end=3),
            call(A(5, 3), A(3, 3), 0, 0, None, 2),
            call(A(2, 5), A(2, 2), dim=1, start=-2),
            call(A(4), A(0), 0, 3, 1),
            call(A(3, 2), A(3, 2)),
        ),
    ),
    moved(
        "diagonal_scatter",
        diagonal_scatter,
        (call(A(3, 3), A(3)), call(A(3, 4), A(3), 1), call(A(2, 3, 2), A(3, 2), offset=0, dim1=0, dim2=2)),
    ),
    moved(
        "fill",
        lambda x, value: np.full(x.shape, value, x.dtype),
        (call(A(3, 4), A()), call(A(), A()), call(A(0, 2), A()), call(A(3), 1), call(A(1003), 0)),
        order=1,  # linear in the value, constant in the input
        forms=("tg",),
        inplace=True,
    ),
    moved(
        "as_strided_scatter",
        as_strided_scatter,
        (call(A(3, 4), A(2, 3), (2, 3), (4, 1)), call(A(9), A(2, 2), (2, 2), (3, 1), 2)),
        # PyTorch keeps the gradient where src was written and drops the rest.
        layouts=False,
        torch=lambda x, src, *at: x.clone().put_(torch.arange(x.numel()).as_strided(*at), src.to(x.dtype)),
    ),
)
