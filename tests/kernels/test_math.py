"""The vector functions over the whole range of float32, and what they make of special values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import tinygrad_ext as tg

# All finite float32 are sampled evenly in their bit patterns, so every binade counts the same.
PATTERNS = np.arange(0, 2**32, 4093, dtype=np.uint32).view(np.float32)
FINITE = PATTERNS[np.isfinite(PATTERNS)]
TINY = float(np.finfo("float32").tiny)
DENORMAL = 1e-45

FUNCTIONS = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": special.expit,
}


def ulp_error(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """|got - want| in units of the last place of `want` rounded to the type of `got`."""
    place = np.spacing(np.abs(want).astype(got.dtype)).astype("float64")
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype("float64") - want) / place
    rounded = want.astype(got.dtype)
    return np.where((got == rounded) | (np.isnan(got) & np.isnan(want)), 0.0, error)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_over_the_whole_range(name):
    """At most 2 ulp everywhere, against float64; square roots are correctly rounded."""
    x = np.abs(FINITE) if name in ("log", "sqrt") else FINITE
    with np.errstate(all="ignore"):
        want = FUNCTIONS[name](x.astype("float64"))
        error = ulp_error(getattr(tg, name)(tg.tensor(x)).numpy(), want)
    worst = int(np.argmax(error))
    assert error[worst] <= (0.5 if name == "sqrt" else 2.0), (
        f"{name}({x[worst]!r}) is {error[worst]:.2f} ulp off"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float64(name, rng):
    """Within a few ulp of NumPy, whose own error is up to one."""
    x = rng.uniform(-1, 1, 20_000) * 10.0 ** rng.uniform(-300, 2.5, 20_000)
    x = np.concatenate([x, rng.uniform(-20, 20, 20_000)])
    x = np.abs(x) if name in ("log", "sqrt") else x
    error = ulp_error(getattr(tg, name)(tg.tensor(x)).numpy(), FUNCTIONS[name](x))
    worst = int(np.argmax(error))
    assert error[worst] <= (0.5 if name == "sqrt" else 3.0), (
        f"{name}({x[worst]!r}) is {error[worst]:.2f} ulp off"
    )


def test_pow_float32(rng):
    x = np.exp(rng.uniform(-20, 20, 50_000)).astype("float32")
    y = rng.uniform(-4, 4, 50_000).astype("float32")
    error = ulp_error(tg.pow(tg.tensor(x), tg.tensor(y)).numpy(), x.astype("float64") ** y.astype("float64"))
    worst = int(np.argmax(error))
    assert error[worst] <= 2.0, f"{x[worst]!r} ** {y[worst]!r} is {error[worst]:.2f} ulp off"


SPECIAL = [
    0.0,
    -0.0,
    np.inf,
    -np.inf,
    np.nan,
    1.0,
    -1.0,
    TINY,
    -TINY,
    DENORMAL,
    -DENORMAL,
    3e38,
    -3e38,
    89.0,
    -104.0,
]
UNARY = {
    **FUNCTIONS,
    "neg": np.negative,
    "abs": np.abs,
    "sign": lambda x: np.sign(np.nan_to_num(x, nan=0.0)),  # PyTorch has no sign for NaN
    "relu": lambda x: np.where(np.isnan(x), x, np.maximum(x, 0)),
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "remainder": np.remainder,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def assert_special(got: np.ndarray, want: np.ndarray, what: list, exact_zero: bool = True) -> None:
    """NaN where NaN is due, infinities and (signed) zeros exact, the rest to rounding."""
    for g, w, x in zip(got.ravel(), want.ravel(), what, strict=True):
        if np.isnan(w):
            assert np.isnan(g), f"{x}: {g}, not nan"
        elif np.isinf(w) or w == 0:
            assert g == w, f"{x}: {g}, not {w}"
            assert not exact_zero or np.signbit(g) == np.signbit(w), f"{x}: sign of {g}, not of {w}"
        else:
            assert abs(float(g) - float(w)) <= 4 * abs(np.spacing(w)), f"{x}: {g!r}, not {w!r}"


@pytest.mark.parametrize("length", [1, 16])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", UNARY)
def test_special_values(name, dtype, length):
    """Alone and inside a full vector register, which are different code."""
    for value in SPECIAL:
        x = np.full(length, value, dtype)
        with np.errstate(all="ignore"):
            want = np.asarray(UNARY[name](x.astype("float64")), dtype)
        # NumPy keeps the sign of zero in sign() and relu(); nobody relies on it.
        assert_special(
            getattr(tg, name)(tg.tensor(x)).numpy(), want, [value] * length, name not in ("relu", "sign")
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BINARY)
def test_special_pairs(name, dtype):
    """Every pair of special values at once."""
    a, b = (v.astype(dtype) for v in np.meshgrid(np.array(SPECIAL), np.array(SPECIAL)))
    with np.errstate(all="ignore"):
        want = BINARY[name](a, b)
    got = getattr(tg, name)(tg.tensor(a), tg.tensor(b)).numpy()
    pairs = list(zip(a.ravel(), b.ravel(), strict=True))
    if want.dtype == bool:
        assert [p for p, g, w in zip(pairs, got.ravel(), want.ravel(), strict=True) if g != w] == []
    else:
        # Which zero max(0, -0) returns is left open.
        assert_special(got, want, pairs, name not in ("maximum", "minimum", "remainder"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 5, 16, 100])
def test_reductions_of_nan_and_infinity(n, dtype):
    """A NaN anywhere wins a maximum and poisons a sum."""
    for at in {0, n // 2, n - 1}:
        x = np.linspace(-1, 1, n).astype(dtype)
        x[at] = np.nan
        t = tg.tensor(x)
        assert all(np.isnan(v.item()) for v in (t.sum(), t.mean(), t.max(), t.min(), t.amax(0), t.prod()))
        assert (t.argmax().item(), t.argmin().item()) == (at, at)
        x[at] = np.inf
        t = tg.tensor(x)
        assert (t.sum().item(), t.max().item(), t.argmax().item()) == (np.inf, np.inf, at)
        assert t.logsumexp(0).item() == np.inf
    assert tg.full((n,), -np.inf).logsumexp(0).item() == -np.inf


def test_sum_is_accurate():
    """A long float32 sum keeps the error of a blocked or pairwise one."""
    x = np.full(1_000_003, 0.1, "float32")
    want = float(x.astype("float64").sum())
    assert abs(tg.tensor(x).sum().item() - want) <= 4 * np.spacing(np.float32(want))
    assert abs(tg.tensor(x.reshape(-1, 1)).sum(0).item() - want) <= 4 * np.spacing(np.float32(want))


def test_results_do_not_depend_on_the_number_of_threads(rng):
    before = tg.get_num_threads()
    x = tg.tensor(rng.standard_normal((700, 900)).astype("float32"))
    w = tg.tensor(rng.standard_normal((900, 300)).astype("float32"))
    try:
        results = []
        for n in (1, 2, 3):
            tg.set_num_threads(n)
            results.append(
                [t.numpy().tobytes() for t in (x.sum(), x.sum(0), x.sum(1), x @ w, x.exp(), x.softmax(1))]
            )
    finally:
        tg.set_num_threads(before)
    assert results[0] == results[1] == results[2]
