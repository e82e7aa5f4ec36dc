"""Events summed up: by operation or by module, as rows and as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_ext.profiler.flops import Shape
from tinygrad_ext.profiler.recording import MODULE, Ints, Recording


@dataclass(frozen=True)
class Row:
    """What all events of one name sum up to.

    Attributes
    ----------
    name : str
    input_shapes : tuple of shape or None
        Where there is a row for each; else empty.
    calls, backward_calls : int
        How often it ran outside of and inside backward passes; there, its gradient rule counts too. What runs
        inside something of the same name is not counted again.
    forward_time, backward_time : float
        Seconds from begin to end, what runs inside included.
    self_time : float
        Seconds, both phases, without what runs inside.
    flops, bytes : int
        What was computed, and read and written, what runs inside included.
    """

    name: str
    input_shapes: tuple[Shape | None, ...]
    calls: int
    backward_calls: int
    forward_time: float
    backward_time: float
    self_time: float
    flops: int
    bytes: int

    @property
    def total_time(self) -> float:
        """Seconds, forward and backward."""
        return self.forward_time + self.backward_time

    @property
    def average_time(self) -> float:
        """Seconds per call, of either phase."""
        return self.total_time / max(1, self.calls + self.backward_calls)

    # PyTorch's names, with its unit, the microsecond.

    @property
    def key(self) -> str:
        """The name."""
        return self.name

    @property
    def count(self) -> int:
        """The calls of both phases."""
        return self.calls + self.backward_calls

    @property
    def cpu_time_total(self) -> float:
        """Microseconds, what runs inside included."""
        return self.total_time * 1e6

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds, without what runs inside."""
        return self.self_time * 1e6

    @property
    def cpu_time(self) -> float:
        """Microseconds per call."""
        return self.average_time * 1e6


_ORDERS: dict[str, Callable[[Row], Any]] = {
    "self_time": lambda row: row.self_time,
    "total_time": lambda row: row.total_time,
    "forward_time": lambda row: row.forward_time,
    "backward_time": lambda row: row.backward_time,
    "average_time": lambda row: row.average_time,
    "calls": lambda row: row.count,
    "flops": lambda row: row.flops,
    "bytes": lambda row: row.bytes,
    "name": lambda row: row.name,
    "count": lambda row: row.count,
    "cpu_time": lambda row: row.average_time,
    "cpu_time_total": lambda row: row.total_time,
    "self_cpu_time_total": lambda row: row.self_time,
}
_HEAD = (
    "calls", "bwd calls", "forward", "backward", "self", "self %", "total", "average", "GFLOP", "GFLOP/s",
    "bytes", "GB/s",
)  # fmt: skip


class Averages(list[Row]):
    """The rows of a profile.

    Attributes
    ----------
    duration : float
        Seconds that the profile lasted; the table's percentages are of it.
    notes : list of str
        What stands below the table.
    """

    def __init__(self, rows: list[Row], duration: float, notes: list[str]) -> None:
        super().__init__(rows)
        self.duration = duration
        self.notes = notes

    def table(self, sort_by: str | None = "self_time", row_limit: int = 100) -> str:
        """Return the rows as aligned text.

        Parameters
        ----------
        sort_by : str or None
            "self_time", "total_time", "forward_time", "backward_time", "average_time", "calls", "flops" or
            "bytes", the largest first; "name"; PyTorch's "count", "cpu_time", "cpu_time_total" and
            "self_cpu_time_total". None keeps the order in which they first ran.
        row_limit : int, default 100
            How many rows are shown; -1 for all.

        Raises
        ------
        ValueError
            If there is no such order.
        """
        rows: list[Row] = list(self)
        if sort_by is not None:
            if sort_by not in _ORDERS:
                raise ValueError(f"table: there is no sort_by={sort_by!r}; known are {', '.join(_ORDERS)}")
            rows.sort(key=_ORDERS[sort_by], reverse=sort_by != "name")
        shown = rows if row_limit < 0 else rows[:row_limit]
        lines = [("name", *_HEAD), *(self._line(row) for row in shown)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        rule = "-" * max(map(len, text))
        more = [f"... and {len(rows) - len(shown)} more"] if len(shown) < len(rows) else []
        return "\n".join([rule, text[0], rule, *text[1:], *more, rule, *self.notes])

    def _line(self, row: Row) -> tuple[str, ...]:
        seconds = row.total_time
        shapes = " " + ", ".join(str(list(s)) if s is not None else "-" for s in row.input_shapes)
        return (
            row.name + (shapes if row.input_shapes else ""),
            str(row.calls or ""),
            str(row.backward_calls or ""),
            _time(row.forward_time),
            _time(row.backward_time),
            _time(row.self_time),
            f"{100 * row.self_time / self.duration:.2f}" if self.duration else "",
            _time(seconds),
            _time(row.average_time),
            _number(row.flops / 1e9),
            _number(row.flops / 1e9 / seconds) if seconds else "",
            _size(row.bytes),
            _number(row.bytes / 1e9 / seconds) if seconds else "",
        )

    def __str__(self) -> str:
        return self.table()


def by_op(r: Recording, by_shapes: bool) -> list[Row]:
    """Sum up events by the name of the operation; a gradient rule belongs to its operation."""
    names: dict[tuple[str, bool, tuple[Shape | None, ...]], int] = {}
    of_site = np.array(
        [
            names.setdefault((s.name, s.kind == "label", tuple(s.inputs) if by_shapes else ()), len(names))
            for s in r.sites
        ],
        np.int64,
    )
    key = np.where(r.kind == MODULE, -1, of_site[r.site]) if len(r) else r.site
    counted = r.outermost(key) & (key >= 0)
    later = r.backward_inside()
    forward, backward = counted & ~r.backward, counted & r.backward
    spent = _sums(key, len(names))
    columns = (
        spent(forward, np.ones_like(key)),
        spent(backward, np.ones_like(key)),
        spent(forward, r.time - later) / 1e9,
        (spent(backward, r.time) + spent(forward, later)) / 1e9,
        spent(key >= 0, r.self_time) / 1e9,
        spent(counted, r.with_inner(r.own_flops)),
        spent(counted, r.with_inner(r.own_bytes)),
    )
    rows = zip(names, *(column.tolist() for column in columns), strict=True)
    return [Row(name, shapes, *numbers) for (name, _, shapes), *numbers in rows if numbers[0] or numbers[1]]


def by_module(r: Recording) -> list[Row]:
    """Sum up events by the module they were in, or whose recorded operations they differentiate."""
    count = len(r.modules)
    spent = _sums(r.module, count)
    parents = np.array([place.parent for place in r.modules], np.int64)

    def with_parts(own: Ints) -> Ints:
        total = own.copy()
        for i in range(count - 1, 0, -1):  # a part comes after what it is a part of
            if parents[i] > 0:
                total[parents[i]] += total[i]
        return total

    inside = r.works | (r.module > 0)  # Python's time outside of modules belongs to nobody
    self_time = spent(inside, r.self_time)
    columns = (
        spent((r.kind == MODULE) & ~r.backward, np.ones_like(r.module)),
        spent((r.kind == MODULE) & r.backward, np.ones_like(r.module)),
        with_parts(spent(inside & ~r.backward, r.self_time)) / 1e9,
        with_parts(spent(inside & r.backward, r.self_time)) / 1e9,
        self_time / 1e9,
        with_parts(spent(r.works, r.own_flops)),
        with_parts(spent(r.works, r.own_bytes)),
    )
    rows = zip(r.modules, *(column.tolist() for column in columns), strict=True)
    return [Row(str(place), (), *numbers) for place, *numbers in rows if any(numbers)]


def notes(r: Recording, peak: int | None) -> list[str]:
    """What a table says below its rows."""
    here = (r.thread == r.main) & r.works
    around = r.outermost(np.where(r.works, 0, np.arange(len(r)) + 1)) & here
    idle = max(0, r.duration - int(r.time[around].sum()))
    share = 100 * idle / max(1, r.duration)
    lines = [
        f"{_time(r.duration / 1e9)} in all, {_time(idle / 1e9)} ({share:.1f} %) of it outside of operations: "
        "Python and idle"
    ]
    if peak is not None:
        lines.append(f"at most {_size(peak)} in use by tensors")
    if r.missed:
        lines.append(f"only the first {len(r):,} events were recorded; {r.missed:,} more are missing above")
    return lines


def _sums(key: Ints, count: int) -> Callable[..., Any]:
    def sums(chosen: Any, value: Any) -> Any:
        total = np.zeros(count, np.int64)
        np.add.at(total, key[chosen], value[chosen])
        return total

    return sums


def _time(seconds: float) -> str:
    if seconds <= 0:
        return ""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3f} us"
    return f"{seconds * 1e3:.3f} ms" if seconds < 1 else f"{seconds:.3f} s"


def _number(value: float) -> str:
    return "" if value == 0 else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _size(size: float) -> str:
    if size == 0:
        return ""
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.4g} {unit}"
        size /= 1000
    return f"{size:.4g} GB"
