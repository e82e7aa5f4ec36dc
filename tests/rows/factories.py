"""Tensors made from numbers and from other data."""

from __future__ import annotations

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, Case, DType, call
from scipy.signal import windows

GIVEN = DType()


def filled(value):
    def reference(*shape, dtype):
        return np.full(shape if not shape or isinstance(shape[0], int) else shape[0], value, dtype)

    return reference


def factory(name, reference, samples, dtypes=NUMBERS, **options):
    samples = tuple(call(*s.args, **s.kwargs, dtype=GIVEN) for s in samples)
    return Case(name, reference, samples, dtypes, order=0, layouts=False, **{"forms": ("tg",), **options})


def like(name, reference, *extra, forms=("tg",), samples=None):
    """One value in a given tensor's dtype; also without a dtype of its own."""
    samples = samples or tuple(call(a, *extra) for a in (A(2, 3), A(0), A(), A(1003)))
    return Case(name, reference, samples, ALL, order=0, forms=forms, ulp=0.0)


def data(name, samples, dtypes=ALL, **options):
    return Case(
        name,
        lambda x, **kwargs: np.array(x),
        samples,
        dtypes,
        order=0,
        forms=("tg",),
        layouts=False,
        ulp=0.0,
        **options,
    )


def window(name, reference, samples=(), **options):
    samples = (
        *(call(n) for n in (1, 2, 5, 8, 1003)),
        call(0),
        call(7, False),
        call(8, periodic=False),
        *samples,
    )
    return factory(
        name,
        lambda n, periodic=True, *args, dtype, **kwargs: reference(n, not periodic, *args, **kwargs),
        samples,
        FLOATS,
        absolute=2.0,
        **options,
    )


def hamming(n, symmetric, alpha=0.54, beta=0.46):
    return windows.general_cosine(n, (alpha, beta), symmetric)


def triangle(function):
    def reference(row, col, offset=0, dtype=None):
        return np.stack(function(np.ones((row, col)), offset).nonzero()).astype(dtype or "int64")

    return reference


SHAPES = (call(2, 3), call((2, 3)), call(0, 3), call(()), call(1003), call(size=(2, 3)))
NEW = (call(A(2), 2, 3), call(A(2), (2, 3)), call(A(), 0, 3), call(A(0), ()), call(A(2), size=(3,)))
TRIANGLES = (
    call(3, 3),
    call(2, 4),
    call(4, 2, 1),
    call(4, 2, -1),
    call(3, 3, offset=-5),
    call(3, 3, 5),
    call(0, 3),
    call(3, 0),
    call(40, 30, 3),
)

ROWS = (
    factory(
        "zeros",
        lambda *s, size=None, dtype: filled(0)(*(s if size is None else size), dtype=dtype),
        SHAPES,
        ALL,
        ulp=0.0,
    ),
    factory(
        "ones",
        lambda *s, size=None, dtype: filled(1)(*(s if size is None else size), dtype=dtype),
        SHAPES,
        ALL,
        ulp=0.0,
    ),
    factory("empty", filled(0), (call(0, 3), call((2, 0))), ALL, ulp=0.0),
    factory(
        "full",
        lambda size, fill_value, dtype: np.full(size, fill_value, dtype),
        (call((2, 3), 7), call((), 1), call((0,), 2), call((1003,), True), call((2,), fill_value=2.5)),
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
            call(1, 5, step=3),
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
        FLOATS,
        ulp=1.0,
        scale=1.0,
    ),
    factory(
        "logspace",
        lambda start, end, steps, base=10.0, *, dtype: np.float64(base) ** np.linspace(start, end, steps),
        (
            call(0, 3, 4),
            call(-1.0, 1.0, 7),
            call(0.0, 4.0, 5, 2.0),
            call(0, 1, 0),
            call(2, -2, 101, base=3.0),
        ),
        FLOATS,
        ulp=8.0,
    ),
    factory(
        "eye",
        lambda n, m=None, *, dtype: np.eye(n, m, dtype=dtype),
        (call(3), call(2, 4), call(3, 1), call(0), call(40, m=30)),
        ALL,
        ulp=0.0,
    ),
    factory(
        "scalar_tensor",
        lambda s, dtype: np.array(s, dtype),
        (call(2), call(-3.5), call(True)),
        NUMBERS[:-1],
        ulp=0.0,
    ),
    factory("tril_indices", triangle(np.tril), TRIANGLES, ("int64", "int32"), ulp=0.0),
    factory("triu_indices", triangle(np.triu), TRIANGLES, ("int64", "int32"), ulp=0.0),
    window("hann_window", windows.hann),
    window("hamming_window", hamming, (call(5, True, 0.6), call(6, True, alpha=0.5, beta=0.25))),
    window("blackman_window", windows.blackman),
    window("bartlett_window", windows.bartlett),
    window(
        "kaiser_window",
        lambda n, symmetric, beta=12.0: windows.kaiser(n, beta, symmetric),
        (call(5, True, 3.0), call(6, True, beta=0.0), call(9, False, beta=50.0)),
        ulp=8.0,
    ),
    like("zeros_like", np.zeros_like),
    like("ones_like", np.ones_like),
    like("full_like", np.full_like, 1),
    like("empty_like", np.zeros_like, samples=(call(A(0)), call(A(2, 0)))),
    like(
        "new_zeros",
        lambda x, *s, size=None: filled(0)(*(s if size is None else size), dtype=x.dtype),
        forms=("method",),
        samples=NEW,
    ),
    like(
        "new_ones",
        lambda x, *s, size=None: filled(1)(*(s if size is None else size), dtype=x.dtype),
        forms=("method",),
        samples=NEW,
    ),
    like(
        "new_empty",
        lambda x, *s: filled(0)(*s, dtype=x.dtype),
        forms=("method",),
        samples=(call(A(2), 0, 3), call(A(), (2, 0))),
    ),
    like(
        "new_full",
        lambda x, size, fill_value: np.full(size, fill_value, x.dtype),
        forms=("method",),
        samples=(
            call(A(2), (2, 3), 1),
            call(A(), (), 1),
            call(A(0), (0,), fill_value=1),
            call(A(2), size=(3,), fill_value=0),
        ),
    ),
    data("tensor", (call([[1, 0], [1, 1]], dtype=GIVEN), call(1, dtype=GIVEN), call([], dtype=GIVEN))),
    data("as_tensor", (call([[1, 0], [1, 1]], dtype=GIVEN), call(1, dtype=GIVEN), call(A(2, 3)))),
    data(
        "asarray",
        (
            call([[1, 0], [1, 1]], dtype=GIVEN),
            call(1, dtype=GIVEN),
            call(A(2, 3)),
            call(A(2, 3), copy=True),
            call(A(2, 3), copy=False),
        ),
    ),
    data("from_numpy", (call(np.array([[1.0, 2.0]])), call(np.zeros((0, 2)))), ("float64",)),
    Case(
        "frombuffer",
        np.frombuffer,
        tuple(
            call(bytearray(range(48)), dtype=GIVEN, **k)
            for k in ({}, {"count": 2}, {"offset": 8}, {"count": 1, "offset": 16})
        ),
        ("int64", "int32", "uint8"),
        order=0,
        forms=("tg",),
        layouts=False,
        ulp=0.0,
    ),
)
