"""The library beside those that users would otherwise pick; the rules are in README.md."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).parents[1]


def arrange(path: list[str]) -> list[str]:
    """Where modules are found: those of tests/ that cases are made of, an unbuilt source tree last.

    Python puts the folder in which it is started first, where the tree would hide the installed library.
    """
    found = [str(ROOT / "tests"), *(p for p in path if p != str(ROOT / "tests"))]
    built = any((ROOT / "tinygrad_ext" / f"_core{suffix}").exists() for suffix in EXTENSION_SUFFIXES)
    return found if built else sorted(found, key=lambda p: Path(p).resolve() == ROOT)


sys.path[:] = arrange(sys.path)
