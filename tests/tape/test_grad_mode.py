"""no_grad, enable_grad and inference_mode: as context managers, as decorators, nested, per thread."""

from __future__ import annotations

import threading

import pytest

import tinygrad_ext as tg


@pytest.fixture
def x():
    return tg.ones(2, requires_grad=True)


@pytest.mark.parametrize("mode", [tg.no_grad, tg.inference_mode])
def test_context(mode, x):
    with mode():
        assert not tg.is_grad_enabled()
        y = x * 2
        assert not y.requires_grad
        assert y.grad_fn is None
        with tg.enable_grad():
            assert tg.is_grad_enabled()
        assert not tg.is_grad_enabled()
    assert tg.is_grad_enabled()
    assert (x * 2).requires_grad


@pytest.mark.parametrize("mode", [tg.no_grad, tg.inference_mode])
def test_restored_after_an_exception(mode):
    with pytest.raises(KeyError), mode():
        raise KeyError
    assert tg.is_grad_enabled()


def test_decorators(x):
    @tg.no_grad()
    def without(t):
        """Its docstring."""
        return t * 2

    @tg.no_grad
    def bare(t):
        return t * 2

    @tg.inference_mode()
    def inference(t):
        return t * 2

    @tg.enable_grad()
    def within(t):
        return t * 2

    assert not without(x).requires_grad
    assert not bare(x).requires_grad
    assert not inference(x).requires_grad
    assert without.__name__ == "without"
    assert without.__doc__ == "Its docstring."
    with tg.no_grad():
        assert within(x).requires_grad
    assert tg.is_grad_enabled()


def test_decorated_recursion():
    @tg.no_grad()
    def down(n):
        return n == 0 or (not tg.is_grad_enabled() and down(n - 1))

    assert down(5)
    assert tg.is_grad_enabled()


def test_decorated_generator():
    """The mode holds inside the generator's body only."""

    @tg.no_grad()
    def states():
        for _ in range(3):
            yield tg.is_grad_enabled()

    for state in states():
        assert state is False
        assert tg.is_grad_enabled()


def test_set_grad_enabled(x):
    with tg.set_grad_enabled(False):
        assert not (x * 2).requires_grad
        with tg.set_grad_enabled(True):
            assert (x * 2).requires_grad
    tg.set_grad_enabled(False)
    try:
        assert not tg.is_grad_enabled()
    finally:
        tg.set_grad_enabled(True)


def test_inference_tensors_stay_out_of_graphs(x):
    with tg.inference_mode():
        y = x * 2
    with pytest.raises(RuntimeError, match=r"(?i)inference"):
        x * y
    assert not (y * 3).requires_grad
    assert (x * y.clone()).requires_grad


def test_leaf_made_under_no_grad(x):
    with tg.no_grad():
        p = tg.ones(2, requires_grad=True)
    assert p.requires_grad
    assert p.is_leaf
    (p * x).sum().backward()
    assert p.grad.tolist() == [1.0, 1.0]


def test_backward_inside_no_grad(x):
    y = (x * x).sum()
    with tg.no_grad():
        y.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_mode_belongs_to_the_thread():
    seen = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(tg.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


@pytest.mark.parametrize("wrong", ["x", 1, None, []])
def test_modes_are_bools(wrong):
    """As in PyTorch; a function would be decorated."""
    with pytest.raises(TypeError, match=r"set_grad_enabled\(\): mode must be bool, got"):
        tg.set_grad_enabled(wrong)
    with pytest.raises(TypeError, match=r"inference_mode\(\): mode must be bool, got"):
        tg.inference_mode(wrong)
    assert tg.is_grad_enabled()
    assert not tg.is_inference_mode_enabled()


def test_is_inference():
    with tg.inference_mode():
        made = tg.ones(2) * 2
    assert made.is_inference()
    assert tg.is_inference(made)
    assert not tg.is_inference(tg.ones(2))
