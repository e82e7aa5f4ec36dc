"""Pooling, padding, resampling, reshaping."""

from __future__ import annotations

from case import A

from modules.row import row

IMAGE, SEQUENCE = A(2, 4, 6, 7, distinct=True), A(2, 4, 7, distinct=True)


def unpool(lib, pool, x):
    """The maxima of a pooling, back in their places."""
    y, where = pool(x)
    kind = lib.nn.MaxUnpool2d if x.ndim == 4 else lib.nn.MaxUnpool1d
    back = kind(pool.kernel_size)
    assert repr(back).startswith("MaxUnpool")
    return back(y, where, tuple(x.shape)) if x.ndim == 4 else back(y, where)


ROWS = (
    row("MaxPool1d", lambda nn: nn.MaxPool1d(3), SEQUENCE),
    row("MaxPool1d with all", lambda nn: nn.MaxPool1d(3, 2, 1, 2, True, True), SEQUENCE),
    row("MaxPool2d", lambda nn: nn.MaxPool2d(2), IMAGE),
    row("MaxPool2d with all", lambda nn: nn.MaxPool2d((3, 2), (2, 1), 1, (1, 2), True, True), IMAGE),
    row("AvgPool1d", lambda nn: nn.AvgPool1d(3), SEQUENCE),
    row("AvgPool1d with all", lambda nn: nn.AvgPool1d(3, 2, 1, True, False), SEQUENCE),
    row("AvgPool2d", lambda nn: nn.AvgPool2d(2), IMAGE),
    row("AvgPool2d with all", lambda nn: nn.AvgPool2d((3, 2), (2, 1), 1, True, False), IMAGE),
    row("AvgPool2d with a divisor", lambda nn: nn.AvgPool2d(2, divisor_override=3), IMAGE),
    row("LPPool1d", lambda nn: nn.LPPool1d(2, 3), A(2, 4, 7, low=0.5)),
    row("LPPool2d", lambda nn: nn.LPPool2d(3, 2, stride=1, ceil_mode=True), A(2, 4, 5, 5, low=0.5)),
    row("AdaptiveAvgPool1d", lambda nn: nn.AdaptiveAvgPool1d(3), SEQUENCE),
    row("AdaptiveAvgPool2d", lambda nn: nn.AdaptiveAvgPool2d((2, None)), IMAGE),
    row("AdaptiveMaxPool1d", lambda nn: nn.AdaptiveMaxPool1d(3, True), SEQUENCE),
    row("AdaptiveMaxPool2d", lambda nn: nn.AdaptiveMaxPool2d((None, 3)), IMAGE),
    row("MaxUnpool1d", lambda nn: nn.MaxPool1d(3, return_indices=True), SEQUENCE, call=unpool),
    row("MaxUnpool2d", lambda nn: nn.MaxPool2d((2, 3), return_indices=True), IMAGE, call=unpool),
    row("ConstantPad1d", lambda nn: nn.ConstantPad1d((1, 2), 3.5), SEQUENCE),
    row("ConstantPad2d", lambda nn: nn.ConstantPad2d((1, 0, 2, -1), 3.5), IMAGE),
    row("ZeroPad1d", lambda nn: nn.ZeroPad1d(2), A(7)),
    row("ZeroPad2d", lambda nn: nn.ZeroPad2d((1, 2, 0, 1)), IMAGE),
    row("ReflectionPad1d", lambda nn: nn.ReflectionPad1d((2, 3)), SEQUENCE),
    row("ReflectionPad2d", lambda nn: nn.ReflectionPad2d(2), A(4, 5, 5)),
    row("ReplicationPad1d", lambda nn: nn.ReplicationPad1d(3), A(4, 7)),
    row("ReplicationPad2d", lambda nn: nn.ReplicationPad2d((1, 2, 0, 3)), A(1, 2, 3, 4)),
    row("CircularPad1d", lambda nn: nn.CircularPad1d((2, 1)), SEQUENCE),
    row("CircularPad2d", lambda nn: nn.CircularPad2d((1, 2, 0, 3)), A(1, 2, 3, 4)),
    row("Upsample", lambda nn: nn.Upsample(scale_factor=2), A(2, 2, 3)),
    row("Upsample to a size", lambda nn: nn.Upsample((5, 4), mode="bilinear"), A(1, 2, 3, 3)),
    row("Upsample bicubic", lambda nn: nn.Upsample(None, (1.5, 2.0), "bicubic", True), A(1, 2, 3, 3)),
    row("UpsamplingNearest2d", lambda nn: nn.UpsamplingNearest2d(scale_factor=2), A(1, 2, 3, 3)),
    row("UpsamplingBilinear2d", lambda nn: nn.UpsamplingBilinear2d((5, 4)), A(1, 2, 3, 3)),
    row("Flatten", lambda nn: nn.Flatten(), A(2, 3, 2, 2)),
    row("Flatten of two dims", lambda nn: nn.Flatten(0, 1), A(2, 3, 2)),
    row("Unflatten", lambda nn: nn.Unflatten(1, (2, -1)), A(2, 6)),
    row("PixelShuffle", lambda nn: nn.PixelShuffle(2), A(1, 8, 2, 3)),
    row("PixelUnshuffle", lambda nn: nn.PixelUnshuffle(2), A(1, 2, 4, 6)),
    row("ChannelShuffle", lambda nn: nn.ChannelShuffle(2), A(1, 4, 2, 2)),
    row("Unfold", lambda nn: nn.Unfold(2, padding=1, stride=(2, 1)), A(1, 2, 3, 4)),
    row("Fold", lambda nn: nn.Fold((4, 5), (2, 3), dilation=1, padding=1), A(1, 6, 25)),
)
