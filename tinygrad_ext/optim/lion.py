"""Lion: steps of one size in every coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tinygrad_ext.optim.fused import FusedOptimizer, Group
from tinygrad_ext.optim.optimizer import Parameters, check_betas


class Lion(FusedOptimizer):
    """``p -= lr * (sign(betas[0] * m + (1 - betas[0]) * g) + weight_decay * p)``, m a running mean of g.

    Algorithm 2 of Chen et al., "Symbolic discovery of optimization algorithms", 2023 (arXiv:2302.06675), with
    its defaults. PyTorch has no Lion; the arguments are named as those of `AdamW`. The authors advise an `lr`
    three to ten times smaller than AdamW's, and a `weight_decay` larger by as much.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1e-4
        How far each element moves per step.
    betas : (float, float), default (0.9, 0.99)
        How much of m enters the direction, and how much of it is kept at each step.
    weight_decay : float, default 0
        Shrinks p by ``lr * weight_decay`` of itself.
    maximize : bool, default False
        Ascends instead.

    Raises
    ------
    ValueError
        If a setting is out of range; names it.
    """

    _rule = "lion"
    _names = ("exp_avg",)
    _counters: ClassVar[Mapping[str, float]] = {}

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    def _check(self, group: Group) -> None:
        super()._check(group)
        check_betas("Lion", group)

    def _settings(self, group: Group, before: Any, first: bool) -> tuple[Any, Any]:
        return (group["lr"], *group["betas"]), {}

    def _decay(self, group: Group) -> tuple[float, float]:
        return 0.0, 1.0 - group["lr"] * group["weight_decay"]
