"""`ParameterList` and `ParameterDict`: parameters by position or name that count as the owner's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, KeysView, Mapping
from operator import index as as_index
from typing import Any, TypeVar, overload

from tinygrad_ext._core import Tensor
from tinygrad_ext.nn.module import Module
from tinygrad_ext.nn.parameter import Parameter

List = TypeVar("List", bound="ParameterList")


def _described(name: object, value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"  ({name}): Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    size = "x".join(map(str, value.shape))
    return f"  ({name}): {kind} containing: [{value.dtype} of size {size}]"


def _kept(value: Any) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


class ParameterList(Module):
    """A list of parameters; tensors become parameters, other objects are kept as they are.

    Parameters
    ----------
    values : iterable, optional
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        self.extend(() if values is None else values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(place)) for place in range(self._size))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self: List, index: slice) -> List: ...
    def __getitem__(self, index: int | slice) -> Any:
        """Return the entry at a position, or a list over those of a slice."""
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name(index), _kept(value))

    def append(self: List, value: Any) -> List:
        """Add an entry at the end; returns the list."""
        setattr(self, str(self._size), _kept(value))
        self._size += 1
        return self

    def extend(self: List, values: Iterable[Any]) -> List:
        """Add entries at the end; returns the list."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(f"ParameterList.extend: expected an iterable, got {type(values).__name__}")
        for value in values:
            self.append(value)
        return self

    def __iadd__(self: List, values: Iterable[Any]) -> List:
        return self.extend(values)

    def _name(self, index: int) -> str:
        place = as_index(index)
        if not -self._size <= place < self._size:
            raise IndexError(f"ParameterList of {self._size}: index {index} is out of range")
        return str(place % self._size)

    def extra_repr(self) -> str:
        return "\n".join(_described(place, value) for place, value in enumerate(self))


class ParameterDict(Module):
    """A dict of parameters; tensors become parameters, other objects are kept as they are.

    Parameters
    ----------
    parameters : mapping from name to value, or iterable of pairs, optional
    """

    def __init__(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        self.update(parameters or {})

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self._keys and hasattr(self, key):
            raise KeyError(f"ParameterDict already has an attribute {key!r}")
        setattr(self, key, _kept(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the entry of a name, or `default` without one."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the entry of a name, which is `default` from now on if there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take an entry out; returns it."""
        value = self[key]
        del self[key]
        return value

    def clear(self) -> None:
        """Take all entries out."""
        for key in list(self):
            del self[key]

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add entries, over those of the same name; a plain dict in the order of its names, as in PyTorch."""
        if isinstance(parameters, ParameterDict):
            pairs: Iterable[tuple[str, Any]] = parameters.items()
        elif type(parameters) is dict:
            pairs = sorted(parameters.items(), key=lambda item: item[0])
        else:
            pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
        for key, value in pairs:
            self[key] = value

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._keys.keys()

    def values(self) -> Iterator[Any]:
        """The entries."""
        return (self[key] for key in self._keys)

    def items(self) -> Iterator[tuple[str, Any]]:
        """The names with their entries."""
        return ((key, self[key]) for key in self._keys)

    def extra_repr(self) -> str:
        return "\n".join(_described(key, value) for key, value in self.items())
