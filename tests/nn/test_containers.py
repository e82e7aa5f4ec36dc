"""ModuleDict, ParameterList, ParameterDict and what the lists gained: as Python's own containers."""

from __future__ import annotations

import copy
import pickle

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn


def test_module_dict():
    a, b = nn.Linear(2, 2), nn.ReLU()
    d = nn.ModuleDict({"a": a})
    d["b"] = b
    d.update([("c", nn.Tanh())])
    assert list(d) == list(d.keys()) == ["a", "b", "c"]
    assert d["a"] is a
    assert len(d) == 3
    assert "b" in d
    assert list(d.values())[1] is b
    assert dict(d.items())["b"] is b
    assert [n for n, _ in d.named_parameters()] == ["a.weight", "a.bias"]
    assert d.pop("b") is b
    assert "b" not in d
    assert not hasattr(d, "b")
    d["a"] = b  # over the one that is there
    assert len(list(d.parameters())) == 0
    assert list(nn.ModuleDict(d)) == ["a", "c"]
    d.clear()
    assert len(d) == 0
    with pytest.raises(KeyError):
        d["a"]
    with pytest.raises(KeyError):
        del d["a"]
    with pytest.raises(KeyError, match="keys"):
        d["keys"] = b
    with pytest.raises(TypeError, match="Module"):
        d["x"] = 3


def test_module_list():
    m = nn.ModuleList([nn.Linear(1, 1)])
    m += [nn.ReLU(), nn.Tanh()]
    assert len(m) == 3
    assert isinstance(m + m, nn.ModuleList)
    assert len(m + m) == 6
    assert isinstance(m.pop(1), nn.ReLU)
    assert [n for n, _ in m.named_children()] == ["0", "1"]
    assert len(nn.Sequential(nn.ReLU()) + nn.Sequential(nn.Tanh())) == 2
    assert len(nn.ModuleList()) == len(nn.ModuleList(None)) == 0
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_parameter_list():
    p = nn.ParameterList([tg.ones(2), nn.Parameter(tg.zeros(3)), "text"])
    assert isinstance(p[0], nn.Parameter)
    assert p[-1] == "text"
    assert [n for n, _ in p.named_parameters()] == ["0", "1"]
    p[0] = tg.full((2,), 5.0)
    assert p[0].tolist() == [5.0, 5.0]
    p += [tg.ones(1)]
    assert len(p) == 4
    assert len(p[1:3]) == 2
    assert len(list(p)) == 4
    for other in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert other[0].tolist() == [5.0, 5.0]
        assert len(other) == 4
    with pytest.raises(IndexError, match="4"):
        p[4]
    with pytest.raises(TypeError, match="Tensor"):
        p.extend(tg.ones(2))
    with pytest.raises(NotImplementedError):
        p(1)


def test_parameter_dict():
    d = nn.ParameterDict({"b": tg.ones(2), "a": tg.zeros(1)})
    assert list(d) == ["a", "b"]
    assert isinstance(d["b"], nn.Parameter)
    d["n"] = 3
    assert d.get("n") == 3
    assert d.get("m", 7) == 7
    assert d.setdefault("c", tg.ones(1)) is d["c"]
    assert [n for n, _ in d.named_parameters()] == ["a", "b", "c"]
    assert list(d.keys()) == ["a", "b", "n", "c"]
    assert [k for k, _ in d.items()] == list(d)
    assert len(list(d.values())) == len(d) == 4
    assert d.pop("n") == 3
    assert list(nn.ParameterDict(d)) == ["a", "b", "c"]
    assert list(nn.ParameterDict([("z", tg.ones(1)), ("y", tg.ones(1))])) == ["z", "y"]
    d.clear()
    assert not list(d.parameters())
    with pytest.raises(KeyError):
        d["a"]
    with pytest.raises(KeyError, match="forward"):
        d["forward"] = 1
