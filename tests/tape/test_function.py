"""autograd.Function: users' own ops, written in Python."""

from __future__ import annotations

import gc
import weakref

import pytest

import tinygrad_ext as tg
from tinygrad_ext.autograd import Function


def leaf(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


class Cube(Function):
    """x^3, with a gradient that can itself be differentiated."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


class Exp(Function):
    """Saves its output."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class SumAndDifference(Function):
    """Two outputs, an argument that is no tensor, and attributes on the context."""

    @staticmethod
    def forward(ctx, x, y, scale):
        ctx.scale = scale
        ctx.needs = ctx.needs_input_grad
        return (x + y) * scale, (x - y) * scale

    @staticmethod
    def backward(ctx, g, h):
        assert ctx.needs_input_grad == ctx.needs
        dx = (g + h) * ctx.scale if ctx.needs_input_grad[0] else None
        dy = (g - h) * ctx.scale if ctx.needs_input_grad[1] else None
        return dx, dy, None


def test_first_and_higher_gradients():
    x = leaf(2.0)
    y = Cube.apply(x)
    assert y.item() == 8.0
    assert y.requires_grad
    (g,) = tg.autograd.grad(y, x, create_graph=True)
    (h,) = tg.autograd.grad(g, x, create_graph=True)
    (third,) = tg.autograd.grad(h, x)
    assert (g.item(), h.item(), third.item()) == (12.0, 12.0, 6.0)
    assert tg.autograd.gradgradcheck(Cube.apply, (leaf(0.5, -1.0),))


def test_saved_output():
    x = leaf(0.0, 1.0)
    assert tg.autograd.gradgradcheck(Exp.apply, (x,))
    y = Exp.apply(x)
    y.sum().backward()
    assert x.grad[0].item() == 1.0


def test_several_outputs():
    x, y = leaf(1.0), leaf(2.0)
    s, d = SumAndDifference.apply(x, y, 10.0)
    assert (s.item(), d.item()) == (30.0, -10.0)
    (s * s + 3 * d).backward()
    assert (x.grad.item(), y.grad.item()) == (630.0, 570.0)


def test_unused_output_gets_zeros():
    x, y = leaf(1.0), leaf(2.0)
    s, _ = SumAndDifference.apply(x, y, 2.0)
    s.backward()
    assert (x.grad.item(), y.grad.item()) == (2.0, 2.0)


def test_needs_input_grad():
    x, c = leaf(1.0), tg.tensor([2.0], dtype=tg.float64)
    s, _ = SumAndDifference.apply(x, c, 1.0)
    assert s.requires_grad
    s.backward()
    assert c.grad is None
    assert x.grad.item() == 1.0


def test_nothing_recorded():
    c = tg.ones(1, dtype=tg.float64)
    assert not Cube.apply(c).requires_grad
    with tg.no_grad():
        assert not Cube.apply(leaf(1.0)).requires_grad


def test_forward_is_not_recorded():
    """Inside forward nothing is recorded: the rule is the only gradient."""

    class Stop(Function):
        @staticmethod
        def forward(ctx, x):
            assert not tg.is_grad_enabled()
            return x.exp()

        @staticmethod
        def backward(ctx, g):
            return g * 7

    x = leaf(1.0)
    Stop.apply(x).backward()
    assert x.grad.item() == 7.0


def test_input_returned_as_it_is():
    class Identity(Function):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

        @staticmethod
        def backward(ctx, g):
            return -g  # gradient reversal

    x = leaf(1.0, 2.0)
    (Identity.apply(x) * 2).sum().backward()
    assert x.grad.tolist() == [-2.0, -2.0]


def test_mark_non_differentiable():
    class Sort(Function):
        @staticmethod
        def forward(ctx, x):
            mask = (x > 1).to(x.dtype)
            ctx.mark_non_differentiable(mask)
            ctx.save_for_backward(mask)
            return x * mask, mask

        @staticmethod
        def backward(ctx, g, _):
            (mask,) = ctx.saved_tensors
            return g * mask

    x = leaf(0.5, 2.0)
    y, mask = Sort.apply(x)
    assert y.requires_grad
    assert not mask.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 1.0]


def test_wrong_rules_are_refused():
    """A missing gradient, one too many, a wrong shape, an exception: each names the function."""

    def broken(result):
        class Broken(Function):
            @staticmethod
            def forward(ctx, x, y):
                return x * y

            @staticmethod
            def backward(ctx, g):
                return result(g)

        return Broken

    for result in (lambda g: g, lambda g: (g, g, g), lambda g: (g[:1], g), lambda g: ("text", g)):
        x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
        with pytest.raises((RuntimeError, TypeError, ValueError), match="Broken"):
            broken(result).apply(x, y).sum().backward()
        assert x.grad is None
        assert y.grad is None
    with pytest.raises(ZeroDivisionError):
        broken(lambda g: 1 / 0).apply(leaf(1.0), leaf(2.0)).backward()


def test_saved_tensor_changed_in_place():
    x = leaf(2.0)
    t = x * 1
    y = Cube.apply(t)
    t.mul_(2)
    with pytest.raises(RuntimeError, match=r"(?i)cube|modified|changed"):
        y.backward()


def test_freed_once():
    x = leaf(2.0)
    y = Cube.apply(x)
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()


def test_context_is_released():
    """No reference cycle survives through the saved output."""
    alive = []

    class Token:
        pass

    class Watched(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.token = Token()
            alive.append(weakref.ref(ctx.token))
            y = x * 2
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0)
    y = Watched.apply(x)
    y.backward()
    del y
    z = Watched.apply(x)
    del z
    gc.collect()
    assert [ref() for ref in alive] == [None, None]


def test_non_tensor_arguments_pass_through():
    class Power(Function):
        @staticmethod
        def forward(ctx, x, n, *, label=None):
            raise AssertionError

        @staticmethod
        def backward(ctx, g):
            raise AssertionError

    with pytest.raises(TypeError):
        Power.apply(leaf(1.0), 2, label="text")  # as in PyTorch: positional arguments only
