"""Tensor as a Python object: subclasses, identity, copies, pickles, repr."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest

import tinygrad_ext as tg

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")


class Named(tg.Tensor):
    """A user's subclass."""


class Holder:
    """Something that keeps a tensor."""

    def __init__(self, weight):
        self.weight = weight
        self.again = weight


def test_subclass():
    t = Named([1.0, 2.0])
    assert isinstance(t, tg.Tensor)
    assert type(t) is Named
    t.note = "kept"
    assert t.note == "kept"
    assert t.tolist() == [1.0, 2.0]
    assert (t + 1).tolist() == [2.0, 3.0]


def test_attributes_survive_while_only_the_library_holds_the_tensor():
    """The gradient's object, with what the user hung on it, lives as long as its leaf does."""
    w = Named([2.0]).requires_grad_()
    g = Named([5.0])
    g.note = {"a": 1}
    w.grad = g
    del g
    gc.collect()
    assert type(w.grad) is Named
    assert w.grad.note == {"a": 1}


def test_attributes_survive_with_the_object():
    w = tg.ones(2, requires_grad=True)
    w.note = [1, 2]
    holder = [w]
    del w
    gc.collect()
    assert holder[0].note == [1, 2]


def test_identity_of_gradients():
    p = tg.ones(2, requires_grad=True)
    (p * p).sum().backward()
    assert p.grad is p.grad
    g = p.grad
    g.note = "mine"
    (p * p).sum().backward()
    assert p.grad is g
    assert p.grad.note == "mine"
    assert g.tolist() == [4.0, 4.0]


def test_operators_return_not_implemented_to_strangers():
    class Stranger:
        def __radd__(self, other):
            return "radd"

        def __rmatmul__(self, other):
            return "rmatmul"

    assert tg.ones(2) + Stranger() == "radd"
    assert tg.ones(2) @ Stranger() == "rmatmul"
    with pytest.raises(TypeError):
        tg.ones(2) + "text"
    with pytest.raises(TypeError):
        tg.ones(2) + None
    with pytest.raises(TypeError):
        object() * tg.ones(2)


def test_weak_references_and_collection():
    t = tg.ones(2)
    ref = weakref.ref(t)
    del t
    assert ref() is None
    t = Named([1.0])
    t.me = t  # a cycle through the attribute dictionary
    ref = weakref.ref(t)
    del t
    gc.collect()
    assert ref() is None


@pytest.mark.parametrize("dtype", DTYPES)
def test_pickle(dtype):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        for t in (
            tg.arange(6).view(2, 3).to(getattr(tg, dtype)),
            tg.zeros(0, 3, dtype=getattr(tg, dtype)),
            tg.ones((), dtype=getattr(tg, dtype)),
            tg.arange(12).view(3, 4).to(getattr(tg, dtype))[:, ::2].transpose(0, 1),
        ):
            u = pickle.loads(pickle.dumps(t, protocol))
            assert (u.dtype, u.shape, u.tolist()) == (t.dtype, t.shape, t.tolist())
            assert u.data_ptr() != t.data_ptr() or t.numel() == 0


def test_pickle_keeps_requires_grad_and_shared_objects():
    w = tg.ones(2, requires_grad=True)
    h = pickle.loads(pickle.dumps(Holder(w)))
    assert h.weight.requires_grad
    assert h.weight.is_leaf
    assert h.weight is h.again


def test_pickle_of_a_subclass():
    t = Named([1.0, 2.0])
    t.note = "kept"
    u = pickle.loads(pickle.dumps(t))
    assert type(u) is Named
    assert u.tolist() == [1.0, 2.0]
    assert u.note == "kept"


def test_deepcopy():
    w = tg.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    h = copy.deepcopy(Holder(w))
    assert h.weight is h.again
    assert h.weight.requires_grad
    assert h.weight.data_ptr() != w.data_ptr()
    assert h.weight.grad.tolist() == [3.0, 3.0]
    assert h.weight.grad is not w.grad
    with tg.no_grad():
        h.weight.zero_()
    assert w.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match=r"(?i)leaf|leaves|graph"):
        copy.deepcopy(w * 2)


def test_deepcopy_of_a_subclass():
    t = Named([1.0])
    t.note = ["kept"]
    u = copy.deepcopy(t)
    assert type(u) is Named
    assert u.note == ["kept"]
    assert u.note is not t.note
    assert copy.copy(t).tolist() == [1.0]


def test_repr():
    assert repr(tg.tensor([1.0, 2.0])) == "tensor([1., 2.])"
    assert repr(tg.tensor([1, 2])) == "tensor([1, 2])"
    assert repr(tg.tensor([True, False])) == "tensor([ True, False])"
    assert repr(tg.tensor(1.5)) == "tensor(1.5000)"
    assert repr(tg.tensor([])) == "tensor([])"
    assert "dtype=" in repr(tg.tensor([1.0], dtype=tg.float64))
    assert "float64" in repr(tg.tensor([1.0], dtype=tg.float64))
    assert "int32" in repr(tg.tensor([1], dtype=tg.int32))
    assert "requires_grad=True" in repr(tg.ones(2, requires_grad=True))
    assert "grad_fn=<" in repr(tg.ones(2, requires_grad=True).exp())
    assert "size=(0, 3)" in repr(tg.zeros(0, 3))
    assert "\n" in repr(tg.zeros(2, 2))
    assert "..." in repr(tg.zeros(100, 100))
    assert len(repr(tg.zeros(1000, 1000))) < 2000
    assert "nan" in repr(tg.tensor([float("nan"), float("inf")]))
    assert "inf" in repr(tg.tensor([float("nan"), float("inf")]))
    assert "e" in repr(tg.tensor([1e-8, 1e8]))
    assert str(tg.tensor([1.0, 2.0])) == repr(tg.tensor([1.0, 2.0]))


def test_repr_names_the_dtype_that_is_not_the_default():
    tg.set_default_dtype(tg.float64)
    try:
        assert repr(tg.tensor([0.5])) == "tensor([0.5000])"
        assert repr(tg.tensor([0.5], dtype=tg.float32)) == "tensor([0.5000], dtype=tinygrad_ext.float32)"
        assert repr(tg.zeros(0)) == "tensor([])"
    finally:
        tg.set_default_dtype(tg.float32)
    assert repr(tg.zeros(0, dtype=tg.int64)) == "tensor([], dtype=tinygrad_ext.int64)"


def test_repr_of_awkward_values():
    """Every float is printable, also where widths differ."""
    for values in ([1e30, 1.0], [0.1 + 0.2], [-0.0], [1e-45], [123456.789, 0.5], [float("-inf")]):
        assert repr(tg.tensor(values)).startswith("tensor([")
    assert "-1" in repr(tg.tensor([-1, 10]))


def test_reserved_keywords():
    """dim and axis, keepdim and keepdims, are the same."""
    t = tg.arange(6.0).view(2, 3)
    assert t.sum(axis=1, keepdims=True).tolist() == t.sum(dim=1, keepdim=True).tolist()
    assert tg.sum(t, axis=0).tolist() == t.sum(0).tolist()
    assert tg.cat([t, t], axis=1).shape == (2, 6)
    with pytest.raises(TypeError):
        t.sum(dim=0, axis=0)
    with pytest.raises(TypeError):
        t.sum(nonsense=0)
