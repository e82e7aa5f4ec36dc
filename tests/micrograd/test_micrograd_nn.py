"""Neurons, layers and networks: the package's parameters, arithmetic, text and training."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import programs
import pytest

import tinygrad_ext as tg
from tinygrad_ext.micrograd import nn
from tinygrad_ext.micrograd.engine import Value

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "micrograd.json").read_text())


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_initial_weights_are_drawn_in_order():
    """Neuron by neuron from Python's random; biases are 0."""
    random.seed(7)
    model = nn.MLP(3, [2, 1])
    random.seed(7)
    want = []
    for nin, nout in ((3, 2), (2, 1)):
        for _ in range(nout):
            want += [*(random.uniform(-1, 1) for _ in range(nin)), 0.0]
    assert [p.data for p in model.parameters()] == want
    assert repr(model.layers[0].neurons[0].b) == "Value(data=0, grad=0)"


def test_text():
    assert repr(nn.Neuron(3)) == "ReLUNeuron(3)"
    assert repr(nn.Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert repr(nn.Layer(2, 2)) == "Layer of [ReLUNeuron(2), ReLUNeuron(2)]"
    assert repr(nn.MLP(1, [1, 1])) == "MLP of [Layer of [ReLUNeuron(1)], Layer of [LinearNeuron(1)]]"


def test_parameters_and_zero_grad():
    neuron = nn.Neuron(2)
    assert neuron.parameters() == [*neuron.w, neuron.b]
    model = nn.MLP(2, [3, 1])
    assert len(model.parameters()) == 13
    assert model.parameters() == [p for layer in model.layers for n in layer.neurons for p in n.parameters()]
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [repr(p).split("grad=")[1] for p in model.parameters()] == ["0)"] * 13
    assert nn.Module().parameters() == []


def text_of(v):
    """The graph as text, values by number."""
    return f"{v._op or v.data}" + (f"({', '.join(map(text_of, v._children))})" if v._children else "")


@pytest.mark.parametrize("inputs", [[0.5, 2.0], (Value(0.5), 2), np.array([0.5, 2.0]), iter([0.5, 2.0])])
def test_neuron_builds_micrograds_graph(inputs):
    """The sum starts at the bias, and each weight is multiplied from the left."""
    neuron = nn.Neuron(2)
    neuron.w[0].data, neuron.w[1].data = 3.0, 4.0
    out = neuron(inputs)
    assert out.data == 9.5
    assert text_of(out) in ("ReLU(+(+(0.0, *(3.0, 0.5)), *(4.0, 2.0)))",)


def test_neuron_takes_what_zip_takes():
    """As many terms as both have, of whatever a Value multiplies with; the first failure stops it."""
    neuron = nn.Neuron(2, nonlin=False)
    assert neuron([]) is neuron.b
    assert len(neuron([1.0])._children) == 2
    assert neuron([1.0, 2.0, 3.0])._count() == 9  # two weights, two inputs, the bias, four results
    with pytest.raises(TypeError, match="multiply"):
        neuron(["a", 2.0])
    with pytest.raises(TypeError, match="iterable"):
        neuron(3)
    with pytest.raises(ZeroDivisionError):
        neuron(1 / x for x in (1, 0))
    neuron.w = np.array([2.0, 3.0])
    assert neuron([1.0, 1.0]).data == 5.0
    neuron.w = (Value(2.0), Value(4.0))
    assert neuron([1.0, 1.0]).data == 6.0


def test_layers_of_one_neuron():
    assert isinstance(nn.Layer(2, 1)([1.0, 2.0]), Value)
    assert isinstance(nn.Layer(2, 2)([1.0, 2.0]), list)
    assert isinstance(nn.MLP(2, [1, 1, 1])([1.0, 2.0]), Value)
    assert len({x._children for x in nn.Layer(2, 3, nonlin=False)(iter([1.0, 2.0]))}) == 3


def test_demo():
    """Three steps of the moons: loss, accuracy and all 337 gradients are the package's."""
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    history = programs.moons(Value, model, GOLDEN["points"], GOLDEN["labels"], steps=3)
    for got, want in zip(history, GOLDEN["moons"], strict=True):
        assert got["hits"] == want["hits"]
        close(got["loss"], want["loss"])
        close(got["gradients"], want["gradients"])


def test_demo_program(tmp_path):
    """The example runs as a user runs it, and learns; its picture is drawn where matplotlib is installed."""
    script = Path(__file__).parents[2] / "examples" / "micrograd_demo.py"
    picture = tmp_path / "moons.png"
    command = [sys.executable, script, "--steps", "11", "--picture", picture]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "337 parameters" in result.stdout
    assert "step   0: loss 0.8896, accuracy 50%" in result.stdout
    hits = [int(percent) for percent in re.findall(r"(\d+)%", result.stdout)]
    assert hits[-1] >= 80
    assert picture.exists() == ("matplotlib" not in result.stdout)


def test_four_examples():
    """MLP(3, [4, 4, 1]), the package's and the lecture's own: every loss, and where they end."""
    random.seed(42)
    got = {"four_relu": programs.four_examples(nn.MLP(3, [4, 4, 1]), steps=20, rate=0.01)}
    random.seed(42)
    network = programs.lecture_mlp(Value, 3, [4, 4, 1])
    got["four_tanh"] = programs.four_examples(network, steps=20, rate=0.05)
    for name, result in got.items():
        for part, values in result.items():
            np.testing.assert_allclose(values, GOLDEN[name][part], rtol=1e-11, err_msg=f"{name} {part}")
        assert result["losses"][-1] < 0.8 * result["losses"][0]


def test_same_gradients_as_tensors():
    """One network, as numbers and as the library's tensors in float64."""
    random.seed(3)
    model = nn.MLP(3, [4, 4, 1])
    x = [0.3, -0.8, 2.0]
    model(x).backward()
    h = tg.tensor(x, dtype=tg.float64)
    leaves = []
    for layer in model.layers:
        w = tg.tensor([[p.data for p in n.w] for n in layer.neurons], dtype=tg.float64, requires_grad=True)
        b = tg.tensor([n.b.data for n in layer.neurons], dtype=tg.float64, requires_grad=True)
        leaves.append((w, b))
        h = w @ h + b
        h = h.relu() if layer.neurons[0].nonlin else h
    h.sum().backward()
    for layer, (w, b) in zip(model.layers, leaves, strict=True):
        close([[p.grad for p in n.w] for n in layer.neurons], w.grad.numpy())
        close([n.b.grad for n in layer.neurons], b.grad.numpy())
