"""Steps of tinygrad, compiled by `TinyJit` for its CPU backend, which needs clang at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bench.case import Make, Step, steps
from bench.peers.weights import initial

Forward = Callable[[Mapping[str, Any], Any], Any]


def mlp(weights: Mapping[str, Any], x: Any) -> Any:
    *hidden, last = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    for layer in hidden:
        x = linear(weights, layer, x).relu()
    return linear(weights, last, x)


def linear(weights: Mapping[str, Any], name: str, x: Any) -> Any:
    return x.linear(weights[f"{name}.weight"].T, weights[f"{name}.bias"])


def lenet(weights: Mapping[str, Any], x: Any) -> Any:
    for layer, padding in (("0", 2), ("3", 0)):
        x = (
            x.conv2d(weights[f"{layer}.weight"], weights[f"{layer}.bias"], padding=padding)
            .relu()
            .max_pool2d()
        )
    x = x.flatten(1)
    for layer in ("7", "9"):
        x = linear(weights, layer, x).relu()
    return linear(weights, "11", x)


def training(
    forward: Forward,
    shapes: Mapping[str, tuple[int, ...]],
    x: np.ndarray,
    y: np.ndarray,
    optimizer: str,
    rate: float,
) -> Make:
    def make(tinygrad: Any) -> Step:
        from tinygrad.nn import optim

        tensor, device = tinygrad.Tensor, tinygrad.Device["CPU"]
        first = initial(shapes)
        weights = {name: tensor(w, device="CPU").realize() for name, w in first.items()}
        inputs = tensor(x, device="CPU").realize()
        targets = tensor(y.astype(np.int32), device="CPU").realize()
        update = getattr(optim, optimizer)(list(weights.values()), lr=rate)

        @tinygrad.TinyJit
        def step(x: Any, y: Any) -> Any:
            with tinygrad.Context(TRAINING=1):
                loss = forward(weights, x).sparse_categorical_crossentropy(y)
                update.zero_grad()
                loss.backward()
                return loss.realize(*update.schedule_step())

        def run() -> Any:
            loss = step(inputs, targets)
            device.synchronize()
            return loss.numpy()

        def gradients() -> Any:
            fresh = {name: tensor(w, device="CPU") for name, w in first.items()}
            forward(fresh, inputs).sparse_categorical_crossentropy(targets).backward()
            return [w.grad.numpy() for w in fresh.values()]

        return steps(run, gradients)

    return make
