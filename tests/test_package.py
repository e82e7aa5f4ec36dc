"""The package as it is installed: what importing it gives, and its command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest

import tinygrad_ext as tg

HERE = Path(__file__).parent


def run(*command: str, timeout: int = 120) -> subprocess.CompletedProcess[str]:
    """Run Python in a fresh process, away from the sources."""
    return subprocess.run(
        [sys.executable, *command], cwd=HERE, capture_output=True, text=True, timeout=timeout, check=False
    )


def test_version():
    assert tg.__version__ == version("tinygrad_ext")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", tg.__version__)


def test_numpy_is_the_only_dependency():
    plain = [r for r in requires("tinygrad_ext") or [] if "extra ==" not in r]
    assert [re.match(r"[\w-]+", r)[0] for r in plain] == ["numpy"]


def test_importing_loads_nothing_heavy():
    """No torch, SciPy, matplotlib or tqdm comes in by the back door."""
    script = "import sys, tinygrad_ext; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = set(run("-c", script).stdout.split())
    assert "numpy" in loaded
    assert loaded & {"torch", "scipy", "matplotlib", "tqdm", "pandas", "jax"} == set()


def test_info():
    result = run("-m", "tinygrad_ext", "info")
    assert result.returncode == 0, result.stderr
    for part in (tg.__version__, tg._core.isa()):
        assert part in result.stdout


def test_training_from_the_command_line():
    """One epoch runs and reports the three parts; the full training is the business of CI."""
    result = run("-m", "tinygrad_ext", "--epochs", "1")
    assert result.returncode == 0, result.stderr
    accuracies = [float(v) for v in re.findall(r"accuracy +([\d.]+)", result.stdout)]
    assert len(accuracies) == 3
    assert min(accuracies) > 50
    assert tg._core.isa() in result.stdout


def test_interpreter_exits_cleanly():
    """Graphs, hooks and threads that are still alive at exit do not crash it."""
    script = (
        "import tinygrad_ext as tg\n"
        "x = tg.ones(500, 500, requires_grad=True)\n"
        "y = (x @ x).exp()\n"
        "y.register_hook(lambda g: g)\n"
        "y.note = y\n"
        "(x @ x).sum().backward()\n"
    )
    result = run("-c", script)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork():
    """A child of a process that has used its worker pool can compute and differentiate."""
    script = (
        "import os, tinygrad_ext as tg\n"
        "tg.set_num_threads(2)\n"
        "x = tg.ones(600, 600, requires_grad=True)\n"
        "(x @ x).sum().backward()\n"
        "pid = os.fork()\n"
        "y = (x @ x).sum().item()\n"
        "if pid == 0: os._exit(0 if y == 600.0**3 else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), y)\n"
    )
    result = run("-W", "ignore", "-c", script, timeout=60)
    assert result.stdout.split() == ["0", str(600.0**3)], result.stderr
