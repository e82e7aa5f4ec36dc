"""Linear algebra: systems, factorisations, norms.

The signs of singular and eigenvectors are fixed before they are compared. What is defined on symmetric
matrices alone has its gradients tested in tests/ops/test_linalg.py.
"""

from __future__ import annotations

import numpy as np
from case import A, Case, V, call, ours, rough
from scipy import linalg

FORMS = ("linalg",)
rng = np.random.default_rng(3)


def regular(*shape, count=1):
    """Well-conditioned matrices."""
    *batch, m, n = shape
    x = rng.uniform(-1, 1, shape)
    return V(np.round(x + 3 * np.eye(m, n) * np.where(rng.random((*batch, 1, 1)) < 0.5, -1, 1), 3))


def positive(*shape):
    x = rng.uniform(-1, 1, shape)
    return V(np.round(x @ np.swapaxes(x, -1, -2) + 2 * np.eye(shape[-1]), 3))


SQUARES = (
    regular(1, 1),
    regular(2, 2),
    regular(3, 3),
    regular(2, 3, 3),
    regular(2, 1, 4, 4),
    regular(0, 3, 3),
    regular(0, 0),
)
LARGE = (regular(60, 60),)
SPREAD = tuple(
    V(np.round(rng.uniform(-1, 1, s) + 2 * np.eye(*s[-2:]) * np.arange(1, s[-1] + 1), 3))
    for s in ((3, 3), (2, 4, 3), (3, 5), (2, 2))
)


def each(f):
    """f over a batch of matrices, where the library's own does not take one."""

    def reference(x, *rest, **options):
        if not x.size:
            return np.zeros(x.shape)
        flat = x.reshape(-1, *x.shape[-2:])
        y = np.array([f(m, *rest, **options) for m in flat])
        return y.reshape(*x.shape[:-2], *y.shape[1:])

    return reference


def case(name, reference, samples, **options):
    return Case(name, reference, tuple(samples), **{"forms": FORMS, "ulp": 64.0, "scale": 64.0, **options})


def solve(a, b, left=True):
    vector = b.ndim == 1 or b.shape == a.shape[:-1]
    y = b[..., None] if vector else b
    if not left:
        return np.swapaxes(np.linalg.solve(np.swapaxes(a, -1, -2), np.swapaxes(y, -1, -2)), -1, -2)
    x = np.linalg.solve(a, y)
    return x[..., 0] if vector else x


SYSTEMS = (
    call(regular(3, 3), A(3)),
    call(regular(3, 3), A(3, 2)),
    call(regular(2, 3, 3), A(2, 3, 4)),
    call(regular(2, 3, 3), A(2, 3)),
    call(regular(3, 3), A(5, 3, 2)),
    call(regular(5, 3, 3), A(3, 2)),
    call(regular(3, 3), A(2, 3), left=False),
    rough(regular(60, 60), A(60, 2)),
    call(regular(0, 3, 3), A(0, 3, 2)),
)


def with_info(f):
    return lambda *args, **options: (f(*args), np.zeros(args[0].shape[:-2], np.int32))


def solve_triangular(a, b, upper, left=True, unitriangular=False):
    t = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        t = t - t * np.eye(t.shape[-1]) + np.eye(t.shape[-1])
    return solve(t, b, left)


def cholesky(a, upper=False):
    a = (
        np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)
        if not upper
        else np.triu(a) + np.swapaxes(np.triu(a, 1), -1, -2)
    )
    factor = np.linalg.cholesky(a)
    return np.swapaxes(factor, -1, -2) if upper else factor


def from_factor(f, upper):
    return np.swapaxes(f, -1, -2) @ f if upper else f @ np.swapaxes(f, -1, -2)


def signs(x):
    """Per column the sign that the library makes positive: of the first element of half the greatest size."""
    first = np.argmax(np.abs(x) >= np.abs(x).max(-2, keepdims=True) / 2, -2)
    return np.sign(np.take_along_axis(x, first[..., None, :], -2))


def thin(x, full_matrices=False):
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return u * signs(u), s, np.swapaxes(signs(u), -1, -2) * vh


def eigh(x):
    w, v = np.linalg.eigh(x)
    return w, v * signs(v)


def torch_signs(x):
    import torch

    return torch.tensor(signs(x.detach().numpy()))


def torch_svd(x, full_matrices=False):
    import torch

    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    return u * torch_signs(u), s, torch_signs(u).mT * vh


def torch_eigh(x):
    import torch

    w, v = torch.linalg.eigh(x)
    return w, v * torch_signs(v)


def in_torch(name):
    """PyTorch's function of that dotted name; the older names warn."""

    def function(*args, **options):
        import torch

        f = torch
        for part in name.split("."):
            f = getattr(f, part)
        return f(*args, **options)

    return function


ROWS = (
    case("inverse", np.linalg.inv, (*map(call, SQUARES), *map(rough, LARGE)), forms=("tg", "method")),
    case("linalg_inv_ex", with_info(np.linalg.inv), map(call, SQUARES), result=("same", "int32")),
    case(
        "det",
        np.linalg.det,
        (*map(call, SQUARES), rough(V([[1.0, 2.0], [2.0, 4.0]])), rough(V(np.zeros((3, 3))))),
        forms=("tg", "method"),
        scale=1024.0,
    ),
    case(
        "slogdet",
        lambda a: tuple(np.linalg.slogdet(a)),
        (*map(call, SQUARES), *map(rough, LARGE)),
        forms=("tg", "method"),
    ),
    case(
        "logdet",
        lambda a: np.log(np.linalg.det(a)),
        (
            *(call(positive(*s)) for s in ((1, 1), (3, 3), (2, 3, 3), (0, 0))),
            rough(V([[1.0, 0.0], [0.0, -1.0]])),
            rough(V(np.zeros((2, 2)))),
        ),
        forms=("tg", "method"),
    ),
    case("linalg_solve", solve, SYSTEMS),
    case("linalg_solve_ex", with_info(solve), (s for s in SYSTEMS if not s.kwargs), result=("same", "int32")),
    case(
        "linalg_solve_triangular",
        solve_triangular,
        (
            *(call(regular(3, 3), A(3, 2), upper=u) for u in (True, False)),
            call(regular(3, 3), A(3, 2), upper=True, unitriangular=True),
            call(regular(3, 3), A(2, 3), upper=False, left=False),
            call(regular(2, 3, 3), A(2, 3, 2), upper=False, left=True, unitriangular=True),
            call(regular(3, 3), A(5, 3, 2), upper=True),
            call(regular(40, 40), A(40, 1), upper=False),
        ),
    ),
    case(
        "cholesky",
        cholesky,
        (
            *(rough(positive(*s), u) for s in ((1, 1), (3, 3), (2, 4, 4)) for u in (False, True)),
            rough(positive(60, 60)),
            rough(positive(0, 0)),
        ),
        forms=("tg", "method"),
        layouts=False,
        torch=lambda a, upper=False: in_torch("linalg.cholesky")(a, upper=upper),
    ),
    case(
        "linalg_cholesky_ex",
        lambda a, **options: (cholesky(a, **options), np.zeros(a.shape[:-2], np.int32)),
        (rough(positive(3, 3)), rough(positive(2, 3, 3), upper=True)),
        result=("same", "int32"),
        layouts=False,
    ),
    case(
        "cholesky_solve",
        lambda b, factor, upper=False: np.linalg.solve(
            from_factor(np.triu(factor) if upper else np.tril(factor), upper), b
        ),
        (
            ours(A(3, 2), regular(3, 3)),
            ours(A(3, 2), regular(3, 3), True),
            ours(A(2, 3, 1), regular(2, 3, 3), upper=False),
        ),
        forms=("tg", "method"),
        ulp=512.0,
        scale=512.0,
    ),
    case(
        "cholesky_inverse",
        lambda factor, upper=False: np.linalg.inv(
            from_factor(np.triu(factor) if upper else np.tril(factor), upper)
        ),
        (ours(regular(3, 3)), ours(regular(3, 3), True), ours(regular(2, 3, 3), upper=False)),
        forms=("tg", "method"),
        ulp=512.0,
        scale=512.0,
    ),
    case(
        "linalg_tensorinv",
        lambda a, ind=2: np.linalg.tensorinv(a, ind),
        (
            call(V(regular(6, 6).values.reshape(2, 3, 3, 2))),
            call(V(regular(6, 6).values.reshape(6, 2, 3)), ind=1),
        ),
    ),
    case(
        "linalg_tensorsolve",
        lambda a, b, dims=None: np.linalg.tensorsolve(a, b, dims),
        (
            call(V(regular(6, 6).values.reshape(2, 3, 3, 2)), A(2, 3)),
            call(V(np.moveaxis(regular(6, 6).values.reshape(2, 3, 6), -1, 0)), A(2, 3), dims=(0,)),
        ),
    ),
    case(
        "linalg_qr",
        np.linalg.qr,
        (*map(call, SPREAD), call(SPREAD[0], "complete"), rough(SPREAD[1], mode="complete"), rough(A(60, 3))),
    ),
    case("qr", np.linalg.qr, map(call, SPREAD), forms=("tg", "method"), torch=in_torch("linalg.qr")),
    case("linalg_svd", thin, (call(s, False) for s in SPREAD), scale=256.0, torch=torch_svd),
    case(
        "svd",
        lambda x: (thin(x)[0], thin(x)[1], np.swapaxes(thin(x)[2], -1, -2)),
        map(call, SPREAD),
        forms=("tg", "method"),
        scale=256.0,
        torch=lambda x: (*torch_svd(x)[:2], torch_svd(x)[2].mT),
    ),
    case(
        "linalg_svdvals",
        lambda a: np.linalg.svd(a, compute_uv=False),
        (*map(call, SPREAD), rough(A(0, 3)), rough(A(60, 20))),
    ),
    case(
        "linalg_eigh",
        eigh,
        (rough(positive(3, 3)), rough(positive(2, 4, 4)), rough(positive(60, 60))),
        scale=4096.0,
        layouts=False,
        torch=torch_eigh,
    ),
    case(
        "linalg_eigvalsh",
        lambda a, UPLO="L": np.linalg.eigvalsh(a, UPLO),
        (rough(A(3, 3)), rough(A(2, 4, 4), "U"), rough(A(60, 60)), rough(A(0, 0))),
    ),
    case(
        "linalg_pinv",
        lambda a, atol=None, rtol=None, hermitian=False: np.linalg.pinv(
            a, rtol if rtol is not None else 1e-6
        ),
        (
            *map(call, SPREAD),
            rough(V([[1.0, 2.0], [2.0, 4.0]])),
            rough(V(np.zeros((2, 3)))),
            rough(A(0, 3)),
            call(SPREAD[1], rtol=1e-3),
        ),
        ulp=256.0,
    ),
    case("pinverse", np.linalg.pinv, map(call, SPREAD), forms=("tg", "method"), ulp=256.0),
    case(
        "linalg_matrix_rank",
        lambda a, atol=None: np.linalg.matrix_rank(a, tol=atol),
        (
            rough(regular(3, 3)),
            rough(V([[1.0, 2.0], [2.0, 4.0]])),
            rough(V(np.zeros((2, 2, 3)))),
            rough(regular(2, 3, 5), atol=1.5),
            rough(A(0, 3)),
        ),
        result="int64",
        order=0,
    ),
    case(
        "linalg_lstsq",
        lambda a, b: (np.linalg.pinv(a) @ b, np.zeros(0), np.linalg.matrix_rank(a), np.zeros(0)),
        (
            call(regular(5, 3), A(5, 2)),
            call(regular(3, 3), A(3, 1)),
            call(regular(2, 3, 5), A(2, 3, 2)),
            call(regular(5, 3), A(5)),
        ),
        ulp=256.0,
        result=("same", "same", "int64", "same"),
        order=0,
    ),
    case(
        "matrix_exp",
        each(linalg.expm),
        (
            *(call(A(*s)) for s in ((1, 1), (3, 3), (2, 4, 4), (0, 0))),
            rough(A(3, 3, low=-9.0, high=9.0)),
            rough(V(np.zeros((3, 3)))),
        ),
        forms=("tg", "method"),
        ulp=512.0,
        scale=64.0,
    ),
)
