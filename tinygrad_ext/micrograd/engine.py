"""`Value`: a number that records what is done with it. It is written in C++ (csrc/micrograd)."""

from __future__ import annotations

from typing import Any

from tinygrad_ext._core import Value

__all__ = ["Value"]


def _restored(
    cls: type[Value], data: float, grad: float, label: str, attributes: dict[str, Any] | None
) -> Value:
    """A leaf from its parts; a subclass's own ``__init__`` is not run again."""
    value = cls.__new__(cls)
    Value.__init__(value, data, label=label)
    value.grad = grad
    if attributes:
        value.__dict__.update(attributes)
    return value


def _reduce(self: Value) -> tuple[Any, ...]:
    """Copying and pickling, of leaves: parameters and inputs, with their gradients."""
    if self._children:
        raise TypeError(
            f"Value: only leaves can be copied or pickled, this one was made by {self._op!r}; "
            "Value(v.data) is a leaf of the same number"
        )
    return _restored, (type(self), *self._state())


setattr(Value, "__reduce__", _reduce)  # noqa: B010 - the type is C++'s, mypy would take it for a mistake
