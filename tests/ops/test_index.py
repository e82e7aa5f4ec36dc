"""Indexing by name beside its values: refusals, overlaps, in-place effects, gradients by convention."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg

F = tg.nn.functional
WRONG = (IndexError, RuntimeError, TypeError, ValueError)


def ints(*values):
    return tg.tensor(list(values), dtype=tg.int64)


def floats(*values, requires_grad=False):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=requires_grad)


REFUSED = {
    "gather negative": lambda x: x.gather(0, ints(-1)),
    "gather beyond": lambda x: x.gather(0, ints(3)),
    "gather dims": lambda x: x.gather(0, ints(0).view(1, 1)),
    "gather float": lambda x: x.gather(0, floats(0.0)),
    "scatter beyond": lambda x: x.scatter_(0, ints(0, 3), floats(7.0, 7.0)),
    "scatter dtype": lambda x: x.scatter_(0, ints(0), tg.ones(1)),
    "scatter short src": lambda x: x.scatter_(0, ints(0, 1), floats(7.0)),
    "scatter nothing": lambda x: x.scatter_(0, ints(0)),
    "scatter both": lambda x: x.scatter_(0, ints(0), floats(7.0), value=1.0),
    "scatter reduce": lambda x: x.scatter_(0, ints(0), floats(7.0), reduce="mean"),
    "scatter_add beyond": lambda x: x.scatter_add_(0, ints(0, 3), floats(7.0, 7.0)),
    "scatter_reduce word": lambda x: x.scatter_reduce(0, ints(0), floats(7.0), "max"),
    "index_select 2-d": lambda x: x.index_select(0, ints(0).view(1, 1)),
    "index_select negative": lambda x: x.index_select(0, ints(-1)),
    "index_add beyond": lambda x: x.index_add_(0, ints(0, 3), floats(7.0, 7.0)),
    "index_add shape": lambda x: x.index_add_(0, ints(0), floats(7.0, 7.0)),
    "index_add alpha": lambda x: tg.ones(3, dtype=tg.int64).index_add(0, ints(0), ints(1), alpha=0.5),
    "index_copy beyond": lambda x: x.index_copy_(0, ints(0, -1), floats(7.0, 7.0)),
    "index_fill beyond": lambda x: x.index_fill_(0, ints(0, 3), 7.0),
    "index_fill vector": lambda x: x.index_fill_(0, ints(0), floats(7.0)),
    "index_put many": lambda x: x.index_put_((ints(0), ints(0)), floats(7.0)),
    "index_put none": lambda x: x.index_put_((None,), floats(7.0)),
    "index_put beyond": lambda x: x.index_put_((ints(0, 3),), floats(7.0)),
    "index_put shape": lambda x: x.index_put_((ints(0, 1),), floats(7.0, 7.0, 7.0)),
    "index_put mask": lambda x: x.index_put_((tg.tensor([True, False]),), floats(7.0)),
    "put beyond": lambda x: x.put_(ints(0, 3), floats(7.0, 7.0)),
    "put count": lambda x: x.put_(ints(0, 1), floats(7.0)),
    "take beyond": lambda x: x.take(ints(3)),
    "take empty": lambda x: tg.zeros(0).take(ints(0)),
    "masked_select dtype": lambda x: x.masked_select(ints(1, 0, 1)),
    "masked_select shape": lambda x: x.masked_select(tg.tensor([True, False])),
    "masked_scatter short": lambda x: x.masked_scatter_(x > 0, floats(7.0)),
    "one_hot negative": lambda x: F.one_hot(ints(-1)),
    "embedding beyond": lambda x: F.embedding(ints(2), tg.ones(2, 3)),
    "embedding weight": lambda x: F.embedding(ints(0), x),
    "embedding padding": lambda x: F.embedding(ints(0), tg.ones(2, 3), padding_idx=2),
    "embedding sparse": lambda x: F.embedding(ints(0), tg.ones(2, 3), sparse=True),
    "bag offsets": lambda x: F.embedding_bag(ints(0, 1), tg.ones(2, 3)),
    "bag offsets descend": lambda x: F.embedding_bag(ints(0, 1), tg.ones(2, 3), ints(0, 2, 1)),
    "bag offsets start": lambda x: F.embedding_bag(ints(0, 1), tg.ones(2, 3), ints(1)),
    "bag mode": lambda x: F.embedding_bag(ints(0, 1), tg.ones(2, 3), ints(0), mode="median"),
    "where half": lambda x: tg.where(x > 0, x),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_and_unchanged(case):
    x = floats(1.0, 2.0, 3.0)
    with pytest.raises(WRONG, match=r"\w+\(\): .*|index.*"):
        REFUSED[case](x)
    assert x.tolist() == [1.0, 2.0, 3.0]


def test_an_index_that_is_written_to():
    """The index is read before the write changes it."""
    x = ints(2, 1, 0)
    x[x] = 10**12
    assert x.tolist() == [10**12] * 3
    x = ints(2, 1, 0)
    assert x.scatter_(0, x, 10**12).tolist() == [10**12] * 3
    x = ints(2, 1, 0)
    assert x.index_fill_(0, x, 10**12).tolist() == [10**12] * 3
    x = ints(2, 1, 0)
    assert x.scatter_add_(0, x, x).tolist() == [2, 2, 2]
    x = ints(0, 1, 2, 3)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2]
    mask = tg.tensor([True, False, True])
    mask[mask] = False
    assert mask.tolist() == [False, False, False]


def test_index_changed_before_backward():
    """What was checked is what the gradient uses, even where the index shares NumPy's memory."""
    memory = np.array([0, 2])
    x = floats(1.0, 2.0, 3.0, requires_grad=True)
    y = x[tg.from_numpy(memory)]
    memory[:] = 10**12
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 1.0]
    memory[:] = (0, 2)
    y = x.gather(0, tg.from_numpy(memory))
    memory[:] = 10**12
    with pytest.raises(IndexError):
        y.sum().backward()


def test_written_through_views():
    x = tg.zeros(3, 4)
    x.t().index_add_(0, ints(1, 1), tg.ones(2, 3))
    x[:, ::2].scatter_(1, ints(1, 0, 1).view(3, 1), 5.0)
    assert x.tolist() == [[0.0, 2.0, 5.0, 0.0], [5.0, 2.0, 0.0, 0.0], [0.0, 2.0, 5.0, 0.0]]
    x[1].masked_scatter_(x[1] > 0, tg.tensor([1.0, 3.0]))
    assert x[1].tolist() == [1.0, 3.0, 0.0, 0.0]


def test_repeated_places():
    """The last write wins; index_put(accumulate=True), index_add and scatter_add add up."""
    at, v = (ints(1, 1),), floats(2.0, 3.0)
    assert tg.zeros(2, dtype=tg.float64).index_put(at, v).tolist() == [0.0, 3.0]
    assert tg.zeros(2, dtype=tg.float64).index_put(at, v, accumulate=True).tolist() == [0.0, 5.0]
    x = tg.zeros(2, dtype=tg.float64)
    x[at] += v
    assert x.tolist() == [0.0, 3.0]


def test_whole_dims_in_index_put():
    x = tg.zeros(2, 3)
    x.index_put_((None, ints(2, 0)), tg.tensor([1.0, 2.0]))
    assert x.tolist() == [[2.0, 0.0, 1.0]] * 2


def test_index_fill_counts_its_value_once():
    """A place named twice holds the value once, as in PyTorch."""
    value = tg.tensor(2.0, requires_grad=True)
    tg.zeros(3).index_fill(0, ints(1, 1, 0), value).sum().backward()
    assert value.grad.item() == 2.0


def test_scatter_reduce_shares_between_equals():
    x = floats(1.0, 5.0, requires_grad=True)
    src = floats(1.0, 1.0, 2.0, requires_grad=True)
    x.scatter_reduce(0, ints(0, 0, 1), src, "amax").sum().backward()
    assert x.grad.tolist() == [1 / 3, 1.0]
    assert src.grad.tolist() == [1 / 3, 1 / 3, 0.0]


def test_product_with_zeros():
    x = floats(2.0, 0.0, 0.0, requires_grad=True)
    src = floats(0.0, 3.0, 4.0, 0.0, requires_grad=True)
    x.scatter_reduce(0, ints(0, 0, 1, 2), src, "prod").sum().backward()
    assert x.grad.tolist() == [0.0, 4.0, 0.0]
    assert src.grad.tolist() == [6.0, 0.0, 0.0, 0.0]


def test_reductions_of_nan():
    got = floats(1.0, 2.0).scatter_reduce(0, ints(0, 1), floats(float("nan"), 1.0), "amin")
    np.testing.assert_array_equal(got.numpy(), [np.nan, 1.0])


def test_where_of_a_condition():
    x = tg.tensor([[0.0, 1.0], [2.0, float("nan")]])
    rows, columns = tg.where(x)
    assert (rows.tolist(), columns.tolist()) == ([0, 1, 1], [1, 0, 1])
    assert [t.tolist() for t in tg.nonzero(x, as_tuple=True)] == [[0, 1, 1], [1, 0, 1]]


def test_padding_takes_no_gradient():
    w = tg.ones(4, 2, dtype=tg.float64, requires_grad=True)
    y = F.embedding(ints(1, 3, 1, 0), w, padding_idx=-1)
    (y * 2.0).sum().backward()
    assert w.grad[:, 0].tolist() == [2.0, 4.0, 0.0, 0.0]


def test_gradient_by_frequency():
    w = tg.ones(4, 2, dtype=tg.float64, requires_grad=True)
    F.embedding(ints(1, 3, 1, 0), w, scale_grad_by_freq=True, padding_idx=0).sum().backward()
    assert w.grad[:, 0].tolist() == [0.0, 1.0, 0.0, 1.0]


def test_max_norm_shortens_in_place():
    """Only rows that are named, and before they are read."""
    w = tg.tensor([[3.0, 4.0], [3.0, 4.0], [0.3, 0.4]], requires_grad=True)
    y = F.embedding(ints(0, 2), w, max_norm=1.0)
    np.testing.assert_allclose(w.detach().numpy(), [[0.6, 0.8], [3.0, 4.0], [0.3, 0.4]], rtol=1e-6)
    assert y[0].tolist() == w[0].tolist()
    y.sum().backward()
    assert w.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]


def test_bags():
    """Empty bags are zeros; the gradient of max goes to the first of equal winners."""
    w = floats([1.0], [2.0], [2.0], requires_grad=True)
    y = F.embedding_bag(ints(1, 2, 0), w, ints(0, 0, 2), mode="max")
    assert y.tolist() == [[0.0], [2.0], [1.0]]
    y.sum().backward()
    assert w.grad.tolist() == [[1.0], [1.0], [0.0]]
