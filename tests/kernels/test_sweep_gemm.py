"""Matrix products of every size up to 70 and around the sizes where blocks end, however operands lie.

The bound is |fl(AB) - AB| <= gamma_k |A||B| elementwise.
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.5.
"""

from __future__ import annotations

import numpy as np
import pytest
from lib import assert_close
from placing import PLACES, SIZES, Framed, gamma, place

import tinygrad_ext as tg

DTYPES = ("float32", "float64")
# Beside 1, what stands on both sides of a register, a strip and a block.
OTHERS = (1, 2, 7, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 70)
LARGE = (127, 128, 129, 255, 256, 257, 391, 392, 393, 511, 512, 513, 1023, 1024, 1025)


def draw(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


def lay(rng, array, transposed=False):
    """`array` in a place drawn for it; a transposed one lies so that its columns are the rows of memory."""
    where = str(rng.choice(PLACES))
    return (
        place(array.swapaxes(-1, -2), where).swapaxes(-1, -2) if transposed else place(array, where)
    ), where


def wide(*arrays):
    return [a.astype("float64") for a in arrays]


def assert_product(got, a, b, what, c=0.0, beta=0.0, alpha=1.0):
    """`got` is beta c + alpha a b, within the bound."""
    dtype = str(a.dtype)
    a, b, c = wide(a, b, np.asarray(c))
    steps = gamma(a.shape[-1] + (3 if beta or alpha != 1 else 0), dtype)
    want = alpha * (a @ b) + (beta * c if beta else 0.0)
    magnitude = abs(alpha) * (np.abs(a) @ np.abs(b)) + abs(beta) * np.abs(c)
    assert_close(got.numpy(), want, steps * magnitude, what)


def sizes(rng, dim):
    """m, n, k: `dim` takes every size, the other two are drawn."""
    for size in (*SIZES, *LARGE):
        shape = [int(s) for s in rng.choice(OTHERS, 3)]
        shape["mnk".index(dim)] = size
        yield shape


@pytest.mark.parametrize("transposed", ["", "a", "b", "ab"])
@pytest.mark.parametrize("dim", list("mnk"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_matmul(dtype, dim, transposed, rng):
    for m, n, k in sizes(rng, dim):
        a, b = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
        (x, at_x), (y, at_y) = lay(rng, a, "a" in transposed), lay(rng, b, "b" in transposed)
        assert_product(x @ y, a, b, f"[{m}, {k}] {at_x} @ [{k}, {n}] {at_y}")


@pytest.mark.parametrize("dim", list("mnk"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_addmm_and_linear(dtype, dim, rng):
    """Beta and alpha, an input that broadcasts, a bias; with beta 0 the input is not even read."""
    for m, n, k in sizes(rng, dim):
        a, b = draw(rng, dtype, m, k), draw(rng, dtype, k, n)
        c = draw(rng, dtype, *[(m, n), (n,), (m, 1), (1, n), (1, 1)][rng.integers(5)])
        beta, alpha = float(rng.choice([0, 0.5, 1])), float(rng.choice([-2, 1]))
        (x, at_x), (y, at_y), (z, at_z) = lay(rng, a), lay(rng, b, rng.random() < 0.5), lay(rng, c)
        what = f"{beta} {c.shape} {at_z} + {alpha} [{m}, {k}] {at_x} @ [{k}, {n}] {at_y}"
        if beta == 0:
            z = tg.full(c.shape, np.nan, dtype=z.dtype)
        assert_product(tg.addmm(z, x, y, beta=beta, alpha=alpha), a, b, what, c, beta, alpha)
        bias = draw(rng, dtype, n)
        got = tg.nn.functional.linear(x, lay(rng, b.T)[0], lay(rng, bias)[0])
        assert_product(got, a, b, f"linear of [{m}, {k}] {at_x} to {n}", bias, 1.0)


@pytest.mark.parametrize("dim", list("mnk"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_written_into_a_view(dtype, dim, rng):
    """In place and by assignment, wherever the result lies; its neighbours stay."""
    for m, n, k in sizes(rng, dim):
        a, b, c = draw(rng, dtype, m, k), draw(rng, dtype, k, n), draw(rng, dtype, m, n)
        (x, _), (y, _) = lay(rng, a), lay(rng, b)
        where = str(rng.choice(PLACES))
        into = Framed(c, where)
        into.tensor.addmm_(x, y)
        assert_product(into.tensor, a, b, f"addmm_ [{m}, {n}] {where}, k = {k}", c, 1.0)
        into.assert_untouched(f"addmm_ [{m}, {n}] {where}")
        into.tensor[...] = x @ y
        assert_product(into.tensor, a, b, f"assigned [{m}, {n}] {where}, k = {k}")
        into.assert_untouched(f"assigned [{m}, {n}] {where}")


BATCHES = (
    ((3,), (3,)),
    ((1,), (4,)),
    ((4,), (1,)),
    ((2, 1), (1, 3)),
    ((), (3,)),
    ((3,), ()),
    ((2, 2), (2,)),
    ((0,), (1,)),
)


@pytest.mark.parametrize("dim", list("mnk"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_batches(dtype, dim, rng):
    """Batch dims that broadcast, and some that lie transposed."""
    for i, (m, n, k) in enumerate(sizes(rng, dim)):
        batch_a, batch_b = BATCHES[i % len(BATCHES)]
        a, b = draw(rng, dtype, *batch_a, m, k), draw(rng, dtype, *batch_b, k, n)
        (x, at_x), (y, at_y) = lay(rng, a, rng.random() < 0.5), lay(rng, b, rng.random() < 0.5)
        assert_product(x @ y, a, b, f"{a.shape} {at_x} @ {b.shape} {at_y}")
        if len(batch_a) == len(batch_b) == 1 and batch_a == batch_b:
            c = draw(rng, dtype, *batch_a, m, n)
            assert_product(
                tg.baddbmm(lay(rng, c)[0], x, y, alpha=0.5), a, b, f"baddbmm {c.shape}", c, 1.0, 0.5
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_vectors(dtype, rng):
    """Dot, outer, matrix-vector and vector-matrix products, rows and columns that are matrices."""
    for n in (*SIZES, *LARGE):
        for transposed in (False, True):
            m = int(rng.choice(OTHERS))
            matrix, u, v = draw(rng, dtype, m, n), draw(rng, dtype, m), draw(rng, dtype, n)
            (x, at_x), (p, at_p), (q, at_q) = lay(rng, matrix, transposed), lay(rng, u), lay(rng, v)
            what = f"[{m}, {n}] {at_x}{' transposed' * transposed}, [{m}] {at_p}, [{n}] {at_q}"
            assert_product(x @ q, matrix, v, f"matrix-vector: {what}")
            assert_product(p @ x, u, matrix, f"vector-matrix: {what}")
            assert_product(x @ q[:, None], matrix, v[:, None], f"matrix-column: {what}")
            assert_product(p[None] @ x, u[None], matrix, f"row-matrix: {what}")
            assert_product(tg.outer(p, q), u[:, None], v[None], f"outer: {what}")
            assert_product(p[:, None] @ q[None], u[:, None], v[None], f"column-row: {what}")
            other = draw(rng, dtype, n)
            assert_product(q @ lay(rng, other)[0], v, other, f"dot: {what}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_of_zero(dtype):
    """An empty result, or a sum of nothing, which is 0 or the bias."""
    for m in (0, 1, 17):
        for n in (0, 1, 17):
            for k in (0, 1, 17):
                if m and n and k:
                    continue
                a, b, c = np.ones((m, k), dtype), np.ones((k, n), dtype), np.full((m, n), 3, dtype)
                x, y = tg.tensor(a), tg.tensor(b)
                assert_close((x @ y).numpy(), a @ b, 0.0, f"[{m}, {k}] @ [{k}, {n}]")
                assert_close((y.t() @ x.t()).numpy(), b.T @ a.T, 0.0, f"[{n}, {k}] @ [{k}, {m}]")
                assert_close(tg.addmm(tg.tensor(c), x, y).numpy(), c, 0.0, f"addmm {m}, {n}, {k}")
                assert_close(
                    tg.nn.functional.linear(x, y.t(), tg.tensor(c[:1].sum(0))).numpy(), c, 0.0, "linear"
                )
                assert_close(
                    (x.reshape(1, m, k) @ tg.ones(4, k, n, dtype=x.dtype)).numpy(),
                    np.zeros((4, m, n)),
                    0,
                    "bmm",
                )


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_element_does_not_depend_on_its_neighbours(dtype, rng):
    """So a product may be cut anywhere. The tiniest, which are never cut, have an order of their own."""
    for m, n, k in [*sizes(rng, "k"), (393, 513, 300), (200, 1025, 70)]:
        a, b = tg.tensor(draw(rng, dtype, m, k)), tg.tensor(draw(rng, dtype, k, n))
        whole = (a @ b).numpy()
        i, j = int(rng.integers(m)), int(rng.integers(n))
        for rows, columns in (
            (slice(i, None), slice(j + 1)),
            (slice(i, i + 1), slice(None)),
            (slice(None), slice(j, j + 1)),
        ):
            part = whole[rows, columns]
            if part.size * k > 64:
                got = (a[rows] @ b[:, columns]).numpy()
                np.testing.assert_array_equal(got, part, err_msg=f"{m}, {n}, {k}: [{rows}, {columns}]")
