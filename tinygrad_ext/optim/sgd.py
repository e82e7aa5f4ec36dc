"""Stochastic gradient descent, with momentum if wanted."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_ext._core import Tensor, sgd_step, zeros_like
from tinygrad_ext.optim.optimizer import Optimizer, Parameters, check_range


class SGD(Optimizer):
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

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

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
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        check_range(
            "SGD",
            lr=(group["lr"], 0, math.inf),
            momentum=(group["momentum"], 0, math.inf),
            dampening=(group["dampening"], -math.inf, math.inf),
            weight_decay=(group["weight_decay"], 0, math.inf),
        )
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def _update(self, group: dict[str, Any]) -> None:
        if group["momentum"]:
            self._update_with_momentum(group)
            return
        params = group["params"]
        grads = [grad for param in params if (grad := param.grad) is not None]
        if len(grads) < len(params):
            params = [param for param in params if param.grad is not None]
        sgd_step(
            params, grads, [], False, group["lr"], 0.0, 0.0, group["weight_decay"], False, group["maximize"]
        )

    def _update_with_momentum(self, group: dict[str, Any]) -> None:
        # Two batches at most: a parameter whose gradient is its first has no momentum to blend with yet.
        batches: dict[bool, tuple[list[Tensor], list[Tensor], list[Tensor]]] = {}
        state = self.state
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            entry = state.get(param)
            first = entry is None
            if first not in batches:
                batches[first] = [], [], []
            params, grads, buffers = batches[first]
            params.append(param)
            grads.append(grad)
            buffers.append(zeros_like(param) if entry is None else entry["momentum_buffer"])
        settings = (
            group["momentum"],
            group["dampening"],
            group["weight_decay"],
            group["nesterov"],
            group["maximize"],
        )
        for first, (params, grads, buffers) in batches.items():
            sgd_step(params, grads, buffers, first, group["lr"], *settings)
            if first:
                # Only now, so that a failed call leaves no trace.
                for param, buffer in zip(params, buffers, strict=True):
                    state[param] = {"momentum_buffer": buffer}
