"""Distances as modules, and the losses of pairs and triplets of vectors."""

from __future__ import annotations

from collections.abc import Callable

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.loss import Loss
from tinygrad_ext.nn.module import Module


class CosineSimilarity(Module):
    """``x1 · x2 / (|x1| |x2|)`` along a dimension, which goes.

    Parameters
    ----------
    dim : int, default 1
    eps : float, default 1e-8
        The least length that counts.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return _core.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of ``x1 - x2 + eps`` over the last dimension.

    Parameters
    ----------
    p : float, default 2
    eps : float, default 1e-6
    keepdim : bool, default False
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return _core.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class _MarginLoss(Loss):
    """A loss of a margin and a reduction."""

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class MarginRankingLoss(_MarginLoss):
    """``max(0, -target (input1 - input2) + margin)``: target 1 if the first should rank higher, else -1.

    Parameters
    ----------
    margin : float, default 0
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return _core.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_MarginLoss):
    """``1 - cos`` for pairs of target 1, ``max(0, cos - margin)`` for pairs of target -1.

    Inputs ``[N, D]`` or ``[D]``, target ``[N]`` or 0-d.

    Parameters
    ----------
    margin : float, default 0
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return _core.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(_MarginLoss):
    """``x`` where the target is 1, ``max(0, margin - x)`` where it is -1; x is a distance.

    Parameters
    ----------
    margin : float, default 1
    reduction : {"mean", "sum", "none"}
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(_MarginLoss):
    """``max(0, |anchor - positive| - |anchor - negative| + margin)`` of rows [N, D] or [D].

    Parameters
    ----------
    margin : float, default 1
        Positive.
    p : float, default 2
        The p of the norm.
    eps : float, default 1e-6
        Added to each difference.
    swap : bool, default False
        Use the distance of positive and negative where it is smaller (Balntas et al., 2016).
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If `margin` is not positive.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: margin must be positive, got {margin}")
        self.p, self.eps, self.swap = p, eps, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return _core.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with a distance of one's own.

    Parameters
    ----------
    distance_function : callable, optional
        From two tensors to their distances; `PairwiseDistance` by default.
    margin, swap, reduction
        As in `TripletMarginLoss`.

    Raises
    ------
    ValueError
        If `margin` is not positive.
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: margin must be positive, got {margin}")
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return _core.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
