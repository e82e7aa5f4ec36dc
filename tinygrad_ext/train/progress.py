"""What training shows while it runs: a tqdm bar, or a line per epoch where tqdm is not installed."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from typing import Any

_EVERY = 0.1  # seconds between two looks at the numbers


class Progress:
    """A bar over all epochs.

    Parameters
    ----------
    shown : bool
        Whether anything is shown at all.
    epochs : int
    done : int
        Epochs that are behind already.
    samples : int or None
        Per epoch, as far as known.
    unit : str
        What a sample is.
    """

    def __init__(self, shown: bool, epochs: int, done: int, samples: int | None, unit: str) -> None:
        self.shown = shown
        self.epochs = epochs
        self.unit = unit
        self._next = 0.0
        self._bar: Any = None
        if not shown:
            return
        try:
            tqdm = importlib.import_module("tqdm")
        except ImportError:
            return
        total = None if samples is None else samples * epochs
        self._bar = tqdm.tqdm(
            total=total,
            initial=0 if samples is None else samples * done,
            desc="training",
            unit=unit,
            unit_scale=True,
            dynamic_ncols=True,
        )

    def step(self, samples: int, epoch: int, values: Any) -> None:
        """Count samples; `values` is a function that gives loss and metrics so far."""
        if self._bar is None:
            return
        if time.monotonic() >= self._next:
            self._show(epoch, values())
            self._next = time.monotonic() + _EVERY
        self._bar.update(samples)

    def epoch(self, epoch: int, record: Mapping[str, float]) -> None:
        """Show an epoch's values."""
        values = {
            n: v for n, v in record.items() if n not in ("epoch", "lr", "seconds", "samples_per_second")
        }
        if self._bar is not None:
            self._show(epoch, values)
        elif self.shown:
            rate = f"{record['samples_per_second']:.0f} {self.unit}s/s"
            print(f"epoch {epoch} of {self.epochs}: {_text(values)}, {rate}", flush=True)

    def _show(self, epoch: int, values: Mapping[str, float]) -> None:
        self._bar.set_postfix_str(f"epoch={epoch}, {_text(values)}", refresh=False)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def _text(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={value:.4f}" for name, value in values.items())
