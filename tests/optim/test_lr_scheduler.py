"""Schedules against PyTorch's: golden/make_optim.py wrote the rates to optim.json."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ext as tg

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from optim_cases import RATE_STEPS, SCHEDULES, advance, present, rates, two_groups

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "optim.json").read_text())["rates"]
schedules = tg.optim.lr_scheduler
KINDS = ("SGD", "Adam")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates(name, kind):
    np.testing.assert_allclose(rates(tg, name, kind), GOLDEN[f"{name} {kind}"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_against_torch(name, kind):
    """The same sequence of floating-point numbers."""
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = rates(torch, name, kind)
    np.testing.assert_allclose(rates(tg, name, kind), theirs, rtol=1e-15, atol=1e-18)


def test_every_schedule_of_torch_is_there():
    lr_scheduler = pytest.importorskip("torch.optim.lr_scheduler")
    assert set(lr_scheduler.__all__) == set(schedules.__all__)


@pytest.mark.parametrize("name", SCHEDULES)
def test_last_lr(name):
    optimizer = two_groups(tg, "SGD")
    schedule = SCHEDULES[name](schedules, optimizer)
    assert schedule.get_last_lr() == present(optimizer)[:2]
    advance(optimizer, schedule, 0)
    assert schedule.get_last_lr() == present(optimizer)[:2]


@pytest.mark.parametrize("name", SCHEDULES)
def test_resumes_from_its_state(name):
    """Saved with the optimizer after some steps, it goes on as if nothing had happened."""

    def run(interrupted):
        optimizer = two_groups(tg, "Adam")
        schedule = SCHEDULES[name](schedules, optimizer)
        shown = []
        for step in range(RATE_STEPS):
            if interrupted and step in (1, 6, 17):
                saved = pickle.loads(pickle.dumps((optimizer.state_dict(), schedule.state_dict())))
                optimizer = two_groups(tg, "Adam")
                schedule = SCHEDULES[name](schedules, optimizer)
                optimizer.load_state_dict(saved[0])
                schedule.load_state_dict(saved[1])
            advance(optimizer, schedule, step)
            shown.append(present(optimizer))
        return shown

    assert run(False) == run(True)


def test_loaded_state_is_a_copy():
    schedule = schedules.MultiStepLR(two_groups(tg, "SGD"), [3])
    saved = copy.deepcopy(schedule.state_dict())
    schedule.load_state_dict(saved)
    saved["milestones"].clear()
    assert schedule.milestones == {3: 1}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("StepLR", {"step_size": 3}),
        ("ExponentialLR", {"gamma": 0.9}),
        ("CosineAnnealingLR", {"T_max": 9}),
        ("LinearLR", {}),
        ("PolynomialLR", {"total_iters": 9}),
        ("LambdaLR", {"lr_lambda": lambda e: 1 / (1 + e)}),
        ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ],
)
def test_continues_at_last_epoch_as_torch(name, settings):
    torch = pytest.importorskip("torch")
    shown = []
    for lib in (tg, torch):
        p = lib.ones(2, requires_grad=True)
        optimizer = lib.optim.SGD([{"params": [p], "initial_lr": 0.3}], lr=0.2)
        schedule = getattr(lib.optim.lr_scheduler, name)(optimizer, last_epoch=2, **settings)
        rates = schedule.get_last_lr()
        for _ in range(8):
            optimizer.step()
            schedule.step()
            rates = rates + schedule.get_last_lr()
        shown.append(rates)
    np.testing.assert_allclose(*shown, rtol=1e-14)
    with pytest.raises(KeyError, match="initial_lr"):
        getattr(schedules, name)(two_groups(tg, "SGD"), last_epoch=2, **settings)


@pytest.mark.parametrize("epoch", [0, 3, 7, 12])
@pytest.mark.parametrize(
    "name", [n for n in SCHEDULES if not n.startswith(("Sequential", "Chained", "Reduce", "Multiplicative"))]
)
def test_an_epoch_as_in_torch(name, epoch):
    torch = pytest.importorskip("torch")
    shown = []
    for lib in (tg, torch):
        optimizer = two_groups(lib, "SGD")
        schedule = SCHEDULES[name](lib.optim.lr_scheduler, optimizer)
        optimizer.step()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            schedule.step(epoch)
        assert bool(caught) == (not name.startswith("CosineAnnealingWarm"))
        shown.append(present(optimizer))
    np.testing.assert_allclose(*shown, rtol=1e-14)


def test_warns_before_the_optimizer():
    optimizer = two_groups(tg, "SGD")
    schedule = schedules.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match=r"before optimizer\.step"):
        schedule.step()
    optimizer = two_groups(tg, "SGD")
    schedule = schedules.StepLR(optimizer, 2)
    optimizer.step()
    schedule.step()


def test_does_not_warn_with_an_optimizer_of_the_users():
    class Own(tg.optim.Optimizer):
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data -= group["lr"] * p.grad

    p = tg.ones(2, requires_grad=True)
    optimizer = Own([p], {"lr": 0.5})
    schedule = schedules.ExponentialLR(optimizer, 0.5)
    for want in (0.5, 0.25):
        p.grad = tg.ones(2)
        optimizer.step()
        schedule.step()
        assert p.tolist() == [want] * 2


def test_get_lr_outside_step_warns():
    schedule = schedules.ExponentialLR(two_groups(tg, "SGD"), 0.5)
    with pytest.warns(UserWarning, match="get_last_lr"):
        assert schedule.get_lr() == [0.05, 0.125]


class Halving:
    """A callable that can be saved."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, step):
        return self.factor**step


def test_callable_objects_are_saved():
    optimizer = two_groups(tg, "SGD")
    for make in (
        lambda f: schedules.LambdaLR(optimizer, f),
        lambda f: schedules.CyclicLR(optimizer, 0.1, 0.2, 3, scale_fn=f),
    ):
        saved = make(Halving(0.5)).state_dict()
        fresh = Halving(0.1)
        make(fresh).load_state_dict(saved)
        assert fresh.factor == 0.5


REFUSED = {
    "no optimizer": (lambda o: schedules.StepLR(3, 2), TypeError, "StepLR.*int"),
    "too many functions": (lambda o: schedules.LambdaLR(o, [abs] * 3), ValueError, "3.*2"),
    "no function": (lambda o: schedules.MultiplicativeLR(o, 0.5), TypeError, "float"),
    "constant": (lambda o: schedules.ConstantLR(o, 2.0), ValueError, r"factor.*2\.0"),
    "linear start": (lambda o: schedules.LinearLR(o, 0.0), ValueError, "start_factor"),
    "linear end": (lambda o: schedules.LinearLR(o, 0.5, 1.5), ValueError, "end_factor"),
    "T_0": (lambda o: schedules.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0"),
    "T_mult": (lambda o: schedules.CosineAnnealingWarmRestarts(o, 2, 1.5), ValueError, "T_mult"),
    "cyclic mode": (lambda o: schedules.CyclicLR(o, 0.1, 0.2, mode="x"), ValueError, "mode.*'x'"),
    "cyclic rates": (lambda o: schedules.CyclicLR(o, [0.1], 0.2), ValueError, "base_lr"),
    "no steps": (lambda o: schedules.OneCycleLR(o, 0.1), ValueError, "total_steps"),
    "steps": (lambda o: schedules.OneCycleLR(o, 0.1, 0), ValueError, "total_steps"),
    "share": (lambda o: schedules.OneCycleLR(o, 0.1, 9, pct_start=1.5), ValueError, "pct_start"),
    "strategy": (lambda o: schedules.OneCycleLR(o, 0.1, 9, anneal_strategy="x"), ValueError, "'x'"),
    "factor": (lambda o: schedules.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor"),
    "plateau mode": (lambda o: schedules.ReduceLROnPlateau(o, "x"), ValueError, "'x'"),
    "min_lr": (lambda o: schedules.ReduceLROnPlateau(o, min_lr=[0.1]), ValueError, "min_lr"),
    "nothing to chain": (lambda o: schedules.ChainedScheduler([]), ValueError, "at least one"),
    "plateau in sequence": (
        lambda o: schedules.SequentialLR(o, [schedules.ReduceLROnPlateau(o)], []),
        ValueError,
        "metric",
    ),
    "milestones": (
        lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 2)], [3]),
        ValueError,
        "milestones",
    ),
    "another optimizer": (
        lambda o: schedules.SequentialLR(o, [schedules.StepLR(two_groups(tg, "SGD"), 2)], []),
        ValueError,
        "another optimizer",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    """Refused with the setting's name, and the optimizer as it was."""
    call, error, words = REFUSED[name]
    optimizer = two_groups(tg, "SGD")
    before = [{**group} for group in optimizer.param_groups]
    with pytest.raises(error, match=words):
        call(optimizer)
    for group, old in zip(optimizer.param_groups, before, strict=True):
        assert {**group, "initial_lr": 0} == {**old, "initial_lr": 0}


def test_momentum_is_needed_for_its_cycle():
    optimizer = tg.optim.Adagrad([tg.ones(1, requires_grad=True)])
    for make in (
        lambda: schedules.CyclicLR(optimizer, 0.1, 0.2),
        lambda: schedules.OneCycleLR(optimizer, 0.1, 10),
    ):
        with pytest.raises(ValueError, match="cycle_momentum"):
            make()


def test_one_cycle_ends():
    optimizer = two_groups(tg, "SGD")
    schedule = schedules.OneCycleLR(optimizer, 0.1, 3)
    for _ in range(3):
        optimizer.step()
        schedule.step()
    with pytest.raises(ValueError, match="beyond"):
        schedule.step()
