"""Pooling and its gradients for every width up to 70 and drawn windows, against NumPy over windows."""

from __future__ import annotations

import numpy as np
import pytest
from lib import assert_close
from numpy.lib.stride_tricks import sliding_window_view
from placing import PLACES, SIZES, gamma, place

import tinygrad_ext as tg

F = tg.nn.functional
DTYPES = ("float32", "float64")


class Pooling:
    """Windows over planes [..., H, W], the geometry as pairs (down, across)."""

    def __init__(self, x, kernel, stride, padding, dilation=(1, 1)):
        self.shape, self.stride, self.padding, self.dilation = x.shape, stride, padding, dilation
        self.reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
        self.seen = self.windows(x, -np.inf)
        self.indices = np.broadcast_to(np.arange(np.prod(x.shape[-2:])).reshape(x.shape[-2:]), x.shape)

    def windows(self, x, beside):
        """[..., out_h, out_w, kernel_h * kernel_w], with `beside` in the padding."""
        (p, q), (s, t), (u, v) = self.padding, self.stride, self.dilation
        padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(p, p), (q, q)], constant_values=beside)
        seen = sliding_window_view(padded, self.reach, (-2, -1))[..., ::s, ::t, ::u, ::v]
        return seen.reshape(*seen.shape[:-2], -1)

    def max(self):
        """The maxima and where they are in their plane."""
        at = self.seen.argmax(-1)[..., None]
        places = np.take_along_axis(self.windows(self.indices, -1), at, -1)[..., 0]
        return np.take_along_axis(self.seen, at, -1)[..., 0], places

    def spread(self, dy, places):
        """dy added up at `places`, which may be several for each window and are -1 in the padding."""
        flat = np.zeros((int(np.prod(self.shape[:-2])), int(np.prod(self.shape[-2:])) + 1))
        plane = np.arange(flat.shape[0]).reshape(-1, 1)
        np.add.at(flat, (plane, places.reshape(flat.shape[0], -1)), dy.reshape(flat.shape[0], -1))
        return flat[:, :-1].reshape(self.shape)


def drawn(rng, width):
    """A plane of this width and a window that fits; PyTorch's padding is at most half a window."""
    height = int(rng.integers(1, 9))
    while True:
        kernel, stride, dilation = ([int(v) for v in rng.integers(1, high, 2)] for high in (6, 4, 3))
        padding = [int(rng.integers(0, k // 2 + 1)) for k in kernel]
        room = [
            size + 2 * p - (k - 1) * d - 1
            for size, p, k, d in zip((height, width), padding, kernel, dilation, strict=True)
        ]
        if min(room) >= 0:
            return height, tuple(kernel), tuple(stride), tuple(padding), tuple(dilation)


def lay(rng, array):
    return place(array, str(rng.choice(PLACES)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_max_pool2d(dtype, rng):
    """Values, places and gradients; ties go to the first."""
    for width in (*SIZES, 127, 129, 257, 515):
        for _ in range(3):
            height, kernel, stride, padding, dilation = drawn(rng, width)
            x = np.round(rng.normal(0, 4, (2, 3, height, width))).astype(dtype)
            pooling = Pooling(x, kernel, stride, padding, dilation)
            want, places = pooling.max()
            if places.min() < 0:  # a dilated window may see padding alone, which has no place
                continue
            t = lay(rng, x).requires_grad_()
            what = f"{x.shape}, kernel {kernel}, stride {stride}, padding {padding}, dilation {dilation}"
            y = F.max_pool2d(t, kernel, stride, padding, dilation)
            np.testing.assert_array_equal(y.detach().numpy(), want, err_msg=what)
            values, indices = F.max_pool2d(t.detach(), kernel, stride, padding, dilation, return_indices=True)
            np.testing.assert_array_equal(values.numpy(), want, err_msg=what)
            np.testing.assert_array_equal(indices.numpy(), places, err_msg=f"indices, {what}")
            dy = rng.integers(-8, 9, want.shape).astype(dtype)
            y.backward(lay(rng, dy))
            np.testing.assert_array_equal(
                t.grad.numpy(), pooling.spread(dy, places), err_msg=f"gradient, {what}"
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_avg_pool2d(dtype, rng):
    """With and without the padding in the count."""
    for width in (*SIZES, 127, 129, 257, 515):
        for counted in (True, False):
            height, kernel, stride, padding, _ = drawn(rng, width)
            if height + 2 * padding[0] < kernel[0] or width + 2 * padding[1] < kernel[1]:
                continue
            x = rng.normal(0, 4, (2, 3, height, width)).astype(dtype)
            pooling = Pooling(x, kernel, stride, padding)
            seen, places = pooling.windows(x.astype("float64"), 0.0), pooling.windows(pooling.indices, -1)
            count = seen.shape[-1] if counted else (places >= 0).sum(-1)
            t = lay(rng, x).requires_grad_()
            what = f"{x.shape}, kernel {kernel}, stride {stride}, padding {padding}, {counted}"
            y = F.avg_pool2d(t, kernel, stride, padding, count_include_pad=counted)
            rounding = gamma(seen.shape[-1] + 2, dtype)
            assert_close(
                y.detach().numpy(), seen.sum(-1) / count, rounding * np.abs(seen).sum(-1) / count, what
            )
            dy = rng.standard_normal(seen.shape[:-1]).astype(dtype)
            y.backward(lay(rng, dy))
            each = np.broadcast_to((dy.astype("float64") / count)[..., None], seen.shape)
            want, size = pooling.spread(each, places), pooling.spread(np.abs(each), places)
            assert_close(t.grad.numpy(), want, rounding * size, f"gradient, {what}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_pools_of_one_dim(dtype, rng):
    for width in SIZES:
        _, (_, kernel), (_, stride), (_, padding), (_, dilation) = drawn(rng, width)
        x = rng.integers(-8, 9, (2, 3, width)).astype(dtype)
        pooling = Pooling(x[..., None, :], (1, kernel), (1, stride), (0, padding), (1, dilation))
        want, places = pooling.max()
        what = f"{x.shape}, kernel {kernel}, stride {stride}, padding {padding}, dilation {dilation}"
        values, indices = F.max_pool1d(lay(rng, x), kernel, stride, padding, dilation, return_indices=True)
        np.testing.assert_array_equal(values.numpy(), want.squeeze(-2), err_msg=what)
        np.testing.assert_array_equal(indices.numpy(), places.squeeze(-2), err_msg=what)
        if width + 2 * padding >= kernel:
            pooling = Pooling(x[..., None, :], (1, kernel), (1, stride), (0, padding))
            want = pooling.windows(x[..., None, :].astype("float64"), 0.0).mean(-1).squeeze(-2)
            assert_close(
                F.avg_pool1d(lay(rng, x), kernel, stride, padding).numpy(), want, gamma(2, dtype) * 8, what
            )
