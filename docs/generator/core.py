"""The compiled core without the package around it, whose own modules are made from it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any


def load() -> Any:
    """`tinygrad_ext._core`, found on the path; the one that is in use where there is one."""
    if "tinygrad_ext._core" in sys.modules:
        return sys.modules["tinygrad_ext._core"]
    for folder in [Path(__file__).parents[2], *map(Path, sys.path)]:
        for file in sorted((folder / "tinygrad_ext").glob("_core.*")):
            if file.suffix in (".so", ".pyd"):
                spec = importlib.util.spec_from_file_location("tinygrad_ext._core", file)
                assert spec is not None
                assert spec.loader is not None
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                sys.modules["tinygrad_ext._core"] = module
                return module
    raise ImportError("tinygrad_ext is not built yet: run `pip install .` in its folder first")


OPS = load().OPS
OpInfo = load().OpInfo
