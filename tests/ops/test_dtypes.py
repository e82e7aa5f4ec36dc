"""Promotion is PyTorch's: the golden table was written by golden/make_promotion.py."""

from __future__ import annotations

import json
import operator
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ext as tg

TABLE = json.loads((Path(__file__).parents[1] / "golden" / "promotion.json").read_text())
KINDS = TABLE.pop("kinds")
DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")
BINARY = {
    **{
        n: getattr(operator, n)
        for n in [
            "add",
            "sub",
            "mul",
            "truediv",
            "floordiv",
            "mod",
            "pow",
            "lt",
            "eq",
            "and_",
            "xor",
            "iadd",
            "imul",
            "itruediv",
        ]
    },
    "maximum": tg.maximum,
    "where": lambda a, b: tg.where(tg.tensor([True]), a, b),
    "cat": lambda a, b: tg.cat([a, b]),
    "stack": lambda a, b: tg.stack([a, b]),
}
TENSORS_ONLY = ("maximum", "cat", "stack")


def operand(kind: str):
    """A tensor of ones, zero- or one-dimensional, or a Python scalar."""
    if "-" not in kind:
        return {"True": True, "2": 2, "2.5": 2.5}[kind]
    dtype, ndim = kind.split("-")
    return tg.ones((2,) if ndim == "1d" else (), dtype=getattr(tg, dtype))


def check(function, args, wanted: str, what: str) -> None:
    if wanted == "-":
        with pytest.raises((RuntimeError, TypeError)):
            function(*args)
    else:
        assert str(function(*args).dtype).rsplit(".", 1)[-1] == wanted, what


@pytest.mark.parametrize("name", BINARY)
def test_pairs(name):
    for a in KINDS:
        for b, wanted in zip(KINDS, TABLE[name][a].split(), strict=True):
            tensors = [("-" in k) for k in (a, b)]
            if not any(tensors) or (name in TENSORS_ONLY and not all(tensors)):
                continue
            if name[0] == "i" and not tensors[0]:
                continue
            check(BINARY[name], (operand(a), operand(b)), wanted, f"{name} {a} {b}")


@pytest.mark.parametrize("name", [n for n in TABLE if n not in BINARY])
def test_single(name):
    for dtype, wanted in zip(DTYPES, TABLE[name].split(), strict=True):
        check(getattr(tg, name), (operand(f"{dtype}-1d"),), wanted, f"{name} {dtype}")


def test_python_data():
    """Python floats make float32, integers int64, booleans bool; NumPy arrays keep their own dtype."""
    assert tg.tensor(1.0).dtype == tg.float32
    assert tg.tensor([1, 2]).dtype == tg.int64
    assert tg.tensor([True]).dtype == tg.bool
    assert tg.tensor([1, 2.5]).dtype == tg.float32
    assert tg.tensor([]).dtype == tg.float32
    for name in DTYPES:
        assert tg.tensor(np.zeros(2, name)).dtype == getattr(tg, name)
        assert tg.zeros(2, dtype=getattr(tg, name)).numpy().dtype == np.dtype(name)
    assert tg.tensor(np.float64(2)).dtype == tg.float64
    assert tg.tensor([1, 2], dtype=tg.float64).dtype == tg.float64
    assert tg.arange(3).dtype == tg.int64
    assert tg.arange(3.0).dtype == tg.float32
    assert tg.full((2,), 1).dtype == tg.int64
    assert tg.full((2,), 1.0).dtype == tg.float32
    assert tg.full((2,), True).dtype == tg.bool
    assert tg.zeros(2).dtype == tg.eye(2).dtype == tg.linspace(0, 1, 2).dtype == tg.float32


@pytest.mark.parametrize(
    "name", ["float16", "uint16", "uint32", "uint64", "int8", "complex64", "object", "str"]
)
def test_foreign_numpy_dtype(name):
    """A dtype that does not exist here is refused by name, never reinterpreted."""
    with pytest.raises((TypeError, RuntimeError, ValueError), match=r"float16|u?int|complex|object|str"):
        tg.tensor(np.zeros(2, name))


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_conversion(source, target):
    """Conversion keeps every value both types can hold and truncates towards zero."""
    x = np.array([0, 1, 2, 100], source)
    got = tg.tensor(x).to(getattr(tg, target))
    assert got.dtype == getattr(tg, target)
    np.testing.assert_array_equal(got.numpy(), x.astype(target))


def test_conversion_truncates_and_wraps():
    assert tg.tensor([-1.9, 1.9, 0.5]).to(tg.int64).tolist() == [-1, 1, 0]
    assert tg.tensor([300, -1, 256]).to(tg.uint8).tolist() == [44, 255, 0]
    assert tg.tensor([2**40 + 5]).to(tg.int32).tolist() == [5]
    assert tg.tensor([0.0, -0.0, 0.1, float("nan")]).to(tg.bool).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("method", "dtype"),
    [("float", "float32"), ("double", "float64"), ("long", "int64"), ("int", "int32"), ("bool", "bool")],
)
def test_short_names(method, dtype):
    assert getattr(tg.tensor([0.0, 2.0]), method)().dtype == getattr(tg, dtype)


def test_integers_are_exact_and_wrap():
    """64-bit integers do not pass through floating point, and overflow wraps."""
    big = 2**62 + 1
    assert (tg.tensor([big]) + 0).item() == big
    assert (tg.tensor([big]) - tg.tensor([2**62])).item() == 1
    assert (tg.tensor([2**62]) * 2).item() == -(2**63)
    assert (tg.tensor([250], dtype=tg.uint8) + 10).item() == 4
    assert tg.tensor([big, 0]).sum().item() == big
    assert tg.tensor([[big, 1]]).max().item() == big
    assert (tg.tensor([3]) ** 39).item() == 3**39
    assert tg.eq(tg.tensor([big]), tg.tensor([2**62])).item() is False


@pytest.mark.parametrize("a", [-7, -6, -1, 0, 1, 6, 7])
@pytest.mark.parametrize("b", [-3, -2, 2, 3])
def test_integer_division_is_pythons(a, b):
    x, y = tg.tensor([a]), tg.tensor([b])
    assert (x // y).item() == a // b
    assert (x % y).item() == a % b
    assert (x.double() // y).item() == a // b
    assert (x.double() % y).item() == a % b
    assert (a // y).item() == a // b
    assert (a % y).item() == a % b


def test_integer_division_by_zero_is_an_error():
    for f in (operator.floordiv, operator.mod):
        with pytest.raises((RuntimeError, ZeroDivisionError), match=r"(?i)zero"):
            f(tg.tensor([1, 2]), tg.tensor([1, 0]))


def test_gradient_has_the_dtype_of_its_input():
    """Promotion inside an expression is undone on the way back."""
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    w = tg.tensor([3.0, 4.0], dtype=tg.float64, requires_grad=True)
    (x * w).sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (tg.float32, tg.float64)
    assert (x.grad.tolist(), w.grad.tolist()) == ([3.0, 4.0], [1.0, 2.0])


def test_promote_types_and_can_cast():
    """As PyTorch has it for each pair: the type of a sum, and whether that of a result may be stored."""
    for a in DTYPES:
        for b in DTYPES:
            first, second = getattr(tg, a), getattr(tg, b)
            wanted = TABLE["add"][f"{a}-1d"].split()[KINDS.index(f"{b}-1d")]
            assert tg.promote_types(first, second).name == wanted
            kind = [np.dtype(name).kind.replace("u", "i") for name in (a, b)]
            assert tg.can_cast(first, second) == ("bif".index(kind[0]) <= "bif".index(kind[1]))
            assert tg.is_signed(tg.ones(1, dtype=first)) == (a not in ("uint8", "bool"))
    assert tg.can_cast(from_=tg.int64, to=tg.uint8)
    assert tg.promote_types(type1=tg.uint8, type2=tg.bool) == tg.uint8
    assert tg.result_type(tensor1=tg.ones(1), tensor2=2) == tg.float32
