"""Slices by number, read and written, and elements chosen by a mask."""

from __future__ import annotations

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, C, Case, I, M, V, call, ours, rough

from rows.gathering import quietly

COPIES = (
    call(A(5, 3), 0, V([4, 0], "index"), A(2, 3)),
    call(A(5, 3), -1, V([2, 0, 1], "index"), A(5, 3)),
    call(A(2, 4, 3), 1, V([3], "index"), A(2, 1, 3)),
    call(A(5), 0, V(2, "index"), A()),
    call(A(5, 3), 0, I(0, high=5), A(0, 3)),
    call(A(41, 37), dim=1, index=V([36, 0, 7], "index"), source=A(41, 3)),
)
ADDS = (
    *(s for s in COPIES if s.args[0].shape != (5,)),
    call(A(5, 3), 0, I(9, high=5), A(9, 3)),
    call(A(5, 3), 1, I(4, high=3), A(5, 4), alpha=2),
    call(A(7, 3), 0, I(400, high=7), A(400, 3)),
)


def at(x, dim, index):
    return (*(slice(None),) * (dim % x.ndim), index)


def index_add(x, dim, index, source, *, alpha=1):
    y = x.copy()
    np.add.at(y, at(x, dim, index), alpha * source)
    return y


def index_copy(x, dim, index, source):
    y = x.copy()
    y[at(x, dim, index)] = source
    return y


def index_reduce(x, dim, index, source, reduce, *, include_self=True):
    """Each slice along dim reduced with the slices of source that are sent to it."""
    y = np.moveaxis(x.copy(), dim, 0)
    s = np.moveaxis(source, dim, 0)
    floor = np.issubdtype(x.dtype, np.integer)
    mean = (
        (lambda v: np.floor_divide(v.sum(0, dtype=v.dtype), len(v))) if floor else (lambda v: np.mean(v, 0))
    )
    reduction = {
        "prod": lambda v: np.prod(v, 0),
        "mean": mean,
        "amax": lambda v: np.max(v, 0),
        "amin": lambda v: np.min(v, 0),
    }[reduce]
    for i in range(len(y)):
        values = [y[i]] * include_self + [s[j] for j in np.flatnonzero(index == i)]
        if values:
            y[i] = reduction(np.array(values, y.dtype))
    return np.moveaxis(y, 0, dim)


def index_put(x, indices, values, accumulate=False):
    y = x.copy()
    key = tuple(slice(None) if i is None else i for i in indices)
    if accumulate:
        np.add.at(y, key, values)
    else:
        y[key] = values
    return y


def put(x, index, source, accumulate=False):
    y = x.reshape(-1).copy()
    if accumulate:
        np.add.at(y, index, source.reshape(index.shape))
    else:
        y[index] = source.reshape(index.shape)
    return y.reshape(x.shape)


def masked_scatter(x, mask, source):
    mask = np.broadcast_to(mask, np.broadcast_shapes(x.shape, mask.shape))
    y = np.broadcast_to(x, mask.shape).copy()
    y[mask] = source.reshape(-1)[: mask.sum()]
    return y


def nonzero(x, *, as_tuple=False):
    return np.nonzero(np.atleast_1d(x)) if as_tuple else np.argwhere(x)


def one_hot(index, num_classes=-1):
    n = int(index.max()) + 1 if num_classes == -1 else num_classes
    return (index[..., None] == np.arange(n)).astype(np.int64)


def shortened(weight, index, max_norm, norm_type):
    """Rows named by index and longer than max_norm, made that long."""
    if max_norm is None:
        return weight
    norm = np.linalg.norm(weight, norm_type, axis=1, keepdims=True)
    named = np.isin(np.arange(len(weight)), index)[:, None]
    return np.where(named & (norm > max_norm), weight * (max_norm / (norm + 1e-7)), weight)


def embedding(index, weight, padding_idx=None, max_norm=None, norm_type=2.0, **_):
    return shortened(weight, index, max_norm, norm_type)[index]


def embedding_bag(
    index,
    weight,
    offsets=None,
    mode="mean",
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
    **_,
):
    if offsets is None:
        bags = [slice(i * index.shape[1], (i + 1) * index.shape[1]) for i in range(len(index))]
    else:
        ends = [*offsets[1:], index.size]
        bags = [slice(a, b) for a, b in zip(offsets, ends, strict=True)]
        bags = bags[: len(bags) - include_last_offset]
    factor = np.ones(index.size) if per_sample_weights is None else per_sample_weights.reshape(-1)
    out = np.zeros((len(bags), weight.shape[1]))
    for y, bag in zip(out, bags, strict=True):
        rows = index.reshape(-1)[bag]
        kept = rows != (None if padding_idx is None else padding_idx % len(weight))
        taken = (weight[rows] * factor[bag, None])[kept]
        if len(taken):
            y[:] = {"sum": np.sum, "mean": np.mean, "max": np.max}[mode](taken, axis=0)
    return out


ROWS = (
    Case(
        "index_select",
        lambda x, dim, index: np.take(x, np.atleast_1d(index), dim),
        (
            call(A(5, 3), 0, I(4, high=5)),
            call(A(5, 3), 1, I(6, high=3)),
            call(A(2, 3, 4), -2, I(2, high=3)),
            call(A(5, 3), 0, I(0, high=5)),
            call(A(5, 3), dim=0, index=V(2, "index")),
            call(A(37, 41), 0, I(50, high=37)),
            call(A(37, 41), 1, I(50, high=41)),
        ),
        ALL,
        ulp=0.0,
    ),
    Case(
        "take",
        lambda x, index: x.reshape(-1)[index],
        (
            call(A(5, 3), I(4, high=15, low=-15)),
            call(A(5, 3), I(2, 7, high=15)),
            call(A(), V([0, -1], "index")),
            call(A(5, 3), I(0, high=5)),
            call(A(37, 41), index=I(1003, high=37 * 41)),
        ),
        ALL,
        ulp=0.0,
    ),
    Case(
        "put",
        put,
        (
            call(A(5, 3), V([4, -1, 0], "index"), A(3)),
            call(A(5, 3), V([[4, -1], [0, 1]], "index"), A(4)),
            call(A(5, 3), I(9, high=15), A(9), accumulate=True),
            call(A(5, 3), I(9, high=15), A(3, 3), True),
            call(A(), V([0], "index"), A(1)),
            call(A(5, 3), I(0, high=5), A(0)),
        ),
        NUMBERS,
        ulp=4.0,
        scale=4.0,
        inplace=True,
    ),
    Case("index_add", index_add, ADDS, NUMBERS, ulp=8.0, scale=32.0, inplace=True),
    Case("index_copy", index_copy, COPIES, ALL, ulp=0.0, inplace=True),
    Case(
        "index_fill",
        index_copy,
        (
            call(A(5, 3), 0, I(4, high=5), 1),
            call(A(5, 3), -1, V([2, 0], "index"), A()),
            call(A(5, 3), 1, V(1, "index"), A()),
            call(A(5, 3), 0, I(0, high=5), 2),
            call(A(41, 37), 1, I(20, high=37), A()),
        ),
        ALL,
        ulp=0.0,
        inplace=True,
    ),
    Case(
        "index_reduce",
        index_reduce,
        tuple(
            sample
            for reduce in ("prod", "mean", "amax", "amin")
            for sample in (
                call(A(4, 3), 0, I(6, high=4), A(6, 3), reduce),
                call(A(4, 3), 1, I(5, high=3), A(4, 5), reduce, include_self=False),
                call(A(2, 4, 3), -2, I(5, high=4), A(2, 5, 3), reduce=reduce),
                (rough if reduce.startswith("am") else call)(
                    A(5), 0, I(200, high=5), A(200, low=0.9, high=1.1), reduce
                ),
            )
        ),
        NUMBERS,
        ulp=300.0,
        scale=64.0,
        inplace=True,
        torch=quietly("index_reduce"),
    ),
    Case(
        "index_put",
        index_put,
        (
            call(A(5, 3), (V([4, 0], "index"),), A(2, 3)),
            call(A(5, 3), (V([4, 0], "index"), V([-1, 0], "index")), A(2)),
            call(A(5, 3, 4), (V([[4], [0]], "index"), V([1, 2], "index")), A(2, 2, 4)),
            call(A(5, 3), (M(5, 3),), A()),
            call(A(5, 3), (M(5),), A(3)),
            call(A(5, 3), (I(7, high=5),), A(7, 3), accumulate=True),
            call(A(5, 3, 4), (I(7, high=5), I(7, high=3)), A(7, 4), True),
            call(A(40, 30), (I(1003, high=40), I(1003, high=30)), A(1003), True),
            call(A(5, 3), (I(0, high=5),), A(0, 3)),
        ),
        NUMBERS,
        ulp=16.0,
        scale=16.0,
        inplace=True,
    ),
    Case(
        "masked_select",
        lambda x, mask: np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape))[
            np.broadcast_to(mask, np.broadcast_shapes(x.shape, mask.shape))
        ],
        (
            call(A(4, 5), M(4, 5)),
            call(A(4, 5), M(5)),
            call(A(5), M(4, 5)),
            call(A(4, 1), M(5)),
            call(A(), V(True, "mask")),
            call(A(5), V(False, "mask")),
            call(A(0, 3), M(0, 3)),
            call(A(37, 41), mask=M(37, 41)),
        ),
        ALL,
        ulp=0.0,
    ),
    Case(
        "masked_scatter",
        masked_scatter,
        (
            call(A(4, 5), M(4, 5), A(20)),
            call(A(4, 5), M(5), A(5, 6)),
            call(A(3, 2), V([[True, False], [False, True], [True, False]], "mask"), A(3)),
            call(A(), V(True, "mask"), A(2)),
            call(A(0, 3), M(0, 3), A(0)),
            call(A(37, 41), M(37, 41), A(37, 41)),
        ),
        ALL,
        ulp=0.0,
        inplace=True,
    ),
    Case(
        "nonzero",
        nonzero,
        (
            call(A(4, 5)),
            call(A(2, 3, 4), as_tuple=True),
            call(V([0, 1, 0, 2])),
            call(V([[0, 1], [0, 0]]), as_tuple=True),
            call(V(0)),
            call(V(3), as_tuple=True),
            call(A(0, 3)),
            call(A(0, 3), as_tuple=True),
            call(A(7, 151)),
        ),
        ALL,
        result="int64",
        order=0,
        ulp=0.0,
    ),
    Case(
        "argwhere",
        np.argwhere,
        (call(A(4, 5)), call(V([0, 1, 0, 2])), call(V(0)), call(V(3)), call(A(3, 0))),
        ALL,
        result="int64",
        order=0,
        ulp=0.0,
    ),
    Case(
        "one_hot",
        one_hot,
        (call(I(5, high=3)), call(I(2, 3, high=4), 6), call(I(high=4), 4), call(I(0, high=3), 3)),
        ("int64",),
        result="int64",
        order=0,
        forms=("F",),
        ulp=0.0,
    ),
    Case(
        "embedding",
        embedding,
        (
            call(I(5, high=4), A(4, 3)),
            call(I(2, 3, high=4), A(4, 3)),
            call(I(high=4), A(4, 3)),
            call(I(0, high=4), A(4, 3)),
            rough(I(9, high=4), A(4, 3), 2),
            rough(I(9, high=4), A(4, 3), padding_idx=-1, scale_grad_by_freq=True),
            rough(I(9, high=4), C(4, 3), max_norm=1.0),
            rough(I(9, high=4), C(4, 3), None, 0.5, 1.0),
            call(I(40, 5, high=65), A(65, 8)),
        ),
        FLOATS,
        forms=("F",),
        ulp=8.0,
        layouts=False,
    ),
    Case(
        "embedding_bag",
        embedding_bag,
        (
            *(
                sample
                for mode in ("sum", "mean", "max")
                for sample in (
                    call(I(4, 3, high=6), A(6, 3), mode=mode),
                    call(I(9, high=6), A(6, 3), V([0, 2, 2, 7], "index"), mode=mode),
                    call(
                        I(9, high=6),
                        A(6, 3),
                        offsets=V([0, 2, 9], "index"),
                        include_last_offset=True,
                        mode=mode,
                    ),
                    call(I(4, 3, high=6), A(6, 3), mode=mode, padding_idx=-2),
                )
            ),
            call(I(4, 3, high=6), A(6, 3), mode="sum", per_sample_weights=A(4, 3)),
            ours(
                I(9, high=6),
                A(6, 3),
                offsets=V([0, 5], "index"),
                mode="sum",
                per_sample_weights=A(9),
                padding_idx=0,
            ),
        ),
        FLOATS,
        forms=("F",),
        ulp=16.0,
        scale=8.0,
        layouts=False,
    ),
)
