"""The table of layers: shapes, parameters and operations counted by hand from the rules."""

from __future__ import annotations

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn
from tinygrad_ext.train import summary

LENET = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(6, 16, 5),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(400, 120),
    nn.ReLU(),
    nn.Linear(120, 84),
    nn.ReLU(),
    nn.Linear(84, 10),
)
ROWS = [
    ("Conv2d", "[2, 6, 28, 28]", 156, 2 * 6 * 784 * 51),
    ("ReLU", "[2, 6, 28, 28]", 0, 2 * 6 * 784),
    ("MaxPool2d", "[2, 6, 14, 14]", 0, 2 * 6 * 196 * 4),
    ("Conv2d", "[2, 16, 10, 10]", 2416, 2 * 16 * 100 * 301),
    ("ReLU", "[2, 16, 10, 10]", 0, 2 * 1600),
    ("MaxPool2d", "[2, 16, 5, 5]", 0, 2 * 16 * 25 * 4),
    ("Flatten", "[2, 400]", 0, 0),
    ("Linear", "[2, 120]", 48120, 2 * 120 * 801),
    ("ReLU", "[2, 120]", 0, 240),
    ("Linear", "[2, 84]", 10164, 2 * 84 * 241),
    ("ReLU", "[2, 84]", 0, 168),
    ("Linear", "[2, 10]", 850, 2 * 10 * 169),
]


def test_lenet(capsys):
    result = summary(LENET, (2, 1, 28, 28))
    assert [(x.kind, x.output, x.parameters, x.flops) for x in result.layers] == ROWS
    assert result.parameters == result.trainable == 61_706
    assert result.flops == sum(row[3] for row in ROWS)
    assert capsys.readouterr().out == f"{result}\n"
    assert "61,706" in repr(result)


def test_the_table():
    model = nn.Sequential(nn.Linear(4, 3, bias=False), nn.Tanh()).double()
    model[0].weight.requires_grad_(False)
    assert str(tg.summary(model, (5, 4), show=False)).splitlines() == [
        "Sequential on [5, 4]",
        40 * "-",
        "layer  type    output  parameters  FLOPs",
        40 * "-",
        "0      Linear  [5, 3]          12    120",
        "1      Tanh    [5, 3]           0     15",
        40 * "-",
        "12 parameters (96 bytes), 0 of them trained",
        "135 FLOPs forward, a multiplication with its addition being two",
    ]


class Odd(nn.Module):
    """Parameters of its own beside layers, one layer used twice, a result of two parts."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(tg.ones(4))
        self.body = nn.ModuleList([nn.Linear(4, 4)])

    def forward(self, x, y):
        return self.body[0](self.body[0](x)) * self.scale, y


def test_own_parameters_shared_layers_several_inputs():
    model = Odd().train()
    model.body.eval()
    result = summary(model, (tg.ones(1, 4), tg.zeros(2, dtype=tg.int64)), show=False)
    assert [(x.name, x.parameters, x.shared, x.flops) for x in result.layers] == [
        ("body.0", 20, False, 36),
        ("body.0", 0, True, 36),
        ("", 4, False, None),
    ]
    assert result.layers[2].output == "[1, 4], [2]"
    assert "not counted: Odd" in str(result)
    assert "shared" in str(result)
    assert model.training
    assert not model.body[0].training
    assert not any(module.__dict__.get("_hooked") for module in model.modules())


@pytest.mark.parametrize(
    ("layer", "shape", "flops"),
    [
        (nn.Conv1d(4, 6, 3, groups=2, bias=False), (1, 4, 10), 6 * 8 * 2 * 6),
        (nn.ConvTranspose2d(3, 5, 2, stride=2), (1, 3, 4, 4), 2 * 48 * 5 * 4 + 5 * 64),
        (nn.BatchNorm2d(3), (2, 3, 4, 4), 2 * 96),
        (nn.LayerNorm(6), (2, 6), 7 * 12),
        (nn.Softmax(dim=1), (2, 5), 30),
        (nn.AvgPool2d((2, 3)), (1, 1, 4, 6), 4 * 6),
        (nn.AdaptiveAvgPool2d(1), (1, 2, 4, 4), 32),
        (nn.LSTM(3, 5), (7, 2, 3), 7 * 2 * (2 * 20 * (3 + 5) + 40)),
        (nn.GRU(3, 5, bidirectional=True, num_layers=2, batch_first=True), (2, 7, 3),
         14 * 2 * (2 * 15 * (3 + 5) + 30 + 2 * 15 * (10 + 5) + 30)),
        (nn.Dropout(), (3, 3), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)  # fmt: skip
def test_rules(layer, shape, flops):
    assert summary(layer, shape, show=False).flops == flops


def test_embedding_and_bilinear():
    assert summary(nn.Embedding(9, 4), tg.arange(5), show=False).flops == 0
    both = (tg.ones(2, 3), tg.ones(2, 4))
    assert summary(nn.Bilinear(3, 4, 5), both, show=False).flops == 10 * (2 * 3 * 5 + 1)


def test_attention():
    """Four projections of 8 to 8, scores and sums of 5 queries and 5 keys, 3 samples, a softmax per head."""
    layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    result = summary(layer, (3, 5, 8), show=False)
    flops = {x.name: x.flops for x in result.layers}
    projections = 4 * (2 * 8 * 8 + 8) * 15
    assert flops["self_attn"] == projections + 2 * (2 * 8 * 5 * 5) * 3 + 3 * 2 * 5 * 5 * 3
    assert flops["linear1"] == 15 * 16 * 17
    assert result.parameters == sum(x.parameters for x in result.layers)


def test_faults_leave_nothing_behind():
    model = nn.Sequential(nn.Linear(3, 2)).train()
    with pytest.raises(TypeError, match="summary: input must be"):
        summary(model, "text")
    with pytest.raises((ValueError, RuntimeError)):
        summary(model, (1, 5))
    assert model.training
    assert not any(module.__dict__.get("_hooked") for module in model.modules())
