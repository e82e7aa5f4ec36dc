"""Hooks on modules: when they run, what they may change, how they go, and what they cost: nothing."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn

X = tg.tensor([[1.0, -2.0]])


def test_before_and_after():
    net, seen = nn.Linear(2, 2), []
    handles = [
        net.register_forward_pre_hook(lambda m, args: seen.append(("before", m is net, args[0] is X))),
        net.register_forward_hook(lambda m, args, y: seen.append(("after", m is net, tuple(y.shape)))),
    ]
    assert net(X).tolist() == net.forward(X).tolist()
    assert seen == [("before", True, True), ("after", True, (1, 2))]
    for handle in handles:
        handle.remove()
        handle.remove()  # again does nothing
    net(X)
    assert len(seen) == 2
    assert not net._hooked


def test_they_replace_arguments_and_output():
    net = nn.Identity()
    net.register_forward_pre_hook(lambda m, args: args[0] * 2)
    with net.register_forward_pre_hook(lambda m, args: (args[0] + 1,)):
        assert net(X).tolist() == [[3.0, -3.0]]
    net.register_forward_hook(lambda m, args, y: y - 1)
    assert net(X).tolist() == [[1.0, -5.0]]


def test_order():
    seen = []
    net = nn.Identity()
    for name, prepend in (("a", False), ("b", False), ("c", True)):
        net.register_forward_hook(lambda *_, name=name: seen.append(name), prepend=prepend)
    net(X)
    assert seen == ["c", "a", "b"]


def test_keywords():
    class Scale(nn.Module):
        def forward(self, x, factor=1.0):
            return x * factor

    net, seen = Scale(), []
    net.register_forward_pre_hook(lambda m, args, kw: (args, {"factor": kw["factor"] + 1}), with_kwargs=True)
    net.register_forward_hook(lambda m, args, kw, y: seen.append(kw), with_kwargs=True)
    assert net(X, factor=2.0).tolist() == [[3.0, -6.0]]
    assert seen == [{"factor": 3.0}]


def test_always_called():
    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("no")

    net, seen = Broken(), []
    net.register_forward_hook(lambda m, args, y: seen.append("never"))
    net.register_forward_hook(lambda m, args, y: seen.append(y), always_call=True)
    with pytest.raises(ValueError, match="no"):
        net(X)
    assert seen == [None]


def test_gradients_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    found = []
    for lib in (tg, torch):
        lib.manual_seed(0)
        net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.Tanh(), lib.nn.Linear(3, 2))
        seen = []
        note = lambda m, *grads, seen=seen: seen.append([g.numpy() for part in grads for g in part])  # noqa: E731
        for m in net:
            m.register_full_backward_pre_hook(note)
            m.register_full_backward_hook(note)
        net[1].register_full_backward_hook(lambda m, into, out: (into[0] * 2,))
        x = lib.tensor([[1.0, -2.0]], requires_grad=True)
        (net(x) ** 2).sum().backward()
        found.append((seen, [p.grad.numpy() for p in net.parameters()]))
    (ours, grads), (theirs, wanted) = found
    assert len(ours) == len(theirs) == 6
    for a, b in zip([*ours, grads], [*theirs, wanted], strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


def test_backward_hook_of_inputs_and_several_outputs():
    class Two(nn.Module):
        def forward(self, x, n, y):
            return x * y, x + n * y

    net, seen = Two(), []
    net.register_full_backward_hook(lambda m, into, out: seen.append((into, out)))
    x, y = (tg.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    a, b = net(x, 4, y)
    (a + 10 * b).backward()
    (into, out) = seen[0]
    assert [None if g is None else g.item() for g in into] == [13.0, None, 42.0]
    assert [g.item() for g in out] == [1.0, 10.0]
    assert (x.grad.item(), y.grad.item()) == (13.0, 42.0)


def test_backward_hooks_must_return_as_many():
    net = nn.Linear(2, 2)
    x = X.clone().requires_grad_()
    with net.register_full_backward_hook(lambda m, into, out: (None, None)):
        y = net(x).sum()
        with pytest.raises(RuntimeError, match=r"Linear.*2 gradients, expected 1"):
            y.backward()
    with net.register_full_backward_hook(lambda m, into, out: (tg.ones(1),)):
        y = net(X).sum()
        with pytest.raises(RuntimeError, match="no input requires grad"):
            y.backward()
    net.register_full_backward_hook(lambda m, into, out: pytest.fail("nothing is recorded"))
    with tg.no_grad():
        net(X)


SEEN = []


def note(module, args, output):
    SEEN.append(type(module).__name__)


def test_copies_keep_their_hooks():
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    handle = net[1].register_forward_hook(note)
    SEEN.clear()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        other(X)
    handle.remove()
    net(X)
    assert SEEN == ["Tanh", "Tanh"]


def test_a_module_may_hook_itself_during_forward():
    net = nn.Identity()
    inner = []
    outer = net.register_forward_pre_hook(
        lambda m, args: inner.append(m.register_forward_hook(lambda *_: None)) if not inner else None
    )
    net(X)
    assert len(inner) == 1
    outer.remove()
    inner[0].remove()
    assert not net._hooked
