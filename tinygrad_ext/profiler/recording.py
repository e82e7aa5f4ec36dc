"""What the core noted, as columns of numbers, one line per event; and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tinygrad_ext._core import OPS
from tinygrad_ext.profiler.flops import Shape, flops, gradient_flops, is_whole

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# As `Event` in csrc/tape/profile.h; times in nanoseconds.
_EVENT = np.dtype(
    {
        "names": ["begin", "end", "parent", "site", "module", "kind", "backward"],
        "formats": ["i8", "i8", "u4", "u4", "u4", "u1", "?"],
        "itemsize": 32,
    }
)
_NONE = 0xFFFFFFFF
KINDS = ("op", "op", "rule", "engine", "module", "label")
RULE, ENGINE, MODULE, LABEL = 2, 3, 4, 5


class Site(NamedTuple):
    """What all events of one name on the same shapes have in common."""

    name: str
    kind: str
    bytes: int
    flops: int
    inputs: list[Shape | None]


class Place(NamedTuple):
    """A module: its dotted path, its class, and the number of the one it is a part of."""

    path: str
    kind: str
    parent: int

    def __str__(self) -> str:
        return self.path if self.path.split("#")[0] == self.kind else f"{self.path} ({self.kind})"


OUTSIDE = Place("(outside of modules)", "(outside of modules)", -1)


class Recording:
    """The events of one profile, in the order in which they began on their thread.

    Parameters
    ----------
    raw : tuple
        What ``_core._profile_stop`` gives.
    threads : dict from number to str
        The names of threads.
    main : int
        The number of the thread that started the profile.

    Attributes
    ----------
    begin, end : array of int
        Nanoseconds since the start.
    parent : array of int
        The event around it, -1 for none.
    kind, site, module, thread : array of int
        Indices into `KINDS`, `sites`, `modules` and `threads`.
    backward : array of bool
        Whether it was inside a backward pass.
    own_flops, own_bytes : array of int
        What the event did apart from the events in it.
    """

    def __init__(self, raw: tuple[Any, ...], threads: dict[int, str], main: int) -> None:
        self.duration, self.missed, tracks, sites, modules = raw
        self.sites = [_site(*site) for site in sites]
        self.modules = [OUTSIDE, *(Place(*module) for module in modules)]
        self.threads = [threads.get(number, f"thread {i}") for i, (number, _) in enumerate(tracks)]
        self.main = next((i for i, (number, _) in enumerate(tracks) if number == main), -1)
        functions = np.array([_is_function(site) for site in self.sites])
        events = [_without(functions, np.frombuffer(data, _EVENT)) for _, data in tracks]
        counts = np.array([len(part) for part in events], np.int64)
        first = np.cumsum(counts) - counts
        every = np.concatenate(events) if events else np.empty(0, _EVENT)
        columns = {name: every[name] for name in _EVENT.names or ()}
        self.begin: Ints = columns["begin"]
        self.end: Ints = columns["end"]
        self.site: Ints = columns["site"].astype(np.int64)
        self.module: Ints = columns["module"].astype(np.int64)
        self.kind: Ints = columns["kind"].astype(np.int64)
        self.backward: Bools = columns["backward"]
        self.thread: Ints = np.repeat(np.arange(len(events)), counts)
        parent = columns["parent"].astype(np.int64)
        self.parent: Ints = np.where(parent == _NONE, -1, parent + first[self.thread])
        self.time: Ints = self.end - self.begin
        self.depth = self._depths()
        self.self_time: Ints = self.time - self._of_children(self.time)
        # What is made of others is their sum; a product, however it is computed, is what its formula says.
        whole = np.array([site.kind == "op" and is_whole(site.name) for site in self.sites])[self.site]
        alone = whole | (self._of_children(np.ones_like(self.time)) == 0)
        for inner, around in self._ancestors():
            alone[inner[whole[around]]] = False
        self.own_flops: Ints = np.array([s.flops for s in self.sites], np.int64)[self.site] * alone
        self.own_bytes: Ints = np.array([s.bytes for s in self.sites], np.int64)[self.site] * alone

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def works(self) -> Bools:
        """Operations, gradient rules and the engine: what is not Python's."""
        return np.asarray(self.kind <= ENGINE)

    def name(self, i: int) -> str:
        """An event's name: of the operation, the module, or the user's label."""
        if self.kind[i] == MODULE:
            return str(self.modules[self.module[i]])
        name = self.sites[self.site[i]].name
        return f"{name} backward" if self.kind[i] == RULE else name

    def with_inner(self, own: Ints) -> Ints:
        """Return for each event the sum over itself and all that is inside it."""
        total = own.copy()
        for depth in range(int(self.depth.max(initial=0)), 0, -1):
            at = np.flatnonzero(self.depth == depth)
            np.add.at(total, self.parent[at], total[at])
        return total

    def outermost(self, key: Ints) -> Bools:
        """Return which events are inside no other event with the same key."""
        outer = np.ones(len(self), np.bool_)
        for inner, around in self._ancestors():
            outer[inner[key[inner] == key[around]]] = False
        return outer

    def backward_inside(self) -> Ints:
        """Return how much of each event's time backward passes take that began in it."""
        inside = np.zeros(len(self), np.int64)
        around = np.where(self.parent >= 0, self.backward[self.parent], False)
        first = (self.kind == ENGINE) & ~around
        for inner, outer in self._ancestors():
            chosen = first[inner]
            np.add.at(inside, outer[chosen], self.time[inner[chosen]])
        return inside

    def _ancestors(self) -> Iterator[tuple[Ints, Ints]]:
        """Events and their parents, then events and their parents' parents, and so on."""
        inner = np.flatnonzero(self.parent >= 0)
        outer = self.parent[inner]
        while len(inner):
            yield inner, outer
            outer = self.parent[outer]
            inner, outer = inner[outer >= 0], outer[outer >= 0]

    def _depths(self) -> Ints:
        depth = np.zeros(len(self), np.int64)
        for inner, _ in self._ancestors():
            depth[inner] += 1
        return depth

    def _of_children(self, value: Ints) -> Ints:
        total = np.zeros(len(self), np.int64)
        inner = self.parent >= 0
        np.add.at(total, self.parent[inner], value[inner])
        return total


_OPERATIONS = {op.name for op in OPS}


def _is_function(site: Site) -> bool:
    """Whether this is one of the core's functions that are no operations, such as `is_grad_enabled`."""
    return site.kind == "op" and not site.bytes and site.name.removesuffix("_") not in _OPERATIONS


def _without(functions: Bools, events: Any) -> Any:
    """The events of one thread but those of functions; what was inside one is inside what was around it."""
    kept = ~functions[events["site"]]
    if kept.all():
        return events
    number = np.cumsum(kept) - 1
    parent = np.where(events["parent"] == _NONE, -1, events["parent"].astype(np.int64))
    while len(hidden := np.flatnonzero((parent >= 0) & ~kept[parent])):
        parent[hidden] = parent[parent[hidden]]
    events = events.copy()
    events["parent"] = np.where(parent < 0, _NONE, number[parent])
    return events[kept]


def _site(name: str, kind: str, size: int, inputs: list[Any], outputs: list[Any]) -> Site:
    shapes = [None if given is None else given[0] for given in inputs]
    made = outputs[0][0] if outputs and outputs[0] else ()
    if kind == "op" and (inputs or outputs):
        work = flops(name, shapes, made)
    else:
        work = gradient_flops(name, shapes) if kind == "rule" else 0
    return Site(name, kind, size, work, shapes)
