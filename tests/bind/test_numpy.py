"""NumPy both ways: shared memory where layouts allow, protocols, and ufuncs that keep the gradient."""

from __future__ import annotations

import gc
import operator

import numpy as np
import pytest

import tinygrad_ext as tg

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")


def address(a: np.ndarray) -> int:
    return a.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_shares_memory(dtype):
    t = tg.ones(2, 3, dtype=getattr(tg, dtype))
    a = t.numpy()
    assert a.dtype == np.dtype(dtype)
    assert a.shape == (2, 3)
    t[0, 1] = 0
    assert a[0, 1] == 0
    a[1, 2] = 0
    assert t[1, 2].item() == 0
    assert address(a) == t.data_ptr()


def test_numpy_of_a_strided_view():
    t = tg.arange(24).view(2, 3, 4)
    for v in (t.permute(2, 0, 1), t[:, ::2], t[1], t[..., 1], t.expand(5, 2, 3, 4), t[0, 0, 0]):
        a = v.numpy()
        assert a.shape == tuple(v.shape)
        assert a.tolist() == v.tolist()
        assert a.strides == tuple(s * 8 for s in v.stride())
    t.numpy()[1, 2, 3] = -1
    assert t[1, 2, 3].item() == -1


def test_numpy_refuses_to_lose_a_gradient():
    x = tg.ones(2, requires_grad=True)
    for bad in (x, x * 2):
        with pytest.raises(RuntimeError, match=r"detach"):
            bad.numpy()
        with pytest.raises(RuntimeError, match=r"detach"):
            np.asarray(bad)
    assert x.detach().numpy().tolist() == [1.0, 1.0]


def test_memory_outlives_either_side():
    a = tg.full((1000,), 7.0).numpy()
    gc.collect()
    tg.zeros(1000)
    assert (a == 7).all()
    t = tg.from_numpy(np.full(1000, 7.0))
    gc.collect()
    np.zeros(1000)
    assert bool((t == 7).all())


@pytest.mark.parametrize("dtype", DTYPES)
def test_from_numpy_shares_memory(dtype):
    a = np.ones((2, 3), dtype)
    t = tg.from_numpy(a)
    assert t.dtype == getattr(tg, dtype)
    a[0, 1] = 0
    assert t[0, 1].item() == 0
    t[1, 2] = 0
    assert a[1, 2] == 0


def test_from_numpy_of_views():
    a = np.arange(24.0).reshape(2, 3, 4)
    for v in (a.T, a[:, ::2], a[1], a[..., 1], a[0, 0, 0:0], np.array(3.0), np.zeros((0, 3))):
        t = tg.from_numpy(v)
        assert tuple(t.shape) == v.shape
        assert t.tolist() == v.tolist()
    tg.from_numpy(a.T)[0, 0, 0] = -5
    assert a[0, 0, 0] == -5


def test_from_numpy_of_what_cannot_be_shared():
    """Negative steps, foreign byte order and foreign types are refused by name."""
    for bad in (
        np.arange(3.0)[::-1],
        np.arange(3, dtype=">f8"),
        np.zeros(2, "float16"),
        np.array(["a"]),
        [1, 2],
    ):
        with pytest.raises((TypeError, ValueError, RuntimeError)):
            tg.from_numpy(bad)
    assert tg.tensor(np.arange(3.0)[::-1]).tolist() == [2.0, 1.0, 0.0]


def test_tensor_copies():
    a = np.ones(2)
    t = tg.tensor(a)
    a[0] = 5
    assert t.tolist() == [1.0, 1.0]


def test_array_protocol():
    t = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    a = np.asarray(t)
    assert a.dtype == np.float32
    t[0, 0] = 9
    assert a[0, 0] == 9
    assert address(np.asarray(t)) == t.data_ptr()
    assert address(np.array(t)) != t.data_ptr()
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    assert t.__array__().tolist() == t.tolist()
    assert t.__array__(np.dtype("int64")).dtype == np.int64
    np.testing.assert_array_equal(np.stack([t, t]).shape, (2, 2, 2))


@pytest.mark.skipif(int(np.__version__.split(".")[0]) < 2, reason="copy= came with NumPy 2")
def test_array_protocol_copy():
    t = tg.ones(2)
    assert address(np.asarray(t, copy=True)) != t.data_ptr()
    assert address(np.asarray(t, copy=False)) == t.data_ptr()
    with pytest.raises(ValueError, match=r"(?i)copy"):
        np.asarray(t, dtype=np.float64, copy=False)


def test_buffer_protocol():
    t = tg.arange(6, dtype=tg.int32).view(2, 3)
    m = memoryview(t)
    assert m.format == "i"
    assert m.shape == (2, 3)
    assert m.strides == (12, 4)
    assert m.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not m.readonly
    m[1, 2] = 50
    assert t[1, 2].item() == 50
    assert memoryview(t.transpose(0, 1)).strides == (4, 12)
    assert bytes(memoryview(tg.tensor([1, 2], dtype=tg.uint8))) == b"\x01\x02"
    with pytest.raises((BufferError, RuntimeError)):
        memoryview(tg.ones(2, requires_grad=True))
    del t
    assert m.tolist()[1] == [3, 4, 50]


OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_numpy_operands_keep_the_gradient(name, side):
    """An array or a NumPy scalar on either side gives a tensor with a graph, with the array's own dtype."""
    op = OPERATORS[name]
    scalars = [np.float64(2), np.float32(2), np.int64(2), np.array(2.0)]
    for other in (*scalars, np.array([2.0, 3.0]), np.array([[1.0], [2.0]])):
        x = tg.tensor([1.5, 2.5], dtype=tg.float64, requires_grad=True)
        y = op(other, x) if side == "left" else op(x, other)
        assert isinstance(y, tg.Tensor), type(y)
        assert y.requires_grad
        t = tg.tensor(np.asarray(other, "float64"))
        want = op(t, x) if side == "left" else op(x, t)
        np.testing.assert_array_equal(y.detach().numpy(), want.detach().numpy())
        y.sum().backward()
        got, x.grad = x.grad, None
        want.sum().backward()
        assert got.tolist() == x.grad.tolist()


def test_numpy_matmul_and_comparison():
    x = tg.ones(3, dtype=tg.float64, requires_grad=True)
    y = np.arange(6.0).reshape(2, 3) @ x
    assert isinstance(y, tg.Tensor)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 5.0, 7.0]
    below = np.array([0.0, 1.0, 2.0]) < x
    assert isinstance(below, tg.Tensor)
    assert below.tolist() == [True, False, False]
    assert (np.array([0.0, 1.0, 2.0]) == x).tolist() == [False, True, False]


def test_ufuncs():
    """np.exp(t) is t.exp(), on the tape; an unknown ufunc is refused rather than silently untracked."""
    x = tg.tensor([0.5, 1.0], dtype=tg.float64, requires_grad=True)
    y = np.exp(x)
    assert isinstance(y, tg.Tensor)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([0.5, 1.0]), rtol=1e-15)
    assert isinstance(np.add(x, 1.0), tg.Tensor)
    assert np.maximum(x, np.array([1.0, 0.0])).tolist() == [1.0, 1.0]
    with pytest.raises((TypeError, RuntimeError)):
        np.nextafter(x, x)
    with pytest.raises((TypeError, RuntimeError)):
        np.add.reduce(x)


def test_numpy_scalars_as_arguments():
    t = tg.arange(12.0).view(3, 4)
    assert t.sum(np.int64(1)).tolist() == t.sum(1).tolist()
    assert t[np.int64(1), np.int32(2)].item() == 6.0
    assert tg.zeros(np.int64(2), 3).shape == (2, 3)
    assert t.reshape(tuple(np.array([4, 3]))).shape == (4, 3)
    assert tg.full((2,), np.float64(3)).tolist() == [3.0, 3.0]
    assert (t + np.float32(1))[0, 0].item() == 1.0


def test_indexing_with_numpy():
    t = tg.arange(5)
    assert t[np.array([3, 1])].tolist() == [3, 1]
    assert t[np.array([True, False, True, False, False])].tolist() == [0, 2]
    t[np.array([0, 1])] = np.array([7, 8])
    assert t.tolist() == [7, 8, 2, 3, 4]


def test_dlpack_with_numpy():
    t = tg.arange(6.0).view(2, 3)
    a = np.from_dlpack(t)
    assert a.dtype == np.float32
    t[0, 0] = 9
    assert a[0, 0] == 9
    assert t.__dlpack_device__() == (1, 0)
    b = np.arange(6).reshape(3, 2)
    u = tg.from_dlpack(b)
    assert u.dtype == tg.int64
    b[0, 0] = 5
    assert u[0, 0].item() == 5
    assert tg.from_dlpack(b.T).tolist() == b.T.tolist()
    assert tg.from_dlpack(t[:, ::2]).tolist() == t[:, ::2].tolist()
    with pytest.raises((RuntimeError, BufferError), match=r"grad"):
        np.from_dlpack(tg.ones(2, requires_grad=True))


def test_dlpack_lifetime():
    for _ in range(100):
        a = np.from_dlpack(tg.full((1000,), 3.0))
        u = tg.from_dlpack(np.full(1000, 3.0))
        gc.collect(0)
        assert a[999] == 3
        assert u[999].item() == 3
    capsule = tg.ones(10).__dlpack__()
    del capsule  # never consumed


def test_dlpack_with_torch():
    torch = pytest.importorskip("torch")
    t = tg.arange(6.0).view(2, 3)
    u = torch.from_dlpack(t)
    t[0, 0] = 9
    assert u[0, 0].item() == 9
    v = tg.from_dlpack(torch.arange(4).view(2, 2).T)
    assert v.tolist() == [[0, 2], [1, 3]]
    mask = tg.from_dlpack(torch.tensor([True, False]))
    assert mask.dtype == tg.bool
    assert mask.tolist() == [True, False]
    assert tg.from_dlpack(torch.from_dlpack(tg.tensor([True, False]))).tolist() == [True, False]


def test_as_tensor_copies_what_it_cannot_share():
    """Misaligned memory, as arrays out of a pickle may have, and negative strides."""
    raw = np.frombuffer(bytearray(4 + 8), dtype=np.uint8)[1:9].view(np.float32)
    raw[:] = [1.0, 2.0]
    assert tg.as_tensor(raw).tolist() == [1.0, 2.0]
    assert tg.as_tensor(np.array([1.0, 2.0])[::-1]).tolist() == [2.0, 1.0]
    with pytest.raises(ValueError, match=r"cannot be shared"):
        tg.from_numpy(raw)
