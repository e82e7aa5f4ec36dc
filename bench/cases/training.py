"""Training steps of whole networks: forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import models
import numpy as np

from bench.case import Case, Make, Step, alike, steps
from bench.peers import in_autograd, in_jax, in_numpy, in_tinygrad, weights

RATES = {
    "SGD": 1e-2,
    "Adam": 1e-3,
    "AdamW": 1e-3,
}  # such that three steps change the loss, yet not to nothing


def start(lib: Any, parameters: Mapping[str, Any]) -> None:
    """Give parameters the weights that every library begins with."""
    first = weights.initial({name: tuple(p.shape) for name, p in parameters.items()})
    with lib.no_grad():
        for name, p in parameters.items():
            p.copy_(lib.tensor(first[name]))


def batch(shape: tuple[int, ...], text: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and classes; rows of numbers are not to be taken for texts, as `models.batch` would."""
    if text:
        return models.batch(shape)
    random = np.random.default_rng(0)
    return random.standard_normal(shape).astype(np.float32), np.arange(shape[0]) % 10


def training(build: Callable[[Any], Any], optimizer: str, rate: float, x: np.ndarray, y: np.ndarray) -> Make:
    """A step of a module for the libraries with PyTorch's names: cross-entropy and an optimizer of theirs."""

    def make(lib: Any) -> Step:
        model = build(lib)
        parameters = dict(model.named_parameters())
        start(lib, parameters)
        update = getattr(lib.optim, optimizer)(model.parameters(), lr=rate)
        inputs, targets = lib.tensor(x), lib.tensor(y)
        return steps(
            lambda: models.training_step(lib, model, update, inputs, targets),
            lambda: [p.grad for p in parameters.values()],
        )

    return make


def mlp(*sizes: int) -> Callable[[Any], Any]:
    def build(lib: Any) -> Any:
        layers: list[Any] = []
        for a, b in pairwise(sizes):
            layers += [lib.nn.Linear(a, b), lib.nn.ReLU()]
        return lib.nn.Sequential(*layers[:-1])

    return build


def names_mlp(rate: float, x: np.ndarray, y: np.ndarray) -> Make:
    """The lecture's network of character names, updated by hand."""

    def make(lib: Any) -> Step:
        parameters = {
            n: lib.tensor(a).requires_grad_() for n, a in weights.initial(weights.names_mlp()).items()
        }
        table, w1, b1, w2, b2 = parameters.values()
        inputs, targets = lib.tensor(x), lib.tensor(y)

        def run() -> Any:
            h = lib.tanh(table[inputs].view(-1, 30) @ w1 + b1)
            loss = lib.nn.functional.cross_entropy(h @ w2 + b2, targets)
            for p in parameters.values():
                p.grad = None
            loss.backward()
            for p in parameters.values():
                p.data += -rate * p.grad
            return loss

        return steps(run, lambda: [p.grad for p in parameters.values()])

    return make


def flops(samples: int, *layers: tuple[int, int], whole: bool = False) -> float:
    """Of a step: forward, gradients of weights and of inputs, each a multiply-add a use of a weight.

    `layers` are (uses per sample, weights); the first one's input has a gradient only if `whole`.
    """
    uses = [repeats * count for repeats, count in layers]
    return samples * (6.0 * sum(uses) - (0.0 if whole else 2.0 * uses[0]))


def gpt_flops(samples: int, length: int, width: int, layers: int = 4, vocabulary: int = 65) -> float:
    """Of the matrix products; attention's two take `length` x `width` each for a token, the mask aside."""
    token = layers * (12 * width * width + 2 * length * width) + vocabulary * width
    return flops(samples, (length, token), whole=True)


def mlp_case(
    name: str, sizes: tuple[int, ...], samples: int, optimizer: str, rate: float, target: float
) -> Case:
    x, y = batch((samples, sizes[0]))
    shapes = weights.mlp(*sizes)
    makers = alike(training(mlp(*sizes), optimizer, rate, x, y)) | {
        "numpy": in_numpy.mlp(shapes, x, y, optimizer, rate),
        "jax": in_jax.training(in_jax.mlp_loss, shapes, x, y, optimizer, rate),
        "autograd": in_autograd.training(in_autograd.mlp_loss, shapes, x, y, optimizer, rate),
        "tinygrad": in_tinygrad.training(in_tinygrad.mlp, shapes, x, y, optimizer, rate),
    }
    work = flops(samples, *((1, a * b) for a, b in pairwise(sizes)))
    return Case("training", f"{name} {optimizer}", makers, work, target=target, rival="torch")


def names_case() -> Case:
    x, y = np.random.default_rng(1).integers(0, 27, (32, 3)), np.arange(32) % 27
    shapes, rate = weights.names_mlp(), 0.1
    makers = alike(names_mlp(rate, x, y)) | {
        "jax": in_jax.training(in_jax.names_loss, shapes, x, y, "SGD", rate),
        "autograd": in_autograd.training(in_autograd.names_loss, shapes, x, y, "SGD", rate),
    }
    work = flops(32, (1, 6000), (1, 5400), whole=True)
    return Case("training", "names MLP b32", makers, work, target=6.0, rival="torch")


def lenet_case() -> Case:
    x, y = batch((64, 1, 28, 28))
    shapes, rate = weights.lenet(), RATES["Adam"]
    makers = alike(training(models.lenet, "Adam", rate, x, y)) | {
        "jax": in_jax.training(in_jax.lenet_loss, shapes, x, y, "Adam", rate),
        "tinygrad": in_tinygrad.training(in_tinygrad.lenet, shapes, x, y, "Adam", rate),
    }
    work = flops(64, (784, 150), (100, 2400), (1, 48000), (1, 10080), (1, 840))
    return Case("training", "LeNet b64 Adam", makers, work, target=4.0, rival="torch")


def gpt_case(width: int, length: int, samples: int, target: float) -> Case:
    x, y = batch((samples, length), text=True)
    build = partial(models.gpt, width=width, length=length)
    shapes, rate = weights.gpt(width=width, length=length), RATES["AdamW"]
    loss = in_jax.gpt_loss(layers=4, heads=4)
    makers = alike(training(build, "AdamW", rate, x, y)) | {
        "jax": in_jax.training(loss, shapes, x, y, "AdamW", rate)
    }
    name = f"GPT 4x{width} b{samples} AdamW"
    return Case("training", name, makers, gpt_flops(samples, length, width), target=target, rival="torch")


def network_case(
    name: str,
    build: Callable[[Any], Any],
    shape: tuple[int, ...],
    optimizer: str,
    work: float,
    target: float,
    tolerance: float = 1e-4,
) -> Case:
    makers = alike(training(build, optimizer, RATES[optimizer], *batch(shape)))
    return Case("training", name, makers, work, target=target, tolerance=tolerance)


def cases() -> list[Case]:
    vgg = (1024, 864), (1024, 9216), (256, 18432), (256, 36864), (64, 73728), (64, 147456), (1, 524288)
    return [
        mlp_case("MLP 784-16-16-10 b1", (784, 16, 16, 10), 1, "SGD", 1e-3, 15.0),
        mlp_case("MLP 784-128-64-10 b64", (784, 128, 64, 10), 64, "SGD", RATES["SGD"], 3.0),
        mlp_case("MLP 784-128-64-10 b64", (784, 128, 64, 10), 64, "Adam", RATES["Adam"], 3.5),
        names_case(),
        lenet_case(),
        network_case(
            "residual block b32", models.residual, (32, 64, 32, 32), "SGD",
            flops(32, (1024, 36864), (1024, 36864), (1, 640)), 1.3,
            # one of its two million ReLUs is within rounding of its kink: the libraries take different sides
            tolerance=1e-2,
        ),
        network_case("VGG CIFAR b32", models.vgg, (32, 3, 32, 32), "SGD", flops(32, *vgg, (1, 2560)), 1.3),
        network_case("ResNet-18 64x64 b4", models.resnet18, (4, 3, 64, 64), "SGD", resnet_flops(4, 64), 1.1),
        gpt_case(64, 32, 16, 3.0),
        gpt_case(128, 64, 12, 2.0),
        network_case(
            "LSTM b32 Adam", models.lstm_classifier, (32, 28, 28), "Adam",
            flops(32, (28, 256 * 28), (28, 256 * 64), (1, 640)), 2.0,
        ),
    ]  # fmt: skip


def resnet_flops(samples: int, size: int) -> float:
    """He et al., 2015, table 1."""
    layers = [((size // 2) ** 2, 64 * 3 * 49)]
    c_in, side = 64, size // 4
    for i, c in enumerate((64, 128, 256, 512)):
        side = side if i == 0 else side // 2
        layers += [(side**2, 9 * c * c_in), *[(side**2, 9 * c * c)] * 3]
        layers += [(side**2, c * c_in)] if i else []
        c_in = c
    return flops(samples, *layers, (1, 5120))
