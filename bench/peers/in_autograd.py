"""Steps of HIPS autograd: the loss in its NumPy, `value_and_grad`, updates in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bench.case import Make, Step, steps
from bench.peers.in_numpy import UPDATES
from bench.peers.weights import Arrays, initial

Loss = Callable[[Any, Mapping[str, Any], np.ndarray, np.ndarray], Any]


def cross_entropy(anp: Any, logits: Any, y: np.ndarray) -> Any:
    logits = logits - anp.max(logits, axis=1, keepdims=True)
    return anp.mean(anp.log(anp.sum(anp.exp(logits), axis=1)) - logits[np.arange(len(y)), y])


def mlp_loss(anp: Any, weights: Mapping[str, Any], x: np.ndarray, y: np.ndarray) -> Any:
    *hidden, last = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    h = x
    for layer in hidden:
        h = anp.maximum(anp.dot(h, weights[f"{layer}.weight"].T) + weights[f"{layer}.bias"], 0)
    return cross_entropy(anp, anp.dot(h, weights[f"{last}.weight"].T) + weights[f"{last}.bias"], y)


def names_loss(anp: Any, weights: Mapping[str, Any], x: np.ndarray, y: np.ndarray) -> Any:
    h = weights["table"][x].reshape(len(x), -1)
    h = anp.tanh(anp.dot(h, weights["w1"]) + weights["bias1"])
    return cross_entropy(anp, anp.dot(h, weights["w2"]) + weights["bias2"], y)


def training(
    loss: Loss,
    shapes: Mapping[str, tuple[int, ...]],
    x: np.ndarray,
    y: np.ndarray,
    optimizer: str,
    rate: float,
) -> Make:
    def make(lib: Any) -> Step:
        import autograd.numpy as anp

        weights = initial(shapes)
        update = UPDATES[optimizer](rate)
        compute = lib.value_and_grad(lambda weights: loss(anp, weights, x, y))
        gradients: Arrays = {}

        def run() -> Any:
            value, found = compute(weights)
            gradients.update(found)
            update(weights, gradients)
            return value

        return steps(run, lambda: [gradients[name] for name in weights])

    return make
