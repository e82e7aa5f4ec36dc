"""The kernels' object files keep to themselves.

A shared inline or library function compiled for AVX-512 could be the copy that the linker keeps for all,
and an older processor would then die of an illegal instruction.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OBJECTS = sorted(ROOT.glob("build/*/CMakeFiles/tg_kernels_*.dir/**/*.o"))


@pytest.mark.skipif(not OBJECTS, reason="no build tree beside the tests")
@pytest.mark.skipif(shutil.which("nm") is None, reason="no nm on this machine")
def test_objects_share_nothing():
    levels = {path.relative_to(ROOT).parts[3] for path in OBJECTS}
    assert len(levels) >= 1
    for path in OBJECTS:
        symbols = subprocess.run(
            ["nm", "--demangle", str(path)], capture_output=True, text=True, check=True
        ).stdout
        weak = re.findall(r"^\S* [WVu] (.*)$", symbols, re.MULTILINE)
        assert weak == [], f"{path.name}: weak symbols, which the linker shares between levels"
        shared = re.findall(r"^\S* [TDBR] (.*)$", symbols, re.MULTILINE)
        assert [s for s in shared if not re.match(r"tg::kernels::\w+::fill", s)] == [], path.name
