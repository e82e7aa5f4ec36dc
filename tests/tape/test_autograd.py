"""tg.autograd: grad, the functional interface and the gradient checkers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.autograd.functional import hessian, jacobian, jvp, vjp


def leaf(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_grad_returns_and_does_not_store():
    x, y = leaf(2.0), leaf(3.0)
    gx, gy = tg.autograd.grad(x * x * y, (x, y))
    assert (gx.item(), gy.item()) == (12.0, 4.0)
    assert x.grad is None
    assert y.grad is None
    assert not gx.requires_grad


def test_grad_of_interior_tensors():
    x = leaf(2.0)
    y = x * 3
    z = y * y
    gy, gx = tg.autograd.grad(z, [y, x])
    assert (gy.item(), gx.item()) == (12.0, 36.0)
    assert tg.autograd.grad(x * 2, x)[0].item() == 2.0
    assert tg.autograd.grad(x, x)[0].item() == 1.0


def test_grad_of_several_outputs():
    """The gradient of the weighted sum."""
    x = leaf(1.0, 2.0)
    a, b = x * x, x.sum()
    weights = [tg.tensor([1.0, 10.0], dtype=tg.float64), tg.tensor(100.0, dtype=tg.float64)]
    (g,) = tg.autograd.grad([a, b], x, grad_outputs=weights)
    assert g.tolist() == [102.0, 140.0]
    with pytest.raises((RuntimeError, ValueError)):
        tg.autograd.grad([x * 1, x.sum()], x, grad_outputs=weights[:1])


def test_unused_input():
    x, y = leaf(1.0), leaf(2.0)
    with pytest.raises(RuntimeError, match="allow_unused"):
        tg.autograd.grad(x * 2, [x, y])
    gx, gy = tg.autograd.grad(x * 2, [x, y], allow_unused=True)
    assert gx.item() == 2.0
    assert gy is None


def test_grad_errors():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"scalar|grad"):
        tg.autograd.grad(x * 2, x)
    with pytest.raises(RuntimeError, match="grad"):
        tg.autograd.grad((x * 2).sum(), tg.ones(2))
    with pytest.raises(RuntimeError, match="grad"):
        tg.autograd.grad(tg.ones(()), x)
    y = (x * x).sum()
    tg.autograd.grad(y, x)
    with pytest.raises(RuntimeError, match="retain_graph"):
        tg.autograd.grad(y, x)


def test_grad_runs_only_what_is_needed():
    """The graph below the asked-for tensor is neither run nor its leaves touched."""
    x = leaf(2.0)
    runs = []
    y = x * 3
    y2 = y * 1
    y.register_hook(lambda g: runs.append("below"))
    z = y2 * y2
    assert tg.autograd.grad(z, y2)[0].item() == 12.0
    assert runs == []


def f(x, y):
    return x.exp().sum() * y, x * y


def test_jacobian():
    x, y = leaf(0.5, 1.0, 2.0), leaf(3.0)
    (axx, axy), (bxx, bxy) = jacobian(f, (x, y))
    e = np.exp([0.5, 1.0, 2.0])
    np.testing.assert_allclose(axx.numpy(), 3 * e[None], rtol=1e-15)
    np.testing.assert_allclose(axy.numpy(), [[e.sum()]], rtol=1e-15)
    np.testing.assert_array_equal(bxx.numpy(), 3 * np.eye(3))
    np.testing.assert_array_equal(bxy.numpy(), np.array([[0.5], [1.0], [2.0]]))
    single = jacobian(lambda t: t * t, tg.ones(2, 2, dtype=tg.float64))
    assert tuple(single.shape) == (2, 2, 2, 2)
    np.testing.assert_array_equal(single.numpy().reshape(4, 4), 2 * np.eye(4))
    assert not single.requires_grad
    assert x.grad is None


def test_jacobian_of_unrelated_output_is_zero():
    got = jacobian(lambda t: tg.ones(2, dtype=tg.float64), leaf(1.0, 2.0, 3.0))
    np.testing.assert_array_equal(got.numpy(), np.zeros((2, 3)))


def test_jacobian_create_graph():
    x = leaf(1.0, 2.0)
    jacobian(lambda t: t * t * t, x, create_graph=True).sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]


def test_hessian():
    x = leaf(1.0, 2.0)
    got = hessian(lambda t: (t[0] * t[0] * t[1]).sum() + t[1].exp(), x)
    np.testing.assert_allclose(got.numpy(), [[4.0, 2.0], [2.0, np.exp(2.0)]], rtol=1e-15)
    (aa, ab), (ba, bb) = hessian(lambda a, b: (a * a * b).sum(), (leaf(3.0), leaf(5.0)))
    assert [t.item() for t in (aa, ab, ba, bb)] == [10.0, 6.0, 6.0, 0.0]
    with pytest.raises((RuntimeError, ValueError)):
        hessian(lambda t: t * 2, x)


def test_vjp_and_jvp(rng):
    a = rng.standard_normal((3, 4))
    x = tg.tensor(rng.standard_normal(4))
    v, u = tg.tensor(rng.standard_normal(4)), tg.tensor(rng.standard_normal(3))
    matrix = tg.tensor(a)

    def g(t):
        return (matrix @ t).sin()

    slope = np.cos(a @ x.numpy())[:, None] * a
    value, forward = jvp(g, x, v)
    np.testing.assert_allclose(value.numpy(), np.sin(a @ x.numpy()), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(forward.numpy(), slope @ v.numpy(), rtol=1e-13, atol=1e-14)
    value, back = vjp(g, x, u)
    np.testing.assert_allclose(value.numpy(), np.sin(a @ x.numpy()), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(back.numpy(), slope.T @ u.numpy(), rtol=1e-13, atol=1e-14)
    _, (gx, gy) = vjp(lambda p, q: (p * q).sum(), (leaf(2.0), leaf(3.0)))
    assert (gx.item(), gy.item()) == (3.0, 2.0)


def test_gradcheck_accepts_right_gradients():
    x = tg.tensor([[0.5, -1.0], [2.0, 0.3]], dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradcheck(lambda t: t.tanh() @ t, (x,)) is True
    assert tg.autograd.gradgradcheck(lambda t: t.tanh() @ t, (x,)) is True
    assert tg.autograd.gradcheck(lambda t, n: t * n, (x, 3)) is True


class Wrong(tg.autograd.Function):
    """A square whose gradient is one per cent off."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x * 2.02


class WrongSecond(tg.autograd.Function):
    """A square whose first gradient is right and whose second is cut off."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.detach() * 2


def test_gradcheck_rejects_wrong_gradients():
    x = leaf(1.0, -2.0)
    with pytest.raises(RuntimeError, match=r"(?i)jacobian|gradient"):
        tg.autograd.gradcheck(Wrong.apply, (x,))
    assert tg.autograd.gradcheck(Wrong.apply, (x,), raise_exception=False) is False
    assert tg.autograd.gradcheck(WrongSecond.apply, (x,)) is True
    with pytest.raises(RuntimeError, match=r"(?i)jacobian|gradient"):
        tg.autograd.gradgradcheck(WrongSecond.apply, (x,))
