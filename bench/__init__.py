"""The library beside those that users would otherwise pick; the rules are in README.md."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

sys.path.insert(0, str(ROOT / "tests"))  # cases.py and models.py, which cases are made of
if not any((ROOT / "tinygrad_ext").glob("_core*.so")):
    # Sources that were not built in place: the installed package is meant, and must be found before them.
    sys.path[:] = [*(path for path in sys.path if Path(path).resolve() != ROOT), str(ROOT)]
