"""The recorded graph is there to be looked at, in micrograd's words."""

from __future__ import annotations

import gc

import tinygrad_ext as tg


def test_op_and_prev():
    a = tg.Tensor([2.0], requires_grad=True, label="a")
    b = tg.Tensor([3.0], requires_grad=True, label="b")
    c = a * b
    d = c.tanh()
    assert a.label == "a"
    assert c.label == ""
    c.label = "product"
    assert c.label == "product"
    assert a._op == ""
    assert c._op == "mul"
    assert d._op == "tanh"
    assert len(a._prev) == 0
    assert {id(t) for t in c._prev} == {id(a), id(b)}
    assert {id(t) for t in d._prev} == {id(c)}
    assert next(iter(d._prev)).label == "product"
    assert a.grad_fn is None
    assert c.grad_fn is not None


def test_constants_are_part_of_nothing():
    """Nothing is recorded for what needs no gradient."""
    a = tg.ones(2)
    assert (a * 2)._op == ""
    assert len((a * 2)._prev) == 0


def test_walk():
    """The whole graph can be walked, long after its intermediate names are gone."""
    x = tg.Tensor([1.0], requires_grad=True, label="x")
    y = ((x + 1) * (x + 2)).exp().sum()
    gc.collect()
    seen, todo, ops = set(), [y], []
    while todo:
        t = todo.pop()
        if id(t) not in seen:
            seen.add(id(t))
            ops.append(t._op)
            todo.extend(t._prev)
            assert tuple(t.shape) in ((), (1,))
    assert sorted(filter(None, ops)) == ["add", "add", "exp", "mul", "sum"]
    y.backward()
    assert x.grad is not None


def test_constructor():
    """Tensor(data, requires_grad=False, dtype=None, label="")."""
    t = tg.Tensor([1, 2], True, tg.float64, "name")
    assert t.requires_grad
    assert t.dtype == tg.float64
    assert t.label == "name"
    assert tg.Tensor(1.0).dtype == tg.float32
    assert tg.Tensor([1]).dtype == tg.int64
    assert tg.Tensor([[1.0, 2.0]]).shape == (1, 2)
