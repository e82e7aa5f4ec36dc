"""Modules made of modules: `Sequential` runs them in turn, `ModuleList` and `ModuleDict` only hold them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import groupby
from typing import Any, TypeVar, overload

from tinygrad_ext import _core
from tinygrad_ext._core import linear_relu
from tinygrad_ext.nn.activation import ReLU
from tinygrad_ext.nn.linear import Linear
from tinygrad_ext.nn.module import Module

Self = TypeVar("Self", bound="_Numbered")


def _plain(module: Module) -> bool:
    """Whether nobody looks on at the module's call, so that it may be done together with its neighbour's."""
    return not module._hooked and "forward" not in module.__dict__


class _Numbered(Module):
    """What both containers share: sub-modules in order, addressed by position."""

    _modules: dict[str, Module]  # type: ignore[assignment]  # no None here

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self: Self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Any:
        """Return the module at a position, or a container of the same kind over the modules of a slice."""
        if isinstance(index, slice):
            part = type(self)()
            for name in list(self._modules)[index]:
                part.register_module(name, self._modules[name])
            return part._renumber()
        return self._modules[self._name(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name(index)]
        for name in names:
            delattr(self, name)
        self._renumber()

    def append(self: Self, module: Module) -> Self:
        """Add a module at the end; returns the container."""
        self.register_module(str(len(self)), module)
        return self

    def extend(self: Self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; returns the container."""
        for module in modules:
            self.append(module)
        return self

    def __iadd__(self: Self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self: Self, modules: Iterable[Module]) -> Self:
        """Return a new container of these modules and, after them, the others."""
        return type(self)().extend(self).extend(modules)

    def pop(self, index: int) -> Module:
        """Take the module at a position out; returns it."""
        module = self[index]
        del self[index]
        return module

    def insert(self, index: int, module: Module) -> None:
        """Add a module before a position, counted as by `list.insert`."""
        self.append(module)  # checks the module before anything moves
        modules = list(self._modules.items())
        modules.insert(index, modules.pop())
        self._replace(modules)

    def _name(self, index: int) -> str:
        names = list(self._modules)
        if not -len(names) <= index < len(names):
            raise IndexError(f"{type(self).__name__} of {len(names)} modules: index {index} is out of range")
        return names[index]

    def _renumber(self: Self) -> Self:
        self._replace(list(self._modules.items()))
        return self

    def _replace(self, modules: list[tuple[str, Module]]) -> None:
        for name, _ in modules:
            delattr(self, name)
        for position, (name, module) in enumerate(modules):
            # Names given by the user (Sequential of a dict) stay, numbers follow the position.
            self.register_module(str(position) if name.isdecimal() else name, module)


class Sequential(_Numbered):
    """Runs modules one after the other, each on the result of the one before.

    A `Linear` followed by a `ReLU` runs with it as one operation, `linear_relu`, unless they have hooks.

    Parameters
    ----------
    *modules : Module, or one mapping from name to Module
        The modules in order; without names they are called "0", "1", ...

    Examples
    --------
    >>> model = tg.nn.Sequential(tg.nn.Linear(2, 16), tg.nn.ReLU(), tg.nn.Linear(16, 1))
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = list(modules[0].items())
        else:
            named = [(str(position), module) for position, module in enumerate(modules)]  # type: ignore[misc]
        for name, module in named:
            self.register_module(name, module)

    def forward(self, input: Any) -> Any:
        linear: Linear | None = None  # waits for the next module, which may be a ReLU
        for module in self._modules.values():
            if linear is not None:
                if type(module) is ReLU and not _core._watched and _plain(module) and _plain(linear):
                    input, linear = linear_relu(input, linear.weight, linear.bias), None
                    continue
                input, linear = linear(input), None
            if type(module) is Linear:
                linear = module
            else:
                input = module(input)
        return input if linear is None else linear(input)


class ModuleList(_Numbered):
    """A list of modules whose parameters count as the owner's; it has no forward of its own.

    Parameters
    ----------
    modules : iterable of Module, optional
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def __repr__(self) -> str:
        """Equal modules in a row are shown once, with their number."""
        lines = []
        for text, group in groupby(enumerate(map(repr, self)), key=lambda item: item[1]):
            places = [place for place, _ in group]
            first, last = places[0], places[-1]
            lines.append(
                f"({first}): {text}" if first == last else f"({first}-{last}): {len(places)} x {text}"
            )
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)" if lines else f"{type(self).__name__}()"


class ModuleDict(Module):
    """A dict of modules whose parameters count as the owner's; it has no forward of its own.

    Parameters
    ----------
    modules : mapping from name to Module, or iterable of pairs, optional
    """

    _modules: dict[str, Module]  # type: ignore[assignment]  # no None here

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.register_module(key, module)

    def __delitem__(self, key: str) -> None:
        if key not in self._modules:
            raise KeyError(key)
        delattr(self, key)

    def pop(self, key: str) -> Module:
        """Take a module out; returns it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take all modules out."""
        for key in list(self):
            del self[key]

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules in their order, over those of the same name."""
        for key, module in modules.items() if isinstance(modules, Mapping | ModuleDict) else modules:
            self[key] = module

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return self._modules.values()

    def items(self) -> ItemsView[str, Module]:
        """The names with their modules."""
        return self._modules.items()
