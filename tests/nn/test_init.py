"""nn.init: PyTorch's values for a seed, which golden/make_nn.py stored; errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from modules.inits import EXACT, GAINS, INITS
from modules.row import SEED

import tinygrad_ext as tg
from tinygrad_ext.nn import init

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "nn.json").read_text())


@pytest.mark.parametrize("name", INITS)
def test_values(name):
    """From the global generator, and from one of one's own, which leaves the global one alone."""
    tg.manual_seed(SEED)
    first = INITS[name](tg, None)
    generators = [tg.Generator().manual_seed(SEED)] if name != "sparse_" else []
    tg.manual_seed(1)
    results = [first, *(INITS[name](tg, generator) for generator in generators)]
    assert tg.initial_seed() == 1
    assert tg.rand(1).item() == tg.rand(1, generator=tg.Generator().manual_seed(1)).item()
    for t in results:
        got, want = t.flatten(1).numpy(), np.array(GOLDEN["init"][name], "float32")
        if name in EXACT:
            np.testing.assert_array_equal(got, want)
        else:
            np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6)


def test_gains():
    assert [init.calculate_gain(*given) for given in GAINS] == pytest.approx(GOLDEN["gains"], rel=1e-15)


def test_trunc_normal_far_away_warns():
    with pytest.warns(UserWarning, match="2|two std"):
        x = init.trunc_normal_(tg.zeros(100), 0.0, 1.0, 3.0, 4.0)
    assert 3 <= x.min().item() <= x.max().item() <= 4


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 2, 3)])
def test_orthogonal_is_orthogonal(shape):
    q = init.orthogonal_(tg.zeros(shape, dtype=tg.float64)).flatten(1).numpy()
    few = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    np.testing.assert_allclose(few, np.eye(len(few)), atol=1e-14)


def test_parameters_are_written_in_place_and_unrecorded():
    p = tg.nn.Parameter(tg.zeros(3, 3))
    address = p.data_ptr()
    for fill in (init.uniform_, init.eye_, init.orthogonal_, init.trunc_normal_, init.xavier_normal_):
        assert fill(p) is p
    assert p.data_ptr() == address
    assert p.is_leaf
    assert p.requires_grad


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (lambda: init.eye_(tg.zeros(2)), r"eye_: expected 2 dim.*\(2,\)"),
        (lambda: init.dirac_(tg.zeros(2, 2)), r"dirac_: expected 3, 4 or 5"),
        (lambda: init.dirac_(tg.zeros(3, 2, 2), 2), "groups=2"),
        (lambda: init.orthogonal_(tg.zeros(2)), "at least 2"),
        (lambda: init.sparse_(tg.zeros(2), 0.1), "2 dim"),
        (lambda: init.xavier_uniform_(tg.zeros(2)), "fan in"),
        (lambda: init.kaiming_normal_(tg.zeros(2, 2), mode="fan"), "fan_in"),
        (lambda: init.calculate_gain("swish"), "swish"),
        (lambda: init.calculate_gain("leaky_relu", True), "True"),
    ],
)
def test_errors(bad, match):
    with pytest.raises(ValueError, match=match):
        bad()
