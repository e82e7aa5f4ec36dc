"""Elementwise arithmetic and functions."""

from __future__ import annotations

import operator

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, Case, M, V, call, rough
from scipy import special

# 0-d, empty, shorter than a vector register, an odd length that ends in a partial one.
UNARY = (call(A()), call(A(0)), call(A(3)), call(A(2, 3, 4)), call(A(1003)), call(A(2, 0, 3)))

ARRAYS = (
    call(A(), A()),
    call(A(3), A(3)),
    call(A(2, 3, 4), A(2, 3, 4)),
    call(A(1003), A(1003)),
    call(A(3, 4), A(4)),
    call(A(3, 1), A(1, 4)),
    call(A(), A(2, 3)),
    call(A(5, 1, 3), A(4, 1)),
    call(A(37, 41), A(41)),
    call(A(37, 41), A(37, 1)),
    call(A(0), A(0)),
    call(A(0, 3), A(1, 3)),
    call(A(1), A(2, 0)),
)
BINARY = (
    *ARRAYS,
    call(A(2, 3), 2),
    call(A(7), 0.5),
    call(2, A(2, 3)),
    call(0.5, A(7)),
    call(A(), 2),
    call(2, A(0)),
)
# Among a thousand pairs some are nearly equal, and there a maximum has a kink.
NO_TIES = tuple(s if max(s.args[0].shape, default=0) < 30 else rough(*s.args) for s in ARRAYS)


def unary(name, reference, **options):
    return Case(
        name,
        reference,
        UNARY,
        **{"ulp": 2.0, "result": "float", "dtypes": NUMBERS, "inplace": True, **options},
    )


def binary(name, reference, samples=BINARY, **options):
    return Case(name, reference, samples, **{"dtypes": NUMBERS, "inplace": True, **options})


def relu(x):
    return np.maximum(x, np.zeros((), x.dtype))


def clamp(x, min=None, max=None):
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


ROWS = (
    binary("add", np.add, operator=operator.add),
    binary("sub", np.subtract, operator=operator.sub),
    binary("mul", np.multiply, operator=operator.mul),
    binary("div", np.divide, operator=operator.truediv, away=0.3, result="float"),
    # Piecewise constant: no gradient, as in PyTorch.
    binary("floor_divide", np.floor_divide, operator=operator.floordiv, away=0.3, order=0),
    # The gradient is compared where the quotient stays off the integers, at which it jumps.
    binary(
        "remainder",
        np.remainder,
        samples=(
            *(rough(*s.args) for s in BINARY),
            call(A(3, 4, low=2.3, high=2.8), A(3, 1, low=0.95, high=1.1)),
            call(A(5, low=-2.8, high=-2.3), A(5, low=0.95, high=1.1)),
            call(A(5, low=2.3, high=2.8), A(low=-1.1, high=-0.95)),
            call(A(5, low=2.3, high=2.8), 1.0),
        ),
        operator=operator.mod,
        away=0.3,
        scale=1.0,
    ),
    Case(
        "pow",
        np.power,
        (
            *BINARY,
            *(call(A(5), p) for p in (3, 2.0, -1.0, -2.5, 1.5, 1.0)),
            *(call(A(5, low=-2.0, high=2.0), p) for p in (2, 3, 4)),
            rough(V([0.0, 2.0, 3.0]), 0),
            rough(V([0.0, 2.0, 3.0]), V([0.0, 0.0, 2.0])),
        ),
        NUMBERS,
        operator=operator.pow,
        inplace=True,
        domain=(0.3, 3.0),
        ulp=4.0,
    ),
    unary("neg", np.negative, operator=operator.neg, result="same", ulp=0.0),
    unary("abs", np.abs, operator=operator.abs, result="same", ulp=0.0, away=0.1),
    unary("sign", np.sign, result="same", ulp=0.0, away=0.1, order=1),
    unary("exp", np.exp),
    unary("log", np.log, domain=(0.5, 5.0)),
    unary("sqrt", np.sqrt, domain=(0.5, 5.0), ulp=0.5),
    unary("sin", np.sin),
    unary("cos", np.cos),
    unary("tanh", np.tanh),
    unary("sigmoid", special.expit),
    unary("relu", relu, result="same", away=0.1, ulp=0.0),
    Case("maximum", np.maximum, NO_TIES, ALL, ulp=0.0),
    Case("minimum", np.minimum, NO_TIES, ALL, ulp=0.0),
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
