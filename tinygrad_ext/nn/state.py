"""Loading a state dict into a module: all of it or nothing. It walks registries and knows no layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tinygrad_ext._core import Tensor
from tinygrad_ext.autograd.grad_mode import no_grad
from tinygrad_ext.nn.parameter import Parameter


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` found missing and left unused."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Entry(NamedTuple):
    """One line of a state dict: its full name, and where it lives."""

    name: str
    module: Any
    attribute: str
    value: Tensor


def entries(module: Any, prefix: str = "") -> Iterator[Entry]:
    """Iterate over the parameters and persistent buffers of a module, then of those below."""
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield Entry(prefix + name, module, name, parameter)
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._transient_buffers:
            yield Entry(prefix + name, module, name, buffer)
    for name, child in module._modules.items():
        if child is not None:
            yield from entries(child, f"{prefix}{name}.")


def load(module: Any, state_dict: Mapping[str, Tensor], strict: bool, assign: bool) -> IncompatibleKeys:
    """What `Module.load_state_dict` does."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"load_state_dict: expected a mapping, got {type(state_dict).__name__}")
    own = list(entries(module))
    names = {entry.name for entry in own}
    missing = [entry.name for entry in own if entry.name not in state_dict]
    unexpected = [name for name in state_dict if name not in names]
    errors = []
    if strict and missing:
        errors.append("missing: " + ", ".join(missing))
    if strict and unexpected:
        errors.append("unexpected: " + ", ".join(map(str, unexpected)))
    for name, _, _, target in own:
        value = state_dict.get(name)
        if name in state_dict and not isinstance(value, Tensor):
            errors.append(f"{name}: expected a Tensor, got {type(value).__name__}")
        elif value is not None and value.shape != target.shape:
            errors.append(f"{name}: expected shape {tuple(target.shape)}, got {tuple(value.shape)}")
    if errors:
        raise RuntimeError(f"load_state_dict into {type(module).__name__}:\n  " + "\n  ".join(errors))
    with no_grad():
        for name, owner, attribute, target in own:
            if name not in state_dict:
                continue
            value = state_dict[name]
            if not assign:
                target.copy_(value)
            elif isinstance(target, Parameter) and not isinstance(value, Parameter):
                setattr(owner, attribute, Parameter(value, target.requires_grad))
            else:
                setattr(owner, attribute, value)
    return IncompatibleKeys(missing, unexpected)
