"""The allocator: what it counts, what it gives back, and the limit."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

import tinygrad_ext as tg

resource = pytest.importorskip("resource")

MB = 2**20


@pytest.fixture(autouse=True)
def unlimited():
    gc.collect()
    tg.empty_cache()
    yield
    tg.set_memory_limit(None)
    tg.empty_cache()


def stat(name: str) -> int:
    return tg.memory_stats()[name]


def reserved() -> int:
    return stat("in_use") + stat("cached")


def test_what_is_counted():
    before = tg.memory_stats()
    assert before.keys() == {"in_use", "cached", "peak", "limit", "allocations", "from_system"}
    assert before["limit"] is None
    x = tg.zeros(4 * MB)
    now = tg.memory_stats()
    assert 16 * MB <= now["in_use"] - before["in_use"] < 16 * MB + 4096
    assert now["peak"] >= now["in_use"]
    assert now["allocations"] > before["allocations"]
    assert now["from_system"] - before["from_system"] in (1, 2)
    del x
    assert stat("in_use") == before["in_use"]
    assert stat("cached") >= 16 * MB
    assert stat("peak") == now["peak"]
    tg.reset_peak_memory_stats()
    assert stat("peak") == stat("in_use")


@pytest.mark.parametrize("elements", [256, 20_000, 200_000, 2 * MB])
def test_cache_is_reused_and_given_back(elements):
    """Small blocks share slabs; a slab goes back when none of its blocks is in use."""
    total = 32 * MB
    tensors = [tg.ones(elements) for _ in range(total // (4 * elements))]
    before = tg.memory_stats()
    del tensors
    assert stat("in_use") <= before["in_use"] - total
    tensors = [tg.ones(elements) for _ in range(total // (4 * elements))]
    assert stat("from_system") == before["from_system"]
    kept = tensors[0]
    del tensors
    returned = tg.empty_cache()
    # The slab of what is kept and the one that is being carved stay.
    assert returned >= total - 8 * MB
    assert stat("cached") <= 8 * MB
    assert float(kept.sum()) == elements
    assert float(tg.ones(elements).sum()) == elements


def test_scattered_survivors():
    """Giving slabs back leaves every block that is in use alone."""
    tensors = [tg.full((1000,), float(i)) for i in range(8000)]
    kept = tensors[::1777]
    del tensors
    tg.empty_cache()
    fresh = [tg.full((1000,), -1.0) for _ in range(8000)]
    assert [t.tolist() == [i * 1777.0] * 1000 for i, t in enumerate(kept)] == [True] * len(kept)
    assert all(float(t.sum()) == -1000.0 for t in fresh[::100])


def test_limit():
    tg.set_memory_limit(reserved() + 32 * MB)
    assert stat("limit") > 0
    x = tg.ones(4 * MB)  # 16 MiB
    before = stat("in_use")
    for call in (lambda: tg.ones(8 * MB), lambda: x * 2 + (x * 3) + x.exp(), lambda: tg.cat([x, x])):
        with pytest.raises(MemoryError, match=r"asked for .*MiB.* in use .* limit is .*MiB"):
            call()
        assert stat("in_use") == before
    assert float(x.sum()) == 4 * MB
    tg.set_memory_limit(None)
    assert stat("limit") is None
    assert float(tg.ones(8 * MB).sum()) == 8 * MB


def test_message_names_request_use_and_limit():
    tg.set_memory_limit(reserved() + 10 * MB)
    with pytest.raises(MemoryError) as caught:
        tg.empty(16 * MB)
    message = str(caught.value)
    assert "64 MiB" in message
    assert "TINYGRAD_EXT_MEMORY_LIMIT" in message
    assert "16777216 elements of float32" in message


def test_cached_blocks_are_given_back_before_refusing():
    """Blocks of one size make room for those of another, carved ones too."""
    for elements in (2 * MB, 100_000):
        tg.empty_cache()
        tg.set_memory_limit(reserved() + 64 * MB)
        tensors = [tg.ones(elements) for _ in range(40 * MB // (4 * elements))]
        del tensors
        assert stat("cached") > 30 * MB
        x = tg.ones(12 * MB)  # fits only in place of them
        assert float(x.sum()) == 12 * MB
        del x
        tg.set_memory_limit(None)


def test_a_limit_below_what_is_in_use():
    """Takes back what is cached; what is in use stays usable, more is refused."""
    x = tg.ones(4 * MB)
    y = tg.ones(4 * MB)
    del y
    assert stat("cached") >= 16 * MB
    tg.set_memory_limit(0)
    assert stat("cached") < 16 * MB
    with pytest.raises(MemoryError):
        x + 1
    x += 1
    assert float(x[0]) == 2.0


@pytest.mark.parametrize("room", [0, 4, 12, 30])
def test_backward_that_runs_out_changes_nothing(room):
    """Refused at once or between two leaves: no gradient is touched, nothing leaks, the next pass works."""
    leaves = [tg.full((MB,), 0.5, requires_grad=True) for _ in range(10)]
    for leaf in leaves[::2]:
        leaf.grad = tg.full((MB,), 7.0)
    before = stat("in_use")
    value = sum((leaf * leaf).sum() for leaf in leaves)
    tg.empty_cache()
    tg.set_memory_limit(reserved() + room * MB)
    with pytest.raises(MemoryError):
        value.backward()
    assert [leaf.grad is None for leaf in leaves] == [False, True] * 5
    assert [float(leaf.grad.sum()) for leaf in leaves[::2]] == [7.0 * MB] * 5
    assert [float(leaf.sum()) for leaf in leaves] == [0.5 * MB] * 10
    del value
    gc.collect()
    assert stat("in_use") - before < 4096
    tg.set_memory_limit(None)
    sum((leaf * leaf).sum() for leaf in leaves).backward()
    assert [float(leaf.grad[0]) for leaf in leaves] == [8.0, 1.0] * 5


def test_step_that_runs_out_changes_nothing():
    """The states of the first step do not fit."""
    p = [tg.ones(MB, requires_grad=True) for _ in range(3)]
    for w in p:
        w.grad = tg.ones(MB)
    optimizer = tg.optim.Adam(p)
    tg.set_memory_limit(reserved() + 12 * MB)
    with pytest.raises(MemoryError):
        optimizer.step()
    assert [float(w.sum()) for w in p] == [MB] * 3
    assert optimizer.state_dict()["state"] == {}
    tg.set_memory_limit(None)
    optimizer.step()
    assert float(p[2][0]) < 1


@pytest.mark.parametrize("bad", [-1, 1.5, "1"])
def test_bad_limits(bad):
    with pytest.raises((TypeError, ValueError), match="set_memory_limit"):
        tg.set_memory_limit(bad)
    assert stat("limit") is None


@pytest.mark.parametrize(
    ("value", "words"),
    [("50000000", "50000000 MemoryError"), ("", "None fine"), ("lots", "TINYGRAD_EXT_MEMORY_LIMIT=lots")],
)
def test_limit_from_the_environment(value, words):
    code = (
        "import tinygrad_ext as tg\n"
        "limit = tg.memory_stats()['limit']\n"
        "try: tg.ones(20_000_000); print(limit, 'fine')\n"
        "except MemoryError: print(limit, 'MemoryError')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TINYGRAD_EXT_MEMORY_LIMIT": value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert words in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
@pytest.mark.parametrize("width", [16, 512])
def test_steady_state(name, width):
    """A training loop comes to ask the system for nothing: neither blocks nor pages."""
    model = tg.nn.Sequential(tg.nn.Linear(256, width), tg.nn.ReLU(), tg.nn.Linear(width, 10))
    optimizer = getattr(tg.optim, name)(model.parameters(), lr=1e-3)
    x, y = tg.randn(128, 256), tg.randint(0, 10, (128,))

    def train(steps):
        for _ in range(steps):
            loss = tg.nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    train(30)
    blocks = stat("from_system")
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    train(100)
    assert stat("from_system") == blocks
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults < 50


@pytest.mark.skipif(
    not os.path.exists("/sys/kernel/mm/transparent_hugepage"), reason="a kernel without huge pages"
)
def test_large_blocks_lie_on_huge_pages():
    """From 2 MiB on, blocks start at 2 MiB boundaries and ask for huge pages."""
    x = tg.ones(8 * MB)
    assert x.data_ptr() % (2 * MB) == 0
    flags, inside = "", False
    with open("/proc/self/smaps") as file:
        for line in file:
            first = line.split()[0]
            if "-" in first and not first.endswith(":"):
                begin, end = (int(edge, 16) for edge in first.split("-"))
                inside = begin <= x.data_ptr() < end
            elif inside and first == "VmFlags:":
                flags = line
    assert "hg" in flags.split()
