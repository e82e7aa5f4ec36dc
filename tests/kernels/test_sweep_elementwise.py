"""Every elementwise row of the op table at all sizes up to 70 and around larger ones, however operands lie.

References, domains and bounds (in ulp) are those of the rows; test_math.py has the special values.
"""

from __future__ import annotations

import numpy as np
import pytest
from case import FLOATS, Arr, Case, Drawn, Sample, array as draw
from cases import CASES
from lib import allowances, assert_close, numpy_of, outputs, reference, result_dtypes, spellings
from placing import PLACES, SIZES, Framed, place
from rows import elementwise

import tinygrad_ext as tg

LARGE = (127, 128, 129, 1023, 1024, 1025, 4095, 4096, 4097, 32767, 32768, 32769, 100_001)
MOST = 101_000


def sampled_as(samples: tuple[Sample, ...]) -> list[Case]:
    """The rows whose samples begin like these: functions of one element, or of two that broadcast."""
    return [case for case in CASES if str(case.samples[: len(samples)]) == str(samples)]


ACTIVATIONS = (
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "logsigmoid",
    "hardtanh",
)
UNARY = [*sampled_as(elementwise.UNARY), *(case for case in CASES if case.name in ACTIVATIONS)]
BINARY = sampled_as(elementwise.ARRAYS)


def both(cases: list[Case]) -> list:
    """With every dtype that has a kernel of its own; integers that become floats are only copied first."""
    return [
        pytest.param(c, dtype, id=f"{c.name}-{dtype}")
        for c in cases
        for dtype in c.dtypes
        if dtype in FLOATS or c.result != "float"
    ]


class Master:
    """One call of a row on many elements, of which the sweep compares parts."""

    def __init__(self, case: Case, dtype: str, rng: np.random.Generator, size: int, inputs: int) -> None:
        arrays = [draw(Arr((size,)), case, rng, dtype) for _ in range(inputs)]
        sample = Sample(tuple(Drawn("value", a) for a in arrays), {})
        want = reference(case, sample, dtype)
        self.function = spellings(tg, case, sample)[0]
        self.arrays, self.dtype = arrays, result_dtypes(case, sample, dtype, 1)[0]
        self.want = want[0] if self.dtype in FLOATS else want[0].astype(self.dtype)
        self.allowed = np.broadcast_to(allowances(case, sample, dtype, want)[0], self.want.shape)

    def compare(self, rng: np.random.Generator, elements: np.ndarray, what: str) -> None:
        """`elements`, positions of any shape, from operands in places drawn for each."""
        places = [str(p) for p in rng.choice(PLACES, len(self.arrays))]
        operands = [place(a[elements], p) for a, p in zip(self.arrays, places, strict=True)]
        got = numpy_of(outputs(self.function(*operands))[0])
        assert got.dtype == self.dtype
        assert_close(got, self.want[elements], self.allowed[elements], f"{what} of {elements.shape} {places}")


def test_the_rows_are_found():
    """The samples of the table decide what is swept here."""
    assert {"exp", "log", "tanh", "sigmoid", "erf", "sin", "sqrt", "gelu", "isnan"} <= {c.name for c in UNARY}
    assert {"add", "mul", "div", "maximum", "lt", "pow", "logical_and"} <= {c.name for c in BINARY}


@pytest.mark.parametrize(("case", "dtype"), both([*UNARY, *BINARY]))
def test_sizes(case, dtype, rng):
    """Every length as a row, and as the rows and columns of a matrix."""
    inputs = 1 if case in UNARY else 2
    master = Master(case, dtype, rng, 70 * 5, inputs)
    for n in SIZES:
        start = int(rng.integers(70))
        master.compare(rng, np.arange(start, start + n), case.name)
        rows = int(rng.integers(2, 6))
        shape = (rows, n) if n % 2 else (n, rows)
        master.compare(rng, np.arange(rows * n).reshape(shape), case.name)


LONG = [
    c
    for c in (*UNARY, *BINARY)
    if c.name in ("exp", "tanh", "erf", "gelu", "add", "div", "maximum", "lt", "pow")
]


@pytest.mark.parametrize(("case", "dtype"), both(LONG))
def test_large_sizes(case, dtype, rng):
    """Around what pieces and the second thread begin with, one more and one less."""
    master = Master(case, dtype, rng, MOST, 1 if case in UNARY else 2)
    for n in LARGE:
        master.compare(rng, np.arange(n), case.name)
    for shape in ((317, 318), (3, 33_335), (33_335, 3), (47, 46, 46)):
        master.compare(rng, np.arange(np.prod(shape)).reshape(shape), case.name)


@pytest.mark.parametrize(
    ("case", "dtype"), both([c for c in BINARY if "int32" not in c.dtypes or c.name in ("add", "lt")])
)
def test_broadcasting(case, dtype, rng):
    """A row with a column, a number or a matrix, of every size in one dim or the other."""
    for n in SIZES:
        m = int(rng.integers(1, 71))
        for a, b in (((n, 1), (1, m)), ((m,), (n, m)), ((m, n), (m, 1)), ((), (n, 2)), ((2, 1, n), (3, 1))):
            sample = Sample(
                (
                    Drawn("value", draw(Arr(a), case, rng, dtype)),
                    Drawn("value", draw(Arr(b), case, rng, dtype)),
                ),
                {},
            )
            want = reference(case, sample, dtype)
            x, y = (place(arg.array, str(rng.choice(PLACES))) for arg in sample.args)
            got = spellings(tg, case, sample)[0](x, y).numpy()
            assert_close(
                got, want[0], allowances(case, sample, dtype, want)[0], f"{case.name} of {a} and {b}"
            )


@pytest.mark.parametrize("name", ["exp", "tanh", "sqrt", "sigmoid", "neg", "relu"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_unary_in_place(dtype, name, rng):
    """What lies beside the elements stays; the values are those of the function on a copy."""
    for n in SIZES:
        for shape in ((n,), (int(rng.integers(1, 6)), n)):
            x = rng.uniform(0.5, 2.0, shape).astype(dtype)
            into = Framed(x, str(rng.choice(PLACES)))
            getattr(into.tensor, f"{name}_")()
            np.testing.assert_array_equal(
                into.tensor.numpy(), getattr(tg, name)(tg.tensor(x)).numpy(), err_msg=f"{shape}"
            )
            into.assert_untouched(f"{name}_ of {shape}")


EXACT = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8"])
def test_binary_in_place(dtype, name, rng):
    """Correctly rounded, with operands that broadcast or overlap, and nothing written beside the result."""
    if name == "div" and dtype[0] != "f":
        return
    for n in SIZES:
        m = int(rng.integers(1, 6))
        x = rng.integers(1, 100, (m, n)).astype(dtype)
        for shape in ((m, n), (n,), (m, 1), ()):
            y = rng.integers(1, 100, shape).astype(dtype)
            into = Framed(x, str(rng.choice(PLACES)))
            getattr(into.tensor, f"{name}_")(place(y, str(rng.choice(PLACES))))
            np.testing.assert_array_equal(
                into.tensor.numpy(), EXACT[name](x, y), err_msg=f"{x.shape}, {shape}"
            )
            into.assert_untouched(f"{name}_ of {x.shape} and {shape}")
        memory = tg.tensor(x.reshape(-1))
        if m > 1:  # each element and the one before it, as they were
            memory[1:].add_(memory[:-1])
            flat = x.reshape(-1)
            np.testing.assert_array_equal(
                memory.numpy()[1:], flat[1:] + flat[:-1], err_msg=f"overlap, {x.shape}"
            )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_where(dtype, rng):
    for n in SIZES:
        m = int(rng.integers(1, 71))
        for shapes in (
            ((n,),) * 3,
            ((m, n),) * 3,
            ((n, 1), (1, m), (n, m)),
            ((n,), (), ()),
            ((), (m, n), (n,)),
        ):
            c = rng.random(shapes[0]) < 0.5
            a, b = (rng.integers(0, 2 if dtype == "bool" else 100, s).astype(dtype) for s in shapes[1:])
            operands = [place(v, str(rng.choice(PLACES))) for v in (c, a, b)]
            np.testing.assert_array_equal(tg.where(*operands).numpy(), np.where(c, a, b), err_msg=f"{shapes}")


@pytest.mark.parametrize("to", ["float32", "float64", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_casts(dtype, to, rng):
    for n in SIZES:
        x = (rng.random((3, n)) * 120).astype(dtype)
        got = place(x, str(rng.choice(PLACES))).to(getattr(tg, to)).numpy()
        assert got.dtype == to
        np.testing.assert_array_equal(got, x.astype(to), err_msg=f"{x.shape}")
