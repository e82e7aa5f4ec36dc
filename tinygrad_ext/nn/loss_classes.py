"""Losses of classifiers as modules: of one class, of several at once, of yes and no."""

from __future__ import annotations

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.loss import Loss, WeightedLoss


class CrossEntropyLoss(WeightedLoss):
    """``-log softmax(input)`` at the target class: the loss of a classifier that ends in plain scores.

    Input ``[N, C]``, ``[C]`` or ``[N, C, d...]``; target the same without C, int64 class numbers, or
    probabilities in the input's shape.

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
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(WeightedLoss):
    """Minus the input at the target class, for an input that is already log-probabilities (`LogSoftmax`).

    Shapes and parameters as `CrossEntropyLoss`, without label smoothing.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class BCELoss(WeightedLoss):
    """Binary cross-entropy of probabilities in [0, 1] against targets in [0, 1], of the same shape.

    Logarithms count as -100 at least. `BCEWithLogitsLoss` is more exact.

    Parameters
    ----------
    weight : Tensor, optional
        Scales each entry's loss; broadcasts to the input.
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
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
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class SoftMarginLoss(Loss):
    """``log(1 + exp(-target input))`` for targets 1 and -1 of the input's shape.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.soft_margin_loss(input, target, reduction=self.reduction)


class HingeLoss(Loss):
    """``max(0, margin - target input)`` for targets 1 and -1 of the input's shape: the loss of a linear SVM.

    Parameters
    ----------
    margin : float, default 1
    reduction : {"mean", "sum", "none"}
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.hinge_loss(input, target, self.margin, self.reduction)


class MultiMarginLoss(WeightedLoss):
    """The hinge loss of one class among several: ``sum(max(0, margin - x[target] + x[i])^p) / C``.

    Input ``[N, C]`` or ``[C]``, target ``[N]`` or 0-d, int64.

    Parameters
    ----------
    p : {1, 2}
    margin : float, default 1
    weight : Tensor, [C], optional
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If `p` is neither 1 nor 2.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p must be 1 or 2, got {p}")
        self.p, self.margin = p, margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


class MultiLabelMarginLoss(Loss):
    """The hinge loss of several classes at once; the target lists their numbers and ends with -1.

    Input and target ``[N, C]`` or ``[C]``, the target int64.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """Binary cross-entropy of each class, averaged over the classes; targets 0 and 1.

    Input and target ``[N, C]``.

    Parameters
    ----------
    weight : Tensor, [C], optional
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return _core.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)
