"""Operations counted by hand from the shapes, and by PyTorch where it counts them."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.nn import functional as F

PRODUCTS = ("matmul", "linear", "bmm", "conv", "addmm", "baddbmm", "attention")


def counted(run, *shapes, grad=False):
    """FLOPs by name; forward and then backward where gradients are wanted."""
    tensors = [tg.rand(*shape, requires_grad=grad) for shape in shapes]
    with tg.profile() as p:
        y = run(*tensors)
        if grad:
            y.sum().backward()
    found = {}
    for event in p.events():
        found[event.name] = found.get(event.name, 0) + event.flops
    return found


@pytest.mark.parametrize(
    ("run", "shapes", "name", "expected"),
    [
        (lambda a, b: a @ b, [(3, 4), (4, 5)], "matmul", 2 * 3 * 4 * 5),
        (lambda a, b: a @ b, [(7, 3, 4), (4, 5)], "matmul", 2 * 7 * 3 * 4 * 5),
        (lambda a, b: a @ b, [(7, 1, 3, 4), (6, 4, 5)], "matmul", 2 * 7 * 6 * 3 * 4 * 5),
        (lambda a, b: a @ b, [(4,), (4,)], "matmul", 2 * 4),
        (lambda a, b: a @ b, [(3, 4), (4,)], "matmul", 2 * 3 * 4),
        (lambda a, b: a @ b, [(4,), (4, 3)], "matmul", 2 * 3 * 4),
        (tg.bmm, [(7, 3, 4), (7, 4, 5)], "matmul", 2 * 7 * 3 * 4 * 5),
        (tg.addmm, [(5,), (3, 4), (4, 5)], "addmm", 3 * 5 * (2 * 4 + 1)),
        (tg.baddbmm, [(5,), (7, 3, 4), (7, 4, 5)], "baddbmm", 7 * 3 * 5 * (2 * 4 + 1)),
        (tg.addmv, [(3,), (3, 4), (4,)], "addmv", 3 * (2 * 4 + 1)),
        (tg.outer, [(3,), (4,)], "outer", 12),
        (F.linear, [(2, 3, 4), (5, 4)], "linear", 2 * 6 * 4 * 5),
        (F.linear, [(2, 3, 4), (5, 4), (5,)], "linear", 2 * 6 * 4 * 5 + 6 * 5),
        (lambda x, w: F.conv2d(x, w), [(2, 3, 8, 9), (4, 3, 3, 2)], "conv2d_geometry", 2 * 2 * 4 * 48 * 18),
        (
            lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1, groups=2),
            [(2, 4, 8, 8), (6, 2, 3, 3), (6,)],
            "conv2d_geometry",
            2 * 6 * 16 * (2 * 2 * 9 + 1),
        ),
        (F.conv1d, [(2, 3, 8), (4, 3, 3)], "conv1d_geometry", 2 * 2 * 4 * 6 * 9),
        (
            F.conv_transpose2d,
            [(2, 3, 5, 5), (3, 4, 2, 2)],
            "conv_transpose2d_geometry",
            2 * 2 * 3 * 25 * 4 * 4,
        ),
        (
            F.scaled_dot_product_attention,
            [(2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)],
            "attention",
            6 * 5 * 7 * (2 * 4 + 2 * 6 + 3),
        ),
        (lambda x: F.softmax(x, -1), [(3, 5)], "softmax", 3 * 15),
        (lambda x: F.layer_norm(x, (5,)), [(3, 5)], "layer_norm", 7 * 15),
        (lambda x, y: x * y, [(3, 1), (4,)], "mul", 12),
        (lambda x: x.exp(), [(3, 4)], "exp", 12),
        (lambda x: x.mean(0), [(3, 4)], "mean", 12),
        (lambda x: x.cumsum(0), [(3, 4)], "cumsum", 12),
        (lambda x: x.t().contiguous(), [(3, 4)], "contiguous", 0),
        (lambda x, y: tg.cat([x, y]), [(3, 4), (1, 4)], "cat", 0),
        (lambda x: x.add_(x), [(3, 4)], "add_", 12),
    ],
)
def test_by_hand(run, shapes, name, expected):
    assert counted(run, *shapes)[name] == expected


def test_backward_of_a_convolution():
    """Each gradient takes as many operations as the forward without its bias, which is a sum."""
    x, w, b = (2, 3, 8, 8), (4, 3, 3, 3), (4,)
    forward = 2 * 2 * 4 * 36 * 27
    found = counted(F.conv2d, x, w, b, grad=True)
    assert found["conv2d_geometry"] == forward + 2 * 4 * 36
    assert found["conv_transpose2d_geometry"] == forward
    assert found["conv_weight_grad"] == forward


def test_a_large_convolution_is_its_formula():
    """However the gradient of the weight is computed; some ways run other operations."""
    x, w = (64, 1, 28, 28), (8, 1, 5, 5)
    with tg.profile() as p:
        F.conv2d(tg.rand(*x), tg.rand(*w, requires_grad=True), padding=2).sum().backward()
    found = {row.name: row.flops for row in p.key_averages()}
    assert found["conv_weight_grad"] == 2 * 64 * 8 * 28 * 28 * 25


def test_backward_of_attention():
    """Five products: scores and their gradient, and one for each of query, key and value."""
    found = counted(F.scaled_dot_product_attention, (2, 5, 4), (2, 7, 4), (2, 7, 6), grad=True)
    assert found["attention backward"] == 2 * 2 * 5 * 7 * (3 * 4 + 2 * 6)


def test_rates_of_layers_agree_with_the_summary():
    """`tg.summary` counts by kind of layer, from the same conventions."""
    nn = tg.nn
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 64, 10), nn.Softmax(1)
    )
    layers = tg.summary(model, (2, 1, 8, 8), show=False).layers
    with tg.profile() as p:
        model(tg.ones(2, 1, 8, 8))
    found = {row.name: row.flops for row in p.key_averages(group_by="module")}
    for layer in layers:
        assert found[f"Sequential.{layer.name} ({layer.kind})"] == layer.flops


@pytest.mark.parametrize(
    ("name", "run", "shapes", "more"),
    [
        ("linear", lambda F, x, w: F.linear(x, w), [(6, 4), (5, 4)], 0),
        ("mlp", lambda F, x, w, v: F.linear(F.linear(x, w).relu(), v), [(6, 4), (8, 4), (5, 8)], 0),
        ("bmm", lambda F, a, b: a.bmm(b), [(7, 3, 4), (7, 4, 5)], 0),
        ("conv2d", lambda F, x, w: F.conv2d(x, w, stride=2, padding=1), [(2, 3, 9, 9), (4, 3, 3, 3)], 0),
        ("conv1d", lambda F, x, w: F.conv1d(x, w, dilation=2), [(2, 3, 9), (4, 3, 3)], 0),
        ("transposed", lambda F, x, w: F.conv_transpose2d(x, w), [(2, 3, 5, 5), (3, 4, 2, 2)], 0),
        (
            "attention",
            lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v),
            [(2, 3, 16, 8), (2, 3, 16, 8), (2, 3, 16, 8)],
            2 * 3 * 16 * 16 * (3 + 2 * 8),  # the softmax, which PyTorch leaves out, and scores computed again
        ),
    ],
)
def test_as_pytorch_counts(name, run, shapes, more):
    """Forward and backward; PyTorch counts matrix products, convolutions and attention."""
    torch = pytest.importorskip("torch")
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    found = counted(lambda *tensors: run(F, *tensors), *shapes, grad=True)
    ours = sum(n for op, n in found.items() if op.startswith(PRODUCTS))
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run(torch.nn.functional, *(torch.tensor(a, requires_grad=True) for a in arrays)).sum().backward()
    assert ours == counter.get_total_flops() + more


def test_rates():
    """The table's GFLOP/s and GB/s are the quotients of its columns."""
    a = tg.rand(200, 200)
    with tg.profile() as p:
        a @ a
    (row,) = (row for row in p.key_averages() if row.name == "matmul")
    assert row.flops == 2 * prod((200, 200, 200))
    line = next(line for line in p.table().splitlines() if line.startswith("matmul"))
    seconds = row.total_time
    assert f"{row.flops / 1e9 / seconds:.3g}" in line
    assert f"{row.bytes / 1e9 / seconds:.3g}" in line
