"""Schedules that multiply the present rate by a factor: at some steps, at every step, or up to some step."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from tinygrad_ext.optim.lr_scheduler.base import LRScheduler
from tinygrad_ext.optim.optimizer import Optimizer


class _FactorLR(LRScheduler):
    """A schedule that is the same factor for all groups."""

    def get_lr(self) -> list[float]:
        """Compute the rates."""
        self._warn_outside_step()
        factor = self._factor()
        return self._present() if factor is None else self._scaled(factor)

    def _get_closed_form_lr(self) -> list[float] | None:
        return self._base_scaled(self._total_factor())

    def _factor(self) -> float | None:
        """Give what this step multiplies the present rate by; None leaves it."""
        raise NotImplementedError

    def _total_factor(self) -> float:
        """Give what all steps so far multiply the initial rate by."""
        raise NotImplementedError


class StepLR(_FactorLR):
    """Multiplies the rate by `gamma` every `step_size` steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    step_size : int
        The number of steps between two changes.
    gamma : float, default 0.1
        The factor.
    last_epoch : int, default -1
        See `LRScheduler`.
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        return self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else None

    def _total_factor(self) -> float:
        return float(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(_FactorLR):
    """Multiplies the rate by `gamma` at each of the `milestones`; as often as one is given.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    milestones : iterable of int
        The steps at which the rate changes.
    gamma : float, default 0.1
        The factor.
    last_epoch : int, default -1
        See `LRScheduler`.
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        times = self.milestones[self.last_epoch]
        return self.gamma**times if times else None

    def _total_factor(self) -> float:
        return float(self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch))


class ExponentialLR(_FactorLR):
    """Multiplies the rate by `gamma` at every step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    gamma : float
        The factor.
    last_epoch : int, default -1
        See `LRScheduler`.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        return None if self._is_initial else self.gamma

    def _total_factor(self) -> float:
        return float(self.gamma**self.last_epoch)


class ConstantLR(_FactorLR):
    """The initial rate times `factor` for `total_iters` steps, then the initial rate.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    factor : float, default 1/3
        In [0, 1].
    total_iters : int, default 5
        The number of steps with the factor.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If the factor is out of range.
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: factor must be in [0, 1], got {factor!r}")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else None

    def _total_factor(self) -> float:
        return self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)


class LinearLR(_FactorLR):
    """The initial rate times a factor that goes from `start_factor` to `end_factor` in equal steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    start_factor : float, default 1/3
        In (0, 1].
    end_factor : float, default 1.0
        In [0, 1].
    total_iters : int, default 5
        The number of steps.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If a factor is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: start_factor must be in (0, 1], got {start_factor!r}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: end_factor must be in [0, 1], got {end_factor!r}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        # The next factor over the last, both times total_iters.
        change = self.end_factor - self.start_factor
        return 1.0 + change / (self.total_iters * self.start_factor + (self.last_epoch - 1) * change)

    def _total_factor(self) -> float:
        steps = min(self.total_iters, self.last_epoch)
        return self.start_factor + (self.end_factor - self.start_factor) * steps / self.total_iters


class PolynomialLR(_FactorLR):
    """The initial rate times ``(1 - step / total_iters) ** power``.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    total_iters : int, default 5
        The number of steps until the rate is zero.
    power : float, default 1.0
        The degree.
    last_epoch : int, default -1
        See `LRScheduler`.
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        left, before = (1.0 - step / self.total_iters for step in (self.last_epoch, self.last_epoch - 1))
        return float((left / before) ** self.power)

    def _total_factor(self) -> float:
        return float((1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)
