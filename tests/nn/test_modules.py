"""Module: registration, state, modes, copies, text; and the two containers."""

from __future__ import annotations

import copy
import gc
import pickle

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn


class Block(nn.Module):
    """One of everything a module can hold."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 3)
        self.scale = nn.Parameter(tg.ones(3))
        self.register_buffer("mean", tg.zeros(3))
        self.register_buffer("cache", tg.zeros(3), persistent=False)
        self.register_parameter("shift", None)
        self.note = "plain"

    def forward(self, x):
        return self.linear(x) * self.scale - self.mean


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Block()
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(3, 1))

    def forward(self, x):
        return self.rest(self.first(x))


NAMES = ["first.scale", "first.linear.weight", "first.linear.bias", "rest.1.weight", "rest.1.bias"]


def test_walking():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == NAMES
    assert len(list(net.parameters())) == 5
    assert [n for n, _ in net.named_buffers()] == ["first.mean", "first.cache"]
    assert [n for n, _ in net.named_children()] == ["first", "rest"]
    assert [n for n, _ in net.named_modules()] == ["", "first", "first.linear", "rest", "rest.0", "rest.1"]
    assert dict(net.named_parameters())["first.scale"] is net.first.scale
    assert net.first.shift is None
    assert net(tg.ones(4, 2)).shape == (4, 1)


def test_assignment_and_deletion():
    net = Net()
    with pytest.raises(TypeError):
        net.first.scale = tg.ones(3)
    net.first.scale = nn.Parameter(tg.zeros(3))
    assert net.first.scale.tolist() == [0.0] * 3
    net.first.mean = tg.ones(3)
    assert dict(net.named_buffers())["first.mean"].tolist() == [1.0] * 3
    del net.first.scale
    assert "first.scale" not in dict(net.named_parameters())
    with pytest.raises(AttributeError):
        net.first.missing  # noqa: B018 - the access is the subject
    net.first.shift = nn.Parameter(tg.ones(3))
    assert "first.shift" in dict(net.named_parameters())


def test_shared_parameters_are_counted_once():
    a = nn.Linear(3, 3)
    net = nn.Sequential(a, nn.Tanh(), a)
    assert len(list(net.parameters())) == 2
    tied = nn.Linear(3, 3)
    tied.weight = a.weight
    pair = nn.Sequential(a, tied)
    assert len(list(pair.parameters())) == 3
    clone = copy.deepcopy(pair)
    assert clone[0].weight is clone[1].weight
    assert clone[0].weight is not a.weight


def test_call_before_init_is_refused():
    class Careless(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(tg.ones(1))

    with pytest.raises(AttributeError, match="__init__"):
        Careless()


def test_forward_must_be_defined():
    with pytest.raises(NotImplementedError):
        nn.Module()(tg.ones(1))


def test_state_dict_round_trip():
    a, b = Net(), Net()
    a.first.mean.fill_(5)
    state = a.state_dict()
    assert sorted(state) == sorted([*NAMES, "first.mean"])
    assert not any(v.requires_grad for v in state.values())
    b.load_state_dict(pickle.loads(pickle.dumps(state)))
    for name, value in b.state_dict().items():
        assert value.tolist() == state[name].tolist()
    x = tg.randn(5, 2)
    assert a(x).tolist() == b(x).tolist()


def test_load_keeps_the_parameters_themselves():
    net = Net()
    weight, address = net.first.scale, net.first.scale.data_ptr()
    net.load_state_dict(Net().state_dict())
    assert net.first.scale is weight
    assert weight.data_ptr() == address
    assert weight.requires_grad


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s.pop("first.scale"), "first.scale"),
        (lambda s: s.update(extra=tg.ones(1)), "extra"),
        (lambda s: s.update({"rest.1.weight": tg.ones(9, 9)}), "rest.1.weight"),
    ],
)
def test_strict_loading(change, named):
    """All or nothing, and the culprit is named."""
    net = Net()
    before = {k: v.tolist() for k, v in net.state_dict().items()}
    state = {k: v.clone() + 1 for k, v in net.state_dict().items()}
    change(state)
    with pytest.raises(RuntimeError, match=named.replace(".", r"\.")):
        net.load_state_dict(state)
    assert {k: v.tolist() for k, v in net.state_dict().items()} == before


def test_loose_loading():
    net = Net()
    state = {k: v.clone() for k, v in net.state_dict().items()}
    state["first.scale"] = tg.full((3,), 8.0)
    del state["first.mean"]
    state["extra"] = tg.ones(1)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["first.mean"]
    assert result.unexpected_keys == ["extra"]
    assert net.first.scale.tolist() == [8.0] * 3


def test_modes():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert net.train() is net
    assert all(m.training for m in net.modules())
    drop = nn.Dropout(0.5).eval()
    assert drop(tg.ones(100)).tolist() == [1.0] * 100
    assert 0 in drop.train()(tg.ones(100)).tolist()


def test_apply_to_and_zero_grad():
    net = Net()
    seen = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "Block", "ReLU", "Linear", "Sequential", "Net"]
    net(tg.ones(1, 2)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    weight = net.first.scale
    assert net.to(tg.float64) is net
    assert net.first.scale is weight
    assert {p.dtype for p in net.parameters()} == {tg.float64}
    assert net.first.mean.dtype == tg.float64
    assert net(tg.ones(1, 2, dtype=tg.float64)).dtype == tg.float64
    assert {p.dtype for p in net.float().parameters()} == {tg.float32}
    assert net.requires_grad_(False) is net
    assert not net(tg.ones(1, 2)).requires_grad


def test_repr():
    text = repr(Net())
    for part in (
        "Net(",
        "(first): Block(",
        "(linear): Linear(",
        "in_features=2",
        "(rest): Sequential(",
        "(0): ReLU()",
    ):
        assert part in text


def test_copies():
    net = Net()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        x = tg.randn(2, 2)
        assert other(x).tolist() == net(x).tolist()
        with tg.no_grad():
            other.first.scale.zero_()
        assert net.first.scale.tolist() == [1.0] * 3
        assert type(other.first.scale) is nn.Parameter
        assert other.first.scale.requires_grad


def test_parameter():
    p = nn.Parameter(tg.ones(2))
    assert isinstance(p, tg.Tensor)
    assert p.requires_grad
    assert p.is_leaf
    assert type(p * 2) is tg.Tensor
    assert "Parameter" in repr(p)
    assert not nn.Parameter(tg.ones(2), requires_grad=False).requires_grad
    p.label_of_mine = "kept"
    net = nn.Module()
    net.p = p
    del p
    gc.collect()
    (net.p * 2).sum().backward()
    assert net.p.label_of_mine == "kept"
    assert net.p.grad is net.p.grad


def test_sequential_and_module_list():
    layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)]
    net = nn.Sequential(*layers)
    assert len(net) == 3
    assert net[0] is layers[0]
    assert net[-1] is layers[2]
    assert list(net) == layers
    assert isinstance(net[:2], nn.Sequential)
    assert len(net[:2]) == 2
    net.append(nn.Tanh())
    assert net(tg.ones(1, 2)).abs().item() <= 1
    with pytest.raises(IndexError):
        net[9]
    blocks = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    assert len(list(blocks.parameters())) == 6
    blocks.append(nn.Linear(2, 2))
    assert len(blocks) == 4
    with pytest.raises((TypeError, ValueError)):
        nn.Sequential(nn.Linear(2, 2), "text")


def test_forward_is_looked_up_at_each_call(monkeypatch):
    """On the instance, on the class, with keywords: whatever forward is now is what a call runs."""
    layer = nn.Linear(2, 2)
    x = tg.ones(1, 2)
    assert layer(input=x).tolist() == layer.forward(x).tolist()
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: x + 1)
    assert layer(x).tolist() == [[2.0, 2.0]]
    layer.forward = lambda x: x + 2
    assert layer(x).tolist() == [[3.0, 3.0]]


def test_to_accepts_the_only_device():
    layer = nn.Linear(2, 2)
    assert layer.to("cpu") is layer
    assert layer.to("cpu", tg.float64).weight.dtype == tg.float64
    with pytest.raises(RuntimeError, match="cuda"):
        layer.to("cuda")
