"""Backward from several tensors, and into parts of one."""

from __future__ import annotations

import time

import numpy as np
import pytest

import tinygrad_ext as tg


def test_parts_of_one_tensor_add_up():
    """The gradients of parts go into one sum in place: overlapping ones, with others between, and twice."""
    x = tg.tensor(np.arange(12.0).reshape(4, 3), requires_grad=True)
    weights = tg.tensor(np.arange(1.0, 13.0).reshape(4, 3))
    rows = x.unbind()
    loss = sum((row * w).sum() for row, w in zip(rows, weights.unbind(), strict=True))
    loss = loss + (x * 2).sum() + x[1:3, ::2].sum() * 10 + x.narrow(0, 2, 2).sum() * 100
    want = weights.numpy() + 2
    want[1:3, ::2] += 10
    want[2:] += 100
    (grad,) = tg.autograd.grad(loss, [x], retain_graph=True)
    np.testing.assert_array_equal(grad.numpy(), want)
    (recorded,) = tg.autograd.grad(loss, [x], create_graph=True)
    np.testing.assert_array_equal(recorded.detach().numpy(), want)
    loss.backward()
    loss = (x[0] * x[0] * x[1]).sum()
    loss.backward()
    want[0] += 2 * np.arange(3) * np.arange(3, 6)
    want[1] += np.arange(3) ** 2
    np.testing.assert_array_equal(x.grad.numpy(), want)


def test_parts_write_to_no_gradient_that_others_see():
    """A seed that is passed down as it is belongs to the caller."""
    x = tg.zeros(2, 2, requires_grad=True)
    y = x * 1
    row = y[0]
    seed = tg.ones(2, 2)
    tg.autograd.backward([y, row], [seed, tg.ones(2)])
    assert seed.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert x.grad.tolist() == [[2.0, 2.0], [1.0, 1.0]]
    seen = []
    z = x * 1
    z.register_hook(lambda g: seen.append(g))
    tg.autograd.backward([z, z[1]], [seed, tg.ones(2)])
    assert seen[0].tolist() == [[1.0, 1.0], [2.0, 2.0]]


def test_many_parts_cost_what_one_tensor_costs():
    """2000 rows: with a whole gradient for each this would write 2000 * 2000 * 500 numbers."""
    x = tg.zeros(2000, 500, requires_grad=True)
    start = time.perf_counter()
    tg.stack([row * 2 for row in x.unbind()]).sum().backward()
    assert time.perf_counter() - start < 1
    assert x.grad.min().item() == x.grad.max().item() == 2


def test_backward_from_several():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.tensor([3.0], requires_grad=True)
    tg.autograd.backward([x * 3, (x * y).sum()], [tg.tensor([1.0, 10.0]), None])
    assert x.grad.tolist() == [6.0, 33.0]
    assert y.grad.tolist() == [3.0]
    z = x * y
    tg.autograd.backward(z.sum(), inputs=[y], retain_graph=True)
    assert y.grad.tolist() == [6.0]
    tg.autograd.backward((z.sum(),), create_graph=True)
    assert x.grad.requires_grad
    for call, error in (
        (lambda: tg.autograd.backward([z, z], [tg.ones(2)]), RuntimeError),
        (lambda: tg.autograd.backward(z), RuntimeError),
        (lambda: tg.autograd.backward(z.sum(), inputs=[]), RuntimeError),
        (lambda: tg.autograd.backward([3]), TypeError),
    ):
        with pytest.raises(error, match=r"backward\(\): "):
            call()
