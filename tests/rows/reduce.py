"""Reductions: over everything, over one dimension, over several."""

from __future__ import annotations

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, Case, V, call, rough
from scipy import special

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
)
EMPTY = (call(A(0)), call(A(3, 0), 1), call(A(0, 3), 0), call(A(3, 0, 2), (1, 2)))
SUMS = (*WHOLE, *ONE, *SEVERAL, *EMPTY)


def distinct(samples):
    """The same calls on arrays without ties, so that a maximum is differentiable."""
    return tuple(call(A(*s.args[0].shape, distinct=True), *s.args[1:], **s.kwargs) for s in samples)


def over(reduce):
    """A NumPy reduction with PyTorch's argument names."""

    def reference(x, dim=None, keepdim=False, **options):
        return reduce(x, axis=dim, keepdims=keepdim, **options)

    return reference


def spread(reduce):
    def reference(x, dim=None, keepdim=False, correction=1):
        return reduce(x, axis=dim, keepdims=keepdim, ddof=correction)

    return reference


def extreme(reduce, arg):
    def reference(x, dim=None, keepdim=False):
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


SPREAD = (
    *(call(*s.args) for s in WHOLE[2:]),
    *(s for s in ONE if s.args[0].shape not in ((3, 1, 4), (6, 0)) and not s.args[2:]),
    call(A(2, 3, 4), dim=(0, 2)),
    call(A(2, 3, 4), dim=(0, 2), keepdim=True, correction=0),
    call(A(5), correction=0),
    call(A(4, 5), 1, correction=2),
)
TIES = (
    call(V([3.0, 1.0, 3.0, 1.0])),
    call(V([[2.0, 2.0], [1.0, 2.0]]), 1),
    call(V([[2.0, 2.0], [1.0, 2.0]]), 0),
)

ROWS = (
    Case("sum", over(np.sum), SUMS, ALL, result="wide", by_abs=True, ulp=4.0),
    Case("mean", over(np.mean), (*SUMS[:-4], *(rough(*s.args) for s in EMPTY)), by_abs=True, ulp=4.0),
    Case(
        "prod",
        over(np.prod),
        (*WHOLE[:4], *ONE, *EMPTY[:3], call(V([[2.0, 0.0, 3.0], [0.0, 5.0, 0.0], [1.0, 4.0, 2.0]]), 1)),
        ALL,
        result="wide",
        domain=(0.7, 1.3),
        ulp=16.0,
    ),
    extremes("max", extreme(np.max, np.argmax), (*WHOLE, *ONE), result=("same", "int64")),
    extremes("min", extreme(np.min, np.argmin), (*WHOLE, *ONE), result=("same", "int64")),
    extremes("amax", over(np.max), (*WHOLE, *ONE, *SEVERAL)),
    extremes("amin", over(np.min), (*WHOLE, *ONE, *SEVERAL)),
    # The first of several equal ones wins, as in NumPy.
    Case("argmax", arg_over(np.argmax), (*WHOLE, *ONE, *TIES), NUMBERS, result="int64", order=0, ulp=0.0),
    Case("argmin", arg_over(np.argmin), (*WHOLE, *ONE, *TIES), NUMBERS, result="int64", order=0, ulp=0.0),
    Case("var", spread(np.var), SPREAD, ulp=8.0, scale=2.0),
    Case("std", spread(np.std), SPREAD, ulp=8.0, scale=2.0),
    Case(
        "logsumexp",
        lambda x, dim, keepdim=False: special.logsumexp(x, axis=dim, keepdims=keepdim),
        (*ONE, *SEVERAL, call(A(3, 4, low=-200.0, high=200.0), 1), call(A(3, 4, low=700.0, high=1100.0), 1)),
        ulp=4.0,
        scale=1.0,
    ),
    Case("all", over(np.all), SUMS, (*FLOATS, "int64", "int32", "bool"), result="bool", order=0, ulp=0.0),
    Case("any", over(np.any), SUMS, (*FLOATS, "int64", "int32", "bool"), result="bool", order=0, ulp=0.0),
)
