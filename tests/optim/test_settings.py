"""Settings, groups and names of optimizers, and what is refused."""

from __future__ import annotations

import inspect

import pytest

import tinygrad_ext as tg

ALL = sorted(set(tg.optim.__all__) - {"Optimizer", "LBFGS", "lr_scheduler"})


def test_lion_takes_the_papers_defaults():
    group = tg.optim.Lion([tg.ones(1, requires_grad=True)]).param_groups[0]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (1e-4, (0.9, 0.99), 0.0)


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


def test_names_are_kept():
    model = tg.nn.Linear(2, 3)
    optimizer = tg.optim.Adam(model.named_parameters())
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="names"):
        optimizer.add_param_group({"params": [tg.ones(1, requires_grad=True)]})


def test_nesterov_needs_momentum():
    p = [tg.ones(2, requires_grad=True)]
    for bad in ({"nesterov": True}, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}):
        with pytest.raises(ValueError, match="nesterov"):
            tg.optim.SGD(p, lr=0.1, **bad)
