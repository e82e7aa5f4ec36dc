"""Adam and AdamW: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from tinygrad_ext._core import Tensor, adam_step, zeros_like
from tinygrad_ext.optim.optimizer import Optimizer, Parameters, check_range

Tensors: TypeAlias = list[Tensor]


class Adam(Optimizer):
    """``p -= lr * m / (sqrt(v) + eps)``, m and v the bias-corrected means of g and g² (Kingma & Ba, 2015).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1e-3
        The step size: about how far a parameter moves per step.
    betas : (float, float), default (0.9, 0.999)
        How much of the running means of g and of g² is kept at each step.
    eps : float, default 1e-8
        Keeps the division finite.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    amsgrad : bool, default False
        Divides by the largest v so far (Reddi et al., 2018).
    maximize : bool, default False
        Ascends instead.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _decoupled = False  # whether weight decay shrinks the parameter itself instead of joining the gradient

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        owner = type(self).__name__
        betas = group["betas"]
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"{owner}: betas must be a pair of numbers, got {betas!r}")
        check_range(
            owner,
            lr=(group["lr"], 0, math.inf),
            eps=(group["eps"], 0, math.inf),
            weight_decay=(group["weight_decay"], 0, math.inf),
        )
        for number, beta in enumerate(betas):
            check_range(owner, **{f"betas[{number}]": (beta, 0, 1)})

    def _update(self, group: dict[str, Any]) -> None:
        # Parameters that have seen equally many steps go to C++ together: as a rule, all of them.
        batches: dict[int, tuple[list[dict[str, Any]], Tensors, Tensors, Tensors, Tensors, Tensors]] = {}
        state, amsgrad = self.state, group["amsgrad"]
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            entry = state.get(param) or self._fresh(param, amsgrad)
            step = entry["step"] + 1
            if step not in batches:
                batches[step] = [], [], [], [], [], []
            entries, params, grads, means, squares, peaks = batches[step]
            entries.append(entry)
            params.append(param)
            grads.append(grad)
            means.append(entry["exp_avg"])
            squares.append(entry["exp_avg_sq"])
            if amsgrad:
                peaks.append(entry["max_exp_avg_sq"])
        beta1, beta2 = group["betas"]
        rest = (
            group["lr"],
            beta1,
            beta2,
            group["eps"],
            group["weight_decay"],
            self._decoupled,
            group["maximize"],
        )
        for step, (entries, params, grads, means, squares, peaks) in batches.items():
            adam_step(params, grads, means, squares, peaks, step, *rest)
            # Only now, so that a failed call leaves no trace.
            for entry in entries:
                entry["step"] = step
            if step == 1:
                state.update(zip(params, entries, strict=True))

    @staticmethod
    def _fresh(param: Tensor, amsgrad: bool) -> dict[str, Any]:
        entry = {"step": 0, "exp_avg": zeros_like(param), "exp_avg_sq": zeros_like(param)}
        return entry | {"max_exp_avg_sq": zeros_like(param)} if amsgrad else entry


class AdamW(Adam):
    """Adam with a decay of ``lr * weight_decay`` of each parameter per step (Loshchilov & Hutter, 2019).

    Parameters and errors as `Adam`; `weight_decay` is 0.01 by default.
    """

    _decoupled = True

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
