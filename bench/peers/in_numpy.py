"""Steps whose gradients are written by hand in NumPy, and the update rules that HIPS autograd shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bench.case import Make, Step, steps
from bench.peers.weights import Arrays, initial

Update = Callable[[Mapping[str, np.ndarray], Mapping[str, np.ndarray]], None]


def sgd(rate: float) -> Update:
    def update(weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray]) -> None:
        for name, w in weights.items():
            w -= rate * gradients[name]

    return update


def adam(rate: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Update:
    """Kingma & Ba, 2015, in place, the two corrections drawn together into numbers."""
    moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    count = 0

    def update(weights: Mapping[str, np.ndarray], gradients: Mapping[str, np.ndarray]) -> None:
        nonlocal count
        count += 1
        size, root = rate / (1 - beta1**count), (1 - beta2**count) ** 0.5
        for name, w in weights.items():
            g = gradients[name]
            if name not in moments:
                moments[name] = np.zeros_like(w), np.zeros_like(w)
            m, v = moments[name]
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * (g * g)
            w -= size * m / (np.sqrt(v) / root + eps)

    return update


UPDATES: dict[str, Callable[[float], Update]] = {"SGD": sgd, "Adam": adam}


def mlp(
    shapes: Mapping[str, tuple[int, ...]], x: np.ndarray, y: np.ndarray, optimizer: str, rate: float
) -> Make:
    """Linear layers with ReLU between them and cross-entropy at the end."""

    def make(_: Any) -> Step:
        weights = initial(shapes)
        layers = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
        update = UPDATES[optimizer](rate)
        rows = np.arange(len(x))
        gradients: Arrays = {}

        def run() -> Any:
            inputs = [x]
            for layer in layers:
                z = inputs[-1] @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
                inputs.append(z if layer is layers[-1] else np.maximum(z, 0))
            logits = inputs.pop()
            logits = logits - logits.max(1, keepdims=True)
            d = np.exp(logits)
            total = d.sum(1, keepdims=True)
            loss = np.log(total).mean() - logits[rows, y].mean()
            d /= total
            d[rows, y] -= 1
            d /= len(x)
            for layer, h in zip(reversed(layers), reversed(inputs), strict=True):
                gradients[f"{layer}.weight"] = d.T @ h
                gradients[f"{layer}.bias"] = d.sum(0)
                if layer is not layers[0]:
                    d = (d @ weights[f"{layer}.weight"]) * (h > 0)
            update(weights, gradients)
            return loss

        def found() -> Sequence[np.ndarray]:
            return [gradients[name] for name in weights]

        return steps(run, found)

    return make
