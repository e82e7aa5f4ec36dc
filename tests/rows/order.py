"""The larger, the smaller and the chosen."""

from __future__ import annotations

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, C, Case, M, V, call, rough

from rows.elementwise import ARRAYS, NO_TIES, UNARY


def clamp(x, min=None, max=None):
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


APART = tuple(s if min(s.args[0].shape, default=0) != 1 else rough(*s.args) for s in NO_TIES)

ROWS = (
    Case("maximum", np.maximum, NO_TIES, ALL, ulp=0.0),
    Case("minimum", np.minimum, NO_TIES, ALL, ulp=0.0),
    Case("fmax", np.fmax, APART, ALL, ulp=0.0),
    Case("fmin", np.fmin, APART, ALL, ulp=0.0),
    Case(
        "clamp_min",
        np.maximum,
        (*NO_TIES[:4], call(A(7), 1), call(A(3, 4), 0.25), call(A(3, 4), A(4))),
        NUMBERS,
        ulp=0.0,
        inplace=True,
    ),
    Case(
        "clamp_max",
        np.minimum,
        (*NO_TIES[:4], call(A(7), 1), call(A(3, 4), 0.25), call(A(3, 4), A(4))),
        NUMBERS,
        ulp=0.0,
        inplace=True,
    ),
    Case(
        "masked_fill",
        lambda x, mask, value: np.where(mask, np.asarray(value).astype(x.dtype), x),
        (
            call(A(), M(), 1),
            call(A(3, 4), M(3, 4), 1.5),
            call(A(3, 4), M(4), A()),
            call(A(1003), M(1003), 0),
            call(A(2, 3), M(2, 1), C()),
            call(A(0, 3), M(3), 1),
        ),
        ALL,
        ulp=0.0,
        inplace=True,
    ),
    Case(
        "heaviside",
        np.heaviside,
        (*ARRAYS, call(V([3.0, 0.0, 2.0]), V([5.0, 6.0, 7.0]))),
        NUMBERS,
        ulp=0.0,
        order=0,
        inplace=True,
    ),
    Case(
        "clamp",
        clamp,
        (
            *(call(*s.args, -1.0, 1) for s in UNARY),
            call(A(7), 1, 2),
            call(A(3, 4), 2, 1),
            call(A(3, 4), min=1),
            call(A(3, 4), max=1),
            call(A(3, 4), 0.25, 0.75),
            call(A(3, 4), A(3, 4, low=-1.5, high=0.0), A(3, 4, low=0.1, high=1.5)),
            call(A(3, 4), max=A(4, low=0.0, high=1.0)),
        ),
        NUMBERS,
        ulp=0.0,
        inplace=True,
    ),
    Case(
        "where",
        np.where,
        (
            call(M(), A(), A()),
            call(M(1003), A(1003), A(1003)),
            call(M(3, 4), A(3, 4), A(3, 4)),
            call(M(3, 1), A(4), A(2, 1, 1)),
            call(M(4), A(3, 4), A()),
            call(M(0, 3), A(3), A(0, 1)),
            call(M(3, 4), A(3, 4), 0.5),
            call(M(3, 4), 0.5, A(3, 4)),
        ),
        (*FLOATS, "int64", "int32", "uint8", "bool"),
        ulp=0.0,
        forms=("tg",),
    ),
)
