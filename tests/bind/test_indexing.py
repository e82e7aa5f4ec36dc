"""What the op table and the property tests leave out: refusals, views against copies, PyTorch's own rules."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg


@pytest.fixture
def t():
    return tg.arange(60).view(3, 4, 5)


@pytest.mark.parametrize(
    "key", [1, slice(None, 2), (Ellipsis, 0), None, (slice(None), slice(1, None, 2))], ids=str
)
def test_basic_indexing_is_a_view(t, key):
    want = t.numpy().copy()
    want[key] = -1
    t[key].fill_(-1)
    assert t.tolist() == want.tolist()


def test_array_indexing_is_a_copy(t):
    before = t.tolist()
    for key in (tg.tensor([0, 1]), t > 10, [0, 2]):
        t[key].zero_()
    assert t.tolist() == before


def test_integers_beside_arrays(t):
    """An integer selects first, as in PyTorch; NumPy would move the dimension of the index to the front."""
    index = tg.tensor([0, 2])
    assert t[1, :, index].shape == (4, 2)
    assert t[1, :, index].tolist() == t.numpy()[1][:, [0, 2]].tolist()
    assert t[tg.tensor(1), :, index].shape == (4, 2)
    assert t[tg.tensor(1)].tolist() == t[1].tolist()


def test_lists_and_ranges(t):
    assert t[[2, 0]].tolist() == [t[2].tolist(), t[0].tolist()]
    assert t[[0, 1], [1, 2]].shape == (2, 5)
    assert t[[[0, 1], [2, 0]]].shape == (2, 2, 4, 5)
    assert t[[True, False, True]].shape == (2, 4, 5)
    assert t[range(2)].shape == (2, 4, 5)
    assert t[[]].shape == (0, 4, 5)


def test_booleans_as_indices(t):
    assert t[True].shape == (1, 3, 4, 5)
    assert t[False].shape == (0, 3, 4, 5)


def test_index_dtypes(t):
    for dtype in (tg.int64, tg.int32):
        assert t[tg.tensor([2, -1], dtype=dtype)].tolist() == [t[2].tolist(), t[-1].tolist()]
    with pytest.raises((IndexError, TypeError, RuntimeError)):
        t[tg.tensor([1.0])]


@pytest.mark.parametrize(
    "key",
    [3, -4, (0, 4), (0, 0, 0, 0), [0, 3], [-4]],
    ids=str,
)
def test_out_of_range(t, key):
    before = t.tolist()
    with pytest.raises(IndexError):
        t[key]
    with pytest.raises(IndexError):
        t[key] = 0
    assert t.tolist() == before


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (slice(None, None, -1), ValueError),
        (slice(None, None, 0), ValueError),
        (1.5, (TypeError, IndexError)),
        ("a", (TypeError, IndexError)),
        (slice("a"), (TypeError, IndexError)),
        (slice(1.5), (TypeError, IndexError)),
        ({1: 2}, (TypeError, IndexError)),
    ],
    ids=str,
)
def test_bad_keys(t, key, error):
    with pytest.raises(error):
        t[key]
    with pytest.raises(error):
        t[key] = 0


def test_bad_masks_and_arrays(t):
    for key in (
        tg.tensor([True, False]),
        tg.ones(3, 3, dtype=tg.bool),
        (tg.tensor([0, 1]), tg.tensor([0, 1, 2])),
    ):
        with pytest.raises((IndexError, RuntimeError)):
            t[key]
        with pytest.raises((IndexError, RuntimeError)):
            t[key] = 0


def test_nothing_is_written_when_one_index_is_bad(t):
    before = t.tolist()
    with pytest.raises(IndexError):
        t[tg.tensor([0, 1, 99])] = 7
    with pytest.raises((RuntimeError, ValueError)):
        t[0] = tg.ones(3, dtype=tg.int64)
    with pytest.raises((RuntimeError, ValueError)):
        t[t > 50] = tg.ones(2, dtype=tg.int64)
    assert t.tolist() == before


def test_zero_dimensional():
    s = tg.tensor(5.0)
    assert s[()].item() == 5.0
    assert s[...].item() == 5.0
    assert s[None].shape == (1,)
    with pytest.raises(IndexError):
        s[0]
    s[...] = 7
    assert s.item() == 7.0
    s[()] = 8
    assert s.item() == 8.0


def test_setitem_converts():
    """The value takes the dtype of the tensor."""
    t = tg.zeros(3)
    t[0] = 1
    t[1] = tg.tensor(2.5, dtype=tg.float64)
    t[2] = True
    assert t.tolist() == [1.0, 2.5, 1.0]
    n = tg.zeros(3, dtype=tg.int64)
    n[0] = 2.9
    n[1:] = tg.tensor([1.5, -1.5])
    assert n.tolist() == [2, 1, -1]
    n[1:] = np.array([7, 8])
    assert n.tolist() == [2, 7, 8]
    with pytest.raises((TypeError, RuntimeError, ValueError)):
        n[0] = "text"
    with pytest.raises((TypeError, RuntimeError, ValueError)):
        n[0] = None


def test_repeated_positions_in_a_write():
    """The last value wins, as in NumPy; in-place arithmetic reads once."""
    t = tg.zeros(3)
    t[tg.tensor([1, 1])] += 1
    assert t.tolist() == [0.0, 1.0, 0.0]


def test_iteration_len_and_contains(t):
    assert len(t) == 3
    assert [row.shape for row in t] == [(4, 5)] * 3
    *_, last = t
    assert last.tolist() == t[2].tolist()
    assert 17 in t
    assert 100 not in t
    with pytest.raises(TypeError):
        len(tg.tensor(1.0))
    with pytest.raises(TypeError):
        iter(tg.tensor(1.0))


def test_gradient_through_iteration():
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    total = sum((i + 1) * row.sum() for i, row in enumerate(x))
    total.backward()
    assert x.grad.tolist() == [[1.0, 1.0], [2.0, 2.0]]
