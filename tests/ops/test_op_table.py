"""The library's own list of ops and the rows that test them are the same set."""

from __future__ import annotations

import pytest
from cases import BY_NAME, CASES, THROUGH

import tinygrad_ext as tg

# The ways to call an op that its row must try; PyTorch takes a shape as separate ints in methods only.
FORMS = {"tg": "tg", "Tensor": "method", "nn.functional": "F", "linalg": "linalg", "special": "special"}
OPS = {op.name: op for op in tg._core.OPS}
NO_TENSOR = {name for name, op in OPS.items() if op.returns == "bool"}  # tests/ops/test_elementwise.py


def test_names_are_unique():
    assert len(OPS) == len(tg._core.OPS)


def test_every_op_has_a_row():
    assert sorted(OPS.keys() - BY_NAME.keys() - THROUGH.keys() - NO_TENSOR) == []
    assert sorted(THROUGH.keys() - OPS.keys()) == []
    assert all(BY_NAME[row].order == 2 for row in THROUGH.values())


def test_every_row_has_an_op():
    """Rows marked as sugar are made of other ops."""
    primitive = {case.name for case in CASES if not case.sugar}
    assert sorted(primitive - OPS.keys()) == []
    assert sorted((BY_NAME.keys() - primitive) & OPS.keys()) == [], "not sugar: the library lists it"


@pytest.mark.parametrize("case", [c for c in CASES if not c.sugar], ids=str)
def test_description(case):
    """An op says how it is called and what it does; if it has a gradient rule, its row tests the rule."""
    op = OPS[case.name]
    assert case.order > 0 or not op.differentiable
    assert case.inplace == op.inplace
    called = case.called or op.name.removeprefix("linalg_").removeprefix("special_")
    forms = {FORMS[namespace] for namespace, name, inplace in op.places if name == called and not inplace}
    forms = forms or {"core"}  # users cannot call it
    wanted = {"method"} & forms or forms  # the functions are one object wherever they are found
    assert wanted & set(case.forms), f"not called as users call it: {wanted}"
    assert op.signature.startswith("(")
    assert "->" in op.signature
    assert op.doc.strip()
    assert op.doc == op.doc.strip()
    assert op.doc.endswith(".")
    assert op.example or not op.places, "no example"
    assert op.gradient or not op.differentiable, "no gradient"
