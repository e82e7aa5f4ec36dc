"""Graphs that users' code changes at every moment: made, differentiated, collected, freed."""

from __future__ import annotations

import contextlib
import copy
import gc
import random
import weakref

import pytest

from tinygrad_ext.micrograd import draw_dot, nn
from tinygrad_ext.micrograd.engine import Value


def test_power_made_anew_is_seen_by_the_collector():
    """An exponent is no operand, also after the value became another."""
    v = Value(3.0) ** 2.5
    v.me = v
    v.__init__(1.0)
    gc.collect()
    assert v._children == ()


def test_operand_that_looks_at_its_user_while_it_is_dropped():
    seen = []

    class Last(Value):
        def __del__(self):
            user._backward()
            seen.append((user._op, user._children))

    user = Last(2.0) ** 2
    user.__init__(1.0)
    assert seen == [("", ())]


def test_attribute_that_takes_its_owner_apart():
    class Knife:
        def __del__(self):
            v.__init__(7.0)

    v = Value(1.0, (Value(2.0),), "op")
    v._backward = Knife.__del__.__get__(Knife())
    v.knife = Knife()
    v.__dict__.clear()
    assert (v.data, v._op, v._children) == (7.0, "", ())


def test_operand_with_a_hash_that_changes_the_graph():
    class Odd(Value):
        def __hash__(self):
            user._prev = ()
            return 0

    user = Value(0.0)
    user._prev = [Odd(1.0), Odd(2.0), Odd(3.0)]
    assert len(user._prev) == 3
    assert user._prev == set()


def test_number_that_changes_what_it_is_given_to():
    class Number:
        def __float__(self):
            v.__init__(5.0)
            return 2.0

    v = Value(1.0)
    assert (v * Number()).data == 10.0
    v.data = Number()
    assert v.data == 2.0


class Named(Value):
    def __init__(self, data, other=None):
        super().__init__(data)
        self.other = other


class Slotted(Value):
    __slots__ = ("held",)


class Tangle:
    """Values that do random things to each other."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.values = [Value(1.0)]
        self.acts = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("act_")]

    def step(self):
        a, b = self.rng.choices(self.values, k=2)
        with contextlib.suppress(ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            made = self.rng.choice(self.acts)(a, b)
            if isinstance(made, Value):
                self.values.append(made)
        if len(self.values) > 60 or self.rng.random() < 0.02:
            self.rng.shuffle(self.values)
            del self.values[self.rng.randrange(1, 20) :]

    def act_arithmetic(self, a, b):
        f = self.rng.choice(
            (
                lambda: a + b,
                lambda: a * b,
                lambda: a - b,
                lambda: a / b,
                lambda: a**2,
                lambda: a**b,
                lambda: 2 - a,
            )
        )
        return f()

    act_arithmetic_again = act_arithmetic

    def act_function(self, a, b):
        return getattr(a, self.rng.choice(("relu", "tanh", "exp", "log", "sigmoid", "sqrt", "abs")))()

    def act_backward(self, a, b):
        a.backward()

    act_backward_again = act_backward

    def act_rule(self, a, b):
        a._backward()

    def act_operation(self, a, b):
        out = Value(a.data, (a, b), "mine")

        def rule():
            a.grad += out.grad
            if self.rng.random() < 0.3:
                self.step()
            if self.rng.random() < 0.05:
                raise KeyError

        out._backward = rule
        return out

    def act_share_rule(self, a, b):
        a._backward = b._backward

    def act_operands(self, a, b):
        a._prev = self.rng.sample(self.values, min(len(self.values), self.rng.randrange(4)))

    def act_named(self, a, b):
        return Named(self.rng.random(), b)

    def act_slotted(self, a, b):
        made = Slotted(1.0)
        made.held = b
        return made

    def act_attribute(self, a, b):
        a.b, a.some = b, self.values[:3]

    def act_anew(self, a, b):
        a.__init__(*self.rng.choice([(1.5,), (2, (b,), "anew", "label")]))

    def act_number(self, a, b):
        a.data, a.grad = self.rng.choice([0, 1.5, b.data]), b.grad

    def act_names(self, a, b):
        a.label, a._op = self.rng.choice(["", "x"]), self.rng.choice(["", "op"])

    def act_when_gone(self, a, b):
        weakref.finalize(a, self.step)

    def act_look(self, a, b):
        return repr(a), a._count(), a._prev, draw_dot(a), copy.copy(a)

    def act_neuron(self, a, b):
        return nn.Neuron(2, nonlin=False)([a, b])

    def act_collect(self, a, b):
        if self.rng.random() < 0.1:
            gc.collect(self.rng.randrange(3))


@pytest.mark.parametrize("seed", range(4))
def test_tangle(seed):
    """No crash, no hang; and the graphs that were part of it all are sound in the end."""
    tangle = Tangle(seed)
    for _ in range(3000):
        tangle.step()
    values, tangle.values = tangle.values, [Value(1.0)]
    for v in values:
        v.__init__(2.0)
    x = values[0]
    (x * x * x).backward()
    assert x.grad == 12.0
    gc.collect()
