"""What a library costs before it computes: import time and installed size."""

from __future__ import annotations

from typing import Any

from bench.case import Case, Run
from bench.libraries import LIBRARIES

# What has no tensors, or no gradients, is no alternative: micrograd, and NumPy, which every other needs too.
COMPARED = [name for name in LIBRARIES if name not in ("micrograd", "numpy")]


def nothing(_: Any) -> Run:
    """Measured from outside, by bench/startup.py."""
    raise NotImplementedError


def cases() -> list[Case]:
    makers = dict.fromkeys(COMPARED, nothing)
    return [
        Case("startup", "import", makers, target=5.0, kind="import", rival="torch"),
        Case("startup", "installed size", makers, target=8.0, kind="size", rival="torch"),
    ]
