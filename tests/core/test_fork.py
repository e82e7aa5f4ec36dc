"""Kernels on several threads in child processes, beside other threads and on a busy machine: never stuck."""

from __future__ import annotations

import hashlib
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


def kernels():
    """Calls on several threads: what is timed beside a spinning process, and repeated in children."""
    rng = np.random.default_rng(0)

    def draw(*shape):
        return tg.tensor(rng.standard_normal(shape).astype("float32"))

    a, rows, image = draw(320, 320), draw(500, 700), draw(16, 8, 24, 24).requires_grad_()
    weight = draw(12, 8, 3, 3).requires_grad_()

    def train():
        image.grad = weight.grad = None
        tg.nn.functional.conv2d(image, weight, padding=1).square().sum().backward()
        return tg.cat([image.grad.flatten(), weight.grad.flatten()])

    return {
        "matmul": lambda: a @ a,
        "exp": rows.exp,
        "add": lambda: rows + rows,
        "softmax": lambda: rows.softmax(1),
        "sum": lambda: rows.sum(0),
        "layer_norm": lambda: tg.nn.functional.layer_norm(rows, (700,)),
        "conv2d with gradients": train,
        "sort": lambda: rows.sort(1)[0],
    }


def digests(threads: int = 2) -> list[str]:
    """What the kernels give, to the bit."""
    tg.set_num_threads(threads)
    return [hashlib.sha256(run().numpy()).hexdigest() for run in kernels().values()]


def test_results_do_not_depend_on_the_process():
    """A fork, and a fork of that, compute the same bits."""
    want = digests()

    def same():
        assert digests() == want

    in_fork(lambda: (same(), in_fork(same)))
    assert digests() == want


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_results_do_not_depend_on_the_way_of_starting(method):
    want = digests()
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(digests, [2, 1, 3]).get(SECONDS) == [want] * 3


ROUNDS, MEASURED = 9, 0.01  # and the seconds of one measurement
NEED_TWO = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two cores"
)


def seconds_per_call(run, threads: int) -> float:
    tg.set_num_threads(threads)
    run()
    count, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < MEASURED:
        run()
        count += 1
    return spent / count


@NEED_TWO
@pytest.mark.parametrize("name", kernels())
def test_speed_beside_a_spinning_process(name):
    """Two threads of which one must share its core are at least half as fast as one thread that need not."""
    run, ratios = kernels()[name], []
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            for _ in range(3):
                pairs = [(seconds_per_call(run, 1), seconds_per_call(run, 2)) for _ in range(ROUNDS)]
                alone, shared = (sorted(times) for times in zip(*pairs, strict=True))
                if alone[-2] > 2 * alone[1]:
                    continue  # one thread does not have a core for itself, so nothing can be said
                ratios.append(shared[ROUNDS // 2] / alone[ROUNDS // 2])
                if ratios[-1] <= 2:
                    return
        finally:
            spinning.kill()
    if not ratios:
        pytest.skip("the machine is too busy: the time of one thread varies more than twofold")
    raise AssertionError(f"{name}: two threads took {ratios} of the time of one")
