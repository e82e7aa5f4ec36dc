"""What the op table cannot say of views: shapes changed in place, bytes as another dtype, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg

HUGE = 2**62


def test_in_place_shapes_change_the_object():
    x = tg.arange(6.0).view(2, 3)
    for change, shape in (
        (lambda: x.t_(), (3, 2)),
        (lambda: x.transpose_(0, 1), (2, 3)),
        (lambda: x.unsqueeze_(-1), (2, 3, 1)),
        (lambda: x.swapaxes_(0, 2), (1, 3, 2)),
        (lambda: x.squeeze_(0), (3, 2)),
    ):
        assert change() is x
        assert x.shape == shape
    np.testing.assert_array_equal(x.numpy(), [[0, 3], [1, 4], [2, 5]])


def test_in_place_shapes_are_recorded():
    leaf = tg.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
    x = leaf * 2
    head = x[0]
    x.squeeze_(1)
    (x * tg.tensor([1.0, 2.0, 3.0]) + head).sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), [[8], [4], [6]])
    y = leaf * 1
    with tg.no_grad():  # the graph learns of the new shape all the same
        y.squeeze_()
    (gradient,) = tg.autograd.grad((y**3).sum(), [leaf], create_graph=True)
    (second,) = tg.autograd.grad(gradient.sum(), [leaf])
    np.testing.assert_array_equal(second.numpy(), [[6], [12], [18]])


def test_in_place_shapes_of_views_and_bases():
    leaf = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    base = leaf * 1
    view = base.view(3, 1)
    view.t_()
    view.mul_(2.0)
    assert view.shape == (1, 3)
    np.testing.assert_array_equal(base.detach().numpy(), [2, 4, 6])
    base.unsqueeze_(0)
    view.mul_(3.0)
    base.sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), [6, 6, 6])


def test_in_place_shapes_refused():
    leaf = tg.ones(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        leaf.t_()
    with tg.no_grad(), pytest.raises(RuntimeError, match="leaf"):
        leaf.t_()
    x = leaf * 2
    y = x * x
    x.t_()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()
    kept = leaf * 2
    kept.retain_grad()
    kept.sum().backward()
    with pytest.raises(RuntimeError, match=r"has a \.grad"):
        kept.t_()
    with tg.inference_mode():
        z = tg.ones(2, 3) * 1
    with pytest.raises(RuntimeError, match="inference_mode"):
        z.t_()
    w = tg.zeros(2, 3)
    with pytest.raises(IndexError):
        w.unsqueeze_(4)
    assert w.shape == (2, 3)


def test_view_as_dtype():
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    bits = x.view(tg.int32)
    assert bits.dtype is tg.int32
    np.testing.assert_array_equal(bits.numpy(), x.numpy().view(np.int32))
    assert bits.data_ptr() == x.data_ptr()
    np.testing.assert_array_equal(x.view(tg.float64).numpy(), x.numpy().view(np.float64))
    np.testing.assert_array_equal(x[:, :1].view(tg.uint8).numpy(), x.numpy()[:, :1].view(np.uint8))
    assert not x.requires_grad_().view(tg.int32).requires_grad
    for wrong in (tg.zeros(3), tg.zeros(()), tg.zeros(2, 4).t(), tg.zeros(2, 3)):
        with pytest.raises(RuntimeError, match="cannot be seen as float64"):
            wrong.view(tg.float64)
    with pytest.raises(RuntimeError, match="no bools"):
        tg.tensor([7], dtype=tg.uint8).view(tg.bool)


def test_views_share_memory_and_copies_do_not():
    x = tg.arange(12.0).view(3, 4)
    shared = [
        x.view(-1),
        x.t(),
        x.mT,
        x.flatten(),
        x.unflatten(1, (2, 2)),
        x.movedim(0, 1),
        x.diagonal(),
        x.unfold(1, 2, 1),
    ]
    shared += [*x.split(2), *x.chunk(2, 1), *x.unbind(), *x.tensor_split(2), x.expand(2, 3, 4), x.ravel()]
    assert all(x.data_ptr() <= y.data_ptr() < x.data_ptr() + x.nbytes for y in shared)
    copied = [
        x.clone(),
        x.t().ravel(),
        x.repeat(1, 1),
        x.roll(0),
        x.flip(()),
        x.rot90(4),
        tg.diag(x),
        x.tril(9),
    ]
    copied += [
        x.narrow_copy(0, 0, 3),
        tg.cat([x]),
        x.repeat_interleave(1, 0),
        tg.select_scatter(x, x[0], 0, 0),
    ]
    for y in copied:
        assert not x.data_ptr() <= y.data_ptr() < x.data_ptr() + x.nbytes


def test_writes_through_views_reach_the_base():
    leaf = tg.ones(3, 3, requires_grad=True)
    x = leaf * 1
    x.diagonal().mul_(2.0)
    x.unbind()[0].mul_(3.0)
    x.chunk(3, 1)[2].mul_(5.0)
    x.sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), [[6, 3, 15], [1, 2, 5], [1, 1, 10]])


def test_as_strided_reads_the_memory():
    x = tg.arange(12.0)
    np.testing.assert_array_equal(x[3:].as_strided((2, 2), (4, 1)).numpy(), [[3, 4], [7, 8]])
    np.testing.assert_array_equal(x[3:5].as_strided((2, 2), (4, 1), 1).numpy(), [[1, 2], [5, 6]])
    np.testing.assert_array_equal(x.view(3, 4).t().as_strided((2,), (5,)).numpy(), [0, 5])
    leaf = tg.zeros(3, 4, requires_grad=True)
    with pytest.raises(RuntimeError, match="not contiguous"):
        leaf.t().as_strided((2,), (5,))
    with pytest.raises(RuntimeError, match="reach outside"):
        x[3:].as_strided((2, 2), (9, 1), 3)


def test_lists_may_be_long():
    x = tg.arange(100.0)
    assert len(x.split([1] * 100)) == 100
    assert len(x.tensor_split(list(range(1, 100)))) == 100
    np.testing.assert_array_equal(tg.cat(x.unbind()[0].unsqueeze(0).split(1) * 50).numpy(), np.zeros(50))
    assert tg.stack(x.unbind()).shape == (100,)


def test_empty_joins_anything():
    empty, x = tg.zeros(0, requires_grad=True), tg.ones(2, 3, requires_grad=True)
    y = tg.cat([empty, x, empty])
    assert y.shape == (2, 3)
    y.sum().backward()
    assert empty.grad.shape == (0,)
    assert tg.cat([tg.zeros(2, dtype=tg.int32), tg.zeros(1)]).dtype is tg.float32
    assert tg.stack([tg.zeros(2, dtype=tg.bool), tg.zeros(2, dtype=tg.int32)]).dtype is tg.int32


def test_repeat_interleave_of_positions():
    np.testing.assert_array_equal(tg.repeat_interleave(tg.tensor([2, 0, 3])).numpy(), [0, 0, 2, 2, 2])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: x.view(4, -1), RuntimeError),
        (lambda x: x.view(), TypeError),
        (lambda x: x.t().view(6), RuntimeError),
        (lambda x: x.permute(0), RuntimeError),
        (lambda x: x.permute(0, 0), RuntimeError),
        (lambda x: x.squeeze((0, 0)), RuntimeError),
        (lambda x: x.unsqueeze(4), IndexError),
        (lambda x: x.expand(HUGE, 2, 3), RuntimeError),
        (lambda x: x.unflatten(1, ()), RuntimeError),
        (lambda x: x.unflatten(1, (2, 2)), RuntimeError),
        (lambda x: x.movedim((0, 0), (0, 1)), RuntimeError),
        (lambda x: x.unsqueeze(0).t(), RuntimeError),
        (lambda x: x.split(-1), RuntimeError),
        (lambda x: x.split([1, 2]), RuntimeError),
        (lambda x: x.chunk(0), RuntimeError),
        (lambda x: x[:0].chunk(HUGE), RuntimeError),
        (lambda x: x.tensor_split(HUGE), RuntimeError),
        (lambda x: x.tensor_split(tg.zeros(2)), RuntimeError),
        (lambda x: x.vsplit(4), RuntimeError),
        (lambda x: x.dsplit(1), RuntimeError),
        (lambda x: tg.cat([]), ValueError),
        (lambda x: tg.cat([x, x[0]]), RuntimeError),
        (lambda x: tg.stack([x, x[0]]), RuntimeError),
        (lambda x: tg.hstack([]), RuntimeError),
        (lambda x: tg.block_diag(x.view(1, 2, 3)), RuntimeError),
        (lambda x: tg.meshgrid(x), RuntimeError),
        (lambda x: tg.meshgrid(x[0], indexing="no"), RuntimeError),
        (lambda x: tg.cartesian_prod(x, x), RuntimeError),
        (lambda x: tg.combinations(x), RuntimeError),
        (lambda x: tg.combinations(tg.zeros(100), 50), RuntimeError),
        (lambda x: tg.combinations(tg.zeros(3), HUGE, True), RuntimeError),
        (lambda x: x.repeat(2), RuntimeError),
        (lambda x: x.repeat(HUGE, HUGE), RuntimeError),
        (lambda x: x.repeat(-1, 1), RuntimeError),
        (lambda x: x.repeat_interleave(-1), RuntimeError),
        (lambda x: x.repeat_interleave(tg.tensor([1, -1]), 0), RuntimeError),
        (lambda x: x.repeat_interleave(tg.tensor([HUGE, HUGE]), 0), RuntimeError),
        (lambda x: x.repeat_interleave(2, output_size=5), RuntimeError),
        (lambda x: x.flip(0, 0), RuntimeError),
        (lambda x: x.flip(2), IndexError),
        (lambda x: x.roll((1, 2)), RuntimeError),
        (lambda x: tg.tensor(1.0).roll(1, 0), IndexError),
        (lambda x: x.rot90(1, (0, 0)), RuntimeError),
        (lambda x: x.unfold(0, 3, 1), RuntimeError),
        (lambda x: x.unfold(0, 1, 0), RuntimeError),
        (lambda x: x.diagonal(0, 1, 1), RuntimeError),
        (lambda x: x.diag_embed(2**63 - 1), RuntimeError),
        (lambda x: tg.diag(x.view(1, 2, 3)), RuntimeError),
        (lambda x: tg.tril(x[0]), RuntimeError),
        (lambda x: x.select_scatter(x[0], 0, 2), IndexError),
        (lambda x: x.select_scatter(x, 0, 0), RuntimeError),
        (lambda x: x.slice_scatter(x, step=0), RuntimeError),
        (lambda x: x.diagonal_scatter(x), RuntimeError),
        (lambda x: x.as_strided_scatter(x, (2, 3), (HUGE, 1)), RuntimeError),
        (lambda x: x.as_strided((2, 2), (HUGE, 1)), RuntimeError),
    ],
)
def test_refused(call, error):
    with pytest.raises(error, match=r"\(\)"):
        call(tg.zeros(2, 3))


def test_diagonals_of_any_offset():
    x = tg.ones(2, 3)
    for offset in (3, -2, HUGE, -(2**63), 2**63 - 1):
        assert x.diagonal(offset).shape == (0,)
    assert x.tril(-(2**63)).sum() == 0
    assert x.triu(-(2**63)).sum() == 6
    assert x.tril(2**63 - 1).sum() == 6
