"""Orders that loader.json holds: functions of a library and its data package, which return nested lists.

Each goes through several epochs with other draws between them, so that it shows what is drawn, and when.
"""

from __future__ import annotations

from functools import partial

SIZES = {"uneven": (10, 3), "even": (12, 3), "one": (5, 8), "many": (67, 16)}


def loader(size, own, drop_last, lib, data):
    """Two epochs, and a draw from the same generator after each."""
    n, batch = SIZES[size]
    generator = lib.Generator().manual_seed(7) if own else None
    lib.manual_seed(11)
    numbers = data.TensorDataset(lib.arange(n))
    batches = data.DataLoader(numbers, batch, shuffle=True, drop_last=drop_last, generator=generator)
    seen = []
    for _ in range(2):
        seen.append([batch.tolist() for (batch,) in batches])
        seen.append(lib.randint(0, 1000, (1,), generator=generator).tolist())
    return seen


def stopped(lib, data):
    """What is drawn after an epoch that was left early, from a generator that the loop uses as well."""
    generator = lib.Generator().manual_seed(3)
    batches = data.DataLoader(lib.arange(12), 3, shuffle=True, generator=generator)
    seen = []
    for batch in batches:
        seen.append(batch.tolist() + lib.randint(0, 1000, (1,), generator=generator).tolist())
        if len(seen) == 4:
            break
    return seen + [batch.tolist() for batch in batches]


def sampler(make, lib, data):
    lib.manual_seed(5)
    order = make(lib, data)
    return [list(order), list(order), lib.randint(0, 1000, (1,)).tolist()]


def split(n, lengths, own, lib, data):
    lib.manual_seed(9)
    arguments = {"generator": lib.Generator().manual_seed(2)} if own else {}
    parts = data.random_split(range(n), lengths, **arguments)
    return [list(part) for part in parts] + [lib.randint(0, 1000, (1,)).tolist()]


WEIGHTS = [0.1, 3.0, 0.5, 2.0, 0.0, 1.0, 1.0]
SAMPLERS = {
    "random": lambda lib, data: data.RandomSampler(range(9)),
    "random-more": lambda lib, data: data.RandomSampler(range(9), num_samples=22),
    "random-fewer": lambda lib, data: data.RandomSampler(range(9), num_samples=4),
    "replacement": lambda lib, data: data.RandomSampler(range(9), replacement=True, num_samples=70),
    "replacement-32": lambda lib, data: data.RandomSampler(range(9), replacement=True, num_samples=32),
    "subset": lambda lib, data: data.SubsetRandomSampler([4, 8, 15, 16, 23, 42]),
    "weighted": lambda lib, data: data.WeightedRandomSampler(WEIGHTS, 20),
    "weighted-once": lambda lib, data: data.WeightedRandomSampler(WEIGHTS, 6, replacement=False),
    "batches": lambda lib, data: data.BatchSampler(data.RandomSampler(range(9), True, 40), 7, True),
}
ORDERS = {
    f"loader-{size}-{own}-{drop}": partial(loader, size, own, drop)
    for size in SIZES
    for own in (False, True)
    for drop in (False, True)
}
ORDERS |= {"stopped": stopped}
ORDERS |= {name: partial(sampler, make) for name, make in SAMPLERS.items()}
ORDERS |= {
    "split-counts": partial(split, 10, [3, 7], False),
    "split-fractions": partial(split, 31, [0.3, 0.3, 0.4], True),
}
