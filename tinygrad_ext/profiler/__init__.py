"""Where the time goes: operations, modules, forward and backward, as a table and as a trace."""

from tinygrad_ext.profiler.averages import Averages, Row
from tinygrad_ext.profiler.events import Event
from tinygrad_ext.profiler.labels import record_function
from tinygrad_ext.profiler.session import profile

__all__ = ["Averages", "Event", "Row", "profile", "record_function"]
