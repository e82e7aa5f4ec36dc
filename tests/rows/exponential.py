"""Exponentials, logarithms, powers; circular and hyperbolic functions; rounding."""

from __future__ import annotations

import numpy as np
from case import FLOATS, NUMBERS, A, Case, V, call, rough
from scipy import special

from rows.elementwise import ARRAYS, TENSOR_FIRST, UNARY, unary

TWO = ARRAYS
WHOLE = (
    *UNARY,
    call(V([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])),
    call(V([-0.0, 1e18, -1e18])),
)


def rounded(x, decimals=0):
    scale = 10.0 ** abs(decimals)
    return np.rint(x * scale) / scale if decimals >= 0 else np.rint(x / scale) * scale


def flat(name, reference, **options):
    """A step function: its gradient is zero."""
    samples = tuple(rough(*s.args) if i > 5 else s for i, s in enumerate(WHOLE))
    return Case(
        name,
        reference,
        samples,
        **{"inplace": True, "order": 1, "ulp": 0.0, "domain": (0.1, 0.4), **options},
    )


def nan_to_num(x, nan=None, posinf=None, neginf=None):
    if x.dtype.kind != "f":
        return x
    return np.nan_to_num(x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


ROWS = (
    unary("exp", np.exp),
    unary("exp2", np.exp2),
    unary("expm1", np.expm1),
    unary("log", np.log, domain=(0.5, 5.0)),
    unary("log1p", np.log1p, domain=(-0.5, 5.0)),
    unary("log2", np.log2, domain=(0.5, 5.0)),
    unary("log10", np.log10, domain=(0.5, 5.0)),
    unary("sqrt", np.sqrt, domain=(0.5, 5.0), ulp=0.5),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), domain=(0.5, 5.0)),
    unary("square", np.square, result="same", ulp=0.5),
    Case(
        "float_power",
        np.float_power,
        (*(rough(*s.args) for s in TENSOR_FIRST), call(A(5), A(5)), call(A(5), 2), call(A(5), 2.5)),
        NUMBERS,
        result="float64",
        ulp=40.0,
        domain=(0.3, 3.0),
        inplace=True,
    ),
    Case("logaddexp", np.logaddexp, TWO, ulp=2.0, scale=2.0),
    Case("logaddexp2", np.logaddexp2, TWO, ulp=2.0, scale=2.0),
    Case(
        "xlogy",
        special.xlogy,
        (*TWO, call(A(3), 2), rough(V([0.0, 0.0, 0.0, 1.0]), V([0.0, -1.0, np.nan, 0.0]))),
        result="float",
        inplace=True,
        ulp=3.0,
        domain=(0.3, 3.0),
    ),
    Case(
        "special_xlog1py",
        special.xlog1py,
        (*TWO, call(A(3), 2), call(2.5, A(3)), rough(V([0.0, 0.0, 0.0, 1.0]), V([-1.0, -2.0, np.nan, -1.0]))),
        result="float",
        forms=("special",),
        ulp=3.0,
        domain=(0.3, 3.0),
    ),
    unary("sin", np.sin),
    unary("cos", np.cos),
    unary("tan", np.tan, domain=(-1.2, 1.2)),
    unary("asin", np.arcsin, domain=(-0.9, 0.9)),
    unary("acos", np.arccos, domain=(-0.9, 0.9)),
    unary("atan", np.arctan),
    Case("atan2", np.arctan2, TWO, NUMBERS, result="float", inplace=True, ulp=2.0, away=0.2),
    unary("sinh", np.sinh),
    unary("cosh", np.cosh),
    unary("asinh", np.arcsinh),
    unary("acosh", np.arccosh, domain=(1.2, 5.0)),
    unary("atanh", np.arctanh, domain=(-0.9, 0.9), scale=1.0),
    Case("hypot", np.hypot, TWO, ulp=2.0, away=0.2, inplace=True),
    unary("deg2rad", np.deg2rad, domain=(-200, 200)),
    unary("rad2deg", np.rad2deg),
    unary("sinc", np.sinc, dtypes=FLOATS, away=0.1, scale=2.0),
    flat("floor", np.floor),
    flat("ceil", np.ceil),
    flat("trunc", np.trunc),
    Case(
        "round",
        rounded,
        (*WHOLE[:6], rough(*WHOLE[6].args), rough(*WHOLE[7].args), call(A(7)), call(A(7), decimals=0)),
        inplace=True,
        order=1,
        ulp=0.0,
        domain=(0.1, 0.4),
    ),
    Case(
        "frac",
        lambda x: x - np.trunc(x),
        tuple(rough(*s.args) if max(s.args[0].shape, default=0) > 30 else s for s in UNARY),
        FLOATS,
        inplace=True,
        domain=(1.1, 1.9),
        scale=1.0,
    ),
    Case(
        "nan_to_num",
        nan_to_num,
        (
            *UNARY,
            rough(V([np.nan, np.inf, -np.inf, 1.0]), 1.5, 2.0, -3.0),
            rough(V([np.nan, np.inf, -np.inf, 1.0]), posinf=2.0, neginf=-3.0),
        ),
        inplace=True,
        ulp=0.0,
    ),
)
