"""Softmax, losses and norms with their gradients, for rows of every length up to 70, however they lie.

The references are the formulas of textbooks in float64; errors are counted in EPS of what is added up.
"""

from __future__ import annotations

import numpy as np
import pytest
from lib import EPS, assert_close
from placing import PLACES, SIZES, place

import tinygrad_ext as tg

F = tg.nn.functional
DTYPES = ("float32", "float64")
LENGTHS = (*SIZES, 127, 128, 129, 1023, 1025, 4099)


def lay(rng, array):
    return place(array, str(rng.choice(PLACES)))


def assert_near(got, want, size, dtype, what):
    """Within `size` EPS."""
    assert_close(got.numpy(), want, EPS[dtype] * np.asarray(size), what)


def softmax(x, dim):
    e = np.exp(x - x.max(dim, keepdims=True))
    return e / e.sum(dim, keepdims=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax(dtype, rng):
    """Along rows, along columns and along a dim in the middle."""
    for n in LENGTHS:
        m = int(rng.integers(1, 20)) if n < 1000 else 2
        for shape, dim in (((m, n), 1), ((n, m), 0), ((2, n, m), 1), ((n,), 0)):
            x, dy = (rng.normal(0, 3, shape).astype(dtype) for _ in range(2))
            what = f"{shape} along {dim}"
            p, g = softmax(x.astype("float64"), dim), dy.astype("float64")
            reach = 4 + np.abs(x).max()  # exp multiplies the rounding of x - max
            t = lay(rng, x).requires_grad_()
            y = t.softmax(dim)
            y.backward(lay(rng, dy))
            assert_near(y.detach(), p, (reach + n / 16) * p, dtype, f"softmax {what}")
            size = p * (np.abs(g) + (p * np.abs(g)).sum(dim, keepdims=True))
            want = p * (g - (p * g).sum(dim, keepdims=True))
            assert_near(t.grad, want, (reach + n / 8 + 4) * size, dtype, f"gradient of softmax {what}")

            t = lay(rng, x).requires_grad_()
            y = t.log_softmax(dim)
            y.backward(lay(rng, dy))
            log_p = x - np.log(np.exp(x.astype("float64")).sum(dim, keepdims=True))
            assert_near(
                y.detach(), log_p, 4 + np.abs(log_p) + 2 * np.abs(x).max(), dtype, f"log_softmax {what}"
            )
            want = g - p * g.sum(dim, keepdims=True)
            size = np.abs(g) + p * np.abs(g).sum(dim, keepdims=True)
            assert_near(t.grad, want, (reach + n / 8 + 4) * size, dtype, f"gradient of log_softmax {what}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy(dtype, rng):
    """Class numbers, one of them ignored, and weights; rows of images too."""
    for n in LENGTHS:
        m = int(rng.integers(1, 20))
        x, weight = rng.normal(0, 3, (m, n)).astype(dtype), rng.uniform(0.5, 1.5, n).astype(dtype)
        target = rng.integers(0, n, m)
        target[0] = -100 if m > 1 else target[0]
        rows = np.arange(m)[target >= 0]
        log_p = x - np.log(np.exp(x.astype("float64")).sum(1, keepdims=True))
        scale = np.zeros((m, 1))
        scale[rows, 0] = weight[target[rows]].astype("float64")
        scale /= scale.sum()
        want = -(scale[rows, 0] * log_p[rows, target[rows]]).sum()
        gradient = np.exp(log_p)
        gradient[rows, target[rows]] -= 1
        images = n % 2 == 0
        t = (lay(rng, x.T.copy()[None]) if images else lay(rng, x)).requires_grad_()
        loss = F.cross_entropy(t, tg.tensor(target[None] if images else target), lay(rng, weight))
        loss.backward()
        what = f"{m} rows of {n}{' over an image' * images}"
        assert_near(loss.detach(), want, 8 + np.abs(x).max() + np.abs(want), dtype, f"cross_entropy, {what}")
        got = t.grad[0].t() if images else t.grad
        size = scale * (np.abs(gradient) + np.exp(log_p))
        assert_near(got, gradient * scale, (12 + np.abs(x).max() + n / 16) * size, dtype, f"gradient, {what}")


class Normal:
    """y = (x - mean) / sqrt(var + eps) over `dims`, times w plus b, and the three gradients for dy."""

    def __init__(self, x, w, b, dy, dims, eps=1e-5):
        x, w, b, dy = (a.astype("float64") for a in (x, w, b, dy))
        rest = tuple(d for d in range(x.ndim) if w.shape[d] == 1)
        centred = x - x.mean(dims, keepdims=True)
        scale = 1 / np.sqrt((centred**2).mean(dims, keepdims=True) + eps)
        z, g = centred * scale, dy * w
        self.y = z * w + b
        self.dx = scale * (g - g.mean(dims, keepdims=True) - z * (g * z).mean(dims, keepdims=True))
        self.dw, self.db = (dy * z).sum(rest, keepdims=True), dy.sum(rest, keepdims=True)
        self.size = scale * np.abs(x).max() + np.abs(z) + 1
        self.dx_size = scale * (np.abs(g).max() + np.abs(z) * np.abs(g * z).max()) * self.size
        self.dw_size = (np.abs(dy) * self.size).sum(rest, keepdims=True)

    def compare(self, y, x, w, b, dtype, what):
        """`y` and the gradients of `x`, `w` and `b`; the last two may have fewer dims."""
        assert_near(y.detach(), self.y, 8 * self.size * 2, dtype, f"{what}: y")
        assert_near(x.grad, self.dx, 16 * self.dx_size, dtype, f"{what}: dx")
        assert_near(w.grad.reshape(self.dw.shape), self.dw, 16 * self.dw_size, dtype, f"{what}: dw")
        assert_near(b.grad.reshape(self.db.shape), self.db, 16 * self.dw_size, dtype, f"{what}: db")


def affine(rng, dtype, n):
    return rng.uniform(0.5, 1.5, n).astype(dtype), rng.standard_normal(n).astype(dtype)


def leaves(rng, *arrays):
    return [lay(rng, a).requires_grad_() for a in arrays]


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm(dtype, rng):
    for n in LENGTHS:
        m = int(rng.integers(1, 20)) if n < 1000 else 3
        x, dy = (rng.normal(0.5, 2, (m, n)).astype(dtype) for _ in range(2))
        weight, bias = affine(rng, dtype, n)
        t, w, b = leaves(rng, x, weight, bias)
        y = F.layer_norm(t, (n,), w, b)
        y.backward(lay(rng, dy))
        Normal(x, weight[None], bias[None], dy, (1,)).compare(y, t, w, b, dtype, f"{m} rows of {n}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_batch_norm(dtype, rng):
    """Every number of channels of tables and images, every width of an image; running statistics as well."""
    for n in SIZES:
        m, other = int(rng.integers(2, 9)), int(rng.integers(1, 6))
        for shape in ((m, n), (m, n, other), (m, other, 3, n), (2, n, 3, 5)):
            c = shape[1]
            x, dy = (rng.normal(0.5, 2, shape).astype(dtype) for _ in range(2))
            weight, bias = affine(rng, dtype, c)
            t, w, b = leaves(rng, x, weight, bias)
            mean, var = tg.zeros(c, dtype=t.dtype), tg.ones(c, dtype=t.dtype)
            y = F.batch_norm(t, mean, var, w, b, training=True, momentum=0.25)
            y.backward(lay(rng, dy))
            dims = tuple(d for d in range(x.ndim) if d != 1)
            wide = (1, c, *[1] * (x.ndim - 2))
            wanted = Normal(x, weight.reshape(wide), bias.reshape(wide), dy, dims)
            wanted.compare(y, t, w, b, dtype, f"batch_norm {shape}")
            x = x.astype("float64")
            assert_near(mean, 0.25 * x.mean(dims), 8 * np.abs(x).max(), dtype, f"running mean {shape}")
            assert_near(
                var,
                0.75 + 0.25 * x.var(dims, ddof=1),
                16 * (1 + (x**2).max()),
                dtype,
                f"running variance {shape}",
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_group_norm(dtype, rng):
    """Groups of every width, of one channel and of several."""
    for n in SIZES:
        groups, each = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        for shape in ((2, groups * each, n), (3, groups * n), (1, groups * each, 3, n)):
            channels = shape[1]
            x, dy = (rng.normal(0.5, 2, shape).astype(dtype) for _ in range(2))
            weight, bias = affine(rng, dtype, channels)
            t, w, b = leaves(rng, x, weight, bias)
            y = F.group_norm(t, groups, w, b)
            y.backward(lay(rng, dy))
            split = (shape[0], groups, channels // groups, int(np.prod(shape[2:])))
            wide = (1, groups, channels // groups, 1)
            wanted = Normal(
                x.reshape(split), weight.reshape(wide), bias.reshape(wide), dy.reshape(split), (2, 3)
            )
            wanted.y, wanted.size = (
                wanted.y.reshape(shape),
                np.broadcast_to(wanted.size, split).reshape(shape),
            )
            wanted.dx, wanted.dx_size = wanted.dx.reshape(shape), wanted.dx_size.reshape(shape)
            wanted.compare(y, t, w, b, dtype, f"group_norm {shape} in {groups}")
