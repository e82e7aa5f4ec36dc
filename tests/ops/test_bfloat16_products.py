"""Products of bfloat16: exact pairs, summed in float32, rounded once; networks made of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from bfloats import array, close, make, rounded

import tinygrad_ext as tg
from tinygrad_ext import nn, optim
from tinygrad_ext.nn import functional as F


@pytest.mark.parametrize("transposed_a", [False, True])
@pytest.mark.parametrize("transposed_b", [False, True])
def test_products_of_all_small_sizes(transposed_a, transposed_b):
    sizes = [*range(1, 18), 31, 32, 33, 40]
    for number, (m, n) in enumerate(itertools.product(sizes, sizes)):
        k = 1 + (number * 7) % 40
        (a, x), (b, y) = (
            make(*((k, m) if transposed_a else (m, k))),
            make(*((n, k) if transposed_b else (k, n))),
        )
        if transposed_a:
            a, x = a.t(), x.T
        if transposed_b:
            b, y = b.t(), y.T
        close(a @ b, x @ y, k, np.abs(x) @ np.abs(y))


@pytest.mark.parametrize(
    "shape", [(100, 200, 333), (257, 65, 1030), (3, 700, 129), (700, 3, 4001), (1, 1, 9000)]
)
def test_products_of_larger_sizes(shape):
    m, n, k = shape
    (a, x), (b, y) = make(m, k), make(k, n)
    close(a @ b, x @ y, k, np.abs(x) @ np.abs(y))
    strided, z = make(2 * m, 3 * k)
    close(strided[::2, ::3] @ b, z[::2, ::3] @ y, k, np.abs(z[::2, ::3]) @ np.abs(y))


def test_products_of_all_kinds():
    (a, x), (b, y) = make(5, 7, 9), make(5, 9, 3)
    sizes = np.abs(x) @ np.abs(y)
    close(a @ b, x @ y, 9, sizes)
    close(tg.bmm(a, b), x @ y, 9, sizes)
    close(a @ b[0], x @ y[0], 9, np.abs(x) @ np.abs(y[0]))
    close(a[0] @ b, x[0] @ y, 9, np.abs(x[0]) @ np.abs(y))
    close(a[0] @ b[0, :, 0], x[0] @ y[0, :, 0], 9, np.abs(x[0]) @ np.abs(y[0, :, 0]))
    close(a[0, 0] @ b[0], x[0, 0] @ y[0], 9, np.abs(x[0, 0]) @ np.abs(y[0]))
    close(a[0, 0] @ b[0, :, 0], x[0, 0] @ y[0, :, 0], 9, np.abs(x[0, 0]) @ np.abs(y[0, :, 0]))
    c, z = make(7, 3)
    sizes = np.abs(x[0]) @ np.abs(y[0]) + np.abs(z)
    close(tg.addmm(c, a[0], b[0]), z + x[0] @ y[0], 10, sizes)
    close(tg.addmm(c, a[0], b[0], beta=0.5, alpha=2), z / 2 + 2 * (x[0] @ y[0]), 12, 2 * sizes)
    (w, u), (bias, d) = make(4, 9), make(4)
    for one, other in ((a, x), (a[0], x[0]), (a[0, 0], x[0, 0]), (a.transpose(0, 1), x.transpose(1, 0, 2))):
        close(F.linear(one, w, bias), other @ u.T + d, 10, np.abs(other) @ np.abs(u.T) + np.abs(d))
    for m, k, n in ((0, 3, 2), (3, 0, 2), (3, 2, 0)):
        y = tg.zeros(m, k, dtype=tg.bfloat16) @ tg.zeros(k, n, dtype=tg.bfloat16)
        assert y.shape == (m, n)
        assert y.dtype == tg.bfloat16
        assert not y.any()
    bias = tg.ones(2, dtype=tg.bfloat16)
    assert (
        F.linear(tg.zeros(3, 0, dtype=tg.bfloat16), tg.zeros(2, 0, dtype=tg.bfloat16), bias).tolist()
        == [[1, 1]] * 3
    )


def test_products_with_nan_and_infinity():
    a = tg.tensor([[float("inf"), 1.0], [float("nan"), 0.0], [-1.0, 2.0]], dtype=tg.bfloat16)
    b = tg.eye(2, dtype=tg.bfloat16) + 1
    wanted = a.float() @ b.float()
    np.testing.assert_array_equal(array(a @ b), wanted.double().numpy())


def test_products_do_not_depend_on_threads():
    (a, _), (b, _) = make(300, 333), make(333, 290)
    before = tg.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            tg.set_num_threads(threads)
            results.append([(a @ b).float().numpy(), (b.t() @ a.t()).float().numpy()])
        for one, two in zip(*results, strict=True):
            np.testing.assert_array_equal(one, two)
    finally:
        tg.set_num_threads(before)


def test_gradients_of_products():
    (a, x), (b, y), (bias, _) = make(6, 9), make(4, 9), make(4)
    for t in (a, b, bias):
        t.requires_grad_()
    dy, d = make(6, 4)
    F.linear(a, b, bias).backward(dy)
    close(a.grad, d @ y, 4, np.abs(d) @ np.abs(y))
    close(b.grad, d.T @ x, 6, np.abs(d.T) @ np.abs(x))
    close(bias.grad, d.sum(0), 6, np.abs(d).sum(0))


@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_beside_pytorch(groups):
    torch = pytest.importorskip("torch")
    _, x = make(2, 4, 9, 8)
    _, w = make(6, 4 // groups, 3, 3)
    _, b = make(6)
    ours = [tg.tensor(v.tolist(), dtype=tg.bfloat16, requires_grad=True) for v in (x, w, b)]
    exact = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, w, b)]
    y = F.conv2d(*ours, stride=2, padding=1, groups=groups)
    z = torch.nn.functional.conv2d(*exact, stride=2, padding=1, groups=groups)
    sizes = torch.nn.functional.conv2d(*(t.abs() for t in exact), stride=2, padding=1, groups=groups)
    close(y, z.detach().numpy(), 40, sizes.detach().numpy())
    dy, d = make(*y.shape)
    y.backward(dy)
    z.backward(torch.tensor(d))
    for p, q in zip(ours, exact, strict=True):
        close(p.grad, q.grad.numpy(), 200, 200.0)


# --- modules and optimizers


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop])
def test_training(kind):
    tg.manual_seed(0)
    x = tg.randn(64, 6).bfloat16()
    target = (x[:, :1] - 2 * x[:, 1:2]).bfloat16()
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1)).bfloat16()
    assert {p.dtype for p in model.parameters()} == {tg.bfloat16}
    opt = kind(model.parameters(), lr=0.05 if kind is optim.SGD else 0.01)
    losses = []
    for _ in range(60):
        loss = F.mse_loss(model(x), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    assert {p.dtype for p in model.parameters()} == {tg.bfloat16}
    assert {p.grad.dtype for p in model.parameters()} == {tg.bfloat16}


def test_a_step_rounds_once():
    p = tg.tensor([1.0, 2.0, 3.0], dtype=tg.bfloat16, requires_grad=True)
    p.grad = tg.tensor([0.3, 0.5, -0.7], dtype=tg.bfloat16)
    g = np.float32(array(p.grad))
    optim.SGD([p], lr=0.1).step()
    np.testing.assert_array_equal(array(p), rounded(np.float32([1, 2, 3]) - np.float32(0.1) * g))


def test_convolutional_module():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2)
    ).to(tg.bfloat16)
    y = model(tg.randn(3, 1, 8, 8).bfloat16())
    assert y.dtype == tg.bfloat16
    F.cross_entropy(y, tg.tensor([0, 1, 1])).backward()
    assert all(p.grad.dtype == tg.bfloat16 for p in model.parameters())
    model.float()
    assert {p.dtype for p in model.parameters()} == {tg.float32}
