"""`record_function`: a name for a part of a program, in tables and traces."""

from __future__ import annotations

from contextlib import ContextDecorator

from tinygrad_ext._core import _ProfileLabel, _profiling


class record_function(ContextDecorator):
    """A block, or the calls of a function, under a name of their own.

    Costs next to nothing while no profile is taken.

    Parameters
    ----------
    name : str
        As it stands in the table and in the trace.
    args : str, optional
        Not used; PyTorch has it.

    Examples
    --------
    >>> with tg.profile() as p, tg.profiler.record_function("square"):
    ...     y = tg.ones(3) ** 2
    >>> [row.calls for row in p.key_averages() if row.name == "square"]
    [1]
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        if not isinstance(name, str):
            raise TypeError(f"record_function: the name must be a str, got {type(name).__name__}")
        self.name = name
        self.args = args
        self._label: _ProfileLabel | None = None

    def _recreate_cm(self) -> record_function:
        # A function that calls itself has several labels open at once.
        return type(self)(self.name, self.args)

    def __enter__(self) -> record_function:
        self._label = _ProfileLabel(self.name) if _profiling() else None
        return self

    def __exit__(self, *error: object) -> None:
        self._label = None  # which ends it
