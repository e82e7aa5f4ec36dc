"""Matrix products, softmax, losses, convolution, pooling: `tinygrad_ext.nn.functional` and matmul."""

from __future__ import annotations

import operator

import numpy as np
from case import NUMBERS, A, C, Case, I, V, call, rough
from scipy import special


def functional(name, reference, samples, **options):
    return Case(name, reference, samples, **{"forms": ("F",), **options})


def linear(x, weight, bias=None):
    y = x @ weight.T
    return y if bias is None else y + bias


def softmax(x, dim):
    return special.softmax(x, axis=dim)


def log_softmax(x, dim):
    return special.log_softmax(x, axis=dim)


def reduced(losses, reduction, weights=None):
    """PyTorch's `reduction`; a weighted mean divides by the weights that took part."""
    if reduction == "none":
        return losses
    return (
        losses.sum()
        if reduction == "sum"
        else losses.sum() / (losses.size if weights is None else weights.sum())
    )


def picked(logp, target):
    """-logp[n, target[n], ...] for logp of shape [N, C, ...] or [C]."""
    dim = 1 if logp.ndim > 1 else 0
    safe = np.expand_dims(np.clip(target, 0, logp.shape[dim] - 1), dim)
    return -np.take_along_axis(logp, safe, dim).squeeze(dim)


def nll_loss(logp, target, weight=None, ignore_index=-100, reduction="mean"):
    used = (target != ignore_index).astype(logp.dtype)
    if weight is not None:
        used = used * weight[np.clip(target, 0, len(weight) - 1)]
    return reduced(picked(logp, target) * used, reduction, used)


def cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    dim = 1 if x.ndim > 1 else 0
    logp = special.log_softmax(x, axis=dim)
    classes = x.shape[dim]
    shape = [1] * x.ndim
    shape[dim] = classes
    per_class = (np.ones(classes) if weight is None else weight).reshape(shape)
    if target.dtype.kind == "f":
        share = target * (1 - label_smoothing) + label_smoothing / classes
        losses = -(logp * share * per_class).sum(dim)
        return reduced(losses, reduction, np.array(losses.size if losses.ndim else 1.0))
    used = (target != ignore_index).astype(logp.dtype)
    chosen = used * per_class.ravel()[np.clip(target, 0, classes - 1)]
    smooth = -(logp * per_class).sum(dim) / classes * used
    losses = (1 - label_smoothing) * picked(logp, target) * chosen + label_smoothing * smooth
    return reduced(losses, reduction, chosen)


def mse_loss(x, y, reduction="mean"):
    return reduced((x - y) ** 2, reduction)


def bce_with_logits(x, y, weight=None, reduction="mean", pos_weight=None):
    """-w [p y log sigmoid(x) + (1 - y) log sigmoid(-x)]."""
    p = 1.0 if pos_weight is None else pos_weight
    losses = -(p * y * special.log_expit(x) + (1 - y) * special.log_expit(-x))
    return reduced(losses if weight is None else losses * weight, reduction)


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


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if padding == "valid":
        padding = 0
    if padding == "same":
        padding = tuple(d * (k - 1) // 2 for d, k in zip(pair(dilation), weight.shape[2:], strict=True))
    patches = windows(x, weight.shape[2:], stride, padding, dilation, 0)
    parts = zip(np.split(patches, groups, -5), np.split(weight, groups), strict=True)
    y = np.concatenate([np.einsum("...chwij,ocij->...ohw", p, w) for p, w in parts], -3)
    return y if bias is None else y + bias[:, None, None]


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    stride = stride or kernel_size
    patches = windows(x, kernel_size, stride, padding, dilation, -np.inf, ceil_mode)
    values = patches.max((-2, -1))
    if not return_indices:
        return values
    places = np.broadcast_to(np.arange(x.shape[-2] * x.shape[-1], dtype=float).reshape(x.shape[-2:]), x.shape)
    places = windows(places, kernel_size, stride, padding, dilation, -1, ceil_mode)
    first = patches.reshape(*patches.shape[:-2], -1).argmax(-1)[..., None]
    found = np.take_along_axis(places.reshape(*places.shape[:-2], -1), first, -1)[..., 0]
    return values, found.astype(np.int64)


def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """A window that hangs over the padded end in ceil mode never counts what lies beyond it."""
    stride, p = stride or kernel_size, pair(padding)
    total = windows(x, kernel_size, stride, padding, 1, 0, ceil_mode).sum((-2, -1))
    counted = np.ones(x.shape[-2:])
    if count_include_pad:
        padded = np.pad(counted, [(p[0], p[0]), (p[1], p[1])], constant_values=1)
        over = total.shape[-2:]
        sizes = windows(padded, kernel_size, stride, 0, 1, 0, ceil_mode).sum((-2, -1))[: over[0], : over[1]]
    else:
        sizes = windows(counted, kernel_size, stride, padding, 1, 0, ceil_mode).sum((-2, -1))
    return total / sizes


def dropout(x, p=0.5, training=True):
    """Only the calls whose outcome is not random; test_dropout.py has the others."""
    return x * 0 if training and p == 1 else x


MATMULS = (
    *(
        call(A(*a), A(*b))
        for a, b in (((3,), (3,)), ((0,), (0,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)))
    ),
    *(call(A(n, n), A(n, n)) for n in (1, 2, 16, 33)),
    call(A(67, 5), A(5, 131)),
    call(A(3, 300), A(300, 2)),
    call(A(2, 0), A(0, 3)),
    call(A(0, 3), A(3, 4)),
    call(A(5, 2, 3), A(5, 3, 4)),
    call(A(5, 2, 3), A(3, 4)),
    call(A(2, 3), A(5, 3, 4)),
    call(A(5, 2, 3), A(3)),
    call(A(3), A(5, 3, 2)),
    call(A(2, 1, 2, 3), A(5, 3, 4)),
    call(A(1, 2, 3), A(4, 3, 2)),
    call(A(0, 2, 3), A(3, 4)),
)

SOFTMAXES = (
    *(call(A(5), 0), call(A(3, 4), 1), call(A(3, 4), 0), call(A(2, 3, 4), -2), call(A(37, 41), -1)),
    call(A(3, 7, low=-200.0, high=200.0), dim=1),
    call(A(0, 3), 1),
    call(A(2, 1), 1),
    rough(V([[0.0, -np.inf, 1.0], [1e4, 1.0, 2.0]]), 1),
)

WEIGHT = C(5, low=0.2, high=2.0)
NLL = (
    call(A(4, 5), I(4, high=5)),
    call(A(4, 5), I(4, high=5), reduction="sum"),
    call(A(4, 5), I(4, high=5), reduction="none"),
    call(A(4, 5), I(4, high=5), WEIGHT),
    call(A(4, 5), V([1, 4, -100, 0], "index")),
    call(A(4, 5), V([1, 4, 3, 3], "index"), WEIGHT, ignore_index=3),
    call(A(2, 5, 3), I(2, 3, high=5), reduction="none"),
    call(A(2, 5, 3, 2), I(2, 3, 2, high=5), WEIGHT),
    call(A(5), I(high=5)),
    call(A(37, 41), I(37, high=41)),
)
SHARES = (A(4, 5, low=0.0, high=0.4),)
SAME = tuple(
    call(A(*s), A(*s, low=0.0, high=1.0), **k)
    for s, k in (
        ((4,), {}),
        ((3, 5), {"reduction": "sum"}),
        ((3, 5), {"reduction": "none"}),
        ((), {}),
        ((1003,), {}),
    )
)

CONVS = (
    call(A(2, 3, 7, 6), A(4, 3, 3, 3), A(4)),
    call(A(2, 3, 7, 6), A(4, 3, 3, 2), None, 2, 1),
    call(A(1, 2, 9, 8), A(3, 2, 3, 3), A(3), stride=(2, 1), padding=(0, 2), dilation=(2, 1)),
    call(A(2, 4, 6, 6), A(6, 2, 3, 3), A(6), padding=1, groups=2),
    call(A(2, 4, 5, 5), A(4, 1, 3, 3), padding=1, groups=4),
    call(A(2, 4, 5, 5), A(8, 1, 3, 3), stride=2, groups=4),
    call(A(2, 3, 5, 5), A(4, 3, 1, 1), A(4)),
    call(A(2, 3, 5, 5), A(4, 3, 1, 1), stride=3),
    call(A(2, 1, 8, 8), A(4, 1, 5, 5), padding=2),
    call(A(3, 5, 5), A(2, 3, 3, 3)),
    call(A(1, 2, 4, 4), A(2, 2, 4, 4), A(2)),
    call(A(1, 2, 7, 7), A(2, 2, 3, 3), padding="same", dilation=2),
    call(A(1, 2, 5, 5), A(2, 2, 3, 3), padding="valid"),
    call(A(2, 17, 9, 9), A(19, 17, 3, 3), padding=1),
    call(A(0, 2, 5, 5), A(3, 2, 3, 3), A(3)),
)


def apart(*shape):
    """No ties, so that the maximum of each window is differentiable."""
    return A(*shape, distinct=True)


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
)

ROWS = (
    Case("matmul", np.matmul, MATMULS, NUMBERS, operator=operator.matmul, by_abs=True, ulp=4.0),
    functional(
        "linear",
        linear,
        (
            call(A(4, 3), A(5, 3), A(5)),
            call(A(4, 3), A(5, 3)),
            call(A(3), A(5, 3), A(5)),
            call(A(2, 4, 3), A(5, 3), A(5)),
            call(A(0, 3), A(5, 3), A(5)),
            call(A(64, 33), A(10, 33), A(10)),
        ),
        by_abs=True,
        ulp=4.0,
    ),
    Case("softmax", softmax, SOFTMAXES, forms=("tg", "method", "F"), ulp=4.0, scale=1.0),
    Case("log_softmax", log_softmax, SOFTMAXES, forms=("tg", "method", "F"), ulp=4.0, scale=2.0),
    functional("nll_loss", nll_loss, NLL, ulp=4.0, scale=1.0),
    functional(
        "cross_entropy",
        cross_entropy,
        (
            *NLL,
            call(A(4, 5), I(4, high=5), label_smoothing=0.1),
            call(A(4, 5), V([1, 4, -100, 0], "index"), WEIGHT, label_smoothing=0.3),
            call(A(4, 5), *SHARES),
            call(A(4, 5), *SHARES, WEIGHT, reduction="sum"),
            call(A(4, 5), *SHARES, reduction="none", label_smoothing=0.2),
            rough(A(3, 4, low=-1e4, high=1e4), I(3, high=4)),
        ),
        ulp=4.0,
        scale=4.0,
    ),
    functional("mse_loss", mse_loss, SAME, ulp=4.0, scale=1.0),
    functional(
        "binary_cross_entropy_with_logits",
        bce_with_logits,
        (
            *SAME,
            call(A(3, 5), A(3, 5, low=0.0, high=1.0), C(5, low=0.2, high=2.0)),
            call(A(3, 5), A(3, 5, low=0.0, high=1.0), pos_weight=C(5, low=0.2, high=2.0)),
            call(A(6, low=-80.0, high=80.0), A(6, low=0.0, high=1.0), reduction="none"),
        ),
        ulp=4.0,
        scale=2.0,
    ),
    functional("conv2d", conv2d, CONVS, by_abs=True, ulp=6.0),
    functional(
        "max_pool2d",
        max_pool2d,
        (
            *(call(apart(*s), **k) for s, k in POOLS),
            call(apart(1, 2, 9, 9), 3, 2, 1, 2),
            call(apart(2, 2, 6, 5), 3, 2, 1, return_indices=True),
        ),
        ulp=0.0,
        result=("same", "int64"),
    ),
    functional(
        "avg_pool2d",
        avg_pool2d,
        (
            *(call(A(*s), **k) for s, k in POOLS),
            call(A(1, 2, 6, 7), 3, 2, 1, count_include_pad=False),
            call(A(1, 2, 6, 7), 3, 2, 1, True, False),
        ),
        by_abs=True,
        ulp=4.0,
    ),
    functional(
        "dropout",
        dropout,
        (call(A(3, 4), 0.5, False), call(A(3, 4), p=0.0), call(A(3, 4), p=1.0), call(A(0), training=False)),
        ulp=0.0,
    ),
)
