"""Fixtures shared by the whole suite."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_ext as tg


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state and must leave gradient recording switched on."""
    tg.manual_seed(0)
    yield
    assert tg.is_grad_enabled(), "the test left gradient recording off"


@pytest.fixture
def rng():
    """A seeded NumPy generator."""
    return np.random.default_rng(0)


def pytest_report_header(config):
    core = getattr(tg, "_core", None)
    return f"tinygrad_ext {tg.__version__}, instruction set {core.isa()} of {core.levels()}" if core else None
