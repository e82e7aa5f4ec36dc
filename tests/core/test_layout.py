"""Shape, strides and storage: what is a view of what."""

from __future__ import annotations

import pytest

import tinygrad_ext as tg


@pytest.fixture
def t():
    return tg.arange(24).view(2, 3, 4)


def test_attributes(t):
    assert t.shape == (2, 3, 4)
    assert t.size() == (2, 3, 4)
    assert t.size(-1) == 4
    assert t.shape[1:] == (3, 4)
    assert t.ndim == t.dim() == 3
    assert t.numel() == 24
    assert t.stride() == (12, 4, 1)
    assert t.stride(1) == 4
    assert t.storage_offset() == 0
    assert t.element_size() == t.itemsize == 8
    assert t.is_contiguous()
    assert t[1, 1:].storage_offset() == 16
    a, b, c = t.shape
    assert (a, b, c) == (2, 3, 4)


VIEWS = {
    "view": lambda t: t.view(4, 6),
    "reshape": lambda t: t.reshape(-1),
    "permute": lambda t: t.permute(2, 1, 0),
    "transpose": lambda t: t.transpose(0, 2),
    "slice": lambda t: t[:, :2],
    "unsqueeze": lambda t: t.unsqueeze(0),
    "squeeze": lambda t: t.view(2, 1, 12).squeeze(1),
    "expand": lambda t: t.expand(5, 2, 3, 4),
    "flatten": lambda t: t.flatten(1),
    "detach": lambda t: t.detach(),
    "data": lambda t: t.data,
    "narrow": lambda t: t.narrow(2, 0, 2),
    "select": lambda t: t.select(0, 0),
    "unbind": lambda t: t.unbind(0)[0],
    "split": lambda t: t.split(1)[0],
    "chunk": lambda t: t.chunk(2)[0],
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_share_storage(t, name):
    """A value written into the base appears in its view."""
    view = VIEWS[name](t)
    assert view.data_ptr() == t.data_ptr()
    assert 777 not in view.reshape(-1).tolist()
    t[0, 1, 0] = 777
    assert 777 in view.reshape(-1).tolist()


def test_copies(t):
    for copy in (t.clone(), t.permute(2, 1, 0).contiguous(), t.permute(2, 1, 0).reshape(-1), t + 0):
        assert copy.data_ptr() != t.data_ptr()
    assert t.contiguous() is t
    assert t.reshape(2, 3, 4).data_ptr() == t.data_ptr()


def test_contiguity(t):
    assert not t.transpose(0, 1).is_contiguous()
    assert t.transpose(0, 1).contiguous().is_contiguous()
    assert t.transpose(0, 1).contiguous().tolist() == t.transpose(0, 1).tolist()
    # Strides of dimensions of size one, and of empty tensors, do not matter.
    assert tg.zeros(3, 1, 4).transpose(0, 1).is_contiguous()
    assert tg.zeros(0, 3).transpose(0, 1).is_contiguous()
    assert t.expand(1, 2, 3, 4).is_contiguous()
    assert tg.ones(1).expand(3).stride() == (0,)


def test_view_of_a_strided_tensor(t):
    """A view is possible exactly where the merged dimensions are regularly spaced."""
    assert t.permute(1, 2, 0).view(12, 2).stride() == (1, 12)
    assert t[:, :, :2].view(6, 2).stride() == (4, 1)
    for bad in (
        lambda: t.transpose(0, 1).view(-1),
        lambda: t[:, :, :2].view(-1),
    ):
        with pytest.raises(RuntimeError, match=r"view"):
            bad()
    rows = t.transpose(0, 1).tolist()
    assert t.transpose(0, 1).reshape(-1).tolist() == [v for row in rows for part in row for v in part]


def test_transposes():
    m = tg.arange(6).view(2, 3)
    assert m.T.shape == m.t().shape == m.mT.shape == (3, 2)
    assert m.T.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert tg.arange(8).view(2, 2, 2).mT.tolist() == [[[0, 2], [1, 3]], [[4, 6], [5, 7]]]


def test_many_dimensions():
    t = tg.ones(1, 2, 1, 2, 1, 2)
    assert (t + t.permute(5, 4, 3, 2, 1, 0)).shape == (2, 2, 2, 2, 2, 2)
    with pytest.raises((RuntimeError, ValueError)):
        tg.zeros(*[1] * 1000)


def test_item_and_bool_and_numbers():
    assert tg.tensor([[2.5]]).item() == 2.5
    assert type(tg.tensor(2).item()) is int
    assert type(tg.tensor(True).item()) is bool
    assert type(tg.tensor(2.0).item()) is float
    assert float(tg.tensor(2)) == 2.0
    assert int(tg.tensor(2.9)) == 2
    assert bool(tg.tensor([1]))
    assert not tg.tensor(0.0)
    assert [10, 20, 30][tg.tensor(1)] == 20
    assert f"{tg.tensor(1.5):.2f}" == "1.50"
    for bad in (
        lambda: tg.ones(2).item(),
        lambda: bool(tg.ones(2)),
        lambda: float(tg.ones(2)),
        lambda: tg.ones(0).item(),
    ):
        with pytest.raises((RuntimeError, ValueError, TypeError)):
            bad()
    with pytest.raises(TypeError):
        [1, 2][tg.tensor(1.0)]


def test_hash_and_equality():
    """Tensors hash by identity, so they can be keys; == is elementwise."""
    a, b = tg.ones(1), tg.ones(1)
    assert len({a, b, a}) == 2
    assert {a: 1}[a] == 1
    assert (a == b).dtype == tg.bool
    assert a is not b
    assert (a == None) is False  # noqa: E711 - the operator is the subject
    assert (a != None) is True  # noqa: E711


def test_construction():
    assert tg.tensor([[1, 2], [3, 4]]).shape == (2, 2)
    assert tg.tensor([]).shape == (0,)
    assert tg.tensor([[], []]).shape == (2, 0)
    assert tg.tensor(3).shape == ()
    assert tg.tensor((1, 2)).tolist() == [1, 2]
    assert tg.tensor(range(3)).tolist() == [0, 1, 2]
    assert tg.tensor([tg.tensor(1), tg.tensor(2)]).tolist() == [1, 2]
    assert tg.tensor([1, 2], dtype=tg.float64, requires_grad=True).requires_grad
    assert tg.eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    x = tg.tensor([1.0, 2.0])
    assert x.new_zeros(2).dtype == tg.float32
    assert tg.zeros_like(x, dtype=tg.int64).dtype == tg.int64
    assert tg.ones_like(x, requires_grad=True).requires_grad


def test_dtype_objects():
    assert str(tg.float32) == repr(tg.float32)
    assert "float32" in str(tg.float32)
    assert tg.float32 == tg.float
    assert tg.float64 == tg.double
    assert tg.int64 == tg.long
    assert tg.int32 == tg.int
    assert tg.float32 != tg.float64
    assert len({tg.float32, tg.float32, tg.int64}) == 2
    assert tg.float32.is_floating_point
    assert not tg.int64.is_floating_point
    assert tg.float32.itemsize == 4
    assert tg.tensor([1.0]).is_floating_point()
