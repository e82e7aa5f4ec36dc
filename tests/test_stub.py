"""The stub that editors and type checkers read is the one the operation table makes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import tinygrad_ext as tg

DOCS = Path(__file__).parents[1] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stub_is_fresh():
    module = generator()
    assert module.STUB.read_text() == module.stub(), "stale: run python docs/generate.py"


def test_stub_names_what_exists():
    """A name in the hand-written part of the stub that the core does not have would mislead."""
    lines = generator().stub().splitlines()
    functions = {line.split("(")[0][4:] for line in lines if line.startswith("def ")}
    assert {name for name in functions if not hasattr(tg._core, name)} == set()
    methods = {line.split("(")[0].strip()[4:] for line in lines if line.startswith("    def ")}
    owners = (
        tg.Tensor,
        tg.dtype,
        tg.Generator,
        tg._core.OpInfo,
        tg._core.Node,
        tg._core._Forward,
        tg._core._SavedTensor,
    )
    assert {m for m in methods if not any(hasattr(owner, m) for owner in owners)} == set()


def test_every_public_operation_is_in_the_namespace():
    """What the table calls a function is reachable as tg.name or tg.nn.functional.name."""
    for op in tg._core.OPS:
        if op.face in ("both", "function"):
            assert getattr(tg, op.name) is getattr(tg._core, op.name)
            assert op.name in tg.__all__
        elif op.face == "functional":
            assert getattr(tg.nn.functional, op.name) is getattr(tg._core, op.name)
