"""Results and gradients are the same bits on one thread and on two: work is cut by its size alone."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg

F = tg.nn.functional
CASES = {
    "matmul": (lambda a, b: a @ b, (300, 257), (257, 190)),
    "transposed matmul": (lambda a, b: a.t() @ b.t(), (257, 300), (190, 257)),
    "bmm": (lambda a, b: a @ b, (64, 32, 16), (64, 16, 33)),
    "conv2d in strips": (lambda x, w: F.conv2d(x, w, padding=1), (9, 16, 20, 20), (20, 16, 3, 3)),
    "conv2d with columns": (lambda x, w: F.conv2d(x, w, stride=2), (9, 16, 21, 21), (20, 16, 3, 3)),
    "conv2d directly": (lambda x, w: F.conv2d(x, w, padding=2), (64, 1, 28, 28), (8, 1, 5, 5)),
    "conv_transpose2d": (lambda x, w: F.conv_transpose2d(x, w, stride=2), (9, 16, 20, 20), (16, 20, 3, 3)),
    "attention": (
        lambda q, k: F.scaled_dot_product_attention(q, k, k, is_causal=True),
        *[(2, 4, 150, 32)] * 2,
    ),
    "softmax": (lambda x: x.softmax(1), (300, 500)),
    "softmax of columns": (lambda x: x.softmax(0), (500, 300)),
    "layer_norm": (lambda x, w: F.layer_norm(x, (500,), w), (300, 500), (500,)),
    "batch_norm": (lambda x, w: F.batch_norm(x, None, None, w, training=True), (32, 16, 20, 20), (16,)),
    "sum": (lambda x: x.sum(), (700, 900)),
    "sum of rows": (lambda x: x.sum(1), (700, 900)),
    "sum of columns": (lambda x: x.sum(0), (700, 900)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), (32, 16, 28, 28)),
    "cross_entropy": (lambda x: F.cross_entropy(x, tg.arange(300)), (300, 500)),
    "embedding": (lambda w: F.embedding(tg.arange(9000).reshape(9, 1000) % 70, w), (70, 64)),
}


@pytest.mark.parametrize("name", CASES)
def test_threads(name, rng):
    function, *shapes = CASES[name]
    arrays = [rng.standard_normal(s).astype(np.float32) for s in shapes]

    def run(threads):
        tg.set_num_threads(threads)
        inputs = [tg.tensor(a, requires_grad=True) for a in arrays]
        y = function(*inputs)
        (y * y).sum().backward()
        return [y.detach().numpy(), *(t.grad.numpy() for t in inputs)]

    before = tg.get_num_threads()
    try:
        for one, two in zip(run(1), run(2), strict=True):
            np.testing.assert_array_equal(one, two)
    finally:
        tg.set_num_threads(before)
