"""Linear algebra beyond its rows: gradients on symmetric matrices, all sizes, failures, names."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinygrad_ext as tg
from tinygrad_ext.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(0)
SHAPES = ((3, 3), (2, 4, 3), (3, 5))


def leaf(values):
    return tg.tensor(np.asarray(values, np.float64), requires_grad=True)


def normal(*shape):
    return rng.normal(size=shape)


def symmetrized(x):
    return (x + x.transpose(-1, -2)) * 0.5


def spd(x):
    return x @ x.transpose(-1, -2) + tg.eye(x.shape[-1], dtype=tg.float64)


SYMMETRIC = {
    "cholesky": lambda x: tg.linalg.cholesky(spd(x)),
    "cholesky upper": lambda x: tg.linalg.cholesky(spd(x), upper=True),
    "eigvalsh": lambda x: tg.linalg.eigvalsh(symmetrized(x), "U"),
    "eigh": lambda x: tg.linalg.eigh(symmetrized(x))[1] ** 2,
    "pinv hermitian": lambda x: tg.linalg.pinv(symmetrized(x), hermitian=True),
}


@pytest.mark.parametrize("name", SYMMETRIC)
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3)], ids=str)
def test_gradients_of_symmetric_matrices(name, shape):
    x = leaf(normal(*shape))
    assert gradcheck(SYMMETRIC[name], x)
    assert gradgradcheck(SYMMETRIC[name], x)


INVARIANT = {
    "svd full": lambda x: tg.linalg.svd(x).S,
    "svd |U|": lambda x: tg.linalg.svd(x, full_matrices=False).U ** 2,
    "svd |V|": lambda x: tg.linalg.svd(x, full_matrices=False).Vh ** 2,
    "qr": lambda x: tg.linalg.qr(x).Q,
    "qr r": lambda x: tg.linalg.qr(x, "r").R,
    "lstsq": lambda x: tg.linalg.lstsq(x, tg.ones(*x.shape[:-1], 2, dtype=tg.float64)).solution,
    "residuals": lambda x: tg.linalg.lstsq(x, tg.ones(*x.shape[:-1], 2, dtype=tg.float64), driver="gelsd")[1],
}


@pytest.mark.parametrize("name", INVARIANT)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_of_factors(name, shape):
    x = leaf(normal(*shape))
    if INVARIANT[name](x).numel() == 0:
        return
    assert gradcheck(INVARIANT[name], x)
    assert gradgradcheck(INVARIANT[name], x)


@pytest.mark.parametrize(
    "shape", [(1, 1), (5, 5), (7, 3), (3, 7), (16, 16), (17, 17), (40, 8), (2, 0), (0, 2), (0, 0), (3, 4, 2)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rank", [None, 1, 0])
def test_factors_of_all_sizes(shape, dtype, rank):
    """Orthogonal factors that multiply to the matrix, from here and from LAPACK, also of deficient ones."""
    *_, m, n = shape
    x = normal(*shape) if rank is None else normal(*shape[:-1], rank) @ normal(*shape[:-2], rank, n)
    x = x.astype(dtype)
    t = tg.tensor(x)
    tolerance = {
        "rtol": 0,
        "atol": 40 * np.finfo(dtype).eps * max(1.0, np.abs(x).max(initial=0)) * max(m, n, 1),
    }

    def orthogonal(q):
        assert_allclose(
            np.swapaxes(q, -1, -2) @ q,
            np.broadcast_to(np.eye(q.shape[-1]), (*shape[:-2], *[q.shape[-1]] * 2)),
            **tolerance,
        )

    for full in (False, True):
        u, s, vh = (p.numpy() for p in tg.linalg.svd(t, full))
        k = min(m, n)
        assert u.shape == (*shape[:-2], m, m if full else k)
        assert vh.shape == (*shape[:-2], n if full else k, n)
        assert_allclose((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], x, **tolerance)
        assert (np.diff(s, axis=-1) <= 0).all()
        assert (s >= 0).all()
        orthogonal(u)
        orthogonal(np.swapaxes(vh, -1, -2))
        q, r = (p.numpy() for p in tg.linalg.qr(t, "complete" if full else "reduced"))
        assert_allclose(q @ r, x, **tolerance)
        assert_allclose(r, np.triu(r), rtol=0, atol=0)
        orthogonal(q)
    assert_allclose(tg.linalg.svdvals(t).numpy(), s, **tolerance)
    if m == n:
        a = x + np.swapaxes(x, -1, -2)
        w, v = (p.numpy() for p in tg.linalg.eigh(tg.tensor(a)))
        assert_allclose((v * w[..., None, :]) @ np.swapaxes(v, -1, -2), a, rtol=0, atol=4 * tolerance["atol"])
        assert (np.diff(w, axis=-1) >= 0).all()
        orthogonal(v)


def test_extreme_magnitudes():
    for scale in (1e-200, 1e200):
        x = scale * np.array([[3.0, 1.0], [1.0, 2.0]])
        assert_allclose(tg.linalg.svdvals(tg.tensor(x)).numpy(), np.linalg.svd(x)[1], rtol=1e-14)
        assert_allclose(tg.linalg.eigvalsh(tg.tensor(x)).numpy(), np.linalg.eigvalsh(x), rtol=1e-14)
        assert_allclose(tg.linalg.qr(tg.tensor(x)).R.numpy(), np.linalg.qr(x)[1], rtol=1e-14)


SINGULAR = tg.tensor([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tg.linalg.inv(SINGULAR), r"linalg.inv\(\): the matrix is singular: the diagonal element 2"),
        (lambda: tg.linalg.solve(SINGULAR, tg.ones(2)), r"linalg.solve\(\): the matrix is singular"),
        (lambda: tg.linalg.inv(tg.stack([tg.eye(2), SINGULAR])), "batch element 1: "),
        (lambda: tg.linalg.inv(tg.zeros(60, 60)), "the diagonal element 1 "),
        (lambda: tg.linalg.cholesky(-SINGULAR), "not positive-definite: its leading minor of order 1"),
        (lambda: tg.linalg.cholesky(SINGULAR - tg.eye(2) * 0.5), "order 2"),
        (lambda: tg.linalg.svd(tg.full((2, 2), float("nan"))), "did not converge"),
        (lambda: tg.linalg.eigh(tg.full((2, 2), float("nan"))), "did not converge"),
    ],
)
def test_failures(call, says):
    with pytest.raises(tg.linalg.LinAlgError, match=says) as caught:
        call()
    assert isinstance(caught.value, RuntimeError)


def test_complex_results_are_refused():
    for f in (tg.linalg.eig, tg.linalg.eigvals):
        with pytest.raises(RuntimeError, match="complex"):
            f(tg.eye(2))


def test_failures_as_information():
    inverse, info = tg.linalg.inv_ex(tg.stack([tg.eye(2), SINGULAR]))
    assert info.tolist() == [0, 2]
    assert inverse[0].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert tg.linalg.solve_ex(SINGULAR, tg.ones(2)).info.item() == 2
    assert tg.linalg.cholesky_ex(SINGULAR - tg.eye(2) * 0.5).info.item() == 2
    for f in (tg.linalg.inv_ex, tg.linalg.cholesky_ex):
        with pytest.raises(tg.linalg.LinAlgError):
            f(-SINGULAR, check_errors=True)


def test_named_results():
    assert [*map(float, tg.linalg.slogdet(-tg.eye(3)))] == [-1.0, 0.0]
    result = tg.linalg.qr(tg.eye(2))
    assert result.Q is result[0]
    assert (tg.linalg.svd(tg.eye(2)).S.tolist(), tg.svd(tg.eye(2)).V.shape) == ([1.0, 1.0], (2, 2))


def test_det_of_singular_matrices():
    """The matrix of cofactors, where PyTorch gives zeros."""
    x = leaf([[1.0, 2.0], [2.0, 4.0]])
    tg.det(x).backward()
    assert_allclose(x.grad.numpy(), [[4.0, -2.0], [-2.0, 1.0]], rtol=1e-12)
    x = leaf(np.zeros((3, 3)))
    tg.det(x).backward()
    assert_allclose(x.grad.numpy(), 0.0, atol=1e-15)


def test_complete_qr_is_not_differentiable():
    x = leaf(normal(4, 2))
    with pytest.raises(RuntimeError, match="mode='complete'"):
        tg.linalg.qr(x, "complete").Q.sum().backward()


def test_beta_zero_ignores_the_input():
    nan = tg.full((2, 2), float("nan"))
    for y in (
        tg.addmm(nan, tg.eye(2), tg.eye(2), beta=0),
        tg.addr(nan, tg.ones(2), tg.ones(2), beta=0),
        tg.baddbmm(nan, tg.ones(1, 2, 1), tg.ones(1, 1, 2), beta=0),
    ):
        assert not tg.isnan(y).any()


@pytest.mark.parametrize(
    "equation",
    [
        "ij,jk->ijl",
        "ij,jk->iik",
        "ij->ij,",
        "i.j,jk",
        "....ij,jk",
        "ij,jk-ik",
        "ij",
        "ijk,jk",
        "i1,jk",
        "ij,kk->i",
        "ij,ik->jk ",
    ],
)
def test_wrong_equations(equation):
    with pytest.raises((RuntimeError, ValueError), match=r"einsum\(\)"):
        tg.einsum(equation, tg.ones(2, 3), tg.ones(3, 4))


def test_einsum_of_sublists():
    a, b = tg.tensor(normal(2, 3)), tg.tensor(normal(3, 4))
    want = (a @ b).tolist()
    assert tg.einsum(a, [0, 1], b, [1, 2], [0, 2]).tolist() == want
    assert tg.einsum(a, [..., 1], b, [1, 2], [..., 2]).tolist() == want
    assert tg.einsum("ij,jk", [a, b]).tolist() == want
    assert tg.einsum("i...->i", a).tolist() == a.sum(1).tolist()
    with pytest.raises(ValueError, match="at least one operand"):
        tg.einsum("ij")
    with pytest.raises(ValueError, match="no list of subscripts"):
        tg.einsum(a, [0, 1], b)
    with pytest.raises(RuntimeError, match="52"):
        tg.einsum(a, [0, 52])
