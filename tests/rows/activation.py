"""Activations and softmax against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
from case import A, Case, V, call, rough
from scipy import special

SHAPES = ((), (4,), (0, 3), (2, 3, 4), (1003,))
# Kinks, signed zeros, infinities and NaN: values only.
EDGES = V([-np.inf, -1e4, -3.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 1e4, np.inf, np.nan])
FINITE_EDGES = V([-80.0, -3.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 1e4, np.nan])


def samples(*more, edges=EDGES, kinked=False, **options):
    """One call per shape, with the same further arguments, and the edges.

    Of many numbers some lie beside a kink that is not at zero.
    """
    return (
        *(call(A(*shape), *more, **options) for shape in SHAPES if shape != (1003,)),
        (rough if kinked else call)(A(1003), *more, **options),
        call(A(7, low=-9.0, high=9.0), *more, **options),
        rough(edges, *more, **options),
    )


def activation(name, reference, calls, **options):
    return Case(name, reference, calls, **{"forms": ("F",), "domain": (-4.0, 4.0), "ulp": 4.0, **options})


def softplus(x, beta=1.0, threshold=20.0):
    z = x * beta
    return np.where(z > threshold, x, np.logaddexp(0, z) / beta)


def elu(x, alpha=1.0, inplace=False):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x, inplace=False):
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def celu(x, alpha=1.0, inplace=False):
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, x) / alpha))


def gelu(x, approximate="none"):
    if approximate == "tanh":
        return x * special.expit(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return x * special.ndtr(x)


def hardshrink(x, lambd=0.5):
    return np.where((x >= -lambd) & (x <= lambd), 0, x)


def softshrink(x, lambd=0.5):
    return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, x * 0))


def tanhshrink(x):
    """A series near zero, where the difference cancels."""
    z = x * x
    tail = 1382 / 155925 - z * (21844 / 6081075 - z * 929569 / 638512875)
    series = x * z * (1 / 3 - z * (2 / 15 - z * (17 / 315 - z * (62 / 2835 - z * tail))))
    return np.where(np.abs(x) < 0.1, series, x - np.tanh(x))


def glu(x, dim=-1):
    a, b = np.split(x, 2, dim)
    return a * special.expit(b)


def prelu(x, weight):
    if weight.size > 1 or x.ndim > 1:
        shape = [1] * x.ndim
        if x.ndim > 1:
            shape[1] = weight.size
        weight = weight.reshape(shape)
    return np.where(x > 0, x, weight * x)


def leaky_relu(x, negative_slope=0.01, inplace=False):
    return np.where(x > 0, x, negative_slope * x)


def hardtanh(x, min_val=-1.0, max_val=1.0, inplace=False):
    return np.clip(x, min_val, max_val)


def threshold(x, threshold, value, inplace=False):
    return np.where(x <= threshold, value, x)


def heaviside(x):
    return np.where(np.isnan(x), 0, np.heaviside(x, 0.0))


def softmax(x, dim, dtype=None):
    x = x if dtype is None else x.astype(dtype)
    return special.softmax(x, axis=dim)


def log_softmax(x, dim, dtype=None):
    x = x if dtype is None else x.astype(dtype)
    return special.log_softmax(x, axis=dim)


SOFTMAXES = (
    *(call(A(5), 0), call(A(3, 4), 1), call(A(3, 4), 0), call(A(2, 3, 4), -2), call(A(37, 41), -1)),
    call(A(), 0),
    call(A(37, 41), 0),
    call(A(2, 37, 3, 5), 1),
    call(A(3, 300, 2), 1),
    call(A(2, 3, 1030), dim=1),
    call(A(3, 7, low=-200.0, high=200.0), dim=1),
    rough(A(7, 3, low=-200.0, high=200.0), dim=0),
    call(A(0, 3), 1),
    call(A(3, 0), 0),
    call(A(2, 1), 1),
    rough(V([[0.0, -np.inf, 1.0], [1e4, 1.0, 2.0]]), 1),
    rough(V([[0.0, -np.inf, 1.0], [1e4, 1.0, np.nan]]), 0),
)

ROWS = (
    activation("leaky_relu", leaky_relu, (*samples(), *samples(0.3)), away=0.01, inplace=True),
    activation("elu", elu, (*samples(), *samples(alpha=2.0)), away=0.01, inplace=True),
    activation("selu", selu, samples(), forms=("tg", "F"), away=0.01, inplace=True),
    activation("celu", celu, (*samples(), *samples(0.5)), forms=("tg", "F"), away=0.01, inplace=True),
    activation(
        "gelu",
        gelu,
        (*samples(edges=FINITE_EDGES), *samples(approximate="tanh", edges=FINITE_EDGES)),
        scale=1.0,  # PyTorch cancels in the tail; test_activation.py has the bound
    ),
    activation("silu", lambda x, inplace=False: x * special.expit(x), samples(edges=FINITE_EDGES)),
    activation(
        "mish", lambda x, inplace=False: x * np.tanh(softplus(x)), samples(edges=FINITE_EDGES), ulp=6.0
    ),
    activation(
        "softplus",
        softplus,
        (*samples(), *samples(2.0, 3.0, kinked=True), *samples(beta=0.5, threshold=1.0, kinked=True)),
    ),
    activation("logsigmoid", special.log_expit, samples()),
    activation(
        "hardtanh", hardtanh, (*samples(kinked=True), *samples(-0.75, 1.5, kinked=True)), inplace=True
    ),
    activation("relu6", lambda x, inplace=False: np.clip(x, 0, 6), samples(kinked=True), away=0.01),
    activation("hardswish", lambda x, inplace=False: x * np.clip(x + 3, 0, 6) / 6, samples(kinked=True)),
    activation(
        "hardsigmoid",
        lambda x, inplace=False: np.clip(x + 3, 0, 6) / 6,
        samples(kinked=True),
        torch=lambda x: (x + 3).clamp(0, 6) / 6,  # whose own gradient has a sixth in float32
    ),
    activation("softsign", lambda x: x / (1 + np.abs(x)), samples(), away=0.01),
    activation("tanhshrink", tanhshrink, samples(edges=FINITE_EDGES), scale=1.0),
    activation(
        "softshrink",
        softshrink,
        (*samples(kinked=True), *samples(1.25, kinked=True, edges=FINITE_EDGES)),
        scale=1.0,
    ),
    activation(
        "hardshrink",
        hardshrink,
        (*samples(kinked=True, edges=FINITE_EDGES), *samples(1.25, kinked=True, edges=FINITE_EDGES)),
        forms=("tg", "method", "F"),
        ulp=0.0,
    ),
    activation(
        "threshold",
        threshold,
        (
            *samples(0.5, -2.0, kinked=True, edges=FINITE_EDGES),
            *samples(1.0, kinked=True, edges=FINITE_EDGES, value=3.0),
        ),
        inplace=True,
        forms=("tg", "F"),
        ulp=0.0,
    ),
    activation(
        "rrelu",
        lambda x, lower=1 / 8, upper=1 / 3, training=False: np.where(x > 0, x, (lower + upper) / 2 * x),
        (*samples(), *samples(0.2, 0.4)),
        inplace=True,
        forms=("tg", "F"),
        away=0.01,
    ),
    activation(
        "step",
        heaviside,
        samples(edges=FINITE_EDGES),
        order=1,
        ulp=0.0,
        away=0.01,
        torch=lambda x: x.sign().nan_to_num().clamp(min=0),
    ),
    activation(
        "glu",
        glu,
        (call(A(4)), call(A(3, 4)), call(A(4, 3), 0), call(A(2, 6, 3), dim=1), call(A(2006)), call(A(0, 4))),
    ),
    activation(
        "prelu",
        prelu,
        (
            call(A(5), A(1)),
            call(A(), A()),
            call(A(3, 4), A(1)),
            call(A(3, 4), A(4)),
            call(A(2, 3, 5), A(3)),
            call(A(0, 3), A(3)),
            call(A(2, 3, 5, 40), A(3)),
        ),
        forms=("tg", "method", "F"),
        away=0.01,
    ),
    Case("softmax", softmax, SOFTMAXES, forms=("tg", "method", "F"), ulp=4.0, scale=1.0),
    Case("log_softmax", log_softmax, SOFTMAXES, forms=("tg", "method", "F"), ulp=4.0, scale=2.0),
    activation("softmin", lambda x, dim: softmax(-x, dim), SOFTMAXES, scale=1.0, domain=(-2.0, 2.0)),
)
