"""What losses as modules share, and those that compare numbers with numbers.

Each loss is one differentiable operation of the core. Losses of classifiers are in loss_classes.py, of pairs
and triplets in loss_embedding.py.
"""

from __future__ import annotations

import warnings

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.module import Module


class Loss(Module):
    """The base of the losses: a choice of reduction.

    Parameters
    ----------
    size_average, reduce : bool, optional
        PyTorch's older way to say it, with a warning: False, or `reduce` False, mean "sum" and "none".
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If `reduction` is none of the three.
    """

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if size_average is not None or reduce is not None:
            reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
            message = f"{name}: size_average and reduce are deprecated, use reduction={reduction!r} instead"
            warnings.warn(message, stacklevel=3)
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r}')
        self.reduction = reduction


class WeightedLoss(Loss):
    """A `Loss` with weights, which are kept as a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(Loss):
    """``(input - target)²``, averaged, summed or as it is; both of the same shape.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """``|input - target|``; both of the same shape. `reduction` as in `MSELoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """``d² / (2 beta)`` for ``d = |input - target|`` below `beta`, ``d - beta / 2`` beyond (Girshick, 2015).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    beta : float, default 1
        0 makes it `L1Loss`.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """``d² / 2`` for ``d = |input - target|`` up to `delta`, ``delta (d - delta / 2)`` beyond (Huber, 1964).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    delta : float, default 1
        Positive.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class PoissonNLLLoss(Loss):
    """Minus the log-likelihood of counts under a Poisson distribution, without the term of the target alone.

    Parameters
    ----------
    log_input : bool, default True
        Whether the input is the logarithm of the expected count: ``exp(input) - target input``.
    full : bool, default False
        Add Stirling's approximation of the target's own term.
    eps : float, default 1e-8
        Keeps the logarithm finite when `log_input` is False.
    reduction : {"mean", "sum", "none"}
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return _core.poisson_nll_loss(
            log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    """Minus the log-likelihood of targets under normal distributions of given mean and variance.

    Called with the means, the targets, and the variances: of the same shape, with a last dimension of 1 or
    without it, or one number.

    Parameters
    ----------
    full : bool, default False
        Add the constant ``log(2 pi) / 2``.
    eps : float, default 1e-6
        The least variance that counts.
    reduction : {"mean", "sum", "none"}
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return _core.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class KLDivLoss(Loss):
    """``target (log target - input)``: the divergence of distributions, the input given as logarithms.

    Parameters
    ----------
    reduction : {"batchmean", "mean", "sum", "none"}
        "batchmean" divides the sum by the batch's size, which is the divergence itself; "mean" is not.
    log_target : bool, default False
        Whether the target is given as logarithms, too.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        batchmean = reduction == "batchmean"
        super().__init__(size_average, reduce, "mean" if batchmean else reduction)
        self.reduction = reduction if batchmean else self.reduction
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
