"""Programs as users of micrograd have them; they take the `Value` or model, so that one text runs on both."""

from __future__ import annotations

import random
from typing import Any


def readme(Value: Any) -> list[str]:
    """The operations that micrograd's README shows; every intermediate result as it prints itself."""
    a = Value(-4.0)
    b = Value(2.0)
    names = [a, b]
    c = a + b
    d = a * b + b**3
    names += [c, d]
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    names += [c, d]
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    names += [e, f, g]
    before = [repr(v) for v in names]
    g.backward()
    return before + [repr(v) for v in names]


def sanity(x: Any) -> Any:
    """micrograd's first test: a value used many times over."""
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    return h + q + q * x


def more_operations(a: Any, b: Any) -> Any:
    """micrograd's second test: every operator there is."""
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def moons(Value: Any, model: Any, points: list[Any], labels: list[Any], steps: int) -> list[dict[str, Any]]:
    """The demo's training: loss, accuracy, and the gradient of every parameter at each step."""
    history = []
    for k in range(steps):
        inputs = [list(map(Value, row)) for row in points]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(labels, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        total = data_loss + reg_loss
        hits = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(labels, scores, strict=True)]
        model.zero_grad()
        total.backward()
        rate = 1.0 - 0.9 * k / 100
        gradients = [float(p.grad) for p in model.parameters()]
        for p in model.parameters():
            p.data -= rate * p.grad
        history.append({"loss": total.data, "hits": sum(hits), "gradients": gradients})
    return history


def four_examples(model: Any, steps: int, rate: float) -> dict[str, Any]:
    """The lecture's four examples: the losses, and the parameters in the end."""
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(steps):
        ypred = [model(x) for x in xs]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred, strict=True))
        for p in model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in model.parameters():
            p.data += -rate * p.grad
        losses.append(loss.data)
    return {"losses": losses, "parameters": [p.data for p in model.parameters()]}


def lecture_mlp(Value: Any, nin: int, nouts: list[int]) -> Any:
    """The network that the lecture writes itself: neurons with tanh, and a bias drawn like the weights."""

    class Neuron:
        def __init__(self, nin: int) -> None:
            self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(random.uniform(-1, 1))

        def __call__(self, x: Any) -> Any:
            act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
            return act.tanh()

        def parameters(self) -> list[Any]:
            return [*self.w, self.b]

    class Layer:
        def __init__(self, nin: int, nout: int) -> None:
            self.neurons = [Neuron(nin) for _ in range(nout)]

        def __call__(self, x: Any) -> Any:
            outs = [n(x) for n in self.neurons]
            return outs[0] if len(outs) == 1 else outs

        def parameters(self) -> list[Any]:
            return [p for neuron in self.neurons for p in neuron.parameters()]

    class Network:
        def __init__(self) -> None:
            sizes = [nin, *nouts]
            self.layers = [Layer(sizes[i], sizes[i + 1]) for i in range(len(nouts))]

        def __call__(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

        def parameters(self) -> list[Any]:
            return [p for layer in self.layers for p in layer.parameters()]

    return Network()
