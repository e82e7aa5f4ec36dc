"""Adam and its family: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from tinygrad_ext.optim.fused import FusedOptimizer, Group
from tinygrad_ext.optim.optimizer import Parameters, check_betas, check_range


class Adam(FusedOptimizer):
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
    decoupled_weight_decay : bool, default False
        Shrinks p by ``lr * weight_decay`` of itself instead of changing the gradient, as `AdamW` does.
    foreach, capturable, differentiable, fused
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "adam"
    _names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_betas(type(self).__name__, group)
        check_range(type(self).__name__, group, "eps")

    def _states(self, group: Group) -> tuple[str | None, ...]:
        return self._names if group["amsgrad"] else (*self._names[:2], None)

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        step = before + 1
        beta1, beta2 = group["betas"]
        size, root_bias = group["lr"] / (1 - beta1**step), math.sqrt(1 - beta2**step)
        return (beta1, beta2, group["eps"], size, root_bias), {"step": step}


class AdamW(Adam):
    """Adam with a decay of ``lr * weight_decay`` of each parameter per step (Loshchilov & Hutter, 2019).

    Parameters and errors as `Adam`; `weight_decay` is 0.01 by default and always decoupled.
    """

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
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def _check(self, group: Group) -> None:
        super()._check(group)
        group["decoupled_weight_decay"] = True  # a state that was saved by Adam says otherwise


class NAdam(FusedOptimizer):
    """Adam with Nesterov's momentum, which grows from step to step (Dozat, 2016).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 2e-3
        The step size.
    betas : (float, float), default (0.9, 0.999)
        How much of the running means of g and of g² is kept at each step.
    eps : float, default 1e-8
        Keeps the division finite.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    momentum_decay : float, default 4e-3
        How fast the momentum ``betas[0] * (1 - 0.96 ** (step * momentum_decay) / 2)`` grows.
    decoupled_weight_decay : bool, default False
        Shrinks p by ``lr * weight_decay`` of itself instead of changing the gradient.
    maximize : bool, default False
        Ascends instead.
    foreach, capturable, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "nadam"
    _names = ("exp_avg", "exp_avg_sq")
    _counters: ClassVar[Mapping[str, float]] = {"step": 0, "mu_product": 1.0}

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_betas("NAdam", group)
        check_range("NAdam", group, "eps", "momentum_decay")

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        step = before[0] + 1
        beta1, beta2 = group["betas"]
        lr, slow = group["lr"], group["momentum_decay"]
        mu, following = (beta1 * (1.0 - 0.5 * 0.96 ** (t * slow)) for t in (step, step + 1))
        product = before[1] * mu
        of_gradient, of_mean = lr * (1.0 - mu) / (1.0 - product), lr * following / (1.0 - product * following)
        return (beta1, beta2, group["eps"], of_gradient, of_mean, 1 - beta2**step), {
            "step": step,
            "mu_product": product,
        }


class RAdam(FusedOptimizer):
    """Adam that steps by the mean gradient until it knows the variance of v well enough (Liu et al., 2020).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1e-3
        The step size.
    betas : (float, float), default (0.9, 0.999)
        How much of the running means of g and of g² is kept at each step.
    eps : float, default 1e-8
        Keeps the division finite.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    decoupled_weight_decay : bool, default False
        Shrinks p by ``lr * weight_decay`` of itself instead of changing the gradient.
    maximize : bool, default False
        Ascends instead.
    foreach, capturable, differentiable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "radam"
    _names = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_betas("RAdam", group)
        check_range("RAdam", group, "eps")

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        step = before + 1
        beta1, beta2 = group["betas"]
        size, bias2 = group["lr"] / (1 - beta1**step), 1 - beta2**step
        # The length of the simple mean that v amounts to, at most and now.
        most = 2 / (1 - beta2) - 1
        length = most - 2 * step * beta2**step / bias2
        rectified = length > 5.0
        if rectified:
            variance = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
            size *= math.sqrt(bias2 * variance)
        return (beta1, beta2, group["eps"], size, float(rectified)), {"step": step}


class Adamax(FusedOptimizer):
    """Adam with the largest recent gradient in place of the root of v (Kingma & Ba, 2015, section 7.1).

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 2e-3
        The step size.
    betas : (float, float), default (0.9, 0.999)
        How much of the running mean of g and of the largest magnitude is kept at each step.
    eps : float, default 1e-8
        Added to the magnitude of the gradient.
    weight_decay : float, default 0
        Adds ``weight_decay * p`` to the gradient.
    maximize : bool, default False
        Ascends instead.
    foreach, differentiable, capturable
        See `Optimizer`.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "adamax"
    _names = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_betas("Adamax", group)
        check_range("Adamax", group, "eps")

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        step = before + 1
        beta1, beta2 = group["betas"]
        return (beta1, beta2, group["eps"], group["lr"] / (1 - beta1**step)), {"step": step}
