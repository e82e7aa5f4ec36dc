"""Running results along a dimension."""

from __future__ import annotations

import numpy as np
from case import ALL, NUMBERS, A, Case, V, call, rough

NAN = float("nan")
INF = float("inf")
SCANS = (
    call(A(), 0),
    call(A(1), 0),
    call(A(7), 0),
    call(A(2, 3, 4), 1),
    call(A(2, 3, 4), -1),
    call(A(2, 3, 4), dim=0),
    call(A(37, 41), 0),
    call(A(37, 41), 1),
    call(A(5, 150), 0),
    call(A(3, 0), 1),
    call(A(0, 3), 1),
)


def scan(run):
    def reference(x, dim):
        x = x if x.dtype.kind == "f" else x.astype(np.int64)
        return run(x.reshape(1) if x.ndim == 0 else x, axis=dim).reshape(x.shape)

    return reference


def running(better):
    """The extreme so far and its last position, one step after the other."""

    def reference(x, dim):
        flat = np.moveaxis(np.atleast_1d(x), dim, 0)
        values, where = flat.copy(), np.zeros(flat.shape, np.int64)
        for k in range(1, len(flat)):
            with np.errstate(invalid="ignore"):
                wins = np.isnan(flat[k]) | (better(flat[k], values[k - 1]) & ~np.isnan(values[k - 1]))
            values[k] = np.where(wins, flat[k], values[k - 1])
            where[k] = np.where(wins, k, where[k - 1])
        return tuple(np.moveaxis(v, 0, dim).reshape(x.shape) for v in (values, where))

    return reference


DISTINCT = tuple(call(A(*s.args[0].shape, distinct=True), *s.args[1:], **s.kwargs) for s in SCANS)
ZEROS = (
    call(V([2.0, 0.0, 3.0, 4.0]), 0),
    call(V([0.0, 2.0, 0.0, 4.0]), 0),
    call(V([[2.0, 0.0, 3.0], [0.0, 5.0, 0.0], [1.0, 4.0, 2.0]]), 1),
    call(V([[2.0, 0.0, 3.0], [0.0, 5.0, 0.0], [1.0, 4.0, 2.0]]), 0),
)
HOLES = (
    rough(V([1.0, 3.0, NAN, 5.0, 2.0]), 0),
    rough(V([[1.0, 1e30, NAN], [-1e30, 2.0, 2.0], [NAN, 2.0, 1.0]]), 0),
)

ROWS = (
    Case("cumsum", scan(np.cumsum), SCANS, ALL, result="wide", by_abs=True, ulp=2.0, inplace=True),
    Case(
        "cumprod",
        scan(np.cumprod),
        (*SCANS, *ZEROS),
        ALL,
        result="wide",
        domain=(0.8, 1.2),
        ulp=2.0,
        inplace=True,
    ),
    Case(
        "cummax",
        running(np.greater_equal),
        (*DISTINCT, *HOLES, rough(V([1.0, 3.0, 3.0, 2.0]), 0)),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case(
        "cummin",
        running(np.less_equal),
        (*DISTINCT, *HOLES, rough(V([3.0, 1.0, 1.0, 2.0]), 0)),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case(
        "logcumsumexp",
        scan(np.logaddexp.accumulate),
        (
            *SCANS,
            call(A(6, low=-500.0, high=500.0), 0),
            call(V([1000.0, 0.0, 1001.0, 999.0]), 0),
            rough(V([-INF, -INF, 1.0, INF, 2.0]), 0),
            rough(V([0.0, NAN, 1.0]), 0),
        ),
        ulp=4.0,
        scale=1.0,
    ),
)
