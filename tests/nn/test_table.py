"""The module table: for a seed every layer starts, answers and differentiates as in PyTorch.

The numbers to compare with are those that golden/make_nn.py stored; where PyTorch is installed it must give
them, too.
"""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from lib import drawn_by_mkl
from modules import ROWS
from modules.row import Result, run

import tinygrad_ext as tg

HERE = Path(__file__).parents[1] / "golden"
GOLDEN = json.loads((HERE / "nn.json").read_text())
with np.load(HERE / "nn.npz") as file:
    NUMBERS, STARTS = file["numbers"], file["starts"]
STARTED = dict(zip(GOLDEN["rows"], STARTS, strict=False))
TOLERANCE = 1e-5  # relative to the largest number of a tensor, or to 1
# For inheriting from, and what PyTorch does not have.
OURS = {"Module", "HingeLoss"}


def stored(name: str) -> Result:
    """What PyTorch gave for a row."""
    entry, at = GOLDEN["rows"][name], STARTED[name]
    parts: list[dict[str, np.ndarray]] = []
    for shapes in (entry["state"], entry["values"]):
        part = {}
        for key, shape in shapes.items():
            size = int(np.prod(shape))
            part[key] = NUMBERS[at : at + size].reshape(shape)
            at += size
        parts.append(part)
    return Result(entry["text"], *parts)


def check(got: Result, want: Result, draws: str) -> None:
    """Compare what a row gives with what it must give."""
    assert got.text == want.text
    assert list(got.state) == list(want.state)
    for name, a in want.state.items():
        if draws == "normal":  # PyTorch's vectorised logarithm and cosine have other last bits
            np.testing.assert_allclose(got.state[name], a, rtol=1e-6, atol=1e-7, err_msg=name)
        else:
            np.testing.assert_array_equal(got.state[name], a, err_msg=name)
    assert list(got.values) == list(want.values)
    for name, a in want.values.items():
        allowed = TOLERANCE * max(1.0, np.abs(a).max(initial=0.0))
        np.testing.assert_allclose(got.values[name], a, rtol=0, atol=allowed, err_msg=name)


def test_golden_file_is_complete():
    assert GOLDEN["rows"].keys() == {row.name for row in ROWS}
    assert len(STARTS) == len(ROWS) + 1


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_module(row):
    """Text, names, initial values to the bit, outputs, all gradients, and buffers afterwards."""
    check(run(tg, row), stored(row.name), row.draws)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_golden_values_are_pytorchs(row):
    torch = pytest.importorskip("torch")
    if not torch.__version__.startswith("2.13") or (row.draws == "dropout" and drawn_by_mkl()):
        pytest.skip("another PyTorch, or a CPU on which it draws through MKL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(run(torch, row), stored(row.name), "normal")


def test_every_module_has_a_row():
    kinds = {n for n in tg.nn.__all__ if isinstance(getattr(tg.nn, n), type)}
    modules = {n for n in kinds if issubclass(getattr(tg.nn, n), tg.nn.Module)} - OURS
    tested = {row.name.split()[0] for row in ROWS}
    assert modules - tested == set()


@pytest.mark.parametrize("name", [n for n in GOLDEN["signatures"] if hasattr(tg.nn, n)])
def test_signature(name):
    """The constructor's arguments have PyTorch's names, order and defaults."""
    want = GOLDEN["signatures"][name]
    if want is None or name == "Module":
        pytest.skip("PyTorch's takes *args")
    parameters = list(inspect.signature(getattr(tg.nn, name).__init__).parameters.values())[1:]
    got = [[p.name, p.kind == p.KEYWORD_ONLY, p.default] for p in parameters]
    # Hardtanh's two are deprecated names of others.
    want = [entry for entry in want if entry[0] not in ("min_value", "max_value")]
    assert [entry[:2] for entry in got] == [entry[:2] for entry in want]
    for (argument, _, ours), (_, _, theirs) in zip(got, want, strict=True):
        if theirs == "required":
            assert ours is inspect.Parameter.empty, argument
        elif theirs != "...":
            assert ours == theirs, argument
