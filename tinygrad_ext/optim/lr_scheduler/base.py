"""`LRScheduler`: what all schedules share. It knows no formula."""

from __future__ import annotations

import copy
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from tinygrad_ext.optim.optimizer import Optimizer


class LRScheduler:
    """The base class of schedules; a subclass defines `get_lr`.

    Making a schedule sets the first rates. It keeps each group's own rate as ``group["initial_lr"]``.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    last_epoch : int, default -1
        How many steps were taken already, less one. Above -1 the groups must have an "initial_lr".

    Attributes
    ----------
    last_epoch : int
        The number of steps.
    base_lrs : list of float
        Each group's initial rate.

    Raises
    ------
    TypeError
        If `optimizer` is none.
    KeyError
        If `last_epoch` is given and a group has no "initial_lr".
    """

    _is_initial = False
    _get_lr_called_within_step = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = check_optimizer(self, optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: last_epoch={last_epoch} continues a schedule, but group "
                    f"{number} has no 'initial_lr'; load the optimizer's state first"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[float]:
        """Compute each group's rate for `last_epoch`; for subclasses to define and for `step` to call."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr")

    def get_last_lr(self) -> list[float]:
        """Return each group's rate as this schedule set it last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next rate.

        Parameters
        ----------
        epoch : int, optional
            Where to go instead; deprecated.

        Warns
        -----
        UserWarning
            If the optimizer has not been stepped before: the first rate is then never used.
        """
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                f"{type(self).__name__}.step() was called before optimizer.step(), which skips the first "
                "learning rate; call optimizer.step() first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(
                f"{type(self).__name__}.step(epoch) is deprecated; call step() without an argument",
                UserWarning,
                stacklevel=2,
            )
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = None if epoch is None else self._get_closed_form_lr()
        self._set(self._next() if closed is None else closed)

    def _next(self) -> list[float]:
        self._get_lr_called_within_step = True
        try:
            return self.get_lr()
        finally:
            self._get_lr_called_within_step = False

    def _get_closed_form_lr(self) -> list[float] | None:
        """Give the rates from `last_epoch` alone, None where there is no such form."""
        return None

    def _set(self, rates: list[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = self._present()

    def _present(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def _scaled(self, factor: float) -> list[float]:
        return [rate * factor for rate in self._present()]

    def _base_scaled(self, factor: float) -> list[float]:
        return [rate * factor for rate in self.base_lrs]

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                f"{type(self).__name__}.get_lr() computes the next learning rate; use get_last_lr() for "
                "the present one",
                UserWarning,
                stacklevel=3,
            )

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer, whose state is saved apart. Functions are left out."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; the optimizer's rates are part of its own state."""
        self.__dict__.update(copy.deepcopy(dict(state_dict)))


def check_optimizer(owner: LRScheduler, optimizer: Any) -> Optimizer:
    """Return `optimizer`, which must be one.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(owner).__name__}: expected an Optimizer, got {type(optimizer).__name__}")
    return optimizer


def per_group(owner: LRScheduler, name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """Return one value per group: those given, or the same for all.

    Raises
    ------
    ValueError
        If there are more or fewer values than groups.
    """
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{type(owner).__name__}: {name} has {len(value)} values, the optimizer {count} groups"
        )
    return list(value)


def function_state(function: Callable[..., Any] | None) -> dict[str, Any] | None:
    """Return what a callable object holds; None for a plain function, which cannot be saved."""
    if function is None or isinstance(function, types.FunctionType):
        return None
    return dict(vars(function))
