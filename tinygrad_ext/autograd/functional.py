"""Derivatives of functions at a point: Jacobians, Hessians and their products with vectors.

All are built from `grad` alone. Each evaluates the function on fresh copies of the inputs, so the inputs
themselves need not require gradients and never get a ``.grad``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tinygrad_ext._core import Tensor, stack, zeros, zeros_like
from tinygrad_ext.autograd.grad_mode import enable_grad
from tinygrad_ext.autograd.gradient import grad

Tensors: TypeAlias = tuple[Tensor, ...]


def vjp(
    func: Callable[..., Any],
    inputs: Tensor | Tensors,
    v: Tensor | Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)`` and the product of the vector `v` with the Jacobian, ``v.T @ J``.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
        The point, floating point.
    v : Tensor or tuple of Tensor, optional
        As the outputs; may be left out if there is a single output of one element.
    create_graph : bool, default False
        Whether the results are recorded, for derivatives of higher order.
    strict : bool, default False
        Whether an output that does not depend on an input is an error instead of a zero.

    Returns
    -------
    outputs, product
        Tensors or tuples as func returns them, and as `inputs`.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If something is not a Tensor, `v` does not fit the outputs, or `strict` finds independence.
    """
    with enable_grad():
        points = _points("vjp", inputs, create_graph)
        outputs = _outputs("vjp", func(*points))
        weights = _vectors("vjp", v, outputs, "output")
        grads = _grad("vjp", outputs, points, weights, create_graph, strict)
    return _like(_kept(outputs, create_graph), outputs), _like(grads, inputs)


def jvp(
    func: Callable[..., Any],
    inputs: Tensor | Tensors,
    v: Tensor | Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)`` and the product of the Jacobian with the vector `v`, ``J @ v``.

    Differentiates twice: ``u.T @ J`` is linear in u, and its derivative by u along `v` is the product.

    Parameters
    ----------
    func, inputs, create_graph, strict
        See `vjp`.
    v : Tensor or tuple of Tensor, optional
        As the inputs; may be left out if there is a single input of one element.

    Returns
    -------
    outputs, product
        Both Tensors or tuples as func returns them.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `vjp`.
    """
    with enable_grad():
        points = _points("jvp", inputs, create_graph)
        outputs = _outputs("jvp", func(*points))
        vectors = _vectors("jvp", v, points if isinstance(inputs, tuple) else points[0], "input")
        dummies = tuple(zeros_like(output).requires_grad_() for output in _tuple(outputs))
        grads = _grad("jvp", outputs, points, dummies, True, strict)
        tangents = _grad("jvp", grads, dummies, vectors, create_graph, strict)
    return _like(_kept(outputs, create_graph), outputs), _like(tangents, outputs)


def jacobian(
    func: Callable[..., Any],
    inputs: Tensor | Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the matrix of derivatives of every output element by every input element.

    Parameters
    ----------
    func, inputs, create_graph, strict
        See `vjp`.
    vectorize : bool
        Taken for PyTorch's sake; it changes nothing.
    strategy : str
        Only "reverse-mode": one backward pass per output element.

    Returns
    -------
    Tensor or tuple
        For one output and one input a Tensor of shape ``output.shape + input.shape``. A tuple over inputs
        if `inputs` is a tuple; a tuple over outputs, of these, if func returns a tuple.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `vjp`; ValueError also for another strategy.
    """
    if strategy != "reverse-mode":
        raise ValueError(f'jacobian: strategy must be "reverse-mode", got {strategy!r}')
    with enable_grad():
        points = _points("jacobian", inputs, create_graph)
        outputs = _outputs("jacobian", func(*points))
        blocks = tuple(
            _like(_blocks(output, points, create_graph, strict), inputs) for output in _tuple(outputs)
        )
    return _like(blocks, outputs)


def hessian(
    func: Callable[..., Any],
    inputs: Tensor | Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the matrix of second derivatives of a scalar function.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a Tensor of one element.
    inputs, create_graph, strict, vectorize
        See `jacobian`.
    outer_jacobian_strategy : str
        Only "reverse-mode".

    Returns
    -------
    Tensor or tuple of tuples of Tensor
        For one input a Tensor of shape ``input.shape + input.shape``; for a tuple of inputs, element
        ``[i][j]`` has shape ``inputs[i].shape + inputs[j].shape``.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `jacobian`; RuntimeError if func returns anything but one element.
    """

    def gradient(*points: Tensor) -> Any:
        output = func(*points)
        if not isinstance(output, Tensor) or output.numel() != 1:
            seen = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
            raise RuntimeError(f"hessian: func must return a Tensor of one element, got {seen}")
        grads = _grad("hessian", output.reshape(()), points, None, True, strict)
        return _like(grads, inputs)

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _blocks(output: Tensor, points: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """The Jacobian of one output by each input, row by row: [output..., input...]."""
    rows = []
    for position in range(output.numel()):
        unit = zeros((output.numel(),), dtype=output.dtype)
        unit[position] = 1
        rows.append(_grad("jacobian", output, points, (unit.reshape(output.shape),), create_graph, strict))
    if not rows:
        return tuple(zeros((*output.shape, *point.shape), dtype=point.dtype) for point in points)
    return tuple(
        stack(column).reshape((*output.shape, *point.shape))
        for column, point in zip(zip(*rows, strict=True), points, strict=True)
    )


def _grad(
    name: str,
    outputs: Tensor | Tensors,
    points: Tensors,
    weights: Tensors | None,
    create_graph: bool,
    strict: bool,
) -> Tensors:
    """`grad`, with zeros where an output does not depend on an input, or an error if `strict`."""
    ends = _tuple(outputs)
    chosen = [number for number, end in enumerate(ends) if end.requires_grad]
    if strict and len(chosen) < len(ends):
        raise RuntimeError(
            f"{name}: with strict=True every output must depend on the inputs, and one does not"
        )
    grads: tuple[Tensor | None, ...] = (None,) * len(points)
    if chosen:
        grads = grad(
            [ends[number] for number in chosen],
            points,
            None if weights is None else [weights[number] for number in chosen],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
    if strict and any(g is None for g in grads):
        unused = next(number for number, g in enumerate(grads) if g is None)
        raise RuntimeError(f"{name}: with strict=True the outputs must depend on input {unused}, and do not")
    return tuple(zeros_like(point) if g is None else g for g, point in zip(grads, points, strict=True))


def _points(name: str, inputs: Tensor | Tensors, create_graph: bool) -> Tensors:
    """Copies to differentiate at; with `create_graph` still connected to the caller's own graph."""
    for value in _tuple(inputs):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name}: inputs must be a Tensor or a tuple of them, got {type(value).__name__}")
    return tuple(
        value.clone() if create_graph and value.requires_grad else value.detach().clone().requires_grad_()
        for value in _tuple(inputs)
    )


def _outputs(name: str, outputs: Any) -> Tensor | Tensors:
    values = tuple(outputs) if isinstance(outputs, list) else outputs
    for value in _tuple(values):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{name}: func must return a Tensor or a tuple of them, got {type(value).__name__}"
            )
    return values


def _vectors(name: str, v: Tensor | Tensors | None, like: Tensor | Tensors, what: str) -> Tensors:
    """Check that `v` has the shapes of `like`."""
    wanted = _tuple(like)
    if v is None:
        if len(wanted) != 1 or wanted[0].numel() != 1:
            raise ValueError(f"{name}: v is needed unless there is a single {what} of one element")
        return (zeros_like(wanted[0]).detach() + 1,)
    vectors = _tuple(v)
    if [tuple(x.shape) for x in vectors] != [tuple(x.shape) for x in wanted]:
        shapes = [tuple(x.shape) for x in wanted], [tuple(x.shape) for x in vectors]
        raise ValueError(f"{name}: v must have the shapes of the {what}s, {shapes[0]}, got {shapes[1]}")
    return vectors


def _kept(values: Tensor | Tensors, create_graph: bool) -> Tensors:
    return _tuple(values) if create_graph else tuple(value.detach() for value in _tuple(values))


def _tuple(value: Tensor | Tensors) -> Tensors:
    return value if isinstance(value, tuple) else (value,)


def _like(values: tuple[Any, ...], pattern: Any) -> Any:
    """The tuple itself where `pattern` is one, else its only element."""
    return values if isinstance(pattern, tuple) else values[0]
