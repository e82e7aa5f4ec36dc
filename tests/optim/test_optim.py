"""Optimizers against their formulas, written out in NumPy, and against PyTorch."""

from __future__ import annotations

import copy
import pickle

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


FORMULAS = {"SGD": sgd, "Adam": adam, "AdamW": adamw}
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
]


def ids(v):
    return v if isinstance(v, str) else "-".join(f"{k}={x}" for k, x in v.items())


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


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=ids)
def test_against_torch(name, settings, rng):
    torch = pytest.importorskip("torch")
    starts, grads = [rng.standard_normal(s) for s in SHAPES], gradients(rng, "float64")
    results = []
    for library in (tg, torch):
        p = [library.tensor(s, requires_grad=True) for s in starts]
        optimizer = getattr(library.optim, name)(p, **settings)
        for step in grads:
            for w, g in zip(p, step, strict=True):
                w.grad = library.tensor(g)
            optimizer.step()
        results.append([w.detach().numpy() for w in p])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=ids)
def test_resumes_from_its_state(name, settings, rng):
    """Saved after some steps and loaded into a fresh optimizer, it goes on as if nothing had happened."""
    grads = gradients(rng, "float64")

    def run(interrupted):
        p = [tg.ones(s, dtype=tg.float64, requires_grad=True) for s in SHAPES]
        optimizer = getattr(tg.optim, name)(p, **settings)
        for i, step in enumerate(grads):
            if interrupted and i == 3:
                saved = pickle.loads(pickle.dumps(copy.deepcopy(optimizer.state_dict())))
                optimizer = getattr(tg.optim, name)(p, lr=77.0)
                optimizer.load_state_dict(saved)
            for w, g in zip(p, step, strict=True):
                w.grad = tg.tensor(g)
            optimizer.step()
        return [w.tolist() for w in p]

    assert run(False) == run(True)


def test_parameters_without_gradient_are_left_alone():
    for name in ("SGD", "Adam"):
        a, b = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
        optimizer = getattr(tg.optim, name)([a, b], lr=0.5, weight_decay=0.1)
        a.grad = tg.ones(2)
        optimizer.step()
        assert b.tolist() == [1.0, 1.0]
        assert a.tolist() != [1.0, 1.0]
        optimizer.zero_grad()
        assert a.grad is None
        optimizer.step()


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


def test_groups():
    a, b = tg.ones(1, requires_grad=True), tg.ones(1, requires_grad=True)
    optimizer = tg.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    a.grad, b.grad = tg.ones(1), tg.ones(1)
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert (a.item(), b.item()) == (0.75, 0.5)
    c = tg.ones(1, requires_grad=True)
    optimizer.add_param_group({"params": [c]})
    c.grad = tg.ones(1)
    optimizer.step()
    assert c.item() == pytest.approx(0.9)


def test_strided_parameters_and_gradients(rng):
    start, grad = rng.standard_normal((4, 3)), rng.standard_normal((3, 4))
    p = tg.tensor(start).transpose(0, 1).requires_grad_()
    p.grad = tg.tensor(grad.T.copy()).transpose(0, 1)
    tg.optim.SGD([p], lr=0.5).step()
    np.testing.assert_allclose(p.detach().numpy(), start.T - 0.5 * grad, rtol=1e-15, atol=1e-15)


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


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize(
    ("params", "settings"),
    [
        (lambda: [], {}),
        (lambda: tg.ones(2, requires_grad=True), {}),
        (lambda: [1.0], {}),
        (lambda: [tg.ones(2, requires_grad=True) * 2], {}),
        (lambda: [tg.ones(2, requires_grad=True)], {"lr": -1.0}),
        (lambda: [tg.ones(2, requires_grad=True)], {"lr": float("nan")}),
        (lambda: [tg.ones(2, requires_grad=True)], {"weight_decay": -0.1}),
    ],
)
def test_bad_settings(name, params, settings):
    with pytest.raises((TypeError, ValueError)):
        getattr(tg.optim, name)(params(), **{"lr": 0.1, **settings})


def test_sgd_and_adam_refuse_their_own_bad_settings():
    p = [tg.ones(2, requires_grad=True)]
    for bad in (
        {"momentum": -1.0},
        {"nesterov": True},
        {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
    ):
        with pytest.raises(ValueError, match=r"(?i)momentum|nesterov"):
            tg.optim.SGD(p, lr=0.1, **bad)
    for bad in ({"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)}, {"eps": -1.0}):
        with pytest.raises(ValueError, match=r"(?i)beta|eps"):
            tg.optim.Adam(p, lr=0.1, **bad)
