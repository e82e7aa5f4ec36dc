"""Comparisons, logic and bits: results are bool or integer, nothing is differentiable."""

from __future__ import annotations

import operator

import numpy as np
from case import ALL, FLOATS, INTS, NUMBERS, A, Case, V, call

from rows.elementwise import ARRAYS, UNARY

TIES = (call(V([1.0, 2.0, 3.0, 4.0]), V([1.0, 3.0, 2.0, 4.0])), call(V([1.0, 2.0, 3.0]), 2))
SCALARS = (call(A(2, 3), 1), call(1, A(2, 3)))
BITS = (*INTS, "bool")


def comparison(name, reference, op):
    return Case(
        name,
        reference,
        (*ARRAYS, *TIES, *SCALARS),
        ALL,
        result="bool",
        order=0,
        operator=op,
        ulp=0.0,
        inplace=True,
    )


def bitwise(name, reference, op):
    return Case(
        name, reference, ARRAYS, BITS, order=0, operator=op, ulp=0.0, domain=(-100, 100), inplace=True
    )


def logical(name, reference):
    return Case(name, reference, (*ARRAYS, *TIES[:1]), ALL, result="bool", order=0, ulp=0.0, inplace=True)


def shift(name, reference, op):
    counts = (
        call(A(7), A(7, low=0, high=6)),
        call(A(2, 3), 2),
        call(A(3, 1), A(1, 4, low=0, high=7)),
        call(A(0), A(0)),
    )
    return Case(
        name, reference, counts, INTS, order=0, operator=op, ulp=0.0, domain=(-100, 100), inplace=True
    )


def kind(name, reference):
    return Case(name, reference, (*UNARY, *NANS), FLOATS, result="bool", order=0, ulp=0.0)


CLOSE = (
    call(A(3, 4), A(4)),
    call(A(1003), A(1003)),
    call(A(), A()),
    call(A(0), A(0)),
    call(V([1.0, 1.0, 0.0, -5.0]), V([1.0, 1.00001, 1e-9, 5.0])),
    call(V([1.0, 1.0, 3.0]), V([1.5, 2.0, 3.0]), 0.0, 0.6),
    call(V([np.nan, np.inf, -np.inf, np.nan]), V([np.nan, np.inf, np.inf, 1.0]), equal_nan=True),
)
NANS = (call(V([0.0, np.nan, np.inf, -np.inf, -np.nan])),)

ROWS = (
    comparison("eq", np.equal, operator.eq),
    comparison("ne", np.not_equal, operator.ne),
    comparison("lt", np.less, operator.lt),
    comparison("le", np.less_equal, operator.le),
    comparison("gt", np.greater, operator.gt),
    comparison("ge", np.greater_equal, operator.ge),
    Case("logical_not", np.logical_not, UNARY, ALL, result="bool", order=0, ulp=0.0, inplace=True),
    logical("logical_and", np.logical_and),
    logical("logical_or", np.logical_or),
    logical("logical_xor", np.logical_xor),
    bitwise("bitwise_and", np.bitwise_and, operator.and_),
    bitwise("bitwise_or", np.bitwise_or, operator.or_),
    bitwise("bitwise_xor", np.bitwise_xor, operator.xor),
    Case("bitwise_not", np.invert, UNARY, BITS, order=0, operator=operator.invert, ulp=0.0, inplace=True),
    shift("bitwise_left_shift", np.left_shift, operator.lshift),
    shift("bitwise_right_shift", np.right_shift, operator.rshift),
    kind("isnan", np.isnan),
    kind("isinf", np.isinf),
    kind("isfinite", np.isfinite),
    kind("isposinf", np.isposinf),
    kind("isneginf", np.isneginf),
    kind("signbit", np.signbit),
    Case("isreal", np.isreal, UNARY, ALL, result="bool", order=0, ulp=0.0),
    Case("isclose", np.isclose, CLOSE, FLOATS, result="bool", order=0, ulp=0.0),
)

assert set(BITS) | set(FLOATS) == set(NUMBERS) | {"bool"}
