"""Sequences of different lengths: padding, packing, and both undone."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.nn.utils import rnn

SEQUENCES = [np.arange(2 * n, dtype="float32").reshape(n, 2) + 10 * n for n in (1, 3, 2)]


def tensors():
    return [tg.tensor(s) for s in SEQUENCES]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_pad(side, batch_first):
    got = rnn.pad_sequence(tensors(), batch_first, -1.0, side).numpy()
    got = got if batch_first else got.swapaxes(0, 1)
    assert got.shape == (3, 3, 2)
    for row, s in zip(got, SEQUENCES, strict=True):
        n = len(s)
        kept, filled = (row[:n], row[n:]) if side == "right" else (row[3 - n :], row[: 3 - n])
        np.testing.assert_array_equal(kept, s)
        assert (filled == -1).all()


def test_pack():
    """PyTorch's own example of the layout: the first steps of all, longest first, then the second steps."""
    packed = rnn.pack_sequence(tensors(), enforce_sorted=False)
    first, second, third = SEQUENCES
    want = [second[0], third[0], first[0], second[1], third[1], second[2]]
    assert packed.data.tolist() == np.array(want).tolist()
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices.tolist() == [1, 2, 0]
    assert packed.unsorted_indices.tolist() == [2, 0, 1]
    ordered = rnn.pack_sequence(sorted(tensors(), key=len, reverse=True))
    assert ordered.sorted_indices is None
    assert ordered.data.tolist() == packed.data.tolist()


def test_unpack():
    packed = rnn.pack_sequence(tensors(), enforce_sorted=False)
    for got, want in zip(rnn.unpack_sequence(packed), SEQUENCES, strict=True):
        assert got.tolist() == want.tolist()
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first=True, padding_value=7.0, total_length=5)
    assert lengths.tolist() == [1, 3, 2]
    assert padded.shape == (3, 5, 2)
    assert padded[0, 1:].tolist() == [[7.0, 7.0]] * 4
    for got, want in zip(rnn.unpad_sequence(padded, lengths, batch_first=True), SEQUENCES, strict=True):
        assert got.tolist() == want.tolist()


def test_gradient_passes_and_padding_gets_none():
    x = tg.randn(4, 2, 3, requires_grad=True)
    packed = rnn.pack_padded_sequence(x, [4, 2])
    (rnn.pad_packed_sequence(packed)[0] * 2).sum().backward()
    want = np.full((4, 2, 3), 2.0)
    want[2:, 1] = 0
    assert x.grad.tolist() == want.tolist()


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_packed_batch_is_its_sequences(kind):
    """Each sequence of a packed batch gives what it gives alone, in both directions."""
    layer = getattr(tg.nn, kind)(2, 3, 2, bidirectional=True).double()
    given = [t.double() / 10 for t in tensors()]
    out, state = layer(rnn.pack_sequence(given, enforce_sorted=False))
    for i, (y, x) in enumerate(zip(rnn.unpack_sequence(out), given, strict=True)):
        alone, last = layer(x)
        np.testing.assert_allclose(y.detach().numpy(), alone.detach().numpy(), atol=1e-14)
        for a, b in zip(
            state if kind == "LSTM" else (state,), last if kind == "LSTM" else (last,), strict=True
        ):
            np.testing.assert_allclose(a[:, i].detach().numpy(), b.detach().numpy(), atol=1e-14)


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (lambda: rnn.pad_sequence([]), "at least one"),
        (lambda: rnn.pad_sequence([tg.ones(1)], padding_side="top"), "'top'"),
        (lambda: rnn.pack_padded_sequence(tg.ones(3, 2, 1), [1, 2]), r"not increase, got \[1, 2\]"),
        (lambda: rnn.pack_padded_sequence(tg.ones(3, 2, 1), [4, 2]), r"from 1 to 3, got \[4, 2\]"),
        (lambda: rnn.pack_padded_sequence(tg.ones(3, 2, 1), tg.tensor([3, 0])), "from 1 to 3"),
        (lambda: rnn.pack_padded_sequence(tg.ones(3, 2, 1), [1]), "2 lengths, got 1"),
        (
            lambda: rnn.pad_packed_sequence(rnn.pack_sequence([tg.ones(3, 1)]), total_length=2),
            "total_length 2",
        ),
    ],
)
def test_errors(bad, match):
    with pytest.raises((ValueError, RuntimeError), match=match):
        bad()
