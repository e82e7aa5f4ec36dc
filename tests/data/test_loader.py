"""The loader: batches, structures, workers, and what becomes of those that fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_ext as tg
from tinygrad_ext.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    default_collate,
    default_convert,
    get_worker_info,
)

KINDS = ["threads", "processes"]


class Squares(Dataset):
    """Squares of numbers; at `bad`, `fault` is called."""

    def __init__(self, n, bad=None, fault=None):
        self.n, self.bad, self.fault = n, bad, fault

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index == self.bad:
            self.fault()
        return index**2


def test_tensors_are_gathered_and_not_shared():
    x, y = tg.arange(20).reshape(10, 2), tg.arange(10)
    whole = TensorDataset(x, y)
    for dataset in whole, Subset(whole, range(10)), Subset(whole, tg.arange(10)):
        batches = list(DataLoader(dataset, 4))
        assert [type(batch) for batch in batches] == [list] * 3
        assert np.concatenate([a.numpy() for a, _ in batches]).tolist() == x.tolist()
        assert [b.tolist() for _, b in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        batches[0][0].zero_()
    assert x.sum().item() == 190
    assert [b.tolist() for b in DataLoader(y, 6)] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]


def test_one_call_per_batch():
    class Whole(Squares):
        calls = 0

        def gather(self, indices):
            type(self).calls += 1
            return indices**2

    assert [b.tolist() for b in DataLoader(Whole(5), 2)] == [[0, 1], [4, 9], [16]]
    assert Whole.calls == 3
    # A collate_fn of one's own gets samples.
    assert list(DataLoader(Whole(5), 2, collate_fn=sum)) == [1, 13, 16]


class Noisy(TensorDataset):
    """A subclass that changes samples: batches must be made of those."""

    def __getitem__(self, index):
        return self.tensors[0][index] + 100


def test_a_changed_sample_is_not_passed_over():
    noisy = Noisy(tg.arange(4))
    assert [b.tolist() for b in DataLoader(noisy, 2)] == [[100, 101], [102, 103]]
    assert [b.tolist() for b in DataLoader(Subset(noisy, [3, 0]), 2)] == [[103, 100]]
    assert Subset(Squares(5), [4, 2]).gather(tg.arange(2)).tolist() == [16, 4]


def test_sizes():
    numbers = Squares(10)
    assert [len(DataLoader(numbers, 4, drop_last=drop)) for drop in (False, True)] == [3, 2]
    assert len(DataLoader(numbers, batch_size=None)) == 10
    assert list(DataLoader(numbers, batch_size=None))[:3] == [0, 1, 4]
    assert list(DataLoader([], 3)) == []


class Point(NamedTuple):
    x: float
    tag: str


def test_collate():
    batch = default_collate([{"a": (1, 2.0), "p": Point(0.5, "u")}, {"a": (3, 4.0), "p": Point(1.5, "v")}])
    assert isinstance(batch["a"], list)
    assert [t.dtype for t in batch["a"]] == [tg.int64, tg.float64]
    assert batch["a"][0].tolist() == [1, 3]
    assert isinstance(batch["p"], Point)
    assert batch["p"].tag == ["u", "v"]
    assert default_collate([True, False]).dtype == tg.bool
    assert default_collate([np.float32(1), np.float32(2)]).dtype == tg.float32
    assert default_collate([np.zeros((2, 3)), np.ones((2, 3))]).shape == (2, 2, 3)
    assert default_collate([tg.zeros(3), tg.ones(3)]).tolist() == [[0] * 3, [1] * 3]
    assert default_convert({"a": np.arange(3), "b": "text"})["a"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("samples", "seen"),
    [
        ([object()], "object"),
        ([[1, 2], [1]], r"\[1, 2\]"),
        ([tg.zeros(2), tg.zeros(3)], r"\(2,\), \(3,\)"),
        ([np.array(["a"])], "<U1"),
        ([], "empty"),
    ],
)
def test_collate_refuses(samples, seen):
    with pytest.raises((TypeError, RuntimeError, ValueError), match=f"default_collate.*{seen}"):
        default_collate(samples)


def test_concat():
    joined = Squares(3) + Squares(2)
    assert isinstance(joined, ConcatDataset)
    assert [joined[i] for i in range(-5, 5)] == [0, 1, 4, 0, 1] * 2
    with pytest.raises(IndexError, match="5 samples: index 5"):
        joined[5]
    with pytest.raises(ValueError, match="empty"):
        ConcatDataset([])


class Stream(IterableDataset):
    """Numbers of a range, shared out between the workers."""

    def __iter__(self):
        info = get_worker_info()
        return iter(range(10)) if info is None else iter(range(info.id, 10, info.num_workers))


@pytest.mark.parametrize("kind", KINDS)
def test_iterable(kind):
    assert [b.tolist() for b in DataLoader(Stream(), 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [b.tolist() for b in DataLoader(Stream(), 4, drop_last=True)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert list(DataLoader(Stream(), None)) == list(range(10))
    batches = [b.tolist() for b in DataLoader(Stream(), 3, num_workers=2, workers=kind)]
    assert batches == [[0, 2, 4], [1, 3, 5], [6, 8], [7, 9]]
    assert get_worker_info() is None


def raise_bad():
    raise ValueError("bad value")


def leave():
    os._exit(7)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def sleep():
    time.sleep(60)


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_names_worker_and_sample(kind):
    batches = iter(DataLoader(Squares(30, 13, raise_bad), 3, num_workers=2, workers=kind))
    assert [next(batches).tolist() for _ in range(4)][3] == [81, 100, 121]
    with pytest.raises(ValueError, match=r"worker 0 .*at sample 13: ValueError: bad value[\s\S]*raise_bad"):
        next(batches)


@pytest.mark.parametrize(("fault", "how"), [(leave, "exit code 7"), (kill, "signal 9")])
def test_a_dead_worker_is_reported(fault, how):
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=rf"worker 1 \(process \d+\) died unexpectedly \({how}\)"):
        list(DataLoader(Squares(30, 4, fault), 3, num_workers=2))
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("kind", KINDS)
def test_timeout(kind, monkeypatch):
    monkeypatch.setattr("tinygrad_ext.data.workers._GRACE", 0.1)
    with pytest.raises(RuntimeError, match=r"worker 0 .* within 0\.2 s"):
        list(DataLoader(Squares(9, 0, sleep), 3, num_workers=2, timeout=0.2, workers=kind))


@pytest.mark.parametrize("kind", KINDS)
def test_stopping_early_ends_the_workers(kind):
    before = threading.active_count()
    for batch in DataLoader(Squares(10_000), 2, num_workers=2, workers=kind):
        assert batch.tolist() == [0, 1]
        break
    iterator = iter(DataLoader(Squares(10_000), 2, num_workers=2, workers=kind))
    next(iterator)
    del iterator
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    if kind == "processes":
        import multiprocessing

        assert multiprocessing.active_children() == []


ORPHANS = """
import os, time
from tinygrad_ext.data import DataLoader, Dataset
class Pids(Dataset):
    def __len__(self): return 100
    def __getitem__(self, index): return os.getpid()
batches = iter(DataLoader(Pids(), 1, num_workers=2, multiprocessing_context="fork"))
print(next(batches).item(), next(batches).item(), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc on this system")
def test_workers_of_a_killed_process_end():
    command = [sys.executable, "-W", "ignore", "-c", ORPHANS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as consumer:
        workers = consumer.stdout.readline().split()
        consumer.kill()
    deadline = time.monotonic() + 10
    assert len(set(workers)) == 2
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_large_tasks_and_batches_do_not_block_each_other():
    """Both directions of the pipe are full at once."""
    n = 100_000
    loader = DataLoader(TensorDataset(tg.arange(n)), 30_000, num_workers=1, prefetch_factor=4)
    assert [len(b) for (b,) in loader] == [30_000] * 3 + [10_000]


class Draws(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return tg.rand(1), float(np.random.rand()), os.getpid()


def test_processes_have_seeds_of_their_own():
    def epoch(loader):
        return [[v.tolist() for v in batch] for batch in loader]

    loader = DataLoader(Draws(), 2, num_workers=2, persistent_workers=True)
    tg.manual_seed(1)
    first, second = epoch(loader), epoch(loader)
    assert first[0][:2] != first[1][:2]
    assert first[0][:2] != second[0][:2]
    assert [b[2] for b in first] == [b[2] for b in second]  # the same processes
    tg.manual_seed(1)
    assert [b[:2] for b in epoch(DataLoader(Draws(), 2, num_workers=2))] == [b[:2] for b in first]


@pytest.mark.parametrize("kind", KINDS)
def test_persistent_workers_forget_an_abandoned_epoch(kind):
    loader = DataLoader(Squares(9), 2, num_workers=2, persistent_workers=True, workers=kind)
    for _ in loader:
        break
    assert [b.tolist() for b in loader] == [[0, 1], [4, 9], [16, 25], [36, 49], [64]]


def mark(number):
    os.environ["MARK"] = str(number)


class Marked(Squares):
    def __getitem__(self, index):
        return int(os.environ["MARK"])


def test_spawned_workers_and_init():
    loader = DataLoader(
        Marked(4), 1, num_workers=2, worker_init_fn=mark, multiprocessing_context="forkserver"
    )
    assert [b.item() for b in loader] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"num_workers": -1},
        {"workers": "cats"},
        {"timeout": -1},
        {"timeout": 1},
        {"num_workers": 1, "prefetch_factor": 0},
        {"shuffle": True, "sampler": [1]},
        {"batch_sampler": [[1]], "shuffle": True},
        {"batch_size": None, "drop_last": True},
    ],
)
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match=r"DataLoader|BatchSampler"):
        DataLoader(Squares(3), **arguments)


def test_iterable_takes_no_order():
    with pytest.raises(ValueError, match="IterableDataset"):
        DataLoader(Stream(), shuffle=True)


def test_tensor_dataset_refuses():
    with pytest.raises(ValueError, match=r"\(3,\), \(4, 2\)"):
        TensorDataset(tg.zeros(3), tg.zeros(4, 2))
    with pytest.raises(ValueError, match="none"):
        TensorDataset()
