"""The vector functions over the whole range of float32, and what they make of special values."""

from __future__ import annotations

import math

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
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "erf": special.erf,
    "erfc": np.vectorize(math.erfc, otypes=["float64"]),  # SciPy loses 200 ulp in the tail
    "erfinv": special.erfinv,
    "lgamma": special.gammaln,
}
# Where a function is defined; elsewhere both sides give NaN, which the special values test.
DOMAIN = {
    **dict.fromkeys(("log", "sqrt", "log2", "log10", "rsqrt"), (0.0, np.inf)),
    **dict.fromkeys(("asin", "acos", "atanh", "erfinv"), (-1.0, 1.0)),
    "log1p": (-1.0, np.inf),
    "acosh": (1.0, np.inf),
    "lgamma": (2.5, np.inf),
}
# Bounds in float64; NumPy and SciPy are themselves off by an ulp or two.
ULP64 = {
    "sqrt": 0.5,
    "erfc": 8.0,
    "erfinv": 6.0,
    "lgamma": 5.0,
    "sinh": 4.0,
    "asinh": 4.0,
    "acosh": 4.0,
    "atanh": 4.0,
}


def within(name: str, x: np.ndarray) -> np.ndarray:
    low, high = DOMAIN.get(name, (-np.inf, np.inf))
    return x[(x >= low) & (x <= high)]


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
    x = within(name, FINITE)
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
    x = within(name, x)
    error = ulp_error(getattr(tg, name)(tg.tensor(x)).numpy(), FUNCTIONS[name](x))
    worst = int(np.argmax(error))
    assert error[worst] <= ULP64.get(name, 3.0), f"{name}({x[worst]!r}) is {error[worst]:.2f} ulp off"


TWO = {
    "pow": np.power,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "xlogy": special.xlogy,
}


@pytest.mark.parametrize("name", TWO)
def test_two_inputs_float32(name, rng):
    """At most 2 ulp over many binades of both, against float64."""
    x = np.exp(rng.uniform(-60, 60, 100_000)) * rng.choice([-1, 1], 100_000)
    y = np.exp(rng.uniform(-20, 4, 100_000)) * rng.choice([-1, 1], 100_000)
    x, y = (np.abs(x) if name == "pow" else x).astype("float32"), y.astype("float32")
    y = np.abs(y) if name == "xlogy" else y
    with np.errstate(all="ignore"):
        want = TWO[name](x.astype("float64"), y.astype("float64"))
        error = ulp_error(getattr(tg, name)(tg.tensor(x), tg.tensor(y)).numpy(), want)
    worst = int(np.argmax(error))
    assert error[worst] <= 2.0, f"{name}({x[worst]!r}, {y[worst]!r}) is {error[worst]:.2f} ulp off"


def test_pow_float64(rng):
    """Within 2 ulp of NumPy wherever the power is finite, near 1 as well."""
    x = np.concatenate([np.exp(rng.uniform(-300, 300, 50_000)), 1 + rng.uniform(-1e-3, 1e-3, 50_000)])
    y = np.concatenate([rng.uniform(-2.3, 2.3, 50_000), rng.uniform(-7e5, 7e5, 50_000)])
    error = ulp_error(tg.pow(tg.tensor(x), tg.tensor(y)).numpy(), x**y)
    worst = int(np.argmax(error))
    assert error[worst] <= 2.0, f"{x[worst]!r} ** {y[worst]!r} is {error[worst]:.2f} ulp off"


@pytest.mark.parametrize("exponent", [2, 3, 0.5, -1, -0.5, 0, 1, 7, -2.5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pow_by_one_number(dtype, exponent):
    """Common exponents have ways of their own; they agree with the general one."""
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.5, -1.5, 3e-5, 1e6], dtype)
    if abs(exponent) == 0.5:  # PyTorch takes roots here, of -0 and -inf too
        x = x[[0, 2, 4, 5, 6, 7, 8]]
    with np.errstate(all="ignore"):
        want = np.power(x, np.asarray(exponent, dtype))
    np.testing.assert_allclose(
        tg.pow(tg.tensor(x), exponent).numpy(), want, rtol=4e-7 if dtype == "float32" else 1e-15
    )


@pytest.mark.parametrize("name", ["fmod", "remainder", "floor_divide"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_remainders_are_exact(dtype, name, rng):
    """Quotients just beside whole numbers, large ones, and every binade of both operands."""
    b = np.exp(rng.uniform(-20, 20, 40_000)) * rng.choice([-1, 1], 40_000)
    a = b * np.round(np.exp(rng.uniform(0, 14, 40_000))) * rng.choice([-1, 1], 40_000)
    a, b = a.astype(dtype), b.astype(dtype)
    a = np.concatenate([a, np.nextafter(a, np.inf, dtype=dtype), np.nextafter(a, -np.inf, dtype=dtype), b])
    b = np.concatenate([b, b, b, a[:40_000]])
    got, want = getattr(tg, name)(tg.tensor(a), tg.tensor(b)).numpy(), getattr(np, name)(a, b)
    np.testing.assert_array_equal(got, want)


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
    **{name: f for name, f in FUNCTIONS.items() if name != "lgamma"},
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.rint,
    "reciprocal": np.reciprocal,
    "square": np.square,
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
    "fmod": np.fmod,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "copysign": np.copysign,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "xlogy": special.xlogy,
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
            getattr(tg, name)(tg.tensor(x)).numpy(),
            want,
            [value] * length,
            name not in ("relu", "sign", "erfinv"),
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
        assert_special(
            got, want, pairs, name not in ("maximum", "minimum", "fmax", "fmin", "remainder", "xlogy")
        )


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
