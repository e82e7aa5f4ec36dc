"""Losses against NumPy and SciPy."""

from __future__ import annotations

import warnings

import numpy as np
from case import A, C, Case, I, V, call, rough
from scipy import special


def loss(name, reference, calls, **options):
    return Case(name, reference, calls, **{"forms": ("F",), "ulp": 4.0, "scale": 2.0, **options})


def reduced(losses, reduction, weights=None):
    """PyTorch's `reduction`; a weighted mean divides by the weights that took part."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return losses.mean() if weights is None else losses.sum() / weights.sum()


def elementwise(f):
    """The reference of a loss that is f(x, t, ...) elementwise."""

    def reference(x, t, *args, reduction="mean", weight=None, **kwargs):
        each = f(x, t, *args, **kwargs)
        each = each if weight is None else each * weight
        return reduced(each, reduction, weight)

    return reference


def picked(logp, target):
    """-logp[n, target[n], ...] for logp of shape [N, C, ...] or [C]."""
    dim = 1 if logp.ndim > 1 else 0
    safe = np.expand_dims(np.clip(target, 0, logp.shape[dim] - 1), dim)
    return -np.take_along_axis(logp, safe, dim).squeeze(dim)


def nll_loss(logp, target, weight=None, ignore_index=-100, reduction="mean"):
    used = (target != ignore_index).astype(logp.dtype)
    if weight is not None:
        used = used * weight[np.clip(target, 0, len(weight) - 1)]
    return reduced(np.where(target == ignore_index, 0, picked(logp, target) * used), reduction, used)


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
        return reduced(losses, reduction)
    used = (target != ignore_index).astype(logp.dtype)
    chosen = used * per_class.ravel()[np.clip(target, 0, classes - 1)]
    smooth = -(logp * per_class).sum(dim) / classes * used
    losses = (1 - label_smoothing) * picked(logp, target) * chosen + label_smoothing * smooth
    return reduced(losses, reduction, chosen)


def multi_margin_loss(x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    rows, index = np.atleast_2d(x), np.atleast_1d(target)
    n, classes = rows.shape
    own = rows[np.arange(n), index][:, None]
    each = np.maximum(0, margin - own + rows) ** p * (1 if weight is None else weight[index][:, None])
    each[np.arange(n), index] = 0
    each = each.sum(1) / classes
    return reduced(each.reshape(target.shape), reduction)


def multilabel_margin_loss(x, target, reduction="mean"):
    each = []
    for row, labels in zip(np.atleast_2d(x), np.atleast_2d(target), strict=True):
        end = list(labels).index(-1) if -1 in labels else len(labels)
        wanted = labels[:end]
        others = [i for i in range(len(row)) if i not in wanted]
        each.append(sum(max(0, 1 - row[j] + row[i]) for j in wanted for i in others) / len(row))
    each = np.array(each, x.dtype)
    return reduced(each if x.ndim > 1 else each.reshape(()), reduction)


def multilabel_soft_margin_loss(x, t, weight=None, reduction="mean"):
    each = -(t * special.log_expit(x) + (1 - t) * special.log_expit(-x))
    return reduced((each if weight is None else each * weight).mean(-1), reduction)


def bce_with_logits(x, y, weight=None, reduction="mean", pos_weight=None):
    """-w [p y log sigmoid(x) + (1 - y) log sigmoid(-x)]."""
    p = 1.0 if pos_weight is None else pos_weight
    losses = -(p * y * special.log_expit(x) + (1 - y) * special.log_expit(-x))
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy(x, y, weight=None, reduction="mean"):
    losses = -(y * np.maximum(np.log(x), -100) + (1 - y) * np.maximum(np.log1p(-x), -100))
    return reduced(losses if weight is None else losses * weight, reduction)


def huber(x, t, delta=1.0):
    d = np.abs(x - t)
    return np.where(d < delta, d * d / 2, delta * (d - delta / 2))


def huber_loss(x, t, reduction="mean", delta=1.0, weight=None):
    each = huber(x, t, delta) * (1 if weight is None else weight)
    return reduced(each, reduction)


def smooth_l1(x, t, beta=1.0):
    return huber(x, t, beta) / beta if beta else np.abs(x - t)


def kl_div(x, t, reduction="mean", log_target=False):
    each = np.exp(t) * (t - x) if log_target else special.xlogy(t, t) - t * x
    if reduction == "batchmean":
        return each.sum() / (len(x) if x.ndim else 1)
    return reduced(each, reduction)


def hinge_loss(x, t, margin=1.0, reduction="mean"):
    return reduced(np.maximum(0, margin - t * x), reduction)


def gaussian_nll_loss(x, t, var, full=False, eps=1e-6, reduction="mean"):
    var = np.asarray(var)
    if var.shape == x.shape[:-1] and var.shape != x.shape and var.ndim:
        var = var[..., None]
    var = np.maximum(var, eps)
    each = (np.log(var) + (x - t) ** 2 / var) / 2 + (np.log(2 * np.pi) / 2 if full else 0)
    return reduced(each, reduction)


def poisson_nll_loss(x, t, log_input=True, full=False, eps=1e-8, reduction="mean"):
    each = np.exp(x) - t * x if log_input else x - t * np.log(x + eps)
    if full:
        safe = np.maximum(t, 1)
        each = each + np.where(t > 1, safe * np.log(safe) - safe + np.log(2 * np.pi * safe) / 2, 0)
    return reduced(each, reduction)


def _quiet(name):
    """PyTorch's function without its advice on other settings."""

    def function(*args, **kwargs):
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(torch.nn.functional, name)(*args, **kwargs)

    return function


WEIGHT = C(5, low=0.2, high=2.0)
NLL = (
    call(A(4, 5), I(4, high=5)),
    call(A(4, 5), I(4, high=5), reduction="sum"),
    call(A(4, 5), I(4, high=5), reduction="none"),
    call(A(4, 5), I(4, high=5), WEIGHT),
    call(A(4, 5), I(4, high=5), WEIGHT, reduction="sum"),
    call(A(4, 5), I(4, high=5), WEIGHT, reduction="none"),
    call(A(4, 5), V([1, 4, -100, 0], "index")),
    call(A(4, 5), V([1, 4, -100, 0], "index"), reduction="none"),
    call(A(4, 5), V([1, 4, 3, 3], "index"), WEIGHT, ignore_index=3),
    call(A(2, 5, 3), I(2, 3, high=5), reduction="none"),
    call(A(2, 5, 3, 2), I(2, 3, 2, high=5), WEIGHT),
    call(A(5), I(high=5)),
    call(A(5), I(high=5), reduction="none"),
    call(A(37, 41), I(37, high=41)),
    call(A(0, 5), I(0, high=5), reduction="sum"),
)
SHARES = (A(4, 5, low=0.0, high=0.4),)

PLAIN = (
    ((4,), {}),
    ((3, 5), {"reduction": "sum"}),
    ((3, 5), {"reduction": "none"}),
    ((), {}),
    ((0, 3), {"reduction": "sum"}),
    ((1003,), {}),
)
UNIT = {"low": 0.0, "high": 1.0}


def pairs(target=UNIT, input={}, kinked=False, **options):  # noqa: B006 - never changed
    """One call per kind; of many numbers some lie beside a kink."""
    return tuple(
        (rough if kinked and s == (1003,) else call)(A(*s, **input), A(*s, **target), **{**k, **options})
        for s, k in PLAIN
    )


def signs(*shape):
    """Targets 1 and -1."""
    rng = np.random.default_rng(7)
    return V(rng.choice([-1.0, 1.0], shape), "const")


def signed(*kinds):
    return tuple((rough if s == (1003,) else call)(A(*s), signs(*s), **k) for s, k in kinds)


WEIGHTED = tuple(
    call(A(3, 4), A(3, 4), weight=C(3, 4, low=0.2, high=2.0), reduction=r) for r in ("mean", "sum", "none")
)
LOGITS = (
    *pairs(),
    call(A(3, 5), A(3, 5, **UNIT), C(5, low=0.2, high=2.0)),
    call(A(3, 5), A(3, 5, **UNIT), pos_weight=C(5, low=0.2, high=2.0)),
    call(A(6, low=-80.0, high=80.0), A(6, **UNIT), reduction="none"),
)
ROWS = (
    loss("mse_loss", elementwise(lambda x, t: (x - t) ** 2), (*pairs({}), *WEIGHTED)),
    loss(
        "l1_loss",
        elementwise(lambda x, t: np.abs(x - t)),
        (*pairs({"low": 3.0, "high": 4.0}), *WEIGHTED[:2]),
    ),
    loss(
        "smooth_l1_loss",
        elementwise(smooth_l1),
        (
            *pairs({}, kinked=True),
            *pairs({}, kinked=True, beta=0.5),
            *pairs({"low": 3.0, "high": 4.0}, beta=0.0),
        ),
    ),
    loss("huber_loss", huber_loss, (*pairs({}, kinked=True), *pairs({}, kinked=True, delta=0.3), *WEIGHTED)),
    loss(
        "binary_cross_entropy",
        binary_cross_entropy,
        (
            *pairs(input={"low": 0.05, "high": 0.95}),
            call(A(3, 5, low=0.05, high=0.95), A(3, 5, **UNIT), C(5, low=0.2, high=2.0)),
            rough(V([0.0, 1.0, 0.0, 1.0, 1e-30]), V([0.0, 1.0, 1.0, 0.0, 1.0]), reduction="none"),
        ),
    ),
    loss("binary_cross_entropy_with_logits", bce_with_logits, LOGITS),
    loss(
        "kl_div",
        kl_div,
        (
            *pairs({"low": 0.1, "high": 1.0}),
            *pairs({}, log_target=True),
            call(A(3, 4), A(3, 4, low=0.1, high=1.0), reduction="batchmean"),
            rough(V([-1.0, -2.0]), V([0.0, 0.5])),
        ),
        torch=_quiet("kl_div"),
    ),
    loss(
        "soft_margin_loss",
        elementwise(lambda x, t: np.logaddexp(0, -t * x)),
        (*pairs({}), *signed(((5,), {}))),
        torch=lambda x, t, reduction="mean": reduced((1 + (-t * x).exp()).log(), reduction),
    ),
    loss(
        "hinge_loss",
        hinge_loss,
        (*signed(*PLAIN), *signed(((5,), {"margin": 0.3}))),
        torch=lambda x, t, margin=1.0, reduction="mean": reduced((margin - t * x).clamp(min=0), reduction),
    ),
    loss(
        "gaussian_nll_loss",
        gaussian_nll_loss,
        (
            *(call(A(*s), A(*s), A(*s, low=0.3, high=2.0), **k) for s, k in PLAIN),
            call(A(3, 5), A(3, 5), A(3, low=0.3, high=2.0), full=True),
            call(A(3, 5), A(3, 5), A(3, 1, low=0.3, high=2.0), reduction="none"),
            call(A(3, 5), A(3, 5), 0.5),
            rough(V([1.0, 2.0]), V([0.0, 4.0]), V([1e-9, 1.0])),
        ),
        scale=40.0,
    ),
    loss(
        "poisson_nll_loss",
        poisson_nll_loss,
        (
            *pairs({"low": 0.0, "high": 5.0}),
            *pairs({"low": 0.0, "high": 5.0}, input={"low": 0.2, "high": 4.0}, log_input=False),
            call(A(3, 5), C(3, 5, low=0.0, high=9.0), full=True),
        ),
        scale=8.0,
    ),
    loss("nll_loss", nll_loss, NLL),
    loss(
        "cross_entropy",
        cross_entropy,
        (
            *NLL,
            call(A(4, 5), I(4, high=5), label_smoothing=0.1),
            call(A(4, 5), V([1, 4, -100, 0], "index"), WEIGHT, label_smoothing=0.3),
            call(A(2, 5, 3), I(2, 3, high=5), WEIGHT, label_smoothing=0.3, reduction="none"),
            call(A(4, 5), *SHARES),
            call(A(4, 5), *SHARES, WEIGHT, reduction="sum"),
            call(A(4, 5), *SHARES, reduction="none", label_smoothing=0.2),
            call(A(2, 5, 3), A(2, 5, 3, low=0.0, high=0.4), WEIGHT),
            rough(A(3, 4, low=-1e4, high=1e4), I(3, high=4)),
        ),
        scale=4.0,
    ),
    loss(
        "multi_margin_loss",
        multi_margin_loss,
        (
            call(A(4, 5), I(4, high=5)),
            call(A(4, 5), I(4, high=5), p=2, margin=0.7),
            call(A(4, 5), I(4, high=5), weight=WEIGHT, reduction="sum"),
            call(A(4, 5), I(4, high=5), reduction="none"),
            call(A(5), I(high=5)),
            rough(A(37, 41), I(37, high=41)),
        ),
        scale=4.0,
    ),
    loss(
        "multilabel_margin_loss",
        multilabel_margin_loss,
        (
            call(A(4), V([3, 0, -1, 1], "index")),
            call(A(3, 4), V([[3, 0, -1, 1], [-1, 0, 0, 0], [1, 2, 0, 3]], "index")),
            call(A(3, 4), V([[3, -1, -1, 1], [2, 1, -1, 0], [1, 2, 0, -1]], "index"), reduction="none"),
            call(A(2, 3), V([[0, -1, -1], [2, 1, -1]], "index"), reduction="sum"),
        ),
        scale=8.0,
    ),
    loss(
        "multilabel_soft_margin_loss",
        multilabel_soft_margin_loss,
        (
            call(A(3, 5), A(3, 5, **UNIT)),
            call(A(3, 5), A(3, 5, **UNIT), C(5, low=0.2, high=2.0), reduction="sum"),
            call(A(5), A(5, **UNIT), reduction="none"),
            call(A(40, 30), A(40, 30, **UNIT)),
        ),
    ),
)
