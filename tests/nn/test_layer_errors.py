"""What layers refuse: the module, the argument and what was seen are named."""

from __future__ import annotations

import pytest

import tinygrad_ext as tg
from tinygrad_ext import nn

SETTINGS = {
    "Bilinear in1": (lambda: nn.Bilinear(0, 2, 3), "Bilinear: in1_features.*0"),
    "Conv1d groups": (lambda: nn.Conv1d(3, 4, 3, groups=2), "Conv1d: channels.*in_channels=3"),
    "Conv1d kernel": (lambda: nn.Conv1d(3, 4, (3, 3)), r"Conv1d: kernel_size.*\(3, 3\)"),
    "Conv2d mode": (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), "padding_mode.*'mirror'"),
    "Conv2d padding": (lambda: nn.Conv2d(3, 4, 3, padding="full"), "padding.*'full'"),
    "Conv2d same": (lambda: nn.Conv2d(3, 4, 3, stride=2, padding="same"), "stride 1"),
    "ConvTranspose2d mode": (
        lambda: nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
        "must be one of zeros",
    ),
    "ConvTranspose1d padding": (
        lambda: nn.ConvTranspose1d(3, 4, 3, padding="same"),
        "ConvTranspose1d: padding",
    ),
    "MaxPool1d": (lambda: nn.MaxPool1d(0), "MaxPool1d: kernel_size must be at least 1, got 0"),
    "AvgPool1d": (lambda: nn.AvgPool1d(2, padding=-1), "AvgPool1d: padding"),
    "ReflectionPad2d": (lambda: nn.ReflectionPad2d((1, 2)), "ReflectionPad2d: padding.*4 ints"),
    "GroupNorm": (lambda: nn.GroupNorm(3, 4), "GroupNorm: num_groups 3.*4"),
    "Dropout2d": (lambda: nn.Dropout2d(-0.1), "Dropout2d: p.*-0.1"),
    "Embedding padding_idx": (lambda: nn.Embedding(3, 2, padding_idx=3), "padding_idx.*3"),
    "Embedding sparse": (lambda: nn.Embedding(3, 2, sparse=True), "sparse"),
    "Embedding weight": (lambda: nn.Embedding(3, 2, _weight=tg.ones(2, 2)), r"\(3, 2\), got \(2, 2\)"),
    "Embedding pretrained": (lambda: nn.Embedding.from_pretrained(tg.ones(3)), r"2 dims, got \(3,\)"),
    "EmbeddingBag": (lambda: nn.EmbeddingBag(3, 2, mode="min"), "mode.*'min'"),
    "GELU": (lambda: nn.GELU("erf"), "approximate.*'erf'"),
    "Hardtanh": (lambda: nn.Hardtanh(1.0, -1.0), "min_val"),
    "MSELoss": (lambda: nn.MSELoss(reduction="avg"), "MSELoss: reduction.*'avg'"),
    "KLDivLoss": (lambda: nn.KLDivLoss(reduction="batch"), "KLDivLoss: reduction.*'batch'"),
    "MultiMarginLoss": (lambda: nn.MultiMarginLoss(p=3), "p must be 1 or 2, got 3"),
    "TripletMarginLoss": (lambda: nn.TripletMarginLoss(margin=0), "margin must be positive"),
    "LSTM size": (lambda: nn.LSTM(3, 0), "LSTM: hidden_size.*0"),
    "LSTM layers": (lambda: nn.LSTM(3, 2, num_layers=0), "num_layers"),
    "LSTM proj_size": (lambda: nn.LSTM(3, 2, proj_size=2), r"proj_size must be in \[0, 2\)"),
    "GRU dropout": (lambda: nn.GRU(3, 2, dropout=2.0), "GRU: dropout.*2.0"),
    "RNN nonlinearity": (lambda: nn.RNN(3, 2, nonlinearity="relu6"), "relu6"),
    "RNNBase mode": (lambda: nn.RNNBase("SRU", 3, 2), "mode.*'SRU'"),
    "RNNBase proj_size": (lambda: nn.RNNBase("GRU", 3, 2, proj_size=1), "LSTM only"),
    "RNNCell": (lambda: nn.RNNCell(3, 2, nonlinearity="sin"), "RNNCell.*'sin'"),
    "GRUCell": (lambda: nn.GRUCell(0, 2), "GRUCell: sizes"),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(5, 2), "multiple of num_heads, got 5 and 2"),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(4, 2, activation="elu"),
        "activation.*'elu'",
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name):
    bad, match = SETTINGS[name]
    with pytest.raises(ValueError, match=match):
        bad()


def test_other_kinds_of_settings():
    with pytest.raises(TypeError, match="unflattened_size"):
        nn.Unflatten(1, 3)
    with pytest.warns(UserWarning, match="between layers"):
        nn.LSTM(3, 2, dropout=0.5)
    with pytest.warns(UserWarning, match="reduction='sum'"):
        assert nn.MSELoss(size_average=False).reduction == "sum"
    with pytest.warns(UserWarning, match="reduction='none'"):
        assert nn.CrossEntropyLoss(reduce=False).reduction == "none"
    with pytest.warns(UserWarning, match="taking 1 for 2 dim"):
        assert nn.Softmax()(tg.zeros(2, 4)).tolist() == [[0.25] * 4] * 2


ATTENTION = nn.MultiheadAttention(4, 2)
CALLS = {
    "Softmax2d": (lambda: nn.Softmax2d()(tg.ones(2, 2)), r"\(2, 2\)"),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3)(tg.ones(2, 3, 4, 5)), r"BatchNorm1d: expected \[N, C\]"),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3)(tg.ones(2, 3)), r"BatchNorm2d: expected \[N, C, H, W\]"),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(3, affine=True)(tg.ones(1, 2, 3, 4)), "3 channels"),
    "ReflectionPad1d": (lambda: nn.ReflectionPad1d(1)(tg.ones(3)), r"2 or 3 dimensions, got \(3,\)"),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(1, 1, 3, stride=2)(tg.ones(1, 1, 4, 4), output_size=(8, 9)),
        r"\[8, 9\].*from \[9, 9\] to \[10, 10\]",
    ),
    "LSTM dims": (lambda: nn.LSTM(3, 2)(tg.ones(3)), r"LSTM: expected \[T, N, features\]"),
    "LSTM no steps": (lambda: nn.LSTM(3, 2)(tg.ones(0, 2, 3)), "T at least 1"),
    "LSTM features": (lambda: nn.LSTM(3, 2)(tg.ones(4, 1, 5)), r"3 features, got \(4, 1, 5\)"),
    "LSTM state": (lambda: nn.LSTM(3, 2)(tg.ones(4, 1, 3), tg.ones(1, 1, 2)), "h_0, c_0"),
    "GRU state": (lambda: nn.GRU(3, 2)(tg.ones(4, 1, 3), tg.ones(1, 2, 2)), r"\(1, 1, 2\), got \(1, 2, 2\)"),
    "GRU state of one": (lambda: nn.GRU(3, 2)(tg.ones(4, 3), tg.ones(1, 1, 2)), r"\(1, 2\), got"),
    "GRUCell": (lambda: nn.GRUCell(3, 2)(tg.ones(1, 4)), r"\[N, 3\] or \[3\], got \(1, 4\)"),
    "GRUCell state": (lambda: nn.GRUCell(3, 2)(tg.ones(1, 3), tg.ones(2, 2)), r"\(1, 2\), got \(2, 2\)"),
    "LSTMCell state": (lambda: nn.LSTMCell(3, 2)(tg.ones(1, 3), tg.ones(1, 2)), "h, c"),
    "attention dims": (lambda: ATTENTION(tg.ones(2, 4), tg.ones(1, 2, 4), tg.ones(1, 2, 4)), "2 or all in 3"),
    "attention sizes": (lambda: ATTENTION(*(tg.ones(2, 3),) * 3), r"\(4, 4, 4\).*query \(2, 3\)"),
    "attention lengths": (lambda: ATTENTION(tg.ones(2, 4), tg.ones(3, 4), tg.ones(2, 4)), "do not match"),
    "attention causal": (lambda: ATTENTION(*(tg.ones(2, 4),) * 3, is_causal=True), "attn_mask"),
    "attention mask": (
        lambda: ATTENTION(*(tg.ones(2, 4),) * 3, attn_mask=tg.ones(3, 2)),
        r"\(2, 2\).*got \(3, 2\)",
    ),
    "attention padding": (
        lambda: ATTENTION(*(tg.ones(2, 3, 4),) * 3, key_padding_mask=tg.ones(2, 3) > 0),
        r"\(3, 2\), got \(2, 3\)",
    ),
    "attention mask of ints": (
        lambda: ATTENTION(*(tg.ones(2, 4),) * 3, attn_mask=tg.ones(2, 2, dtype=tg.int64)),
        "bool or floating point, got .*int64",
    ),
    "Transformer": (
        lambda: nn.Transformer(4, 2, 1, 1, 3)(tg.ones(3, 2, 4), tg.ones(3, 1, 4)),
        "batches do not",
    ),
    "Transformer size": (
        lambda: nn.Transformer(4, 2, 1, 1, 3)(tg.ones(3, 5), tg.ones(3, 4)),
        "expected 4 feat",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name):
    bad, match = CALLS[name]
    with pytest.raises((ValueError, RuntimeError), match=match):
        bad()


def test_a_refused_call_changes_nothing():
    norm = nn.BatchNorm2d(3)
    with pytest.raises(ValueError, match="BatchNorm2d"):
        norm(tg.ones(2, 3))
    with pytest.raises((ValueError, RuntimeError)):
        norm(tg.ones(2, 4, 2, 2))
    assert norm.running_mean.tolist() == [0.0] * 3
    assert norm.num_batches_tracked.item() == 0
    with pytest.warns(UserWarning, match="made for 3 channels"):
        assert nn.InstanceNorm2d(3)(tg.ones(1, 2, 3, 4)).shape == (1, 2, 3, 4)
