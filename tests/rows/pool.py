"""Pooling: maxima, means, power means, adaptive windows, and the undoing of maxima."""

from __future__ import annotations

import numpy as np
from case import FLOATS, INTS, A, V, call, functional

from rows.conv import pair, windows


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    stride = stride or kernel_size
    patches = windows(x.astype(float), kernel_size, stride, padding, dilation, -np.inf, ceil_mode)
    values = patches.max((-2, -1))
    if not return_indices:
        return values
    places = np.broadcast_to(np.arange(x.shape[-2] * x.shape[-1], dtype=float).reshape(x.shape[-2:]), x.shape)
    places = windows(places, kernel_size, stride, padding, dilation, -1, ceil_mode)
    first = patches.reshape(*patches.shape[:-2], -1).argmax(-1)[..., None]
    found = np.take_along_axis(places.reshape(*places.shape[:-2], -1), first, -1)[..., 0]
    return values, found.astype(np.int64)


def avg_pool2d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """A window that hangs over the padded end in ceil mode never counts what lies beyond it."""
    stride, p = stride or kernel_size, pair(padding)
    total = windows(x, kernel_size, stride, padding, 1, 0, ceil_mode).sum((-2, -1))
    counted = np.ones(x.shape[-2:])
    if divisor_override:
        sizes = divisor_override
    elif count_include_pad:
        padded = np.pad(counted, [(p[0], p[0]), (p[1], p[1])], constant_values=1)
        over = total.shape[-2:]
        sizes = windows(padded, kernel_size, stride, 0, 1, 0, ceil_mode).sum((-2, -1))[: over[0], : over[1]]
    else:
        sizes = windows(counted, kernel_size, stride, padding, 1, 0, ceil_mode).sum((-2, -1))
    return total / sizes if x.dtype.kind == "f" else np.trunc(total / sizes).astype(x.dtype)


def single(v, neutral):
    return None if v is None else (neutral, v[0] if isinstance(v, tuple) else v)


def in_one_dim(pool):
    """The pooling of signals, as images of height 1."""

    def signals(x, kernel_size, stride=None, padding=0, *rest, dilation=1, **options):
        if pool is max_pool2d:
            dilation, *rest = rest or (dilation,)
            rest = (single(dilation, 1), *rest)
        y = pool(
            x[..., None, :], single(kernel_size, 1), single(stride, 1), single(padding, 0), *rest, **options
        )
        return tuple(v[..., 0, :] for v in y) if isinstance(y, tuple) else y[..., 0, :]

    return signals


def with_indices(pool):
    return lambda *args, **kwargs: pool(*args, **{**kwargs, "return_indices": True})


def lp_pool2d(x, norm_type, kernel_size, stride=None, ceil_mode=False):
    if np.isinf(norm_type):
        return max_pool2d(np.abs(x), kernel_size, stride, ceil_mode=ceil_mode)
    means = avg_pool2d(x**norm_type, kernel_size, stride, ceil_mode=ceil_mode)
    return (means * np.prod(pair(kernel_size))) ** (1 / norm_type)


def lp_pool1d(x, norm_type, kernel_size, stride=None, ceil_mode=False):
    return lp_pool2d(x[..., None, :], norm_type, single(kernel_size, 1), single(stride, 1), ceil_mode)[
        ..., 0, :
    ]


def adaptive(x, output_size, dims, reduction):
    """`reduction` of the windows from floor(i n / m) to ceil((i + 1) n / m) along the last dims."""
    sizes = output_size if isinstance(output_size, tuple) else (output_size,) * dims
    sizes = [n if m is None else m for n, m in zip(x.shape[-dims:], sizes, strict=True)]
    y = np.zeros((*x.shape[:-dims], *sizes))
    for at in np.ndindex(*sizes):
        window = tuple(
            slice(i * n // m, -(-(i + 1) * n // m))
            for i, n, m in zip(at, x.shape[-dims:], sizes, strict=True)
        )
        y[(..., *at)] = reduction(x, window)
    return y


def adaptive_avg(dims):
    axes = tuple(range(-dims, 0))
    return lambda x, output_size: adaptive(x, output_size, dims, lambda x, w: x[(..., *w)].mean(axes))


def adaptive_max(dims):
    axes = tuple(range(-dims, 0))

    def pool(x, output_size, return_indices=False):
        values = adaptive(x, output_size, dims, lambda x, w: x[(..., *w)].max(axes))
        if not return_indices:
            return values
        places = np.arange(np.prod(x.shape[-dims:])).reshape(x.shape[-dims:])

        def place(x, w):
            inside = x[(..., *w)]
            first = inside.reshape(*inside.shape[:-dims], -1).argmax(-1)
            return places[w].ravel()[first]

        return values, adaptive(x, output_size, dims, place).astype(np.int64)

    return pool


def max_unpool(dims):
    def unpool(x, indices, kernel_size, stride=None, padding=0, output_size=None):
        k, s, p = (
            (v,) * dims if isinstance(v, int) else v for v in (kernel_size, stride or kernel_size, padding)
        )
        sizes = [(n - 1) * s + k - 2 * p for n, k, s, p in zip(x.shape[-dims:], k, s, p, strict=True)]
        sizes = sizes if output_size is None else list(output_size[-dims:])
        y = np.zeros((*x.shape[:-dims], int(np.prod(sizes))))
        flat = (*x.shape[:-dims], -1)
        np.put_along_axis(y, indices.reshape(flat), x.reshape(flat), -1)
        return y.reshape(*x.shape[:-dims], *sizes)

    return unpool


def apart(*shape):
    """No ties, so that the maximum of each window is differentiable."""
    return A(*shape, low=-100.0, high=100.0, distinct=True)


POOLS = (
    ((2, 3, 6, 8), {"kernel_size": 2}),
    ((2, 3, 7, 7), {"kernel_size": 3, "stride": 2}),
    ((2, 3, 7, 7), {"kernel_size": 3, "stride": 1, "padding": 1}),
    ((1, 2, 6, 5), {"kernel_size": (3, 2), "stride": (1, 2), "padding": (1, 0)}),
    ((3, 6, 6), {"kernel_size": 2}),
    ((0, 3, 4, 4), {"kernel_size": 2}),
    ((1, 2, 7, 8), {"kernel_size": 2, "stride": 3, "ceil_mode": True}),
    ((1, 2, 7, 6), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ((1, 1, 5, 5), {"kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True}),
    ((2, 2, 4, 41), {"kernel_size": 2}),
    ((1, 1, 4, 270), {"kernel_size": (3, 2), "stride": (1, 2), "padding": 1}),
    ((1, 1, 6, 31), {"kernel_size": 5, "stride": 3, "padding": 2}),
)
SIGNALS = (
    ((2, 3, 8), {"kernel_size": 2}),
    ((3, 9), {"kernel_size": (3,), "stride": (2,)}),
    ((2, 3, 9), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ((1, 2, 300), {"kernel_size": 4, "stride": 3}),
)
ADAPTIVE = (
    ((2, 3, 7, 5), (3, 2)),
    ((2, 3, 6, 8), (3, 4)),
    ((3, 7, 5), 1),
    ((2, 2, 3, 4), (None, 7)),
    ((1, 1, 5, 64), (2, 5)),
    ((0, 2, 4, 4), 2),
)
ADAPTIVE_SIGNALS = (((2, 3, 7), 3), ((2, 3, 8), (4,)), ((3, 5), 8), ((2, 1, 100), 7))

maximum = {"ulp": 0.0, "result": ("same", "int64")}
mean = {"ulp": 4.0, "by_abs": True}
BOTH = ("tg", "F")

ROWS = (
    functional(
        "max_pool1d",
        in_one_dim(max_pool2d),
        (
            *(call(apart(*s), **k) for s, k in SIGNALS),
            call(apart(2, 9), 2, 2, 1, 3),
            call(apart(2, 3, 9), 3, 2, 1, return_indices=True),
        ),
        forms=("F",),
        **maximum,
    ),
    functional(
        "max_pool2d",
        max_pool2d,
        (
            *(call(apart(*s), **k) for s, k in POOLS),
            call(apart(1, 2, 9, 9), 3, 2, 1, 2),
            call(apart(2, 2, 6, 5), 3, 2, 1, return_indices=True),
            call(apart(2, 2, 6, 50), 2, return_indices=True),
            call(apart(2, 2, 9, 50), 3, 1, 1, 2, return_indices=True),
        ),
        dtypes=FLOATS + INTS,
        **maximum,
    ),
    functional(
        "max_pool1d_with_indices",
        with_indices(in_one_dim(max_pool2d)),
        tuple(call(apart(*s), **k) for s, k in SIGNALS),
        **maximum,
    ),
    functional(
        "max_pool2d_with_indices",
        with_indices(max_pool2d),
        tuple(call(apart(*s), **k) for s, k in POOLS if s[0]),
        **maximum,
    ),
    functional(
        "avg_pool1d",
        in_one_dim(avg_pool2d),
        (*(call(A(*s), **k) for s, k in SIGNALS), call(A(2, 9), 3, 2, 1, False, False)),
        dtypes=(*FLOATS, "int64"),
        forms=BOTH,
        **mean,
    ),
    functional(
        "avg_pool2d",
        avg_pool2d,
        (
            *(call(A(*s), **k) for s, k in POOLS),
            call(A(1, 2, 6, 7), 3, 2, 1, count_include_pad=False),
            call(A(1, 2, 6, 7), 3, 2, 1, True, False),
            call(A(1, 2, 6, 7), 3, 2, 1, divisor_override=5),
        ),
        dtypes=(*FLOATS, "int64"),
        **mean,
    ),
    functional(
        "lp_pool1d",
        lp_pool1d,
        (call(A(2, 3, 8), 2, 2), call(A(2, 7), 3.0, 3, 2), call(A(1, 2, 8), 1.5, 3, 2, ceil_mode=True)),
        domain=(0.2, 2.0),
        ulp=16.0,
    ),
    functional(
        "lp_pool2d",
        lp_pool2d,
        (
            call(A(2, 3, 4, 6), 2, 2),
            call(A(2, 7, 5), 3.0, (3, 2), (2, 1)),
            call(A(1, 2, 6, 7), 1.0, 3, 2, True),
            call(A(1, 2, 6, 7, distinct=True), float("inf"), 3, 2),
        ),
        domain=(0.2, 2.0),
        ulp=16.0,
    ),
    functional(
        "adaptive_avg_pool1d",
        adaptive_avg(1),
        tuple(call(A(*s), n) for s, n in ADAPTIVE_SIGNALS),
        forms=BOTH,
        **mean,
    ),
    functional("adaptive_avg_pool2d", adaptive_avg(2), tuple(call(A(*s), n) for s, n in ADAPTIVE), **mean),
    functional(
        "adaptive_max_pool1d",
        adaptive_max(1),
        (*(call(apart(*s), n) for s, n in ADAPTIVE_SIGNALS), call(apart(2, 7), 3, return_indices=True)),
        **maximum,
    ),
    functional(
        "adaptive_max_pool2d",
        adaptive_max(2),
        (*(call(apart(*s), n) for s, n in ADAPTIVE), call(apart(2, 7, 5), (3, 2), return_indices=True)),
        **maximum,
    ),
    functional(
        "adaptive_max_pool1d_with_indices",
        with_indices(adaptive_max(1)),
        tuple(call(apart(*s), n) for s, n in ADAPTIVE_SIGNALS),
        **maximum,
    ),
    functional(
        "adaptive_max_pool2d_with_indices",
        with_indices(adaptive_max(2)),
        tuple(call(apart(*s), n) for s, n in ADAPTIVE if s[0]),
        **maximum,
    ),
    functional(
        "max_unpool1d",
        max_unpool(1),
        (
            call(A(2, 1, 3), V([[[1, 2, 5]], [[0, 3, 4]]], "index"), 2),
            call(A(1, 3), V([[0, 4, 6]], "index"), 3, 2, output_size=(8,)),
        ),
        ulp=0.0,
    ),
    functional(
        "max_unpool2d",
        max_unpool(2),
        (
            call(A(1, 1, 2, 2), V([[[[5, 2], [8, 15]]]], "index"), 2),
            call(A(1, 2, 2), V([[[0, 2], [8, 11]]], "index"), (2, 2), (2, 2), (0, 0), (4, 5)),
            call(A(1, 1, 1, 2), V([[[[0, 6]]]], "index"), 3, 2, 0, output_size=(1, 1, 4, 5)),
        ),
        ulp=0.0,
    ),
)
