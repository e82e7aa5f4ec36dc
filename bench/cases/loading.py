"""Data loading: an epoch of a shuffled `DataLoader` without workers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.case import Case, Make, Step, alike

BATCH = 64


def epoch(samples: int, dataset: Callable[[Any, np.ndarray, np.ndarray], Any]) -> Make:
    """All batches; compared are the classes in their order, which the seed decides, and the sums of rows."""

    def make(lib: Any) -> Step:
        x = np.arange(samples * 784, dtype=np.float32).reshape(samples, 784) % 251
        y = np.arange(samples)
        loader = data_module(lib).DataLoader(dataset(lib, x, y), batch_size=BATCH, shuffle=True)

        def run() -> Any:
            count = 0
            for inputs, _ in loader:
                count += inputs.shape[0]
            return count

        def compared() -> Any:
            lib.manual_seed(0)
            batches = list(loader)
            return lib.cat([t for _, t in batches]), lib.cat([i.sum(1) for i, _ in batches])

        return Step(run, compared)

    return make


def data_module(lib: Any) -> Any:
    return importlib.import_module("torch.utils.data" if lib.__name__ == "torch" else f"{lib.__name__}.data")


def of_tensors(lib: Any, x: np.ndarray, y: np.ndarray) -> Any:
    return data_module(lib).TensorDataset(lib.from_numpy(x), lib.from_numpy(y))


def of_samples(lib: Any, x: np.ndarray, y: np.ndarray) -> Any:
    """What users write for files of their own: one sample at a time, an array and a number."""

    class Samples(data_module(lib).Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(x)

        def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
            return x[index], int(y[index])

    return Samples()


def cases() -> list[Case]:
    return [
        Case("loading", "TensorDataset 60000x784 b64", alike(epoch(60_000, of_tensors))),
        Case("loading", "samples 10000x784 b64", alike(epoch(10_000, of_samples))),
    ]
