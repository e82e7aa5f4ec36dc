"""Optimizers against their formulas, written out in NumPy; groups, states and what is refused."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ext as tg

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from optim_cases import SETTINGS as CASES

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


def test_lion_takes_the_papers_defaults():
    group = tg.optim.Lion([tg.ones(1, requires_grad=True)]).param_groups[0]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (1e-4, (0.9, 0.99), 0.0)


RESUMED = [
    *SETTINGS[-3:],
    *((name, settings) for name, settings in CASES if "weight_decay" in settings or not settings),
]


@pytest.mark.parametrize(("name", "settings"), RESUMED, ids=ids)
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


@pytest.mark.parametrize("name", [*ALL, "LBFGS"])
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
        (lambda: {tg.ones(2, requires_grad=True)}, {}),
        (lambda: [("a", tg.ones(2, requires_grad=True)), tg.ones(2, requires_grad=True)], {}),
        (lambda: [{"params": [tg.ones(2, requires_grad=True)], "learning_rate": 1.0}], {}),
        (lambda: [tg.ones(2, requires_grad=True)] * 2, {}),
    ],
)
def test_bad_settings(name, params, settings):
    given = params()
    if isinstance(given, set):
        given = [{"params": given}]
    with pytest.raises((TypeError, ValueError)):
        getattr(tg.optim, name)(given, **{"lr": 0.1, **settings})


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("SGD", {"momentum": -1.0}),
        ("RMSprop", {"alpha": -0.1}),
        ("RMSprop", {"momentum": -0.1}),
        ("RMSprop", {"eps": -1.0}),
        ("Adagrad", {"lr_decay": -1.0}),
        ("Adagrad", {"initial_accumulator_value": -1.0}),
        ("Adadelta", {"rho": 1.1}),
        ("Adadelta", {"rho": -0.1}),
        ("NAdam", {"momentum_decay": -1.0}),
        ("Adam", {"betas": (1.0, 0.9)}),
        ("Adam", {"betas": (0.9, -0.1)}),
        ("Adam", {"eps": -1.0}),
        ("NAdam", {"betas": (0.9, 1.0)}),
        ("RAdam", {"betas": (0.9,)}),
        ("Adamax", {"betas": 0.9}),
        ("Lion", {"betas": (0.9, 1.0)}),
        ("LBFGS", {"line_search_fn": "wolfe"}),
        ("LBFGS", {"history_size": -1}),
        ("Adam", {"capturable": True}),
        ("RMSprop", {"differentiable": True}),
    ],
)
def test_refuses_by_name(name, bad):
    with pytest.raises(ValueError, match=f"{name}: .*{next(iter(bad))}"):
        getattr(tg.optim, name)([tg.ones(2, requires_grad=True)], **bad)


def test_foreach_and_fused():
    """Both are accepted and change nothing; together they are refused, as in PyTorch."""
    p = [tg.ones(2, requires_grad=True)]
    tg.optim.Adam(p, foreach=True)
    tg.optim.SGD(p, fused=True)
    with pytest.raises(RuntimeError, match="foreach and fused"):
        tg.optim.Adagrad(p, foreach=True, fused=True)


@pytest.mark.parametrize("name", sorted({*ALL, "LBFGS"} - {"Lion"}))
def test_signature_is_that_of_torch(name):
    torch = pytest.importorskip("torch")
    ours, theirs = (
        inspect.signature(getattr(library.optim, name).__init__).parameters for library in (tg, torch)
    )
    shown = [[(p.name, p.kind, p.default) for p in side.values()] for side in (ours, theirs)]
    assert shown[0] == shown[1]
    params = [[library.ones(1, requires_grad=True)] for library in (tg, torch)]
    groups = [
        getattr(library.optim, name)(p).param_groups[0]
        for library, p in zip((tg, torch), params, strict=True)
    ]
    assert {**groups[0], "params": 0} == {**groups[1], "params": 0}


def test_lbfgs_has_one_group_and_needs_a_closure():
    a, b = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="one group"):
        tg.optim.LBFGS([{"params": [a]}, {"params": [b]}])
    with pytest.raises(TypeError, match="closure"):
        tg.optim.LBFGS([a]).step()


def test_lbfgs_resumes_from_its_state():
    """Saved after some steps and loaded, it goes on as if nothing had happened."""

    def run(interrupted):
        x = tg.tensor([1.0, -2.0, 0.5], dtype=tg.float64, requires_grad=True)
        optimizer = tg.optim.LBFGS([x], max_iter=2, line_search_fn="strong_wolfe")

        def closure():
            optimizer.zero_grad()
            loss = ((x - 1) ** 4).sum() + (x[0] * x[1] + x[2]) ** 2
            loss.backward()
            return loss

        for step in range(6):
            if interrupted and step == 3:
                saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
                optimizer = tg.optim.LBFGS([x])
                optimizer.load_state_dict(saved)
            optimizer.step(closure)
        return x.tolist()

    assert run(False) == run(True)


def test_names_are_kept():
    model = tg.nn.Linear(2, 3)
    optimizer = tg.optim.Adam(model.named_parameters())
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="names"):
        optimizer.add_param_group({"params": [tg.ones(1, requires_grad=True)]})


def test_saved_counters_are_tensors_as_in_torch():
    p = tg.ones(2, requires_grad=True)
    optimizer = tg.optim.NAdam([p])
    p.grad = tg.ones(2)
    optimizer.step()
    entry = optimizer.state_dict()["state"][0]
    assert (entry["step"].item(), entry["step"].dtype, entry["step"].shape) == (1.0, tg.float32, ())
    assert entry["mu_product"].item() == pytest.approx(0.9 * (1 - 0.5 * 0.96**0.004))


@pytest.mark.parametrize(
    ("name", "setting"), [("RMSprop", "centered"), ("RMSprop", "momentum"), ("Adam", "amsgrad")]
)
def test_settings_that_need_more_state_can_be_switched_on(name, setting):
    """What they need starts from zero at that step."""
    p = tg.ones(2, requires_grad=True)
    optimizer = getattr(tg.optim, name)([p])
    p.grad = tg.ones(2)
    optimizer.step()
    optimizer.param_groups[0][setting] = 0.5 if setting == "momentum" else True
    optimizer.step()
    assert optimizer.state[p]["step"] == 2
    assert len(optimizer.state[p]) == (4 if name == "Adam" else 3)


def test_load_state_dict_refuses_what_does_not_fit():
    """All of it or nothing."""
    p = tg.ones(2, requires_grad=True)
    optimizer = tg.optim.Adam([p])
    p.grad = tg.ones(2)
    optimizer.step()
    saved = optimizer.state_dict()
    for other, words in (
        ([tg.ones(3, requires_grad=True)], r"exp_avg.*\(3,\).*\(2,\)"),
        ([tg.ones(2, requires_grad=True) for _ in range(2)], r"\[2\].*\[1\]"),
    ):
        fresh = tg.optim.Adam(other, lr=0.5)
        with pytest.raises(ValueError, match=words):
            fresh.load_state_dict(saved)
        assert fresh.param_groups[0]["lr"] == 0.5
        assert not fresh.state


def test_optimizers_written_for_torch():
    """A subclass that defines `step` and fills `state` as PyTorch's do."""

    class Momentum(tg.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    if len(state) == 0:
                        state["step"], state["b"] = 0, tg.zeros_like(p)
                    state["step"] += 1
                    state["b"].mul_(0.5).add_(p.grad)
                    p.data.add_(state["b"], alpha=-group["lr"])

    p = tg.ones(1, requires_grad=True)
    optimizer = Momentum([p], 0.5)
    for _ in range(2):
        p.grad = tg.ones(1)
        optimizer.step()
    assert p.item() == 1 - 0.5 - 0.75
    fresh = Momentum([p], 0.5)
    fresh.load_state_dict(optimizer.state_dict())
    assert fresh.state[p]["step"] == 2


def test_nesterov_needs_momentum():
    p = [tg.ones(2, requires_grad=True)]
    for bad in ({"nesterov": True}, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}):
        with pytest.raises(ValueError, match="nesterov"):
            tg.optim.SGD(p, lr=0.1, **bad)
