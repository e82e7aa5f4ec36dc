"""How tensors are printed; the texts are PyTorch 2.13's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg


@pytest.fixture(autouse=True)
def _restored():
    yield
    tg.set_printoptions(profile="default")


def test_precision():
    x = tg.tensor([0.5, 1.25, -3.0])
    tg.set_printoptions(precision=2)
    assert repr(x) == "tensor([ 0.50,  1.25, -3.00])"
    assert repr(tg.tensor([1.0, 2.0])) == "tensor([1., 2.])"
    tg.set_printoptions(precision=6)
    assert repr(x) == "tensor([ 0.500000,  1.250000, -3.000000])"
    tg.set_printoptions()
    assert repr(x) == "tensor([ 0.500000,  1.250000, -3.000000])"


def test_scientific():
    assert repr(tg.tensor([1e-6, 2.0])) == "tensor([1.0000e-06, 2.0000e+00])"
    assert repr(tg.tensor([1.0, 1e5, 3.0])) == "tensor([1.0000e+00, 1.0000e+05, 3.0000e+00])"
    assert repr(tg.tensor([1e-300, 1e300], dtype=tg.float64)).startswith("tensor([1.0000e-300, 1.0000e+300]")
    tg.set_printoptions(sci_mode=False)
    assert repr(tg.tensor([1e-6, 2.0])) == "tensor([0.0000, 2.0000])"
    assert repr(tg.tensor([1.0, 1e5])) == "tensor([     1., 100000.])"
    tg.set_printoptions(sci_mode=True, precision=1)
    assert repr(tg.tensor([3.0, 20.0])) == "tensor([3.0e+00, 2.0e+01])"


def test_shortened():
    x = tg.tensor(np.arange(40).reshape(4, 10))
    tg.set_printoptions(threshold=10, edgeitems=1)
    assert repr(x).split() == ["tensor([[", "0,", "...,", "9],", "...,", "[30,", "...,", "39]])"]
    # The width and the format follow the elements that are printed.
    assert repr(tg.tensor([1.5, *[1e-9] * 10, 2.5])) == "tensor([1.5000, ..., 2.5000])"
    tg.set_printoptions(profile="full")
    assert repr(tg.arange(3000)).count(",") == 2999
    tg.set_printoptions(profile="short")
    assert repr(tg.arange(3000)) == "tensor([   0,    1, ..., 2998, 2999])"


def test_linewidth():
    tg.set_printoptions(linewidth=30)
    assert max(map(len, repr(tg.arange(50.0)).splitlines())) <= 30


@pytest.mark.parametrize("wrong", [{"precision": -1}, {"profile": "long"}, {"threshold": float("nan")}])
def test_refused(wrong):
    before = repr(tg.tensor([0.5]))
    with pytest.raises(ValueError, match=r"set_printoptions\(\): .*got"):
        tg.set_printoptions(precision=wrong.pop("precision", 1), **wrong)
    assert repr(tg.tensor([0.5])) == before
