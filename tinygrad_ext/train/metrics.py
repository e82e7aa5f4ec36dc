"""Metrics: functions of a model's output and the target, in this order, as losses have it."""

from __future__ import annotations

from tinygrad_ext._core import Tensor, bincount, int64


def accuracy(output: Tensor, target: Tensor) -> float:
    """Return the share of samples whose class is right, from 0 to 1.

    Parameters
    ----------
    output : Tensor, [N, C] or [N, C, ...], or int [N, ...]
        Scores, of which the largest counts; or class numbers.
    target : Tensor, int [N, ...]

    Raises
    ------
    ValueError
        If the shapes do not fit each other, or there is no sample.
    """
    guess = _classes("accuracy", output, target)
    return float((guess == target).sum().item()) / target.numel()


def top_k_accuracy(output: Tensor, target: Tensor, k: int = 5) -> float:
    """Return the share of samples whose class is among the `k` with the highest scores, from 0 to 1.

    Parameters
    ----------
    output : Tensor, [N, C]
    target : Tensor, int [N]
    k : int, default 5

    Raises
    ------
    ValueError
        If the shapes do not fit each other, there is no sample, or `k` is not from 1 to C.
    """
    if output.ndim != 2:
        raise ValueError(f"top_k_accuracy: expected scores [N, C], got {_shapes(output, target)}")
    _classes("top_k_accuracy", output, target)
    if not 1 <= k <= output.shape[1]:
        raise ValueError(f"top_k_accuracy: k must be from 1 to {output.shape[1]}, the classes, got {k}")
    best = output.detach().topk(k, dim=1)[1]
    return float((best == target.reshape(-1, 1)).any(dim=1).sum().item()) / len(target)


def confusion_matrix(output: Tensor, target: Tensor, num_classes: int | None = None) -> Tensor:
    """Count how often each class was taken for each.

    Parameters
    ----------
    output, target : Tensor
        As in `accuracy`.
    num_classes : int, optional
        By default that of the scores, or the largest class number there is and one.

    Returns
    -------
    Tensor, int64 [num_classes, num_classes]
        A row per true class, a column per class it was taken for.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, there is no sample, or a class number is out of range.
    """
    guess = _classes("confusion_matrix", output, target).reshape(-1).to(int64)
    truth = target.reshape(-1).to(int64)
    largest = max(int(guess.max().item()), int(truth.max().item()))
    if num_classes is None:
        num_classes = output.shape[1] if output.ndim > target.ndim else largest + 1
    smallest = min(int(guess.min().item()), int(truth.min().item()))
    if smallest < 0 or largest >= num_classes:
        seen = smallest if smallest < 0 else largest
        raise ValueError(f"confusion_matrix: class {seen}, expected 0 to {num_classes - 1}")
    cells = bincount(truth * num_classes + guess, minlength=num_classes**2)
    matrix: Tensor = cells.reshape(num_classes, num_classes)
    return matrix


def mean_absolute_error(output: Tensor, target: Tensor) -> float:
    """Return the mean of ``|output - target|``, in units of the target; both of one shape."""
    _check_equal("mean_absolute_error", output, target)
    return float((output.detach().double() - target.double()).abs().mean().item())


def r2_score(output: Tensor, target: Tensor) -> float:
    """Return the share of the target's variance that the output explains.

    ``1 - sum (t - o)² / sum (t - mean t)²``, o the output and t the target.

    1 is perfect, 0 is as good as the mean. For a constant target: 1 if the output equals it, else 0, as in
    scikit-learn. Both of one shape.
    """
    _check_equal("r2_score", output, target)
    truth = target.double()
    left = float(((truth - output.detach().double()) ** 2).sum().item())
    whole = float(((truth - truth.mean()) ** 2).sum().item())
    return 1 - left / whole if whole else float(left == 0)


def _classes(owner: str, output: Tensor, target: Tensor) -> Tensor:
    if output.ndim == target.ndim + 1 and output.ndim > 1:
        guess = output.detach().argmax(dim=1)
    elif not output.dtype.is_floating_point:
        guess = output
    else:
        raise ValueError(
            f"{owner}: expected scores [N, C, ...] and class numbers [N, ...], got {_shapes(output, target)}"
        )
    if guess.shape != target.shape or target.dtype.is_floating_point:
        raise ValueError(
            f"{owner}: expected scores [N, C, ...] and class numbers [N, ...], got {_shapes(output, target)}"
        )
    if not target.numel():
        raise ValueError(f"{owner}: there is no sample")
    return guess


def _check_equal(owner: str, output: Tensor, target: Tensor) -> None:
    if output.shape != target.shape or not target.numel():
        raise ValueError(
            f"{owner}: expected equal shapes and at least one value, got {_shapes(output, target)}"
        )


def _shapes(output: Tensor, target: Tensor) -> str:
    return f"{output.dtype} {list(output.shape)} and {target.dtype} {list(target.shape)}"
