"""The benchmarks are a package beside the tests, which stands at the repository's root."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[2])]  # after the installed library, which the tree would hide
