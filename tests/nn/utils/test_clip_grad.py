"""Clipping gradients, and parameters as one vector, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.nn import utils

GRADS = [np.array([3.0, -4.0]), np.array([[1.0, -2.0], [0.5, 0.25]])]


def parameters():
    made = [tg.nn.Parameter(tg.zeros(*g.shape, dtype=tg.float64)) for g in GRADS]
    for p, g in zip(made, GRADS, strict=True):
        p.grad = tg.tensor(g)
    return [*made, tg.nn.Parameter(tg.zeros(2))]  # the last one without a gradient


def norm(p):
    flat = np.abs(np.concatenate([g.ravel() for g in GRADS]))
    return flat.max() if np.isinf(p) else (flat**p).sum() ** (1 / p)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, float("inf")])
@pytest.mark.parametrize("most", [0.5, 100.0])
def test_norm(p, most):
    params = parameters()
    held = params[0].grad
    total = utils.clip_grad_norm_(params, most, p)
    assert total.item() == pytest.approx(norm(p), rel=1e-12)
    assert params[0].grad is held
    factor = min(1.0, most / (norm(p) + 1e-6))
    for parameter, g in zip(params, GRADS, strict=False):
        np.testing.assert_allclose(parameter.grad.numpy(), g * factor, rtol=1e-12)


def test_one_parameter_a_generator_and_none():
    p = parameters()[0]
    assert utils.clip_grad_norm_(p, 1.0).item() == 5.0
    assert utils.clip_grad_norm_((q for q in parameters()), 1.0).item() == pytest.approx(norm(2.0))
    assert p.grad.tolist() == pytest.approx([0.6, -0.8], rel=1e-6)
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0
    assert utils.get_total_norm([tg.tensor([3.0]), tg.tensor([4.0])]).item() == 5.0


def test_what_is_not_finite():
    params = parameters()
    params[1].grad[0, 0] = float("inf")
    before = params[0].grad.tolist()
    with pytest.raises(RuntimeError, match=r"2\.0-norm of 2 gradients is inf"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad.tolist() == before
    assert utils.clip_grad_norm_(params, 1.0).item() == float("inf")


def test_value():
    params = parameters()
    utils.clip_grad_value_(params, 1.5)
    for parameter, g in zip(params, GRADS, strict=False):
        assert parameter.grad.tolist() == g.clip(-1.5, 1.5).tolist()


def test_vector_there_and_back():
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Linear(3, 1))
    vector = utils.parameters_to_vector(model.parameters())
    want = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])
    assert vector.tolist() == want.tolist()
    assert vector.requires_grad
    new = tg.arange(13.0)
    held = model[0].bias
    utils.vector_to_parameters(new, model.parameters())
    assert model[0].bias is held
    assert held.tolist() == [6.0, 7.0, 8.0]
    assert utils.parameters_to_vector(model.parameters()).tolist() == new.tolist()
    for bad in (tg.arange(12.0), tg.arange(14.0)):
        with pytest.raises(ValueError, match="13 entries"):
            utils.vector_to_parameters(bad, model.parameters())
    with pytest.raises(TypeError, match="list"):
        utils.vector_to_parameters([1.0], model.parameters())
