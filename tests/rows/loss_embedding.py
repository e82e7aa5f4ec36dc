"""Losses of distances and rankings against NumPy."""

from __future__ import annotations

import numpy as np
from case import A, call, rough

from rows.loss import PLAIN, loss, reduced, signed, signs


def hinge_embedding_loss(x, t, margin=1.0, reduction="mean"):
    each = np.where(t != -1, x, 0) + np.where(t != 1, np.maximum(0, margin - x), 0)
    return reduced(each, reduction)


def margin_ranking_loss(a, b, t, margin=0.0, reduction="mean"):
    return reduced(np.maximum(0, margin - t * (a - b)), reduction)


def cosine_embedding_loss(a, b, t, margin=0.0, reduction="mean"):
    cosine = (a * b).sum(-1) / np.sqrt(((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12))
    each = np.where(t == 1, 1 - cosine, 0) + np.where(t == -1, np.maximum(0, cosine - margin), 0)
    return reduced(each, reduction)


def triplet_margin_loss(a, b, c, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):

    def distance(x, y):
        return (np.abs(x - y + eps) ** p).sum(-1) ** (1 / p)

    near, far = distance(a, b), distance(a, c)
    far = np.minimum(far, distance(b, c)) if swap else far
    return reduced(np.maximum(0, margin + near - far), reduction)


def distance(a, b):
    """pairwise_distance in operators that every library has."""
    return (((a - b) + 1e-6) ** 2).sum(-1) ** 0.5


TRIPLES = (
    (((3, 4),) * 3, {}),
    (((3, 4),) * 3, {"reduction": "sum", "margin": 2.0}),
    (((3, 4),) * 3, {"reduction": "none", "swap": True}),
    (((4,),) * 3, {"p": 3.0}),
    (((40, 30),) * 3, {}),
)

ROWS = (
    loss(
        "hinge_embedding_loss",
        hinge_embedding_loss,
        (*signed(*PLAIN), *signed(((5,), {"margin": 0.3}))),
    ),
    loss(
        "margin_ranking_loss",
        margin_ranking_loss,
        tuple(
            (rough if s == (1003,) else call)(A(*s), A(*s), signs(*s), **k)
            for s, k in (*PLAIN, ((5,), {"margin": 0.4}))
        ),
    ),
    loss(
        "cosine_embedding_loss",
        cosine_embedding_loss,
        (
            call(A(4, 3), A(4, 3), signs(4)),
            call(A(4, 3), A(4, 3), signs(4), margin=-0.9, reduction="sum"),
            call(A(4, 3), A(4, 3), signs(4), reduction="none"),
            call(A(3), A(3), signs()),
        ),
        scale=8.0,
    ),
    loss(
        "triplet_margin_with_distance_loss",
        lambda a, b, c, distance_function=None, **k: triplet_margin_loss(a, b, c, **k),
        (
            call(A(3, 4), A(3, 4), A(3, 4)),
            call(A(3, 4), A(3, 4), A(3, 4), distance_function=distance, margin=0.5, swap=True),
        ),
        scale=16.0,
    ),
    loss(
        "triplet_margin_loss",
        triplet_margin_loss,
        tuple(call(*(A(*s) for s in shapes), **k) for shapes, k in TRIPLES),
        scale=16.0,
    ),
)
