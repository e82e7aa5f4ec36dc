"""Linear layers, convolutions, tables, normalisation, dropout."""

from __future__ import annotations

from case import A, I, V

from modules.row import row

IMAGE, SEQUENCE = A(2, 4, 5, 6), A(2, 4, 7)


def conv(name, kind, spec, *args, **kwargs):
    return row(name, lambda nn: getattr(nn, kind)(*args, **kwargs), spec)


ROWS = (
    row("Linear", lambda nn: nn.Linear(3, 4), A(2, 3)),
    row("Linear without bias", lambda nn: nn.Linear(3, 4, bias=False), A(2, 2, 3)),
    row("Bilinear", lambda nn: nn.Bilinear(3, 2, 4), A(2, 3), A(2, 2)),
    row("Bilinear without bias", lambda nn: nn.Bilinear(3, 2, 4, False), A(3), A(2)),
    row("Identity", lambda nn: nn.Identity(54, unused=True), A(2, 3)),
    conv("Conv1d", "Conv1d", SEQUENCE, 4, 2, 3),
    conv(
        "Conv1d with all", "Conv1d", SEQUENCE, 4, 6, 3, stride=2, padding=2, dilation=2, groups=2, bias=False
    ),
    conv("Conv1d same circular", "Conv1d", SEQUENCE, 4, 2, 4, padding="same", padding_mode="circular"),
    conv("Conv1d reflect", "Conv1d", A(4, 7), 4, 2, 3, padding=2, padding_mode="reflect"),
    conv("Conv2d", "Conv2d", IMAGE, 4, 2, 3),
    conv("Conv2d with all", "Conv2d", IMAGE, 4, 6, (3, 2), (2, 1), (1, 2), (1, 2), 2, False),
    conv("Conv2d same", "Conv2d", IMAGE, 4, 2, 3, padding="same"),
    conv("Conv2d valid", "Conv2d", A(4, 5, 6), 4, 2, 3, padding="valid"),
    conv("Conv2d circular", "Conv2d", IMAGE, 4, 2, 3, padding=(1, 2), padding_mode="circular"),
    conv("Conv2d reflect", "Conv2d", IMAGE, 4, 2, 3, padding=1, stride=2, padding_mode="reflect"),
    conv("Conv2d replicate", "Conv2d", IMAGE, 4, 2, (3, 2), padding="same", padding_mode="replicate"),
    conv("ConvTranspose1d", "ConvTranspose1d", SEQUENCE, 4, 2, 3),
    conv("ConvTranspose1d with all", "ConvTranspose1d", SEQUENCE, 4, 6, 3, 2, 1, 1, 2, False, 2),
    conv("ConvTranspose2d", "ConvTranspose2d", IMAGE, 4, 2, 3, stride=2),
    conv(
        "ConvTranspose2d with all",
        "ConvTranspose2d",
        IMAGE,
        4,
        6,
        (3, 2),
        2,
        (1, 0),
        (1, 0),
        2,
        False,
        (1, 2),
    ),
    row(
        "ConvTranspose2d to a size",
        lambda nn: nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1),
        IMAGE,
        call=lambda lib, m, x: m(x, output_size=(10, 11)),
    ),
    row("Embedding", lambda nn: nn.Embedding(7, 3), I(2, 4, high=7), draws="normal"),
    row(
        "Embedding with padding",
        lambda nn: nn.Embedding(7, 3, -2),
        V([[5, 1], [5, 6]], "index"),
        draws="normal",
    ),
    row("Embedding with max_norm", lambda nn: nn.Embedding(7, 3, max_norm=1.0), I(4, high=7), draws="normal"),
    row(
        "Embedding by frequency",
        lambda nn: nn.Embedding(7, 3, scale_grad_by_freq=True),
        V([1, 1, 3], "index"),
        draws="normal",
    ),
    row("EmbeddingBag", lambda nn: nn.EmbeddingBag(7, 3), I(2, 4, high=7), draws="normal"),
    row(
        "EmbeddingBag of offsets",
        lambda nn: nn.EmbeddingBag(7, 3, mode="sum", padding_idx=1),
        I(6, high=7),
        V([0, 2, 3], "index"),
        draws="normal",
    ),
    row(
        "EmbeddingBag maximum", lambda nn: nn.EmbeddingBag(7, 3, mode="max"), I(2, 4, high=7), draws="normal"
    ),
    row("BatchNorm1d", lambda nn: nn.BatchNorm1d(3), A(5, 3), repeat=2),
    row("BatchNorm1d of sequences", lambda nn: nn.BatchNorm1d(4, momentum=None), SEQUENCE, repeat=3),
    row(
        "BatchNorm1d untracked", lambda nn: nn.BatchNorm1d(3, track_running_stats=False), A(5, 3), train=False
    ),
    row("BatchNorm2d", lambda nn: nn.BatchNorm2d(4, eps=1e-3, momentum=0.3), IMAGE),
    row("BatchNorm2d plain", lambda nn: nn.BatchNorm2d(4, affine=False), IMAGE),
    row("BatchNorm2d without bias", lambda nn: nn.BatchNorm2d(4, bias=False), IMAGE),
    row("BatchNorm2d in evaluation", lambda nn: nn.BatchNorm2d(4), IMAGE, train=False),
    row("InstanceNorm1d", lambda nn: nn.InstanceNorm1d(4, affine=True), SEQUENCE),
    row("InstanceNorm2d", lambda nn: nn.InstanceNorm2d(4), IMAGE),
    row("InstanceNorm2d of one", lambda nn: nn.InstanceNorm2d(4), A(4, 5, 6)),
    row(
        "InstanceNorm2d tracked",
        lambda nn: nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
        IMAGE,
        repeat=2,
    ),
    row("LayerNorm", lambda nn: nn.LayerNorm(6), IMAGE),
    row("LayerNorm of two dims", lambda nn: nn.LayerNorm((5, 6), eps=1e-3, bias=False), IMAGE),
    row("LayerNorm plain", lambda nn: nn.LayerNorm([6], elementwise_affine=False), IMAGE),
    row("RMSNorm", lambda nn: nn.RMSNorm(6), IMAGE),
    row("RMSNorm plain", lambda nn: nn.RMSNorm((5, 6), 1e-3, False), IMAGE),
    row("GroupNorm", lambda nn: nn.GroupNorm(2, 4), IMAGE),
    row("GroupNorm plain", lambda nn: nn.GroupNorm(4, 4, 1e-3, False), SEQUENCE),
    row("GroupNorm without bias", lambda nn: nn.GroupNorm(2, 4, bias=False), SEQUENCE),
    row("LocalResponseNorm", lambda nn: nn.LocalResponseNorm(3, 0.1, 0.5, 2.0), IMAGE),
    row("Dropout", lambda nn: nn.Dropout(0.3), A(4, 5), draws="dropout"),
    row("Dropout in evaluation", lambda nn: nn.Dropout(0.3), A(4, 5), train=False),
    row("Dropout1d", lambda nn: nn.Dropout1d(0.3), SEQUENCE, draws="dropout"),
    row("Dropout2d", lambda nn: nn.Dropout2d(), IMAGE, draws="dropout"),
    row("Dropout3d", lambda nn: nn.Dropout3d(), A(3, 4, 2, 1, 2), draws="dropout"),
    row("AlphaDropout", lambda nn: nn.AlphaDropout(0.3), A(4, 5), draws="dropout"),
    row("FeatureAlphaDropout", lambda nn: nn.FeatureAlphaDropout(0.3), SEQUENCE, draws="dropout"),
)
