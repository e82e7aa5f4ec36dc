"""Losses as modules; each is one differentiable operation of the core."""

from __future__ import annotations

from tinygrad_ext._core import Tensor, binary_cross_entropy_with_logits, cross_entropy, mse_loss, nll_loss
from tinygrad_ext.nn.module import Module


class _Loss(Module):
    """A loss with a choice of reduction and, where it makes sense, weights kept as a buffer."""

    weight: Tensor | None

    def __init__(self, reduction: str, weight: Tensor | None = None) -> None:
        super().__init__()
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(
                f'{type(self).__name__}: reduction must be "mean", "sum" or "none", got {reduction!r}'
            )
        self.reduction = reduction
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """``(input - target)²``, averaged, summed or as it is; both of the same shape.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return mse_loss(input, target, reduction=self.reduction)


class CrossEntropyLoss(_Loss):
    """``-log softmax(input)`` at the target class: the loss of a classifier that ends in plain scores.

    Input ``[N, C]``, ``[C]`` or ``[N, C, d...]``; target the same without C, int64 class numbers.

    Parameters
    ----------
    weight : Tensor, [C], optional
        One weight per class; the mean is then the weighted mean.
    ignore_index : int, default -100
        Targets of this value count for nothing.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float, default 0
        In [0, 1]: this share of the target is spread evenly over all classes (Szegedy et al., 2016).

    Raises
    ------
    ValueError
        If `reduction` is none of the three.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction, weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_Loss):
    """Minus the input at the target class, for an input that is already log-probabilities (`LogSoftmax`).

    Shapes and parameters as `CrossEntropyLoss`, without label smoothing.
    """

    def __init__(
        self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction, weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of ``sigmoid(input)`` against targets in [0, 1], computed without overflow.

    Input and target of the same shape, both floating point.

    Parameters
    ----------
    weight : Tensor, optional
        Scales each entry's loss; broadcasts to the input.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        Scales the loss of positive targets; broadcasts to the input.

    Raises
    ------
    ValueError
        If `reduction` is none of the three.
    """

    pos_weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, reduction: str = "mean", pos_weight: Tensor | None = None
    ) -> None:
        super().__init__(reduction, weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )
