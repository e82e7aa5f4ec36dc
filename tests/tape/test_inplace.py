"""Writing into tensors: what is recorded, what is refused, and what `+=` does."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg


def leaf(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def double(*values):
    return tg.tensor(list(values), dtype=tg.float64)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "sqrt"])
def test_saved_output_changed(name):
    """The op that saved the value is named, and nothing is accumulated."""
    x = leaf(1.0, 2.0)
    y = getattr(x, name)()
    y.add_(1)
    with pytest.raises(RuntimeError, match=rf"(?i){name}"):
        y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("name", ["log", "sin", "cos"])
def test_saved_input_changed(name):
    x = leaf(1.0, 2.0)
    t = x * 1
    y = getattr(t, name)()
    t.mul_(2)
    with pytest.raises(RuntimeError, match=rf"(?i){name}"):
        y.sum().backward()


def test_change_through_another_handle_is_noticed():
    """Versions belong to the storage: an alias made by detach, a view or .data is no way round."""
    for alias in (lambda t: t.detach(), lambda t: t[:1].detach(), lambda t: t.detach().view(2, 1)):
        x = leaf(1.0, 2.0)
        y = x.exp()
        alias(y).zero_()
        with pytest.raises(RuntimeError, match=r"(?i)exp"):
            y.sum().backward()


def test_unsaved_values_may_change():
    """An addition needs none of its values."""
    x = leaf(1.0, 2.0)
    t = x * 3
    y = t + 1
    t.mul_(10)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_inplace_is_recorded():
    x, w = leaf(1.0, 2.0), leaf(5.0, 7.0)
    y = x * 3
    assert y.mul_(w) is y
    y.add_(x)
    y.sub_(1.0)
    y.div_(2.0)
    y.sum().backward()  # (3 x w + x - 1) / 2
    assert x.grad.tolist() == [8.0, 11.0]
    assert w.grad.tolist() == [1.5, 3.0]


def test_zero_fill_copy():
    x, w = leaf(1.0, 2.0), leaf(5.0, 7.0)
    y = x * 3
    y.zero_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]
    y = x * 3
    y.fill_(4.0)
    assert y.tolist() == [4.0, 4.0]
    y = x * 3
    y.copy_(w)
    (y * y).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]
    assert w.grad.tolist() == [10.0, 14.0]
    y = double(0.0, 0.0)
    assert y.copy_(tg.tensor([1, 2])) is y
    assert y.tolist() == [1.0, 2.0]
    y.copy_(tg.tensor(3.0))  # broadcasts
    assert y.tolist() == [3.0, 3.0]


def test_constant_becomes_tracked():
    """Writing a tracked value into a constant makes it part of the graph."""
    x, y = leaf(2.0), double(3.0)
    y.mul_(x)
    assert y.requires_grad
    y.backward()
    assert x.grad.item() == 3.0


@pytest.mark.parametrize(
    "write",
    [
        lambda t: t.add_(1),
        lambda t: t.zero_(),
        lambda t: t.copy_(tg.ones(2)),
        lambda t: t.__setitem__(0, 9.0),
        lambda t: t[:1].mul_(2),
        lambda t: t.view(2, 1).zero_(),
    ],
    ids=["add_", "zero_", "copy_", "setitem", "slice", "view"],
)
def test_leaf_is_protected(write):
    """A leaf that requires grad, or a view of one, is not written to outside no_grad."""
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"leaf"):
        write(x)
    assert x.tolist() == [1.0, 2.0]
    with tg.no_grad():
        write(x)
    assert x.tolist() != [1.0, 2.0]
    assert x.requires_grad
    assert x.is_leaf


def test_setitem():
    x, v = leaf(1.0, 2.0, 3.0), leaf(10.0)
    y = x * 2
    y[1] = v[0] * 3
    assert y.tolist() == [2.0, 30.0, 6.0]
    (y * y).sum().backward()
    assert x.grad.tolist() == [8.0, 0.0, 24.0]
    assert v.grad.tolist() == [180.0]


def test_setitem_forms():
    """Constants, broadcast values, masks and index arrays; the old values lose their gradient."""
    for key, gone in (
        (slice(None), [1, 1, 1]),
        (0, [1, 0, 0]),
        (tg.tensor([True, False, True]), [1, 0, 1]),
        (tg.tensor([2, 1]), [0, 1, 1]),
        ([0, 2], [1, 0, 1]),
    ):
        x, v = leaf(1.0, 2.0, 3.0), leaf(4.0)
        y = x * 1
        y[key] = v[0]
        y.sum().backward()
        assert x.grad.tolist() == [1.0 - g for g in gone]
        assert v.grad.tolist() == [float(sum(gone))]


def test_setitem_with_itself():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    y[:2] = y[1:].clone()
    y[0] += 10
    assert y.tolist() == [12.0, 3.0, 3.0]
    (y * double(1.0, 10.0, 100.0)).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 110.0]


@pytest.mark.parametrize(
    ("to", "source"), [(slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))]
)
def test_overlapping_write(to, source):
    """Refused, as in PyTorch, or done as if copied first, as in NumPy; never half of each."""
    t, want = double(1.0, 2.0, 3.0, 4.0), np.array([1.0, 2.0, 3.0, 4.0])
    try:
        t[to] = t[source]
    except RuntimeError:
        pass
    else:
        want[to] = want[source].copy()
    assert t.tolist() == want.tolist()


def test_write_through_a_view_changes_the_history_of_its_base():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    y = x * 1
    v = y[1:3]
    v.mul_(10)
    assert y.tolist() == [1.0, 20.0, 30.0, 4.0]
    (y * y).sum().backward()
    assert x.grad.tolist() == [2.0, 400.0, 600.0, 8.0]


def test_write_to_the_base_changes_its_views():
    x = leaf(1.0, 2.0)
    y = x * 1
    v = y[:1]
    y.mul_(5)
    assert v.tolist() == [5.0]
    v.sum().backward()
    assert x.grad.tolist() == [5.0, 0.0]


def test_write_through_a_view_of_a_view():
    x, w = leaf(*map(float, range(6))), leaf(2.0)
    y = x * 1
    v = y.view(2, 3).transpose(0, 1)[1]  # elements 1 and 4
    v.mul_(w)
    assert y.tolist() == [0.0, 2.0, 2.0, 3.0, 8.0, 5.0]
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 2.0, 1.0, 1.0, 2.0, 1.0]
    assert w.grad.tolist() == [5.0]


def test_sibling_views_see_each_other():
    x = leaf(1.0, 2.0)
    y = x * 1
    a, b = y[:1], y.view(2, 1)
    a.mul_(3)
    b.mul_(10)
    assert y.tolist() == [30.0, 20.0]
    assert a.tolist() == [30.0]
    (a.sum() + y.sum() + b.sum()).backward()
    assert x.grad.tolist() == [90.0, 20.0]


def test_tracked_value_into_a_view_of_a_constant():
    """The usual way to fill a result row by row."""
    x = leaf(1.0, 2.0)
    rows = tg.zeros(3, 2, dtype=tg.float64)
    for i in range(3):
        rows[i] = x * i
    rows[0].add_(x)
    assert rows.requires_grad
    (rows * rows).sum().backward()  # x^2 + x^2 + 4 x^2
    assert x.grad.tolist() == [12.0, 24.0]


def test_iadd_rebinds_where_recorded():
    """`x += y` on a tracked tensor makes a new tensor, so that no saved value is destroyed."""
    x = leaf(1.0, 2.0)
    y = x.exp()
    before = y
    y += 1
    assert y is not before
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1.0, 2.0]), rtol=1e-15)


def test_iadd_of_a_leaf_rebinds():
    """As in micrograd: the sum is a new node, the leaf stays what it was."""
    x = leaf(1.0)
    total = x
    total += x * 3
    assert x.item() == 1.0
    assert total.item() == 4.0
    total.backward()
    assert x.grad.item() == 4.0


def test_iadd_with_a_tracked_value_rebinds():
    total = tg.zeros(1, dtype=tg.float64)
    alias, x = total, leaf(2.0)
    total += x
    assert alias.item() == 0.0
    assert total.requires_grad


@pytest.mark.parametrize("op", ["__iadd__", "__isub__", "__imul__", "__itruediv__"])
def test_iadd_writes_in_place_where_nothing_is_recorded(op):
    t = double(4.0, 6.0)
    alias = t
    view = t[:1]
    t = getattr(t, op)(2.0)
    assert t is alias
    assert view.item() == {"__iadd__": 6.0, "__isub__": 2.0, "__imul__": 8.0, "__itruediv__": 2.0}[op]


def test_iadd_under_no_grad_updates_a_parameter():
    p = leaf(1.0, 2.0)
    same = p
    (p * p).sum().backward()
    with tg.no_grad():
        p -= 0.5 * p.grad
    assert p is same
    assert p.requires_grad
    assert p.is_leaf
    assert p.tolist() == [0.0, 0.0]


def test_inplace_keeps_shape_and_dtype():
    """A result that would not fit is refused and nothing is written."""
    t = tg.ones(2)
    for bad in (lambda: t.add_(tg.ones(2, 2)), lambda: t.add_(tg.ones(3)), lambda: t.copy_(tg.ones(3))):
        with pytest.raises((RuntimeError, ValueError)):
            bad()
    n = tg.ones(2, dtype=tg.int64)
    with pytest.raises((RuntimeError, TypeError), match=r"int64|(?i:long)"):
        n.add_(0.5)
    with pytest.raises((RuntimeError, TypeError), match=r"int64|(?i:long)"):
        n.div_(2)
    assert t.tolist() == [1.0, 1.0]
    assert n.tolist() == [1, 1]
    t.add_(tg.ones(2, dtype=tg.float64))
    assert t.dtype == tg.float32
    assert t.tolist() == [2.0, 2.0]


def test_write_into_expanded_memory_is_refused():
    """Several elements share one place: there is no right answer."""
    t = tg.ones(1).expand(3)
    with pytest.raises(RuntimeError, match=r"(?i)expand|single memory|overlap|share"):
        t.add_(1)
    assert t.tolist() == [1.0, 1.0, 1.0]


def test_version_counter():
    t = tg.ones(2)
    before = t._version
    t.add_(1)
    t[0] = 5
    assert t._version == before + 2
    assert t[:1]._version == t._version


def test_detach_in_place_leaves_the_graph_whole():
    """What was computed before from a tensor detached in place still differentiates, also when it is gone."""
    x = tg.tensor([0.5, 1.0], dtype=tg.float64, requires_grad=True)
    y = x.exp()
    z = y * 3
    assert y.detach_() is y
    assert (y.requires_grad, y.grad_fn) == (False, None)
    del y
    tg.ones(4)  # takes the memory of what was freed
    z.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 * np.exp([0.5, 1.0]), rtol=1e-15)
