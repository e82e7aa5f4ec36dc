"""`profile`: records what runs between its start and its stop."""

from __future__ import annotations

import os
import threading

from tinygrad_ext import _core
from tinygrad_ext._core import _profile_start, _profile_stop, memory_stats, reset_peak_memory_stats
from tinygrad_ext.profiler.averages import Averages, by_module, by_op, notes
from tinygrad_ext.profiler.events import Event, events
from tinygrad_ext.profiler.recording import Recording
from tinygrad_ext.profiler.trace import export


class profile:
    """Record every operation, gradient rule and module call of all threads, with times, FLOPs and bytes.

    Use it as a context manager, or call `start` and `stop`. Recording an event takes well under a tenth of a
    microsecond, and keeps 32 bytes.

    Parameters
    ----------
    record_shapes : bool, default False
        Show the shapes of inputs in `events` and in the trace, and let `key_averages` keep them apart.
    profile_memory : bool, default False
        Report the most that tensors used at once. Resets ``tg.memory_stats()["peak"]``.
    max_events : int, default 10,000,000
        What comes after so many is only counted, and the table says so.

    Raises
    ------
    RuntimeError
        From `start` while another profile is taken, from `stop` while none is, and when results are asked for
        before `stop`.

    Examples
    --------
    >>> model = tg.nn.Linear(4, 2)
    >>> with tg.profile() as p:
    ...     model(tg.ones(3, 4)).sum().backward()
    >>> {row.name: row.flops for row in p.key_averages() if row.flops}["linear"]
    102
    """

    def __init__(
        self, *, record_shapes: bool = False, profile_memory: bool = False, max_events: int = 10_000_000
    ) -> None:
        if max_events < 1:
            raise ValueError(f"profile: max_events must be at least 1, got {max_events}")
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.max_events = max_events
        self.peak_memory: int | None = None
        self._main = 0
        self._recording: Recording | None = None

    def start(self) -> None:
        """Begin to record; what was recorded before is dropped."""
        _profile_start(self.max_events)
        _core._watched = True
        if self.profile_memory:
            reset_peak_memory_stats()
        self._main = threading.get_ident()
        self._recording = None

    def stop(self) -> None:
        """End the recording; what is running then ends with it."""
        raw = _profile_stop()
        _core._watched = False
        if self.profile_memory:
            self.peak_memory = memory_stats()["peak"]
        names = {thread.ident or 0: thread.name for thread in threading.enumerate()}
        self._recording = Recording(raw, names, self._main)

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def duration(self) -> float:
        """Seconds from start to stop."""
        return float(self._done().duration / 1e9)

    def events(self) -> list[Event]:
        """Return every event, by thread, each before those inside it."""
        return events(self._done(), self.record_shapes)

    def key_averages(self, group_by_input_shape: bool = False, group_by: str = "op") -> Averages:
        """Sum up the events.

        Parameters
        ----------
        group_by_input_shape : bool, default False
            One row for each operation and shapes of its inputs; needs ``record_shapes=True``.
        group_by : {"op", "module"}
            By the name of the operation, or by the module that ran it or, in backward, recorded it.

        Returns
        -------
        Averages
            A list of `Row`, in the order in which they first ran, with a method `table`.

        Raises
        ------
        ValueError
            For another `group_by`, or where shapes were not asked for.
        """
        recording = self._done()
        if group_by not in ("op", "module"):
            raise ValueError(f"key_averages: there is no group_by={group_by!r}; known are op, module")
        if group_by_input_shape and not (self.record_shapes and group_by == "op"):
            raise ValueError(
                "key_averages: group_by_input_shape needs profile(record_shapes=True) and group_by='op'"
            )
        rows = by_op(recording, group_by_input_shape) if group_by == "op" else by_module(recording)
        return Averages(rows, self.duration, notes(recording, self.peak_memory))

    def table(self, sort_by: str | None = "self_time", group_by: str = "op", row_limit: int = 100) -> str:
        """Return ``key_averages(group_by=group_by).table(sort_by, row_limit)``."""
        return self.key_averages(group_by=group_by).table(sort_by, row_limit)

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write a trace that https://ui.perfetto.dev and chrome://tracing open.

        Parameters
        ----------
        path : str or path
            A file, compressed if its name ends in ``.gz``.
        """
        export(self._done(), path, self.record_shapes)

    def __str__(self) -> str:
        return repr(self) if self._recording is None else self.table()

    def __repr__(self) -> str:
        state = "without results" if self._recording is None else f"{len(self._recording):,} events"
        return f"<profile: {state}>"

    def _done(self) -> Recording:
        if self._recording is None:
            raise RuntimeError("profile: there are no results before stop(), or the end of the with block")
        return self._recording
