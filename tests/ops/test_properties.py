"""Laws that hold for every shape, checked on shapes that Hypothesis makes up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_ext as tg

QUICK = settings(max_examples=100, deadline=None, derandomize=True, database=None)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
SOLID = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5)


def filled(shape) -> np.ndarray:
    """Distinct small integers as float64: sums and products of a few of them are exact."""
    return np.arange(int(np.prod(shape)), dtype="float64").reshape(shape) - 3


def same(t, want) -> None:
    """Equal shape and equal numbers."""
    want = np.asarray(want)
    assert tuple(t.shape) == want.shape
    np.testing.assert_array_equal(np.asarray(t.detach().numpy()), want)


@QUICK
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
def test_broadcasting(shapes):
    """Values as NumPy's; the gradient of a broadcast input is the sum over what was repeated."""
    a, b = (filled(s) for s in shapes.input_shapes)
    x, y = tg.tensor(a, requires_grad=True), tg.tensor(b, requires_grad=True)
    product = x * y
    same(product, a * b)
    same(x - y, a - b)
    same(tg.where(x > y, x, y), np.maximum(a, b))
    product.sum().backward()
    ones = np.ones(shapes.result_shape)
    for grad, other, shape in ((x.grad, b, a.shape), (y.grad, a, b.shape)):
        full = ones * other
        lead = full.ndim - len(shape)
        stretched = tuple(i + lead for i, n in enumerate(shape) if n == 1 and full.shape[i + lead] != 1)
        same(grad, full.sum(axis=(*range(lead), *stretched), keepdims=True).reshape(shape))


@QUICK
@given(SOLID, SOLID)
def test_incompatible_shapes_are_refused(a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises((RuntimeError, ValueError), match="add"):
            tg.add(tg.zeros(a), tg.zeros(b))
    else:
        assert tuple((tg.zeros(a) + tg.zeros(b)).shape) == np.broadcast_shapes(a, b)


@QUICK
@given(SHAPES, st.randoms(use_true_random=False))
def test_permute_round_trip(shape, random):
    order = list(range(len(shape)))
    random.shuffle(order)
    a = filled(shape)
    x = tg.tensor(a, requires_grad=True)
    y = x.permute(tuple(order))
    same(y, a.transpose(order))
    back = y.permute(tuple(int(i) for i in np.argsort(order)))
    same(back, a)
    same(y.contiguous(), a.transpose(order))
    same(y.reshape(-1) if y.numel() else y, a.transpose(order).ravel() if a.size else a.transpose(order))
    (y * tg.tensor(a.transpose(order).copy())).sum().backward()
    same(x.grad, a)


@QUICK
@given(SOLID, st.data())
def test_reshape_round_trip(shape, data):
    a = filled(shape)
    n = a.size
    first = data.draw(st.sampled_from([d for d in range(1, n + 1) if n % d == 0]))
    x = tg.tensor(a)
    same(x.reshape(first, -1), a.reshape(first, -1))
    same(x.reshape(first, -1).reshape(shape), a)
    same(x.view(-1).view(first, n // first), a.reshape(first, -1))
    same(x.flatten(), a.ravel())


@QUICK
@given(SHAPES, st.data())
def test_reductions(shape, data):
    """Sums of small integers are exact, so equality is exact; every subset of dimensions."""
    a = filled(shape)
    dims = data.draw(st.sets(st.integers(0, max(a.ndim - 1, 0)), max_size=a.ndim)) if a.ndim else set()
    keep = data.draw(st.booleans())
    dims = tuple(d - a.ndim if data.draw(st.booleans()) else d for d in dims)
    if not dims:
        same(tg.tensor(a).sum(), a.sum())
        return
    x = tg.tensor(a, requires_grad=True)
    y = x.sum(dim=dims, keepdim=keep)
    same(y, a.sum(axis=dims, keepdims=keep))
    y.sum().backward()
    same(x.grad, np.ones(shape))
    same((tg.tensor(a) > 0).sum(dim=dims, keepdim=keep), (a > 0).sum(axis=dims, keepdims=keep))
    if all(a.shape[d] for d in dims):
        same(tg.amax(x, dim=dims, keepdim=keep), a.max(axis=dims, keepdims=keep))
        same(tg.amin(x, dim=dims, keepdim=keep), a.min(axis=dims, keepdims=keep))
    d = dims[0]
    if a.shape[d]:
        values, indices = tg.tensor(a).max(dim=d, keepdim=keep)
        same(values, a.max(axis=d, keepdims=keep))
        same(indices, a.argmax(axis=d, keepdims=keep))


@QUICK
@given(SOLID, st.data())
def test_cat_undoes_split(shape, data):
    a = filled(shape)
    dim = data.draw(st.integers(-a.ndim, a.ndim - 1))
    size = data.draw(st.integers(1, a.shape[dim] + 1))
    pieces = tg.tensor(a).split(size, dim)
    assert len(pieces) == -(-a.shape[dim] // size)
    same(tg.cat(pieces, dim), a)
    same(tg.stack(tg.tensor(a).unbind(dim), dim), a)


def forward_slices(n):
    """Slices with positive steps: negative ones are refused, as in PyTorch."""
    edge = st.none() | st.integers(-n - 2, n + 2)
    return st.builds(slice, edge, edge, st.none() | st.integers(1, 3))


@st.composite
def basic_keys(draw, shape):
    """Integers, slices, None and one Ellipsis."""
    key = [
        draw(st.one_of(st.integers(-n, n - 1), forward_slices(n)))
        for n in shape[: draw(st.integers(0, len(shape)))]
    ]
    if draw(st.booleans()):
        key = [*key, Ellipsis] if draw(st.booleans()) or len(key) < len(shape) else [Ellipsis, *key]
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    return tuple(key)


@QUICK
@given(SOLID, st.data())
def test_basic_indexing(shape, data):
    """Reading, its gradient, and writing."""
    key = data.draw(basic_keys(shape))
    a = filled(shape)
    x = tg.tensor(a, requires_grad=True)
    y = x[key]
    same(y, a[key])
    y.sum().backward()
    want = np.zeros(shape)
    want[key] += 1
    same(x.grad, want)
    t, b = tg.tensor(a), a.copy()
    value = filled(a[key].shape) * 10
    t[key] = tg.tensor(value)
    b[key] = value
    same(t, b)
    t[key] = 5
    b[key] = 5
    same(t, b)


@QUICK
@given(SOLID, st.data())
def test_array_indexing(shape, data):
    """One to three integer arrays that broadcast, beside slices; repeated positions accumulate gradients.

    Zero-dimensional ones select like a plain integer, as in PyTorch but not in NumPy: test_indexing.py.
    """
    count = data.draw(st.integers(1, min(3, len(shape))))
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=count, min_dims=1, max_dims=2, max_side=3)
    )
    dims = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=count, max_size=count)))
    key = [data.draw(forward_slices(n)) for n in shape]
    for d, s in zip(dims, shapes.input_shapes, strict=True):
        key[d] = data.draw(hnp.arrays("int64", s, elements=st.integers(-shape[d], shape[d] - 1)))
    a = filled(shape)
    x = tg.tensor(a, requires_grad=True)
    theirs = tuple(key)
    ours = tuple(tg.tensor(k) if isinstance(k, np.ndarray) else k for k in key)
    same(x[ours], a[theirs])
    x[ours].sum().backward()
    want = np.zeros(shape)
    np.add.at(want, theirs, 1)
    same(x.grad, want)


@QUICK
@given(SOLID, st.data())
def test_mask_indexing(shape, data):
    lead = data.draw(st.integers(1, len(shape)))
    mask = data.draw(hnp.arrays(bool, shape[:lead]))
    a = filled(shape)
    x = tg.tensor(a, requires_grad=True)
    y = x[tg.tensor(mask)]
    same(y, a[mask])
    y.sum().backward()
    want = np.zeros(shape)
    want[mask] = 1
    same(x.grad, want)
    t, b = tg.tensor(a), a.copy()
    t[tg.tensor(mask)] = tg.tensor(filled(a[mask].shape) * 2)
    b[mask] = filled(a[mask].shape) * 2
    same(t, b)


@QUICK
@given(
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 6),
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3),
)
def test_matmul(m, k, n, batch):
    """Products of small integers are exact."""
    left, right = batch.input_shapes
    a, b = filled((*left, m, k)), filled((*right, k, n))
    same(tg.tensor(a) @ tg.tensor(b), a @ b)
    same(tg.tensor(a.swapaxes(-1, -2).copy()).transpose(-1, -2) @ tg.tensor(b), a @ b)


@QUICK
@given(
    hnp.arrays("float32", hnp.array_shapes(min_dims=0, max_dims=3, min_side=0), elements=st.floats(width=32))
)
def test_numpy_round_trip(a):
    """Every bit pattern survives, NaN payloads aside."""
    same(tg.from_numpy(a.copy()), a)
    same(tg.tensor(a), a)
    if a.size:
        assert np.array_equal(np.array(tg.tensor(a).tolist(), "float32"), a, equal_nan=True)
