"""`pytest bench/`: options, the machine in pytest-benchmark's records, and one measurement for each case."""

from __future__ import annotations

from functools import cache

import pytest

from bench.cases import find
from bench.libraries import LIBRARIES, installed, version
from bench.measure import BYTES, Measured, Processes, measure


def pytest_addoption(parser):
    group = parser.getgroup("bench")
    group.addoption("--bench-rounds", type=int, default=5, help="turns of each library (5)")
    group.addoption("--bench-seconds", type=float, default=0.03, help="length of a turn (0.03)")
    group.addoption("--bench-threads", type=int, default=2, help="for every library (2)")


@pytest.fixture(scope="session")
def measured(pytestconfig):
    """label -> Measured: all libraries of a case in turns, when the first of its tests asks."""
    option = pytestconfig.getoption
    with Processes(option("bench_threads")) as processes:

        @cache
        def take(label: str) -> Measured:
            rounds, seconds = option("bench_rounds"), option("bench_seconds")
            return measure(find(label), processes, peers=LIBRARIES, rounds=rounds, seconds=seconds)

        yield take


def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info["threads"] = config.getoption("bench_threads")
    machine_info["versions"] = {n: version(n) if installed(n) else "not installed" for n in LIBRARIES}


@pytest.hookimpl(tryfirst=True)
def pytest_benchmark_scale_unit(config, unit, benchmarks, best, worst, sort):
    """Bytes were handed over as if they were seconds: they are shown in millions, and the group says so."""
    kinds = {benchmark["extra_info"].get("kind") for benchmark in benchmarks}
    if unit == "seconds" and kinds and kinds <= set(BYTES):
        return "M", 1e-6
    return None
