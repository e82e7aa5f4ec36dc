"""`History`: what a training went through, epoch by epoch, as numbers, a CSV file or a picture."""

from __future__ import annotations

import csv
import importlib
import math
import os
from typing import Any

Record = dict[str, float]
VALIDATION = "val_"


class History:
    """The values of each epoch, from the first on.

    Attributes
    ----------
    records : list of dict from str to float
        Per epoch: "epoch" from 1, "loss" and the metrics over the training batches as they were met, the same
        with "val_" before the name on the validation data, "lr", "seconds" (training and validation),
        "samples_per_second" (training).
    monitor : str
        The value that tells which epoch is the best.
    stopped : str
        Why training ended: "finished", "early stopping" or "interrupted".
    """

    def __init__(self, monitor: str = "loss", records: list[Record] | None = None) -> None:
        self.monitor = monitor
        self.records = [] if records is None else records
        self.stopped = ""

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, name: str) -> list[float]:
        """The values of one name, an epoch each; KeyError lists the names."""
        if name not in self.names():
            raise KeyError(f"{name!r}; there are {', '.join(self.names())}")
        return [record[name] for record in self.records if name in record]

    def names(self) -> list[str]:
        """The names of the values."""
        return list(dict.fromkeys(name for record in self.records for name in record))

    def as_dict(self) -> dict[str, list[float]]:
        """Return the values by name, a list with an entry per epoch."""
        return {name: self[name] for name in self.names()}

    @property
    def best(self) -> Record:
        """The record of the best epoch, the first of equals; {} where none has a finite value."""
        known = [r for r in self.records if math.isfinite(r.get(self.monitor, math.nan))]
        sign = 1 if lower_is_better(self.monitor) else -1
        return min(known, key=lambda record: sign * record[self.monitor], default={})

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the values to a CSV file: a column per name, a line per epoch."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.names())
            writer.writeheader()
            writer.writerows(self.records)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Draw loss and metrics over the epochs, of training and of validation.

        Parameters
        ----------
        path : path, optional
            Where to save the picture; the name's end says in which format.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by a notebook as it is.

        Raises
        ------
        ValueError
            If there is no epoch yet.
        ImportError
            If matplotlib is not installed.
        """
        try:
            new_figure = importlib.import_module("matplotlib.figure").Figure
            ticker = importlib.import_module("matplotlib.ticker")
        except ImportError:
            raise ImportError("plot needs the library matplotlib: pip install 'tinygrad_ext[viz]'") from None
        if not self.records:
            raise ValueError("History.plot: there is no epoch yet")
        names = [n for n in self.names() if not n.startswith(VALIDATION) and n not in _ABOUT]
        figure = new_figure(figsize=(5.0 * len(names), 3.6), layout="constrained")
        best = self.best.get("epoch")
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            marker = "." if len(self) <= 30 else ""
            for key, label in (name, "training"), (VALIDATION + name, "validation"):
                points = [(r["epoch"], r[key]) for r in self.records if key in r]
                if points:
                    axes.plot(*zip(*points, strict=True), marker=marker, label=label)
            if best is not None and len(self) > 1:
                axes.axvline(best, color="0.7", linestyle=":", zorder=0, label=f"best: {best:.0f}")
            axes.set(xlabel="epoch", title=name.replace("_", " "))
            axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
            axes.grid(alpha=0.25)
            axes.legend()
        if path is not None:
            figure.savefig(path, dpi=150)
        return figure

    def __repr__(self) -> str:
        last = (
            ", ".join(f"{n} {v:.4g}" for n, v in self.records[-1].items() if n not in _ABOUT) if self else ""
        )
        return f"History of {len(self)} epochs, {self.stopped or 'running'}" + (f": {last}" if last else "")


_ABOUT = ("epoch", "lr", "seconds", "samples_per_second")


def lower_is_better(name: str) -> bool:
    """Whether a value of this name should fall: losses and errors do, everything else should rise."""
    return "loss" in name or "error" in name
