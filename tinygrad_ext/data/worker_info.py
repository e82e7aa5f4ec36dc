"""What code that runs in a worker of a `DataLoader` can ask about itself."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple


class WorkerInfo(NamedTuple):
    """A worker's number, how many there are, the seed of its generators, and its dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


here = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """Return what the worker is that this is called in; None outside of workers."""
    return getattr(here, "info", None)
