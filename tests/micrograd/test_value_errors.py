"""What a Value refuses, in which words; and that nothing has changed then."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.micrograd.engine import Value

REFUSED = {
    "v + 'x'": (TypeError, "Value' and 'str'"),
    "'x' + v": (TypeError, "str"),
    "v - None": (TypeError, "NoneType"),
    "v * [1]": (TypeError, "Value"),
    "v / object()": (TypeError, "object"),
    "v ** '2'": (TypeError, "str"),
    "v + 1j": (TypeError, "complex"),
    "v + tg.ones(3)": (TypeError, "Tensor"),
    "tg.ones(3) * v": (TypeError, "Tensor"),
    "v * tg.ones(1, requires_grad=True)": (TypeError, "gradient would be lost"),
    "v < 'a'": (TypeError, "'<'"),
    "pow(v, 2, 3)": (TypeError, "third argument"),
    "v // 2": (TypeError, "//"),
    "float(v)": (TypeError, "Value"),
    "Value()": (TypeError, "data"),
    "Value('3')": (TypeError, "data must be a number, got str"),
    "Value(None)": (TypeError, "data must be a number, got NoneType"),
    "Value(1j)": (TypeError, "got complex"),
    "Value(v)": (TypeError, "got a Value; its number is its .data"),
    "Value(tg.ones(3))": (TypeError, r"one number, got tinygrad_ext.Tensor of shape .*\[3\]"),
    "Value(tg.zeros(0))": (TypeError, "one number"),
    "Value(np.ones((2, 2)))": (TypeError, r"ndarray of shape \(2, 2\)"),
    "Value(1.0, (2.0,))": (TypeError, "_children must hold Values, got float"),
    "Value(1.0, 2.0)": (TypeError, "_children must hold Values, got float"),
    "Value(1.0, (), 3)": (TypeError, "str"),
    "Value(1.0, color=3)": (TypeError, "color"),
    "Value(10**400)": (OverflowError, "too large"),
    "v * 10**400": (OverflowError, "too large"),
    "v / 0": (ZeroDivisionError, "division by zero"),
    "v / 0.0": (ZeroDivisionError, "division by zero"),
    "1 / zero": (ZeroDivisionError, r"Value \*\* -1: 0.0 .* negative power"),
    "v / zero": (ZeroDivisionError, "division by zero"),
    "zero ** -0.5": (ZeroDivisionError, r"Value \*\* -0.5: 0.0"),
    "zero ** Value(-2.0)": (ZeroDivisionError, "negative power"),
    "Value(-2.0) ** 0.5": (ValueError, r"-2.0 \*\* 0.5 is not real"),
    "Value(-2.0) ** Value(0.5)": (ValueError, "not real"),
    "Value(10.0) ** 400": (OverflowError, r"10.0 \*\* 400 is too large"),
    "Value(1e-320) ** -1": (OverflowError, "too large"),
    "zero.log()": (ValueError, "must be positive, got 0.0"),
    "Value(-1.5).log()": (ValueError, "must be positive, got -1.5"),
    "Value(-1.5).sqrt()": (ValueError, "must not be negative, got -1.5"),
    "Value(1000.0).exp()": (OverflowError, "exponential of 1000.0 is too large"),
    "Value(math.inf).sin()": (ValueError, "sin.*finite, got inf"),
    "Value(math.inf).cos()": (ValueError, "cos.*finite, got inf"),
    "v.backward(3)": (TypeError, "no arguments"),
    "v.item()": (AttributeError, "item"),
    "setattr(v, 'data', 'a')": (TypeError, "Value.data must be a number, got str"),
    "setattr(v, 'data', v)": (TypeError, r"got a Value; its number is its .data"),
    "setattr(v, 'grad', None)": (TypeError, "Value.grad must be a number, got NoneType"),
    "setattr(v, 'grad', np.ones(2))": (TypeError, r"one number, got .*ndarray of shape \(2,\)"),
    "setattr(v, 'label', 3)": (TypeError, "Value.label must be a str, got int"),
    "setattr(v, '_op', None)": (TypeError, "Value._op must be a str, got NoneType"),
    "setattr(v, '_backward', 3)": (TypeError, "function of no arguments, got int"),
    "setattr(v, '_prev', 3)": (TypeError, "_prev must hold Values, got int"),
    "setattr(v, '_prev', [3])": (TypeError, "_prev must hold Values, got int"),
    "setattr(v, '_children', ())": (AttributeError, "_children"),
    "delattr(v, 'data')": (TypeError, "cannot be deleted"),
    "delattr(v, 'grad')": (TypeError, "cannot be deleted"),
    "delattr(v, 'label')": (TypeError, "cannot be deleted"),
    "delattr(v, '_prev')": (TypeError, "cannot be deleted"),
    "delattr(v, '_backward')": (TypeError, "cannot be deleted"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text):
    kind, words = REFUSED[text]
    v, zero = Value(3.0, label="v"), Value(0.0)
    v.grad = 7.0
    with pytest.raises(kind, match=words):
        eval(text, {"v": v, "zero": zero, "Value": Value, "tg": tg, "np": np, "math": math})
    assert (v.data, v.grad, v.label, v._op, v._prev) == (3.0, 7.0, "v", "", set())


def root_of(name):
    """An expression whose value exists and whose slope does not."""
    x, y = Value(0.0), Value(4.0)
    middle = {
        "square root as a power": lambda: x**0.5,
        "zeroth power": lambda: x**0,
        "square root": lambda: x.sqrt(),
        "power of a value": lambda: x ** Value(0.5),
    }[name]()
    return x, y, middle * y + y


@pytest.mark.parametrize(
    "name", ["square root as a power", "zeroth power", "square root", "power of a value"]
)
def test_no_slope(name):
    """0.0 to a negative power, as micrograd's rule has it; but no gradient has changed."""
    x, y, root = root_of(name)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match=r"backward\(\): .* at 0.0"):
            root.backward()
        assert (x.grad, y.grad, root.grad) == (0.0, 0.0, 0.0)
    x.data = 4.0
    root._prev.pop()
    (x * y).backward()
    assert (x.grad, y.grad) == (4.0, 4.0)


def test_slope_that_is_too_large():
    x = Value(1e-200)
    y = x**-1
    with pytest.raises(OverflowError, match="too large"):
        y.backward()
    with pytest.raises(OverflowError, match="too large"):
        y._backward()


def test_data_changed_under_a_rule():
    x = Value(1.0)
    y, z = x.log(), x**0.5
    x.data = 0.0
    with pytest.raises(ZeroDivisionError):
        y.backward()
    x.data = -1.0
    with pytest.raises(ValueError, match="not real"):
        z.backward()


def test_rule_that_fails():
    """The user's own exception comes through; values before it have their gradients, as in micrograd."""
    a = Value(2.0)
    out = Value(4.0, (a,), "mine")

    def rule():
        raise LookupError("mine")

    out._backward = rule
    root = out * 3.0
    with pytest.raises(LookupError, match="mine"):
        root.backward()
    assert (root.grad, out.grad, a.grad) == (1.0, 3.0, 0.0)
    out._backward = lambda: None
    root.backward()
    assert out.grad == 6.0


def test_cycle():
    """Only _prev can make one; it is refused, and the values are good for other graphs."""
    a = Value(2.0)
    b = a * 3.0
    a._prev = {b}
    for root in (a, b, b * 2.0):
        with pytest.raises(RuntimeError, match="cycle"):
            root.backward()
    a._prev = ()
    a.grad = b.grad = 0
    b.backward()
    assert a.grad == 3.0


def test_not_a_number_is_one():
    """NaN and infinities go through arithmetic as in Python."""
    for x in (math.nan, math.inf, -math.inf):
        y = Value(x) * 0 + 1
        assert math.isnan(y.data)
        y.backward()
    assert math.isnan(Value(math.nan).log().data)
    assert math.isnan(Value(math.nan).relu().data)
    assert Value(math.inf).exp().data == math.inf
    assert Value(-math.inf).tanh().data == -1.0
