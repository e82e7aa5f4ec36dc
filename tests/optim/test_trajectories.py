"""A hundred steps of every optimizer against PyTorch's: golden/make_optim.py wrote optim.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_ext as tg

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from optim_cases import LBFGS_SETTINGS, SCHEDULES, SETTINGS, SHAPES, label, lbfgs, start, trajectory

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "optim.json").read_text())
CASES = [pytest.param(name, settings, id=label(name, settings)) for name, settings in SETTINGS]
LBFGS_CASES = [pytest.param(settings, id=label("LBFGS", settings)) for settings in LBFGS_SETTINGS]


def test_golden_file_is_complete():
    assert GOLDEN["trajectories"].keys() == {label(*case) for case in SETTINGS}
    assert GOLDEN["lbfgs"].keys() == {label("LBFGS", case) for case in LBFGS_SETTINGS}
    assert GOLDEN["rates"].keys() == {f"{name} {kind}" for name in SCHEDULES for kind in ("SGD", "Adam")}


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_float64(name, settings):
    want = GOLDEN["trajectories"][label(name, settings)]
    np.testing.assert_allclose(trajectory(tg, name, settings), want, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_float32(name, settings):
    """Rounding drives a descent apart as far as its curvature and the growth of its parameters allow."""
    want = np.array(GOLDEN["trajectories"][label(name, settings)])
    got = np.array(trajectory(tg, name, settings, "float32"))
    np.testing.assert_allclose(got[:3], want[:3], rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("settings", LBFGS_CASES)
def test_lbfgs(settings):
    want = GOLDEN["lbfgs"][label("LBFGS", settings)]
    np.testing.assert_allclose(lbfgs(tg, settings), want, rtol=1e-6, atol=1e-9)


@pytest.fixture
def torch64():
    """PyTorch with float64 as its default, in which NAdam keeps its product of momenta."""
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(before)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_against_torch(name, settings, torch64):
    theirs = trajectory(torch64, name, settings)
    np.testing.assert_allclose(trajectory(tg, name, settings), theirs, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("settings", LBFGS_CASES)
def test_lbfgs_against_torch(settings, torch64):
    np.testing.assert_allclose(lbfgs(tg, settings), lbfgs(torch64, settings), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_continues_from_the_state_of_torch(name, settings, torch64):
    """Five steps there, their state as arrays, five more here and there."""
    torch = torch64
    rng = np.random.default_rng(3)
    grads = [[rng.standard_normal(shape) for shape in SHAPES] for _ in range(10)]

    def step(library, params, optimizer, numbers):
        for gradients in numbers:
            for p, g in zip(params, gradients, strict=True):
                p.grad = library.tensor(g)
            optimizer.step()

    theirs = [start(torch, shape, torch.float64).requires_grad_() for shape in SHAPES]
    torch_optimizer = getattr(torch.optim, name)(theirs, **settings)
    step(torch, theirs, torch_optimizer, grads[:5])
    saved = torch_optimizer.state_dict()
    arrays = {
        "state": {
            number: {key: v.numpy().copy() if torch.is_tensor(v) else v for key, v in entry.items()}
            for number, entry in saved["state"].items()
        },
        "param_groups": saved["param_groups"],
    }
    ours = [tg.tensor(p.detach().numpy().copy(), requires_grad=True) for p in theirs]
    optimizer = getattr(tg.optim, name)(ours)
    optimizer.load_state_dict(arrays)
    step(torch, theirs, torch_optimizer, grads[5:])
    step(tg, ours, optimizer, grads[5:])
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-13)
    # And back: the same layout, shapes and dtypes.
    back, theirs_now = optimizer.state_dict(), torch_optimizer.state_dict()
    assert back["param_groups"][0].keys() == theirs_now["param_groups"][0].keys()
    for number, entry in theirs_now["state"].items():
        kept = {key: v for key, v in entry.items() if v is not None}
        assert back["state"].get(number, {}).keys() == kept.keys()
        for key, value in kept.items():
            assert tuple(back["state"][number][key].shape) == tuple(value.shape)
            np.testing.assert_allclose(
                back["state"][number][key].numpy(), value.numpy(), rtol=1e-11, atol=1e-13
            )


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_continues_from_the_state_of_torch(search, torch64):
    def arrays(value):
        if isinstance(value, dict):
            return {key: arrays(v) for key, v in value.items()}
        if isinstance(value, list):
            return [arrays(v) for v in value]
        return value.numpy().copy() if torch64.is_tensor(value) else value

    def advance(library, p, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = ((p - 1) ** 4).sum() + (p[0, 0] * p[0, 1] + p[1, 0]) ** 2
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)

    settings = {"lr": 0.2, "max_iter": 3, "history_size": 4, "line_search_fn": search}
    theirs = torch64.tensor([[1.5, -2.0], [0.5, 3.0]], requires_grad=True)
    torch_optimizer = torch64.optim.LBFGS([theirs], **settings)
    advance(torch64, theirs, torch_optimizer)
    ours = tg.tensor(theirs.detach().numpy().copy(), requires_grad=True)
    optimizer = tg.optim.LBFGS([ours])
    optimizer.load_state_dict(arrays(torch_optimizer.state_dict()))
    advance(torch64, theirs, torch_optimizer)
    advance(tg, ours, optimizer)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-9)
