"""Value answers as micrograd's: numbers, text, graph, gradients that stay on every node."""

from __future__ import annotations

import json
import math
import operator
import re
from pathlib import Path

import numpy as np
import programs
import pytest

import tinygrad_ext as tg
from tinygrad_ext.micrograd.engine import Value

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "micrograd.json").read_text())


def close(got, want, rel=1e-12):
    np.testing.assert_allclose(got, want, rtol=rel, atol=0)


def numbers(text):
    return [float(x) for x in re.findall(r"=([^,)]+)", text)]


def difference(f, x, h=1e-5):
    """Central difference of f(Value) at x."""
    return (f(Value(x + h)).data - f(Value(x - h)).data) / (2 * h)


def test_readme():
    """The README's program prints what it prints there, ints and floats told apart."""
    for got, want in zip(programs.readme(Value), GOLDEN["readme"], strict=True):
        close(numbers(got), numbers(want))
        kinds = [["." in x or "e" in x for x in re.findall(r"=([^,)]+)", text)] for text in (got, want)]
        assert kinds[0] == kinds[1], (got, want)


def test_more_operations_against_pytorch():
    a, b = Value(-4.0), Value(2.0)
    g = programs.more_operations(a, b)
    g.backward()
    want = GOLDEN["more_operations"]
    close([g.data, a.grad, b.grad], [want["g"], want["a"], want["b"]])


def test_sanity_check():
    """Worked by hand at x = -4: z = -10, q = 40, h = 100, y = 140 - 160."""
    x = Value(-4.0)
    y = programs.sanity(x)
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_lecture_neuron_whole_and_in_pieces():
    """tanh as one operation, and as exponentials and a division: the lecture's numbers."""

    def neuron():
        leaves = [Value(v, label=n) for v, n in zip((2.0, 0.0, -3.0, 1.0, 6.8813735870195432), NAMES)]  # noqa: B905
        x1, x2, w1, w2, b = leaves
        return leaves, x1 * w1 + x2 * w2 + b

    whole, n = neuron()
    n.tanh().backward()
    pieces, n = neuron()
    e = (2 * n).exp()
    o = (e - 1) / (e + 1)
    o.backward()
    close(o.data, math.tanh(n.data))
    for leaf, want in zip(whole, (-1.5, 0.5, 1.0, 0.0, 0.5), strict=True):
        np.testing.assert_allclose(leaf.grad, want, rtol=1e-9, atol=1e-15)
    close([v.grad for v in pieces], [v.grad for v in whole])


NAMES = ("x1", "x2", "w1", "w2", "b")


def test_constructor():
    a, b = Value(2.0), Value(-3)
    out = Value(1.5, (a, b, a), "mine", label="out")
    assert (out.data, out.grad, out._op, out.label) == (1.5, 0.0, "mine", "out")
    assert out._prev == {a, b}
    assert out._children == (a, b, a)
    assert (a._prev, a._op, a.label) == (set(), "", "")
    assert Value(data=1.0, _children=(), _op="", label="x").label == "x"
    assert Value(2.0, {a, b})._prev == {a, b}


def test_data_and_grad_are_floats():
    for v in (
        Value(2),
        Value(2.0),
        Value(True),
        Value(np.float32(2)),
        Value(np.int64(2)),
        Value(np.array(2.0)),
    ):
        assert type(v.data) is type(v.grad) is float
    p = Value(1.0)
    p.grad = 0.5
    p.data += -0.1 * p.grad
    assert p.data == 1.0 - 0.1 * 0.5
    p.grad += np.float64(1.5)
    assert p.grad == 2.0


def test_repr_shows_ints_where_micrograd_holds_them():
    """micrograd's data and grad stay ints as long as only ints were put in."""
    assert repr(Value(2)) == "Value(data=2, grad=0)"
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0)"
    a, b = Value(2), Value(3.5)
    c = a * a + a**3 - 1
    d = c * b
    assert [repr(v) for v in (c, d)] == ["Value(data=11, grad=0)", "Value(data=38.5, grad=0)"]
    c.backward()
    assert repr(c) == "Value(data=11, grad=1)"
    assert repr(a) == "Value(data=2, grad=16)"
    d.backward()
    assert repr(b) == "Value(data=3.5, grad=11)"
    assert repr(a) == "Value(data=2, grad=120.0)"  # interior gradients add up as well
    a.grad = 0
    (a**2.0).backward()
    assert repr(a) == "Value(data=2, grad=4.0)"
    a.grad = 0
    a.data += 0.5
    assert repr(a) == "Value(data=2.5, grad=0)"
    assert repr(Value(-2.5).relu()) == "Value(data=0, grad=0)"
    assert repr(Value(4) ** -1) == "Value(data=0.25, grad=0)"
    assert repr(Value(0) * -1) == "Value(data=0, grad=0)"
    assert repr(Value(float("nan"))) == "Value(data=nan, grad=0)"
    assert repr(Value(1e300) * 1e300) == "Value(data=inf, grad=0)"
    assert str(Value(0.1 + 0.2)) == "Value(data=0.30000000000000004, grad=0)"


def shape_of(v):
    """The graph as nested tuples of operation, number and operands."""
    return (v._op, v.data, *map(shape_of, v._children))


A, B = ("", 5.0), ("", 2.0)
MINUS_B = ("*", -2.0, B, ("", -1.0))
GRAPHS = {
    "a + b": ("+", 7.0, A, B),
    "a * b": ("*", 10.0, A, B),
    "a + 2": ("+", 7.0, A, ("", 2.0)),
    "2 + a": ("+", 7.0, A, ("", 2.0)),
    "a * 2": ("*", 10.0, A, ("", 2.0)),
    "2 * a": ("*", 10.0, A, ("", 2.0)),
    "-b": MINUS_B,
    "a - b": ("+", 3.0, A, MINUS_B),
    "a - 2": ("+", 3.0, A, ("", -2.0)),
    "2 - a": ("+", -3.0, ("*", -5.0, A, ("", -1.0)), ("", 2.0)),
    "a / b": ("*", 2.5, A, ("**-1", 0.5, B)),
    "a / 2": ("*", 2.5, A, ("", 0.5)),
    "5 / b": ("*", 2.5, ("**-1", 0.5, B), ("", 5.0)),
    "b ** 3": ("**3", 8.0, B),
    "b ** 0.5": ("**0.5", 2**0.5, B),
    "b ** -1.0": ("**-1.0", 0.5, B),
    "a.relu()": ("ReLU", 5.0, A),
    "b.tanh()": ("tanh", math.tanh(2), B),
    "b.exp()": ("exp", math.exp(2), B),
    "a ** b": ("**", 25.0, A, B),
    "2 ** a": ("**", 32.0, ("", 2.0), A),
    "sum([a, b])": ("+", 7.0, ("+", 5.0, A, ("", 0.0)), B),
    "abs(-a)": ("abs", 5.0, ("*", -5.0, A, ("", -1.0))),
}


@pytest.mark.parametrize("text", GRAPHS)
def test_graph(text):
    """Operators build micrograd's graphs, constants included."""
    assert shape_of(eval(text, {"a": Value(5.0), "b": Value(2.0)})) == GRAPHS[text]


FUNCTIONS = {
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "exp": (math.exp, math.exp),
    "log": (math.log, lambda x: 1 / x),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "abs": (abs, lambda x: math.copysign(1, x)),
    "relu": (lambda x: max(x, 0), lambda x: float(x > 0)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("x", [0.3, 1.0, 4.5, -0.7, -3.0])
def test_functions(name, x):
    value, slope = FUNCTIONS[name]
    if x < 0 and name in ("log", "sqrt"):
        return
    v = Value(x)
    y = getattr(v, name)()
    y.backward()
    close(y.data, value(x), rel=4e-16)
    close(v.grad, slope(x), rel=1e-13)
    np.testing.assert_allclose(v.grad, difference(lambda u: getattr(u, name)(), x), rtol=1e-7, atol=1e-9)
    assert y._op == {"relu": "ReLU"}.get(name, name)


def test_functions_at_their_ends():
    for x, name, value, slope in (
        (800.0, "tanh", 1.0, 0.0),
        (-800.0, "sigmoid", 0.0, 0.0),
        (800.0, "sigmoid", 1.0, 0.0),
        (0.0, "abs", 0.0, 0.0),
        (0.0, "relu", 0.0, 0.0),
        (-800.0, "exp", 0.0, 0.0),
    ):
        v = Value(x)
        y = getattr(v, name)()
        y.backward()
        assert (y.data, v.grad) == (value, slope), name


@pytest.mark.parametrize(("x", "y"), [(2.0, 3.0), (0.5, -1.5), (3.0, 0.0), (1.7, 2.5)])
def test_value_to_the_power_of_a_value(x, y):
    a, b = Value(x), Value(y)
    (a**b).backward()
    close(a.grad, y * x ** (y - 1))
    close(b.grad, x**y * math.log(x))
    a = Value(x)
    (a**a).backward()
    close(a.grad, x**x * (math.log(x) + 1))


def test_exponent_of_zero_and_of_a_negative_number():
    """PyTorch's conventions: no slope in the exponent at 0, none that is real below."""
    a, b = Value(0.0), Value(2.0)
    (a**b).backward()
    assert (a.grad, b.grad) == (0.0, 0.0)
    a = Value(-2.0)
    (a**b).backward()
    assert a.grad == -4.0
    assert math.isnan(b.grad)


def test_every_node_keeps_its_gradient_and_repeated_backward_accumulates():
    """Interior gradients add up too, so that a second pass hands on more than the first."""
    a = Value(2.0)
    b = a * 3.0
    c = b * 4.0
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1.0, 4.0, 12.0)
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1.0, 8.0, 12.0 + 24.0)
    (constant,) = (v for v in c._prev if v is not b)
    assert (constant.data, constant.grad) == (4.0, 12.0)


def test_rules_read_the_numbers_of_the_moment():
    """micrograd's closures look at data when they run, not when they were made."""
    a, b = Value(2.0), Value(3.0)
    c = a * b
    a.data = 10.0
    c.backward()
    assert (c.data, b.grad) == (6.0, 10.0)


def test_same_value_twice():
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0
    a.grad = 0
    (a * a * a).backward()
    assert a.grad == 27.0
    a.grad = 0
    (a - a).backward()
    assert a.grad == 0.0


def test_rules_called_by_hand():
    """The lecture's first pass: o.grad = 1, then _backward of one value after the other."""
    a, b, c = Value(2.0), Value(-3.0), Value(10.0)
    e = a * b
    d = e + c
    o = d.tanh()
    o.grad = 1.0
    for v in (o, d, e, c, a):
        assert v._backward() is None
    slope = 1 - math.tanh(4.0) ** 2
    close([d.grad, e.grad, c.grad, a.grad, b.grad], [slope, slope, slope, -3 * slope, 2 * slope])


def test_operation_written_by_the_user():
    """As the lecture writes tanh, first as a function and then as a method of the class."""

    def tanh(self):
        t = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    x = Value(0.5)
    y = tanh(x * 2) * 3
    y.backward()
    close(x.grad, 6 * (1 - math.tanh(1.0) ** 2))
    assert [v._op for v in y._children] == ["tanh", ""]
    built_in = Value.tanh
    try:
        Value.tanh = tanh
        x.grad = 0.0
        (x * 2).tanh().backward()
        close(x.grad, 2 * (1 - math.tanh(1.0) ** 2))
    finally:
        Value.tanh = built_in


def test_rule_replaced():
    """A user's rule stands for the built-in one, which it may call: a look at a gradient as it passes."""
    a = Value(2.0)
    b = a * 3.0
    seen, rule = [], b._backward

    def spy():
        seen.append(b.grad)
        rule()

    b._backward = spy
    assert b._backward is spy
    (b * 5.0).backward()
    assert (seen, a.grad) == ([5.0], 15.0)
    a._backward = lambda: seen.append("leaf")
    (a * 1.0).backward()
    assert seen == [5.0, "leaf"]


def test_op_and_prev_can_be_set():
    a, b = Value(1.0), Value(2.0)
    c = a + b
    c._op = "plus"
    assert c._op == "plus"
    c._prev = {a}
    assert c._prev == {a}
    c.backward()
    assert (a.grad, b.grad) == (1.0, 1.0)  # the rule still knows both


def test_compared_by_number_but_equal_by_identity():
    a, b = Value(1.0), Value(1.0)
    assert a <= b
    assert not a < b
    assert a < 2
    assert operator.lt(0.5, a)
    assert a >= np.float64(1.0)
    assert a != b
    assert a == a
    assert len({a, b, a}) == 2
    assert max([Value(1.0), Value(3.0), Value(2.0)]).data == 3.0
    assert bool(Value(0.0)) is True


def test_numpy_beside_a_value():
    """NumPy's scalars are numbers; its arrays go through element by element, as with micrograd."""
    v = Value(3.0)
    for number in (np.float64(2), np.float32(2), np.int64(2), np.int8(2), np.array(2.0), tg.tensor(2.0)):
        for y in (number * v, v * number):
            assert type(y) is Value
            assert y.data == 6.0
    for array in (np.array([1.0, 2.0]) * v, v * np.array([1.0, 2.0])):
        assert [y.data for y in array] == [3.0, 6.0]
    assert np.array([v, v]).sum().data == 6.0
    row = np.array([1.0, -2.0])
    assert [x.data for x in map(Value, row)] == [1.0, -2.0]
    assert np.exp(np.array([v]))[0].data == math.exp(3.0)


def test_a_million_terms():
    """No recursion: built, differentiated and freed; then again, on the same memory."""
    for _ in range(2):
        x = Value(1.0)
        total = x
        for _ in range(500_000):
            total = total + x
        total.backward()
        assert (total.data, x.grad, total._count()) == (500_001.0, 500_001.0, 500_001)
        total = None
