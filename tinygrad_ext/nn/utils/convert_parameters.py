"""All parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from tinygrad_ext._core import Tensor, cat


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return the entries of all parameters one after the other, with their gradient: [total size]."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give parameters the entries of a vector; each then shares its memory with the vector.

    Raises
    ------
    TypeError, ValueError
        If `vec` is no Tensor; if it has too few or too many entries. The parameters are then unchanged.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: expected a Tensor, got {type(vec).__name__}")
    given = list(parameters)
    wanted = sum(p.numel() for p in given)
    if tuple(vec.shape) != (wanted,):
        raise ValueError(
            f"vector_to_parameters: expected a vector of {wanted} entries, got {tuple(vec.shape)}"
        )
    at = 0
    for p in given:
        p.data = vec[at : at + p.numel()].reshape(p.shape).data
        at += p.numel()
