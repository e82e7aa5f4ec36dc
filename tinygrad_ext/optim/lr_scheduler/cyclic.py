"""Schedules that raise and lower the rate, and the momentum the other way.

L. N. Smith, "Cyclical learning rates for training neural networks", 2017; L. N. Smith and N. Topin,
"Super-convergence", 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tinygrad_ext.optim.lr_scheduler.base import LRScheduler, check_optimizer, function_state, per_group
from tinygrad_ext.optim.optimizer import Optimizer


class _MomentumLR(LRScheduler):
    """A schedule that can change the momentum too: "momentum", or the first of "betas"."""

    cycle_momentum: bool
    use_beta1: bool

    def _start_momentum(self, optimizer: Optimizer, base: Any, most: Any, last_epoch: int) -> None:
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                f"{type(self).__name__}: cycle_momentum needs an optimizer with a momentum or betas, "
                f"{type(optimizer).__name__} has neither"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        self.base_momentums = per_group(self, "base_momentum", base, optimizer)
        self.max_momentums = per_group(self, "max_momentum", most, optimizer)
        if last_epoch == -1:
            for low, high, group in zip(
                self.base_momentums, self.max_momentums, optimizer.param_groups, strict=True
            ):
                self._set_momentum(group, high)
                group["max_momentum"], group["base_momentum"] = high, low

    def _set_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_MomentumLR):
    """From `base_lr` to `max_lr` and back in straight lines, again and again (Smith, 2017).

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    base_lr, max_lr : float, or list of one per group
        The lowest and the highest rate.
    step_size_up : int, default 2000
        The number of steps of each rise.
    step_size_down : int, optional
        That of each descent; as the rise where it is None.
    mode : {"triangular", "triangular2", "exp_range"}
        Equal cycles, each half as high as the one before, or ``gamma ** step`` as high.
    gamma : float, default 1.0
        For "exp_range".
    scale_fn : callable, optional
        Gives the height of cycle or step number x, as `scale_mode` says, instead of `mode`.
    scale_mode : {"cycle", "iterations"}
        What `scale_fn` gets.
    cycle_momentum : bool, default True
        Whether the momentum falls from `max_momentum` to `base_momentum` while the rate rises.
    base_momentum, max_momentum : float, or list of one per group
        0.8 and 0.9 by default.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If `mode` is unknown, or momentum is wanted of an optimizer without.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(self, optimizer)
        base_lrs = per_group(self, "base_lr", base_lr, optimizer)
        self.max_lrs = per_group(self, "max_lr", max_lr, optimizer)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(
                f"CyclicLR: mode must be 'triangular', 'triangular2' or 'exp_range', got {mode!r}"
            )
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = (
            scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        )
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        if last_epoch == -1:
            for rate, group in zip(base_lrs, optimizer.param_groups, strict=True):
                group["lr"] = rate
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """Give the height of a cycle, or of step number `x`."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return float(1 / 2.0 ** (x - 1) if self.mode == "triangular2" else self.gamma**x)

    def get_lr(self) -> list[float]:
        """Compute the rates, and set the momenta."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        position = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for low, high, group in zip(
                self.base_momentums, self.max_momentums, self.optimizer.param_groups, strict=True
            ):
                self._set_momentum(group, high - (high - low) * position * height)
        return [
            low + (high - low) * position * height
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """Return all but the optimizer and a plain `scale_fn`; of a callable object, its attributes."""
        return {**super().state_dict(), "_scale_fn_custom": function_state(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        rest = dict(state_dict)
        attributes = rest.pop("_scale_fn_custom")
        super().load_state_dict(rest)
        if attributes is not None:
            vars(self._scale_fn_custom).update(attributes)


class OneCycleLR(_MomentumLR):
    """One rise to `max_lr` and one descent far below the start, in `total_steps` (Smith & Topin, 2018).

    The rate starts from ``max_lr / div_factor`` and ends at ``max_lr / div_factor / final_div_factor``. It is
    set, not multiplied: other schedules on the same optimizer have no effect.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups it changes.
    max_lr : float, or list of one per group
        The highest rate.
    total_steps : int, optional
        The number of steps; ``epochs * steps_per_epoch`` where it is None.
    epochs, steps_per_epoch : int, optional
        Needed where there is no `total_steps`.
    pct_start : float, default 0.3
        The share of the steps that go up.
    anneal_strategy : {"cos", "linear"}
        Along half a cosine, or in straight lines.
    cycle_momentum : bool, default True
        Whether the momentum falls from `max_momentum` to `base_momentum` while the rate rises.
    base_momentum, max_momentum : float, or list of one per group
        0.85 and 0.95 by default.
    div_factor, final_div_factor : float
        25 and 1e4 by default.
    three_phase : bool, default False
        Whether the descent first goes back to the start, in as many steps as the rise.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If a setting is out of range, momentum is wanted of an optimizer without, or a step beyond the last is
        taken.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(self, optimizer)
        if total_steps is not None:
            self.total_steps = _positive("total_steps", total_steps)
        elif epochs is not None and steps_per_epoch is not None:
            self.total_steps = _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)
        else:
            raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must be a float in [0, 1], got {pct_start!r}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}"
            )
        self._anneal_func_type = anneal_strategy
        rise = pct_start * self.total_steps
        # Each phase: its last step, and the keys of the group between whose values it goes.
        corners = [(rise - 1, "max_lr", "base_momentum")]
        if three_phase:
            corners.append((2 * rise - 2, "initial_lr", "max_momentum"))
        corners.append((self.total_steps - 1, "min_lr", "max_momentum"))
        self._schedule_phases: list[dict[str, Any]] = []
        lr, momentum = "initial_lr", "max_momentum"
        for end, next_lr, next_momentum in corners:
            self._schedule_phases.append(
                {
                    "end_step": end,
                    "start_lr": lr,
                    "end_lr": next_lr,
                    "start_momentum": momentum,
                    "end_momentum": next_momentum,
                }
            )
            lr, momentum = next_lr, next_momentum
        highest = per_group(self, "max_lr", max_lr, optimizer)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        if last_epoch == -1:
            for rate, group in zip(highest, optimizer.param_groups, strict=True):
                group["initial_lr"], group["max_lr"] = rate / div_factor, rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Compute the rates, and set the momenta."""
        self._warn_outside_step()
        if self.last_epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: step {self.last_epoch} is beyond the last of {self.total_steps}")
        start = 0.0
        for phase in self._schedule_phases[:-1]:
            if self.last_epoch <= phase["end_step"]:
                break
            start = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        share = (self.last_epoch - start) / (phase["end_step"] - start)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                between = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._anneal(*between, share))
        return [
            self._anneal(group[phase["start_lr"]], group[phase["end_lr"]], share)
            for group in self.optimizer.param_groups
        ]

    def _anneal(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"OneCycleLR: {name} must be a positive int, got {value!r}")
    return value
