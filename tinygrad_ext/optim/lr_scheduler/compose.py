"""Schedules made of others: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_ext.optim.lr_scheduler.base import LRScheduler
from tinygrad_ext.optim.lr_scheduler.plateau import ReduceLROnPlateau
from tinygrad_ext.optim.optimizer import Optimizer


class _Composed(LRScheduler):
    """A schedule that holds others, all on one optimizer."""

    _schedulers: Sequence[LRScheduler]

    def _take(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        owner = type(self).__name__
        if not schedulers:
            raise ValueError(f"{owner}: there must be at least one schedule, got none")
        for number, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"{owner}: element {number} is no schedule but {type(scheduler).__name__}")
            optimizer = optimizer or scheduler.optimizer
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{owner}: element {number} is a ReduceLROnPlateau, whose step needs a metric"
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"{owner}: element {number}, {type(scheduler).__name__}, is for another optimizer"
                )
        self._schedulers = schedulers
        self.optimizer = schedulers[0].optimizer

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer; of the schedules inside, their states."""
        return {**super().state_dict(), "_schedulers": [inner.state_dict() for inner in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        rest = dict(state_dict)
        states = rest.pop("_schedulers")
        super().load_state_dict(rest)
        for inner, state in zip(self._schedulers, states, strict=True):
            inner.load_state_dict(state)


class SequentialLR(_Composed):
    """One schedule after the other; each starts from the initial rates, as if at its first step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    schedulers : list of LRScheduler
        In their order, all made for `optimizer`.
    milestones : list of int
        The steps at which the second, third, ... begin.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If the schedules are for another optimizer, or the milestones are not one fewer.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        self._take(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} milestones, "
                f"got {len(milestones)}"
            )
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        # Making the schedules stepped each of them once.
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        _undo(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next rate."""
        self.last_epoch += 1
        number = bisect_right(self._milestones, self.last_epoch)
        current = self._schedulers[number]
        if number and self._milestones[number - 1] == self.last_epoch:
            current._update_lr(0)
        else:
            current.step()
        self._last_lr = current.get_last_lr()


class ChainedScheduler(_Composed):
    """Several schedules, all stepped together, so that their factors multiply.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
        All for one optimizer.
    optimizer : Optimizer, optional
        Which one.

    Raises
    ------
    ValueError
        If the schedules are for several optimizers.
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take(schedulers, optimizer)
        self._last_lr = self._present()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next rate."""
        for inner in self._schedulers:
            inner.step()
        self._last_lr = self._present()


def _undo(scheduler: LRScheduler) -> None:
    """Count the steps of what `scheduler` holds back by one."""
    if isinstance(scheduler, _Composed):
        for inner in scheduler._schedulers:
            _undo(inner)
    else:
        scheduler.last_epoch -= 1
