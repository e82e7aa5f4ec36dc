"""Training steps of whole networks: forward, loss, backward, update."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bench.case import Case, Make, Run, alike
from bench.cases.inputs import tensors

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import models


def training(build: Callable[[Any], Any], shape: tuple[int, ...], optimizer: str, classes: int = 10) -> Make:
    """A step: forward, cross-entropy, backward, update. Two sizes are a batch of texts if `classes` is 65."""

    def make(lib: Any) -> Run:
        lib.manual_seed(0)
        model = build(lib)
        update = getattr(lib.optim, optimizer)(model.parameters(), lr=1e-4)
        if classes == 65:
            x, y = (lib.tensor(a) for a in models.batch(shape))
        else:
            x, y = tensors(lib, shape)[0], lib.tensor(np.arange(shape[0]) % classes)
        return lambda: models.training_step(lib, model, update, x, y)

    return make


def mlp(*sizes: int) -> Callable[[Any], Any]:
    def build(lib: Any) -> Any:
        layers: list[Any] = []
        for a, b in pairwise(sizes):
            layers += [lib.nn.Linear(a, b), lib.nn.ReLU()]
        return lib.nn.Sequential(*layers[:-1])

    return build


def names_mlp(lib: Any) -> Run:
    """The lecture's network of character names, updated by hand."""
    lib.manual_seed(0)
    shapes = (27, 10), (30, 200), (200,), (200, 27), (27,)
    parameters = tensors(lib, *shapes, grad=True)
    table, w1, b1, w2, b2 = parameters
    x = lib.tensor(np.random.default_rng(1).integers(0, 27, (32, 3)))
    y = lib.tensor(np.arange(32) % 27)

    def step() -> Any:
        h = lib.tanh(table[x].view(-1, 30) @ w1 + b1)
        loss = lib.nn.functional.cross_entropy(h @ w2 + b2, y)
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        return loss

    return step


def cases() -> list[Case]:
    found = []
    big, small = mlp(784, 128, 64, 10), mlp(784, 16, 16, 10)
    larger = partial(models.gpt, width=128, length=64)
    for name, make, target in (
        ("MLP 784-128-64-10 b64 SGD", training(big, (64, 784), "SGD"), 3.0),
        ("MLP 784-128-64-10 b64 Adam", training(big, (64, 784), "Adam"), 3.5),
        ("MLP 784-16-16-10 b1 SGD", training(small, (1, 784), "SGD"), 15.0),
        ("names MLP b32", names_mlp, 6.0),
        ("LeNet b64 Adam", training(models.lenet, (64, 1, 28, 28), "Adam"), 4.0),
        ("residual block b32", training(models.residual, (32, 64, 32, 32), "SGD"), 1.3),
        ("VGG CIFAR b32", training(models.vgg, (32, 3, 32, 32), "SGD"), 1.3),
        ("GPT 4x64 b16 AdamW", training(models.gpt, (16, 32), "AdamW", 65), 3.0),
        ("GPT 4x128 b12 AdamW", training(larger, (12, 64), "AdamW", 65), 2.0),
        ("LSTM b32 Adam", training(models.lstm_classifier, (32, 28, 28), "Adam"), 2.0),
    ):
        found.append(Case("training", name, alike(make), target=target))
    return found
