"""Kernels on several threads in child processes, beside other threads and on a busy machine: never stuck."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import tinygrad_ext as tg

SECONDS = 40
# From Python 3.12 on, fork() in a process with threads warns; that it works is what these tests are about.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]


def work(threads: int = 2) -> float:
    """A matrix product, a backward pass and a step, all large enough for the worker pool."""
    tg.set_num_threads(threads)
    x = tg.ones(300, 400, requires_grad=True)
    w = tg.ones(400, 500, requires_grad=True)
    ((x @ w).sin() * 0 + x @ w).sum().backward()
    tg.optim.SGD([x, w], lr=0.5).step()
    return float(w.sum())


# 400 * 500 ones less 0.5 * 300 each
WANT = 400 * 500 * (1 - 150)


@pytest.fixture(autouse=True)
def same_number_of_threads():
    before = tg.get_num_threads()
    yield
    tg.set_num_threads(before)


def in_fork(function) -> None:
    """Run `function` in a fork; fail unless it ends in time and without an error."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(SECONDS)
            function()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with status {status}"


def check() -> None:
    assert work() == WANT


def test_fork():
    """The pool of the child is its own; the parent's goes on."""
    check()
    for _ in range(5):
        in_fork(check)
        check()


def test_fork_of_a_fork():
    check()
    in_fork(lambda: (check(), in_fork(check)))


def test_fork_before_the_first_kernel():
    code = (
        "import os, tinygrad_ext as tg\n"
        "child = os.fork()\n"
        "tg.set_num_threads(2)\n"
        "assert float((tg.ones(300, 400) @ tg.ones(400, 500)).sum()) == 300 * 400 * 500\n"
        "if child == 0: os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=SECONDS)


def test_fork_while_other_threads_compute():
    """Some forks happen while the pool is at work for another thread."""
    stop = threading.Event()
    x = tg.ones(400, 400)

    def compute():
        while not stop.is_set():
            x @ x

    tg.set_num_threads(2)
    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            in_fork(check)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    check()


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(method):
    check()
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(work, [2, 1, 2, 4]).get(SECONDS) == [WANT] * 4
    check()


def test_beside_a_spinning_process():
    """A worker that gets no time delays nothing: the caller takes all tickets itself."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        begin = time.monotonic()
        for threads in (2, 4, 1):
            for _ in range(8):
                assert work(threads) == WANT
        assert time.monotonic() - begin < SECONDS
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def test_results_do_not_depend_on_the_process():
    """A child computes the same bits."""
    rng = np.random.default_rng(0)
    a, b = (tg.tensor(rng.standard_normal((300, 300)).astype("float32")) for _ in range(2))
    want = (a @ b).numpy().tobytes()

    def same():
        assert (a @ b).numpy().tobytes() == want

    in_fork(same)
