"""Random numbers where chance has no say: probabilities of 0 and 1, ranges of one number, no elements.

What is drawn otherwise is compared with PyTorch's numbers, in tests/core/test_random.py.
"""

from __future__ import annotations

import numpy as np
from case import ALL, FLOATS, NUMBERS, A, C, Case, DType, V, call

GIVEN = DType()


def empty(*shape, **kwargs):
    return np.zeros(kwargs.get("size", shape if not shape or isinstance(shape[0], int) else shape[0]))


def maker(name, reference, samples, dtypes=FLOATS):
    samples = tuple(call(*s.args, **s.kwargs, dtype=GIVEN) for s in samples)
    return Case(name, reference, samples, dtypes, order=0, forms=("tg",), layouts=False, ulp=0.0)


def like(name, reference, samples, dtypes=FLOATS):
    return Case(name, reference, samples, dtypes, order=0, forms=("tg",), ulp=0.0)


def into(name, value, samples, dtypes=FLOATS):
    """In-place methods that leave no choice: every element becomes `value(*args)`."""

    def reference(x, *args, **kwargs):
        return np.full_like(x, value(*args, **kwargs))

    samples = tuple(
        call(C(*shape), *s.args, **s.kwargs) for s in samples for shape in ((2, 3), (0,), (), (1003,))
    )
    return Case(name, reference, samples, dtypes, order=0, forms=("method",), ulp=2.0)


def noise(name, samples, forms=("F", "tg"), order=2, **options):
    """Dropout with p = 0, p = 1 or outside training."""

    def reference(x, p=0.5, training="alpha" not in name, inplace=False):
        return x * 0 if training and p == 1 else x

    return Case(name, reference, samples, order=order, forms=forms, ulp=0.0, **options)


def dropouts(shape, *more):
    return (
        call(A(*shape), 0.5, False),
        call(A(*shape), 0.0, True),
        call(A(*shape), p=1.0, training=True),
        *more,
    )


def one_hot(logits, tau=1.0, hard=False, eps=1e-10, dim=-1):
    """Logits so far apart that the noise does not matter."""
    return (logits == logits.max(dim, keepdims=True)).astype("float64")


def samples_of(weights, num_samples, replacement=False):
    """Rows with one weight that is not zero."""
    return np.repeat(weights.argmax(-1)[..., None], num_samples, -1)


FAR = [[0.0, 3000.0, -3000.0], [6000.0, -3000.0, 0.0]]
ONE = [[0.0, 0.25, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]

ROWS = (
    maker("rand", empty, (call(0, 3), call((2, 0)), call(size=(0,)))),
    maker("randn", empty, (call(0, 3), call((2, 0)), call(size=(0,)))),
    maker(
        "randint",
        lambda low=0, high=None, size=None, dtype=None: np.full(
            size or high, low if isinstance(high, int) and size else low - 1 if low else high - 1, dtype
        ),
        (call(1, 2, (2, 3)), call(5, 6, size=(1003,)), call(2, 3, (0, 2))),
        NUMBERS,
    ),
    maker("randperm", lambda n, dtype: np.arange(n, dtype=dtype), (call(0), call(1)), NUMBERS),
    like("rand_like", np.zeros_like, (call(A(0, 3)), call(A(2, 0)))),
    like("randn_like", np.zeros_like, (call(A(0, 3)), call(A(2, 0)))),
    like(
        "randint_like",
        lambda x, low, high=None: np.full_like(x, low if high else low - 1),
        (call(A(2, 3), 5, 6), call(A(1003), 1), call(A(0), 3, 9), call(A(), 3, 4)),
        ("float32", "float64", "int64", "int32", "uint8"),
    ),
    Case(
        "normal",
        lambda mean, std=1.0, size=None, **kwargs: np.broadcast_to(
            mean + 0.0 * std, size or np.shape(mean + 0.0 * std)
        ),
        (
            call(C(2, 3), 0.0),
            call(C(2, 3), C(3, low=0, high=0)),
            call(2.0, C(4, low=0, high=0)),
            call(C(0), 1.0),
        ),
        order=0,
        forms=("tg",),
        ulp=1.0,
    ),
    Case(
        "bernoulli",
        lambda x, p=None: np.full_like(x, p) if p is not None else x,
        (
            call(V([0.0, 1.0, 1.0], "const")),
            call(C(2, 3), 1.0),
            call(C(1003), p=0.0),
            call(C(0)),
            call(C(), 1.0),
        ),
        order=0,
        ulp=0.0,
    ),
    Case(
        "poisson", np.zeros_like, (call(C(2, 3, low=0, high=0)), call(C(0))), order=0, forms=("tg",), ulp=0.0
    ),
    Case(
        "binomial",
        lambda n, p: n * p,
        (call(V([0.0, 3.0, 7.0], "const"), V([0.0, 1.0, 1.0], "const")), call(C(0), C(0))),
        order=0,
        forms=("tg",),
        ulp=0.0,
    ),
    Case(
        "multinomial",
        samples_of,
        (
            call(V(ONE, "const"), 1),
            call(V(ONE, "const"), 5, True),
            call(V(ONE[0], "const"), 3, replacement=True),
            call(V(ONE[1], "const"), num_samples=1),
        ),
        result="int64",
        order=0,
        ulp=0.0,
    ),
    into("uniform_", lambda low, high: low, (call(3.0, 3.0), call(-0.5, -0.5))),
    into("normal_", lambda mean, std: mean, (call(3.0, 0.0), call(-0.5, std=0.0))),
    into("log_normal_", lambda mean, std: np.exp(mean), (call(1.0, 1e-20), call(-0.5, std=1e-20))),
    into("exponential_", lambda lambd: 0.0, (call(float("inf")), call(lambd=float("inf")))),
    into("cauchy_", lambda median, sigma: median, (call(1.0, 1e-30), call(-2.5, sigma=1e-30))),
    into("geometric_", lambda p: 1, (call(1 - 2.0**-50), call(p=1 - 2.0**-50)), FLOATS),
    into("bernoulli_", lambda p: p, (call(1), call(p=0)), ALL),
    into("random_", lambda low, to: low, (call(1, 2), call(0, to=1)), ALL),
    noise("dropout", dropouts((3, 4), call(A(0), training=False), call(A(), 0.0))),
    noise("alpha_dropout", dropouts((3, 4), call(A(0), training=False))),
    noise("feature_dropout", dropouts((2, 3, 4))[:2], forms=("tg",)),
    noise("feature_alpha_dropout", dropouts((2, 3, 4))),
    noise("dropout1d", dropouts((2, 3, 4), call(A(3, 4), 1.0)), forms=("F",)),
    noise("dropout2d", dropouts((2, 3, 4, 2)), forms=("F",)),
    noise("dropout3d", dropouts((2, 3, 4, 2, 1), call(A(3, 4, 2, 1), 0.0)), forms=("F",)),
    Case(
        "gumbel_softmax",
        one_hot,
        (call(V(FAR, "const")), call(V(FAR, "const"), 2.0, True), call(V(FAR, "const"), hard=True, dim=0)),
        order=0,
        forms=("F",),
        ulp=0.0,
    ),
)
