"""Reaching into a module by name, replacing state, converting; the errors of each."""

from __future__ import annotations

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3), nn.Tanh()))


def test_getting_by_name():
    m = net()
    assert m.get_submodule("") is m
    assert m.get_submodule("1.0") is m[1][0]
    assert m.get_parameter("1.0.weight") is m[1][0].weight
    assert m.get_buffer("1.0.running_mean") is m[1][0].running_mean
    m.set_submodule("1.1", nn.ReLU())
    assert isinstance(m[1][1], nn.ReLU)
    m.set_submodule("1.2", nn.Identity())
    assert len(m[1]) == 3


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (lambda m: m.get_submodule("1.5.x"), "Sequential has no module '5'"),
        (lambda m: m.get_parameter("1.0.mean"), r"get_parameter\('1.0.mean'\)"),
        (lambda m: m.get_buffer("0.weight"), "get_buffer"),
        (lambda m: m.set_submodule("1.7", nn.ReLU(), strict=True), "no module '7'"),
        (lambda m: m.set_submodule("9.0", nn.ReLU()), "no module '9'"),
    ],
)
def test_getting_what_is_not_there(bad, match):
    with pytest.raises(AttributeError, match=match):
        bad(net())


def test_set_submodule_takes_modules():
    with pytest.raises(ValueError, match="str"):
        net().set_submodule("0", "text")
    with pytest.raises(ValueError, match="''"):
        net().set_submodule("", nn.ReLU())


def test_walking_without_and_with_duplicates():
    shared = nn.Linear(2, 2)
    m = nn.Sequential(shared, shared)
    assert [n for n, _ in m.named_modules()] == ["", "0"]
    assert [n for n, _ in m.named_modules(remove_duplicate=False)] == ["", "0", "1"]
    assert [n for n, _ in m.named_modules(memo={shared}, prefix="m")] == ["m"]
    assert [n for n, _ in m.named_parameters(remove_duplicate=False)] == [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
    ]
    assert len(list(m.named_buffers(remove_duplicate=False))) == 0


def test_state_dict_arguments():
    m = net()
    state = {"before": tg.ones(1)}
    assert m.state_dict(destination=state, prefix="m.", keep_vars=True) is state
    assert state["m.0.weight"] is m[0].weight
    assert list(state)[:2] == ["before", "m.0.weight"]
    assert state["m.1.0.num_batches_tracked"].dtype == tg.int64


def test_all_errors_of_loading_at_once():
    m = net()
    state = m.state_dict()
    state |= {"0.weight": tg.ones(4, 2), "more": tg.ones(1), "0.bias": 3}
    del state["1.0.bias"]
    with pytest.raises(RuntimeError) as error:
        m.load_state_dict(state)
    text = str(error.value)
    for part in (
        "Sequential",
        "missing: 1.0.bias",
        "unexpected: more",
        "0.weight: expected shape (3, 2), got (4, 2)",
    ):
        assert part in text
    assert "0.bias: expected a Tensor, got int" in text
    with pytest.raises(TypeError, match="mapping"):
        m.load_state_dict([1])


def test_loading_says_what_it_did():
    m = net()
    assert repr(m.load_state_dict(m.state_dict())) == "<All keys matched successfully>"
    result = m.load_state_dict({"x": tg.ones(1), "0.bias": tg.ones(3)}, strict=False)
    assert result.unexpected_keys == ["x"]
    assert "0.weight" in result.missing_keys
    assert "unexpected_keys=['x']" in repr(result)
    assert m[0].bias.tolist() == [1.0] * 3


def test_loading_by_assignment():
    m = net()
    before = m[0].weight
    state = {
        name: value.double() if value.is_floating_point() else value for name, value in m.state_dict().items()
    }
    m.load_state_dict(state, assign=True)
    assert m[0].weight is not before
    assert isinstance(m[0].weight, nn.Parameter)
    assert m[0].weight.dtype == m[1][0].running_var.dtype == tg.float64
    assert m[0].weight.data_ptr() == state["0.weight"].data_ptr()
    assert m[0].weight.requires_grad


def test_conversion_keeps_whole_numbers():
    m = net().double()
    assert {p.dtype for p in m.parameters()} == {tg.float64}
    assert m[1][0].num_batches_tracked.dtype == tg.int64
    assert m.to(tg.ones(1)).cpu()[0].weight.dtype == tg.float32
    assert m.to("cpu", dtype=tg.float64, non_blocking=True)[0].weight.dtype == tg.float64
    with pytest.raises(TypeError, match="int64"):
        m.to(tg.int64)
    with pytest.raises(RuntimeError, match="cuda"):
        m.to(device="cuda:0")
    with pytest.raises(RuntimeError, match="cuda"):
        nn.Linear(2, 2, device="cuda")
    assert nn.Linear(2, 2, device="cpu", dtype=tg.float64).weight.dtype == tg.float64
