"""Bounding gradients between backward and the optimizer's step, all together or entry by entry."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tinygrad_ext._core import Tensor, clamp, linalg_vector_norm, stack, tensor
from tinygrad_ext.autograd.grad_mode import no_grad


def _grads(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in given if p.grad is not None]


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Return the norm of all entries of tensors, as if they were one vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
    norm_type : float, default 2
        The p; infinity for the largest entry.
    error_if_nonfinite : bool, default False
    foreach : ignored
        PyTorch's argument for other devices.

    Returns
    -------
    Tensor, 0-d

    Raises
    ------
    RuntimeError
        If the norm is NaN or infinite and `error_if_nonfinite` is True.
    """
    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    with no_grad():
        norms = [linalg_vector_norm(t, float(norm_type)) for t in given]
        total = linalg_vector_norm(stack(norms), float(norm_type)) if norms else tensor(0.0)
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"get_total_norm: the {norm_type}-norm of {len(given)} gradients is {total.item()}, so they "
            "cannot be clipped; pass error_if_nonfinite=False to clip them nevertheless"
        )
    return total


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients of parameters by ``max_norm / (total_norm + 1e-6)`` where that is below 1."""
    with no_grad():
        factor = clamp(max_norm / (total_norm + 1e-6), max=1.0)
        for grad in _grads(parameters):
            grad.mul_(factor)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of parameters in place so that their norm together is at most `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are left out.
    max_norm : float
    norm_type, error_if_nonfinite, foreach
        As in `get_total_norm`.

    Returns
    -------
    Tensor, 0-d
        The norm before.

    Raises
    ------
    RuntimeError
        As `get_total_norm`; the gradients are then unchanged.
    """
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_grads(given), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(given, max_norm, total)
    return total


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Bring every entry of the gradients of parameters into ±clip_value, in place."""
    with no_grad():
        for grad in _grads(parameters):
            grad.clamp_(-clip_value, clip_value)
