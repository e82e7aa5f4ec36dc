"""States of optimizers: saved, loaded, grown; and optimizers written for PyTorch."""

from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path

import pytest

import tinygrad_ext as tg

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from optim_cases import SETTINGS, SHAPES, label

CASES = [*SETTINGS, ("Lion", {}), ("Lion", {"lr": 0.1, "betas": (0.3, 0.6), "weight_decay": 0.3})]


@pytest.mark.parametrize(("name", "settings"), [pytest.param(*case, id=label(*case)) for case in CASES])
def test_resumes_from_its_state(name, settings, rng):
    """Saved after some steps and loaded into a fresh optimizer, it goes on as if nothing had happened."""
    grads = [[rng.standard_normal(shape) for shape in SHAPES] for _ in range(7)]

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
