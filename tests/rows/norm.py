"""Normalisation, distances and attention against NumPy."""

from __future__ import annotations

import numpy as np
from case import A, C, Case, V, call, ours, rough
from scipy import special


def row(name, reference, calls, **options):
    return Case(name, reference, calls, **{"forms": ("tg", "F"), "ulp": 8.0, "scale": 8.0, **options})


def standardise(x, axes, eps, mean=None, var=None):
    mean = x.mean(axes, keepdims=True) if mean is None else mean
    var = x.var(axes, keepdims=True) if var is None else var
    return (x - mean) / np.sqrt(var + eps)


def along(p, x):
    """A parameter per channel against [N, C, ...]."""
    return p.reshape(-1, *[1] * (x.ndim - 2))


def affine(y, weight, bias, x):
    y = y if weight is None else y * along(weight, x)
    return y if bias is None else y + along(bias, x)


def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    y = standardise(x, tuple(range(-len(normalized_shape), 0)), eps)
    return y * (1 if weight is None else weight) + (0 if bias is None else bias)


def rms_norm(x, normalized_shape, weight=None, eps=2.0**-52):
    axes = tuple(range(-len(normalized_shape), 0))
    y = x / np.sqrt((x * x).mean(axes, keepdims=True) + eps)
    return y if weight is None else y * weight


def group_norm(x, num_groups, weight=None, bias=None, eps=1e-5):
    split = x.reshape(len(x), num_groups, x.shape[1] // num_groups, -1)
    return affine(standardise(split, (2, 3), eps).reshape(x.shape), weight, bias, x)


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    axes = (0, *range(2, x.ndim))
    given = () if training else (along(running_mean, x), along(running_var, x))
    return affine(standardise(x, axes, eps, *given), weight, bias, x)


def instance_norm(
    x, mean=None, var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    given = () if use_input_stats else (along(mean, x), along(var, x))
    return affine(standardise(x, tuple(range(2, x.ndim)), eps, *given), weight, bias, x)


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    edges = [(0, 0), (size // 2, (size - 1) // 2), *[(0, 0)] * (x.ndim - 2)]
    squares = np.lib.stride_tricks.sliding_window_view(np.pad(x * x, edges), size, 1).mean(-1)
    return x / (k + alpha * squares) ** beta


def length(x, p, dim, keepdims=True):
    return np.linalg.norm(x, p, dim, keepdims=keepdims)


def normalize(x, p=2.0, dim=1, eps=1e-12):
    return x / np.maximum(length(x, p, dim), eps)


def cosine_similarity(a, b, dim=1, eps=1e-8):
    return (normalize(a, 2, dim, eps) * normalize(b, 2, dim, eps)).sum(dim)


def pairwise_distance(a, b, p=2.0, eps=1e-6, keepdim=False):
    return length(a - b + eps, p, -1, keepdim)


def bilinear(a, b, weight, bias=None):
    y = np.einsum("...i,oij,...j->...o", a, weight, b)
    return y if bias is None else y + bias


def attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = key.repeat(times, -3), value.repeat(times, -3)
    scores = query @ key.swapaxes(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = np.tri(*scores.shape[-2:], dtype=bool)
    if attn_mask is not None:
        scores = np.where(attn_mask, scores, -np.inf) if attn_mask.dtype == bool else scores + attn_mask
    weights = np.where(np.isneginf(scores).all(-1, keepdims=True), 0, special.softmax(scores, -1))
    return weights @ value


def channels(*shape, **options):
    """[N, C, ...] with a weight and a bias per channel."""
    return call(A(*shape), weight=A(shape[1]), bias=A(shape[1]), **options)


def running(*shape, **options):
    c = shape[1]
    return call(A(*shape), C(c), C(c, low=0.5, high=2.0), A(c), A(c), **options)


def batch(*shape, affine=True):
    c = shape[1]
    return call(A(*shape), None, None, *((A(c), A(c)) if affine else ()), training=True)


MASKS = (V([[True, False, True], [False, False, False], [True, True, True], [False, True, False]], "mask"),)

ROWS = (
    row(
        "layer_norm",
        layer_norm,
        (
            call(A(3, 5), (5,), A(5), A(5)),
            call(A(3, 5), (5,)),
            call(A(3, 5), (5,), A(5)),
            call(A(3, 5), (5,), bias=A(5)),
            call(A(2, 3, 4), (3, 4), A(3, 4), A(3, 4), eps=0.1),
            call(A(7), (7,), A(7), A(7)),
            call(A(37, 130), (130,), A(130), A(130)),
            call(A(0, 5), (5,), A(5), A(5)),
            rough(A(4, 300, low=999.0, high=1001.0), (300,)),
        ),
    ),
    row(
        "rms_norm",
        rms_norm,
        (
            call(A(3, 5), (5,), A(5), 1e-5),
            call(A(3, 5), (5,), eps=1e-3),
            call(A(2, 3, 4), (3, 4), A(3, 4), eps=1e-5),
            call(A(37, 130), (130,), A(130), eps=1e-6),
            call(A(3, 5), (5,)),
        ),
        scale=16.0,
    ),
    row(
        "group_norm",
        group_norm,
        (
            call(A(2, 6, 3), 2, A(6), A(6)),
            call(A(2, 6, 7), 6),
            call(A(2, 12), 2, A(12), A(12)),
            call(A(2, 4, 3, 5), 1, A(4), A(4)),
            call(A(3, 4, 13, 11), 2, A(4), A(4)),
            ours(A(2, 6, 3), 2, bias=A(6)),
        ),
    ),
    row(
        "batch_norm",
        batch_norm,
        (
            batch(4, 3),
            batch(4, 3, affine=False),
            batch(2, 3, 5),
            batch(2, 3, 4, 5),
            batch(37, 41),
            batch(5, 3, 13, 11),
            running(4, 3),
            running(2, 3, 5),
            call(A(3, 4), C(4), C(4, low=0.5, high=2.0), eps=0.1),
            rough(A(300, 4, low=999.0, high=1001.0), None, None, training=True),
        ),
        forms=("F",),
    ),
    row(
        "instance_norm",
        instance_norm,
        (
            channels(2, 3, 5),
            channels(2, 3, 4, 5),
            call(A(2, 3, 5)),
            channels(3, 2, 13, 11),
            running(2, 3, 5, use_input_stats=False),
        ),
        forms=("F",),
    ),
    row(
        "local_response_norm",
        local_response_norm,
        (
            call(A(2, 5, 3), 2),
            call(A(2, 5, 3, 4), 3, alpha=0.5, beta=0.6, k=2.0),
            call(A(1, 3, 2), 7, 0.1),
            call(A(2, 4, 3), 1),
            call(A(0, 4, 3), 2),
        ),
        forms=("F",),
    ),
    row(
        "normalize",
        normalize,
        (
            call(A(3, 4)),
            call(A(3, 4), 1.0, 0),
            call(A(2, 3, 4), p=3.0, dim=-1),
            call(A(5), dim=0),
            call(A(40, 30)),
            rough(V([[0.0, 0.0], [3.0, 4.0]])),
        ),
        forms=("F",),
        away=0.05,
    ),
    row(
        "cosine_similarity",
        cosine_similarity,
        (
            call(A(3, 4), A(3, 4)),
            call(A(3, 4), A(3, 4), 0),
            call(A(2, 3, 4), A(3, 4), dim=-1),
            call(A(5), A(5), dim=0),
            rough(V([[0.0, 0.0], [3.0, 4.0]]), V([[1.0, 0.0], [3.0, 4.0]])),
        ),
    ),
    row(
        "pairwise_distance",
        pairwise_distance,
        (
            call(A(3, 4), A(3, 4)),
            call(A(3, 4), A(3, 4, low=3.0, high=4.0), 1.0),
            call(A(3, 4), A(3, 4, low=3.0, high=4.0), p=3.0, keepdim=True),
            call(A(4), A(4)),
            call(A(3, 4), A(1, 4)),
        ),
    ),
    row(
        "bilinear",
        bilinear,
        (
            call(A(3, 4), A(3, 5), A(2, 4, 5), A(2)),
            call(A(4), A(5), A(2, 4, 5)),
            call(A(2, 3, 4), A(2, 3, 1), A(6, 4, 1), A(6)),
            call(A(0, 4), A(0, 5), A(2, 4, 5), A(2)),
        ),
    ),
    row(
        "scaled_dot_product_attention",
        attention,
        (
            call(A(4, 5), A(3, 5), A(3, 2)),
            call(A(2, 4, 5), A(2, 3, 5), A(2, 3, 2), scale=0.3),
            call(A(2, 3, 4, 5), A(2, 3, 4, 5), A(2, 3, 4, 5), is_causal=True),
            call(A(2, 4, 5), A(2, 3, 5), A(2, 3, 2), C(4, 3)),
            call(A(2, 4, 5), A(2, 3, 5), A(2, 3, 2), *MASKS),
            call(A(1, 6, 4, 5), A(1, 2, 3, 5), A(1, 2, 3, 5), enable_gqa=True),
            call(A(2, 4, 33, 16), A(2, 4, 33, 16), A(2, 4, 33, 16)),
            call(A(1, 2, 130, 3), A(1, 2, 130, 3), A(1, 2, 130, 2), is_causal=True),  # several strips
            call(A(1, 4, 70, 3), A(1, 2, 90, 3), A(1, 2, 90, 2), enable_gqa=True),
            call(A(2, 70, 3), A(2, 40, 3), A(2, 40, 2), C(1, 40)),
        ),
        forms=("F",),
    ),
)
