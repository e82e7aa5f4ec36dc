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
