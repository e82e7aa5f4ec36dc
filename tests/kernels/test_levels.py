"""The value tests on every instruction-set level that the machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_ext as tg

TESTS = Path(__file__).parents[1]
VALUES = (
    "ops/test_values.py",
    "ops/test_bfloat16.py",
    "ops/test_bfloat16_products.py",
    "kernels/test_math.py",
    *sorted(f"kernels/{path.name}" for path in Path(__file__).parent.glob("test_sweep_*.py")),
    "optim/test_trajectories.py::test_float32",
    "optim/test_trajectories.py::test_float64",
    "optim/test_optim.py::test_against_the_formula",
)
OTHERS = [level for level in tg._core.levels() if level != tg._core.isa()]


def run(level: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own on `level`, in a folder from which the sources are not imported."""
    env = {**os.environ, "TINYGRAD_EXT_ISA": level}
    return subprocess.run(
        [sys.executable, *command],
        cwd=TESTS,
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.mark.skipif("TINYGRAD_EXT_ISA" in os.environ, reason="a level was asked for: test that one only")
@pytest.mark.parametrize("level", OTHERS)
def test_values_on_level(level):
    result = run(level, "-m", "pytest", "-q", "-p", "no:cacheprovider", *VALUES)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


@pytest.mark.parametrize("level", tg._core.levels())
def test_level_is_obeyed(level):
    result = run(level, "-c", "import tinygrad_ext as tg; print(tg._core.isa())")
    assert result.stdout.strip() == level, result.stderr


def test_unknown_level_is_refused_by_name():
    result = run("sse9", "-c", "import tinygrad_ext")
    assert result.returncode == 1, "an exception, not a crash"
    assert "TINYGRAD_EXT_ISA=sse9" in result.stderr
    assert all(level in result.stderr for level in tg._core.levels())


def test_random_numbers_are_the_same_on_every_level():
    """The same seed gives the same numbers, to the bit."""
    script = (
        "import hashlib, tinygrad_ext as tg; tg.manual_seed(5);"
        "draws = tg.rand(1000), tg.randn(1000), tg.randn(5, dtype=tg.float64), tg.randperm(100);"
        "print([hashlib.sha256(d.numpy()).hexdigest() for d in draws])"
    )
    assert len({run(level, "-c", script).stdout for level in tg._core.levels()}) == 1
