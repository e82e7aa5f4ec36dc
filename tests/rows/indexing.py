"""x[key] to read and to write, and places as numbers."""

from __future__ import annotations

import operator

import numpy as np
from case import ALL, INTS, A, Case, I, M, V, call

KEYS = (
    2,
    -1,
    slice(1, None),
    slice(None, None, 2),
    slice(-3, -1),
    slice(3, 1),
    slice(-100, 100),
    Ellipsis,
    None,
    (),
    (1, 2),
    (slice(None), -1),
    (None, 1, None, slice(1, 3)),
    (Ellipsis, 0),
    (0, Ellipsis, slice(None, None, 3)),
    (slice(None, None, 2), slice(1, None), None),
    I(3, high=5, low=-5),
    I(2, 3, high=5),
    I(0, high=5),
    V([4, 4, 0], "index"),
    [0, 2, 2],
    range(3),
    np.array([1, 4, 4]),
    True,
    (0, True),
    ([0, 1], (2, 3)),
    (np.int64(3), [0, 3]),
    (slice(None), I(2, high=6), 1),
    (M(5), I(1, high=6)),
    (M(5), Ellipsis, I(1, high=4)),
    (I(2, 1, high=5), slice(1, 4), I(3, high=4)),
    (I(3, high=5), I(3, high=6)),
    (I(3, 1, high=5), I(2, high=6)),
    (slice(1, 4), I(4, high=6)),
    (I(2, high=5), slice(None), I(2, high=4)),
    (slice(None), I(3, high=6), I(3, high=4)),
    (slice(None), I(2, high=6), None, I(2, high=4)),
    (Ellipsis, I(2, 2, high=4)),
    (None, I(3, high=5), Ellipsis),
    M(5),
    M(5, 6),
    M(5, 6, 4),
    (slice(None), M(6)),
    (M(5), slice(None), slice(1, 3)),
    (slice(2, None), M(6, 4)),
    (Ellipsis, V(3, "index")),
)


def setitem(x, key, value):
    """`x[key] = value` on a copy, so that it is a function."""
    y = x.copy() if isinstance(x, np.ndarray) else x.clone()
    y[key] = value
    return y


def shape_at(key):
    """The shape of x[key] for an x of shape (5, 6, 4), for keys whose shape does not depend on values."""

    def concrete(k):
        return np.zeros(k.shape, np.int64) if hasattr(k, "kind") else k

    return np.empty((5, 6, 4))[tuple(map(concrete, key)) if isinstance(key, tuple) else concrete(key)].shape


def distinct_positions(key):
    """Writing twice to one place is unordered, so writes use keys that name no position twice."""
    parts = key if isinstance(key, tuple) else (key,)
    return not any(isinstance(p, (list, np.ndarray)) or hasattr(p, "kind") for p in parts)


WRITES = (
    *(call(A(5, 6, 4), k, A(*shape_at(k))) for k in KEYS if distinct_positions(k)),
    call(A(5, 6, 4), 2, A(4)),
    call(A(5, 6, 4), (slice(None), 1), A()),
    call(A(5, 6, 4), (slice(None), 1), A(5, 1)),
    call(A(5, 6, 4), slice(1, 3), 1),
    call(A(5, 6, 4), V([3, 0, -1], "index"), A(3, 6, 4)),
    call(A(5, 6, 4), (V([3, 0, 3], "index"), V([1, 2, 0], "index")), A(3, 4)),
    call(A(5, 6, 4), (slice(None), V([[0, 2], [5, 1]], "index")), A(2, 4)),
    call(A(5, 6, 4), M(5, 6, 4), 1),
    call(A(5, 6, 4), M(5, 6, 4), A()),
    call(A(5, 6, 4), M(5), A(6, 1)),
    call(A(3, 2), V([[True, False], [False, True], [True, False]], "mask"), A(3)),
    call(A(0, 3), slice(None), A(3)),
    call(A(10, 12, 11), (V([3, 0, 9], "index"), slice(None), V([1, 2, 0], "index")), A(3, 12)),
    call(A(2, 12, 3), (V([1, 0], "index"), slice(None), V([1, 2], "index")), A(2, 1)),
)


def nonzero_static(x, size, fill_value=-1):
    places = np.argwhere(x)[:size]
    return np.concatenate([places, np.full((size - len(places), x.ndim), fill_value)]).astype("int64")


ROWS = (
    Case(
        "index",
        operator.getitem,
        (
            *(call(A(5, 6, 4), k) for k in KEYS),
            call(A(0, 3), slice(None)),
            call(A(10, 12, 11), (I(3, high=10), slice(None), I(3, high=11))),
            call(A(), Ellipsis),
            call(A(3), None),
        ),
        ALL,
        forms=(),
        operator=operator.getitem,
        ulp=0.0,
        sugar=True,
    ),
    Case("setitem", setitem, WRITES, ALL, forms=(), operator=setitem, ulp=0.0, sugar=True),
    Case(
        "nonzero_static",
        nonzero_static,
        (
            call(A(4, 5), size=7),
            call(V([0, 1, 0, 2]), size=1),
            call(V([0, 1, 0, 2]), size=5, fill_value=-7),
            call(V(3), size=2),
            call(A(0, 3), size=2),
            call(A(2, 3), size=0),
        ),
        ALL,
        result="int64",
        order=0,
        ulp=0.0,
    ),
    Case(
        "unravel_index",
        lambda indices, shape: tuple(
            (indices // np.prod(shape[d + 1 :], dtype=int) % shape[d]).astype("int64")
            for d in range(len(shape))
        ),
        (
            call(V([0, 5, 3, 1]), (2, 3)),
            call(V([[23, 0], [7, 11]]), (2, 3, 4)),
            call(V(4), shape=(5,)),
            call(V([6, 13]), (2, 3)),
            call(A(0), (2, 0)),
        ),
        INTS,
        result="int64",
        order=0,
        ulp=0.0,
        forms=("tg",),
    ),
)
