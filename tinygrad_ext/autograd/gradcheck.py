"""Checks of gradients against differences of function values, for every operation, ours and users'."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinygrad_ext._core import Tensor, float32, float64, from_numpy
from tinygrad_ext.autograd.gradient import grad

Array: TypeAlias = npt.NDArray[np.float64]


class GradcheckError(RuntimeError):
    """A gradient differs from the difference quotient."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Compare gradients with central differences ``(f(x + eps) - f(x - eps)) / (2 eps)``.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a Tensor or a sequence of them; must give the same result at each call.
    inputs : Tensor or sequence
        Those that require gradients are checked and should be float64; they are not changed.
    eps : float
        The step of the differences.
    atol, rtol : float
        Allowed: ``abs(gradient - difference) <= atol + rtol * abs(difference)``.
    raise_exception : bool, default True
        Whether a difference raises instead of returning False.
    fast_mode : bool, default False
        Compare one random projection ``v.T @ J @ u`` (as HIPS autograd does) instead of every element of the
        Jacobian: one backward and two evaluations, whatever the sizes.

    Returns
    -------
    bool
        Whether all gradients agree.

    Raises
    ------
    GradcheckError
        Names output and input, the worst element and both values.
    ValueError
        If no input requires gradients, or no output does.
    """
    arguments = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    chosen = [number for number, x in enumerate(arguments) if isinstance(x, Tensor) and x.requires_grad]
    if not chosen:
        raise ValueError("gradcheck: at least one input must be a Tensor that requires gradients")
    if any(arguments[number].dtype != float64 for number in chosen):
        warnings.warn("gradcheck: differences of float32 inputs are too coarse, use float64", stacklevel=2)
    check = _check_projection if fast_mode else _check_jacobian
    try:
        check(func, arguments, chosen, eps, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Check the gradients of the gradients, with respect to the inputs and to the incoming gradients.

    Parameters
    ----------
    func, inputs, eps, atol, rtol, raise_exception, fast_mode
        See `gradcheck`.
    grad_outputs : Tensor or sequence of Tensor, optional
        The incoming gradients, one per differentiable output; random by default.

    Returns
    -------
    bool
        Whether all second gradients agree.

    Raises
    ------
    GradcheckError, ValueError
        As `gradcheck`.
    """
    arguments = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if grad_outputs is None:
        random = np.random.default_rng(0)
        outputs = _differentiable(func(*arguments))
        weights = tuple(_tensor(random.standard_normal(tuple(y.shape)), y).requires_grad_() for y in outputs)
    else:
        weights = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)

    def gradients(*values: Any) -> tuple[Tensor, ...]:
        points, incoming = values[: len(arguments)], values[len(arguments) :]
        wanted = [x for x in points if isinstance(x, Tensor) and x.requires_grad]
        outputs = _differentiable(func(*points))
        grads = grad(outputs, wanted, incoming, create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)

    return gradcheck(
        gradients,
        (*arguments, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        fast_mode=fast_mode,
    )


def _check_jacobian(
    func: Callable[..., Any],
    arguments: tuple[Any, ...],
    chosen: list[int],
    eps: float,
    atol: float,
    rtol: float,
) -> None:
    outputs = _differentiable(func(*arguments))
    points = [arguments[number] for number in chosen]
    gradients = [[np.zeros((y.numel(), x.numel())) for x in points] for y in outputs]
    for output, blocks in zip(outputs, gradients, strict=True):
        for row in range(output.numel()):
            unit = np.zeros(output.numel())
            unit[row] = 1
            weight = _tensor(unit.reshape(tuple(output.shape)), output)
            for block, g in zip(blocks, _grad([output], points, [weight]), strict=True):
                block[row] = g.ravel()
    for column, (number, point) in enumerate(zip(chosen, points, strict=True)):
        for element in range(point.numel()):
            step = np.zeros(point.numel())
            step[element] = eps
            steps = {number: step.reshape(tuple(point.shape))}
            for row, difference in enumerate(_difference(func, arguments, steps, eps)):
                seen, wanted = gradients[row][column][:, element], difference.ravel()
                wrong = ~np.isclose(seen, wanted, rtol, atol)
                if wrong.any():
                    gap = np.where(wrong, np.nan_to_num(abs(seen - wanted), nan=np.inf), -1.0)
                    worst = int(np.argmax(gap))
                    raise GradcheckError(
                        f"gradcheck: the gradient of output {row}[{_index(worst, outputs[row])}] by input "
                        f"{number}[{_index(element, point)}] is {seen[worst]:.9g}, but the difference "
                        f"quotient is {wanted[worst]:.9g} ({int(wrong.sum())} of {wrong.size} outputs differ)"
                    )


def _check_projection(
    func: Callable[..., Any],
    arguments: tuple[Any, ...],
    chosen: list[int],
    eps: float,
    atol: float,
    rtol: float,
) -> None:
    random = np.random.default_rng(0)
    outputs = _differentiable(func(*arguments))
    points = [arguments[number] for number in chosen]
    weights = [random.standard_normal(tuple(y.shape)) for y in outputs]
    steps = {number: random.standard_normal(tuple(x.shape)) for number, x in zip(chosen, points, strict=True)}
    grads = _grad(outputs, points, [_tensor(w, y) for w, y in zip(weights, outputs, strict=True)])
    seen = sum(float(np.sum(g * u)) for g, u in zip(grads, steps.values(), strict=True))
    differences = _difference(func, arguments, {number: eps * u for number, u in steps.items()}, eps)
    wanted = sum(float(np.sum(w * d)) for w, d in zip(weights, differences, strict=True))
    if not np.isclose(seen, wanted, rtol, atol):
        raise GradcheckError(
            f"gradcheck: along a random direction the gradients give {seen:.9g}, "
            f"but the difference quotient is {wanted:.9g}"
        )


def _grad(outputs: list[Tensor], points: list[Tensor], weights: list[Tensor]) -> list[Array]:
    grads = grad(outputs, points, weights, retain_graph=True, allow_unused=True)
    return [
        np.zeros(tuple(x.shape)) if g is None else np.asarray(g.detach().numpy(), np.float64)
        for g, x in zip(grads, points, strict=True)
    ]


def _difference(
    func: Callable[..., Any], arguments: tuple[Any, ...], steps: dict[int, Array], eps: float
) -> list[Array]:
    """The central difference of each differentiable output along `steps`, per eps."""
    ahead, behind = (_values(func, arguments, steps, sign) for sign in (1.0, -1.0))
    return [(after - before) / (2 * eps) for after, before in zip(ahead, behind, strict=True)]


def _values(
    func: Callable[..., Any], arguments: tuple[Any, ...], steps: dict[int, Array], sign: float
) -> list[Array]:
    shifted = list(arguments)
    for number, step in steps.items():
        x = arguments[number]
        shifted[number] = _tensor(x.detach().numpy() + sign * step, x).requires_grad_()
    return [np.array(y.detach().numpy(), np.float64) for y in _differentiable(func(*shifted))]


def _differentiable(outputs: Any) -> list[Tensor]:
    chosen = [y for y in ([outputs] if isinstance(outputs, Tensor) else outputs) if y.requires_grad]
    if not chosen:
        raise ValueError("gradcheck: no output of the function requires gradients")
    return chosen


def _tensor(values: Any, like: Tensor) -> Tensor:
    kinds: dict[Any, Any] = {float32: np.float32, float64: np.float64}
    return from_numpy(np.array(values, kinds[like.dtype]))


def _index(element: int, tensor: Tensor) -> str:
    return ", ".join(str(int(number)) for number in np.unravel_index(element, tuple(tensor.shape)))
