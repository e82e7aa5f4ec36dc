"""The whole state of a training at the end of an epoch, saved and taken up again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tinygrad_ext._core import Generator, default_generator
from tinygrad_ext.io import load, save
from tinygrad_ext.nn.module import Module
from tinygrad_ext.train.history import History

BEST, LAST = "best.safetensors", "last.safetensors"


class State:
    """What training changes: model, optimizer, schedule, random generators, history.

    Parameters
    ----------
    model, optimizer, scheduler
        The last one may be None.
    generator : Generator or None
        The data loader's own.
    history : History
    """

    def __init__(
        self,
        model: Module,
        optimizer: Any,
        scheduler: Any,
        generator: Generator | None,
        history: History,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.generator = generator
        self.history = history

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a file."""
        save(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
                "generator": default_generator.get_state(),
                "loader_generator": None if self.generator is None else self.generator.get_state(),
                "history": self.history.records,
            },
            path,
        )

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take everything from a file, or from the last one of a directory.

        Raises
        ------
        ValueError
            If the file is no checkpoint of `fit`, or one of a training with other parts.
        """
        file = Path(path) / LAST if Path(path).is_dir() else Path(path)
        saved = load(file)
        parts = {"model", "optimizer", "scheduler", "generator", "loader_generator", "history"}
        if not isinstance(saved, dict) or not parts <= saved.keys():
            raise ValueError(f"fit: {file}: expected a checkpoint with {', '.join(sorted(parts))}")
        for name, own in ("scheduler", self.scheduler), ("loader_generator", self.generator):
            if (own is None) != (saved[name] is None):
                has = "has none" if saved[name] is None else "has one"
                raise ValueError(
                    f"fit: {file}: the checkpoint {has} where {name} is concerned, this call differs"
                )
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(saved["scheduler"])
        if self.generator is not None:
            self.generator.set_state(saved["loader_generator"])
        default_generator.set_state(saved["generator"])
        self.history.records[:] = saved["history"]


class Keeper:
    """Writes checkpoints to a directory after each epoch, and remembers the best weights.

    Parameters
    ----------
    state : State
    folder : path or None
        None writes nothing.
    remember : bool
        Whether to keep a copy of the best weights.
    resumed : path or None
        What `state` was loaded from; the best weights so far are beside it.
    """

    def __init__(
        self,
        state: State,
        folder: str | os.PathLike[str] | None,
        remember: bool,
        resumed: str | os.PathLike[str] | None,
    ) -> None:
        self.state = state
        self.folder = None if folder is None else Path(folder)
        self.remember = remember
        self.weights: dict[str, Any] | None = None
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        if remember and resumed is not None:
            best = (Path(resumed) if Path(resumed).is_dir() else Path(resumed).parent) / BEST
            if best.is_file():
                self.weights = load(best)["model"]

    def epoch(self) -> None:
        """An epoch is over and in the history."""
        history = self.state.history
        is_best = history.best is history.records[-1]
        if is_best and self.remember:
            self.weights = {name: value.clone() for name, value in self.state.model.state_dict().items()}
        if self.folder is not None:
            if is_best:
                self.state.save(self.folder / BEST)
            self.state.save(self.folder / LAST)

    def restore(self) -> None:
        """Give the model the best weights there were."""
        if self.weights is not None:
            self.state.model.load_state_dict(self.weights)
