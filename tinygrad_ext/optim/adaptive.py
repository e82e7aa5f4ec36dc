"""RMSprop, Adagrad and Adadelta: steps scaled by the size of the gradients so far, without their mean."""

from __future__ import annotations

from typing import Any

from tinygrad_ext._core import Tensor, full_like
from tinygrad_ext.optim.fused import Entry, FusedOptimizer, Group
from tinygrad_ext.optim.optimizer import Parameters, check_range


class RMSprop(FusedOptimizer):
    """``p -= lr * g / (sqrt(v) + eps)``, v the running mean of g² (Tieleman & Hinton, 2012).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1e-2
        The step size.
    alpha : float, default 0.99
        How much of v is kept at each step.
    eps : float, default 1e-8
        Keeps the division finite.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    momentum : float, default 0
        The share of the previous step that is kept.
    centered : bool, default False
        Divides by the deviation of g from its running mean (Graves, 2013, equation 40).
    maximize : bool, default False
        Ascends instead.
    capturable, foreach, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "rmsprop"
    _names = ("square_avg", "momentum_buffer", "grad_avg")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_range("RMSprop", group, "alpha", "eps", "momentum")

    def _states(self, group: Group) -> tuple[str | None, ...]:
        square, momentum, mean = self._names
        return square, momentum if group["momentum"] else None, mean if group["centered"] else None

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        return (group["lr"], group["alpha"], group["eps"], group["momentum"]), {"step": before + 1}


class Adagrad(FusedOptimizer):
    """``p -= lr * g / (sqrt(v) + eps)``, v the sum of all g² (Duchi et al., 2011).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1e-2
        The step size.
    lr_decay : float, default 0
        Step t is of size ``lr / (1 + (t - 1) * lr_decay)``.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    initial_accumulator_value : float, default 0
        What v starts from.
    eps : float, default 1e-10
        Keeps the division finite.
    maximize : bool, default False
        Ascends instead.
    foreach, differentiable, fused
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "adagrad"
    _names = ("sum",)

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        # From the beginning, as in PyTorch: a state saved before the first step has them.
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self._start(param, group)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_range("Adagrad", group, "lr_decay", "initial_accumulator_value", "eps")

    def _start(self, param: Tensor, group: Group) -> Entry:
        start = full_like(param, group["initial_accumulator_value"])
        return {"step": 0, "sum": start.detach()}

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        return (group["lr"] / (1 + before * group["lr_decay"]), group["eps"]), {"step": before + 1}


class Adadelta(FusedOptimizer):
    """``p -= lr * g * sqrt(u + eps) / sqrt(v + eps)``, u and v running means of step² and g² (Zeiler, 2012).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1.0
        Scales the step.
    rho : float, default 0.9
        How much of the running means is kept at each step.
    eps : float, default 1e-6
        Keeps the division finite, and the first steps above zero.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    maximize : bool, default False
        Ascends instead.
    foreach, capturable, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "adadelta"
    _names = ("square_avg", "acc_delta")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_range("Adadelta", group, "eps")
        check_range("Adadelta", group, "rho", most=1)

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        return (group["lr"], group["rho"], group["eps"]), {"step": before + 1}
