"""The library beside those that users would otherwise pick; the rules are in README.md."""

import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).parents[1] / "tests")
)  # cases.py and models.py, which cases are made of
