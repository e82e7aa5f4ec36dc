"""Reverse mode from several tensors at once: `backward` stores gradients, `grad` returns them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tinygrad_ext import _core
from tinygrad_ext._core import Tensor


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
) -> tuple[Tensor | None, ...]:
    """Return the gradients of the sum of outputs with respect to inputs, which need not be leaves.

    No ``.grad`` changes.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What to differentiate.
    inputs : Tensor or sequence of Tensor
        With respect to what; each must require gradients.
    grad_outputs : Tensor or sequence of Tensor or None, optional
        The weights of the outputs in the sum, each of its output's shape; None means one, for a scalar.
    retain_graph : bool, optional
        Whether the graph can be differentiated again; by default if `create_graph`.
    create_graph : bool, default False
        Whether the gradients are themselves recorded, for derivatives of higher order.
    only_inputs : bool, default True
        Always True, as in PyTorch, whose name it keeps.
    allow_unused : bool, default False
        Whether an input that no output depends on gives None instead of an error.

    Returns
    -------
    tuple of Tensor or None
        One gradient per input, of its shape and dtype.

    Raises
    ------
    RuntimeError
        If an output does not require gradients, is not a scalar and has no weight, if an input is unused, or
        if the graph was freed.
    """
    if not only_inputs:
        raise ValueError("grad: only_inputs=False is not supported; use backward() to fill .grad")
    ends = _sequence(outputs)
    weights = (None,) * len(ends) if grad_outputs is None else _sequence(grad_outputs)
    if len(weights) != len(ends):
        raise ValueError(f"grad: expected one of grad_outputs per output, got {len(weights)} for {len(ends)}")
    retain = create_graph if retain_graph is None else retain_graph
    return _core.grad(ends, _sequence(inputs), weights, retain, create_graph, bool(allow_unused))


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of the sum of tensors to ``.grad`` of the leaves they were computed from.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What to differentiate.
    grad_tensors : Tensor or sequence of Tensor or None, optional
        The weights of the tensors in the sum, each of its tensor's shape; None means one, for a scalar.
    retain_graph : bool, optional
        Whether the graph can be differentiated again; by default if `create_graph`.
    create_graph : bool, default False
        Whether the gradients are themselves recorded, for derivatives of higher order.
    inputs : Tensor or sequence of Tensor, optional
        The only tensors whose ``.grad`` changes; they need not be leaves.

    Raises
    ------
    RuntimeError
        If a tensor does not require gradients, is not a scalar and has no weight, if there are more or fewer
        weights than tensors, or if the graph was freed.
    """
    retain = create_graph if retain_graph is None else retain_graph
    weights = None if grad_tensors is None else _sequence(grad_tensors)
    wanted = None if inputs is None else _sequence(inputs)
    _core.backward(_sequence(tensors), weights, retain, create_graph, wanted)


def _sequence(value: Tensor | Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    # Something that is neither is left for the core to refuse.
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, Tensor) else (value,)
