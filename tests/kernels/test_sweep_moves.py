"""What only moves elements, which is exact: copies in every layout, joins, gathers, scatters, sorts."""

from __future__ import annotations

import numpy as np
import pytest
from placing import PLACES, SIZES, Framed, place

import tinygrad_ext as tg

F = tg.nn.functional
FLOATS = ("float32", "float64")
DTYPES = (*FLOATS, "int64", "int32", "uint8", "bool")
LENGTHS = (*SIZES, 127, 128, 129, 1025, 4099)


def draw(rng, dtype, *shape):
    return rng.integers(0, 2 if dtype == "bool" else 200, shape).astype(dtype)


def lay(rng, array):
    return place(array, str(rng.choice(PLACES)))


def same(got, want, what):
    np.testing.assert_array_equal(got.numpy(), want, err_msg=what)


@pytest.mark.parametrize("dtype", DTYPES)
def test_copies(dtype, rng):
    """Transposed, permuted, expanded, out of every place and into another, beside which nothing changes."""
    for n in SIZES:
        m, k = int(rng.integers(1, 71)), int(rng.integers(1, 6))
        x, cube = draw(rng, dtype, m, n), draw(rng, dtype, k, n, m % 9 + 1)
        for where in (PLACES[n % len(PLACES)], str(rng.choice(PLACES))):
            what = f"{where} [{m}, {n}]"
            same(place(x, where).t().contiguous(), x.T, f"transposed {what}")
            same(place(x, where).clone(), x, what)
            into = Framed(np.zeros_like(x.T), where)
            into.tensor.copy_(lay(rng, x).t())
            same(into.tensor, x.T, f"into {what}")
            into.assert_untouched(f"into {what}")
            into.tensor[...] = lay(rng, x[:, :1]).t()
            same(into.tensor, np.broadcast_to(x[:, 0], (n, m)), f"expanded into {what}")
            into.assert_untouched(f"expanded into {what}")
        for order in ((0, 2, 1), (2, 1, 0), (1, 2, 0), (1, 0, 2)):
            t, what = lay(rng, cube), f"{cube.shape} as {order}"
            same(t.permute(order).contiguous(), cube.transpose(order), what)
            same(t.permute(order).reshape(-1), cube.transpose(order).reshape(-1), what)


@pytest.mark.parametrize("dtype", DTYPES)
def test_joins_and_cuts(dtype, rng):
    for n in SIZES:
        m = int(rng.integers(1, 9))
        parts = [draw(rng, dtype, m, size) for size in (n, int(rng.integers(0, 5)), 1, n)]
        placed = [lay(rng, p) for p in parts]
        whole = np.concatenate(parts, 1)
        same(tg.cat(placed, 1), whole, f"cat along 1 of {n}")
        same(tg.cat([p.t() for p in placed], 0), whole.T, f"cat along 0 of {n}")
        for dim in range(3):
            same(
                tg.stack([placed[0], placed[3]], dim),
                np.stack([parts[0], parts[3]], dim),
                f"stack along {dim} of {n}",
            )
        for got, want in zip(
            lay(rng, whole).split(n, 1), np.split(whole, range(n, whole.shape[1], n), 1), strict=True
        ):
            same(got.contiguous(), want, f"split of {n}")
        shift = int(rng.integers(-n, n + 1))
        same(placed[0].roll(shift, 1), np.roll(parts[0], shift, 1), f"roll of {n}")
        same(placed[0].flip(1), parts[0][:, ::-1], f"flip of {n}")
        same(placed[0].repeat_interleave(3, 1), parts[0].repeat(3, 1), f"repeat of {n}")
        same(placed[0].tile(2, 3), np.tile(parts[0], (2, 3)), f"tile of {n}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_gathers(dtype, rng):
    """Rows, columns and elements, also negative positions in brackets, and conditions."""
    for n in SIZES:
        m = int(rng.integers(1, 20))
        x = draw(rng, dtype, n, m)
        for dim, size in ((0, n), (1, m)):
            i = rng.integers(0, size, int(rng.integers(0, 30)))
            same(
                lay(rng, x).index_select(dim, lay(rng, i)),
                np.take(x, i, dim),
                f"index_select {dim} of [{n}, {m}]",
            )
            shape = [m, n][:: 1 if dim else -1]
            at = rng.integers(0, size, (n, 5) if dim else (5, m))
            same(
                lay(rng, x).gather(dim, lay(rng, at)),
                np.take_along_axis(x, at, dim),
                f"gather {dim} of {shape}",
            )
        i, j = rng.integers(-n, n, 7), rng.integers(-m, m, 7)
        same(lay(rng, x)[lay(rng, i)], x[i], f"rows of [{n}, {m}]")
        same(lay(rng, x)[lay(rng, i), lay(rng, j)], x[i, j], f"elements of [{n}, {m}]")
        mask = rng.random((n, m)) < 0.4
        same(lay(rng, x)[lay(rng, mask)], x[mask], f"masked [{n}, {m}]")
        same(lay(rng, mask).nonzero(), np.argwhere(mask), f"nonzero of [{n}, {m}]")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32"])
def test_scatters(dtype, rng):
    """Written and added, into views as well; beside them nothing changes."""
    for n in SIZES:
        m = int(rng.integers(1, 20))
        x = draw(rng, dtype, n, m)
        i = rng.integers(0, n, int(rng.integers(1, 30)))
        src = draw(rng, dtype, len(i), m)
        want = x.copy()
        np.add.at(want, i, src)
        into = Framed(x, str(rng.choice(PLACES)))
        same(into.tensor.index_add(0, lay(rng, i), lay(rng, src)), want, f"index_add into [{n}, {m}]")
        into.tensor.index_add_(0, lay(rng, i), lay(rng, src))
        same(into.tensor, want, f"index_add_ into [{n}, {m}]")
        into.assert_untouched(f"index_add_ into [{n}, {m}]")
        at = rng.integers(0, n, (len(i), m))
        want = x.copy()
        np.add.at(want, (at, np.arange(m)[None]), src)
        into = Framed(x, str(rng.choice(PLACES)))
        into.tensor.scatter_add_(0, lay(rng, at), lay(rng, src))
        same(into.tensor, want, f"scatter_add_ into [{n}, {m}]")
        into.assert_untouched(f"scatter_add_ into [{n}, {m}]")
        order = rng.permutation(n)
        rows = draw(rng, dtype, n, m)
        want = x.copy()
        want[order] = rows
        into = Framed(x, str(rng.choice(PLACES)))
        into.tensor[lay(rng, order)] = lay(rng, rows)
        same(into.tensor, want, f"rows into [{n}, {m}]")
        into.assert_untouched(f"rows into [{n}, {m}]")


@pytest.mark.parametrize("dtype", FLOATS)
def test_embedding(dtype, rng):
    """Rows of every length, and their gradient, which is a sum of small whole numbers."""
    for n in SIZES:
        weight, i = draw(rng, dtype, 11, n), rng.integers(0, 11, (3, int(rng.integers(1, 9))))
        w = lay(rng, weight).requires_grad_()
        y = F.embedding(lay(rng, i), w)
        same(y.detach(), weight[i], f"embedding in {n}")
        dy = draw(rng, dtype, *y.shape)
        y.backward(lay(rng, dy))
        want = np.zeros_like(weight)
        np.add.at(want, i, dy)
        same(w.grad, want, f"gradient of embedding in {n}")


def stable_order(x, descending):
    """The stable order, in which NaN is the largest."""
    keys, last = np.nan_to_num(x.astype("float64"), nan=0.0), np.isnan(x)
    return np.lexsort((-keys, ~last) if descending else (keys, last))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8"])
def test_sorts(dtype, rng):
    """Stable, with ties and NaN, along rows and columns."""
    for n in LENGTHS:
        m = int(rng.integers(1, 4))
        if n % 2:  # with ties
            x = rng.integers(0, max(2, n // 3), (m, n)).astype(dtype)
        else:
            x = rng.permuted(np.tile(np.arange(n), (m, 1)), axis=1).astype(dtype)
        if dtype in FLOATS:
            x = x - x.dtype.type(n / 5)
            x[rng.random((m, n)) < 0.1] = np.nan
        for descending in (False, True):
            order = np.array([stable_order(row, descending) for row in x])
            want = np.take_along_axis(x, order, 1)
            what = f"{n}, descending: {descending}"
            values, indices = lay(rng, x).sort(1, descending=descending, stable=True)
            same(values, want, f"sort of rows of {what}")
            same(indices, order, f"sort of rows of {what}")
            values, indices = lay(rng, x.T.copy()).sort(0, descending=descending, stable=True)
            same(values, want.T, f"sort of columns of {what}")
            same(indices, order.T, f"sort of columns of {what}")
            for k in {1, n // 2, n, int(rng.integers(1, n + 1))} - {0}:
                values, indices = lay(rng, x).topk(k, 1, largest=descending)
                same(values, want[:, :k], f"topk {k} of {what}")
                same(values, np.take_along_axis(x, indices.numpy(), 1), f"indices of topk {k} of {what}")
                assert all(len(set(row)) == k for row in indices.numpy().tolist())
        k = int(rng.integers(1, n + 1))
        values, indices = lay(rng, x).kthvalue(k, 1)
        order = np.array([stable_order(row, False) for row in x])
        same(values, np.take_along_axis(x, order, 1)[:, k - 1], f"kthvalue {k} of {n}")


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
def test_unique_and_searches(dtype, rng):
    for n in SIZES:
        x = rng.integers(0, n + 1, n).astype(dtype)
        values, inverse, counts = tg.unique(lay(rng, x), return_inverse=True, return_counts=True)
        want = np.unique(x, return_inverse=True, return_counts=True)
        for got, w, name in zip(
            (values, inverse, counts), want, ("values", "inverse", "counts"), strict=True
        ):
            same(got, w, f"unique of {n}: {name}")
        edges, at = np.sort(x), rng.integers(0, n + 2, 9).astype(dtype)
        for right in (False, True):
            got = tg.searchsorted(lay(rng, edges), lay(rng, at), right=right)
            same(got, np.searchsorted(edges, at, "right" if right else "left"), f"searchsorted in {n}")
        same(tg.isin(lay(rng, x), lay(rng, at)), np.isin(x, at), f"isin of {n}")
