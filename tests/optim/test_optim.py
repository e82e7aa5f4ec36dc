"""Optimizers against their formulas, written out in NumPy, and what all their steps have in common."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg

STEPS = 7
SHAPES = ((3, 4), (), (1003,), (0, 2))


def sgd(p, g, state, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
    g = (-g if maximize else g) + weight_decay * p
    if momentum:
        first = "b" not in state
        state["b"] = g.copy() if first else momentum * state["b"] + (1 - dampening) * g
        g = g + momentum * state["b"] if nesterov else state["b"]
    return p - lr * g


def adam(
    p,
    g,
    state,
    lr,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    amsgrad=False,
    maximize=False,
    decoupled=False,
):
    g = -g if maximize else g
    if decoupled:
        p = p * (1 - lr * weight_decay)
    else:
        g = g + weight_decay * p
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * g
    v = state["v"] = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * g * g
    if amsgrad:
        v = state["peak"] = np.maximum(state.get("peak", 0.0), v)
    return p - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


def adamw(p, g, state, lr, weight_decay=0.01, **rest):
    return adam(p, g, state, lr, weight_decay=weight_decay, decoupled=True, **rest)


def lion(p, g, state, lr, betas=(0.9, 0.99), weight_decay=0.0, maximize=False):
    """Algorithm 2 of arXiv:2302.06675."""
    g = -g if maximize else g
    m = state.get("m", 0.0)
    state["m"] = betas[1] * m + (1 - betas[1]) * g
    return p - lr * (np.sign(betas[0] * m + (1 - betas[0]) * g) + weight_decay * p)


FORMULAS = {"SGD": sgd, "Adam": adam, "AdamW": adamw, "Lion": lion}
ALL = sorted(set(tg.optim.__all__) - {"Optimizer", "LBFGS", "lr_scheduler"})
SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.3}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}),
    ("Lion", {"lr": 0.1}),
    ("Lion", {"lr": 0.1, "betas": (0.3, 0.6), "weight_decay": 0.3}),
    ("Lion", {"lr": 0.1, "weight_decay": 0.3, "maximize": True}),
]


def ids(v):
    return v if isinstance(v, str) else "-".join(f"{k}={x}" for k, x in v.items()) or "defaults"


def gradients(rng, dtype):
    """One list of gradients per step; they shrink and change sign, so that amsgrad differs."""
    return [[(rng.standard_normal(s) / (i + 1)).astype(dtype) for s in SHAPES] for i in range(STEPS)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=ids)
def test_against_the_formula(name, settings, dtype, rng):
    starts = [rng.standard_normal(s).astype(dtype) for s in SHAPES]
    want = [s.astype("float64") for s in starts]
    states = [{} for _ in SHAPES]
    p = [tg.tensor(s, requires_grad=True) for s in starts]
    optimizer = getattr(tg.optim, name)(p, **settings)
    for grads in gradients(rng, dtype):
        for i, g in enumerate(grads):
            p[i].grad = tg.tensor(g)
            want[i] = FORMULAS[name](want[i], g.astype("float64"), states[i], **settings)
        optimizer.step()
    eps = np.finfo(dtype).eps
    for a, b in zip(p, want, strict=True):
        # The division by sqrt(v) magnifies the rounding of small gradients.
        np.testing.assert_allclose(a.detach().numpy(), b, rtol=30 * eps, atol=30 * eps)


@pytest.mark.parametrize("name", ALL)
def test_parameters_without_gradient_are_left_alone(name):
    a, b = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    optimizer = getattr(tg.optim, name)([a, b], lr=0.5, weight_decay=0.1)
    a.grad = tg.ones(2)
    optimizer.step()
    assert b.tolist() == [1.0, 1.0]
    assert a.tolist() != [1.0, 1.0]
    optimizer.zero_grad()
    assert a.grad is None
    optimizer.step()


@pytest.mark.parametrize("name", ALL)
def test_late_gradients_count_their_own_steps(name):
    """A parameter whose gradients begin later goes the way of one that was there alone."""

    def run(begin):
        late, other = (tg.tensor([1.0, -2.0], dtype=tg.float64, requires_grad=True) for _ in range(2))
        optimizer = getattr(tg.optim, name)([other, late], lr=0.1)
        for step in range(6):
            other.grad = tg.full((2,), 1.0 + step, dtype=tg.float64)
            if step >= begin:
                late.grad = tg.tensor([0.5, float(begin - step)], dtype=tg.float64)
            optimizer.step()
            if step == begin + 2:
                return late.tolist()

    assert run(3) == run(0)


@pytest.mark.parametrize("name", ALL)
def test_zero_grad(name):
    p = tg.ones(2, requires_grad=True)
    optimizer = getattr(tg.optim, name)([p])
    p.grad = grad = tg.full((2,), 3.0)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0, 0.0]
    assert grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is None


def test_step_keeps_the_tensor():
    """In place: the same object, the same memory, still a leaf, and views follow."""
    p = tg.ones(4, requires_grad=True)
    view, address = p.detach()[:2], p.data_ptr()
    (p * 3).sum().backward()
    tg.optim.SGD([p], lr=0.5).step()
    assert p.data_ptr() == address
    assert view.tolist() == [-0.5, -0.5]
    assert p.is_leaf
    assert p.requires_grad


def test_step_is_noticed_by_a_recorded_graph():
    """A graph that saved the old value must not be differentiated with the new one."""
    p = tg.ones(2, requires_grad=True)
    q = tg.ones(2, requires_grad=True)
    y = (p * q).sum()
    p.grad = tg.ones(2)
    tg.optim.SGD([p], lr=0.5).step()
    with pytest.raises(RuntimeError, match=r"(?i)mul|modified|changed"):
        y.backward()


@pytest.mark.parametrize("name", ALL)
def test_strided_parameters_and_gradients(name, rng):
    """As if they were contiguous; steps and states follow."""
    start, grads = rng.standard_normal((4, 3)), rng.standard_normal((3, 3, 4))
    plain, strided = tg.tensor(start.T.copy(), requires_grad=True), tg.tensor(start).t().requires_grad_()
    broadcast = tg.ones(3, 4, dtype=tg.float64, requires_grad=True)
    params = [strided, plain, broadcast]
    optimizer = getattr(tg.optim, name)(params, lr=0.1)
    for g in grads:
        strided.grad = tg.tensor(g.T.copy()).t()
        plain.grad = tg.tensor(g)
        broadcast.grad = tg.tensor(g[0]).expand(3, 4)
        optimizer.step()
    assert not strided.is_contiguous()
    assert strided.tolist() == plain.tolist()
    assert broadcast[0].tolist() == broadcast[2].tolist() != [1.0] * 4


@pytest.mark.parametrize("name", ALL)
def test_cut_among_threads(name, rng):
    """Large and many small parameters give what each gives alone, on any number of threads."""
    shapes = [(100_003,), *[(n,) for n in range(1, 400, 7)], (300, 301)]
    starts = [rng.standard_normal(s).astype("float32") for s in shapes]
    grads = [rng.standard_normal(s).astype("float32") for s in shapes]
    before, results = tg.get_num_threads(), []

    def run(chosen):
        params = [tg.tensor(starts[i], requires_grad=True) for i in chosen]
        optimizer = getattr(tg.optim, name)(params)
        for _ in range(2):
            for p, i in zip(params, chosen, strict=True):
                p.grad = tg.tensor(grads[i])
            optimizer.step()
        return [p.detach().numpy() for p in params]

    try:
        for threads in (1, 2, 3):
            tg.set_num_threads(threads)
            results.append(run(range(len(shapes))))
    finally:
        tg.set_num_threads(before)
    alone = [run([i])[0] for i in range(len(shapes))]
    for result in results:
        for got, want in zip(result, alone, strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", ALL)
def test_both_precisions_in_one_step(name):
    params = [tg.ones(3, dtype=kind, requires_grad=True) for kind in (tg.float32, tg.float64, tg.float32)]
    optimizer = getattr(tg.optim, name)(params, lr=0.1)
    for _ in range(3):
        for p in params:
            p.grad = tg.tensor([1.0, -2.0, 0.5], dtype=p.dtype)
        optimizer.step()
    assert params[0].tolist() == params[2].tolist()
    np.testing.assert_allclose(params[0].tolist(), params[1].tolist(), rtol=1e-6)
    assert [p.dtype for p in params] == [tg.float32, tg.float64, tg.float32]


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_a_number_stays_where_it_is(name):
    p = tg.ones(40, dtype=tg.float64, requires_grad=True)
    optimizer = getattr(tg.optim, name)([p], lr=0.1)
    grad = np.ones(40)
    grad[7] = np.nan
    p.grad = tg.tensor(grad)
    optimizer.step()
    assert np.flatnonzero(np.isnan(p.detach().numpy())).tolist() == [7]


@pytest.mark.parametrize("name", ALL)
def test_failed_step_changes_nothing(name):
    a, b, c = tg.ones(3, requires_grad=True), tg.ones(2, requires_grad=True), tg.ones(1, requires_grad=True)
    optimizer = getattr(tg.optim, name)([{"params": [a]}, {"params": [c, b], "lr": 0.2}], lr=0.1)
    a.grad, b.grad = tg.ones(3), tg.ones(2)
    optimizer.step()
    c.grad = tg.ones(1)
    before = a.tolist(), c.tolist(), str(optimizer.state_dict())
    b.data = tg.ones(5)  # its gradient is of the old shape
    with pytest.raises(RuntimeError, match=r"shape"):
        optimizer.step()
    assert (a.tolist(), c.tolist(), str(optimizer.state_dict())) == before


def test_closure():
    p = tg.tensor([4.0], requires_grad=True)
    optimizer = tg.optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 16.0
    assert p.item() == 2.0
