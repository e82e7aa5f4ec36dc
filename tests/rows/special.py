"""Error, gamma and Bessel functions and the normal distribution, against SciPy."""

from __future__ import annotations

import numpy as np
from case import FLOATS, NUMBERS, A, Case, V, call, ours, rough
from scipy import special

from rows.elementwise import UNARY, unary


def logit(x, eps=None):
    return special.logit(x if eps is None else np.clip(x, eps, 1 - eps))


def only(name, reference, **options):
    """A function of tg.special alone."""
    return unary("special_" + name, reference, **{"forms": ("special",), "inplace": False, **options})


ROWS = (
    unary("erf", special.erf),
    unary("erfc", special.erfc, ulp=8.0),
    unary("erfinv", special.erfinv, domain=(-0.9, 0.9), ulp=3.0),
    only("erfcx", special.erfcx, ulp=3.0, scale=4.0),
    Case(
        "logit",
        logit,
        (*UNARY, call(A(7), 0.25), call(A(7), eps=0.25), rough(V([0.0, 1.0, -1.0, 2.0]))),
        result="float",
        inplace=True,
        domain=(0.1, 0.9),
        scale=4.0,
    ),
    unary("lgamma", special.gammaln, domain=(0.5, 5.0), ulp=4.0, scale=2.0),
    Case(
        "digamma",
        special.digamma,
        tuple(ours(*s.args) for s in UNARY),  # PyTorch's trigamma is good to 1e-10
        NUMBERS,
        result="float",
        inplace=True,
        domain=(0.5, 5.0),
        ulp=4.0,
        scale=8.0,
    ),
    Case(
        "polygamma",
        special.polygamma,
        (*(call(n, A(7)) for n in (1, 2, 3)), rough(0, A(7)), call(1, A(1003)), call(2, A(0)), call(1, A())),
        NUMBERS,
        result="float",
        forms=("tg",),
        domain=(0.7, 5.0),
        ulp=16.0,
        scale=4.0,
    ),
    unary("i0", special.i0, ulp=3.0),
    only("i1", special.i1, ulp=3.0),
    only("entr", special.entr, domain=(0.1, 3.0), scale=2.0),
    only("ndtr", special.ndtr, ulp=4.0),
    only("ndtri", special.ndtri, dtypes=FLOATS, domain=(0.1, 0.9), ulp=4.0, scale=4.0),
    only("log_ndtr", special.log_ndtr, ulp=10.0),
)
