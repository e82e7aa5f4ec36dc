"""Elementwise arithmetic and functions."""

from __future__ import annotations

import operator

import numpy as np
from case import INTS, NUMBERS, A, Arr, C, Case, V, call, ours, rough
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
ALPHAS = (call(A(7), A(7), alpha=4), call(A(3, 1), A(4), alpha=-0.5), call(A(7), 2, alpha=2))
# Of numbers alone, as integers would stay integers.
ROUNDED = tuple(rough(A(50), 0.7, rounding_mode=mode) for mode in ("floor", "trunc"))
TENSOR_FIRST = tuple(s for s in BINARY if isinstance(s.args[0], Arr))
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


def scaled(op):
    return lambda a, b, alpha=1: op(a, np.multiply(b, alpha))


def quotient(a, b, rounding_mode=None):
    if rounding_mode is None:
        return np.divide(a, b)
    return np.floor_divide(a, b) if rounding_mode == "floor" else np.trunc(np.divide(a, b))


def divided(a, b, rounding_mode=None):
    return a / b if rounding_mode is None else a.div(b, rounding_mode=rounding_mode)


def lerp(a, b, w):
    return a + w * (b - a)


# One tensor weight or factor each, broadcast in turn.
THREE = (
    call(A(), A(), A()),
    call(A(3), A(3), A(3)),
    call(A(1003), A(1003), A(1003)),
    call(A(2, 3, 4), A(2, 3, 4), A(2, 3, 4)),
    call(A(3, 4), A(4), A(3, 1)),
    call(A(2, 0), A(1), A()),
)
VALUE = (call(A(5), A(5), A(5), value=2), call(A(5), A(5), A(5), value=0.5))


ROWS = (
    binary("add", scaled(np.add), (*BINARY, *ALPHAS), operator=lambda a, b, alpha=1: a + b * alpha),
    binary("sub", scaled(np.subtract), (*BINARY, *ALPHAS), operator=lambda a, b, alpha=1: a - b * alpha),
    binary("mul", np.multiply, operator=operator.mul),
    binary(
        "rsub",
        lambda a, b, alpha=1: b - np.multiply(a, alpha),
        (*TENSOR_FIRST, *ALPHAS),
        forms=("tg",),
        inplace=False,
    ),
    binary("div", quotient, (*BINARY, *ROUNDED), operator=divided, away=0.3, result="float"),
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
    binary(
        "fmod",
        np.fmod,
        samples=(
            *(rough(*s.args) for s in TENSOR_FIRST),
            call(A(3, 4, low=2.3, high=2.8), A(3, 1, low=0.95, high=1.1)),
            call(A(5, low=-2.8, high=-2.3), A(5, low=0.95, high=1.1)),
            call(A(5, low=2.3, high=2.8), 1.0),
        ),
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
    unary(
        "positive",
        np.positive,
        operator=operator.pos,
        result="same",
        ulp=0.0,
        order=0,
        inplace=False,
    ),
    unary("reciprocal", lambda x: 1 / x, away=0.3),
    Case(
        "lerp",
        lerp,
        (*THREE, call(A(7), A(7), 0.3), call(A(2, 3), A(3), 0.75), call(A(5), A(5), 1.5)),
        inplace=True,
        scale=4.0,
    ),
    Case(
        "addcmul",
        lambda a, b, c, value=1: a + value * b * c,
        (*THREE, *VALUE),
        NUMBERS,
        inplace=True,
        scale=8.0,
    ),
    Case(
        "addcdiv",
        lambda a, b, c, value=1: a + value * b / c,
        (*THREE, *VALUE),
        away=0.3,
        inplace=True,
        scale=16.0,
    ),
    Case(
        "ldexp",
        lambda x, e: x * np.power(2.0, e),
        (
            ours(A(3), V([0, 3, -2], "index")),  # PyTorch takes an integer power there: 0
            call(A(2, 1, 4), A(3, 1)),
            call(A(1003), A(1003)),
            call(A(0), A(0)),
        ),
        NUMBERS,
        result="float",
        inplace=True,
        ulp=3.0,
    ),
    Case("gcd", np.gcd, ARRAYS, INTS, order=0, ulp=0.0, domain=(-60, 60), inplace=True),
    Case("lcm", np.lcm, ARRAYS, INTS, order=0, ulp=0.0, domain=(-11, 11), inplace=True),
    Case(
        "copysign",
        np.copysign,
        (
            *(rough(*s.args) for s in TENSOR_FIRST),
            call(A(5), C(5)),
            call(A(2, 1, 4), C(3, 1)),
            call(A(5), -2.0),
        ),
        NUMBERS,
        result="float",
        away=0.1,
        ulp=0.0,
        order=1,
        inplace=True,
    ),
    unary("tanh", np.tanh),
    unary("sigmoid", special.expit),
    unary("relu", relu, result="same", away=0.1, ulp=0.0),
)
