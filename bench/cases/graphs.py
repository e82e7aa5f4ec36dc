"""Graphs of single numbers: micrograd's programs with its `Value` and with ours."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.case import Case, Make, Step, alike, steps
from bench.cases.training import mlp, start
from bench.peers import weights

RECURSION = 20_000  # micrograd's backward needs it: its topological sort recurses
POINTS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
TARGETS = [1.0, -1.0, -1.0, 1.0]
RATE = 0.01


def package(lib: Any) -> tuple[Any, Any]:
    """The modules `engine` and `nn` of micrograd, or of ours."""
    name = "micrograd" if lib.__name__ == "micrograd" else f"{lib.__name__}.micrograd"
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    return importlib.import_module(f"{name}.engine"), importlib.import_module(f"{name}.nn")


def both(make: Make) -> dict[str, Make]:
    return {"tinygrad_ext": make, "micrograd": make}


def addition(lib: Any) -> Step:
    """A thousand sums, ten to a line, so that the loop around them hardly counts."""
    engine, _ = package(lib)
    scope: dict[str, Any] = {"a": engine.Value(2.0), "b": engine.Value(3.0)}
    lines = "; ".join(["y = a + b"] * 10)
    exec(f"def run():\n  for _ in range(100):\n    {lines}\n  return y", scope)

    def compared() -> Any:
        y = scope["run"]()
        y.backward()
        return y.data, scope["a"].grad, scope["b"].grad

    return Step(scope["run"], compared)


def demo(lecture: bool) -> Make:
    """The demo's loss and backward: some 65,000 values. The lecture's neurons call Python's `sum`."""

    def make(lib: Any) -> Step:
        engine, nn = package(lib)
        points = np.random.default_rng(0).uniform(-1, 1, (100, 2))
        labels = np.where(points[:, 1] > np.sin(3 * points[:, 0]), 1, -1)
        random.seed(1337)
        model = nn.MLP(2, [16, 16, 1])

        class Neuron(nn.Neuron):  # type: ignore[misc]
            def __call__(self, x: Sequence[Any]) -> Any:
                act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
                return act.relu() if self.nonlin else act

        for neuron in [n for layer in model.layers for n in layer.neurons] if lecture else []:
            neuron.__class__ = Neuron

        def run() -> Any:
            model.zero_grad()
            inputs = [list(map(engine.Value, row)) for row in points]
            scores = list(map(model, inputs))
            losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
            loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
            loss.backward()
            return loss

        def compared() -> Any:
            return run().data, [p.grad for p in model.parameters()]

        return Step(run, compared)

    return make


def lecture_step(lib: Any) -> Step:
    """MLP(3, [4, 4, 1]) on the lecture's four examples, one value at a time."""
    _, nn = package(lib)
    model = nn.MLP(3, [4, 4, 1])
    first = weights.initial(weights.mlp(3, 4, 4, 1))
    for i, layer in enumerate(model.layers):
        for j, neuron in enumerate(layer.neurons):
            for w, value in zip(neuron.w, first[f"{2 * i}.weight"][j], strict=True):
                w.data = float(value)

    def run() -> Any:
        loss = sum((model(x) - y) ** 2 for x, y in zip(POINTS, TARGETS, strict=True)) * 0.25
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data += -RATE * p.grad
        return loss.data

    def gradients() -> Any:
        found: list[np.ndarray] = []
        for layer in model.layers:
            found.append(np.array([[w.grad for w in neuron.w] for neuron in layer.neurons]))
            found.append(np.array([neuron.b.grad for neuron in layer.neurons]))
        return found

    return steps(run, gradients)


def tensor_step(lib: Any) -> Step:
    """The same network, examples and update with tensors."""
    model = mlp(3, 4, 4, 1)(lib)
    parameters = dict(model.named_parameters())
    start(lib, parameters)
    x, y = lib.tensor(POINTS), lib.tensor(TARGETS).view(4, 1)
    criterion = lib.nn.MSELoss()
    optimizer = lib.optim.SGD(model.parameters(), lr=RATE)

    def run() -> Any:
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return steps(run, lambda: [p.grad for p in parameters.values()])


def cases() -> list[Case]:
    return [
        Case("micrograd", "a + b x1000", both(addition), target=20.0),
        Case("micrograd", "demo, package's neurons", both(demo(lecture=False)), target=20.0),
        Case("micrograd", "demo, lecture's neurons", both(demo(lecture=True)), target=10.0),
        Case("micrograd", "MLP 3-4-4-1 of values", both(lecture_step), target=10.0),
        Case(
            "micrograd", "MLP 3-4-4-1 of tensors",
            alike(tensor_step) | {"micrograd": lecture_step}, target=10.0, rival="torch",
        ),
    ]  # fmt: skip
