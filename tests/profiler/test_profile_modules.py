"""Which module's time it was, forward and backward."""

from __future__ import annotations

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 2)])

    def forward(self, x):
        return self.layers[1](self.layers[0](x).relu())


def rows(p):
    return {row.name: row for row in p.key_averages(group_by="module")}


def module_of(p, name):
    return [event.module for event in p.events() if event.name == name]


def test_paths_and_calls():
    model, x = Net(), tg.ones(3, 4)
    with tg.profile() as p:
        model(x)
        model(x).sum().backward()
    found = rows(p)
    names = ["Net", "Net.layers (ModuleList)", "Net.layers.0 (Linear)", "Net.layers.1 (Linear)"]
    assert [name for name in found if name.startswith("Net")] == names
    assert [found[name].calls for name in names] == [2, 0, 2, 2]
    assert module_of(p, "linear") == names[2:] * 2
    assert module_of(p, "relu") == ["Net"] * 2
    assert module_of(p, "sum")[0] == "(outside of modules)"


def test_backward_belongs_to_the_module_that_recorded():
    model = Net()
    with tg.profile() as p:
        model(tg.ones(3, 4)).sum().backward()
    assert module_of(p, "linear backward") == ["Net.layers.1 (Linear)", "Net.layers.0 (Linear)"]
    assert module_of(p, "relu backward") == ["Net"]
    assert module_of(p, "relu_grad") == ["Net"]
    assert module_of(p, "sum backward") == ["(outside of modules)"]


def test_flops_of_modules():
    """A linear layer of n samples: 2 n in out, and n out for the bias."""
    model = Net()
    with tg.profile() as p:
        model(tg.ones(3, 4))
    found = rows(p)
    first, second = 2 * 3 * 4 * 8 + 3 * 8, 2 * 3 * 8 * 2 + 3 * 2
    assert found["Net.layers.0 (Linear)"].flops == first
    assert found["Net.layers.1 (Linear)"].flops == second
    assert found["Net.layers (ModuleList)"].flops == first + second
    assert found["Net"].flops == first + second + 3 * 8  # relu


def test_times_of_modules():
    model = Net()
    with tg.profile() as p:
        model(tg.ones(3, 4)).sum().backward()
    found = rows(p)
    net, parts = found["Net"], [found["Net.layers.0 (Linear)"], found["Net.layers.1 (Linear)"]]
    (call,) = (event for event in p.events() if event.name == "Net")
    assert net.forward_time == pytest.approx(call.duration)
    assert found["Net.layers (ModuleList)"].total_time == pytest.approx(sum(r.total_time for r in parts))
    everything = sum(row.self_time for row in found.values())
    assert everything == pytest.approx(net.total_time + found["(outside of modules)"].total_time)
    assert everything <= p.duration
    rules = [e for e in p.events() if e.kind == "rule" and e.module.startswith("Net")]
    assert net.backward_time == pytest.approx(sum(e.duration for e in rules))


def test_roots_of_one_class_are_apart():
    a, b, x = nn.Linear(2, 2), nn.Linear(2, 2), tg.ones(1, 2)
    with tg.profile() as p:
        a(x)
        b(x)
        a(x)
    found = rows(p)
    assert {name: found[name].calls for name in ("Linear", "Linear#2")} == {"Linear": 2, "Linear#2": 1}


def test_a_module_that_is_no_part_of_its_caller():
    free = nn.Tanh()

    class Caller(nn.Module):
        def forward(self, x):
            return free(x)

    with tg.profile() as p:
        Caller()(tg.ones(2))
    assert module_of(p, "tanh") == ["Tanh"]
    assert rows(p)["Caller"].flops == 2  # what it calls counts for it


def test_a_module_in_two_places_has_its_first_name():
    shared = nn.ReLU()
    with tg.profile() as p:
        nn.Sequential(nn.Linear(2, 2), shared, nn.Linear(2, 2), shared)(tg.ones(1, 2))
    assert module_of(p, "relu") == ["Sequential.1 (ReLU)"] * 2


def test_hooked_modules_keep_their_place():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_forward_hook(lambda module, args, output: output * 2.0)
    with tg.profile() as p:
        model(tg.ones(1, 2))
    assert module_of(p, "mul") == ["Sequential.0 (Linear)"]


def test_an_exception_leaves_the_module():
    model = nn.Sequential(nn.Linear(2, 2))
    with tg.profile() as p:
        with pytest.raises(RuntimeError, match="linear"):
            model(tg.ones(1, 3))
        tg.ones(2).exp()
    assert module_of(p, "exp") == ["(outside of modules)"]
    assert [event.depth for event in p.events() if event.name == "exp"] == [0]


def test_second_gradients_belong_to_the_module():
    model, x = nn.Sequential(nn.Tanh()), tg.ones(3, requires_grad=True)
    with tg.profile() as p:
        (g,) = tg.autograd.grad(model(x).sum(), x, create_graph=True)
        g.sum().backward()
    assert module_of(p, "tanh_grad backward") == ["Sequential.0 (Tanh)"]


def test_a_module_may_end_the_profile():
    p = tg.profile()

    class Ends(nn.Module):
        def forward(self, x):
            p.stop()
            return x.exp()

    p.start()
    Ends()(tg.ones(2))
    assert module_of(p, "exp") == []
    assert [event.name for event in p.events() if event.kind == "module"] == ["Ends"]
