"""A Python number beside a float64 tensor costs no digit, in values and in gradients of both orders."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_ext as tg

torch = pytest.importorskip("torch")

LEFT_OUT = {"bernoulli", "normal", "where"}  # random; and where(condition) gives places
# tg.name of every operation that takes a number where it takes a tensor.
CALLS = [
    (name, sum(default is None and not keyword for _, _, default, keyword, _ in op.params))
    for op in tg._core.OPS
    for namespace, name, inplace in op.places
    if namespace == "tg" and not inplace and hasattr(torch, name) and name not in LEFT_OUT
    if any("Tensor" in annotation and "Number" in annotation for _, annotation, *_ in op.params)
]


def derivatives(library, name: str, operands):
    """The value, its gradients and those of their squares; None where the call is refused."""
    inputs = [library.tensor(v, requires_grad=True) if isinstance(v, np.ndarray) else v for v in operands]
    tensors = [v for v in inputs if not isinstance(v, float)]
    try:
        y = getattr(library, name)(*inputs)
        if not y.requires_grad:
            return [y]
        first = library.autograd.grad(y.sum(), tensors, create_graph=True, allow_unused=True)
        total = sum((g * g).sum() for g in first if g is not None)
        second = (None,) * len(tensors)
        if getattr(total, "requires_grad", False):
            second = library.autograd.grad(total, tensors, allow_unused=True)
    except (RuntimeError, TypeError):
        return None
    zero = np.zeros(3)
    return [y, *(zero if g is None else g for g in (*first, *second))]


@pytest.mark.parametrize(("name", "count"), CALLS, ids=lambda v: str(v))
def test_numbers_are_exact(name, count):
    rng = np.random.default_rng(0)
    for kinds in itertools.product((False, True), repeat=count):
        operands = [rng.uniform(0.2, 0.9, 3) if tensor else 0.1 for tensor in kinds]
        want = derivatives(torch, name, operands)
        if want is None or not any(kinds):
            continue
        got = derivatives(tg, name, operands)
        assert got is not None, f"{name}{kinds} is refused"
        for g, w in zip(got, want, strict=True):
            g, w = (v if isinstance(v, np.ndarray) else v.detach().numpy() for v in (g, w))
            assert g.dtype == w.dtype
            np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-13, err_msg=f"{name}{kinds}")
