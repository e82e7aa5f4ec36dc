"""Tensors made from numbers."""

from __future__ import annotations

import numpy as np
from case import ALL, NUMBERS, A, Case, DType, call

GIVEN = DType()


def filled(value):
    def reference(*shape, dtype):
        return np.full(shape if not shape or isinstance(shape[0], int) else shape[0], value, dtype)

    return reference


def factory(name, reference, samples, dtypes=NUMBERS, **options):
    samples = tuple(call(*s.args, **s.kwargs, dtype=GIVEN) for s in samples)
    return Case(
        name, reference, samples, dtypes, order=0, forms=("tg",), layouts=False, sugar=True, **options
    )


SHAPES = (call(2, 3), call((2, 3)), call(0, 3), call(()), call(1003))
LIKE = (call(A(2, 3)), call(A(0)), call(A()), call(A(1003)))

ROWS = (
    factory("zeros", filled(0), SHAPES, ALL, ulp=0.0),
    factory("ones", filled(1), SHAPES, ALL, ulp=0.0),
    factory(
        "full",
        lambda shape, value, dtype: np.full(shape, value, dtype),
        (call((2, 3), 7), call((), 1), call((0,), 2)),
        ALL,
        ulp=0.0,
    ),
    factory(
        "arange",
        np.arange,
        (
            call(5),
            call(2, 9),
            call(2, 9, 2),
            call(9, 2, -3),
            call(0),
            call(0.0, 1.0, 0.25),
            call(3, 3),
            call(1003),
        ),
        ulp=1.0,
    ),
    factory(
        "linspace",
        np.linspace,
        (
            call(0, 8, 5),
            call(-1.0, 1.0, 7),
            call(3.0, 3.0, 4),
            call(0, 1, 1),
            call(0, 1, 0),
            call(2.0, -1.0, 101),
        ),
        ("float32", "float64"),
        ulp=1.0,
        scale=1.0,
    ),
    factory(
        "eye",
        lambda n, m=None, *, dtype: np.eye(n, m, dtype=dtype),
        (call(3), call(2, 4), call(3, 1), call(0)),
        ulp=0.0,
    ),
    *(
        Case(
            name,
            lambda x, *value, like=like: like(x, *value),
            tuple(call(*s.args, *extra) for s in LIKE),
            ALL,
            order=0,
            forms=("tg",),
            sugar=True,
            ulp=0.0,
        )
        for name, like, extra in (
            ("zeros_like", np.zeros_like, ()),
            ("ones_like", np.ones_like, ()),
            ("full_like", np.full_like, (1,)),
        )
    ),
)
