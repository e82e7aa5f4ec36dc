"""What cases are made of: the same inputs for every library, functions with and without gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.case import Make, Run, arrays


def tensors(lib: Any, *shapes: tuple[int, ...], double: bool = False, grad: bool = False) -> list[Any]:
    if lib.__name__ == "numpy":
        return arrays(*shapes, double=double)
    if lib.__name__ == "jax":
        return [lib.numpy.asarray(a) for a in arrays(*shapes, double=double)]
    return [lib.tensor(a).requires_grad_(grad) for a in arrays(*shapes, double=double)]


def jitted(lib: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """What JAX runs: compiled, and waited for."""
    if lib.__name__ != "jax":
        return function
    compiled = lib.jit(function)
    return lambda *args: compiled(*args).block_until_ready()


def of(function: Callable[..., Any], *shapes: tuple[int, ...], backward: bool = False) -> Make:
    """function(lib, *tensors), with the gradients of all of them if `backward`."""

    def make(lib: Any) -> Run:
        inputs = tensors(lib, *shapes, grad=backward)
        if not backward:
            return lambda: function(lib, *inputs)
        dy = lib.tensor(arrays(tuple(function(lib, *inputs).shape), seed=1)[0])

        def run() -> Any:
            for t in inputs:
                t.grad = None
            y = function(lib, *inputs)
            y.backward(dy)
            return y, *(t.grad for t in inputs)

        return run

    return make
