"""The work that kernels.py times: each case makes a function of no arguments with either library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import models
import numpy as np

Run = Callable[[], Any]


@dataclass
class Case:
    """One piece of work: `make(lib)` gives a function of no arguments, `flops` what it computes."""

    group: str
    name: str
    make: Callable[[Any], Run]
    flops: float = 0.0
    target: float = 1.0
    peers: tuple[str, ...] = ("torch",)
    double: bool = False


def arrays(*shapes: tuple[int, ...], double: bool = False, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.standard_normal(s).astype(np.float64 if double else np.float32) for s in shapes]


def tensors(lib: Any, *shapes: tuple[int, ...], double: bool = False, grad: bool = False) -> list[Any]:
    if lib.__name__ == "numpy":
        return arrays(*shapes, double=double)
    if lib.__name__ == "jax.numpy":
        return [lib.asarray(a) for a in arrays(*shapes, double=double)]
    return [lib.tensor(a).requires_grad_(grad) for a in arrays(*shapes, double=double)]


def jitted(lib: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """What JAX runs: compiled, and waited for."""
    if lib.__name__ != "jax.numpy":
        return function
    import jax

    compiled = jax.jit(function)
    return lambda *args: compiled(*args).block_until_ready()


def product(m: int, n: int, k: int, form: str = "nn", double: bool = False) -> Callable[[Any], Run]:
    """A B with either operand stored transposed."""

    def make(lib: Any) -> Run:
        a, b = tensors(
            lib, (m, k) if form[0] == "n" else (k, m), (k, n) if form[1] == "n" else (n, k), double=double
        )
        multiply = jitted(lib, lambda a, b: (a if form[0] == "n" else a.T) @ (b if form[1] == "n" else b.T))
        return lambda: multiply(a, b)

    return make


def batched(count: int, m: int, k: int, n: int) -> Callable[[Any], Run]:
    def make(lib: Any) -> Run:
        a, b = tensors(lib, (count, m, k), (count, k, n))
        return lambda: a @ b

    return make


def convolution(
    n: int, c: int, h: int, o: int, k: int, s: int, p: int, groups: int = 1, backward: bool = False
) -> Callable[[Any], Run]:
    def make(lib: Any) -> Run:
        x, w, dy = tensors(
            lib,
            (n, c, h, h),
            (o, c // groups, k, k),
            (n, o, (h + 2 * p - k) // s + 1, (h + 2 * p - k) // s + 1),
        )
        conv = lib.nn.functional.conv2d
        if not backward:
            return lambda: conv(x, w, None, s, p, 1, groups)
        x.requires_grad_()
        w.requires_grad_()

        def run() -> Any:
            x.grad = w.grad = None
            conv(x, w, None, s, p, 1, groups).backward(dy)
            return w.grad

        return run

    return make


def of(
    function: Callable[..., Any], *shapes: tuple[int, ...], backward: bool = False
) -> Callable[[Any], Run]:
    """function(lib, *tensors), with the gradients of all of them if `backward`."""

    def make(lib: Any) -> Run:
        inputs = tensors(lib, *shapes, grad=backward)
        if not backward:
            return lambda: function(lib, *inputs)
        dy = lib.tensor(arrays(tuple(function(lib, *inputs).shape), seed=1)[0])

        def run() -> Any:
            for t in inputs:
                t.grad = None
            function(lib, *inputs).backward(dy)
            return inputs[0].grad

        return run

    return make


def gathered(rows: int, width: int) -> Callable[[Any], Run]:
    def make(lib: Any) -> Run:
        (x,) = tensors(lib, (rows, width))
        index = lib.tensor(np.random.default_rng(1).integers(0, rows, rows))
        return lambda: x[index]

    return make


def entropy(lib: Any, x: Any) -> Any:
    targets = lib.tensor(np.arange(x.shape[0]) % x.shape[1])
    return lib.nn.functional.cross_entropy(x, targets)


def attention(batch: int, heads: int, time_steps: int, width: int, backward: bool) -> Callable[[Any], Run]:
    shape = (batch, heads, time_steps, width)
    return of(
        lambda lib, q, k, v: lib.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True),
        shape, shape, shape, backward=backward,
    )  # fmt: skip


def training(
    build: Callable[[Any], Any], shape: tuple[int, ...], optimizer: str, classes: int = 10
) -> Callable[[Any], Run]:
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


ALL = ("torch", "numpy", "jax.numpy")
CONVOLUTIONS = (  # N, C, H, O, k, s, p, groups
    (64, 1, 28, 8, 5, 1, 2, 1), (64, 8, 14, 16, 5, 1, 2, 1), (64, 6, 14, 16, 5, 1, 0, 1),
    (32, 64, 56, 64, 3, 1, 1, 1), (32, 128, 28, 128, 3, 1, 1, 1), (32, 256, 14, 256, 3, 1, 1, 1),
    (16, 3, 224, 64, 7, 2, 3, 1), (32, 64, 28, 64, 3, 1, 1, 64), (32, 32, 16, 64, 3, 1, 1, 1),
)  # fmt: skip


def cases() -> list[Case]:
    found = []
    for n in (16, 32, 64, 128, 256, 512, 1024, 2048):
        found.append(Case("sgemm", f"{n}^3", product(n, n, n), 2.0 * n**3, 2.0 if n <= 64 else 1.9, ALL[:2]))
    for n in (512, 1024, 2048):
        found.append(Case("sgemm", f"{n}^3 jax", product(n, n, n), 2.0 * n**3, 1.0, ALL[2:]))
    for m, k, n in ((64, 784, 128), (1, 784, 128), (32, 64, 64), (784, 64, 128)):
        for form in ("nn", "nt", "tn"):
            found.append(
                Case("shapes", f"{m}x{k}x{n} {form}", product(m, n, k, form), 2.0 * m * n * k, 2.0, ALL[:2])
            )
    for n in (128, 256, 512, 1024, 2048):
        found.append(
            Case("dgemm", f"{n}^3", product(n, n, n, double=True), 2.0 * n**3, 1.0, ALL[:2], double=True)
        )
    found.append(Case("batched", "64x(32x16x32)", batched(64, 32, 16, 32), 2.0 * 64 * 32 * 16 * 32, 3.0))
    for c in CONVOLUTIONS:
        out = (c[2] + 2 * c[6] - c[4]) // c[5] + 1
        flops = 2.0 * c[0] * c[3] * out * out * c[1] // c[7] * c[4] ** 2
        name = ",".join(map(str, c[:7])) + (" depthwise" if c[7] > 1 else "")
        found.append(Case("conv", name, convolution(*c), flops, 1.0))
        found.append(Case("conv", name + " fb", convolution(*c, backward=True), 3 * flops, 1.0))
    for name in ("exp", "log", "tanh", "sigmoid", "erf", "sin"):
        for n in (100_000, 10_000_000):
            found.append(
                Case(
                    "math", f"{name} {n:.0e}",
                    of(lambda lib, x, f=name: getattr(lib, f)(x if f != "log" else x * x), (n,)), 0, 1.5,
                )
            )  # fmt: skip
    for n in (1_000, 100_000, 10_000_000):
        s = int(n**0.5)
        for name, make in {
            "add": of(lambda lib, a, b: a + b, (n,), (n,)),
            "relu": of(lambda lib, a: a.relu(), (n,)),
            "sum": of(lambda lib, a: a.sum(), (n,)),
            "transpose": of(lambda lib, a: a.t().contiguous(), (s, s)),
            "cat": of(lambda lib, a, b: lib.cat([a, b], 1), (s, s // 2), (s, s // 2)),
            "gather": gathered(n // 100, 100),
        }.items():
            found.append(Case("memory", f"{name} {n:.0e}", make, 0, 1.0))
    for name, make in {
        "softmax 256x1000": of(lambda lib, x: lib.softmax(x, 1), (256, 1000), backward=True),
        "log_softmax 64x10": of(lambda lib, x: lib.log_softmax(x, 1), (64, 10), backward=True),
        "layer_norm 512x256": of(
            lambda lib, x, w, b: lib.nn.functional.layer_norm(x, (256,), w, b),
            (512, 256), (256,), (256,), backward=True,
        ),
        "batch_norm 32x64x28x28": of(
            lambda lib, x, w, b: lib.nn.functional.batch_norm(x, None, None, w, b, True),
            (32, 64, 28, 28), (64,), (64,), backward=True,
        ),
        "group_norm 16x32x14x14": of(
            lambda lib, x, w, b: lib.nn.functional.group_norm(x, 8, w, b),
            (16, 32, 14, 14), (32,), (32,), backward=True,
        ),
        "cross_entropy 256x1000": of(entropy, (256, 1000), backward=True),
        "cross_entropy 64x10": of(entropy, (64, 10), backward=True),
        "max_pool 64x8x28x28": of(
            lambda lib, x: lib.nn.functional.max_pool2d(x, 2), (64, 8, 28, 28), backward=True
        ),
    }.items():  # fmt: skip
        found.append(Case("fused", name + " fb", make, 0, 1.2))
    for shape in ((16, 4, 32, 16), (12, 4, 64, 32), (4, 8, 512, 64)):
        found.append(Case("attention", f"{shape} causal", attention(*shape, False), 0, 1.0))
        found.append(Case("attention", f"{shape} causal fb", attention(*shape, True), 0, 1.0))
    big, small = mlp(784, 128, 64, 10), mlp(784, 16, 16, 10)
    larger = partial(models.gpt, width=128, length=64)
    found += [
        Case("steps", "MLP 784-128-64-10 b64 SGD", training(big, (64, 784), "SGD"), 0, 3.0),
        Case("steps", "MLP 784-128-64-10 b64 Adam", training(big, (64, 784), "Adam"), 0, 3.5),
        Case("steps", "MLP 784-16-16-10 b1 SGD", training(small, (1, 784), "SGD"), 0, 15.0),
        Case("steps", "names MLP b32", names_mlp, 0, 6.0),
        Case("steps", "LeNet b64 Adam", training(models.lenet, (64, 1, 28, 28), "Adam"), 0, 4.0),
        Case("steps", "residual block b32", training(models.residual, (32, 64, 32, 32), "SGD"), 0, 1.3),
        Case("steps", "VGG CIFAR b32", training(models.vgg, (32, 3, 32, 32), "SGD"), 0, 1.3),
        Case("steps", "GPT 4x64 b16 AdamW", training(models.gpt, (16, 32), "AdamW", 65), 0, 3.0),
        Case("steps", "GPT 4x128 b12 AdamW", training(larger, (12, 64), "AdamW", 65), 0, 2.0),
        Case("steps", "LSTM b32 Adam", training(models.lstm_classifier, (32, 28, 28), "Adam"), 0, 2.0),
    ]
    return found
