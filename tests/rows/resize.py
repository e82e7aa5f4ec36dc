"""Resizing, padding, and layouts of windows and channels."""

from __future__ import annotations

import warnings

import numpy as np
from case import ALL, FLOATS, A, call, functional, ours

from rows.conv import pair, windows


def cubic(t):
    """Keys' kernel with a = -0.75."""
    t, a = np.abs(t), -0.75
    return np.where(
        t <= 1, (a + 2) * t**3 - (a + 3) * t**2 + 1, np.where(t < 2, a * (t**3 - 5 * t**2 + 8 * t - 4), 0)
    )


def along(x, axis, m, mode, align_corners, factor):
    """One dim resized to m elements by a matrix [m, n]."""
    n = x.shape[axis]
    step = (n - 1) / max(m - 1, 1) if align_corners else 1 / factor if factor else n / m
    o, i = np.arange(m), np.arange(n)
    if mode == "area":
        low, high = o * n // m, -(-(o + 1) * n // m)
        weights = ((i >= low[:, None]) & (i < high[:, None])) / (high - low)[:, None]
    elif mode.startswith("nearest"):
        at = np.floor(np.float32(o + 0.5 * (mode == "nearest-exact")) * np.float32(step))
        weights = i == np.minimum(at, n - 1)[:, None]
    else:
        at = o * step if align_corners else (o + 0.5) * step - 0.5
        if mode == "bicubic":
            # The border is continued by its outermost element.
            wide = cubic(at[:, None] - np.arange(-3, n + 3))
            weights = wide[:, 3:-3].copy()
            weights[:, 0] += wide[:, :3].sum(1)
            weights[:, -1] += wide[:, -3:].sum(1)
        else:
            weights = np.stack([np.interp(at, i, row) for row in np.eye(n)], 1)
    return np.moveaxis(np.tensordot(weights.astype(float), x, (1, axis)), 0, axis)


def interpolate(
    x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None
):
    dims = x.ndim - 2
    factors = scale_factor if isinstance(scale_factor, tuple) else (scale_factor,) * dims
    sizes = size if isinstance(size, tuple) else (size,) * dims
    y = x.astype(float)
    for d in range(dims):
        m = int(x.shape[d + 2] * factors[d]) if size is None else sizes[d]
        y = along(y, d + 2, m, mode, align_corners, None if recompute_scale_factor else factors[d])
    return y


def upsample_bilinear(x, size=None, scale_factor=None):
    return interpolate(x, size, scale_factor, "bilinear", True)


def pad(x, pad, mode="constant", value=None):
    edges = [(pad[2 * i], pad[2 * i + 1]) for i in range(len(pad) // 2)][::-1]
    edges = [(0, 0)] * (x.ndim - len(edges)) + edges
    modes = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    options = (
        {"mode": modes[mode]}
        if mode in modes
        else {"constant_values": np.asarray(value or 0).astype(x.dtype)}
    )
    y = np.pad(x, [(max(a, 0), max(b, 0)) for a, b in edges], **options)
    return y[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(edges, y.shape, strict=True))]


def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    patches = np.moveaxis(windows(x, kernel_size, stride, padding, dilation, 0), (-2, -1), (-4, -3))
    *batch, c, kh, kw, h, w = patches.shape
    return patches.reshape(*batch, c * kh * kw, h * w)


def fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The columns of the positions of a plane tell where everything is added."""
    (h, w), k = pair(output_size), int(np.prod(pair(kernel_size)))
    at = unfold(np.arange(1.0, h * w + 1).reshape(1, h, w), kernel_size, dilation, padding, stride).astype(
        int
    )
    y = np.zeros((*x.shape[:-2], x.shape[-2] // k, h * w + 1))
    for c in range(y.shape[-2]):
        for index, values in zip(at.T, np.moveaxis(x[..., c * k : (c + 1) * k, :], -1, 0), strict=True):
            y[..., c, index] += values
    return y[..., 1:].reshape(*y.shape[:-1], h, w)


def pixel_shuffle(x, r):
    *lead, c, h, w = x.shape
    y = x.reshape(*lead, c // r**2, r, r, h, w)
    n = len(lead)
    return y.transpose(*range(n), n, n + 3, n + 1, n + 4, n + 2).reshape(*lead, c // r**2, h * r, w * r)


def pixel_unshuffle(x, r):
    *lead, c, h, w = x.shape
    y = x.reshape(*lead, c, h // r, r, w // r, r)
    n = len(lead)
    return y.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3).reshape(*lead, c * r**2, h // r, w // r)


def channel_shuffle(x, groups):
    n, c, *rest = x.shape
    return x.reshape(n, groups, c // groups, *rest).swapaxes(1, 2).reshape(x.shape)


def deprecated(name):
    """PyTorch's function of that name, without its warning."""

    def run(*args, **kwargs):
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(torch.nn.functional, name)(*args, **kwargs)

    return {"torch": run}


SIZED = (
    call(A(2, 3, 5), 8),
    call(A(2, 3, 5), scale_factor=2),
    call(A(1, 2, 4, 5), (6, 3)),
    call(A(1, 2, 4, 5), scale_factor=(1.5, 2.6)),
    call(A(1, 2, 6, 9), scale_factor=(2, 1)),
    call(A(0, 2, 6, 9), scale_factor=0.5),
)
PADS = (
    call(A(3), (1, 2)),
    call(A(2, 3), (1, 0, 2, 1), "constant", 7),
    call(A(2, 3, 4, 5), (1, 2, 0, 3, 2, 1, 1, 0)),
    call(A(4, 5), (-1, 2, 1, -2)),
    call(A(2, 3), (0, 0)),
    call(A(0, 3), (1, 1, 0, 0)),
    call(A(30, 40), (3, 4, 5, 6)),
)
CONTINUED = (
    *(
        call(A(*shape), pads, mode=mode)
        for mode in ("reflect", "replicate", "circular")
        for shape, pads in (
            ((2, 5), (2, 1)),
            ((2, 3, 5), (1, 4)),
            ((2, 4, 5), (1, 2, 3, 0)),
            ((1, 2, 4, 5), (2, 2, 1, 1)),
            ((1, 2, 3, 4, 3), (1, 1, 2, 0, 1, 2)),
        )
    ),
    call(A(2, 3, 5), (6, 7), "replicate"),
)
UNFOLDS = (
    call(A(2, 3, 5, 6), 2),
    call(A(2, 3, 5, 6), (3, 2), 1, (1, 0), 2),
    call(A(3, 6, 7), (2, 3), dilation=(2, 1), padding=1),
    call(A(1, 2, 20, 33), 3, padding=1),
)
FOLDS = (
    call(A(2, 12, 20), (5, 6), 2),
    call(A(2, 12, 9), (6, 6), 2, stride=2),
    call(A(12, 28), (6, 7), (2, 3), (2, 1), (0, 1), (1, 1)),
    call(A(1, 18, 660), (20, 33), 3, padding=1),
)

ROWS = (
    functional(
        "interpolate",
        interpolate,
        (
            *SIZED,
            call(A(1, 1, 3, 4, 5), (4, 4, 7)),
            call(A(1, 2, 4, 5), scale_factor=1.3, mode="nearest-exact"),
            call(A(1, 2, 7), 4, mode="nearest-exact"),
            call(A(2, 3, 5), 8, mode="linear"),
            call(A(2, 3, 5), scale_factor=1.7, mode="linear", recompute_scale_factor=True),
            call(A(2, 3, 5), 1, mode="linear", align_corners=True),
            call(A(1, 2, 4, 5), (7, 3), mode="bilinear"),
            call(A(1, 2, 4, 5), (7, 3), None, "bilinear", True),
            call(A(1, 2, 4, 5), scale_factor=(1.5, 2.6), mode="bilinear"),
            call(A(1, 2, 20, 25), scale_factor=2, mode="bilinear"),
            call(A(1, 1, 3, 4, 5), (4, 4, 7), mode="trilinear"),
            call(A(1, 2, 4, 5), (7, 3), mode="bicubic"),
            call(A(1, 2, 4, 5), scale_factor=2, mode="bicubic", align_corners=True),
            call(A(1, 2, 7), 3, mode="area"),
            call(A(1, 2, 4, 5), scale_factor=0.6, mode="area"),
            call(A(1, 2, 4, 5, 3), (2, 3, 2), mode="area"),
        ),
        ulp=8.0,
        scale=32.0,
    ),
    functional("upsample", interpolate, SIZED, ulp=0.0, **deprecated("upsample")),
    functional(
        "upsample_nearest",
        interpolate,
        SIZED,
        dtypes=(*FLOATS, "uint8"),
        ulp=0.0,
        **deprecated("upsample_nearest"),
    ),
    functional(
        "upsample_bilinear",
        upsample_bilinear,
        (call(A(1, 2, 4, 5), (7, 3)), call(A(1, 2, 4, 5), scale_factor=2)),
        ulp=8.0,
        scale=32.0,
        **deprecated("upsample_bilinear"),
    ),
    functional(
        "constant_pad_nd",
        lambda x, p, value=0: pad(x, p, value=value),
        (
            *(call(*s.args[:2]) for s in PADS),
            call(A(2, 3), (1, 0), 3),
        ),
        dtypes=ALL,
        forms=("tg",),
        ulp=0.0,
    ),
    functional("pad", pad, (*PADS, *CONTINUED), ulp=0.0),
    functional("im2col", unfold, UNFOLDS, called="unfold", ulp=0.0),
    functional("col2im", fold, FOLDS, called="fold", by_abs=True, ulp=8.0),
    functional(
        "pixel_shuffle",
        pixel_shuffle,
        (call(A(2, 12, 3, 2), 2), call(A(9, 2, 3), 3), call(A(2, 1, 4, 2, 2), 1), ours(A(0, 4, 2, 2), 2)),
        dtypes=ALL,
        forms=("tg", "F"),
        ulp=0.0,
    ),
    functional(
        "pixel_unshuffle",
        pixel_unshuffle,
        (call(A(2, 3, 6, 4), 2), call(A(1, 6, 9), 3), call(A(2, 1, 4, 2, 2), 1)),
        dtypes=ALL,
        forms=("tg", "F"),
        ulp=0.0,
    ),
    functional(
        "channel_shuffle",
        channel_shuffle,
        (call(A(2, 6, 3, 2), 2), call(A(1, 6, 4), 3), call(A(0, 4, 3), 2)),
        dtypes=ALL,
        forms=("tg", "F"),
        ulp=0.0,
    ),
)
