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
        name, reference, (*ARRAYS, *TIES, *SCALARS), ALL, result="bool", order=0, operator=op, ulp=0.0
    )


def bitwise(name, reference, op):
    return Case(name, reference, ARRAYS, BITS, order=0, operator=op, ulp=0.0, domain=(-100, 100))


NANS = (call(V([0.0, np.nan, np.inf, -np.inf, -np.nan])),)

ROWS = (
    comparison("eq", np.equal, operator.eq),
    comparison("ne", np.not_equal, operator.ne),
    comparison("lt", np.less, operator.lt),
    comparison("le", np.less_equal, operator.le),
    comparison("gt", np.greater, operator.gt),
    comparison("ge", np.greater_equal, operator.ge),
    Case("logical_not", np.logical_not, UNARY, ALL, result="bool", order=0, ulp=0.0),
    bitwise("bitwise_and", np.bitwise_and, operator.and_),
    bitwise("bitwise_or", np.bitwise_or, operator.or_),
    bitwise("bitwise_xor", np.bitwise_xor, operator.xor),
    Case("bitwise_not", np.invert, UNARY, BITS, order=0, operator=operator.invert, ulp=0.0),
    Case("isnan", np.isnan, (*UNARY, *NANS), FLOATS, result="bool", order=0, ulp=0.0),
)

assert set(BITS) | set(FLOATS) == set(NUMBERS) | {"bool"}
