"""The folders stand on each other one way only, and files stay short enough to read in one go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 400

# What a folder may include or import, itself apart.
INCLUDES = {
    "core": set(),
    "kernels": set(),
    "tape": {"core", "kernels"},
    "ops": {"core", "kernels", "tape"},
    "micrograd": set(),
    "bind": {"core", "kernels", "tape", "ops", "micrograd"},
}
IMPORTS = {
    "_functions": {"_core"},
    "linalg": {"_core"},
    "special": {"_core"},
    "_printing": {"_core"},
    "_tensor": {"_core", "_printing"},
    "random": {"_core"},
    "autograd": {"_core", "_tensor"},
    "data": {"_core", "_tensor"},
    "utils": {"data"},
    "train": {"_core", "_tensor", "autograd", "data", "io", "nn", "optim"},
    "nn": {"_core", "_tensor", "autograd"},
    "optim": {"_core", "_tensor", "autograd"},
    "io": {"_core", "_tensor"},
    "profiler": {"_core"},
    "models": {"_core", "_tensor", "autograd", "nn"},
    "micrograd": {"_core", "viz"},
    "viz": {"_core", "_tensor", "autograd", "nn"},
}
SOURCES = sorted(p for p in (ROOT / "csrc").rglob("*") if p.suffix in (".h", ".cpp"))
MODULES = sorted((ROOT / "tinygrad_ext").rglob("*.py"))
WRITTEN = [*SOURCES, *MODULES, *sorted((ROOT / "tests").rglob("*.py"))]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_something_was_found():
    """The patterns below must not pass because they look in the wrong place."""
    assert {p.parent.name for p in SOURCES} == INCLUDES.keys()
    assert len(MODULES) > 5


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_includes_point_down(path):
    folder = path.relative_to(ROOT / "csrc").parts[0]
    included = set(re.findall(r'^\s*#\s*include\s+"([^"/]+)/', path.read_text(), re.MULTILINE))
    assert included - INCLUDES[folder] - {folder} == set()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_includes_name_their_folder(path):
    """`#include "file.h"` without a folder would slip through the test above."""
    assert re.findall(r'^\s*#\s*include\s+"([^"/]+)"', path.read_text(), re.MULTILINE) == []


def test_kernels_know_nothing_above_them():
    """No Python, no Tensor, no operation: only the standard library and their own headers."""
    for path in (p for p in SOURCES if p.parent.name == "kernels"):
        headers = re.findall(r"^\s*#\s*include\s+<([^>]+)>", path.read_text(), re.MULTILINE)
        assert [h for h in headers if h.startswith("pybind11") or h == "Python.h"] == [], relative(path)


def test_micrograd_stands_alone():
    """Its numbers are Python's: no tensors, no pybind11."""
    for path in (p for p in SOURCES if p.parent.name == "micrograd"):
        headers = re.findall(r"^\s*#\s*include\s+<([^>]+)>", path.read_text(), re.MULTILINE)
        assert [h for h in headers if "." in h and h not in ("Python.h", "structmember.h")] == [], relative(
            path
        )


def imported(text: str) -> set[str]:
    """The parts of the package that a module imports."""
    found = set(re.findall(r"^\s*(?:from|import)\s+tinygrad_ext\.(\w+)", text, re.MULTILINE))
    for names in re.findall(r"^\s*from\s+tinygrad_ext\s+import\s+\(?([^\n)]*)", text, re.MULTILINE):
        found |= {name.split(" as ")[0].strip() for name in names.split(",")}
    return found - {""}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_point_down(path):
    part = path.relative_to(ROOT / "tinygrad_ext").parts[0].removesuffix(".py")
    if part in ("__init__", "__main__"):  # the top
        return
    assert imported(path.read_text()) - IMPORTS[part] - {part} == set()
    assert not re.search(r"^\s*from\s+\.", path.read_text(), re.MULTILINE), "imports are written in full"


@pytest.mark.parametrize("path", WRITTEN, ids=relative)
def test_files_stay_short(path):
    text = path.read_text()
    assert "Made by docs/generate.py" in text[:300] or len(text.splitlines()) <= LONGEST
