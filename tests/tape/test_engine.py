"""Reverse mode: what is accumulated where, what is kept, what is freed, and what is refused."""

from __future__ import annotations

import gc

import pytest

import tinygrad_ext as tg


def leaf(*values, dtype=None):
    return tg.tensor(list(values), dtype=dtype or tg.float64, requires_grad=True)


def test_leaves_accumulate():
    x = leaf(1.0, 2.0)
    assert x.grad is None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    (x * x).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert x.is_leaf
    assert not (x * 2).is_leaf


def test_gradient_is_not_shared_between_leaves():
    """Both inputs of an addition receive the same incoming gradient, but own their own copy."""
    x, y = leaf(1.0), leaf(2.0)
    (x + y).sum().backward()
    x.grad += 10
    assert y.grad.tolist() == [1.0]


def test_incoming_gradient_is_not_kept():
    """The tensor given to backward() may be changed afterwards."""
    x = leaf(1.0, 2.0)
    seed = tg.tensor([1.0, 1.0], dtype=tg.float64)
    (x + 0).backward(seed)
    x.grad.mul_(5)
    assert seed.tolist() == [1.0, 1.0]
    seed.zero_()
    assert x.grad.tolist() == [5.0, 5.0]


def test_shared_nodes_and_diamonds():
    """Every path counts once: y = x^2, z = y^3 + y, dz/dx = (3 y^2 + 1) 2 x."""
    x = leaf(2.0)
    y = x * x
    z = y * y * y + y
    z.backward()
    assert x.grad.item() == (3 * 16.0 + 1) * 4

    x = leaf(1.5)
    y = x
    for _ in range(40):  # 2^40 paths
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**40


def test_same_tensor_twice_in_one_op():
    x = leaf(3.0)
    (x * x).backward()
    assert x.grad.item() == 6.0
    x.grad = None
    tg.cat([x, x, x]).sum().backward()
    assert x.grad.item() == 3.0
    x.grad = None
    tg.stack([x, x]).prod().backward()
    assert x.grad.item() == 6.0


def test_only_wanted_branches():
    """A branch without requires_grad takes no gradient; a constant result refuses backward."""
    x, c = leaf(2.0), tg.tensor([5.0], dtype=tg.float64)
    (x * c).sum().backward()
    assert c.grad is None
    assert x.grad.item() == 5.0
    with pytest.raises(RuntimeError, match="grad"):
        (c * c).sum().backward()


def test_several_backwards_from_one_graph():
    x = leaf(3.0)
    y = (x * x).exp().sum()
    y.backward(retain_graph=True)
    once = x.grad.item()
    y.backward(retain_graph=True)
    assert x.grad.item() == 2 * once
    y.backward()
    assert x.grad.item() == 3 * once
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()
    assert x.grad.item() == 3 * once


def test_shared_part_of_a_freed_graph():
    """The second of two losses over one freed trunk is refused too."""
    x = leaf(1.0, 2.0)
    trunk = (x * x).exp()
    first, second = trunk.sum(), (trunk * trunk).sum()
    first.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        second.backward()


def test_backward_argument():
    x = leaf(1.0, 2.0)
    y = x * x
    with pytest.raises(RuntimeError, match=r"scalar|gradient"):
        y.backward()
    y.backward(tg.tensor([1.0, 10.0], dtype=tg.float64))
    assert x.grad.tolist() == [2.0, 40.0]
    for bad in (tg.ones(3, dtype=tg.float64), tg.ones(2, 1, dtype=tg.float64)):
        with pytest.raises((RuntimeError, ValueError), match=r"shape|size"):
            (x * x).backward(bad)
    assert x.grad.tolist() == [2.0, 40.0]
    # One element counts as a scalar whatever its number of dimensions.
    (x[:1] * 2).backward()
    assert x.grad.tolist() == [4.0, 40.0]


def test_backward_of_several_and_into_inputs():
    x, y = leaf(1.0), leaf(2.0)
    z = x * y
    z.backward(inputs=[x])
    assert x.grad.item() == 2.0
    assert y.grad is None


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_create_graph():
    """d^n/dx^n of x^4 by repeated differentiation."""
    x = leaf(3.0)
    y = x * x * x * x
    for want in (4 * 27.0, 12 * 9.0, 24 * 3.0, 24.0):
        (y,) = tg.autograd.grad(y, x, create_graph=True)
        assert y.item() == want
    x = leaf(2.0)
    (x * x * x).backward(create_graph=True)
    assert x.grad.requires_grad
    g = x.grad
    x.grad = None
    g.backward()
    assert x.grad.item() == 12.0


def test_gradient_penalty():
    """A loss of a gradient: mixed second derivatives reach the weights."""
    w, x = leaf(2.0), leaf(3.0)
    y = (w * x * x).sum()
    (g,) = tg.autograd.grad(y, x, create_graph=True)
    (g * g).sum().backward()  # (2 w x)^2
    assert w.grad.item() == 8 * 2.0 * 9.0
    assert x.grad.item() == 8 * 4.0 * 3.0


def test_retain_grad():
    x = leaf(2.0)
    y = x * 3
    z = y * y
    y.retain_grad()
    assert y.grad is None
    z.backward()
    assert y.grad.item() == 12.0
    assert x.grad.item() == 36.0
    y.retain_grad()
    x.retain_grad()  # nothing to do on a leaf
    with pytest.raises(RuntimeError, match="grad"):
        tg.ones(2).retain_grad()


@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch's advice, should the library give it too
def test_interior_grad_is_not_kept():
    x = leaf(2.0)
    y = x * 3
    (y * y).backward()
    assert y.grad is None


def test_hooks():
    """A hook sees the gradient, may replace it, may be removed; several run in order."""
    x = leaf(2.0)
    seen = []
    y = x * 3
    first = y.register_hook(lambda g: seen.append(g.item()))
    second = y.register_hook(lambda g: g * 10)
    third = y.register_hook(lambda g: seen.append(g.item()))
    (y * y).backward()
    assert seen == [12.0, 120.0]
    assert x.grad.item() == 360.0
    x.grad = None
    y = x * 3
    for handle in (first, second, third):
        handle.remove()
        handle.remove()  # twice is harmless
    h = y.register_hook(lambda g: g * 0)
    h.remove()
    (y * y).backward()
    assert x.grad.item() == 36.0


def test_hook_on_a_leaf_sees_the_sum():
    x = leaf(2.0)
    seen = []
    handle = x.register_hook(lambda g: seen.append(g.item()))
    (x * x + 3 * x).backward()
    assert seen == [7.0]
    handle.remove()
    (x * x).backward()
    assert seen == [7.0]
    assert x.grad.item() == 11.0


def test_hook_errors():
    with pytest.raises(RuntimeError, match="grad"):
        tg.ones(2).register_hook(lambda g: None)
    x = leaf(2.0)
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * x).backward()
    x = leaf(2.0, 3.0)
    x.register_hook(lambda g: g[:1])
    with pytest.raises((RuntimeError, ValueError), match=r"(?i)hook|shape|size"):
        (x * x).sum().backward()


def test_hook_with_create_graph():
    x = leaf(3.0)
    y = x * x
    y.register_hook(lambda g: g * 2)
    (g,) = tg.autograd.grad(y * y, x, create_graph=True)  # 2 (2 y) (2 x) = 8 y x
    assert g.item() == 8 * 27.0
    # 8 y directly, and 8 x through y, where the hook doubles again what passes: 8 x 2 (2 x)
    assert tg.autograd.grad(g, x)[0].item() == 8 * 9.0 + 32 * 9.0


def test_detach_and_requires_grad():
    x = leaf(2.0)
    d = x.detach()
    assert not d.requires_grad
    assert d.is_leaf
    d.mul_(3)  # the same memory
    assert x.item() == 6.0
    y = x * x.detach()
    y.backward()
    assert x.grad.item() == 6.0
    t = tg.ones(2)
    assert t.requires_grad_() is t
    assert t.requires_grad
    t.requires_grad_(False)
    assert not t.requires_grad
    t.requires_grad = True
    assert t.requires_grad
    with pytest.raises(RuntimeError, match=r"int64|float"):
        tg.tensor([1, 2]).requires_grad_()
    with pytest.raises(RuntimeError, match=r"int64|float"):
        tg.tensor([1, 2], requires_grad=True)
    y = x * 2
    with pytest.raises(RuntimeError, match=r"leaf|leaves"):
        y.requires_grad_(False)


def test_detach_inplace():
    x = leaf(2.0)
    y = x * 3
    assert y.detach_() is y
    assert not y.requires_grad
    assert y.grad_fn is None


def test_data():
    """`.data` shares memory and carries no history; micrograd's update rule works on it."""
    x = leaf(2.0)
    (x * x).backward()
    x.data += -0.1 * x.grad
    assert x.item() == pytest.approx(1.6, abs=1e-15)
    assert not x.data.requires_grad
    x.data = tg.tensor([7.0], dtype=tg.float64)
    assert x.item() == 7.0
    assert x.requires_grad


def test_grad_assignment():
    x = leaf(1.0, 2.0)
    g = tg.tensor([3.0, 4.0], dtype=tg.float64)
    x.grad = g
    assert x.grad is g
    x.grad = None
    assert x.grad is None
    with pytest.raises((TypeError, RuntimeError)):
        x.grad = "text"
    for bad in (tg.ones(3, dtype=tg.float64), tg.ones(2)):
        with pytest.raises((RuntimeError, TypeError, ValueError)):
            x.grad = bad
    assert x.grad is None


def test_integer_and_boolean_branches_stop_gradients():
    x = leaf(1.5, -2.5)
    assert not (x > 0).requires_grad
    assert not x.to(tg.int64).requires_grad
    assert not x.argmax().requires_grad
    (x * (x > 0)).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0]


def test_zero_size_graph():
    x = tg.zeros(0, 3, dtype=tg.float64, requires_grad=True)
    (x.exp() @ tg.ones(3, 2, dtype=tg.float64)).sum().backward()
    assert tuple(x.grad.shape) == (0, 3)


def test_a_million_ops():
    """A chain far beyond any recursion limit: its value, its gradient, and its release."""
    x = tg.tensor(1.0, dtype=tg.float64, requires_grad=True)
    y = x
    for _ in range(500_000):
        y = y * 1.000001 + 1e-9
    y.backward()
    assert x.grad.item() == pytest.approx(1.000001**500_000, rel=1e-9)
    y = x
    for _ in range(1_000_000):
        y = y.neg()
    del y  # never differentiated, only freed
    gc.collect()


def test_a_million_wide():
    """One node with very many users."""
    x = tg.tensor(2.0, dtype=tg.float64, requires_grad=True)
    total = tg.tensor(0.0, dtype=tg.float64)
    for _ in range(100_000):
        total = total + x
    total.backward()
    assert x.grad.item() == 100_000.0


def test_graph_outlives_the_names_of_its_tensors():
    def loss():
        w = leaf(3.0)
        hidden = w * w
        return w, (hidden.exp() * 0 + hidden).sum()

    w, y = loss()
    gc.collect()
    y.backward()
    assert w.grad.item() == 6.0


def test_graph_inspection():
    x = leaf(2.0)
    y = x.exp()
    assert x.grad_fn is None
    assert "exp" in str(y.grad_fn).lower() or "exp" in type(y.grad_fn).__name__.lower()
