"""L-BFGS: quasi-Newton steps from the last gradients, with a line search if wanted."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tinygrad_ext._core import Tensor, cat, zeros
from tinygrad_ext.autograd.grad_mode import enable_grad, no_grad
from tinygrad_ext.optim.line_search import strong_wolfe
from tinygrad_ext.optim.optimizer import Optimizer, Parameters, check_range


class LBFGS(Optimizer):
    """The limited-memory quasi-Newton method (Nocedal & Wright, "Numerical Optimization", algorithm 7.4).

    It needs the loss several times per step, so `step` takes a closure. All parameters are one vector, and
    ``2 * history_size`` more of its size are kept. There is only one group.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        See `Optimizer`.
    lr : float, default 1
        The step size, or the first that the line search tries.
    max_iter : int, default 20
        How many steps of the method one `step` takes at most.
    max_eval : int, optional
        How often one `step` asks for the loss at most; ``max_iter * 5 // 4`` where it is None.
    tolerance_grad : float, default 1e-7
        A gradient with no element larger ends the step.
    tolerance_change : float, default 1e-9
        So does a change of the loss or of the parameters that is smaller.
    history_size : int, default 100
        How many past steps the curvature is estimated from.
    line_search_fn : {"strong_wolfe"}, optional
        Finds the length of each step; None takes `lr`.

    Raises
    ------
    ValueError
        If a setting is out of range, or there are several groups.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        if self.param_groups and group["params"] is not self.param_groups[0]["params"]:
            raise ValueError("LBFGS: there can be only one group of parameters")
        names = ("lr", "max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size")
        check_range("LBFGS", group, *names)
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(
                f"LBFGS: line_search_fn must be 'strong_wolfe' or None, got {group['line_search_fn']!r}"
            )

    def _restored(self, key: str, value: Any, param: Tensor, what: str) -> Any:
        if key in ("t", "H_diag", "prev_loss"):
            return float(value)
        if key in ("ro", "al"):
            return [None if number is None else float(number) for number in value]
        return super()._restored(key, value, param, what)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take up to `max_iter` steps.

        Parameters
        ----------
        closure : callable
            Clears the gradients, computes the loss, calls backward and returns the loss.

        Returns
        -------
        The closure's first result.
        """
        if closure is None:
            raise TypeError("LBFGS.step: a closure that computes the loss is needed")
        with no_grad():
            return self._iterate(closure)

    def _iterate(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        params = group["params"]
        state = self.state[params[0]]
        vector = _Vector(params, closure)
        first = vector.evaluate()
        loss, gradient = float(first), vector.gradient()
        state["func_evals"] = state.get("func_evals", 0) + 1
        state.setdefault("n_iter", 0)
        if _largest(gradient) <= group["tolerance_grad"]:
            return first
        evaluations = 1
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            state["prev_flat_grad"], state["prev_loss"] = gradient, loss
            length = group["lr"]
            if state["n_iter"] == 1:
                length *= min(1.0, 1.0 / float(gradient.abs().sum()))
            state["d"], state["t"] = direction, length
            slope = float(gradient.dot(direction))
            if slope > -group["tolerance_change"]:
                break
            calls, before = 0, loss
            if group["line_search_fn"] is not None:
                loss, gradient, length, calls = strong_wolfe(
                    vector.along(direction),
                    length,
                    direction,
                    loss,
                    gradient,
                    slope,
                    group["max_eval"] - evaluations,
                )
                state["t"] = length
                vector.add(direction, length)
            else:
                vector.add(direction, length)
                if iteration < group["max_iter"]:  # else nobody would look at it
                    loss, gradient = float(vector.evaluate()), vector.gradient()
                    calls = 1
            evaluations += calls
            state["func_evals"] += calls
            if (
                evaluations >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(direction * length) <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first

    @staticmethod
    def _direction(state: dict[str, Any], gradient: Tensor, history_size: int) -> Tensor:
        """Minus the gradient times the estimated inverse Hessian, by the two loops of algorithm 7.4."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -gradient
        changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        change, step = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        curvature = float(change.dot(step))
        if curvature > 1e-10:
            for kept, new in zip((changes, steps, ro), (change, step, 1.0 / curvature), strict=True):
                if len(kept) == history_size:
                    kept.pop(0)
                kept.append(new)
            state["H_diag"] = curvature / float(change.dot(change))
        q = -gradient
        weights = []
        for y, s, r in zip(reversed(changes), reversed(steps), reversed(ro), strict=True):
            weights.append(float(s.dot(q)) * r)
            q.add_(y, alpha=-weights[-1])
        q.mul_(state["H_diag"])
        for y, s, r in zip(changes, steps, ro, strict=True):
            q.add_(s, alpha=weights.pop() - float(y.dot(q)) * r)
        return q


class _Vector:
    """All parameters as one vector, and the loss as a function of it."""

    def __init__(self, params: list[Tensor], closure: Callable[[], Any]) -> None:
        self._params = params
        self._closure = closure
        ends = [0]
        for param in params:
            ends.append(ends[-1] + param.numel())
        self._ranges = list(pairwise(ends))

    def evaluate(self) -> Any:
        with enable_grad():
            return self._closure()

    def gradient(self) -> Tensor:
        """The gradients, one behind the other; zeros where there is none."""
        return cat(
            [
                zeros(param.numel(), dtype=param.dtype) if param.grad is None else param.grad.reshape(-1)
                for param in self._params
            ]
        ).detach()

    def add(self, direction: Tensor, length: float) -> None:
        for param, (begin, end) in zip(self._params, self._ranges, strict=True):
            param.add_(direction[begin:end].reshape(param.shape), alpha=length)

    def along(self, direction: Tensor) -> Callable[[float], tuple[float, Tensor]]:
        """The loss and its gradient a given length along `direction`; the parameters stay where they are."""
        start = [param.detach().clone() for param in self._params]

        def value(length: float) -> tuple[float, Tensor]:
            try:
                self.add(direction, length)
                return float(self.evaluate()), self.gradient()
            finally:
                for param, old in zip(self._params, start, strict=True):
                    param.copy_(old)

        return value


def _largest(x: Tensor) -> float:
    return float(x.abs().max()) if x.numel() else -math.inf
