"""What scripts for PyTorch or NumPy do at the edges: devices, keywords, NumPy's functions, formats."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg


@pytest.mark.parametrize(
    "make",
    [
        lambda **k: tg.zeros(2, **k),
        lambda **k: tg.tensor([1.0], **k),
        lambda **k: tg.rand(3, **k),
        lambda **k: tg.full((2,), 1.0, **k),
        lambda **k: tg.arange(3, **k),
        lambda **k: tg.ones_like(tg.ones(2), **k),
        lambda **k: tg.eye(2, **k),
    ],
)
def test_device(make):
    assert make(device="cpu").device == "cpu"
    assert make(device=tg.ones(1).device).shape == make().shape
    with pytest.raises(RuntimeError, match="cuda"):
        make(device="cuda:0")


def test_sizes_by_keyword():
    assert tg.zeros(size=(2, 3)).shape == (2, 3)
    assert tg.randn(size=(2,)).shape == (2,)
    assert tg.arange(end=4).tolist() == [0, 1, 2, 3]
    assert tg.arange(start=1, end=4).tolist() == [1, 2, 3]
    with pytest.raises(TypeError, match="end"):
        tg.arange()


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "std", "var", "all", "any"])
def test_numpys_reductions(name):
    """np.sum(t) and its like call the tensor's own method, with NumPy's defaults."""
    a = np.array([[1.0, 2.0], [3.0, 5.0]])
    function = getattr(np, name)
    np.testing.assert_allclose(np.asarray(function(tg.tensor(a))), function(a), rtol=1e-15)


def test_var_with_numpys_word():
    a = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(tg.tensor(a).var(ddof=0).item(), a.var(), rtol=1e-15)
    np.testing.assert_allclose(tg.tensor(a).std(ddof=1).item(), a.std(ddof=1), rtol=1e-15)


def test_dtypes_compare_with_numpys():
    assert tg.float64 == np.float64
    assert tg.ones(1).dtype == np.dtype("float32")
    assert tg.float32 != np.float64
    assert tg.float32 != 3
    assert {tg.float32: 1}[tg.float32] == 1


def test_uint8_index_is_refused():
    """PyTorch takes it for a mask, NumPy for positions."""
    with pytest.raises(IndexError, match="uint8"):
        tg.ones(3)[tg.tensor([1, 0, 1], dtype=tg.uint8)]


def test_format():
    assert f"{tg.tensor(6.0)}" == "6.0"
    assert f"{tg.tensor(2.5):.2f}" == "2.50"
    with pytest.raises((TypeError, ValueError)):
        format(tg.ones(2), ".2f")


def test_too_much_memory_names_the_size():
    with pytest.raises(MemoryError, match="1099511627776 elements of float32"):
        tg.zeros(2**40)


def test_relu_in_place():
    x = tg.tensor([-1.0, 2.0])
    assert tg.nn.ReLU(inplace=True)(x) is x
    assert x.tolist() == [0.0, 2.0]


def test_graph_shows_users_names():
    """The names of helper operations are not what a reader of the graph should meet."""
    x = tg.rand(1, 1, 4, 4, requires_grad=True)
    functional = tg.nn.functional
    assert functional.conv2d(x, tg.rand(1, 1, 3, 3))._op == "conv2d"
    assert functional.max_pool2d(x, 2)._op == "max_pool2d"
    assert (x @ x)._op == "matmul"
    assert x[0]._op == "index"


def test_fill_and_zero():
    x = tg.ones(2, 3)
    assert x.fill_(value=2) is x
    assert x.tolist() == [[2.0] * 3] * 2
    assert tg.fill_(x, tg.tensor(3)) is x
    assert x[:, 1].fill_(5).tolist() == [5.0, 5.0]
    assert x.tolist() == [[3.0, 5.0, 3.0]] * 2
    assert tg.zero_(x) is x
    assert x.tolist() == [[0.0] * 3] * 2
    for wrong, error in ((tg.ones(1), RuntimeError), ("a", TypeError), (None, TypeError)):
        with pytest.raises(error, match=r"fill\(\).*value"):
            x.fill_(wrong)
    with pytest.raises(TypeError, match=r"zero_\(\).*Tensor"):
        tg.zero_(1.0)
    assert x.tolist() == [[0.0] * 3] * 2


def test_fill_is_recorded():
    x, v = tg.ones(3, requires_grad=True), tg.tensor(2.0, requires_grad=True)
    y = x * 3
    y[1:].fill_(v)
    (y * tg.tensor([1.0, 2.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [3.0, 0.0, 0.0]
    assert v.grad.item() == 6.0


# From PyTorch 2.13: the shape, wrap, and where the ones are, in row-major order.
@pytest.mark.parametrize(
    ("shape", "wrap", "places"),
    [
        ((2, 3), False, [0, 4]),
        ((3, 2), False, [0, 3]),
        ((5, 2), False, [0, 3]),
        ((5, 2), True, [0, 3, 6, 9]),
        ((7, 2), True, [0, 3, 6, 9, 12]),
        ((2, 7), True, [0, 8]),
        ((2, 2, 2), False, [0, 7]),
        ((0, 3), True, []),
        ((3, 0), True, []),
    ],
)
def test_fill_diagonal(shape, wrap, places):
    x = tg.zeros(shape)
    assert x.fill_diagonal_(1.0, wrap) is x
    assert [i for i, v in enumerate(x.flatten().tolist()) if v] == places
    turned = tg.zeros(shape[::-1]).permute(*range(len(shape))[::-1])
    assert turned.fill_diagonal_(1.0, wrap=wrap).tolist() == x.tolist()


def test_fill_diagonal_is_recorded_and_refuses():
    x = tg.ones(2, 2, requires_grad=True)
    (x * 2).fill_diagonal_(0).sum().backward()
    assert x.grad.tolist() == [[0.0, 2.0], [2.0, 0.0]]
    with pytest.raises(RuntimeError, match=r"fill_diagonal_\(\).*\(3,\)"):
        tg.ones(3).fill_diagonal_(0)
    with pytest.raises(RuntimeError, match=r"fill_diagonal_\(\).*\(2, 2, 3\)"):
        tg.ones(2, 2, 3).fill_diagonal_(0)


def test_where_as_a_method():
    x, other = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([5.0, 6.0], requires_grad=True)
    y = x.where(tg.tensor([True, False]), other)
    assert y.tolist() == [1.0, 6.0]
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 0.0]
    assert other.grad.tolist() == [0.0, 1.0]
    assert x.where(condition=tg.tensor([[True], [False]]), other=0).tolist() == [[1.0, 2.0], [0.0, 0.0]]


def test_detach_as_a_function():
    x = tg.ones(2, requires_grad=True)
    y = tg.detach(x * 2)
    assert not y.requires_grad
    z = x * 3
    assert tg.detach_(z) is z
    assert z.grad_fn is None
    assert not z.requires_grad


def test_two_numbers_are_no_tensors():
    """PyTorch compares no two numbers, but adds, subtracts, multiplies and divides them."""
    for name in ("eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "greater_equal"):
        with pytest.raises(TypeError, match="at least one argument must be a Tensor"):
            getattr(tg, name)(2, 3)
    assert tg.add(2, 3).item() == 5
    assert tg.add(2, 3).dtype == tg.int64
    assert tg.div(2, 4).item() == 0.5
    assert tg.mul(2.5, 2).dtype == tg.float32
    # Their gradients compare the number that they were given.
    x = tg.tensor([0.5, 2.0], requires_grad=True)
    tg.xlogy(x, 0.5).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.log([0.5, 0.5]), rtol=1e-6)
