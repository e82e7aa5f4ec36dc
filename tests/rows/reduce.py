"""Reductions: over everything, over one dimension, over several."""

from __future__ import annotations

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, C, Case, M, V, call, rough
from scipy import integrate, special

ONE = (
    call(A(2, 3, 4), 1),
    call(A(2, 3, 4), -1),
    call(A(2, 3, 4), 0, True),
    call(A(2, 3, 4), dim=1, keepdim=True),
    call(A(5), 0),
    call(A(37, 41), 0),
    call(A(37, 41), 1),
    call(A(6, 0), 0),
    call(A(3, 1, 4), 1),
)
WHOLE = (call(A()), call(A(1)), call(A(7)), call(A(2, 3, 4)), call(A(1003)), call(A(37, 41)))
SEVERAL = (
    call(A(2, 3, 4), (0, 2)),
    call(A(2, 3, 4), dim=(-1, 0), keepdim=True),
    call(A(2, 3, 4), dim=(0, 1, 2)),
    call(A(2, 3, 2, 4), (1, 3)),
    call(A(9, 11, 13), (0, 2)),  # too many to be put in order on the stack
    call(A(3, 40, 5, 7), (1, 3), True),
)
EMPTY = (call(A(0)), call(A(3, 0), 1), call(A(0, 3), 0), call(A(3, 0, 2), (1, 2)))
SUMS = (*WHOLE, *ONE, *SEVERAL, *EMPTY)
NAN = float("nan")
INF = float("inf")
HOLES = (
    rough(V([1.0, NAN, 3.0, -INF])),
    rough(V([[NAN, 2.0, 5.0], [NAN, 1.0, NAN]]), 0),
    rough(V([[NAN, 2.0, 5.0], [NAN, 1.0, NAN]]), 1, True),
    rough(V([[NAN, NAN]]), (0, 1)),
    rough(V([NAN] * 40 + [1.0] * 40)),
)


def distinct(samples):
    """The same calls on arrays without ties, so that a maximum is differentiable."""
    return tuple(call(A(*s.args[0].shape, distinct=True), *s.args[1:], **s.kwargs) for s in samples)


def over(reduce):
    """A NumPy reduction with PyTorch's argument names."""

    def reference(x, dim=None, keepdim=False, **options):
        return reduce(x, axis=dim, keepdims=keepdim, **options)

    return reference


def spread(reduce, *, with_mean=False):
    def reference(x, dim=None, unbiased=None, keepdim=False, correction=None):
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        ddof = correction if correction is not None else int(unbiased in (None, True))
        y = reduce(x, axis=dim, keepdims=keepdim, ddof=ddof)
        return (y, np.mean(x, axis=dim, keepdims=keepdim)) if with_mean else y

    return reference


def extreme(reduce, arg, pairwise):
    def reference(x, dim=None, keepdim=False, *, other=None):
        if other is not None or isinstance(dim, np.ndarray):
            return pairwise(x, dim if other is None else other)
        if dim is None:
            return reduce(x)
        return reduce(x, axis=dim, keepdims=keepdim), np.asarray(arg(x, axis=dim, keepdims=keepdim), np.int64)

    return reference


def arg_over(arg):
    def reference(x, dim=None, keepdim=False):
        return np.asarray(arg(x, axis=dim, keepdims=keepdim), np.int64)

    return reference


def extremes(name, reference, samples, dtypes=NUMBERS, **options):
    return Case(name, reference, distinct(samples), dtypes, **{"ulp": 0.0, **options})


def norm(x, p="fro", dim=None, keepdim=False):
    p = 2 if p == "fro" else p
    size = np.abs(x)
    axis = tuple(range(x.ndim)) if dim is None else dim
    if p == INF:
        return size.max(axis, keepdims=keepdim)
    if p == -INF:
        return size.min(axis, keepdims=keepdim)
    if p == 0:
        return (x != 0).sum(axis, keepdims=keepdim).astype(float)
    return (size**p).sum(axis, keepdims=keepdim) ** (1 / p)


def cov(x, correction=1, fweights=None, aweights=None):
    if x.shape[-1:] == (0,):
        return np.full((x.shape[0],) * 2, np.nan)
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


def diff(x, n=1, dim=-1, prepend=None, append=None):
    ends = {k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
    return np.diff(x, n, axis=dim, **ends)


def trapezoid(y, x=None, dx=None, dim=-1):
    return integrate.trapezoid(y, x, dx=1.0 if dx is None else dx, axis=dim)


def cumulative_trapezoid(y, x=None, dx=None, dim=-1):
    return integrate.cumulative_trapezoid(y, x, dx=1.0 if dx is None else dx, axis=dim)


SPREAD = (
    *(call(*s.args) for s in WHOLE[2:]),
    *(s for s in ONE if s.args[0].shape not in ((3, 1, 4), (6, 0)) and not s.args[2:]),
    *(
        call(*s.args[:2], keepdim=s.kwargs.get("keepdim", bool(s.args[2:])))
        for s in SEVERAL
        if len(s.args) > 1
    ),
    call(A(2, 3, 4), dim=(0, 2)),
    call(A(2, 3, 4), dim=(0, 2), keepdim=True, correction=0),
    call(A(5), correction=0),
    call(A(4, 5), 1, correction=2),
    call(A(4, 5), False),
    call(A(4, 5), 1, False),
    call(A(4, 5), 1, True, True),
    call(A(4, 5), unbiased=False),
    call(A(40, 70), 0),
    call(A(3000, 3), 0),
)
TIES = (
    call(V([3.0, 1.0, 3.0, 1.0])),
    call(V([[2.0, 2.0], [1.0, 2.0]]), 1),
    call(V([[2.0, 2.0], [1.0, 2.0]]), 0),
)
PAIRS = (call(A(2, 3, distinct=True), A(3)), call(A(4), other=A(4)), call(A(), A(2)))
LOGS = (
    *ONE,
    *SEVERAL,
    call(A(3, 4, low=-200.0, high=200.0), 1),
    call(A(3, 4, low=700.0, high=1100.0), 1),
    call(A(700), 0),
    rough(V([-INF, -INF, 3.0]), 0),
    rough(V([[-INF, INF, NAN], [-INF, 1.0, 2.0]]), 0),
    rough(V([[-INF, INF, NAN], [-INF, 1.0, 2.0]]), 1),
    rough(A(3, 0), 1),
)


def gradient(x, spacing=1, dim=None, edge_order=1):
    axis = tuple(range(x.ndim)) if dim is None else (dim,) if isinstance(dim, int) else dim
    steps = spacing if isinstance(spacing, (tuple, list)) else (spacing,) * len(axis)
    found = np.gradient(x, *steps, axis=axis, edge_order=edge_order)
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


LINES = (call(A(7)), call(A(3, 5)), call(A(3, 5), dim=0), call(A(3, 5), dim=-2, dx=2.0), call(A(2, 1)))

ROWS = (
    Case("sum", over(np.sum), (*SUMS, call(A(300000))), ALL, result="wide", by_abs=True, ulp=4.0),
    Case("nansum", over(np.nansum), (*SUMS, *HOLES), ALL, result="wide", by_abs=True, ulp=4.0),
    Case("mean", over(np.mean), (*SUMS[:-4], *(rough(*s.args) for s in EMPTY)), by_abs=True, ulp=4.0),
    Case(
        "nanmean",
        over(np.nanmean),
        (*SUMS[:-4], *HOLES, *(rough(*s.args) for s in EMPTY)),
        by_abs=True,
        ulp=4.0,
    ),
    Case(
        "prod",
        over(np.prod),
        (*WHOLE[:4], *ONE, *EMPTY[:3], call(V([[2.0, 0.0, 3.0], [0.0, 5.0, 0.0], [1.0, 4.0, 2.0]]), 1)),
        ALL,
        result="wide",
        domain=(0.7, 1.3),
        ulp=16.0,
    ),
    Case(
        "max",
        extreme(np.max, np.argmax, np.maximum),
        (*distinct((*WHOLE, *ONE)), *PAIRS),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    Case(
        "min",
        extreme(np.min, np.argmin, np.minimum),
        (*distinct((*WHOLE, *ONE)), *PAIRS),
        NUMBERS,
        result=("same", "int64"),
        ulp=0.0,
    ),
    extremes("amax", over(np.max), (*WHOLE, *ONE, *SEVERAL)),
    extremes("amin", over(np.min), (*WHOLE, *ONE, *SEVERAL)),
    extremes(
        "aminmax",
        lambda x, dim=None, keepdim=False: (
            np.min(x, axis=dim, keepdims=keepdim),
            np.max(x, axis=dim, keepdims=keepdim),
        ),
        (*WHOLE, call(A(2, 3, 4), dim=1), call(A(2, 3), dim=-1, keepdim=True)),
    ),
    # The first of several equal ones wins, as in NumPy.
    Case("argmax", arg_over(np.argmax), (*WHOLE, *ONE, *TIES), NUMBERS, result="int64", order=0, ulp=0.0),
    Case("argmin", arg_over(np.argmin), (*WHOLE, *ONE, *TIES), NUMBERS, result="int64", order=0, ulp=0.0),
    Case("var", spread(np.var), SPREAD, ulp=16.0),
    Case("std", spread(np.std), SPREAD, ulp=8.0),
    Case("var_mean", spread(np.var, with_mean=True), SPREAD, ulp=16.0, scale=2.0, forms=("tg",)),
    Case("std_mean", spread(np.std, with_mean=True), SPREAD, ulp=16.0, scale=2.0, forms=("tg",)),
    Case(
        "logsumexp",
        lambda x, dim, keepdim=False: (
            special.logsumexp(x, axis=dim, keepdims=keepdim)
            if np.size(x)
            else np.full(np.sum(x, axis=dim, keepdims=keepdim).shape, -INF)
        ),
        LOGS,
        ulp=4.0,
        scale=1.0,
    ),
    Case("all", over(np.all), SUMS, (*FLOATS, "int64", "int32", "bool"), result="bool", order=0, ulp=0.0),
    Case("any", over(np.any), SUMS, (*FLOATS, "int64", "int32", "bool"), result="bool", order=0, ulp=0.0),
    Case(
        "count_nonzero",
        lambda x, dim=None: np.count_nonzero(x, axis=dim),
        (*(call(*s.args[:2]) for s in SUMS), call(M(50, 90)), call(M(50, 90), 0), call(C(300000))),
        ALL,
        result="int64",
        order=0,
        ulp=0.0,
    ),
    Case(
        "sum_to_size",
        lambda x, *size: np.sum(
            x,
            axis=tuple(
                d
                for d in range(x.ndim)
                if d < x.ndim - len(size) or (size[d - x.ndim + len(size)] == 1 and x.shape[d] != 1)
            ),
        ).reshape(size),
        (call(A(2, 3), 1, 3), call(A(2, 3), 3), call(A(2, 3, 4), 3, 1), call(A(2, 3), 2, 3), call(A(4), 1)),
        by_abs=True,
        ulp=4.0,
        forms=("method",),
    ),
    Case(
        "dist",
        lambda a, b, p=2: norm(a - b, p),
        (call(A(2, 3), A(2, 3)), call(A(3), A(2, 3), 1), call(A(4), A(4), p=INF), call(A(5), A(5), 3.5)),
        ulp=16.0,
    ),
    Case(
        "cov",
        cov,
        (
            call(A(3, 7)),
            call(A(7)),
            call(A(3, 7), correction=0),
            call(A(3, 5), fweights=V([1, 2, 1, 3, 1], "index")),
            call(A(3, 5), aweights=V([0.5, 1.0, 0.25, 2.0, 1.0], "const")),
            call(
                A(2, 3),
                correction=0,
                fweights=V([1, 2, 3], "index"),
                aweights=V([0.5, 1.0, 0.25], "const"),
            ),
        ),
        ulp=16.0,
        scale=16.0,
    ),
    Case("corrcoef", np.corrcoef, (call(A(3, 7)), call(A(2, 50)), rough(A(6))), ulp=32.0, scale=8.0),
    Case(
        "diff",
        diff,
        (
            call(A(7)),
            call(A(3, 5)),
            call(A(3, 5), 2),
            call(A(3, 5), dim=0),
            call(A(3, 5), 1, -1, A(3, 1), A(3, 2)),
            call(A(4), n=9),
            call(A(3), 0),
            call(A(0)),
        ),
        ALL,
        ulp=2.0,
        scale=8.0,
    ),
    Case(
        "trapezoid",
        trapezoid,
        (*LINES, call(A(3, 5), A(5)), call(A(3, 5), A(3), dim=0), call(A(3, 5), A(3, 5)), rough(A(3, 0))),
        by_abs=True,
        ulp=8.0,
        scale=8.0,
        forms=("tg",),
    ),
    Case(
        "cumulative_trapezoid",
        cumulative_trapezoid,
        (*LINES, call(A(3, 5), A(5)), call(A(3, 5), A(3), dim=0), call(A(3, 5), A(3, 5))),
        by_abs=True,
        ulp=8.0,
        scale=8.0,
        forms=("tg",),
    ),
    Case(
        "gradient",
        gradient,
        (
            call(A(5)),
            call(A(4, 3)),
            call(A(4, 5), spacing=0.5, dim=1),
            call(A(4, 5), spacing=(0.5, 2.0), edge_order=2),
            call(
                A(4, 5),
                dim=(1, 0),
                spacing=[V([0.0, 1.0, 3.0, 4.0, 7.0], "const"), V([0.0, 2.0, 3.0, 4.0], "const")],
            ),
            call(A(5), spacing=(V([0.0, 1.0, 3.0, 4.0, 7.0], "const"),), edge_order=2),
            call(A(2)),
        ),
        ulp=8.0,
        scale=16.0,
        forms=("tg",),
    ),
)
