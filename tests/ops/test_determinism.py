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
    "conv2d of 1x1": (F.conv2d, (9, 40, 20, 20), (30, 40, 1, 1)),
    "conv2d in groups": (lambda x, w: F.conv2d(x, w, groups=4), (9, 16, 20, 20), (20, 4, 3, 3)),
    "conv2d depthwise": (lambda x, w: F.conv2d(x, w, groups=16), (33, 16, 20, 20), (16, 1, 3, 3)),
    "conv1d": (lambda x, w, b: F.conv1d(x, w, b, dilation=2), (33, 16, 300), (20, 16, 5), (20,)),
    "conv_transpose2d": (lambda x, w: F.conv_transpose2d(x, w, stride=2), (9, 16, 20, 20), (16, 20, 3, 3)),
    "attention": (
        lambda q, k: F.scaled_dot_product_attention(q, k, k, is_causal=True),
        *[(2, 4, 150, 32)] * 2,
    ),
    "softmax": (lambda x: x.softmax(1), (300, 500)),
    "softmax of columns": (lambda x: x.softmax(0), (500, 300)),
    "log_softmax": (lambda x: x.log_softmax(1), (300, 500)),
    "logsumexp of columns": (lambda x: x.logsumexp(0), (500, 300)),
    "layer_norm": (lambda x, w: F.layer_norm(x, (500,), w), (300, 500), (500,)),
    "batch_norm": (lambda x, w: F.batch_norm(x, None, None, w, training=True), (32, 16, 20, 20), (16,)),
    "group_norm": (lambda x, w: F.group_norm(x, 4, w), (32, 16, 20, 20), (16,)),
    "elementwise": (lambda a, b: (a * b).exp() / (1 + a.tanh() ** 2), (400, 500), (500,)),
    "linear": (F.linear, (300, 257), (190, 257), (190,)),
    "addmm": (lambda c, a, b: tg.addmm(c, a, b, beta=0.5), (190,), (300, 257), (257, 190)),
    "broadcast matmul": (lambda a, b: a @ b, (6, 1, 70, 80), (5, 80, 90)),
    "einsum": (lambda a, b: tg.einsum("bij,bkj->bik", a, b), (7, 80, 60), (7, 90, 60)),
    "sum": (lambda x: x.sum(), (700, 900)),
    "sum of rows": (lambda x: x.sum(1), (700, 900)),
    "sum of columns": (lambda x: x.sum(0), (700, 900)),
    "sum of the middle": (lambda x: x.sum(1), (70, 90, 40)),
    "sum of the ends": (lambda x: x.sum((0, 2)), (70, 90, 40)),
    "sum of a transpose": (lambda x: x.t().sum(0), (700, 900)),
    "var": (lambda x: x.var(0), (700, 900)),
    "norm": (lambda x: tg.linalg.vector_norm(x), (700, 900)),
    "cumsum": (lambda x: x.cumsum(1), (300, 500)),
    "amax": (lambda x: x.amax(1), (700, 900)),
    "sort": (lambda x: x.sort(1)[0], (300, 500)),
    "topk": (lambda x: x.topk(9, 0)[0], (500, 300)),
    "cat": (lambda a, b: tg.cat([a, b.t()], 1), (400, 300), (500, 400)),
    "gather": (lambda x: x.gather(1, tg.arange(180_000).reshape(300, 600) % 500), (300, 500)),
    "scatter_add": (
        lambda x, y: x.scatter_add(0, tg.arange(180_000).reshape(600, 300) % 70, y),
        (70, 300),
        (600, 300),
    ),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 3, 2, 1), (32, 16, 28, 28)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), (32, 16, 28, 28)),
    "cross_entropy": (lambda x: F.cross_entropy(x, tg.arange(300)), (300, 500)),
    "embedding": (lambda w: F.embedding(tg.arange(9000).reshape(9, 1000) % 70, w), (70, 64)),
}


def assert_same(run):
    """`run` with one thread gives the arrays that it gives with two."""
    before = tg.get_num_threads()
    try:
        for one, two in zip(run(1), run(2), strict=True):
            np.testing.assert_array_equal(one, two)
    finally:
        tg.set_num_threads(before)


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

    assert_same(run)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_optimizers(name, rng):
    """Steps over parameters large enough to be cut, and small ones beside them."""
    arrays = [rng.standard_normal(s).astype(np.float32) for s in ((400, 500), (500,), (3,), (130_000,))]

    def run(threads):
        tg.set_num_threads(threads)
        parameters = [tg.tensor(a, requires_grad=True) for a in arrays]
        optimizer = getattr(tg.optim, name)(parameters, lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            sum((p.sin() * p).sum() for p in parameters).backward()
            optimizer.step()
        return [p.detach().numpy() for p in parameters]

    assert_same(run)
