"""Norms of vectors and matrices."""

from __future__ import annotations

import numpy as np
from case import A, V, call, ours, rough

from rows.linalg import SPREAD, case, regular


def vector_norm(x, ord=2, dim=None, keepdim=False):
    dims = tuple(range(x.ndim)) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    size = np.abs(x)
    if ord == 0:
        return (x != 0).sum(dims, keepdims=keepdim).astype(x.dtype)
    if np.isinf(ord):
        return (size.max if ord > 0 else size.min)(dims, keepdims=keepdim)
    return (size**ord).sum(dims, keepdims=keepdim) ** (1 / ord)


def matrix_norm(a, ord="fro", dim=(-2, -1), keepdim=False):
    return np.linalg.norm(a, ord, dim, keepdims=keepdim)


def norm(x, p="fro", dim=None, keepdim=False):
    if p == "nuc":
        return np.linalg.norm(x, "nuc", dim, keepdims=keepdim)
    return vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim)


def pdist(x, p=2.0):
    first, second = np.triu_indices(len(x), 1)
    return vector_norm(x[first] - x[second], p if x.size else 2, 1)


def renorm(x, p, dim, maxnorm):
    others = tuple(d for d in range(x.ndim) if d != dim % x.ndim)
    length = vector_norm(x, p, others, True)
    return x * np.where(length > maxnorm, maxnorm / (length + 1e-7), 1)


VECTORS = tuple(
    call(A(*shape), *rest)
    for shape, *rest in (
        *(
            ((4,),),
            ((2, 3),),
            ((),),
            ((2, 3), 2, 1),
            ((2, 3), 1, 0, True),
            ((2, 3, 4), 3.0, (0, 2)),
            ((5,), 1.5),
        ),
        *(
            ((5,), -1.0),
            ((5,), -2.5),
            ((1003,), 2),
            ((37, 41), 3.0, 1),
            ((0, 3), 2, 0),
            ((0,), 1),
        ),
    )
)
SPACED = np.array([[1.9, -0.6, 0.8, 1.1], [-1.3, 0.7, -1.6, 0.9], [1.2, -1.8, 0.55, -1.05]])
EXTREMES = (
    *(call(V(SPACED.ravel()), ord) for ord in (np.inf, -np.inf)),
    call(V(SPACED), np.inf, 1),
    rough(A(3, 4), 0, 1),
)

ROWS = (
    case(
        "linalg_vector_norm",
        vector_norm,
        (
            *VECTORS,
            *EXTREMES,
            rough(V(np.zeros(4))),
            rough(V(np.zeros(4)), 3.0),
            rough(V([2.0, -2.0, 1.0]), np.inf),
            call(A(5), dim=-1, keepdim=True),
        ),
        ulp=8.0,
        scale=0.0,
        away=0.5,
    ),
    case(
        "linalg_matrix_norm",
        matrix_norm,
        (
            *(call(SPREAD[i % 4], o) for i, o in enumerate(("fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf))),
            *(
                call(A(2, 3, 4), o, dim=(0, 2), keepdim=k)
                for o in ("fro", 1, np.inf, "nuc")
                for k in (False, True)
            ),
        ),
    ),
    case(
        "linalg_norm",
        lambda a, ord=None, dim=None, keepdim=False: np.linalg.norm(
            a.ravel() if ord is None and dim is None else a, ord, dim, keepdims=keepdim
        ),
        (
            *(
                call(A(4)),
                call(A(2, 3, 4)),
                call(A(4), 1),
                call(A(2, 3), "fro"),
                call(SPREAD[0], 2),
                call(A(2, 3), 1, 0),
            ),
            *(
                call(A(2, 3), 3.0, dim=1, keepdim=True),
                call(A(2, 3, 4), "nuc", (0, 2)),
                call(A(2, 3), dim=(0, 1)),
            ),
        ),
        away=0.1,
    ),
    case(
        "norm",
        norm,
        (
            *(
                call(A(4)),
                call(A(2, 3, 4)),
                call(A(2, 3), 1),
                call(A(2, 3), "fro", 1),
                call(A(2, 3), 3.0, (0, 1), True),
            ),
            *(call(SPREAD[0], "nuc"), call(A(2, 3), p=2, dim=0), call(A()), rough(V(np.zeros(3)))),
        ),
        forms=("tg", "method"),
        away=0.1,
    ),
    case(
        "linalg_cond",
        np.linalg.cond,
        (
            call(SPREAD[0]),
            call(SPREAD[1]),
            *(ours(SPREAD[0], p) for p in (2, -2, 1, -1, np.inf, "fro")),
            ours(regular(2, 3, 3), 1),
        ),
        ulp=512.0,
    ),
    case(
        "pdist",
        pdist,
        (
            call(A(4, 3)),
            *(call(A(3, 4), p) for p in (1.0, 1.5, 3.0)),
            call(A(3, 4), np.inf),
            rough(A(3, 4), 0.0),
            rough(A(40, 3)),
            call(A(1, 3)),
            ours(A(0, 3)),  # where PyTorch crashes
            rough(A(3, 0)),
        ),
        forms=("tg", "F"),
        absolute=4.0,
    ),
    case(
        "renorm",
        renorm,
        (
            call(A(3, 4), 2, 0, 1.5),
            call(A(2, 3, 4), 2, -1, 2.0),
            call(A(2, 3), 1, dim=1, maxnorm=0.5),
            call(A(2, 3), p=3.0, dim=0, maxnorm=100.0),
            call(V(SPACED), np.inf, 0, 1.5),
            rough(V(np.zeros((2, 3))), 2, 0, 1.0),
            rough(A(2, 3), 2, 0, 0.0),
            call(A(2, 0), 2, 0, 1.0),
        ),
        forms=("tg", "method"),
        inplace=True,
    ),
)
