"""Side by side with the real package, where it is installed: random programs with shared values."""

from __future__ import annotations

import math
import random
import sys

import pytest
from hypothesis import given, settings, strategies as st

from tinygrad_ext.micrograd import nn
from tinygrad_ext.micrograd.engine import Value

# Not importorskip("micrograd"): this folder has that name.
engine = pytest.importorskip("micrograd.engine")
REL = 1e-12

NUMBERS = st.one_of(
    st.sampled_from([-3, -1, 0, 1, 2, 0.5, -0.25, 1.5, -2.0]),
    st.floats(-4, 4, allow_subnormal=False).map(lambda x: round(x, 3)),
)
EXPONENTS = st.sampled_from([-2, -1, 0, 1, 2, 3, 0.5, -1.0, 1.5, 2.0])
INDEX = st.integers(0, 10**6)
STEP = st.one_of(
    st.tuples(st.sampled_from(["+", "-", "*", "/"]), INDEX, INDEX),
    st.tuples(st.sampled_from(["+n", "n+", "-n", "n-", "*n", "n*", "/n", "n/"]), INDEX, NUMBERS),
    st.tuples(st.sampled_from(["neg", "relu", "double", "square"]), INDEX, INDEX),
    st.tuples(st.just("pow"), INDEX, EXPONENTS),
    st.tuples(st.sampled_from(["backward", "zero", "zero all", "descend", "call rule"]), INDEX, INDEX),
)
OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "n+": lambda a, b: b + a,
    "n-": lambda a, b: b - a,
    "n*": lambda a, b: b * a,
    "n/": lambda a, b: b / a,
    "neg": lambda a, _: -a,
    "relu": lambda a, _: a.relu(),
    "double": lambda a, _: a + a,
    "square": lambda a, _: a * a,
    "pow": lambda a, e: a**e,
}


def act(values, step):
    """One step of a program on a list of values: a new one, or something done to one that is there."""
    name, i, other = step
    v = values[i % len(values)]
    if name == "backward":
        v.backward()
    elif name == "zero":
        v.grad = 0
    elif name == "zero all":
        for u in values:
            u.grad = 0.0
    elif name == "descend":
        v.data += -0.01 * v.grad
    elif name == "call rule":
        v._backward()
    elif name in ("+", "-", "*", "/"):
        values.append(OPERATIONS[name](v, values[other % len(values)]))
    else:
        values.append(OPERATIONS[name if name in OPERATIONS else name[0]](v, other))


def everything(values):
    """All values of their graphs, operands included, in an order that both libraries share."""
    return [(v.data, v.grad, v._op, len(v._prev)) for v in values]


def tame(values):
    return all(abs(x) < 1e60 for v in values for x in (v.data, v.grad))


def close(x, y, scale):
    return x == y or (math.isnan(x) and math.isnan(y)) or abs(x - y) <= REL * max(abs(x), abs(y), scale)


def run(leaves, steps):
    """Both libraries go through the program; whatever one of them refuses must be refused by the other."""
    ours, theirs = [Value(x) for x in leaves], [engine.Value(x) for x in leaves]
    # What gradients are sums of: cancellation is measured against it.
    scale = 0.0
    for step in steps:
        errors = []
        for values in (theirs, ours):
            try:
                act(values, step)
                errors.append(None)
            except (ZeroDivisionError, OverflowError, ValueError) as error:
                errors.append(type(error))
        if any(isinstance(x, complex) for v in theirs for x in (v.data, v.grad)):
            errors[0] = ValueError  # a negative number to a fractional power, which is refused here
        assert errors[0] is errors[1], (step, errors)
        if errors[0]:
            return
        if not tame(theirs):
            return
        scale = max([scale, *(abs(v.grad) for v in theirs)])
        for number, (a, b) in enumerate(zip(everything(ours), everything(theirs), strict=True)):
            assert a[2:] == b[2:], (step, number, a, b)
            assert close(a[0], b[0], 0.0), (step, number, a, b)
            assert close(a[1], b[1], scale), (step, number, a, b)


@settings(max_examples=150, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=4), st.lists(STEP, min_size=1, max_size=30))
def test_random_programs(leaves, steps):
    run(leaves, steps)


def random_step(rng):
    name = rng.choice(
        [
            *OPERATIONS,
            "+n",
            "-n",
            "*n",
            "/n",
            "backward",
            "backward",
            "zero",
            "zero all",
            "descend",
            "call rule",
        ]
    )
    if name == "pow":
        return name, rng.randrange(10**6), rng.choice([-1, 0, 1, 2, 3, 2.0, 0.5])
    if "n" in name[0] + name[-1] and name not in ("neg",):
        return name, rng.randrange(10**6), rng.choice([rng.uniform(-2, 2), rng.randint(-2, 2)])
    return name, rng.randrange(10**6), rng.randrange(10**6)


def test_many_longer_programs():
    rng = random.Random(0)
    for _ in range(400):
        leaves = [rng.choice([rng.uniform(-2, 2), rng.randint(-3, 3)]) for _ in range(rng.randint(1, 4))]
        run(leaves, [random_step(rng) for _ in range(rng.randint(5, 60))])


@settings(max_examples=150, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=3), st.lists(STEP, min_size=1, max_size=12))
def test_text(leaves, steps):
    """repr is the same text, apart from the last digits of floats."""
    ours, theirs = [Value(x) for x in leaves], [engine.Value(x) for x in leaves]
    for step in steps:
        try:
            act(theirs, step)
        except (ZeroDivisionError, OverflowError):
            return
        if any(isinstance(v.data, complex) for v in theirs) or not tame(theirs):
            return
        act(ours, step)
        for a, b in zip(ours, theirs, strict=True):
            for mine, number in zip(repr(a)[6:-1].split(", "), (b.data, b.grad), strict=True):
                text = mine.partition("=")[2]
                kept = isinstance(number, int) and abs(number) <= 2**53
                assert ("." in text or "e" in text or "n" in text) == (not kept), (step, a, b)


@pytest.mark.parametrize("seed", range(5))
def test_networks(seed):
    """The same seed makes the same network, which gives the same output and gradients."""
    from micrograd import nn as original

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
    random.seed(seed)
    ours = nn.MLP(3, [5, 4, 2])
    random.seed(seed)
    theirs = original.MLP(3, [5, 4, 2])
    assert repr(ours) == repr(theirs)
    x = [random.uniform(-2, 2) for _ in range(3)]
    outputs = ours(x), theirs(x)
    assert [v.data for v in outputs[0]] == [v.data for v in outputs[1]]
    for out in outputs:
        (out[0] * out[1] - 1).backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (p.data, type(q.data) is int) == (q.data, repr(p).startswith("Value(data=0,"))
        assert close(p.grad, q.grad, 1.0)
