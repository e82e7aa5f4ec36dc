"""Stochastic gradient descent, with momentum if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tinygrad_ext.optim.fused import FusedOptimizer, Group
from tinygrad_ext.optim.optimizer import Parameters, check_range


class SGD(FusedOptimizer):
    """``p -= lr * g``; with momentum ``b = momentum * b + (1 - dampening) * g; p -= lr * b``.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1e-3
        The step size.
    momentum : float, default 0
        The share of the previous step that is kept.
    dampening : float, default 0
        Takes this share off the gradient that enters the momentum buffer, except the first.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    nesterov : bool, default False
        Steps along ``g + momentum * b`` (Sutskever et al., 2013); needs momentum and no dampening.
    maximize : bool, default False
        Ascends instead.
    foreach, fused, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "sgd"
    _names = ("momentum_buffer",)
    _counters: ClassVar[Mapping[str, float]] = {}

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_range("SGD", group, "momentum")
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def _states(self, group: Group) -> tuple[str | None, ...]:
        return self._names if group["momentum"] else (None,)

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        # The first gradient is the momentum; it is not blended with one that was never there.
        blend = 1.0 if first else 1.0 - group["dampening"]
        return (group["lr"], group["momentum"], blend, float(group["nesterov"])), {}
