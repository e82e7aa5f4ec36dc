"""Several threads, each with a graph of its own."""

from __future__ import annotations

import threading

import numpy as np

import tinygrad_ext as tg

THREADS = 8


def train(seed: int, steps: int = 60) -> list[np.ndarray]:
    """Fit a small network to a fixed random problem; the weights after the last step."""
    rng = np.random.default_rng(seed)
    x, y = tg.tensor(rng.standard_normal((32, 5))), tg.tensor(rng.standard_normal((32, 2)))
    shapes = ((5, 16), (16,), (16, 2), (2,))
    p = [tg.tensor(rng.standard_normal(s) * 0.3, requires_grad=True) for s in shapes]
    for _ in range(steps):
        hidden = (x @ p[0] + p[1]).tanh()
        loss = ((hidden @ p[2] + p[3] - y) ** 2).mean()
        for w in p:
            w.grad = None
        loss.backward()
        with tg.no_grad():
            for w in p:
                w -= 0.1 * w.grad
    return [w.detach().numpy().copy() for w in p]


def run(work, count: int = THREADS) -> list:
    """Results of `work(i)` on `count` threads that start together; exceptions are raised here."""
    results, failures = [None] * count, []
    start = threading.Barrier(count)

    def body(i):
        start.wait()
        try:
            results[i] = work(i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=body, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]
    return results


def test_threads_train_alike():
    """The same numbers, to the bit, as each model trained alone."""
    alone = [train(i) for i in range(THREADS)]
    together = run(train)
    for a, b in zip(alone, together, strict=True):
        for u, v in zip(a, b, strict=True):
            np.testing.assert_array_equal(u, v)


def test_large_work_in_many_threads():
    """Work large enough to run without the interpreter's lock and on the worker pool."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((300, 400)).astype("float32")

    def work(i):
        x = tg.tensor(a * (i + 1), requires_grad=True)
        total = tg.zeros(())
        for _ in range(5):
            total = total + (x @ x.transpose(0, 1)).tanh().sum() + x.exp().mean()
        total.backward()
        return x.grad.numpy().copy()

    alone = [work(i) for i in range(4)]
    for u, v in zip(alone, run(work, 4), strict=True):
        np.testing.assert_array_equal(u, v)


def test_tensors_cross_threads():
    """Made in one thread, differentiated in another, freed in a third."""
    x = tg.ones(1000, requires_grad=True)
    made = run(lambda i: (x * (i + 1)).sum())
    run(lambda i: made[i].backward() if i == 0 else None)
    assert x.grad[0].item() == 1.0
    run(lambda i: made.pop())
    assert made == []


def test_shared_leaf_accumulates():
    """Threads that differentiate through one leaf lose no contribution."""
    x = tg.zeros(4, dtype=tg.float64, requires_grad=True)

    def work(i):
        for _ in range(50):
            (x * 1.0).sum().backward()

    run(work)
    assert x.grad.tolist() == [50.0 * THREADS] * 4


def test_threads_share_parameters():
    """Each thread adds its part to the gradient of the same leaf; nothing is lost, however large the leaf."""
    x = tg.ones(1000, 700, requires_grad=True)
    parts = [np.random.default_rng(i).integers(0, 9, (1000, 700)).astype(np.float32) for i in range(THREADS)]

    def work(i):
        for _ in range(3):
            (x * tg.tensor(parts[i])).sum().backward()

    run(work)
    np.testing.assert_array_equal(x.grad.numpy(), 3 * np.sum(parts, axis=0))  # small integers: exact
