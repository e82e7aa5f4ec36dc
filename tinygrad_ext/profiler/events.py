"""One event of a profile, as an object."""

from __future__ import annotations

from typing import NamedTuple

from tinygrad_ext.profiler.flops import Shape
from tinygrad_ext.profiler.recording import KINDS, MODULE, Recording


class Event(NamedTuple):
    """Something that ran: an operation, a gradient rule, a module's call, a labelled block.

    Attributes
    ----------
    name : str
        ``relu``; ``relu backward`` for its gradient rule; ``Net.head (Linear)`` for a module's call.
    kind : str
        "op", "rule", "engine" (a whole backward pass), "module" or "label".
    phase : str
        "forward" or "backward": whether it was inside a backward pass.
    start, duration, self_time : float
        Seconds: since the start of the profile; from begin to end; without the events inside it.
    depth : int
        How many events are around it.
    thread, module : str
        The thread it ran on; the module that was running, or, in backward, that recorded the operation.
    flops, bytes : int
        What it computed and moved apart from the events inside it.
    input_shapes : list of shape or None
        Of its tensor arguments; None for one that was left out. Empty unless the profile records shapes.
    """

    name: str
    kind: str
    phase: str
    start: float
    duration: float
    self_time: float
    depth: int
    thread: str
    module: str
    flops: int
    bytes: int
    input_shapes: list[Shape | None]


def events(recording: Recording, record_shapes: bool) -> list[Event]:
    """All events, by thread, each before those inside it."""
    r = recording
    columns = (r.begin, r.time, r.self_time, r.depth, r.kind, r.backward, r.thread, r.module, r.site)
    return [
        Event(
            r.name(i),
            KINDS[kind],
            "backward" if backward else "forward",
            begin / 1e9,
            time / 1e9,
            self_time / 1e9,
            depth,
            r.threads[thread],
            str(r.modules[module]),
            flops,
            size,
            r.sites[site].inputs if record_shapes and kind != MODULE else [],
        )
        for i, (
            begin,
            time,
            self_time,
            depth,
            kind,
            backward,
            thread,
            module,
            site,
            flops,
            size,
        ) in enumerate(zip(*(c.tolist() for c in (*columns, r.own_flops, r.own_bytes)), strict=True))
    ]
