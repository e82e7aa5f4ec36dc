"""Value as a Python object: its end with and without the collector, subclasses, attributes, copies."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import subprocess
import sys
import threading
import time
import weakref

import pytest

from tinygrad_ext.micrograd import nn
from tinygrad_ext.micrograd.engine import Value


@pytest.fixture
def no_collector():
    """Nothing that is freed in such a test was freed by Python's collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Named(Value):
    """A user's subclass, with a constructor and an operation of its own."""

    def __init__(self, data, name):
        super().__init__(data)
        self.name = name

    def twice(self):
        return self * 2


def test_graphs_are_freed_at_once(no_collector):
    x = Value(1.0)
    graph = ((x * 2.0 + 1.0) / x).tanh() ** 2
    refs = [weakref.ref(v) for v in (graph, *graph._prev, *next(iter(graph._prev))._prev)]
    graph.backward()
    assert all(r() is not None for r in refs)
    assert not gc.is_tracked(graph)
    del graph
    assert [r() for r in refs] == [None] * 3
    assert sys.getrefcount(x) == 2


def test_shared_values_live_as_long_as_they_are_needed(no_collector):
    x = Value(3.0)
    ref = weakref.ref(x)
    a, b = x * 2.0, x + 1.0
    del x
    assert ref() is not None
    del a
    assert [v.data for v in b._children] == [3.0, 1.0]
    del b
    assert ref() is None


def closure_of(operand, *held):
    """An operation whose rule refers to its result, as the lecture's do."""
    out = Value(operand.data, (operand,), "same")
    cell = [out, *held]

    def rule():
        operand.grad += cell[0].grad

    out._backward = rule
    return out, cell


def test_cycles_through_users_rules_are_collected(no_collector):
    x = Value(1.0)
    out, _ = closure_of(x)
    ref = weakref.ref(out)
    out.backward()
    assert x.grad == 1.0
    del out, _
    assert ref() is not None, "the rule refers to its own result"
    gc.collect()
    assert ref() is None


def test_cycles_through_later_results_are_collected(no_collector):
    """The rule refers to a value computed from its result, with built-in operations between them."""
    x = Value(1.0)
    out, cell = closure_of(x * 1.0)
    loss = ((out * 2.0).tanh() + 1.0) ** 2
    cell.append(loss)
    refs = [weakref.ref(v) for v in (out, loss)]
    loss.backward()
    del out, cell, loss
    gc.collect()
    assert [r() for r in refs] == [None, None]
    assert sys.getrefcount(x) == 2


def test_a_living_graph_is_not_collected(no_collector):
    x = Value(2.0)
    out, _ = closure_of(x)
    loss = out * 3.0
    del out, _
    gc.collect()
    loss.backward()
    assert x.grad == 3.0
    assert [v._op for v in loss._children] == ["same", ""]


@pytest.mark.parametrize("tie", ["attribute", "_prev", "bound rule", "__dict__"])
def test_other_cycles_are_collected(tie, no_collector):
    v = Value(1.0)
    if tie == "attribute":
        v.me = v
    elif tie == "_prev":
        v._prev = {v}
    elif tie == "bound rule":
        v._backward = v._backward
    else:
        v.__dict__["me"] = v
    ref = weakref.ref(v)
    del v
    gc.collect()
    assert ref() is None


def test_long_chains_of_users_rules_are_freed(no_collector):
    """Cycle on cycle, taken apart by the collector without recursion."""
    v = Value(1.0)
    ref = weakref.ref(v)
    for _ in range(20_000):
        v, _ = closure_of(v)
    v.backward()
    assert ref().grad == 1.0
    del v, _
    gc.collect()
    assert ref() is None


def test_long_chain_of_a_subclass_is_freed(no_collector):
    v = Named(1.0, "first")
    ref = weakref.ref(v)
    for _ in range(50_000):
        nxt = Named(0.0, "next")
        nxt._prev = {v}
        v = nxt
    del v, nxt
    assert ref() is None


def test_rule_that_takes_the_graph_apart():
    """A rule may replace operands, rules and numbers of values that are still to come."""
    x = Value(1.0)
    a = x * 2.0
    b = a * 3.0
    out = Value(b.data, (b,), "knife")

    def rule():
        b.grad += out.grad
        out._prev = ()
        b._prev = ()
        out._backward = lambda: None

    out._backward = rule
    ref = weakref.ref(a)
    del a
    out.backward()
    assert x.grad == 6.0
    assert out._prev == set()
    b = out = None
    gc.collect()
    assert ref() is None


def test_backward_inside_a_rule():
    """One graph is differentiated while another, with the same leaves, is."""
    x = Value(2.0)
    inner = x * x
    out = Value(1.0, (inner,), "outer")

    def rule():
        inner.backward()
        inner.grad = 0.0

    out._backward = rule
    (out * 1.0).backward()
    assert x.grad == 4.0


def test_subclass():
    v = Named(3.0, "v")
    assert (v.data, v.name) == (3.0, "v")
    y = v.twice() + v
    assert type(y) is Value, "operators make plain values, as micrograd's do"
    y.backward()
    assert v.grad == 3.0
    assert repr(v) == "Value(data=3.0, grad=3)"
    assert v in y._children


def test_subclasses_come_and_go():
    """Their types are freed with the last instance, no sooner."""
    for _ in range(200):
        kind = type("Kind", (Value,), {})
        values = [kind(1.0) for _ in range(10)]
        total = sum(values)
        ref = weakref.ref(kind)
        del kind
        total.backward()
        assert ref() is not None
        del values, total
    gc.collect()
    assert ref() is None


def test_finalizers_that_use_values():
    """Code that runs while a graph is taken apart may build and free graphs."""
    seen = []

    class Last(Value):
        def __del__(self):
            x = Value(2.0)
            y = x * x + 1.0
            y.backward()
            seen.append(x.grad)

    total = sum(Last(1.0) for _ in range(100))
    del total
    assert seen == [4.0] * 100


def test_threads():
    """Each thread differentiates graphs of its own, with rules in which another may come in between."""

    def work(x):
        for _ in range(100):
            out = Value(x.data, (x,), "slow")

            def rule(out=out):
                time.sleep(0)
                x.grad += out.grad

            out._backward = rule
            (out * x + sum(out * 1.0 for _ in range(20))).backward()

    leaves = [Value(float(i)) for i in range(4)]
    threads = [threading.Thread(target=work, args=(x,)) for x in leaves]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [x.grad for x in leaves] == [100 * (2 * i + 20.0) for i in range(4)]


def test_attributes():
    v = Value(1.0)
    v.note = [1]
    assert v.note == [1]
    assert vars(v) == {"note": [1]}
    del v.note
    with pytest.raises(AttributeError, match="note"):
        v.note  # noqa: B018


def test_constructor_called_again():
    a = Value(2.0)
    b = a * 3.0
    b.label = "b"
    b.__init__(5.0)
    assert (b.data, b.grad, b._op, b._prev, b.label) == (5.0, 0.0, "", set(), "")
    assert Value.__new__(Value).data == 0.0


def test_constructor_replaced():
    """A notebook may give the class another __init__."""
    built_in = Value.__init__
    try:
        Value.__init__ = lambda self, data: built_in(self, data * 2)
        assert Value(2.0).data == 4.0
    finally:
        Value.__init__ = built_in
    assert Value(2.0).data == 2.0


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_of_leaves(make):
    v = Value(2, label="w")
    v.grad = 0.5
    v.note = "kept"
    u = make(v)
    assert u is not v
    assert (repr(u), u.label, u.note) == ("Value(data=2, grad=0.5)", "w", "kept")
    n = make(Named(1.0, "n"))
    assert (type(n), n.data, n.name) == (Named, 1.0, "n")
    with pytest.raises(TypeError, match="only leaves"):
        make(v + 1)


def test_copy_of_a_model():
    """The best model so far, kept aside."""
    model = nn.MLP(2, [3, 1])
    best = copy.deepcopy(model)
    for p in model.parameters():
        p.data += 1.0
    assert [p.data + 1.0 for p in best.parameters()] == [p.data for p in model.parameters()]


def test_nothing_leaks(no_collector):
    """Objects of every kind of graph are gone with their last name: the allocator's count stands still."""

    def work():
        x, y = Value(0.5, label="x"), Value(2.0)
        for f in ("relu", "tanh", "exp", "log", "sigmoid", "sqrt", "sin", "cos", "abs"):
            getattr(x, f)()._op  # noqa: B018
        z = ((x + 1) * (2 - y) / 3 - x / y + 1 / x + x**2 + x**y + 2**y - -x).tanh()
        z.backward()
        x._backward()
        repr(z), z._prev, z._children, z._count(), x < y, x.label, x.data, hash(x)
        x.data, x.grad = 3, 1.0
        nn.Neuron(2)([x, 1.0]).backward()
        copy.copy(x)
        for bad in (lambda: x + "a", lambda: Value("a"), lambda: x / 0, lambda: Value(-1.0).log()):
            with contextlib.suppress(TypeError, ValueError, ZeroDivisionError):
                bad()

    for _ in range(20):
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(1000):
        work()
    gc.collect()
    assert sys.getallocatedblocks() - before < 200


def test_interpreter_exits_cleanly():
    """Values that are still alive at exit, in cycles and among globals, do not crash it."""
    script = (
        "from tinygrad_ext.micrograd.engine import Value\n"
        "x = Value(1.0)\n"
        "y = x\n"
        "for _ in range(200_000): y = y * 1.0 + x\n"
        "y.backward()\n"
        "o = Value(1.0, (y,), 'o')\n"
        "o._backward = lambda: o.grad\n"
        "o.self = o\n"
        "class V(Value): pass\n"
        "k = V(2.0) * o\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
