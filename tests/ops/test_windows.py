"""What convolution, pooling, resizing, padding and layouts do at their edges."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.nn import functional as F

nan, inf = float("nan"), float("inf")


def t(*shape, dtype=None):
    return tg.zeros(*shape, dtype=dtype or tg.float32)


@pytest.mark.parametrize("width", [4, 40])  # window by window, and in stretches
@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
def test_max_pool_ties_and_nan(width, dtype):
    """The first of equal elements wins, the last NaN; a window of -inf has an element of its own."""
    x = np.zeros((1, 2, width))
    x[0, :, 2] = [1, 2]
    x[0, :, 3] = [2, 2]
    y, index = F.max_pool2d(tg.tensor(x, dtype=dtype), 2, return_indices=True)
    assert index.tolist()[0][0][:2] == [0, 3]
    assert y.tolist()[0][0][:2] == [0, 2]
    x[0, 0, :2] = nan
    y, index = F.max_pool2d(tg.tensor(x, dtype=dtype), 2, return_indices=True)
    assert index.tolist()[0][0][:2] == [1, 3]
    assert np.isnan(y.numpy()[0, 0, 0])
    assert np.isnan(F.max_pool2d(tg.tensor(x, dtype=dtype), 2).numpy()[0, 0, 0])
    y, index = F.max_pool2d(tg.tensor(np.full((1, 2, width), -inf), dtype=dtype), 2, return_indices=True)
    assert y.tolist()[0][0] == [-inf] * (width // 2)
    assert index.tolist()[0][0] == list(range(0, width, 2))


def test_values_do_not_depend_on_recording():
    x = tg.rand(2, 3, 11, 40)
    for options in (
        {"kernel_size": 2},
        {"kernel_size": 3, "stride": 1, "padding": 1},
        {"kernel_size": (2, 5), "ceil_mode": True},
    ):
        recorded = F.max_pool2d(x.detach().requires_grad_(), **options)
        assert (recorded == F.max_pool2d(x, **options)).all()


def test_infinite_elements_stay_where_they_are():
    """Neither the border nor a neighbouring row sees them."""
    x, w = tg.zeros(1, 1, 6, 20), tg.ones(1, 1, 3, 3)
    x[0, 0, 3, 19] = inf
    y = F.conv2d(x.requires_grad_(), w, padding=1)
    assert np.isfinite(y.detach().numpy()).sum() == 6 * 20 - 6
    y[0, 0, 0].sum().backward()
    assert x.grad.sum().item() == 2 * (3 * 20 - 2)


def test_an_odd_same_padding_stands_behind():
    x, w = tg.rand(1, 2, 6, 7), tg.rand(3, 2, 2, 4)
    assert (F.conv2d(x, w, padding="same") == F.conv2d(F.pad(x, (1, 2, 0, 1)), w)).all()


def test_circular_padding_repeats_what_is_left():
    """Where one side is cropped, as in PyTorch."""
    x = tg.arange(5).reshape(1, 5)
    assert F.pad(x, (-1, 2), "circular").tolist() == [[1, 2, 3, 4, 1, 2]]


def test_integers_divide_towards_zero():
    x = tg.tensor([[[-1, -2, 3, 4]]])
    assert F.avg_pool1d(x, 2).tolist() == [[[-1, 3]]]


MISFITS = {
    "conv1d dims": (lambda: F.conv1d(t(3, 5, 5, 5), t(2, 3, 3)), ("conv1d", r"3, 5, 5, 5")),
    "conv1d int32": (
        lambda: F.conv1d(t(1, 3, 5, dtype=tg.int32), t(2, 3, 3, dtype=tg.int32)),
        ("conv1d", "int32"),
    ),
    "conv1d stride": (lambda: F.conv1d(t(1, 3, 5), t(2, 3, 3), stride=(1, 2)), ("conv1d", "stride")),
    "conv2d same": (
        lambda: F.conv2d(t(1, 3, 5, 5), t(2, 3, 3, 3), stride=2, padding="same"),
        ("conv2d", "same"),
    ),
    "transpose groups": (lambda: F.conv_transpose2d(t(1, 3, 5, 5), t(3, 2, 3, 3), groups=2), ("groups", "2")),
    "transpose bias": (lambda: F.conv_transpose1d(t(1, 3, 5), t(3, 2, 3), t(3)), ("bias", "3", "2")),
    "transpose extra": (
        lambda: F.conv_transpose1d(t(1, 3, 5), t(3, 2, 3), output_padding=1),
        ("output_padding",),
    ),
    "transpose empty": (
        lambda: F.conv_transpose1d(t(1, 3, 2), t(3, 2, 1), padding=1),
        ("conv_transpose1d", "empty"),
    ),
    "pool dims": (lambda: F.max_pool1d(t(2, 3, 4, 5), 2), ("max_pool1d", "2, 3, 4, 5")),
    "pool padding": (lambda: F.avg_pool2d(t(1, 1, 4, 4), 2, padding=2), ("avg_pool2d", "padding", "2")),
    "pool bool": (lambda: F.max_pool2d(t(1, 4, 4, dtype=tg.bool), 2), ("max_pool2d", "bool")),
    "pool divisor": (lambda: F.avg_pool2d(t(1, 4, 4), 2, divisor_override=0), ("divisor_override",)),
    "adaptive sizes": (lambda: F.adaptive_avg_pool2d(t(1, 4, 4), (1, 2, 3)), ("output_size", "3")),
    "adaptive huge": (lambda: F.adaptive_avg_pool2d(t(1, 4, 4), 2**40), ("adaptive_avg_pool2d",)),
    "unpool index": (
        lambda: F.max_unpool1d(t(1, 2), tg.tensor([[0, 9]]), 2),
        ("max_unpool1d", "9"),
    ),
    "interpolate both": (lambda: F.interpolate(t(1, 1, 4), 2, 2.0), ("size", "scale_factor")),
    "interpolate mode": (lambda: F.interpolate(t(1, 1, 4), 2, mode="bilinear"), ("bilinear", "1, 1, 4")),
    "interpolate name": (lambda: F.interpolate(t(1, 1, 4), 2, mode="cubist"), ("mode", "cubist")),
    "interpolate zero": (lambda: F.interpolate(t(1, 1, 4), 0), ("interpolate", "0")),
    "interpolate nan": (lambda: F.interpolate(t(1, 1, 4), scale_factor=nan), ("interpolate", "nan")),
    "interpolate antialias": (
        lambda: F.interpolate(t(1, 1, 4, 4), 2, mode="bilinear", antialias=True),
        ("antialias",),
    ),
    "pad odd": (lambda: F.pad(t(4), (1,)), ("pad", "1")),
    "pad many": (lambda: F.pad(t(4), (1, 1, 1, 1)), ("pad", "4")),
    "pad crop": (lambda: F.pad(t(4), (-3, -2)), ("pad", "-3, -2")),
    "pad huge": (lambda: F.pad(t(4), (2**62, 2**62)), ("pad",)),
    "pad reflect": (lambda: F.pad(t(1, 4), (4, 0), "reflect"), ("reflect", "4")),
    "pad circular": (lambda: F.pad(t(1, 4), (5, 0), "circular"), ("circular", "5")),
    "pad mode": (lambda: F.pad(t(1, 4), (1, 0), "wrap"), ("mode", "wrap")),
    "pad value": (lambda: F.pad(t(1, 4), (1, 0), "reflect", 3.0), ("value", "3")),
    "fold rows": (lambda: F.fold(t(5, 4), 3, 2), ("fold", "5", "4")),
    "fold columns": (lambda: F.fold(t(4, 5), 3, 2), ("fold", "5", "2 x 2")),
    "unfold dims": (lambda: F.unfold(t(4, 5), 2), ("unfold", "4, 5")),
    "shuffle": (lambda: F.pixel_shuffle(t(3, 4, 4), 2), ("pixel_shuffle", "2", "3, 4, 4")),
    "shuffle huge": (lambda: F.pixel_shuffle(t(3, 4, 4), 2**62), ("pixel_shuffle",)),
    "unshuffle": (lambda: F.pixel_unshuffle(t(3, 4, 3), 2), ("pixel_unshuffle", "2")),
    "channels": (lambda: F.channel_shuffle(t(1, 4, 3), 3), ("channel_shuffle", "3")),
}


@pytest.mark.parametrize("name", MISFITS)
def test_errors_say_what_was_seen(name):
    call, words = MISFITS[name]
    with pytest.raises((RuntimeError, ValueError)) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("value", [2**31, 2**40, 2**62, 2**63])
def test_no_argument_is_too_large_to_be_refused(value):
    x, w = t(1, 1, 4, 4), t(1, 1, 2, 2)
    for call in (
        lambda: F.conv2d(x, w, padding=value),
        lambda: F.conv2d(x, w, padding=value, dilation=value),
        lambda: F.conv_transpose2d(x, w, stride=value),
        lambda: F.conv_transpose2d(x, w, stride=value, output_padding=value - 1),
        lambda: F.max_pool2d(x, value, padding=value),
        lambda: F.adaptive_max_pool2d(x, value),
        lambda: F.max_unpool2d(x, tg.zeros(1, 1, 4, 4, dtype=tg.int64), value),
        lambda: F.interpolate(x, value),
        lambda: F.interpolate(x, scale_factor=float(value)),
        lambda: F.pad(x, (value,) * 4),
        lambda: F.unfold(x, 2, padding=value),
        lambda: F.fold(t(1, 4, 9), value, 2),
    ):
        with pytest.raises((RuntimeError, ValueError, MemoryError)):
            call()
