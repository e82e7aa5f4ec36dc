"""Graphs of single numbers: the demo's loss and one addition, here and in micrograd where it is installed."""

from __future__ import annotations

import gc
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from micrograd_demo import make_moons

RECURSION = 20_000  # micrograd's backward needs it: its topological sort recurses


@pytest.fixture(params=["tinygrad_ext.micrograd", "micrograd"])
def package(request):
    """The modules `engine` and `nn` of a package, with Python's collector off."""
    modules = [pytest.importorskip(f"{request.param}.{part}") for part in ("engine", "nn")]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION))
    gc.collect()
    gc.disable()
    yield modules
    gc.enable()
    sys.setrecursionlimit(limit)


POINTS, LABELS = make_moons(100, noise=0.1, seed=1337)


def collect():
    gc.collect()  # whose count pytest-benchmark would take for arguments


def demo_loss(engine, nn, model):
    """The moons demo's loss: some 65,000 values."""
    inputs = [list(map(engine.Value, row)) for row in POINTS]
    scores = list(map(model, inputs))
    losses = [(1 + -label * score).relu() for label, score in zip(LABELS, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    return data_loss + 1e-4 * sum(p * p for p in model.parameters())


def model_of(nn):
    random.seed(1337)
    return nn.MLP(2, [16, 16, 1])


def lecture_model_of(nn, engine):
    """The same network of neurons as the lecture writes them: the sum is Python's."""

    class Neuron(nn.Neuron):
        def __call__(self, x):
            act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
            return act.relu() if self.nonlin else act

    model = model_of(nn)
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.__class__ = Neuron
    return model


def assert_demo_is_right(engine, nn, model):
    """Loss and gradients are those that the tests know from micrograd."""
    import json

    golden = Path(__file__).parents[1] / "tests" / "golden" / "micrograd.json"
    want = json.loads(golden.read_text())["moons"][0]
    loss = demo_loss(engine, nn, model)
    loss.backward()
    assert loss.data == pytest.approx(want["loss"], rel=1e-11)
    assert [p.grad for p in model.parameters()] == pytest.approx(want["gradients"], rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("neurons", ["package", "lecture"])
def test_demo(package, benchmark, neurons):
    """Forward and backward."""
    engine, nn = package
    benchmark.group = f"micrograd demo, the {neurons}'s neurons"
    model = model_of(nn) if neurons == "package" else lecture_model_of(nn, engine)
    assert_demo_is_right(engine, nn, model)

    def step():
        model.zero_grad()
        demo_loss(engine, nn, model).backward()

    benchmark.pedantic(step, warmup_rounds=2, rounds=8, setup=collect)


def test_add_x10000(package, benchmark):
    """Written ten to a line, so that the loop around them hardly counts."""
    engine, _ = package
    benchmark.group = "micrograd a + b, 10,000 times"
    a, b = engine.Value(2.0), engine.Value(3.0)
    c = a + b
    c.backward()
    assert (c.data, a.grad, b.grad) == (5.0, 1.0, 1.0)
    scope = {}
    exec("def run(a, b):\n  for _ in range(1000):\n    " + "; ".join(["a + b"] * 10), scope)
    benchmark.pedantic(lambda: scope["run"](a, b), warmup_rounds=3, rounds=30, setup=collect)
