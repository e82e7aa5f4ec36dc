"""Convolution and its transpose."""

from __future__ import annotations

import numpy as np
from case import A, call, functional


def pair(v):
    return tuple(v) if isinstance(v, tuple) else (v, v)


def windows(x, size, stride, padding, dilation, fill, ceil_mode=False):
    """[N, C, H', W', kh, kw]: the patches that a window of `size` sees."""
    edges = []
    for n, k, s, p, d in zip(x.shape[-2:], *map(pair, (size, stride, padding, dilation)), strict=True):
        over = -(n + 2 * p - (k - 1) * d - 1) % s if ceil_mode else 0
        # In ceil mode a last window may hang over the end, unless it would start beyond the padded input.
        starts_inside = (n + 2 * p + over - (k - 1) * d - 1) < n + p
        edges.append((p, p + (over if starts_inside else 0)))
    (kh, kw), (sh, sw), (dh, dw) = map(pair, (size, stride, dilation))
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + edges, constant_values=fill)
    patches = np.lib.stride_tricks.sliding_window_view(x, ((kh - 1) * dh + 1, (kw - 1) * dw + 1), (-2, -1))
    return patches[..., ::sh, ::sw, ::dh, ::dw]


def flat(*arguments, neutral=1):
    """Arguments for one dim as those for two of which the first does nothing."""
    return [v if isinstance(v, str) else (neutral, v[0] if isinstance(v, tuple) else v) for v in arguments]


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if padding == "valid":
        padding = 0
    if padding == "same":  # the odd zero stands behind
        total = [d * (k - 1) for d, k in zip(pair(dilation), weight.shape[2:], strict=True)]
        x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(t // 2, t - t // 2) for t in total])
        padding = 0
    patches = windows(x, weight.shape[2:], stride, padding, dilation, 0)
    parts = zip(np.split(patches, groups, -5), np.split(weight, groups), strict=True)
    y = np.concatenate([np.einsum("...chwij,ocij->...ohw", p, w) for p, w in parts], -3)
    return y if bias is None else y + bias[:, None, None]


def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    stride, dilation = flat(stride, dilation)
    (padding,) = flat(padding, neutral=0)
    x, weight = x[..., None, :], weight[:, :, None]
    return conv2d(x, weight, bias, stride, padding, dilation, groups)[..., 0, :]


def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Every input element adds a multiple of the weight to the output."""
    (sh, sw), (ph, pw), (eh, ew), (dh, dw) = map(pair, (stride, padding, output_padding, dilation))
    (h, w), (kh, kw), o = x.shape[-2:], weight.shape[2:], weight.shape[1]
    parts = []
    for xs, ws in zip(np.split(x, groups, -3), np.split(weight, groups), strict=True):
        y = np.zeros(
            (*x.shape[:-3], o, (h - 1) * sh + dh * (kh - 1) + 1 + eh, (w - 1) * sw + dw * (kw - 1) + 1 + ew),
            x.dtype,
        )
        for i, j in np.ndindex(kh, kw):
            rows = slice(i * dh, i * dh + (h - 1) * sh + 1, sh)
            columns = slice(j * dw, j * dw + (w - 1) * sw + 1, sw)
            y[..., rows, columns] += np.einsum("...chw,co->...ohw", xs, ws[:, :, i, j])
        parts.append(y[..., ph : y.shape[-2] - ph, pw : y.shape[-1] - pw])
    y = np.concatenate(parts, -3)
    return y if bias is None else y + bias[:, None, None]


def conv_transpose1d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    stride, dilation = flat(stride, dilation)
    padding, output_padding = flat(padding, output_padding, neutral=0)
    x, weight = x[..., None, :], weight[:, :, None]
    return conv_transpose2d(x, weight, bias, stride, padding, output_padding, groups, dilation)[..., 0, :]


CONVS = (
    call(A(2, 3, 7, 6), A(4, 3, 3, 3), A(4)),
    call(A(2, 3, 7, 6), A(4, 3, 3, 2), None, 2, 1),
    call(A(1, 2, 9, 8), A(3, 2, 3, 3), A(3), stride=(2, 1), padding=(0, 2), dilation=(2, 1)),
    call(A(2, 4, 6, 6), A(6, 2, 3, 3), A(6), padding=1, groups=2),
    call(A(2, 4, 5, 5), A(4, 1, 3, 3), padding=1, groups=4),
    call(A(2, 4, 5, 5), A(8, 1, 3, 3), stride=2, groups=4),
    call(A(2, 3, 40, 37), A(3, 1, 5, 3), A(3), padding=(2, 1), groups=3),
    call(A(2, 3, 19, 37), A(3, 1, 3, 3), stride=2, padding=1, dilation=2, groups=3),
    call(A(2, 3, 5, 5), A(4, 3, 1, 1), A(4)),
    call(A(2, 3, 5, 5), A(4, 3, 1, 1), stride=3),
    call(A(2, 1, 8, 8), A(4, 1, 5, 5), padding=2),
    call(A(3, 5, 5), A(2, 3, 3, 3)),
    call(A(1, 2, 4, 4), A(2, 2, 4, 4), A(2)),
    call(A(1, 2, 7, 7), A(2, 2, 3, 3), padding="same", dilation=2),
    call(A(1, 2, 5, 5), A(2, 2, 3, 3), padding="valid"),
    call(A(2, 17, 9, 9), A(19, 17, 3, 3), padding=1),
    call(
        A(1, 60, 6, 7), A(16, 30, 3, 3), A(16), padding=1, groups=2
    ),  # more channels than one chain of products holds
    call(A(1, 4, 9, 11), A(15, 4, 3, 2), padding=(2, 1), dilation=2),
    call(A(0, 2, 5, 5), A(3, 2, 3, 3), A(3)),
)

SIGNALS = (
    call(A(2, 3, 7), A(4, 3, 3), A(4)),
    call(A(2, 3, 9), A(4, 3, 2), None, 2, 1, 3),
    call(A(3, 9), A(4, 3, 3), A(4), stride=(2,), padding=(1,)),
    call(A(2, 4, 6), A(6, 2, 3), A(6), padding="same", groups=2),
    call(A(2, 4, 6), A(4, 1, 4), padding="same", groups=4, dilation=2),
    call(A(2, 3, 5), A(4, 3, 1), padding="valid"),
    call(A(3, 6, 200), A(8, 6, 9), A(8), padding=4),
    call(A(0, 2, 5), A(3, 2, 3), A(3)),
)

TRANSPOSED = (
    call(A(2, 3, 4, 5), A(3, 4, 3, 3), A(4)),
    call(A(2, 3, 4, 5), A(3, 4, 3, 2), None, 2, 1, 1),
    call(
        A(1, 2, 5, 4),
        A(2, 3, 3, 3),
        A(3),
        stride=(2, 3),
        padding=(0, 2),
        output_padding=(1, 2),
        dilation=(2, 1),
    ),
    call(A(2, 4, 3, 3), A(4, 3, 3, 3), A(6), padding=1, groups=2),
    call(A(2, 4, 5, 5), A(4, 1, 3, 3), stride=2, padding=1, groups=4),
    call(A(2, 3, 5, 5), A(3, 4, 1, 1), A(4)),
    call(A(3, 4, 4), A(3, 2, 2, 2), A(2), stride=2),
    call(A(2, 9, 8, 8), A(9, 7, 4, 4), A(7), stride=2, padding=1),
    call(A(0, 2, 5, 5), A(2, 3, 3, 3), A(3)),
)

TRANSPOSED_SIGNALS = (
    call(A(2, 3, 4), A(3, 4, 3), A(4)),
    call(A(2, 3, 4), A(3, 4, 3), None, 2, 1, 1),
    call(A(3, 4), A(3, 2, 2), A(2), stride=(2,), dilation=2),
    call(A(2, 4, 5), A(4, 3, 3), A(6), stride=3, padding=(1,), output_padding=(2,), groups=2),
)


def convolution(name, reference, samples):
    return functional(
        name,
        reference,
        samples,
        dtypes=("float32", "float64", "int64"),
        forms=("tg", "F"),
        by_abs=True,
        ulp=6.0,
    )


ROWS = (
    convolution("conv1d", conv1d, SIGNALS),
    convolution("conv2d", conv2d, CONVS),
    convolution("conv_transpose1d", conv_transpose1d, TRANSPOSED_SIGNALS),
    convolution("conv_transpose2d", conv_transpose2d, TRANSPOSED),
)
