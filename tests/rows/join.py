"""Joins and splits: exact, so every tolerance is zero."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.linalg
from case import A, I, call, torch

from rows.shape import listed, moved


def split(x, size, dim=0):
    edges = np.cumsum(size)[:-1] if isinstance(size, list | tuple) else range(size, x.shape[dim], size)
    return tuple(np.split(x, list(edges), dim))


def chunk(x, chunks, dim=0):
    return split(x, -(-x.shape[dim] // chunks), dim)


def tensor_split(x, places, dim=0):
    places = places.tolist() if isinstance(places, np.ndarray) else places
    return tuple(np.array_split(x, places, dim))


def block_diag(*tensors):
    return scipy.linalg.block_diag(*listed(tensors))


def meshgrid(*tensors, indexing="ij"):
    return tuple(np.meshgrid(*listed(tensors), indexing=indexing))


def cartesian_prod(*tensors):
    tensors = listed(tensors)
    rows = np.array(list(itertools.product(*tensors)), tensors[0].dtype)
    return tensors[0] if len(tensors) == 1 else rows.reshape(-1, len(tensors))


def combinations(x, r=2, with_replacement=False):
    chosen = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    return np.array(list(chosen(x, r)), x.dtype).reshape(-1, r)


def dstack(tensors):
    return np.dstack(tensors)


JOINS = (
    call([A(2, 3), A(4, 3), A(1, 3)], 0),
    call([A(2, 3), A(2, 1)], dim=1),
    call([A(2, 3), A(2, 3)], -1),
    call([A(2, 3)]),
    call([A(0, 3), A(2, 3)]),
    call((A(3), A(5))),
    call([A(2, 3, 4), A(2, 5, 4)], 1),
    call([A(37, 41), A(37, 3)], 1),
    call([A(300, 150), A(300, 150)], 1),  # through the strided loop
)
STACKS = (
    call([A(), A()]),
    call([A(3), A(3)]),
    call((A(2, 3), A(2, 3))),
    call([A(2, 3, 4), A(2, 3, 4)]),
    call([A(1)]),
)

ROWS = (
    moved("cat", lambda tensors, dim=0: np.concatenate(tensors, dim), JOINS, forms=("tg",)),
    moved(
        "stack",
        lambda tensors, dim=0: np.stack(tensors, dim),
        (
            call([A(2, 3), A(2, 3)]),
            call([A(2, 3), A(2, 3), A(2, 3)], 1),
            call([A(2, 3), A(2, 3)], dim=-1),
            call([A(), A()]),
            call([A(5), A(5), A(5)], -1),
            call([A(0, 2), A(0, 2)], 1),
            call([A(200, 200), A(200, 200)], 1),
        ),
        forms=("tg",),
    ),
    moved("hstack", np.hstack, STACKS, forms=("tg",)),
    moved("vstack", np.vstack, STACKS, forms=("tg",)),
    moved("dstack", dstack, STACKS, forms=("tg",)),
    moved("column_stack", np.column_stack, (*STACKS, call([A(2), A(2, 3)])), forms=("tg",)),
    moved(
        "block_diag",
        block_diag,
        (
            call(A(2, 3), A(1, 2)),
            call(A(2, 2), A(), A(3)),
            call([A(2, 2), A(2, 1)]),
            call(A(3)),
            call(A(0, 2), A(1, 1)),
        ),
        torch=lambda *tensors: torch.block_diag(*listed(tensors)),
        forms=("tg",),
    ),
    moved(
        "meshgrid",
        meshgrid,
        (
            call(A(2), A(3)),
            call(A(2), A(3), A(4), indexing="xy"),
            call([A(2), A(3)], indexing="ij"),
            call(A(3)),
            call(A(0), A(2)),
        ),
        forms=("tg",),
        torch=lambda *tensors, indexing="ij": torch.meshgrid(*tensors, indexing=indexing),
    ),
    moved(
        "cartesian_prod",
        cartesian_prod,
        (call(A(2), A(3)), call(A(2), A(1), A(3)), call(A(4)), call(A(0), A(2))),
        forms=("tg",),
    ),
    moved(
        "combinations",
        combinations,
        (
            call(A(5)),
            call(A(5), 3),
            call(A(4), r=2, with_replacement=True),
            call(A(2), 3),
            call(A(2), 3, True),
            call(A(0)),
            call(A(24), 3),
        ),
        forms=("tg",),
    ),
    moved(
        "split",
        split,
        (
            call(A(7, 3), 3),
            call(A(3, 6), 2, 1),
            call(A(6, 2), [1, 3, 2]),
            call(A(2, 5), [4, 1], dim=-1),
            call(A(12), [1] * 12),
        ),
    ),
    moved(
        "split_with_sizes",
        split,
        (call(A(6, 2), [1, 3, 2]), call(A(2, 5), (4, 1), dim=-1), call(A(3), [0, 3])),
    ),
    moved("chunk", chunk, (call(A(7, 3), 3), call(A(3, 6), 2, 1), call(A(2, 5), 2, dim=-1), call(A(5), 1))),
    moved(
        "unbind",
        lambda x, dim=0: tuple(np.moveaxis(x, dim, 0)),
        (call(A(3, 2)), call(A(3, 2), 1), call(A(2, 3, 4), -1), call(A(3)), call(A(1003), dim=0)),
    ),
    moved(
        "tensor_split",
        tensor_split,
        (
            call(A(7, 3), 3),
            call(A(3, 6), (1, 4), 1),
            call(A(5), [2, 2, 9]),
            call(A(2, 5), 2, dim=-1),
            call(A(2), 4),
            call(A(5), I(2, low=1, high=3)),
        ),
        # PyTorch wants its indices contiguous.
        layouts=False,
    ),
    moved(
        "hsplit",
        lambda x, where: tuple(np.hsplit(x, where)),
        (call(A(4), 2), call(A(2, 6), (1, 4)), call(A(2, 6), 3)),
    ),
    moved("vsplit", lambda x, where: tuple(np.vsplit(x, where)), (call(A(4, 2), 2), call(A(6, 2), [1, 4]))),
    moved(
        "dsplit", lambda x, where: tuple(np.dsplit(x, where)), (call(A(2, 1, 4), 2), call(A(1, 2, 6), [1, 4]))
    ),
)
