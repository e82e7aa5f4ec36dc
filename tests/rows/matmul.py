"""Matrix products and contractions."""

from __future__ import annotations

import operator

import numpy as np
from case import FLOATS, NUMBERS, A, Case, V, call, ours, rough, torch

MATMULS = (
    *(
        call(A(*a), A(*b))
        for a, b in (((3,), (3,)), ((0,), (0,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)))
    ),
    *(call(A(n, n), A(n, n)) for n in (1, 2, 16, 33)),
    *(call(A(n), A(n)) for n in (1, 64, 1003)),
    call(A(67, 5), A(5, 131)),
    call(A(3, 300), A(300, 2)),
    call(A(2, 0), A(0, 3)),
    call(A(0, 3), A(3, 4)),
    call(A(5, 2, 3), A(5, 3, 4)),
    call(A(5, 2, 3), A(3, 4)),
    call(A(2, 3), A(5, 3, 4)),
    call(A(5, 2, 3), A(3)),
    call(A(3), A(5, 3, 2)),
    call(A(2, 1, 2, 3), A(5, 3, 4)),
    call(A(1, 2, 3), A(4, 3, 2)),
    call(A(0, 2, 3), A(3, 4)),
    call(A(2, 0, 3), A(3)),
    call(A(3), A(2, 3, 0)),
)


def linear(x, weight, bias=None):
    y = x @ weight.T
    return y if bias is None else y + bias


def product(name, reference, samples, dtypes=NUMBERS, **options):
    return Case(name, reference, samples, dtypes, **{"by_abs": True, "ulp": 4.0, **options})


def scaled(multiply):
    """beta input + alpha product."""

    def reference(x, a, b, *, beta=1, alpha=1):
        y = alpha * multiply(a, b)
        return y if beta == 0 else y + beta * x

    return reference


def scaled_samples(shape, a, b, broadcast):
    first, second = A(*a), A(*b)
    return (
        call(A(*shape), first, second),
        call(A(*shape), first, second, beta=2, alpha=3),
        call(A(*shape), first, second, beta=0.5, alpha=0.25),
        call(A(*broadcast), first, second, alpha=2),
        call(A(*shape), first, second, beta=0),
    )


def last_first(n):
    return tuple(range(-n, 0)), tuple(range(n))


def tensordot(a, b, dims=2):
    return np.tensordot(a, b, dims)


def cdist(a, b, p=2.0, compute_mode=None):
    d = np.abs(a[..., :, None, :] - b[..., None, :, :])
    if d.shape[-1] == 0:
        return np.zeros(d.shape[:-1])
    return np.linalg.norm(d, p, -1)


def first_three(shape):
    return list(shape).index(3)


def torch_cross(a, b, dim=None):
    import torch

    return torch.linalg.cross(a, b, dim=first_three(a.shape) if dim is None else dim)


def vander(x, N=None, increasing=False):
    n = x.shape[-1] if N is None else N
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return x[..., None] ** powers.astype(x.dtype)


EQUATIONS = (
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ij , kj -> k i", (2, 3), (4, 3)),
    ("i,i->i", (5,), (5,)),
    ("i,i", (5,), (5,)),
    ("i,j->ij", (3,), (4,)),
    ("ii->i", (4, 4)),
    ("ii", (4, 4)),
    ("ij->ji", (2, 3)),
    ("ba", (2, 3)),
    ("ij->j", (2, 3)),
    ("ijk->", (2, 3, 4)),
    ("i->i", (3,)),
    ("iij,jk->ik", (3, 3, 2), (2, 4)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("bij,bjk", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (5, 3, 4)),
    ("i...,j...->ij...", (2, 3), (4, 3)),
    ("...i->...", (2, 3, 4)),
    ("bn,anm,bm->ba", (2, 3), (5, 3, 4), (2, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("abc,cd,de,ea->b", (2, 3, 4), (4, 2), (2, 3), (3, 2)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("i,->i", (3,), ()),
    (",", (), ()),
    ("->", ()),
    ("Aa,aA->a", (2, 3), (3, 2)),
    ("ij,ij->", (0, 3), (0, 3)),
    ("ij,jk->ik", (2, 0), (0, 3)),
    ("abcde,efghi->abcdfghi", (1, 2, 1, 2, 3), (3, 2, 1, 2, 1)),
    ("ab,cd,ef->", (2, 3), (3, 2), (2, 2)),
)


def einsum(equation, *operands):
    return np.einsum(equation, *operands, optimize=False)


def multi_dot(tensors):
    y = tensors[0]
    for t in tensors[1:]:
        y = y @ t
    return y


CHAINS = (
    (A(3, 4), A(4, 2)),
    (A(3, 40), A(40, 2), A(2, 5)),
    (A(10, 3), A(3, 20), A(20, 2), A(2, 7)),
    (A(3, 0), A(0, 4), A(4, 2)),
)

ROWS = (
    product("matmul", np.matmul, MATMULS, operator=operator.matmul),
    product("mm", np.matmul, tuple(s for s in MATMULS if [len(a.shape) for a in s.args] == [2, 2])),
    product(
        "bmm",
        np.matmul,
        (call(A(5, 2, 3), A(5, 3, 4)), call(A(0, 2, 3), A(0, 3, 4)), call(A(2, 3, 0), A(2, 0, 4))),
    ),
    product(
        "mv",
        np.matmul,
        (call(A(2, 3), A(3)), call(A(64, 33), A(33)), call(A(3, 0), A(0)), call(A(0, 3), A(3))),
    ),
    product("dot", np.dot, tuple(call(A(n), A(n)) for n in (0, 1, 3, 17, 64, 1003))),
    product("vdot", np.dot, tuple(call(A(n), A(n)) for n in (0, 1, 3, 17, 64, 1003))),
    product(
        "inner",
        np.inner,
        (
            *(call(A(3), A(3)), call(A(2, 3), A(3)), call(A(3), A(2, 3)), call(A(2, 3), A(4, 3))),
            *(call(A(2, 4, 3), A(5, 2, 3)), call(A(), A(2, 3)), call(A(2), A()), call(A(2, 0), A(3, 0))),
        ),
    ),
    product("outer", np.outer, (call(A(3), A(4)), call(A(1), A(1)), call(A(0), A(3)), call(A(40), A(33)))),
    product(
        "addmm",
        scaled(np.matmul),
        (
            *scaled_samples((2, 4), (2, 3), (3, 4), (4,)),
            call(A(), A(33, 20), A(20, 40)),
            call(A(2, 1), A(2, 0), A(0, 3)),
        ),
        inplace=True,
    ),
    product(
        "addmv",
        scaled(np.matmul),
        (*scaled_samples((2,), (2, 3), (3,), ()), call(A(2), A(2, 0), A(0))),
        inplace=True,
    ),
    product(
        "addr",
        scaled(np.outer),
        (*scaled_samples((2, 3), (2,), (3,), (3,)), call(A(0, 3), A(0), A(3))),
        inplace=True,
    ),
    product(
        "baddbmm", scaled(np.matmul), scaled_samples((5, 2, 4), (5, 2, 3), (5, 3, 4), (2, 1)), inplace=True
    ),
    product(
        "addbmm",
        scaled(lambda a, b: (a @ b).sum(0)),
        scaled_samples((2, 4), (5, 2, 3), (5, 3, 4), (4,)),
        inplace=True,
    ),
    product(
        "linear",
        linear,
        (
            call(A(4, 3), A(5, 3), A(5)),
            call(A(4, 3), A(5, 3)),
            call(A(3), A(5, 3), A(5)),
            call(A(2, 4, 3), A(5, 3), A(5)),
            call(A(0, 3), A(5, 3), A(5)),
            call(A(64, 33), A(10, 33), A(10)),
            call(A(4, 3), A(3)),
            call(A(3), A(3)),
        ),
        FLOATS,
        forms=("F",),
    ),
    product(
        "linear_relu",
        lambda x, weight, bias=None: np.maximum(linear(x, weight, bias), 0),
        (
            call(A(4, 3), A(5, 3), A(5)),
            call(A(3), A(5, 3)),
            call(A(2, 4, 3), A(5, 3), A(5)),
            call(A(0, 3), A(5, 3), A(5)),
            rough(A(64, 33), A(90, 33), A(90)),  # some sum is always near the kink
        ),
        FLOATS,
        forms=("F",),
        torch=lambda *args: torch.relu(torch.nn.functional.linear(*args)),
    ),
    product(
        "trace",
        np.trace,
        (call(A(3, 3)), call(A(2, 5)), call(A(5, 2)), call(A(0, 3)), call(A(1, 1)), call(A(40, 40))),
        result="wide",
    ),
    product(
        "kron",
        np.kron,
        (
            *(call(A(2), A(3)), call(A(2, 3), A(4, 5)), call(A(), A(3)), call(A(2, 3), A(4))),
            *(call(A(3), A(2, 4)), call(A(2, 1, 3), A(3, 2, 2)), call(A(0, 2), A(3, 4))),
        ),
    ),
    product(
        "linalg_cross",
        lambda a, b, dim=-1: np.cross(a, b, axis=dim) if a.size and b.size else np.zeros(a.shape, a.dtype),
        (
            *(call(A(3), A(3)), call(A(4, 3), A(4, 3)), call(A(3, 4), A(3, 4), dim=0)),
            *(call(A(4, 3), A(1, 3)), call(A(2, 3, 5), A(2, 3, 5), dim=-2), call(A(0, 3), A(0, 3))),
            call(A(400, 3), A(400, 3)),
        ),
        ("float32", "float64", "int64", "int32"),
        forms=("linalg",),
        scale=8.0,
    ),
    product(
        "cross",
        lambda a, b, dim=None: np.cross(a, b, axis=first_three(a.shape) if dim is None else dim),
        (
            call(A(3), A(3)),
            call(A(3, 4), A(3, 4)),
            call(A(3, 3), A(3, 3)),
            call(A(3, 3), A(3, 3), 1),
            call(A(2, 3), A(2, 3), dim=-1),
        ),
        ("float32", "float64", "int64", "int32"),
        scale=8.0,
        torch=torch_cross,
    ),
    product(
        "linalg_vecdot",
        lambda x, y, dim=-1: (x * y).sum(dim),
        (
            *(call(A(3), A(3)), call(A(4, 3), A(4, 3)), call(A(4, 3), A(3)), call(A(4, 3), A(4, 3), dim=0)),
            *(call(A(2, 1, 3), A(5, 3)), call(A(3, 0), A(3, 0)), call(A(1003), A(1003))),
        ),
        FLOATS,
        forms=("linalg",),
    ),
    product(
        "matrix_power",
        np.linalg.matrix_power,
        (
            *(call(A(3, 3, low=-1.0, high=1.0), n) for n in (0, 1, 2, 3, 5)),
            call(A(2, 3, 3), 3),
            call(A(1, 1), 7),
            call(A(0, 0), 2),
        ),
        ("float32", "float64", "int64"),
        ulp=32.0,
    ),
    product(
        "linalg_multi_dot",
        multi_dot,
        (
            *(call(c) for c in CHAINS),
            call((A(4), A(4, 2))),
            call((A(4), A(4, 2), A(2))),
            call([A(3, 4), A(4, 2), A(2)]),
        ),
        forms=("linalg",),
        layouts=False,
        ulp=16.0,
    ),
    product(
        "chain_matmul",
        lambda *t: multi_dot(t),
        tuple(call(*c) for c in CHAINS),
        forms=("tg",),
        torch=lambda *t: __import__("torch").linalg.multi_dot(t),
        ulp=16.0,
    ),
    product(
        "tensordot",
        tensordot,
        (
            *(call(A(2, 3), A(3, 4), 1), call(A(2, 3), A(4, 5), 0), call(A(2, 3, 4), A(3, 4, 5))),
            *(call(A(2, 3, 4), A(4, 5, 3), dims=((1, 2), (2, 0))), call(A(2, 3), A(3, 2), dims=([-1], [0]))),
            *(call(A(3), A(3), 1), call(A(2, 0), A(0, 3), 1), call(A(2, 3), A(2, 3), dims=([0, 1], [0, 1]))),
        ),
        forms=("tg",),
    ),
    product(
        "einsum",
        einsum,
        tuple(call(e, *(A(*s) for s in shapes)) for e, *shapes in EQUATIONS),
        dtypes=("float32", "float64", "int64"),
        forms=("tg",),
        ulp=8.0,
    ),
    product(
        "vander",
        vander,
        (
            ours(A(4)),
            ours(A(4), 3),
            ours(A(4), N=5, increasing=True),
            ours(A(4), 0),
            ours(V([0.0, 1.0, 2.0]), 3),
        ),
        dtypes=("float32", "float64", "int64"),
        forms=("tg",),
        ulp=8.0,
    ),
    product(
        "linalg_vander",
        lambda x, N=None: vander(x, N, True),
        (call(A(4)), call(A(4), N=3), call(A(2, 3)), call(V([0.0, 1.0, 2.0]), N=4)),
        dtypes=("float32", "float64", "int64"),
        forms=("linalg",),
        ulp=8.0,
    ),
    Case(
        "cdist",
        cdist,
        (
            *(call(A(4, 3, low=-2.0, high=-0.5), A(5, 3, low=0.5), p) for p in (2.0, 1.0, 3.0, 1.5)),
            call(A(4, 3), A(5, 3)),
            call(A(4, 3, distinct=True), A(5, 3), np.inf),
            rough(A(4, 3), A(5, 3), 0.0),
            call(A(2, 4, 3), A(5, 3), p=2.0),
            call(A(2, 1, 4, 3), A(3, 5, 3)),
            call(A(0, 3), A(5, 3)),
            call(A(4, 0), A(5, 0)),
            rough(A(30, 20), A(40, 20)),
            rough(V([[0.0, 1.0], [2.0, 3.0]]), V([[0.0, 1.0]])),
        ),
        FLOATS,
        forms=("tg",),
        ulp=8.0,
        scale=4.0,
        domain=(-2.0, 2.0),
    ),
)
