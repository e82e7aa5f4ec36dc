"""What a tensor is asked about itself: Size, dtype conversion, memory."""

from __future__ import annotations

import copy
import pickle

import pytest

import tinygrad_ext as tg


def test_size_stays_a_size():
    size = tg.zeros(2, 3).shape
    assert repr(size) == "tinygrad_ext.Size([2, 3])"
    assert isinstance(size, tuple)
    assert size == (2, 3)
    assert hash(size) == hash((2, 3))
    assert size[0] == 2
    assert size.numel() == 6
    assert tg.Size([]).numel() == 1
    parts = [size[1:], size + (4,), (4,) + size, () + size, size * 2, 2 * size, tg.zeros(2, 3).size()]  # noqa: RUF005
    for part in [*parts, pickle.loads(pickle.dumps(size)), copy.deepcopy(size)]:
        assert type(part) is tg.Size
    assert parts[2] == (4, 2, 3)


@pytest.mark.parametrize("wrong", [[1.5], "ab", [None]])
def test_size_takes_ints(wrong):
    with pytest.raises(TypeError, match="takes ints"):
        tg.Size(wrong)


def test_size_of_a_dim():
    x = tg.zeros(2, 3)
    assert (x.size(0), x.size(-1), x.size(dim=1), x.stride(0), x.stride(dim=1)) == (2, 3, 3, 3, 1)
    with pytest.raises(IndexError, match="dim 2 is out of range"):
        x.size(2)
    with pytest.raises(IndexError, match="0-d"):
        tg.tensor(1.0).stride(0)
    with pytest.raises(TypeError, match="unknown argument 'axis'"):
        x.size(axis=0)


def test_questions():
    x = tg.zeros(2, 3)
    assert (x.dim(), x.ndimension(), x.numel(), x.nelement(), tg.numel(x)) == (2, 2, 6, 6, 6)
    assert (x.itemsize, x.element_size(), x.nbytes, x.device, x.get_device()) == (4, 4, 24, "cpu", -1)
    assert x.is_floating_point()
    assert tg.is_floating_point(x)
    assert not x.int().is_floating_point()
    assert x.int().is_signed()
    assert not x.byte().is_signed()
    assert not x.is_complex()
    assert not tg.is_complex(x)
    assert not x.is_cuda
    assert x.is_cpu
    assert x.is_contiguous(memory_format=tg.contiguous_format)
    assert not x.t().is_contiguous()
    assert x.is_same_size(tg.ones(2, 3))
    assert not tg.is_same_size(x, x.t())
    assert tg.is_tensor(x)
    assert not tg.is_tensor(1)
    assert tg.is_nonzero(tg.tensor([2]))
    assert not tg.tensor(0.0).is_nonzero()
    with pytest.raises(RuntimeError, match="one-element"):
        x.is_nonzero()
    with pytest.raises(TypeError, match="expected a Tensor"):
        tg.numel(1)


def test_broadcast_shapes():
    assert tg.broadcast_shapes((2, 1), 3, (1, 1, 1)) == tg.Size([1, 2, 3])
    assert type(tg.broadcast_shapes()) is tg.Size
    with pytest.raises(RuntimeError, match="do not broadcast"):
        tg.broadcast_shapes((2,), (3,))
    with pytest.raises(RuntimeError, match="negative"):
        tg.broadcast_shapes((-1,))


def test_to():
    x = tg.zeros(2)
    for same in (
        x.to("cpu"),
        x.to(tg.float32),
        x.to(x),
        x.to(dtype=None),
        x.cpu(),
        x.float(),
        x.to("cpu", None),
    ):
        assert same is x
    assert x.to(tg.float32, copy=True) is not x
    assert x.to(tg.float32, False, True) is not x
    assert x.to("cpu", tg.int32, non_blocking=True).dtype is tg.int32
    assert x.to(tg.zeros(1, dtype=tg.int64)).dtype is tg.int64
    assert x.to(other=tg.zeros(1, dtype=tg.int64)).dtype is tg.int64
    assert x.to(device="cpu", dtype=bool).dtype is tg.bool
    assert x.to("float64").dtype is tg.float64
    assert x.type(tg.uint8).dtype is x.byte().dtype is tg.uint8
    assert x.type() == "tinygrad_ext.FloatTensor"
    assert x.type_as(x.long()).dtype is tg.int64


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: x.to("cuda"), RuntimeError),
        (lambda x: x.to(device="cuda:0"), RuntimeError),
        (lambda x: x.to(1), TypeError),
        (lambda x: x.to(kind=1), TypeError),
        (lambda x: x.to(tg.float32, "cpu", tg.float32), TypeError),
        (lambda x: x.half(), TypeError),
        (lambda x: x.short(), TypeError),
        (lambda x: x.type_as(1), TypeError),
        (lambda x: x.apply_(abs), RuntimeError),
        (lambda x: x.map_(x, max), RuntimeError),
        (lambda x: x.clone(memory_format="channels_last"), ValueError),
        (lambda x: x.contiguous(memory_format=1), ValueError),
    ],
)
def test_refused(call, error):
    with pytest.raises(error):
        call(tg.zeros(2))


def test_memory_formats_are_accepted():
    x = tg.zeros(2, 3).t()
    assert x.contiguous(memory_format=tg.contiguous_format).is_contiguous()
    assert x.clone(memory_format=tg.preserve_format).shape == (3, 2)
    assert x.clone(memory_format=None).shape == (3, 2)


def test_transposing_attributes():
    x = tg.arange(24.0).view(2, 3, 4)
    assert x.T.shape == (4, 3, 2)
    assert x.mT.shape == x.mH.shape == (2, 4, 3)
    assert x[0].H.shape == (4, 3)
    with pytest.raises(RuntimeError, match="use mH"):
        x.H  # noqa: B018
    with pytest.raises(RuntimeError, match="at least 2 dims"):
        x[0, 0].mT  # noqa: B018
