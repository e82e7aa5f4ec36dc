"""Layers against the functions they stand for, their initial values, and training that must succeed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_ext as tg
import tinygrad_ext.nn.functional as F
from tinygrad_ext import nn

X = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype("float32")
LAYERS = {
    "Linear": (lambda: nn.Linear(8, 5), lambda m, x: F.linear(x, m.weight, m.bias)),
    "Linear without bias": (lambda: nn.Linear(8, 5, bias=False), lambda m, x: F.linear(x, m.weight)),
    "Conv2d": (
        lambda: nn.Conv2d(3, 6, 3, stride=2, padding=1, groups=3),
        lambda m, x: F.conv2d(x, m.weight, m.bias, 2, 1, 1, 3),
    ),
    "Conv2d dilated": (
        lambda: nn.Conv2d(3, 4, (3, 2), dilation=2, bias=False),
        lambda m, x: F.conv2d(x, m.weight, dilation=2),
    ),
    "ReLU": (lambda: nn.ReLU(), lambda m, x: tg.relu(x)),
    "Tanh": (lambda: nn.Tanh(), lambda m, x: tg.tanh(x)),
    "Sigmoid": (lambda: nn.Sigmoid(), lambda m, x: tg.sigmoid(x)),
    "Softmax": (lambda: nn.Softmax(dim=1), lambda m, x: F.softmax(x, 1)),
    "LogSoftmax": (lambda: nn.LogSoftmax(dim=1), lambda m, x: F.log_softmax(x, 1)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), lambda m, x: F.max_pool2d(x, 2)),
    "AvgPool2d": (lambda: nn.AvgPool2d(3, 2, 1), lambda m, x: F.avg_pool2d(x, 3, 2, 1)),
    "Flatten": (lambda: nn.Flatten(), lambda m, x: x.flatten(1)),
    "Identity": (lambda: nn.Identity(), lambda m, x: x),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer_is_its_function(name):
    make, function = LAYERS[name]
    layer, x = make(), tg.tensor(X)
    assert layer(x).tolist() == function(layer, x).tolist()


LOSSES = {
    "MSELoss": (F.mse_loss, (tg.tensor([0.5, 2.0]), tg.tensor([1.0, 0.0]))),
    "CrossEntropyLoss": (F.cross_entropy, (tg.tensor([[0.5, 2.0], [1.0, 0.0]]), tg.tensor([1, 0]))),
    "NLLLoss": (F.nll_loss, (tg.tensor([[-0.5, -2.0], [-1.0, 0.0]]), tg.tensor([1, 0]))),
    "BCEWithLogitsLoss": (F.binary_cross_entropy_with_logits, (tg.tensor([0.5, 2.0]), tg.tensor([1.0, 0.0]))),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_loss_is_its_function(name, reduction):
    function, args = LOSSES[name]
    loss = getattr(nn, name)(reduction=reduction)
    assert loss(*args).tolist() == function(*args, reduction=reduction).tolist()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_hinge_loss(reduction):
    """PyTorch does not have it."""
    x, y = np.array([0.5, -2.0, 3.0, 0.1]), np.array([1.0, 1.0, 1.0, -1.0])
    want = np.maximum(0, 0.8 - y * x)
    got = nn.HingeLoss(0.8, reduction)(tg.tensor(x), tg.tensor(y)).numpy()
    np.testing.assert_allclose(got, want if reduction == "none" else getattr(want, reduction)(), rtol=1e-15)


@pytest.mark.parametrize(
    ("make", "fan_in"),
    [(lambda: nn.Linear(50, 400), 50), (lambda: nn.Conv2d(8, 40, 5, groups=2), 100)],
)
def test_initial_values(make, fan_in):
    """Weights and biases are uniform in +-1 / sqrt(fan in), PyTorch's default."""
    layer = make()
    limit = 1 / math.sqrt(fan_in)
    for p in layer.parameters():
        a = p.detach().numpy()
        assert np.abs(a).max() <= limit
        assert np.abs(a).max() > limit * 0.9
        # The standard deviation of a uniform sample, within five of its own.
        assert abs(a.std() * math.sqrt(3) / limit - 1) < 5 / math.sqrt(a.size)


def test_initial_values_equal_pytorchs():
    """The same seed, the same draws in the same order."""
    torch = pytest.importorskip("torch")
    results = []
    for library in (tg, torch):
        library.manual_seed(3)
        net = library.nn.Sequential(library.nn.Linear(4, 6), library.nn.Conv2d(2, 3, 3))
        results.append([p.detach().numpy() for p in net.parameters()])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-7)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: nn.Linear(-1, 2),
        lambda: nn.Conv2d(3, 4, 3, groups=2),
        lambda: nn.Conv2d(3, 4, 0),
        lambda: nn.Conv2d(3, 4, 3, stride=0),
        lambda: nn.Dropout(1.5),
        lambda: nn.Linear(2, 3)(tg.ones(4)),
        lambda: nn.Conv2d(3, 4, 3)(tg.ones(1, 2, 5, 5)),
    ],
)
def test_bad_settings(bad):
    with pytest.raises((ValueError, RuntimeError)):
        bad()


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_learns_xor(optimizer):
    """A problem that no linear model can solve."""
    tg.manual_seed(1)
    x = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = tg.tensor([0, 1, 1, 0])
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    settings = {"SGD": {"lr": 0.5, "momentum": 0.9}, "Adam": {"lr": 0.05}}[optimizer]
    opt = getattr(tg.optim, optimizer)(net.parameters(), **settings)
    loss_of = nn.CrossEntropyLoss()
    for _ in range(200):
        loss = loss_of(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    assert loss.item() < 0.01
    assert net(x).argmax(1).tolist() == [0, 1, 1, 0]


def test_a_small_cnn_trains_as_in_pytorch():
    """The same start, data and optimizer: the same losses, step by step."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    images, labels = rng.standard_normal((16, 1, 8, 8)), rng.integers(0, 4, 16)
    starts = None
    curves = []
    for library in (tg, torch):
        n = library.nn
        net = n.Sequential(
            *(n.Conv2d(1, 4, 3, padding=1), n.ReLU(), n.MaxPool2d(2), n.Flatten(), n.Linear(64, 4))
        ).to(library.float64)
        starts = starts or [rng.standard_normal(tuple(p.shape)) * 0.2 for p in net.parameters()]
        with library.no_grad():
            for p, s in zip(net.parameters(), starts, strict=True):
                p.copy_(library.tensor(s))
        opt = library.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for _ in range(20):
            loss = n.CrossEntropyLoss()(net(library.tensor(images)), library.tensor(labels))
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        curves.append(losses)
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-9)
