"""Convolutions and their gradients over odd shapes and every width up to 70, against sums over windows.

An element is a sum of n products, so the bound is gamma_n times the same sum over absolute values. Half of
all operands are small whole numbers, of which every sum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from lib import assert_close
from numpy.lib.stride_tricks import sliding_window_view
from placing import PLACES, SIZES, gamma, place

import tinygrad_ext as tg

F = tg.nn.functional
DTYPES = ("float32", "float64")
Pair = tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """A convolution over two spatial dims; sizes of a pair are down, across."""

    n: int
    channels: int
    outputs: int
    size: Pair
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def room(self) -> Pair:
        """How far the window can move."""
        down, across = (
            self.size[i] + 2 * self.padding[i] - (self.kernel[i] - 1) * self.dilation[i] - 1 for i in (0, 1)
        )
        return down, across

    @property
    def out(self) -> Pair:
        return self.room[0] // self.stride[0] + 1, self.room[1] // self.stride[1] + 1

    @property
    def unseen(self) -> Pair:
        """The rows and columns at the end that no window reaches."""
        return self.room[0] % self.stride[0], self.room[1] % self.stride[1]

    @property
    def x(self) -> tuple[int, ...]:
        return (self.n, self.channels, *self.size)

    @property
    def w(self) -> tuple[int, ...]:
        return (self.outputs, self.channels // self.groups, *self.kernel)

    @property
    def y(self) -> tuple[int, ...]:
        return (self.n, self.outputs, *self.out)

    @property
    def work(self) -> int:
        return int(np.prod(self.y)) * int(np.prod(self.w[1:]))

    def options(self, dims: int) -> dict[str, object]:
        pick = {1: lambda pair: pair[1], 2: lambda pair: pair}[dims]
        pairs = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        return {name: pick(pair) for name, pair in pairs.items()} | {"groups": self.groups}

    def windows(self, x: np.ndarray) -> np.ndarray:
        """x [N, C, H, W] as [N, groups, C / groups, out_h, out_w, kernel_h, kernel_w]."""
        (p, q), (u, v), (s, t) = self.padding, self.dilation, self.stride
        reach = (self.kernel[0] - 1) * u + 1, (self.kernel[1] - 1) * v + 1
        seen = sliding_window_view(np.pad(x, ((0, 0), (0, 0), (p, p), (q, q))), reach, (2, 3))[
            :, :, ::s, ::t, ::u, ::v
        ]
        return seen.reshape(self.n, self.groups, self.channels // self.groups, *seen.shape[2:])

    def grouped(self, w: np.ndarray) -> np.ndarray:
        return w.reshape(self.groups, self.outputs // self.groups, *w.shape[1:])

    def grouped_y(self, y: np.ndarray) -> np.ndarray:
        return y.reshape(self.n, self.groups, self.outputs // self.groups, *self.out)

    def forward(self, x: np.ndarray, w: np.ndarray) -> np.ndarray:
        y = np.einsum("ngcyxij,gocij->ngoyx", self.windows(x), self.grouped(w), optimize=True)
        return y.reshape(self.y)

    def weight_grad(self, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        dw = np.einsum("ngcyxij,ngoyx->gocij", self.windows(x), self.grouped_y(dy), optimize=True)
        return dw.reshape(self.w)

    def transposed(self, dy: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Every tap adds what it saw back to where it saw it."""
        (p, q), (s, t), (rows, columns) = self.padding, self.stride, self.out
        padded = np.zeros((self.n, self.channels, self.size[0] + 2 * p, self.size[1] + 2 * q))
        terms = np.einsum("ngoyx,gocij->ijngcyx", self.grouped_y(dy), self.grouped(w), optimize=True)
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                top, left = i * self.dilation[0], j * self.dilation[1]
                seen = padded[
                    :, :, top : top + s * (rows - 1) + 1 : s, left : left + t * (columns - 1) + 1 : t
                ]
                seen += terms[i, j].reshape(self.n, self.channels, rows, columns)
        return padded[:, :, p : p + self.size[0], q : q + self.size[1]]


def draw(rng, dtype, shape, whole):
    numbers = rng.integers(-4, 5, shape) if whole else rng.standard_normal(shape)
    return numbers.astype(dtype)


def lay(rng, array):
    """`array` in a place drawn for it; of four dims perhaps with the channels last."""
    where = str(rng.choice([*PLACES, "channels last"]))
    if where != "channels last":
        return place(array, where), where
    if array.ndim != 4:
        return place(array, "transposed"), "transposed"
    return place(array.transpose(0, 2, 3, 1), "offset 1").permute(0, 3, 1, 2), where


class Wanted:
    """What a convolution, its gradients and its transpose must be, and how far off each may be."""

    def __init__(
        self, g: Geometry, dtype: str, x: np.ndarray, w: np.ndarray, dy: np.ndarray, exact: bool
    ) -> None:
        x, w, dy = (a.astype("float64") for a in (x, w, dy))
        ax, aw, ady = (np.abs(a) for a in (x, w, dy))
        terms = {
            "y": int(np.prod(g.w[1:])),
            "dx": g.outputs // g.groups * int(np.prod(g.kernel)),
            "dw": g.n * int(np.prod(g.out)),
        }
        self.rounding = {
            name: 0.0 if exact else gamma(n + 1, dtype) for name, n in terms.items()
        }  # one more for the bias
        self.values = {"y": g.forward(x, w), "dx": g.transposed(dy, w), "dw": g.weight_grad(x, dy)}
        self.sizes = {"y": g.forward(ax, aw), "dx": g.transposed(ady, aw), "dw": g.weight_grad(ax, ady)}

    def compare(self, got: np.ndarray, name: str, what: str, bias: np.ndarray | None = None) -> None:
        shift = 0.0 if bias is None else bias.astype("float64")[:, None, None]
        allowed = self.rounding[name] * (self.sizes[name] + np.abs(shift))
        assert_close(got.reshape(self.values[name].shape), self.values[name] + shift, allowed, what)


def check(g: Geometry, dtype: str, rng: np.random.Generator, dims: int = 2, biased: bool = True) -> None:
    """The convolution, its three gradients and its transpose; with `dims` 1 there is no height."""
    whole = bool(rng.random() < 0.5)
    x, w, dy = (draw(rng, dtype, shape, whole) for shape in (g.x, g.w, g.y))
    wanted = Wanted(g, dtype, x, w, dy, exact=whole)
    (tx, at_x), (tw, at_w), (tdy, at_dy) = (lay(rng, a if dims == 2 else a.squeeze(2)) for a in (x, w, dy))
    what = f"{g}, {dims}d, x {at_x}, w {at_w}, dy {at_dy}"
    bias = draw(rng, dtype, (g.outputs,), whole) if biased else None
    tb = None if bias is None else lay(rng, bias)[0].requires_grad_()
    conv, conv_transpose = (F.conv1d, F.conv_transpose1d) if dims == 1 else (F.conv2d, F.conv_transpose2d)

    y = conv(tx.requires_grad_(), tw.requires_grad_(), tb, **g.options(dims))
    y.backward(tdy)
    wanted.compare(y.detach().numpy(), "y", f"{what}: y", bias)
    wanted.compare(tx.grad.numpy(), "dx", f"{what}: dx")
    wanted.compare(tw.grad.numpy(), "dw", f"{what}: dw")
    if tb is not None:
        total, allowed = dy.sum((0, 2, 3), "float64"), np.abs(dy).sum((0, 2, 3), "float64")
        assert_close(tb.grad.numpy(), total, gamma(dy[:, 0].size, dtype) * allowed, f"{what}: db")

    # The transpose: its value is dx, the gradient of its input y, and that of its weight dw.
    if any(e >= max(s, d) for e, s, d in zip(g.unseen, g.stride, g.dilation, strict=True)):
        return  # so large an output_padding is refused
    tx, tw, tdy = (t.detach() for t in (tx, tw, tdy))
    bias = draw(rng, dtype, (g.channels,), whole) if biased else None
    tb = None if bias is None else lay(rng, bias)[0]
    options = g.options(dims) | {"output_padding": g.unseen if dims == 2 else g.unseen[1]}
    again = conv_transpose(tdy.requires_grad_(), tw.requires_grad_(), tb, **options)
    again.backward(tx)
    wanted.compare(again.detach().numpy(), "dx", f"{what}: transpose", bias)
    wanted.compare(tdy.grad.numpy(), "y", f"{what}: dx of the transpose")
    wanted.compare(tw.grad.numpy(), "dw", f"{what}: dw of the transpose")


CHANNELS = (*range(1, 21), 31, 32, 33, 64, 65, 66)
MOST_WORK = 1 << 20  # multiply-adds, so that the sweep stays quick; the second thread comes in at half of it


def drawn(rng: np.random.Generator, dims: int) -> Geometry:
    """A convolution of any kind."""

    def pair(low: int, high: int, alone: int) -> Pair:
        first, second = (int(v) for v in rng.integers(low, high + 1, 2))
        return (alone if dims == 1 else first), second

    while True:
        each, outputs = (int(c) for c in rng.choice(CHANNELS, 2))
        groups = int(rng.choice([1, 1, 1, 2, 3, each]))
        if groups == each:  # depthwise
            each, outputs = 1, int(rng.choice([1, 1, 2]))
        g = Geometry(
            int(rng.choice([1, 1, 3])),
            groups * each,
            groups * outputs,
            pair(1, 20, 1),
            pair(1, 7, 1),
            pair(1, 3, 1),
            pair(0, 3, 0),
            pair(1, 3, 1),
            groups,
        )
        if min(g.out) > 0 and g.work <= MOST_WORK:
            return g


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
def test_drawn_shapes(dtype, dims, rng):
    for i in range(150):
        check(drawn(rng, dims), dtype, rng, dims, biased=i % 3 > 0)


# One family for each algorithm of csrc/ops/conv.cpp; the width is put in.
WIDTHS = {
    "direct": {"channels": 1, "outputs": 5, "kernel": (3, 3), "padding": (1, 1)},
    "direct, stride 2": {"channels": 2, "outputs": 3, "kernel": (3, 3), "stride": (1, 2), "padding": (1, 1)},
    "direct, depthwise": {
        "channels": 4,
        "outputs": 4,
        "groups": 4,
        "kernel": (3, 3),
        "padding": (1, 1),
        "dilation": (1, 2),
    },
    "strips": {"channels": 17, "outputs": 19, "kernel": (3, 3), "padding": (1, 1)},
    "strips, dilated": {
        "channels": 16,
        "outputs": 15,
        "kernel": (2, 5),
        "padding": (1, 3),
        "dilation": (1, 2),
    },
    "as it is": {"channels": 33, "outputs": 65, "kernel": (1, 1)},
    "columns": {"channels": 17, "outputs": 20, "kernel": (3, 3), "stride": (2, 2), "padding": (1, 1)},
    "columns, stride 3": {
        "channels": 32,
        "outputs": 14,
        "kernel": (1, 5),
        "stride": (1, 3),
        "padding": (0, 2),
    },
}


@pytest.mark.parametrize("name", WIDTHS)
def test_widths(name, rng):
    """Every width, over an image of one row and one of a few."""
    for width in SIZES:
        height = 1 if width % 2 else 3
        g = Geometry(n=1, size=(height, width), **WIDTHS[name])
        if min(g.out) > 0:
            check(g, DTYPES[width // 2 % 2], rng)


@pytest.mark.parametrize("dtype", DTYPES)
def test_channels(dtype, rng):
    """Every number of channels in and out, at stride 1 and 2."""
    for channels in (*SIZES, 127, 128, 129, 257):
        for stride in (1, 2):
            others = int(rng.choice([14, 16, 29]))
            for ins, outs in ((channels, others), (others, channels)):
                check(Geometry(1, ins, outs, (3, 6), (2, 3), (stride, stride), (0, 1)), dtype, rng)


@pytest.mark.parametrize("dtype", DTYPES)
def test_several_images_on_several_threads(dtype, rng):
    """Work enough to be cut, over numbers of images that do not divide into the parts."""
    for n in (5, 9):
        for options in ({}, {"stride": (2, 2)}, {"groups": 2}, {"kernel": (1, 1)}, {"dilation": (2, 1)}):
            check(
                Geometry(
                    **{"n": n, "channels": 12, "outputs": 18, "size": (17, 21), "kernel": (3, 3)} | options
                ),
                dtype,
                rng,
            )


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_images(dtype, dims, rng):
    """Empty results, and gradients of zero for the weight."""
    for channels, outputs, stride in ((1, 3, 1), (20, 30, 1), (20, 30, 2)):
        g = Geometry(
            0,
            channels,
            outputs,
            (5, 9) if dims == 2 else (1, 9),
            (3, 3) if dims == 2 else (1, 3),
            (1, stride),
        )
        x = tg.tensor(np.ones(g.x if dims == 2 else (0, channels, 9), dtype), requires_grad=True)
        w = tg.tensor(np.ones(g.w if dims == 2 else (outputs, channels, 3), dtype), requires_grad=True)
        y = (F.conv2d if dims == 2 else F.conv1d)(x, w, **g.options(dims))
        assert y.shape == (g.y if dims == 2 else (0, outputs, g.out[1]))
        y.sum().backward()
        assert x.grad.shape == x.shape
        assert not w.grad.numpy().any()


def test_infinity_beside_an_image_stays_there():
    """Taps over the padding, and lanes beyond a row, multiply nothing by what lies there."""
    for width in SIZES:
        x = np.zeros((1, 1, 3, width), "float32")
        x[0, 0, 1, width - 1] = np.inf
        y = F.conv2d(tg.tensor(x), tg.ones(2, 1, 3, 3), padding=1).numpy()
        want = np.zeros((1, 2, 3, width))
        want[..., max(0, width - 2) :] = np.inf
        np.testing.assert_array_equal(y, want)
