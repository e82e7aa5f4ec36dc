"""What the table of rows cannot say of reductions: ties, edges, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg


def leaf(values):
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def test_names_of_results():
    x = tg.tensor([[3.0, 1.0, 2.0]])
    low, high = x.aminmax(dim=1)
    assert (low.tolist(), high.tolist()) == ([1.0], [3.0])
    assert x.aminmax().min.item() == 1.0
    assert x.aminmax().max.item() == 3.0
    for result in (
        x.max(1),
        x.sort(),
        x.topk(2),
        x.median(1),
        x.mode(),
        x.kthvalue(1),
        x.cummax(1),
    ):
        assert result.values is result[0]
        assert result.indices is result[1]
    h = tg.histogram(tg.tensor([1.0, 2.0]), 2)
    assert h.hist.tolist() == [1.0, 1.0]
    assert h.bin_edges.tolist() == [1.0, 1.5, 2.0]


def test_spread_of_too_few_is_nan():
    for op in (tg.var, tg.std):
        assert np.isnan(op(tg.ones(1)).item())
        assert np.isnan(op(tg.ones(3, 1), 1).tolist()).all()
        assert np.isnan(op(tg.ones(3, 0), 1).tolist()).all()
        assert np.isnan(op(tg.ones(0)).item())
    assert tg.var(tg.tensor([1e6, 1e6 + 1, 1e6 + 2])).item() == 1.0  # no cancellation


def test_gradients_at_ties_and_zeros():
    """PyTorch's choices."""
    x = leaf([0.0, 0.0])
    tg.norm(x).backward()
    assert x.grad.tolist() == [0.0, 0.0]
    x = leaf([2.0, 2.0])
    tg.std(x).backward()
    assert x.grad.tolist() == [0.0, 0.0]
    x = leaf([-3.0, 3.0, 1.0])
    tg.norm(x, float("inf")).backward()
    assert x.grad.tolist() == [-0.5, 0.5, 0.0]
    x = leaf([2.0, 1.0, 2.0, 3.0, 2.0])
    x.median().backward()
    assert x.grad.tolist() == [1 / 3, 0.0, 1 / 3, 0.0, 1 / 3]
    x.grad = None
    x.median(0).values.backward()
    assert sorted(x.grad.tolist()) == [0.0, 0.0, 0.0, 0.0, 1.0]
    x.grad = None
    x.mode().values.backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]
    x = leaf([1.0, float("nan"), 3.0])
    (x.nansum() + x.nanmean()).backward()
    assert x.grad.tolist() == [1.5, 0.0, 1.5]


def test_logcumsumexp_of_large_numbers_has_finite_gradients():
    x = leaf([1000.0, -1000.0, 1000.0, float("-inf")])
    tg.logcumsumexp(x, 0).sum().backward()
    np.testing.assert_allclose(x.grad.tolist(), [3.0, 0.0, 1.0, 0.0], atol=1e-15)


def test_indices_that_changed_are_not_used():
    x = leaf([1.0, 3.0, 2.0])
    values, indices = x.sort()
    indices.zero_()
    with pytest.raises(RuntimeError, match="in place"):
        values.sum().backward()


def test_unique_and_bins():
    x = tg.tensor([[3, 1], [2, 3]])
    values, inverse, counts = tg.unique(x, return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 2, 3]
    assert inverse.tolist() == [[2, 0], [1, 2]]
    assert counts.tolist() == [1, 1, 2]
    assert len(tg.unique(tg.tensor([float("nan"), float("nan")]))) == 2
    counted = tg.bincount(tg.tensor([1, 3, 1]), tg.tensor([0.5, 1.0, 2.0]), 5)
    assert counted.tolist() == [0.0, 2.5, 0.0, 1.0, 0.0]
    assert counted.dtype == tg.float32
    assert tg.bincount(tg.tensor([1]), tg.tensor([2])).dtype == tg.float64


def test_threads_do_not_change_sums():
    """Large reductions of every layout are cut by size alone."""
    x = tg.tensor(np.random.default_rng(0).normal(size=(300, 40, 70)).astype("float32"))
    cases = [
        lambda: x.sum(),
        lambda: x.sum((0, 2)),
        lambda: x.sum(0),
        lambda: x.permute(2, 0, 1).sum((0, 2)),
        lambda: x.var((0, 2)),
        lambda: x.logsumexp((0, 2)),
        lambda: x.norm(dim=(0, 2)),
        lambda: x.cumsum(0),
        lambda: x.sort(0).values,
    ]
    before = tg.get_num_threads()
    try:
        tg.set_num_threads(1)
        alone = [f().numpy() for f in cases]
        tg.set_num_threads(2)
        for f, want in zip(cases, alone, strict=True):
            assert (f().numpy() == want).all()
    finally:
        tg.set_num_threads(before)


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (RuntimeError, "floating", lambda x: x.long().mean()),
        (RuntimeError, "floating", lambda x: x.long().var()),
        (TypeError, "same thing", lambda x: x.var(0, True, correction=1)),
        (TypeError, "keepdim", lambda x: x.max(keepdim=True)),
        (TypeError, "another tensor", lambda x: x.max(x, True)),
        (IndexError, "out of range", lambda x: x.max(5)),
        (IndexError, "nothing", lambda x: x[:0].amax(0)),
        (RuntimeError, "more than once", lambda x: x.sum((0, -2))),
        (RuntimeError, "from 0 to 3", lambda x: x.topk(4)),
        (RuntimeError, "from 0 to 3", lambda x: x.topk(-1)),
        (RuntimeError, "from 1 to 3", lambda x: x.kthvalue(0)),
        (IndexError, "no elements", lambda x: x[:, :0].median(1)),
        (RuntimeError, "between 0 and 1", lambda x: x.quantile(1.5)),
        (RuntimeError, "dtype", lambda x: x.quantile(tg.tensor([0.5], dtype=tg.float64))),
        (RuntimeError, "interpolation", lambda x: x.quantile(0.5, interpolation="cubic")),
        (RuntimeError, "negative", lambda x: tg.bincount(tg.tensor([-1]))),
        (RuntimeError, "count up to", lambda x: tg.bincount(tg.tensor([2**63 - 1]))),
        (RuntimeError, "finite", lambda x: tg.histc(tg.tensor([1.0, float("inf")]))),
        (RuntimeError, "larger", lambda x: tg.histc(x, 4, 2, 1)),
        (RuntimeError, "rise", lambda x: tg.histogram(x, tg.tensor([1.0, 0.0]))),
        (RuntimeError, "positive", lambda x: tg.histogram(x, 0)),
        (IndexError, "no position", lambda x: tg.searchsorted(x[0], x, sorter=tg.tensor([0, 1, 7]))),
        (RuntimeError, "contradict", lambda x: tg.searchsorted(x[0], x, side="left", right=True)),
        (RuntimeError, "agree", lambda x: tg.searchsorted(x, tg.ones(3, 2))),
        (RuntimeError, "1-d", lambda x: tg.bucketize(x, x)),
        (RuntimeError, "'fro' or 'nuc'", lambda x: x.norm("no")),
        (RuntimeError, "broadcast", lambda x: x.sum_to_size(5)),
        (RuntimeError, "number of dims", lambda x: x.diff(prepend=tg.ones(2))),
        (RuntimeError, "bool", lambda x: (x > 0).argmax()),
        (RuntimeError, "one element", lambda x: x.cov(fweights=tg.tensor([1]))),
    ],
)
def test_refusals(error, words, call):
    with pytest.raises(error, match=words):
        call(tg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
