"""What is made from the operation table is up to date: stub, namespaces, reference, coverage."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest

import tinygrad_ext as tg

DOCS = Path(__file__).parents[1] / "docs"


def generate():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = generate()
OUTPUTS = {**GENERATE.package(), **GENERATE.pages()}


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.name)
def test_is_fresh(path):
    assert path.read_text() == OUTPUTS[path], "stale: run python docs/generate.py"


def test_no_other_pages():
    """A page of a family that is gone would stay."""
    assert {p for p in OUTPUTS if p.suffix == ".md"} == set((DOCS / "reference").glob("*.md"))


def test_stub_names_what_exists():
    """A name in the hand-written part of the stub that the core does not have would mislead."""
    lines = next(text for path, text in OUTPUTS.items() if path.name == "_core.pyi").splitlines()
    functions = {line.split("(")[0][4:] for line in lines if line.startswith("def ")}
    assert {name for name in functions if not hasattr(tg._core, name)} == set()
    methods = {line.split("(")[0].strip()[4:] for line in lines if line.startswith("    def ")}
    owners = (
        tg.Tensor,
        tg.dtype,
        tg.Generator,
        tg._core.Value,
        tg._core.OpInfo,
        tg._core.Node,
        tg._core._Forward,
        tg._core._SavedTensor,
    )
    assert {m for m in methods if not any(hasattr(owner, m) for owner in owners)} == set()


def test_every_operation_is_where_it_says():
    for op in tg._core.OPS:
        for namespace, name, in_place in op.places:
            if namespace == "Tensor":
                assert callable(getattr(tg.Tensor, name))
                continue
            module = tg if namespace == "tg" else importlib.import_module(f"tinygrad_ext.{namespace}")
            assert getattr(module, name) is getattr(tg._core, op.name + "_" * in_place)
            assert name in module.__all__
