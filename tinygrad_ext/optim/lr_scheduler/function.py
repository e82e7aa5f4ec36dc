"""Schedules by a user's function of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tinygrad_ext.optim.lr_scheduler.base import LRScheduler, check_optimizer, function_state, per_group
from tinygrad_ext.optim.optimizer import Optimizer


class _FunctionLR(LRScheduler):
    """A schedule with a function per group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(self, optimizer)
        self.lr_lambdas = per_group(self, "lr_lambda", lr_lambda, optimizer)
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    f"{type(self).__name__}: lr_lambda must be a function, got {type(function).__name__}"
                )
        super().__init__(optimizer, last_epoch)

    def _factors(self) -> list[float]:
        return [function(self.last_epoch) for function in self.lr_lambdas]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and plain functions; of callable objects, their attributes."""
        return {**super().state_dict(), "lr_lambdas": [function_state(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        rest = dict(state_dict)
        saved = rest.pop("lr_lambdas")
        super().load_state_dict(rest)
        for function, attributes in zip(self.lr_lambdas, saved, strict=True):
            if attributes is not None:
                vars(function).update(attributes)


class LambdaLR(_FunctionLR):
    """The initial rate times ``lr_lambda(step)``.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    lr_lambda : callable, or list of one per group
        From the number of steps to a factor.
    last_epoch : int, default -1
        See `LRScheduler`.
    """

    def get_lr(self) -> list[float]:
        """Compute the rates."""
        self._warn_outside_step()
        return [rate * factor for rate, factor in zip(self.base_lrs, self._factors(), strict=True)]


class MultiplicativeLR(_FunctionLR):
    """The present rate times ``lr_lambda(step)``, at every step.

    Parameters and errors as `LambdaLR`.
    """

    def get_lr(self) -> list[float]:
        """Compute the rates."""
        self._warn_outside_step()
        if self._is_initial:
            return self._present()
        return [rate * factor for rate, factor in zip(self._present(), self._factors(), strict=True)]
