"""The benchmark package is imported from the sources, after whatever is installed."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))

pytest.importorskip("tqdm")
