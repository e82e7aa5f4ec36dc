"""Every case runs with each library that is installed, on one thread; a group's table shows the ratios."""

from __future__ import annotations

import importlib

import pytest


@pytest.fixture(params=["tinygrad_ext", "torch"])
def lib(request):
    """A library with PyTorch's names."""
    module = pytest.importorskip(request.param)
    threads = module.get_num_threads()
    module.set_num_threads(1)
    importlib.import_module(f"{request.param}.nn.functional")
    yield module
    module.set_num_threads(threads)


@pytest.fixture
def timed(benchmark, request):
    """Time a function of no arguments, in a group of the test's name: libraries stand side by side."""
    benchmark.group = request.node.originalname.removeprefix("test_")

    def run(function):
        benchmark.pedantic(function, warmup_rounds=20, rounds=200, iterations=rate(function))

    return run


def rate(function) -> int:
    """How many calls make a round of about 2 ms, so that the clock's own cost does not count."""
    import time

    start = time.perf_counter()
    for _ in range(10):
        function()
    return max(1, int(0.002 / ((time.perf_counter() - start) / 10)))
